// SPDX-License-Identifier: GPL-2.0
/*
 * What seldom happens to a pool, over each format: arguments that are out of
 * range, a pool that may not be written, a device that is larger than its pool,
 * things done twice, records of the core's own that are not as they should be.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096u

static struct record record;
static struct test_pool t;

static void begin(void)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
}

static struct kmemp_batch *new_batch(void)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	if (!batch)
		abort();
	return batch;
}

/* One page of an object. */
static struct kmemp_batch *one_page(void)
{
	struct kmemp_extent extent = { .page = test_take(&t, 1), .count = 1 };
	struct kmemp_batch *batch = new_batch();

	if (kmemp_batch_map(batch, ID, &extent))
		abort();
	return batch;
}

static int map_one(void)
{
	return test_commit(one_page());
}

static unsigned int heard;

static void listen(void)
{
	heard++;
}

static void test_registry(void)
{
	const struct kmemp_format_ops *ops;
	struct kmemp_format_ops other;

	ops = kmemp_format_get_by_name(crash_format->name);
	tap_ok(ops && ops == kmemp_format_get(crash_format->type) &&
	       !kmemp_format_get_by_name("nothing") && !kmemp_format_get(77777),
	       "%s: found by name and by number", crash_format->name);
	tap_ok(kmemp_format_register(ops) == -EEXIST, "it is there once");
	other = *ops;
	other.type = 77777;
	tap_ok(kmemp_format_register(&other) == -EEXIST, "so is its name");
	other.name = "other";
	other.mark_bad = (int (*)(struct kmemp_pool *, u64))listen;
	tap_ok(kmemp_format_register(&other) == -EINVAL,
	       "a format keeps objects, or bad pages");
	other.mark_bad = NULL;
	other.retire = NULL;
	tap_ok(kmemp_format_register(&other) == -EINVAL,
	       "one that keeps objects has all that it takes");
	other.retire = ops->retire;
	kmemp_format_set_listener(listen);
	heard = 0;
	shim_fail_nth = 1;
	tap_ok(kmemp_format_register(&other) == -ENOMEM && !heard,
	       "no memory, not registered");
	tap_ok(!kmemp_format_register(&other) && heard == 1 &&
	       kmemp_format_get(77777) == &other, "the listener is told");
	kmemp_format_set_listener(NULL);
	kmemp_format_unregister(&other);
	kmemp_format_unregister(&other);
	tap_ok(!kmemp_format_get(77777), "gone");
}

static bool refuses_extent(struct kmemp_batch *batch, u64 offset, u64 page,
			   u32 count, u8 flags)
{
	const struct kmemp_extent extent = {
		.offset = offset, .page = page, .count = count, .flags = flags,
	};

	return kmemp_batch_map(batch, ID, &extent) == -EINVAL;
}

static void test_arguments(void)
{
	static const u64 no_objects[] = {
		0, KMEMP_OBJ_SHARING, KMEMP_OBJ_MAX + 1
	};
	const struct kmemp_extent extent = { .page = 9, .count = 1 };
	u8 bytes[KMEMP_MAX_VALUE + 1] = {};
	struct kmemp_batch *batch;
	u64 pages, i;
	bool good = true;
	int ret = 0;

	begin();
	batch = new_batch();
	for (i = 0; i < ARRAY_SIZE(no_objects); i++) {
		u64 id = no_objects[i];

		good &= kmemp_batch_put(batch, id, 1, "a", 1, "b", 1) ==
			-EINVAL;
		good &= kmemp_batch_del(batch, id, 1, "a", 1) == -EINVAL;
		good &= kmemp_batch_map(batch, id, &extent) == -EINVAL;
		good &= kmemp_batch_unmap(batch, id, 0, 1) == -EINVAL;
		good &= kmemp_batch_remove(batch, id) == -EINVAL;
	}
	tap_ok(good, "what is no object's id");
	pages = kmemp_pool_pages(&t.pool);
	tap_ok(refuses_extent(batch, 0, 9, 0, 0) &&
	       refuses_extent(batch, KMEMP_MAX_OBJECT_PAGES, 9, 1, 0) &&
	       refuses_extent(batch, KMEMP_MAX_OBJECT_PAGES - 1, 9, 2, 0) &&
	       refuses_extent(batch, 0, 0, 1, 0) &&
	       refuses_extent(batch, 0, pages - 1, 1, 0) &&
	       refuses_extent(batch, 0, pages - 2, 2, 0) &&
	       refuses_extent(batch, 0, 9, 1, 0x80), "what is no extent");
	tap_ok(kmemp_batch_unmap(batch, ID, 0, 0) == -EINVAL &&
	       kmemp_batch_unmap(batch, ID, KMEMP_MAX_OBJECT_PAGES, 1) ==
	       -EINVAL &&
	       kmemp_batch_unmap(batch, ID, KMEMP_MAX_OBJECT_PAGES - 1, 2) ==
	       -EINVAL, "what is no range");
	tap_ok(kmemp_batch_put(batch, ID, 1, bytes, KMEMP_MAX_NAME + 1, bytes,
			       0) == -ENAMETOOLONG &&
	       kmemp_batch_put(batch, ID, 1, bytes, 0, bytes,
			       KMEMP_MAX_VALUE + 1) == -ENAMETOOLONG,
	       "names and values that are too long");
	for (i = 0; i < 5000 && !ret; i++)
		ret = kmemp_batch_put(batch, ID, 1, &i, sizeof(i), bytes, 96);
	tap_ok(ret == -E2BIG && i > 100 && i < 5000, "a batch that is full");
	i = 0;
	tap_ok(kmemp_batch_put(batch, ID, 1, &i, sizeof(i), bytes, 1000) ==
	       -E2BIG && !kmemp_batch_put(batch, ID, 1, &i, sizeof(i), bytes, 8),
	       "has room for less of the same record, not for more");
	kmemp_batch_free(batch);
	batch = new_batch();
	tap_ok(!test_commit(batch), "an empty batch");
	kmemp_batch_free(NULL);
	test_end(&t);
}

