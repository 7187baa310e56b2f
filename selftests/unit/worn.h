/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools near the last sequence: none gets there in its life, an image can say so.
 */
#ifndef KMEMP_TEST_WORN_H
#define KMEMP_TEST_WORN_H

#include <kmem_persist/plugin.h>

#include "media_record.h"

/* The ring names the sequence behind it, so the highest number is none. */
#define WORN_LAST	(KMEMP_MAX_SEQUENCE - 1)

/* Is it known what a root of this format says of sequences? */
bool worn_knows(u32 type);
/* An empty pool whose newest batch is said to be this one. */
void worn_make(struct record *record, u32 type, u64 sequence);

#endif
