/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes a recorded medium fail when it is told to.
 */
#ifndef KMEMP_TEST_MEDIA_FAIL_H
#define KMEMP_TEST_MEDIA_FAIL_H

#include "media_record.h"

/*
 * @read: 1: the next read finds its page poisoned, which it stays; 2: the one
 * after it; and so on, 0: none. Of the reads by one way through the source only
 * the first @most count.
 * @fence: likewise the fence at which the medium fails.
 * @fence_at: events when the last one before that ended.
 */
extern struct media_fail {
	unsigned long read, fence;
	unsigned int most;
	u64 fence_at;
} media_fail;

void media_fail_hook(struct record *record);
/* Begin to count. */
void media_fail_arm(unsigned long read, unsigned long fence);
/* Poison is gone; the medium is a new one. */
void media_fail_heal(struct record *record);

#endif
