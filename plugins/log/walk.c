// SPDX-License-Identifier: GPL-2.0
/*
 * The pages in use: those of the log, and what objects map. An object that waits
 * goes on to wait; what it maps is found out aside and forgotten.
 *
 * For most objects there is no need of a tree: where all extents are so many
 * equal units long, and cover not many more units than there are extents, a list
 * of the page of each unit does. So it is of volumes whose extents are pages, or
 * 2 MiB each.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "log.h"

/*
 * Units for each extent that is said: of the list, which bounds the memory that
 * it takes, and that are written to it, which bounds the time.
 */
#define LIST_UNITS	4u
#define WRITE_UNITS	8u

/**
 * struct extent_sum - what all extents of an object have in common
 * @bits: all offsets and counts, or-ed
 * @end: the highest page offset behind one
 * @pages: of all that are mapped or unmapped
 * @nr: extents
 */
struct extent_sum {
	u64 bits;
	u64 end;
	u64 pages;
	u64 nr;
};

/**
 * struct aside - an object that is replayed
 * @log: what reading the log takes, with a tree of extents of its own; the tree
 *	of pages is the pool's, borrowed under its @index and not freed here
 * @sum: see there
 * @shift: of a unit: pages, as a power of two
 * @list: page of each unit, 0 for none
 * @units: how many
 */
struct aside {
	struct kmemp_log log;
	struct extent_sum sum;
	u32 shift;
	u64 *list;
	u64 units;
};

typedef int (*extent_fn)(struct aside *aside, u32 op,
			 const struct kmemp_extent *extent);

static int add_up(struct aside *aside, u32 op, const struct kmemp_extent *extent)
{
	struct extent_sum *sum = &aside->sum;

	sum->bits |= extent->offset | extent->count;
	sum->end = max(sum->end, extent->offset + extent->count);
	sum->pages += extent->count;
	sum->nr++;
	return 0;
}

/* The medium may have changed since all were counted. */
static int list_extent(struct aside *aside, u32 op,
		       const struct kmemp_extent *extent)
{
	u64 unit = extent->offset >> aside->shift, page = extent->page;
	u64 end = unit + (extent->count >> aside->shift);

	if (end > aside->units)
		return kmemp_log_damaged(&aside->log, "extent", extent->page, 0,
					 extent->offset);
	for (; unit < end; unit++, page += 1ULL << aside->shift)
		aside->list[unit] = op == KMEMP_LOG_MAP ? page : 0;
	return 0;
}

static int index_extent(struct aside *aside, u32 op,
			const struct kmemp_extent *extent)
{
	struct kmemp_log *log = &aside->log;
	int ret;

	ret = kmemp_log_nodes_add(&log->nodes,
				  kmemp_log_tree_need(&log->extents, 0, 2),
				  GFP_KERNEL);
	if (ret)
		return ret;
	if (op == KMEMP_LOG_MAP)
		return kmemp_log_extent_set(log, 1, extent, 0);
	return kmemp_log_extent_clear(log, 1, extent->offset,
				      extent->offset + extent->count);
}

/* All extents of an object, in the order of the log. */
static int each_extent(struct aside *aside,
		       const struct kmemp_log_object *object, extent_fn fn)
{
	struct kmemp_log_object at = *object;
	struct kmemp_log_cursor cursor;
	struct kmemp_extent extent;
	struct kmemp_log_said said;
	int ret = 0;

	while (!ret && at.first) {
		ret = kmemp_log_say_noted(&aside->log, &at, &cursor, &said);
		if (said.op != KMEMP_LOG_MAP && said.op != KMEMP_LOG_UNMAP)
			said.count = 0;
		while (!ret && said.count--) {
			ret = kmemp_log_say_extent(&aside->log, &cursor,
						   said.op, &extent);
			if (!ret)
				ret = fn(aside, said.op, &extent);
		}
		if (++at.taken == at.first->nr) {
			at.first = at.first->next;
			at.taken = 0;
		}
	}
	return ret;
}

