// SPDX-License-Identifier: GPL-2.0
/*
 * Format bitmap: its ops. See bitmap.h for the files, format_bitmap.h for the
 * layout.
 *
 * A commit builds its stores in the patch, which reads of the batch see; then
 * the ring makes them durable with one fence and true after it. Nothing is
 * stored before the whole batch has been built, so that damage that is met on
 * the way leaves the medium as it was.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bitmap.h"

/* Where format puts what it makes; afterwards the medium says. */
#define RING_PAGE	1u
#define ANCHOR_PAGE	(RING_PAGE + KMEMP_RING_PAGES)
#define BITS_PAGE	(ANCHOR_PAGE + 1)

static int op_format(struct kmemp_pool *pool)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	u64 nr_bits = kmemp_bm_bits_pages(kmemp_pool_pages(pool));
	u64 used = BITS_PAGE + nr_bits;
	struct kmemp_bitmap_anchor anchor = {
		.bitmap = cpu_to_le64(BITS_PAGE),
		/* The superblock's copy is used too. */
		.used_pages = cpu_to_le64(used + 1),
	};
	u64 pos = kmemp_bm_pos(ANCHOR_PAGE, 0);
	struct kmemp_root root = { .generation = 0 };
	struct kmemp_bitmap_root *disk = (void *)root.payload;

	/* An old pool's ring may have valid entries only under its own key. */
	kmemp_media_fill(media, kmemp_bm_pos(RING_PAGE, 0), 0, KMEMP_RING_BYTES);
	kmemp_media_flush(media, kmemp_bm_pos(RING_PAGE, 0), KMEMP_RING_BYTES);
	kmemp_media_fill(media, pos, 0, KMEMP_PAGE_SIZE);
	anchor.seal = cpu_to_le32(kmemp_seal(pool, 0, 0, pos, &anchor,
					     offsetof(typeof(anchor), seal)));
	kmemp_media_write(media, pos, &anchor, sizeof(anchor));
	kmemp_media_flush(media, pos, KMEMP_PAGE_SIZE);
	kmemp_bm_bits_format(pool, BITS_PAGE, used);

	disk->ring.page = cpu_to_le64(RING_PAGE);
	disk->ring.pages = cpu_to_le32(KMEMP_RING_PAGES);
	disk->ring.sequence = cpu_to_le64(1);
	disk->anchor = cpu_to_le64(ANCHOR_PAGE);
	kmemp_root_write(pool, &root);
	return 0;
}

static int open_root(struct bitmap *bitmap)
{
	const struct kmemp_bitmap_root *disk;
	u64 anchor;
	int ret;

	ret = kmemp_root_read(bitmap->pool, &bitmap->root);
	if (ret)
		return ret;
	disk = (const void *)bitmap->root.payload;
	anchor = le64_to_cpu(disk->anchor);
	if (!kmemp_bm_page_valid(bitmap, anchor) ||
	    memchr_inv(disk->reserved, 0, sizeof(disk->reserved)))
		return kmemp_bm_damaged(bitmap, "root slot", 0, anchor);
	bitmap->anchor_pos = kmemp_bm_pos(anchor, 0);
	return 0;
}

/* What is behind the anchor is read through the patch: redo is in it. */
static int open_anchor(struct bitmap *bitmap)
{
	struct kmemp_bitmap_anchor anchor;
	int ret;

	ret = kmemp_bm_anchor_read(bitmap, true, &anchor);
	if (ret)
		return ret;
	if (memchr_inv(anchor.reserved, 0, sizeof(anchor.reserved)))
		return kmemp_bm_damaged(bitmap, "anchor", bitmap->anchor_pos, 0);
	return kmemp_bm_bits_open(bitmap, le64_to_cpu(anchor.bitmap));
}

