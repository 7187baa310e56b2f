/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where an address of this program is in its source.
 */
#ifndef KMEMP_TEST_CRASH_PLACE_H
#define KMEMP_TEST_CRASH_PLACE_H

#include <linux/types.h>

struct place {
	char function[64];
	char line[96];		/* file:line */
};

/* Of the call that returns to @pc; the program is not position independent. */
void place_of(u64 pc, struct place *place);

#endif
