/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core's batch files share: batch.c (building), net.c (what it takes
 * and frees), commit.c, wait.c (pages), lookup.c.
 */
#ifndef KMEMP_CORE_CORE_H
#define KMEMP_CORE_CORE_H

#include <kmem_persist/pool.h>

/**
 * struct kmemp_draft - a batch while it is built
 * @batch: what the format will see
 * @room: changes there is memory for
 * @mapped: pages of all KMEMP_MAP changes
 */
struct kmemp_draft {
	struct kmemp_batch batch;
	u32 room;
	u64 mapped;
};

int kmemp_net_compute(struct kmemp_batch *batch);

int kmemp_wait_prepare(struct kmemp_pool *pool,
		       const struct kmemp_batch *batch);
void kmemp_wait_destroy(struct kmemp_wait *wait);
void kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
		    const struct kmemp_run *run, bool meta);
void kmemp_wait_settle(struct kmemp_pool *pool);

void kmemp_pool_finish(struct kmemp_pool *pool);

int kmemp_find_extent(struct kmemp_pool *pool, u64 object, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent);

#endif /* KMEMP_CORE_CORE_H */