static int op_open(struct kmemp_pool *pool)
{
	struct bitmap *bitmap;
	int ret;

	bitmap = kzalloc(sizeof(*bitmap), GFP_KERNEL);
	if (!bitmap)
		return -ENOMEM;
	bitmap->pool = pool;
	ret = open_root(bitmap);
	if (ret)
		goto err_bitmap;
	ret = kmemp_ring_open(&bitmap->ring, pool, &bitmap->root);
	if (ret)
		goto err_bitmap;
	ret = kmemp_patch_init(&bitmap->patch, pool);
	if (ret)
		goto err_ring;
	ret = kmemp_ring_replay(&bitmap->ring, &bitmap->patch);
	if (ret)
		goto err_patch;
	/* Refused before the first store, if it has to be. */
	if (bitmap->ring.sequence - 1 < kmemp_pool_confirmed(pool)) {
		ret = kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				     "newest batch %llu, confirmed was %llu",
				     bitmap->ring.sequence - 1,
				     kmemp_pool_confirmed(pool));
		goto err_patch;
	}
	ret = open_anchor(bitmap);
	if (ret)
		goto err_patch;
	kmemp_ring_recover(&bitmap->ring, &bitmap->patch, &bitmap->root);
	ret = kmemp_pool_recovered(pool, bitmap->ring.epoch,
				   bitmap->ring.sequence - 1);
	if (ret)
		goto err_bits;
	kmemp_pool_set_private(pool, bitmap);
	return 0;

err_bits:
	kvfree(bitmap->bit_pages);
err_patch:
	kmemp_patch_destroy(&bitmap->patch);
err_ring:
	kmemp_ring_close(&bitmap->ring);
err_bitmap:
	kfree(bitmap);
	return ret;
}

static int op_retire(struct kmemp_pool *pool)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);

	if (bitmap->ring.used)
		kmemp_ring_retire(&bitmap->ring, &bitmap->patch, &bitmap->root);
	return 0;
}

static void op_close(struct kmemp_pool *pool)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);

	/* With a batch that was not committed, redo at the next open it is. */
	if (!kmemp_pool_readonly(pool) && !bitmap->patch.first)
		op_retire(pool);
	kvfree(bitmap->bit_pages);
	kmemp_patch_destroy(&bitmap->patch);
	kmemp_ring_close(&bitmap->ring);
	kfree(bitmap);
	kmemp_pool_set_private(pool, NULL);
}

/* Stage one change, but for the object's own line. */
static int change(struct bitmap *bitmap, const struct kmemp_change *change,
		  struct kmemp_bm_object *object)
{
	int ret;

	switch (change->op) {
	case KMEMP_PUT_RECORD:
		return kmemp_bm_record_put(bitmap, object, &change->record);
	case KMEMP_DEL_RECORD:
		return kmemp_bm_record_del(bitmap, object, &change->record);
	case KMEMP_MAP:
		return kmemp_bm_map_set(bitmap, object, &change->extent);
	case KMEMP_UNMAP:
		return kmemp_bm_map_clear(bitmap, object, change->extent.offset,
					  change->extent.offset +
					  change->extent.count);
	case KMEMP_REMOVE:
		ret = kmemp_bm_record_clear(bitmap, object);
		return ret ?: kmemp_bm_map_clear(bitmap, object, 0,
						 KMEMP_MAX_OBJECT_PAGES);
	}
	return 0;
}

/* Stage the changes of one object that follow each other, from *@nr on. */
static int change_object(struct bitmap *bitmap, const struct kmemp_batch *batch,
			 u32 *nr, u64 *data_pages)
{
	u64 id = batch->changes[*nr].object;
	struct kmemp_bm_object object, before;
	int ret;

	ret = kmemp_bm_object_get(bitmap, id, &object);
	if (ret)
		return ret;
	before = object;
	while (!ret && *nr < batch->nr_changes &&
	       batch->changes[*nr].object == id)
		ret = change(bitmap, &batch->changes[(*nr)++], &object);
	*data_pages += object.nr_pages - before.nr_pages;
	return ret ?: kmemp_bm_object_store(bitmap, &before, &object);
}

