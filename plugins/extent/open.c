// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery: which of the two roots counts.
 *
 * Of the newest tree only what its own batch wrote can be torn. Is it whole, the
 * tree counts; else the one before, which was durable when that batch began.
 * What is kept is made durable, since it may have been read from the cache
 * alone; what is dropped is overwritten. All that before anything else is
 * stored.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "extent.h"

static int root_damaged(const struct extent *extent, u64 found)
{
	return kmemp_complain(extent->pool, KMEMP_REFUSE_STRUCTURE,
			      "root slot of batch %llu: found %#llx",
			      extent->slot.sequence, found);
}

/* The tree that a root slot names. */
static int decode(struct extent *extent)
{
	const struct kmemp_extent_root *disk = (void *)extent->slot.payload;
	struct kmemp_ext_root *root = &extent->root;
	u64 blocks = kmemp_pool_pages(extent->pool) * KMEMP_EXTENT_BLOCKS;

	memset(root, 0, sizeof(*root));
	root->ref.block = le64_to_cpu(disk->block);
	root->ref.birth = le64_to_cpu(disk->birth);
	root->ref.seal = le32_to_cpu(disk->seal);
	root->depth = le16_to_cpu(disk->depth);
	root->nr_blocks = le64_to_cpu(disk->nr_blocks);
	root->nr_extents = le64_to_cpu(disk->nr_extents);
	root->nr_records = le64_to_cpu(disk->nr_records);
	root->data_pages = le64_to_cpu(disk->data_pages);
	if (extent->slot.epoch > kmemp_pool_epoch(extent->pool))
		return root_damaged(extent, extent->slot.epoch);
	if (disk->reserved0 ||
	    memchr_inv(disk->reserved, 0, sizeof(disk->reserved)) ||
	    root->depth > KMEMP_EXTENT_DEPTH || root->nr_blocks > blocks)
		return root_damaged(extent, root->depth);
	if (!root->depth) {
		if (root->ref.block || root->ref.birth || root->ref.seal ||
		    root->nr_blocks || root->nr_extents || root->nr_records ||
		    root->data_pages)
			return root_damaged(extent, root->ref.block);
		return 0;
	}
	if (!kmemp_ext_block_valid(extent, root->ref.block) ||
	    !root->ref.birth || root->ref.birth > extent->slot.sequence)
		return root_damaged(extent, root->ref.block);
	return 0;
}

static int pass_value(struct kmemp_ext_walk *walk,
		      const struct kmemp_ext_ref *ref, u32 len)
{
	return 0;
}

/* Is all there that the batch of the slot wrote? -EBADMSG: no. */
static int verify(struct extent *extent)
{
	struct kmemp_ext_walk walk = {
		.extent = extent,
		.root = &extent->root,
		.since = extent->slot.sequence,
		.values = true,
		.value = pass_value,
	};
	int ret = decode(extent);

	return ret ?: kmemp_ext_walk(&walk);
}

static int choose(struct extent *extent)
{
	u64 confirmed = kmemp_pool_confirmed(extent->pool);
	u64 newest;
	int ret;

	ret = kmemp_root_read(extent->pool, &extent->slot);
	if (ret)
		return ret;
	newest = extent->slot.sequence;
	if (newest < confirmed)
		return kmemp_complain(extent->pool, KMEMP_REFUSE_STRUCTURE,
				      "newest batch %llu, confirmed was %llu",
				      newest, confirmed);
	ret = verify(extent);
	if (ret != -EBADMSG)
		return ret;
	if (newest == confirmed)
		return kmemp_complain(extent->pool, KMEMP_REFUSE_STRUCTURE,
				      "batch %llu was confirmed, and is damaged",
				      newest);
	ret = kmemp_root_read_before(extent->pool, &extent->slot);
	if (ret)
		return ret;
	if (extent->slot.sequence != newest - 1)
		return root_damaged(extent, newest);
	ret = verify(extent);
	if (ret == -EBADMSG)
		return kmemp_complain(extent->pool, KMEMP_REFUSE_STRUCTURE,
				      "batches %llu and %llu are damaged",
				      newest - 1, newest);
	extent->dropped = true;
	return ret;
}

static void flush(const struct extent *extent, const struct kmemp_ext_ref *ref,
		  u32 bytes)
{
	kmemp_media_flush(kmemp_pool_media(extent->pool),
			  kmemp_ext_block_pos(ref->block), bytes);
}

static int flush_node(struct kmemp_ext_walk *walk,
		      const struct kmemp_ext_ref *ref, u32 level,
		      const void *node)
{
	flush(walk->extent, ref, kmemp_ext_node_bytes(node));
	return 0;
}

static int flush_value(struct kmemp_ext_walk *walk,
		       const struct kmemp_ext_ref *ref, u32 len)
{
	flush(walk->extent, ref, len);
	return 0;
}

/* A pool that was closed cleanly is not stored to. */
static int recover(struct extent *extent)
{
	struct kmemp_ext_walk walk = {
		.extent = extent,
		.root = &extent->root,
		.since = extent->slot.sequence,
		.node = flush_node,
		.value = flush_value,
	};
	u64 confirmed = kmemp_pool_confirmed(extent->pool);
	int ret;

	if (kmemp_pool_readonly(extent->pool) ||
	    (extent->slot.sequence == confirmed && !extent->dropped &&
	     extent->slot.mirrored))
		return 0;
	ret = kmemp_ext_walk(&walk);
	if (ret)
		return ret;
	/*
	 * The blocks that the newest batch wrote are durable before a slot is
	 * overwritten that names the tree before, and before the batch is
	 * confirmed.
	 */
	kmemp_media_fence(kmemp_pool_media(extent->pool));
	return kmemp_root_mend(extent->pool, &extent->slot, extent->dropped);
}

/* See struct kmemp_format_ops. */
int kmemp_ext_open(struct kmemp_pool *pool)
{
	struct extent *extent;
	int ret;

	extent = kvzalloc(sizeof(*extent), GFP_KERNEL);
	if (!extent)
		return -ENOMEM;
	extent->pool = pool;
	INIT_LIST_HEAD(&extent->idle);
	INIT_LIST_HEAD(&extent->build.used);
	ret = kmemp_ext_cache_init(extent);
	if (ret)
		goto err_extent;
	ret = kmemp_ext_space_init(&extent->space, kmemp_pool_pages(pool));
	if (ret)
		goto err_cache;
	ret = choose(extent);
	if (!ret)
		ret = recover(extent);
	if (!ret)
		ret = kmemp_pool_recovered(pool, extent->slot.epoch,
					   extent->slot.sequence);
	if (ret)
		goto err_space;
	kmemp_pool_set_private(pool, extent);
	return 0;

err_space:
	kmemp_ext_space_destroy(&extent->space);
err_cache:
	kmemp_ext_cache_destroy(extent);
err_extent:
	kvfree(extent);
	return ret;
}
