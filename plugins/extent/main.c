// SPDX-License-Identifier: GPL-2.0
/*
 * Format extent: its ops, and lookups. See extent.h for the files,
 * format_extent.h for the layout.
 *
 * Lookups start from the newest root and take no lock: what they can reach is
 * not stored into. The core's exclusion is for the root itself: a commit changes
 * it when the batch is durable, and what it freed is reused when all who began
 * before have ended.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "extent.h"

static int op_format(struct kmemp_pool *pool)
{
	static const struct kmemp_ext_root none;
	struct kmemp_root slot = { .generation = 0 };

	kmemp_ext_root_encode(&none, &slot);
	kmemp_root_write(pool, &slot);
	return 0;
}

/* Nothing waits to be made true. */
static int op_retire(struct kmemp_pool *pool)
{
	return 0;
}

static void op_close(struct kmemp_pool *pool)
{
	struct extent *extent = kmemp_pool_private(pool);

	kmemp_ext_dirty_drop(extent);
	kmemp_ext_dirty_trim(extent, 0);
	kmemp_ext_cache_destroy(extent);
	kmemp_ext_space_destroy(&extent->space);
	kvfree(extent->build.freed.block);
	kvfree(extent);
	kmemp_pool_set_private(pool, NULL);
}

/* The first item at or behind a position. */
static int next_item(const struct extent *extent,
		     const struct kmemp_ext_pos *pos,
		     struct kmemp_ext_path *path, struct kmemp_ext_item *item)
{
	int ret = kmemp_ext_seek(extent, &extent->root, pos, path);

	if (!ret)
		ret = kmemp_ext_current(extent, path, item);
	if (!ret && kmemp_ext_item_order(item, pos) < 0)
		ret = kmemp_ext_damaged(extent, "order of leaves",
					path->step[0].ref.block,
					item->key.object);
	return ret;
}

static int op_next_object(struct kmemp_pool *pool, u64 *id)
{
	const struct kmemp_ext_pos pos = { .key = { .object = *id } };
	struct kmemp_ext_path path;
	struct kmemp_ext_item item;
	int ret;

	ret = next_item(kmemp_pool_private(pool), &pos, &path, &item);
	if (!ret)
		*id = item.key.object;
	return ret;
}

static int op_next_record(struct kmemp_pool *pool, u64 object,
			  struct kmemp_record *record, u8 *buffer)
{
	const struct extent *extent = kmemp_pool_private(pool);
	const struct kmemp_ext_pos pos = kmemp_ext_record_pos(object, record);
	struct kmemp_ext_path path;
	struct kmemp_ext_item item;
	int ret;

	ret = next_item(extent, &pos, &path, &item);
	if (ret)
		return ret;
	if (item.key.object != object)
		return -ENOENT;
	return kmemp_ext_record_get(extent, &item, record, buffer);
}

static int op_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			  u64 max_pages, struct kmemp_extent *found)
{
	const struct extent *extent = kmemp_pool_private(pool);
	struct kmemp_ext_path path;

	return kmemp_ext_find_extent(extent, &extent->root, object, offset,
				     &path, found);
}

static const struct kmemp_format_ops kmemp_ext_ops = {
	.type = KMEMP_TYPE_EXTENT,
	.name = "extent",
	.owner = THIS_MODULE,
	.standing = KMEMP_EXTENT_STANDING,
	/*
	 * An extent of its own: 16 bytes of a leaf and its part of the nodes
	 * above, all of them 3/8 full; see merge.c.
	 */
	.shatter_bytes = 52,
	.format = op_format,
	.open = kmemp_ext_open,
	.close = op_close,
	.reserve = kmemp_ext_reserve,
	.prepare = kmemp_ext_prepare,
	.commit = kmemp_ext_commit,
	.retire = op_retire,
	.for_each_used = kmemp_ext_walk_used,
	.next_object = op_next_object,
	.next_record = op_next_record,
	.next_extent = op_next_extent,
	.check = kmemp_ext_check,
	.describe = kmemp_ext_describe,
};

static int __init kmemp_ext_init(void)
{
	return kmemp_format_register(&kmemp_ext_ops);
}
module_init(kmemp_ext_init);

static void __exit kmemp_ext_exit(void)
{
	kmemp_format_unregister(&kmemp_ext_ops);
}
module_exit(kmemp_ext_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist format extent: copy-on-write tree, nothing to replay");
MODULE_ALIAS("kmemp-format-3");
MODULE_ALIAS("kmemp-format-extent");