/* Stage a batch: nothing of it is on the medium yet. */
static int build(struct bitmap *bitmap, const struct kmemp_batch *batch)
{
	u64 data_pages;
	u32 i;
	int ret;

	ret = kmemp_bm_anchor_read(bitmap, true, &bitmap->anchor);
	data_pages = le64_to_cpu(bitmap->anchor.data_pages);
	for (i = 0; i < batch->nr_changes && !ret;)
		ret = change_object(bitmap, batch, &i, &data_pages);
	for (i = 0; i < batch->nr_freed && !ret; i++)
		ret = kmemp_bm_bits_change(bitmap, batch->freed[i].page,
					   batch->freed[i].count, false);
	for (i = 0; i < batch->nr_taken && !ret; i++)
		ret = kmemp_bm_bits_change(bitmap, batch->taken[i].page,
					   batch->taken[i].count, true);
	if (!ret)
		ret = kmemp_bm_bits_settle(bitmap);
	if (ret)
		return ret;
	bitmap->anchor.data_pages = cpu_to_le64(data_pages);
	return kmemp_bm_write_line(bitmap, bitmap->anchor_pos, &bitmap->anchor);
}

static int op_commit(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	int ret;

	bitmap->batch = batch;
	ret = build(bitmap, batch);
	bitmap->batch = NULL;
	if (ret)
		return ret;
	ret = kmemp_ring_commit(&bitmap->ring, &bitmap->patch, batch);
	if (!ret)
		kmemp_bm_cache_settle(bitmap);
	return ret;
}

static int op_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn,
			    void *arg)
{
	return kmemp_bm_bits_for_each(kmemp_pool_private(pool), fn, arg);
}

static int op_next_object(struct kmemp_pool *pool, u64 *id)
{
	return kmemp_bm_object_next(kmemp_pool_private(pool), false, id);
}

static int op_next_record(struct kmemp_pool *pool, u64 id,
			  struct kmemp_record *record, u8 *buffer)
{
	const struct bitmap *bitmap = kmemp_pool_private(pool);
	struct kmemp_bm_object object;
	int ret;

	ret = kmemp_bm_object_load(bitmap, false, id, &object);
	return ret ?: kmemp_bm_record_next(bitmap, &object, record, buffer);
}

static int op_next_extent(struct kmemp_pool *pool, u64 id, u64 offset,
			  u64 max_pages, struct kmemp_extent *extent)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	struct kmemp_bm_object object;
	int ret;

	if (!kmemp_bm_cache_get(bitmap, id, &object.map)) {
		ret = kmemp_bm_object_load(bitmap, false, id, &object);
		if (ret)
			return ret;
		if (!object.map)
			return -ENOENT;
		kmemp_bm_cache_keep(bitmap, id, object.map);
	}
	return kmemp_bm_map_next(bitmap, object.map, offset, max_pages, extent);
}

static const struct kmemp_format_ops kmemp_bm_ops = {
	.type = KMEMP_TYPE_BITMAP,
	.name = "bitmap",
	.owner = THIS_MODULE,
	.standing = KMEMP_BITMAP_STANDING,
	/* A slot of its own for a page that was part of a large one. */
	.shatter_bytes = 8,
	.most_weight = KMEMP_BITMAP_MOST_LINES,
	.format = op_format,
	.open = op_open,
	.close = op_close,
	.reserve = kmemp_bm_reserve,
	.weight = kmemp_bm_weight,
	.prepare = kmemp_bm_prepare,
	.commit = op_commit,
	.retire = op_retire,
	.for_each_used = op_walk_used,
	.next_object = op_next_object,
	.next_record = op_next_record,
	.next_extent = op_next_extent,
	.check = kmemp_bm_check,
	.repair = kmemp_bm_repair,
	.describe = kmemp_bm_describe,
};

static int __init kmemp_bm_init(void)
{
	return kmemp_format_register(&kmemp_bm_ops);
}
module_init(kmemp_bm_init);

static void __exit kmemp_bm_exit(void)
{
	kmemp_format_unregister(&kmemp_bm_ops);
}
module_exit(kmemp_bm_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist format bitmap: in place, made atomic by a ring");
MODULE_ALIAS("kmemp-format-1");
MODULE_ALIAS("kmemp-format-bitmap");
