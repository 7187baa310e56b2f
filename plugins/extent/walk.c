// SPDX-License-Identifier: GPL-2.0
/*
 * Walks: all of a tree, or what of it is not older than a batch.
 *
 * A walk ends, whatever the tree is: its levels are numbered downwards, and
 * there are no more blocks than the root says, nor than the pool has.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "extent.h"

static int count(struct kmemp_ext_walk *walk, const struct kmemp_ext_ref *ref)
{
	if (++walk->nr_blocks > walk->root->nr_blocks)
		return kmemp_ext_damaged(walk->extent, "number of blocks",
					 ref->block, walk->root->nr_blocks);
	return 0;
}

static int walk_value(struct kmemp_ext_walk *walk,
		      const struct kmemp_ext_ref *ref, u32 len)
{
	struct extent *extent = walk->extent;
	u8 value[KMEMP_MAX_VALUE];
	int ret;

	ret = count(walk, ref);
	if (ret)
		return ret;
	if (walk->values && walk->since)
		ret = kmemp_ext_value_load(extent, ref, len, value);
	else if (walk->values)
		ret = kmemp_ext_value_read(extent, ref, len, value);
	if (!ret || walk->on)
		ret = walk->value(walk, ref, len);
	return ret;
}

static int walk_leaf(struct kmemp_ext_walk *walk, const void *leaf)
{
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	struct kmemp_ext_ref ref;
	int ret = 0;
	u32 len;

	if (!walk->value)
		return 0;
	kmemp_ext_iter_init(&iter, leaf);
	while (!ret && kmemp_ext_iter_next(&iter, &item))
		if (kmemp_ext_value_get(&item, &ref, &len) &&
		    ref.birth >= walk->since)
			ret = walk_value(walk, &ref, len);
	return ret;
}

static int walk_node(struct kmemp_ext_walk *walk,
		     const struct kmemp_ext_ref *ref, u32 level,
		     const struct kmemp_ext_bounds *bounds);

static int walk_inner(struct kmemp_ext_walk *walk, const void *node, u32 level,
		      const struct kmemp_ext_bounds *bounds)
{
	u32 i, nr = kmemp_ext_node_nr(node);
	struct kmemp_ext_link link, next;
	int ret;

	for (i = 0; i < nr; i++) {
		struct kmemp_ext_bounds inner = {
			.first = &link.key,
			.end = bounds->end,
		};

		kmemp_ext_link_get(node, i, &link);
		if (i + 1 < nr) {
			kmemp_ext_link_get(node, i + 1, &next);
			inner.end = &next.key;
		}
		if (link.ref.birth < walk->since)
			continue;
		ret = walk_node(walk, &link.ref, level - 1, &inner);
		if (ret)
			return ret;
	}
	return 0;
}

/* Down at most KMEMP_EXTENT_DEPTH nodes. */
static int walk_node(struct kmemp_ext_walk *walk,
		     const struct kmemp_ext_ref *ref, u32 level,
		     const struct kmemp_ext_bounds *bounds)
{
	u8 *node = walk->buffers + level * KMEMP_EXTENT_BLOCK;
	int ret;

	ret = count(walk, ref);
	if (ret)
		return ret;
	/* What is not older than the newest batch may be torn. */
	if (walk->since)
		ret = kmemp_ext_node_load(walk->extent, ref, level, bounds,
					  node);
	else
		ret = kmemp_ext_node_read(walk->extent, ref, level, bounds,
					  node);
	if (ret)
		return walk->on ? 0 : ret;
	if (walk->node)
		ret = walk->node(walk, ref, level, node);
	if (ret)
		return ret;
	return level ? walk_inner(walk, node, level, bounds) :
		       walk_leaf(walk, node);
}

/* See struct kmemp_ext_walk. */
int kmemp_ext_walk(struct kmemp_ext_walk *walk)
{
	static const struct kmemp_ext_bounds any;
	const struct kmemp_ext_root *root = walk->root;
	int ret;

	walk->nr_blocks = 0;
	if (!root->depth || root->ref.birth < walk->since)
		return 0;
	walk->buffers = kmalloc_array(root->depth, KMEMP_EXTENT_BLOCK,
				      GFP_NOIO);
	if (!walk->buffers)
		return -ENOMEM;
	ret = walk_node(walk, &root->ref, root->depth - 1, &any);
	kfree(walk->buffers);
	return ret;
}

/**
 * struct used - going through used pages
 * @walk: the walk
 * @fn: who is told, or NULL
 * @arg: for @fn
 * @derive: note blocks
 */
struct used {
	struct kmemp_ext_walk walk;
	kmemp_used_fn fn;
	void *arg;
	bool derive;
};

static int use_block(struct used *used, u64 block)
{
	struct extent *extent = used->walk.extent;
	int ret = 0;

	if (used->derive)
		ret = kmemp_ext_space_note(&extent->space, block);
	if (ret == -EUCLEAN)
		return kmemp_ext_damaged(extent, "block with two owners",
					 block, block);
	if (!ret && used->fn)
		ret = used->fn(used->arg, kmemp_ext_block_page(block), 1,
			       KMEMP_USE_META);
	return ret;
}

static int use_node(struct kmemp_ext_walk *walk,
		    const struct kmemp_ext_ref *ref, u32 level,
		    const void *node)
{
	struct used *used = container_of(walk, struct used, walk);
	struct kmemp_extent found;
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	int ret;

	ret = use_block(used, ref->block);
	if (ret || level || !used->fn)
		return ret;
	kmemp_ext_iter_init(&iter, node);
	while (!ret && kmemp_ext_iter_next(&iter, &item)) {
		if (item.key.kind)
			continue;
		kmemp_ext_extent_decode(&item, &found);
		ret = used->fn(used->arg, found.page, found.count,
			       KMEMP_USE_DATA);
	}
	return ret;
}

static int use_value(struct kmemp_ext_walk *walk,
		     const struct kmemp_ext_ref *ref, u32 len)
{
	return use_block(container_of(walk, struct used, walk), ref->block);
}

static int walk_used(struct extent *extent, kmemp_used_fn fn, void *arg)
{
	struct used used = {
		.walk = {
			.extent = extent,
			.root = &extent->root,
			.node = use_node,
			.value = use_value,
		},
		.fn = fn,
		.arg = arg,
		/* Who only reads writes no block. */
		.derive = !extent->space.known &&
			  !kmemp_pool_readonly(extent->pool),
	};
	int ret;

	ret = kmemp_ext_walk(&used.walk);
	if (!ret && used.walk.nr_blocks != extent->root.nr_blocks)
		ret = kmemp_ext_damaged(extent, "number of blocks", 0,
					extent->root.nr_blocks);
	if (used.derive) {
		if (ret)
			kmemp_ext_space_forget(&extent->space);
		else
			kmemp_ext_space_derive(&extent->space);
	}
	return ret;
}

/* See struct kmemp_format_ops. What is free is learned on the way. */
int kmemp_ext_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg)
{
	return walk_used(kmemp_pool_private(pool), fn, arg);
}

/* Learn what is free, before the first commit at the latest. */
int kmemp_ext_walk_space(struct extent *extent)
{
	return extent->space.known ? 0 : walk_used(extent, NULL, NULL);
}
