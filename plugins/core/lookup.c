// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups: what a format finds, bounded, clipped and merged.
 *
 * They run beside a commit; pool->readers keeps them from seeing half of its
 * stores.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/rwsem.h>
#include <linux/string.h>

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
 * kmemp_pool_next_object - first object at or after an id
 * @pool: the pool
 * @id: the id, replaced by the one found
 *
 * Return: 0, -ENOENT, -EIO or -EUCLEAN.
 */
int kmemp_pool_next_object(struct kmemp_pool *pool, u64 *id)
{
	int ret;

	down_read(&pool->readers);
	ret = pool->format->next_object(pool, id);
	up_read(&pool->readers);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_next_object);

/**
 * kmemp_pool_next_record - first record at or after a position
 * @pool: the pool
 * @object: id
 * @record: position (kind, hash, name); replaced by what is found
 * @buffer: KMEMP_RECORD_BUFFER bytes that name and value are copied to; the
 *	position's name may lie in it
 *
 * Return: 0, -ENOENT, -EIO or -EUCLEAN.
 */
int kmemp_pool_next_record(struct kmemp_pool *pool, u64 object,
			   struct kmemp_record *record, u8 *buffer)
{
	int ret;

	down_read(&pool->readers);
	ret = pool->format->next_record(pool, object, record, buffer);
	up_read(&pool->readers);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_next_record);

/**
 * kmemp_pool_get_record - look a record up
 * @pool: the pool
 * @object: id
 * @record: kind and name; replaced by what is found
 * @buffer: KMEMP_RECORD_BUFFER bytes, apart from the name
 *
 * Return: 0, -ENOENT, -EIO or -EUCLEAN.
 */
int kmemp_pool_get_record(struct kmemp_pool *pool, u64 object,
			  struct kmemp_record *record, u8 *buffer)
{
	struct kmemp_record found = *record;
	int ret;

	found.hash = kmemp_name_hash(pool, record->name, record->name_len);
	ret = kmemp_pool_next_record(pool, object, &found, buffer);
	if (ret)
		return ret;
	if (found.kind != record->kind || found.name_len != record->name_len ||
	    memcmp(found.name, record->name, record->name_len))
		return -ENOENT;
	*record = found;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_pool_get_record);

/**
 * kmemp_record_advance - the position behind a record
 * @record: as found; becomes the least position that is greater
 * @buffer: the one it was found with, which the position's name lies in
 *
 * Return: false where nothing can follow.
 */
bool kmemp_record_advance(struct kmemp_record *record, u8 *buffer)
{
	if (record->name_len < KMEMP_MAX_NAME) {
		memmove(buffer, record->name, record->name_len);
		buffer[record->name_len++] = 0;
		record->name = buffer;
		return true;
	}
	record->name_len = 0;
	return ++record->hash || ++record->kind;
}
EXPORT_SYMBOL_GPL(kmemp_record_advance);

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
		    struct kmemp_extent *extent)
{
	int ret = pool->format->next_extent(pool, object, offset, extent);

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

/**
 * kmemp_find_extent - kmemp_pool_next_extent() for who has the commit right
 * @pool: the pool
 * @object: id
 * @offset: first page offset of interest
 * @max_pages: merge and clip to so many
 * @extent: filled in
 *
 * Return: see kmemp_pool_next_extent().
 */
int kmemp_find_extent(struct kmemp_pool *pool, u64 object, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent)
{
	struct kmemp_extent next;
	int ret;

	if (offset >= KMEMP_MAX_OBJECT_PAGES)
		return -ENOENT;
	max_pages = min_t(u64, max_pages, U32_MAX);
	ret = find_one(pool, object, offset, extent);
	if (ret)
		return ret;
	while (extent->count < max_pages &&
	       extent->offset + extent->count < KMEMP_MAX_OBJECT_PAGES) {
		ret = find_one(pool, object, extent->offset + extent->count,
			       &next);
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
 * kmemp_pool_next_extent - first mapped pages at or after an offset
 * @pool: the pool
 * @object: id
 * @offset: first page offset of interest
 * @max_pages: more than these are of no interest; > 0
 * @extent: filled in: begins at @offset or later; neighbours are merged up to
 *	@max_pages
 *
 * Return: 0; -ENOENT: nothing is mapped from there on; -EIO; -EUCLEAN.
 */
int kmemp_pool_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			   u64 max_pages, struct kmemp_extent *extent)
{
	int ret;

	down_read(&pool->readers);
	ret = kmemp_find_extent(pool, object, offset, max_pages, extent);
	up_read(&pool->readers);
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
 * Return: 0, -EIO or -EUCLEAN.
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