static void test_readonly(void)
{
	struct kmemp_batch *batch;
	u64 id;

	begin();
	map_one();
	tap_ok(kmemp_pool_set_limits(&t.pool, 1 << 30, 0) == -EINVAL &&
	       kmemp_pool_set_limits(&t.pool, 0, 1 << 30) == -EINVAL &&
	       kmemp_pool_set_limits(&t.pool, 5, 4) == -EINVAL &&
	       kmemp_pool_mark_bad(&t.pool, 1 << 30) == -EINVAL,
	       "limits and pages that the pool has not");
	test_close(&t);
	if (test_open(&t, &record, true))
		abort();
	batch = new_batch();
	kmemp_batch_remove(batch, ID);
	tap_ok(test_commit(batch) == -EROFS &&
	       kmemp_pool_set_limits(&t.pool, 1, 0) == -EROFS &&
	       kmemp_pool_mark_bad(&t.pool, 99) == -EROFS &&
	       kmemp_queue_run(&t.pool, true) == -EROFS &&
	       kmemp_pool_confirm(&t.pool) == -EROFS &&
	       kmemp_pool_retire(&t.pool) == -EROFS &&
	       kmemp_pool_new_id(&t.pool, &id) < 0 &&
	       !kmemp_pool_sync(&t.pool), "nothing changes a pool opened to read");
	test_end(&t);
}

static void test_larger_device(void)
{
	const u64 pages = POOL_BYTES >> KMEMP_PAGE_SHIFT;
	u64 last = 2 * pages - 1;

	if (record_init(&record, 2 * POOL_BYTES))
		abort();
	record.off = true;
	if (test_format_part(&record, crash_format->type, pages) ||
	    test_open(&t, &record, false))
		abort();
	tap_ok(!map_one() && kmemp_pool_pages(&t.pool) == pages &&
	       test_agrees(&t) && t.used[last],
	       "a pool that is smaller than its device uses the last page of it");
	test_close(&t);
	record.base[(last << KMEMP_PAGE_SHIFT) + 8] ^= 1;
	if (test_open(&t, &record, true))
		abort();
	tap_ok(test_check(&t.pool, false) == 1, "a check finds it damaged");
	test_close(&t);
	if (test_open(&t, &record, false))
		abort();
	tap_ok(!test_check(&t.pool, true), "opening mends it");
	test_end(&t);
}

static void test_twice(void)
{
	u64 page, was;

	begin();
	page = test_take(&t, 1);
	if (kmemp_pool_mark_bad(&t.pool, page))
		abort();
	was = t.pool.newest;
	tap_ok(!kmemp_pool_mark_bad(&t.pool, page) &&
	       t.pool.newest == was, "a page is bad once");
	tap_ok(!kmemp_pool_set_limits(&t.pool, t.pool.super.data_min,
				      t.pool.super.data_max),
	       "the same limits again");
	test_end(&t);
}

/* Mapped before what it goes on into. */
static void test_neighbours(void)
{
	struct kmemp_extent extent = { .count = 2 }, found;
	u64 page;
	int ret = 0, i;

	begin();
	page = test_take(&t, 4);
	for (i = 2; i >= 0 && !ret; i -= 2) {
		struct kmemp_batch *batch = new_batch();

		extent.offset = i;
		extent.page = page + i;
		ret = kmemp_batch_map(batch, ID, &extent) ?:
		      kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
	}
	test_crash(&t);
	tap_ok(!ret && !kmemp_pool_next_extent(&t.pool, ID, 0, 9, &found) &&
	       !found.offset && found.page == page && found.count == 4 &&
	       !test_check(&t.pool, true), "neighbours are one extent");
	test_end(&t);
}

