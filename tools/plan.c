// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that is built in memory first, see plan.h.
 *
 * Its metadata comes to be there as in any pool, by the format's own commits,
 * on a medium of memory. So it is known what fits before anything is written,
 * and the pool appears on its medium as kmemp_pool_format() makes one appear:
 * all of it is there before the magic that makes it count.
 */
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "plan.h"

/* Changes of a batch: small enough for one commit of every format. */
#define BATCH_CHANGES	64u

static int open_pool(struct plan *plan, bool readonly)
{
	int ret;

	plan->pool = (struct kmemp_pool) {};
	ret = kmemp_pool_open(&plan->pool, &plan->file.media, readonly);
	if (ret)
		return ret;
	ret = pages_init(&plan->pages, &plan->pool);
	if (ret)
		kmemp_pool_close(&plan->pool);
	return ret;
}

static void close_pool(struct plan *plan)
{
	pages_destroy(&plan->pages);
	kmemp_pool_close(&plan->pool);
}

/**
 * plan_begin - begin with an empty pool
 * @plan: filled in
 * @size: bytes of the medium that it is for
 * @params: what the pool shall be
 * @verdict: filled in where it cannot be
 *
 * Return: 0 or a negative errno.
 */
int plan_begin(struct plan *plan, u64 size,
	       const struct kmemp_format_params *params,
	       struct kmemp_verdict *verdict)
{
	int ret;

	*plan = (struct plan) {};
	ret = kmemp_media_file_anon(&plan->file, size);
	if (ret)
		return ret;
	ret = kmemp_pool_format(&plan->file.media, params, verdict);
	if (!ret)
		ret = open_pool(plan, false);
	if (ret) {
		kmemp_media_file_close(&plan->file);
		return ret;
	}
	kmemp_pool_set_source(&plan->pool, &pages_source, &plan->pages);
	return 0;
}

static int commit(struct plan *plan)
{
	int ret = 0;

	if (plan->batch)
		ret = kmemp_batch_commit(plan->batch);
	kmemp_batch_free(plan->batch);
	plan->batch = NULL;
	return ret;
}

/* A batch that takes one more change. */
static int have_batch(struct plan *plan)
{
	int ret;

	if (plan->batch && plan->batch->nr_changes < BATCH_CHANGES)
		return 0;
	ret = commit(plan);
	if (ret)
		return ret;
	plan->batch = kmemp_batch_new(&plan->pool);
	return plan->batch ? 0 : -ENOMEM;
}

static int map(struct plan *plan, const struct kmemp_extent *extent)
{
	int ret;

	ret = have_batch(plan);
	if (!ret)
		ret = kmemp_batch_map(plan->batch, plan->object, extent);
	if (ret != -E2BIG)
		return ret;
	ret = commit(plan) ?: have_batch(plan);
	return ret ?: kmemp_batch_map(plan->batch, plan->object, extent);
}

/* Map what is pending, in as few runs as there are. */
static int settle(struct plan *plan)
{
	struct kmemp_extent extent = plan->pending;
	u32 left = extent.count;
	int ret = 0;

	plan->pending.count = 0;
	while (!ret && left) {
		extent.count = left;
		extent.page = pages_take(&plan->pages, &extent.count);
		if (!extent.page)
			return -ENOSPC;
		ret = map(plan, &extent);
		extent.offset += extent.count;
		left -= extent.count;
	}
	return ret;
}

/**
 * plan_record - add a record
 * @plan: begun
 * @object: id
 * @record: kind, name and value count
 *
 * Return: 0; -ENOSPC; or what a commit returns.
 */
int plan_record(struct plan *plan, u64 object,
		const struct kmemp_record *record)
{
	int ret, tries = 2;

	do {
		ret = have_batch(plan);
		if (!ret)
			ret = kmemp_batch_put(plan->batch, object, record->kind,
					      record->name, record->name_len,
					      record->value, record->value_len);
		if (ret != -E2BIG)
			return ret;
		ret = commit(plan);
	} while (!ret && --tries);
	return ret ?: -E2BIG;
}

/**
 * plan_extent - add an extent
 * @plan: begun
 * @object: id
 * @extent: all but its page counts
 *
 * Parts of one extent that follow one another become one again.
 *
 * Return: 0; -ENOSPC; or what a commit returns.
 */
int plan_extent(struct plan *plan, u64 object,
		const struct kmemp_extent *extent)
{
	struct kmemp_extent *pending = &plan->pending;
	int ret;

	if (pending->count && plan->object == object &&
	    pending->offset + pending->count == extent->offset &&
	    pending->flags == extent->flags && pending->tag == extent->tag &&
	    pending->count + extent->count <= KMEMP_BATCH_PAGES) {
		pending->count += extent->count;
		return 0;
	}
	ret = settle(plan);
	plan->object = object;
	plan->pending = *extent;
	return ret;
}