/* Does a list do for an object? */
static bool choose_list(struct aside *aside)
{
	const struct extent_sum *sum = &aside->sum;

	aside->shift = 0;
	while (!(sum->bits >> aside->shift & 1))
		aside->shift++;
	aside->units = sum->end >> aside->shift;
	return aside->units <= LIST_UNITS * sum->nr &&
	       sum->pages >> aside->shift <= WRITE_UNITS * sum->nr;
}

static int walk_list(struct aside *aside, kmemp_used_fn fn, void *arg)
{
	u64 unit = 1ULL << aside->shift, i, next;
	int ret = 0;

	for (i = 0; i < aside->units && !ret; i = next) {
		u64 page = aside->list[i];

		next = i + 1;
		while (page && next < aside->units &&
		       aside->list[next] == page + (next - i) * unit)
			next++;
		if (page)
			ret = fn(arg, page, (next - i) * unit, KMEMP_USE_DATA);
	}
	return ret;
}

static int walk_extents(const struct kmemp_log *log, kmemp_used_fn fn, void *arg)
{
	const struct kmemp_log_item key = {}, *item;
	struct kmemp_log_path path;
	int ret = 0;

	item = kmemp_log_tree_from(&log->extents, &key, &path);
	for (; item && !ret; item = kmemp_log_tree_next(&log->extents, &path)) {
		struct kmemp_extent extent;

		kmemp_log_extent_decode(item, &extent);
		ret = fn(arg, extent.page, extent.count, KMEMP_USE_DATA);
	}
	return ret;
}

static int walk_object(struct aside *aside,
		       const struct kmemp_log_object *object, kmemp_used_fn fn,
		       void *arg)
{
	int ret;

	aside->sum = (struct extent_sum){};
	ret = each_extent(aside, object, add_up);
	if (ret || !aside->sum.nr)
		return ret;
	aside->list = NULL;
	if (choose_list(aside))
		/* Without memory for it the tree may do with less. */
		aside->list = kvcalloc(aside->units, sizeof(*aside->list),
				       GFP_KERNEL | __GFP_NOWARN);
	ret = each_extent(aside, object,
			  aside->list ? list_extent : index_extent);
	if (!ret)
		ret = aside->list ? walk_list(aside, fn, arg) :
				    walk_extents(&aside->log, fn, arg);
	kvfree(aside->list);
	kmemp_log_tree_destroy(&aside->log.extents);
	return ret;
}

/* Objects that have been begun are indexed to the end. */
static int walk_waiting(struct kmemp_log *log, kmemp_used_fn fn, void *arg)
{
	const struct kmemp_log_object *object;
	struct kmemp_log_path path;
	struct aside *aside;
	u64 id = 0;
	int ret = 0;

	if (log->indexed)
		return 0;
	aside = kvzalloc(sizeof(*aside), GFP_KERNEL);
	if (!aside)
		return -ENOMEM;
	aside->log.pool = log->pool;
	aside->log.pages = log->pages;
	while (!ret && (object = kmemp_log_waiting(log, id, &path))) {
		id = object->id + 1;
		ret = object->begun ?
		      kmemp_log_load_locked(log, object->id, GFP_KERNEL) :
		      walk_object(aside, object, fn, arg);
	}
	kmemp_log_nodes_trim(&aside->log.nodes, 0);
	kvfree(aside);
	return ret;
}

static int walk_pages(struct kmemp_log *log, kmemp_used_fn fn, void *arg)
{
	const struct kmemp_log_item key = {}, *item;
	struct kmemp_log_path path;
	int ret = 0;

	item = kmemp_log_tree_from(&log->pages, &key, &path);
	for (; item && !ret; item = kmemp_log_tree_next(&log->pages, &path))
		ret = fn(arg, item->word[3], 1, KMEMP_USE_META);
	return ret;
}

/* See struct kmemp_format_ops. */
int kmemp_log_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	int ret;

	mutex_lock(&log->index);
	ret = walk_pages(log, fn, arg);
	if (!ret)
		ret = walk_waiting(log, fn, arg);
	if (!ret)
		ret = walk_extents(log, fn, arg);
	mutex_unlock(&log->index);
	return ret;
}
