/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which open lines are under which seal, learnt from a recovery: bytes that it
 * read from the medium and then folded into a CRC are under one seal, as long as
 * one call goes on where the other ended.
 */
#ifndef KMEMP_TEST_CRASH_SEALS_H
#define KMEMP_TEST_CRASH_SEALS_H

#include "window.h"

/* From here on; the lines of @window that are read and sealed are marked. */
void seals_learn(struct record *record, struct window *window);
void seals_learnt(void);

#endif