/**
 * plan_end - nothing is added any more
 * @plan: begun
 *
 * Return: 0; -ENOSPC: with what the pool must be able to withhold it does not
 * fit; or what a commit returns.
 */
int plan_end(struct plan *plan)
{
	u64 used, reserve;
	int ret;

	ret = settle(plan) ?: commit(plan);
	if (!ret && kmemp_pool_keeps_objects(&plan->pool))
		ret = kmemp_pool_retire(&plan->pool);
	if (ret)
		return ret;
	used = plan->pages.nr_pages - plan->pages.nr_free;
	reserve = kmemp_pool_reserve(&plan->pool, used);
	if (used + reserve > plan->pages.nr_pages) {
		plan->short_of = (used + reserve - plan->pages.nr_pages) <<
				 KMEMP_PAGE_SHIFT;
		return -ENOSPC;
	}
	close_pool(plan);
	ret = open_pool(plan, true);
	if (ret)
		plan->pool.format = NULL;
	return ret;
}

/**
 * plan_free - let go of it
 * @plan: begun
 */
void plan_free(struct plan *plan)
{
	kmemp_batch_free(plan->batch);
	if (plan->pool.format)
		close_pool(plan);
	kmemp_media_file_close(&plan->file);
}

static void write_fresh(struct kmemp_media *media, u64 pos, const u8 *data,
			size_t len)
{
	kmemp_media_write_fresh(media, pos, data, len);
	kmemp_media_flush(media, pos, len);
}

/**
 * plan_store - write data where the plan has it
 * @plan: ended
 * @media: the medium
 * @object: id
 * @extent: what is written; its page does not count
 * @data: its bytes; NULL for pages that are unwritten
 *
 * Return: 0, or -ESTALE where the plan has it not.
 */
int plan_store(struct plan *plan, struct kmemp_media *media, u64 object,
	       const struct kmemp_extent *extent, const u8 *data)
{
	u64 offset = extent->offset, end = offset + extent->count;
	struct kmemp_extent found;

	while (offset < end) {
		size_t bytes;

		if (kmemp_pool_next_extent(&plan->pool, object, offset,
					   end - offset, &found) ||
		    found.offset != offset)
			return -ESTALE;
		found.count = min_t(u64, found.count, end - offset);
		bytes = (size_t)found.count << KMEMP_PAGE_SHIFT;
		if (data)
			write_fresh(media, found.page << KMEMP_PAGE_SHIFT,
				    data + ((offset - extent->offset) <<
					    KMEMP_PAGE_SHIFT), bytes);
		/* What is left of the used pages is metadata. */
		pages_set(&plan->pages, found.page, found.count, false);
		offset += found.count;
	}
	return 0;
}

static void copy_metadata(struct plan *plan, struct kmemp_media *media)
{
	u64 last = plan->pages.nr_pages - 1, page;

	for (page = 0; page <= last; page++) {
		u64 pos = page << KMEMP_PAGE_SHIFT;
		/* Of the superblock, what the format has in it. */
		u32 from = page && page < last ? 0 : KMEMP_SB_ROOT_OFFSET;

		if (!pages_used(&plan->pages, page))
			continue;
		write_fresh(media, pos + from, plan->file.base + pos + from,
			    KMEMP_PAGE_SIZE - from);
	}
}

/**
 * struct install - arguments of fill()
 * @plan: the plan
 * @media: the medium
 * @copy_data: writes all data
 * @arg: for it
 */
struct install {
	struct plan *plan;
	struct kmemp_media *media;
	plan_data_fn copy_data;
	void *arg;
};

static int fill(void *arg)
{
	struct install *install = arg;

	int ret;

	ret = install->copy_data(install->arg);
	if (!ret)
		copy_metadata(install->plan, install->media);
	return ret;
}

/**
 * plan_install - make a medium the pool that was planned
 * @plan: ended; used up
 * @media: as large as was said; what it holds is lost
 * @copy_data: calls plan_store() for all data
 * @arg: for @copy_data
 *
 * Durable at return. Until then there is no pool on it.
 *
 * Return: 0; what @copy_data returned; -ENOMEM.
 */
int plan_install(struct plan *plan, struct kmemp_media *media,
		 plan_data_fn copy_data, void *arg)
{
	struct install install = { plan, media, copy_data, arg };

	return kmemp_super_create(media, &plan->pool.super, fill, &install);
}
