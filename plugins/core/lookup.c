// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups of extents: what is staged, over what a format finds; bounded,
 * clipped and merged. Those of records and objects are in lookup_record.c.
 *
 * They run beside a commit; pool->readers keeps them from seeing half of its
 * stores, or a batch being staged.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/rwsem.h>

#include "core.h"

/**
 * kmemp_readers_exclude - begin stores that lookups can see
 * @pool: the pool
 *
 * Lookups that began before have ended at return, and new ones wait. Context:
 * in the format's commit, for the stores alone: never over a fence.
 */
void kmemp_readers_exclude(struct kmemp_pool *pool)
{
	down_write(&pool->readers);
}
EXPORT_SYMBOL_GPL(kmemp_readers_exclude);

/**
 * kmemp_readers_admit - end of kmemp_readers_exclude()
 * @pool: the pool
 */
void kmemp_readers_admit(struct kmemp_pool *pool)
{
	up_write(&pool->readers);
}
EXPORT_SYMBOL_GPL(kmemp_readers_admit);

/**
 * kmemp_pool_keeps_objects - does the pool's format keep objects at all?
 * @pool: the pool
 *
 * Return: false for one that can neither be asked for objects nor be given any.
 */
bool kmemp_pool_keeps_objects(const struct kmemp_pool *pool)
{
	return pool->format->commit;
}
EXPORT_SYMBOL_GPL(kmemp_pool_keeps_objects);

/**
 * kmemp_load_asked - did a lookup ask for an object to be loaded?
 * @pool: the pool
 * @object: the object
 * @ret: what the lookup returned; where it asked, replaced by what loading the
 *	object returned
 *
 * Context: may sleep; without pool->readers.
 *
 * Return: true if it is loaded now: look it up again.
 */
bool kmemp_load_asked(struct kmemp_pool *pool, u64 object, int *ret)
{
	if (*ret != -EAGAIN)
		return false;
	*ret = pool->format->load ? pool->format->load(pool, object) : -EUCLEAN;
	return !*ret;
}

/**
 * kmemp_load_touched - have the objects of a batch loaded
 * @batch: the batch
 *
 * Before it is promised: what that takes may be much memory, and media that
 * cannot be read. Context: may sleep; without a lock.
 *
 * Return: 0, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_load_touched(const struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;
	u64 last = 0;
	int ret = 0;
	u32 i;

	if (!pool->format->load)
		return 0;
	for (i = 0; i < batch->nr_changes && !ret; i++) {
		u64 object = batch->changes[i].object;

		if (object != last)
			ret = pool->format->load(pool, object);
		last = object;
	}
	return ret;
}

static bool extent_sane(const struct kmemp_pool *pool,
			const struct kmemp_extent *extent, u64 offset)
{
	u64 pages = pool->super.pool_pages;

	return extent->count && extent->offset < KMEMP_MAX_OBJECT_PAGES &&
	       extent->count <= KMEMP_MAX_OBJECT_PAGES - extent->offset &&
	       extent->offset + extent->count > offset &&
	       extent->page && extent->page < pages - 1 &&
	       extent->count <= pages - 1 - extent->page &&
	       !(extent->flags & ~KMEMP_EXTENT_FLAGS);
}

static int find_one(struct kmemp_pool *pool, u64 object, u64 offset,
		    u64 max_pages, struct kmemp_extent *extent)
{
	int ret;

	ret = pool->format->next_extent(pool, object, offset, max_pages,
					extent);
	if (ret)
		return ret;
	if (!extent_sane(pool, extent, offset))
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "object %llu has %u pages from %llu at offset %llu",
				      object, extent->count, extent->page,
				      extent->offset);
	if (extent->offset < offset) {
		u32 skip = offset - extent->offset;

		extent->offset += skip;
		extent->page += skip;
		extent->count -= skip;
	}
	return 0;
}

/* From the top: the open stage, the busy one, the format. */
enum layer { OPEN, BUSY, FORMAT };

static const struct kmemp_overlay *layer_overlay(const struct kmemp_pool *pool,
						 enum layer layer)
{
	const struct kmemp_stage *stage;

	stage = layer == OPEN ? pool->queue->open : pool->queue->busy;
	return &stage->overlay;
}

/* The part of an extent that lies before @end. */
static void clip(struct kmemp_extent *extent, u64 end)
{
	extent->count = min_t(u64, extent->count, end - extent->offset);
}

/* What a stretch holds from @offset on, which lies in it. */
static void from_stretch(const struct kmemp_stretch *s, u64 offset,
			 struct kmemp_extent *extent)
{
	extent->offset = offset;
	extent->page = s->page + (offset - s->offset);
	extent->count = s->end - offset;
	extent->flags = s->flags;
	extent->tag = s->tag;
}

