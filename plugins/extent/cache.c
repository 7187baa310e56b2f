// SPDX-License-Identifier: GPL-2.0
/*
 * Cache: nodes that this opening of the pool has written.
 *
 * The next commits change what the last ones have changed: the root and what is
 * below it each time. As it was written a node stays in DRAM, where nobody but
 * us can change it, and so need not be read and verified again; where its
 * parent has it is looked at as ever.
 *
 * A node is found here by place, birth and seal. A place is written once in a
 * batch, and what is written there later has another birth: so nothing has to
 * be taken out when a place is freed and used again. A node that is not here,
 * or not any more, is read.
 *
 * Entries change when a batch is durable, while lookups are excluded. Lookups
 * and who builds a batch read them.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "extent.h"

/* A node for each MiB of the pool, within bounds: up to 4 MiB of DRAM. */
#define NODE_PAGES	256u
#define LEAST_NODES	64u
#define MOST_NODES	4096u

/* Memory for the nodes themselves comes when they are written. */
int kmemp_ext_cache_init(struct extent *extent)
{
	u64 nodes = kmemp_pool_pages(extent->pool) / NODE_PAGES;
	u32 nr = LEAST_NODES;

	while (nr < MOST_NODES && nr < nodes)
		nr *= 2;
	extent->cached = kvcalloc(nr, sizeof(*extent->cached), GFP_KERNEL);
	if (!extent->cached)
		return -ENOMEM;
	extent->nr_cached = nr;
	return 0;
}

void kmemp_ext_cache_destroy(struct extent *extent)
{
	u32 i;

	for (i = 0; i < extent->nr_cached; i++)
		kfree(extent->cached[i].node);
	kvfree(extent->cached);
}

static struct kmemp_ext_cached *entry_of(const struct extent *extent, u64 block)
{
	u64 hash = block * 0x9e3779b97f4a7c15ULL >> 40;

	return &extent->cached[hash & (extent->nr_cached - 1)];
}

/* The node, if it is here. */
const struct kmemp_ext_cached *
kmemp_ext_cache_find(const struct extent *extent,
		     const struct kmemp_ext_ref *ref, u32 level)
{
	const struct kmemp_ext_cached *cached;

	cached = entry_of(extent, ref->block);
	if (!cached->birth || cached->block != ref->block ||
	    cached->birth != ref->birth || cached->seal != ref->seal ||
	    cached->level != level)
		return NULL;
	return cached;
}

/*
 * Have a node at hand, where nothing can be torn: *@node, which stays as it is
 * until the next commit ends or lookups are admitted again; @room is for one
 * that is read.
 */
int kmemp_ext_node_get(const struct extent *extent,
		       const struct kmemp_ext_ref *ref, u32 level,
		       const struct kmemp_ext_bounds *bounds, u8 *room,
		       const u8 **node)
{
	const struct kmemp_ext_cached *cached;

	cached = kmemp_ext_cache_find(extent, ref, level);
	*node = cached ? cached->node : room;
	if (!cached)
		return kmemp_ext_node_read(extent, ref, level, bounds, room);
	return kmemp_ext_bounds_check(extent, ref->block, &cached->first,
				      &cached->last, bounds);
}

/*
 * A node was written, and is durable: in exchange for the bytes of another one.
 * Context: with the commit right, lookups excluded.
 */
void kmemp_ext_cache_keep(struct extent *extent, struct kmemp_ext_dirty *dirty)
{
	struct kmemp_ext_cached *cached;

	cached = entry_of(extent, dirty->ref.block);
	cached->block = dirty->ref.block;
	cached->birth = dirty->ref.birth;
	cached->seal = dirty->ref.seal;
	cached->level = dirty->level;
	if (dirty->level) {
		cached->first = dirty->link[0].key;
		cached->last = dirty->link[dirty->nr - 1].key;
	} else {
		struct kmemp_ext_item item;

		kmemp_ext_item_at(dirty->raw, 0, &item);
		cached->first = item.key;
		cached->last = dirty->last;
	}
	swap(cached->node, dirty->raw);
}
