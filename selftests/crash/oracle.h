/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sample of the states is read by selftests/docs/reader too, which shares no
 * code with the product: as the crash left them, and when they were recovered.
 */
#ifndef KMEMP_TEST_CRASH_ORACLE_H
#define KMEMP_TEST_CRASH_ORACLE_H

#include "pool_util.h"

/* How many were read since the beginning. */
extern u64 oracle_read;

/* @pace: images between two that are read, at first; later more. 0: none is. */
void oracle_begin(u64 pace);
/* The next sample is due by the number of images; @record is kept for it. */
void oracle_keep(const struct record *record, u64 images);
/* The same, recovered: false where a reader finds something else than @t has. */
bool oracle_agrees(struct test_pool *t);

#endif
