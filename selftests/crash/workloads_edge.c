// SPDX-License-Identifier: GPL-2.0
/*
 * Workloads at edges, see workloads.h: where sequences end, and where a pool has
 * no page but those that data_min guarantees it.
 */
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "worn.h"
#include "workloads.h"

/* Pages that data gets until data_min is reached. */
#define FEW_PAGES	64u
/* That are added at a time. */
#define ADD_PAGES	8u

static void check(bool good, unsigned int line)
{
	if (good)
		return;
	fprintf(stderr, "# %s, workload, line %u: not as it must be\n",
		crash_format->name, line);
	exit(2);
}

#define must(good)	check(good, __LINE__)

/* ------------------------------------------------------ last sequences */

void crash_worn_prepare(struct crash_work *work)
{
	int err;

	worn_make(work->record, crash_format->type, WORN_LAST - 4);
	must(!test_open(&work->t, work->record, false));
	crash_first = WORN_LAST - 4;
	crash_digests[0] = crash_digest(&work->t, &err);
}

/* One more is refused, and so is what comes then. */
void crash_worn_play(struct crash_work *work)
{
	struct kmemp_batch *batch;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		crash_step(work, i);
		if (i == 1)
			kmemp_pool_retire(&work->t.pool);
	}
	for (i = 0; i < 2; i++) {
		batch = kmemp_batch_new(&work->t.pool);
		must(!kmemp_batch_put(batch, 4096, 1, "more", 4, "value", 5));
		must(test_commit(batch) == (i ? -EIO : -EUCLEAN));
	}
}

/* ------------------------------------------------------------ data_min */

/*
 * All free pages but those that the pool withholds are RAM: what is used, or
 * data_min if that is more, and the reserve for so much. See
 * drivers/pool/stock.c.
 */
static void fill_ram(struct test_pool *t)
{
	u64 used = t->nr_pages - t->nr_free, target, page;

	target = max(used, t->pool.super.data_min);
	t->withheld = kmemp_pool_reserve(&t->pool, target);
	target = min(target + t->withheld, t->nr_pages);
	for (page = t->nr_pages; page-- && t->nr_free > target - used;)
		if (!t->used[page]) {
			t->used[page] = 1;
			t->nr_free--;
		}
}

/* Map a page of an object; 0, or why not. */
static int map_page(struct test_pool *t, u64 id, u64 offset)
{
	struct kmemp_extent extent = {
		.offset = offset, .count = 1, .page = test_take(t, 1),
	};
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret = -ENOSPC;

	if (extent.page)
		ret = kmemp_batch_map(batch, id, &extent);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	if (ret && extent.page)
		test_give(t, extent.page, 1);
	kmemp_batch_free(batch);
	return ret;
}

static int remove_object(struct test_pool *t, u64 id)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret = kmemp_batch_remove(batch, id);

	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

void crash_min_prepare(struct crash_work *work)
{
	struct test_pool *t = &work->t;
	unsigned int i;
	int err;

	must(!test_format(work->record, crash_format->type) &&
	     !test_open(t, work->record, false));
	crash_digests[0] = crash_digest(t, &err);
	for (i = 0; i < 4; i++)
		crash_step(work, i);
	must(!kmemp_pool_retire(&t->pool) &&
	     !kmemp_pool_set_limits(&t->pool, t->nr_pages - t->nr_free +
				    FEW_PAGES, 0));
	fill_ram(t);
	crash_may_be_full = true;
}

/* Far from all others: an extent of its own. False: there is no room. */
static bool add_pages(struct crash_work *work, unsigned int i)
{
	struct test_pool *t = &work->t;
	struct kmemp_extent extent = {
		.offset = 1000ULL * i, .count = ADD_PAGES,
	};
	struct kmemp_batch *batch;
	u64 newest = t->pool.newest;

	/* What adds does not get pages from the reserve. */
	if (t->nr_free < ADD_PAGES + t->withheld)
		return false;
	extent.page = test_take(t, ADD_PAGES);
	batch = kmemp_batch_new(&t->pool);
	must(extent.page && !kmemp_batch_map(batch, 4200, &extent));
	crash_commit(work, batch);
	if (t->pool.newest == newest)
		test_give(t, extent.page, ADD_PAGES);
	return t->pool.newest > newest;
}

/* What adds until there is nothing more, what overwrites, removes, adds again. */
void crash_min_play(struct crash_work *work)
{
	struct test_pool *t = &work->t;
	unsigned int i;
	u64 newest;

	for (i = 0; add_pages(work, i); i++)
		;
	must(i && i < FEW_PAGES);
	newest = t->pool.newest;
	for (i = 0; i < 3; i++)
		crash_step(work, 2 + 16 * i);
	crash_step(work, 4);
	crash_step(work, 15);
	kmemp_pool_retire(&t->pool);
	must(t->pool.newest == newest + 5 && add_pages(work, i));
}

/* Every object is overwritten where it begins, and then removed. */
static bool still_works(struct record *record)
{
	struct kmemp_extent extent;
	struct test_pool t;
	bool good = true;
	u64 id = 0;

	if (test_open(&t, record, false))
		return false;
	fill_ram(&t);
	for (; good && !kmemp_pool_next_object(&t.pool, &id); id++)
		if (!kmemp_pool_next_extent(&t.pool, id, 0, 1ULL << 30,
					    &extent))
			good = !map_page(&t, id, extent.offset);
	for (id = 0; good && !kmemp_pool_next_object(&t.pool, &id); id++)
		good = !remove_object(&t, id);
	good = good && !test_check(&t.pool, !crash_quiet) && !t.bad_gives;
	test_close(&t);
	return good;
}

bool crash_min_judge(struct record *record, struct crash_range range, u64 *seq)
{
	u64 start = record->nr, outcomes = crash_stats.outcomes, after;
	bool good;

	if (!crash_judge(record, range, seq))
		return false;
	if (crash_stats.outcomes == outcomes || record->fail_page)
		return true;
	/* The first time that recovery has left this. */
	after = crash_after;
	good = still_works(record);
	record_undo(record, start);
	crash_after = after;
	if (!good && !crash_quiet)
		fprintf(stderr, "# what is full cannot be overwritten or emptied, batch %llu\n",
			*seq);
	return good;
}