/*
 * What deletes from an object that is not there needs nothing; who makes the
 * object behind it, far from all others, needs all of it.
 */
static void test_from_nothing(void)
{
	struct kmemp_extent extent = { .count = 1 };
	unsigned int i;
	int ret = 0;

	begin();
	ret = map_one();
	for (i = 0; i < 4 && !ret; i++) {
		struct kmemp_batch *batch = new_batch();
		u64 id = KMEMP_OBJ_MAX >> 9 * i;

		if (i % 2)
			ret = kmemp_batch_unmap(batch, id, 0, 7);
		else
			ret = kmemp_batch_del(batch, id, 1, "a", 1);
		if (i > 1) {
			extent.page = test_take(&t, 1);
			ret = ret ?: kmemp_batch_map(batch, id, &extent);
		} else {
			ret = ret ?: kmemp_batch_put(batch, id, 1, "b", 1, "c", 1);
		}
		if (test_commit(batch))
			ret = -EIO;
	}
	tap_ok(!ret && !test_check(&t.pool, true) && test_agrees(&t),
	       "objects made by batches that begin with a deletion");
	test_end(&t);
}

/*
 * More than a ring of redo has room for, in batches of many sizes, so that some
 * lie across its end; each time the pool has lost what was in DRAM.
 */
static void test_round(void)
{
	unsigned int round, i, wrong = 0;
	u64 before, newest;
	int ret = 0, err, again;

	begin();
	for (round = 0; round < 390 && !ret; round++) {
		struct kmemp_batch *batch = new_batch();

		for (i = 0; i < 180 + round % 31; i++) {
			struct kmemp_extent extent = {
				.offset = 3 * (i * 37 % 400), .count = 1,
				.page = test_take(&t, 1),
			};

			ret = ret ?: kmemp_batch_map(batch, ID, &extent);
		}
		ret = test_commit(batch);
		if (round % 16)
			continue;
		before = test_digest(&t.pool, &err);
		newest = t.pool.newest;
		/* Closing would retire what redo is to be done of. */
		t.pool.readonly = true;
		test_crash(&t);
		wrong += before != test_digest(&t.pool, &again) || err || again;
		/* What was stored in place may be there without redo. */
		wrong += t.pool.newest != newest;
	}
	tap_ok(!ret && !wrong && !test_check(&t.pool, true) && test_agrees(&t),
	       "%u batches, opened anew now and then", round);
	test_end(&t);
}

static void test_window(void)
{
	const u64 pages = POOL_BYTES >> KMEMP_PAGE_SHIFT;
	unsigned long nth, without = 0;
	int ret;

	for (nth = 1; nth < 100; nth++) {
		struct kmemp_batch *batch;

		begin();
		kmemp_pool_set_window(&t.pool, 512, ~0ULL);
		batch = one_page();
		shim_fail_nth = nth;
		ret = test_commit(batch);
		if (shim_fail_nth)
			break;
		without += !ret && !t.pool.super.window_pages;
		test_end(&t);
	}
	shim_fail_nth = 0;
	tap_ok(without == 1, "a window that cannot be written is left out");
	tap_ok(!ret && t.pool.super.window_page == 512 &&
	       t.pool.super.window_pages == pages - 512,
	       "otherwise the first commit writes it");
	test_end(&t);
	begin();
	kmemp_pool_set_window(&t.pool, pages, ~0ULL);
	tap_ok(!map_one() && !t.pool.super.window_pages,
	       "a window behind the pool is none");
	test_end(&t);
}

/* What only a forged medium, or another version, has. */
static void test_records(void)
{
	struct kmemp_batch *batch;
	u64 id;

	begin();
	batch = new_batch();
	if (kmemp_batch_put(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_SETTING,
			    KMEMP_SETTING_NEXT_ID,
			    strlen(KMEMP_SETTING_NEXT_ID), "short", 5) ||
	    test_commit(batch))
		abort();
	tap_ok(kmemp_pool_new_id(&t.pool, &id) == -EUCLEAN &&
	       test_check(&t.pool, false) == 1, "a mark of ids that is short");
	test_end(&t);

	begin();
	batch = new_batch();
	if (kmemp_batch_put(batch, ID, 1, "a", 1, "b", 1))
		abort();
	((struct kmemp_change *)batch->changes)->object = KMEMP_OBJ_SHARING;
	if (test_commit(batch))
		abort();
	test_close(&t);
	tap_ok(test_open(&t, &record, false) &&
	       t.pool.verdict.code == KMEMP_REFUSE_INCOMPAT,
	       "shared pages are refused");
	record_free(&record);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		test_registry();
		test_arguments();
		test_readonly();
		test_larger_device();
		test_twice();
		test_neighbours();
		test_from_nothing();
		test_round();
		test_window();
		test_records();
	}
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
