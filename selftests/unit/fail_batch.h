/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches of every kind of change, over a pool that has something to change.
 */
#ifndef KMEMP_TEST_FAIL_BATCH_H
#define KMEMP_TEST_FAIL_BATCH_H

#include "pool_util.h"

#define FAIL_ID		4096u
/* Extents of FAIL_ID + 1: each by itself, at offsets up to 7 times as many. */
#define FAIL_SINGLES	45u

/* A batch that is built, and the data pages that it maps. */
struct fail_batch {
	struct test_pool *t;
	struct kmemp_batch *batch;
	u64 page[256], count[256];
	unsigned int nr;
	int ret;
};

/*
 * Build a batch and commit or queue it; on error its pages are nobody's, unless
 * nobody knows.
 */
int fail_batch(struct test_pool *t, void (*build)(struct fail_batch *w),
	       int (*end)(struct kmemp_batch *batch));

void fail_build_new(struct fail_batch *w);
void fail_build_replace(struct fail_batch *w);
void fail_build_split(struct fail_batch *w);
void fail_build_delete(struct fail_batch *w);
void fail_build_remove(struct fail_batch *w);
void fail_build_mix(struct fail_batch *w);
void fail_build_many(struct fail_batch *w);
void fail_build_churn(struct fail_batch *w);

/* Something of every kind into a new pool. */
void fail_fill(struct test_pool *t);

#endif
