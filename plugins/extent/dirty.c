// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty nodes: what a batch changes, in DRAM until it is written as a whole.
 *
 * The first change below a node copies it; the block that it came from is freed
 * by the batch. Memory for them is kept from one batch to the next; the cache
 * takes the bytes of some.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "extent.h"

int kmemp_ext_blocks_add(struct kmemp_ext_blocks *blocks, u64 block)
{
	if (blocks->nr == blocks->room) {
		u32 room = blocks->room ? 2 * blocks->room : 64;
		u64 *new = kvmalloc_array(room, sizeof(*new), GFP_NOIO);

		if (!new)
			return -ENOMEM;
		if (blocks->nr)
			memcpy(new, blocks->block, blocks->nr * sizeof(*new));
		kvfree(blocks->block);
		blocks->block = new;
		blocks->room = room;
	}
	blocks->block[blocks->nr++] = block;
	return 0;
}

/* One more that is not in use, unless there is one. */
static int have_idle(struct extent *extent)
{
	struct kmemp_ext_dirty *dirty;

	if (list_empty(&extent->idle)) {
		dirty = kmalloc(sizeof(*dirty), GFP_NOIO);
		if (!dirty)
			return -ENOMEM;
		dirty->raw = NULL;
		list_add(&dirty->list, &extent->idle);
		extent->nr_idle++;
	}
	dirty = list_first_entry(&extent->idle, struct kmemp_ext_dirty, list);
	if (!dirty->raw)
		dirty->raw = kmalloc(KMEMP_EXTENT_BLOCK, GFP_NOIO);
	return dirty->raw ? 0 : -ENOMEM;
}

/* A node without contents. */
int kmemp_ext_dirty_get(struct extent *extent, u32 level,
			struct kmemp_ext_dirty **dirty)
{
	int ret = have_idle(extent);

	if (ret)
		return ret;
	*dirty = list_first_entry(&extent->idle, struct kmemp_ext_dirty, list);
	list_del(&(*dirty)->list);
	extent->nr_idle--;
	(*dirty)->level = level;
	(*dirty)->nr = 0;
	(*dirty)->moved = true;
	list_add(&(*dirty)->list, &extent->build.used);
	extent->build.nr_dirty++;
	return 0;
}

/* A node that will not be written, or was. */
void kmemp_ext_dirty_put(struct extent *extent, struct kmemp_ext_dirty *dirty)
{
	list_del(&dirty->list);
	list_add(&dirty->list, &extent->idle);
	extent->nr_idle++;
	extent->build.nr_dirty--;
}

/* Links or leaf of a node that is at hand. */
static void fill(const struct extent *extent, struct kmemp_ext_dirty *dirty,
		 const struct kmemp_ext_ref *from, const void *node)
{
	const struct kmemp_ext_cached *cached;
	struct kmemp_ext_key first;

	memcpy(dirty->raw, node, kmemp_ext_node_bytes(node));
	if (!dirty->level) {
		cached = kmemp_ext_cache_find(extent, from, 0);
		if (cached)
			dirty->last = cached->last;
		else
			kmemp_ext_key_range(node, 0, &first, &dirty->last);
		return;
	}
	dirty->nr = kmemp_ext_node_nr(node);
	dirty->moved = false;
	kmemp_ext_links_get(node, dirty->nr, dirty->link);
}

/* Make every node of a path dirty; the tree is not empty. */
int kmemp_ext_dirty_path(struct extent *extent, struct kmemp_ext_path *path)
{
	static const struct kmemp_ext_bounds any;
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_ref *ref = &build->root.ref;
	const u8 *node;
	u32 level;
	int ret;

	for (level = path->depth - 1;; level--) {
		struct kmemp_ext_step *step = &path->step[level];

		if (!ref->dirty) {
			struct kmemp_ext_dirty *dirty;

			/* The leaf is there; what was read above was read over. */
			node = level ? step->node : path->leaf;
			if (!node) {
				ret = kmemp_ext_node_get(extent, ref, level,
							 &any,
							 build->scratch[0],
							 &node);
				if (ret)
					return ret;
			}
			ret = kmemp_ext_blocks_add(&build->freed, ref->block);
			if (!ret)
				ret = kmemp_ext_dirty_get(extent, level,
							  &dirty);
			if (ret)
				return ret;
			fill(extent, dirty, ref, node);
			ref->dirty = dirty;
		}
		step->ref = *ref;
		if (!level)
			break;
		ref = &ref->dirty->link[step->index].ref;
	}
	path->leaf = path->step[0].ref.dirty->raw;
	return 0;
}

/* Put all of them. */
void kmemp_ext_dirty_drop(struct extent *extent)
{
	struct list_head *used = &extent->build.used;

	while (!list_empty(used))
		kmemp_ext_dirty_put(extent,
				    list_first_entry(used,
						     struct kmemp_ext_dirty,
						     list));
}

/* Free nodes that are not in use, but for @nr. */
void kmemp_ext_dirty_trim(struct extent *extent, u32 nr)
{
	while (extent->nr_idle > nr) {
		struct kmemp_ext_dirty *dirty;

		dirty = list_first_entry(&extent->idle,
					 struct kmemp_ext_dirty, list);
		list_del(&dirty->list);
		extent->nr_idle--;
		kfree(dirty->raw);
		kfree(dirty);
	}
}