static int find_layered(struct kmemp_pool *pool, enum layer layer, u64 object,
			u64 offset, u64 max_pages, struct kmemp_extent *extent)
{
	const struct kmemp_overlay *overlay;
	struct kmemp_extent below = {};
	bool known = false;
	int ret = 0;

	if (layer == FORMAT)
		return find_one(pool, object, offset, max_pages, extent);
	overlay = layer_overlay(pool, layer);
	for (;;) {
		const struct kmemp_stretch *s;

		s = kmemp_overlay_next(overlay, object, offset);
		if (s && s->offset <= offset) {
			if (s->page) {
				from_stretch(s, offset, extent);
				return 0;
			}
			offset = s->end;
			continue;
		}
		/* Of what lies below, the first that is not behind us. */
		if (!known || (!ret && below.offset + below.count <= offset)) {
			ret = find_layered(pool, layer + 1, object, offset,
					   max_pages, &below);
			if (ret && ret != -ENOENT)
				return ret;
			known = true;
		}
		if (!ret && (!s || below.offset < s->offset)) {
			*extent = below;
			if (extent->offset < offset) {
				u32 skip = offset - extent->offset;

				extent->offset += skip;
				extent->page += skip;
				extent->count -= skip;
			}
			if (s)
				clip(extent, s->offset);
			return 0;
		}
		if (!s)
			return -ENOENT;
		offset = s->offset;
	}
}

static int find_merged(struct kmemp_pool *pool, enum layer layer, u64 object,
		       u64 offset, u64 max_pages, struct kmemp_extent *extent)
{
	struct kmemp_extent next;
	int ret;

	if (offset >= KMEMP_MAX_OBJECT_PAGES)
		return -ENOENT;
	max_pages = min_t(u64, max_pages, U32_MAX);
	ret = find_layered(pool, layer, object, offset, max_pages, extent);
	if (ret)
		return ret;
	while (extent->count < max_pages &&
	       extent->offset + extent->count < KMEMP_MAX_OBJECT_PAGES) {
		ret = find_layered(pool, layer, object,
				   extent->offset + extent->count,
				   max_pages - extent->count, &next);
		if (ret == -ENOENT)
			break;
		if (ret)
			return ret;
		if (next.offset != extent->offset + extent->count ||
		    next.page != extent->page + extent->count ||
		    next.flags != extent->flags || next.tag != extent->tag)
			break;
		extent->count += min_t(u64, next.count,
				       max_pages - extent->count);
	}
	extent->count = min_t(u64, extent->count, max_pages);
	return 0;
}

/**
 * kmemp_find_extent - kmemp_lookup_extent() in what is committed
 * @pool: the pool
 * @object: id
 * @offset: first page offset of interest
 * @max_pages: merge and clip to so many
 * @extent: filled in
 *
 * The object has been loaded, as those of a batch are. Context: with
 * pool->readers.
 *
 * Return: see kmemp_pool_next_extent().
 */
int kmemp_find_extent(struct kmemp_pool *pool, u64 object, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent)
{
	return find_merged(pool, FORMAT, object, offset, max_pages, extent);
}

/**
 * kmemp_lookup_extent - kmemp_pool_next_extent() for who holds pool->readers
 * @pool: the pool
 * @object: id
 * @offset: first page offset of interest
 * @max_pages: merge and clip to so many
 * @extent: filled in
 *
 * Return: see kmemp_pool_next_extent(); -EAGAIN: see kmemp_load_asked().
 */
int kmemp_lookup_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			u64 max_pages, struct kmemp_extent *extent)
{
	return find_merged(pool, pool->queue ? OPEN : FORMAT, object, offset,
			   max_pages, extent);
}

/**
 * kmemp_pool_next_extent - first mapped pages at or after an offset
 * @pool: the pool
 * @object: id
 * @offset: first page offset of interest
 * @max_pages: more than these are of no interest; > 0
 * @extent: filled in: begins at @offset or later; neighbours are merged up to
 *	@max_pages
 *
 * What was queued counts.
 *
 * Return: 0; -ENOENT: nothing is mapped from there on; -ENOMEM; -EIO; -EUCLEAN.
 */
int kmemp_pool_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			   u64 max_pages, struct kmemp_extent *extent)
{
	int ret;

	do {
		down_read(&pool->readers);
		ret = kmemp_lookup_extent(pool, object, offset, max_pages,
					  extent);
		up_read(&pool->readers);
	} while (kmemp_load_asked(pool, object, &ret));
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_next_extent);

/**
 * kmemp_pool_measure - a range that one batch may well unmap
 * @pool: the pool
 * @object: id
 * @offset: where to begin; becomes the first mapped page at or after it
 * @end: where to end
 * @max_extents: touch at most so many, merged as kmemp_pool_next_extent() does
 * @max_pages: and so many pages
 * @count: pages from @offset on, holes included; 0: nothing is mapped there
 *
 * Return: 0, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_pool_measure(struct kmemp_pool *pool, u64 object, u64 *offset,
		       u64 end, u32 max_extents, u32 max_pages, u32 *count)
{
	struct kmemp_extent extent;
	u64 next = *offset, pages = 0;
	u32 nr;

	for (nr = 0; nr < max_extents && pages < max_pages; nr++) {
		int ret = kmemp_pool_next_extent(pool, object, next,
						 max_pages - pages, &extent);

		if (ret == -ENOENT || (!ret && extent.offset >= end))
			break;
		if (ret)
			return ret;
		if (!nr)
			*offset = extent.offset;
		/* The holes between extents count in an unmap's width. */
		if (extent.offset + extent.count - *offset > U32_MAX)
			break;
		next = min(extent.offset + extent.count, end);
		pages += extent.count;
	}
	*count = nr ? next - *offset : 0;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_pool_measure);
