// SPDX-License-Identifier: GPL-2.0
/*
 * Batches that are out of bounds, too many for the pool, or whose memory fails,
 * and what commits cost, over every format with objects.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "sample.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)

/* The one that is tested now. */
static const struct sample_format *format;

/* A pool with something of every kind in it. */
static void fill(struct test_pool *t)
{
	unsigned int i;

	for (i = 0; i < 12; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
		u64 id = 4096 + i % 3 * 1000;
		unsigned int k;

		sample_map(t, batch, id, i * 1024, i % 2 ? 512 : 3, 0);
		for (k = 0; k < 10; k++) {
			u8 name[255], value[1024];

			memset(name, i, sizeof(name));
			name[0] = k;
			memset(value, k, sizeof(value));
			kmemp_batch_put(batch, id, k % 2, name, 1 + k * 20,
					value, k == 9 ? 1024 : k * 3);
		}
		if (kmemp_batch_commit(batch))
			exit(2);
		kmemp_batch_free(batch);
	}
}

static void make(struct record *record, struct test_pool *t)
{
	record_init(record, POOL_BYTES);
	record->off = true;
	if (test_format(record, format->type) ||
	    test_open(t, record, false))
		exit(2);
	fill(t);
}

static void test_limits(void)
{
	struct kmemp_extent extent = { .page = 1000, .count = 1 };
	struct kmemp_batch *batch;
	struct record record;
	struct test_pool t;
	u8 name[256] = {}, value[1025] = {};
	unsigned int i;
	u64 before;
	int ret, err;

	make(&record, &t);
	before = test_digest(&t.pool, &err);
	batch = kmemp_batch_new(&t.pool);
	tap_ok(kmemp_batch_put(batch, 4096, 0, name, 256, value, 1) ==
	   -ENAMETOOLONG, "name of 256 bytes");
	tap_ok(kmemp_batch_put(batch, 4096, 0, name, 1, value, 1025) ==
	   -ENAMETOOLONG, "value of 1025 bytes");
	tap_ok(kmemp_batch_put(batch, 0, 0, name, 1, value, 1) == -EINVAL &&
	   kmemp_batch_remove(batch, KMEMP_OBJ_MAX + 1) == -EINVAL &&
	   kmemp_batch_remove(batch, KMEMP_OBJ_SHARING) == -EINVAL,
	   "object ids out of range");
	extent.offset = KMEMP_MAX_OBJECT_PAGES;
	tap_ok(kmemp_batch_map(batch, 4096, &extent) == -EINVAL, "offset too far");
	extent.offset = KMEMP_MAX_OBJECT_PAGES - 1;
	extent.count = 2;
	tap_ok(kmemp_batch_map(batch, 4096, &extent) == -EINVAL, "end too far");
	extent.offset = 0;
	extent.page = t.nr_pages - 2;
	tap_ok(kmemp_batch_map(batch, 4096, &extent) == -EINVAL,
	   "superblock's copy");
	extent.page = 0;
	tap_ok(kmemp_batch_map(batch, 4096, &extent) == -EINVAL, "superblock page");
	extent.page = 1000;
	extent.flags = 0x80;
	tap_ok(kmemp_batch_map(batch, 4096, &extent) == -EINVAL, "unknown flag");
	tap_ok(kmemp_batch_unmap(batch, 4096, 5, 0) == -EINVAL, "empty range");
	ret = 0;
	for (i = 0; i < 100 && !ret; i++)
		ret = kmemp_batch_put(batch, 4096, 0, &i, 4, value, 1024);
	tap_ok(ret == -E2BIG && i == 63, "batch of 64 KiB is full (%u puts)", i);
	for (i = 0; i < 100; i++)
		ret = kmemp_batch_put(batch, 4096, 0, &(u32){ 1 }, 4, value, 8);
	tap_ok(!ret, "puts of one record coalesce");
	kmemp_batch_free(batch);

	batch = kmemp_batch_new(&t.pool);
	extent.flags = 0;
	extent.count = 1;
	extent.page = test_take(&t, 1);
	kmemp_batch_map(batch, 4096, &extent);
	extent.offset = 77;
	kmemp_batch_map(batch, 4096, &extent);
	tap_ok(kmemp_batch_commit(batch) == -EINVAL, "one page at two places");
	kmemp_batch_free(batch);
	tap_ok(test_digest(&t.pool, &err) == before && !err && !t.pool.failed,
	   "nothing changed by what was refused");
	test_close(&t);
	record_free(&record);
}

/* Fill it to the last page: overwriting and removing go on. */
static void test_full(void)
{
	struct record record;
	struct test_pool t;
	unsigned long batches = 0, over = 0;
	u64 offset = 0, page;
	int ret = 0;

	make(&record, &t);
	t.withheld = kmemp_pool_reserve(&t.pool, t.nr_pages);
	while (!ret) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		struct kmemp_extent extent = { .offset = offset, .count = 64 };

		extent.page = t.nr_free > t.withheld ? test_take(&t, 64) : 0;
		ret = extent.page ? kmemp_batch_map(batch, 9000, &extent) :
				    -ENOSPC;
		if (!ret)
			ret = kmemp_batch_commit(batch);
		if (ret && extent.page)
			test_give(&t, extent.page, 64);
		kmemp_batch_free(batch);
		offset += 64;
		batches += !ret;
	}
	tap_ok(ret == -ENOSPC && batches > 100, "full after %lu batches", batches);
	for (ret = 0; over < 500 && !ret; over++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		struct kmemp_extent extent = {
			.offset = over * 7919 % (batches * 64), .count = 1,
			.page = test_take(&t, 1),
		};

		page = extent.page;
		ret = page ? kmemp_batch_map(batch, 9000, &extent) : -ENOSPC;
		if (!ret)
			ret = kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
	}
	tap_ok(!ret, "500 overwrites in a full pool (%d)", ret);
	for (offset = 0; offset < batches * 64 && !ret; offset += 320) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		kmemp_batch_unmap(batch, 9000, offset, 320);
		ret = kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
	}
	tap_ok(!ret && !test_check(&t.pool, true), "and then all is removed (%d)",
	   ret);
	test_close(&t);
	record_free(&record);
}

/* Fail each allocation in turn: nothing leaks, nothing changes. */
static void test_nomem(void)
{
	unsigned long opens = 0, commits = 0, leaks = 0, changes = 0;
	struct record record;
	struct test_pool t;
	long before;
	u64 digest;
	int ret, err;

	make(&record, &t);
	for (;;) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		digest = test_digest(&t.pool, &err);
		sample_map(&t, batch, 7000, 5, 600, 0);
		kmemp_batch_put(batch, 7000, 1, "x", 1, "y", 1);
		kmemp_batch_unmap(batch, 4096, 0, 2);
		kmemp_batch_remove(batch, 5096);
		before = shim_nr_allocated;
		shim_fail_nth = ++commits;
		ret = kmemp_batch_commit(batch);
		shim_fail_nth = 0;
		if (ret) {
			changes += test_digest(&t.pool, &err) != digest;
			changes += ret != -ENOMEM || t.pool.failed;
		}
		kmemp_batch_free(batch);
		if (!ret)
			break;
		if (commits > 1000)
			break;
	}
	tap_ok(!ret && !changes, "commit with each of %lu allocations failing",
	   commits - 1);
	test_close(&t);
	before = shim_nr_allocated;
	do {
		shim_fail_nth = ++opens;
		ret = kmemp_pool_open(&t.pool, &record.media, false);
		shim_fail_nth = 0;
		leaks += ret && shim_nr_allocated != before;
		changes += ret && ret != -ENOMEM &&
			   t.pool.verdict.code != KMEMP_REFUSE_NO_MEMORY;
		if (ret)
			memset(&t.pool, 0, sizeof(t.pool));
	} while (ret && opens < 1000);
	tap_ok(!ret && !leaks && !changes, "open with each of %lu failing",
	   opens - 1);
	kmemp_pool_close(&t.pool);
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	record_free(&record);
}

static int commit_one(struct test_pool *t, u64 offset)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret;

	sample_map(t, batch, 4096, offset, 1, 0);
	ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

/* Where RAM was, as the first commit of a pool's life leaves it. */
static void test_window(void)
{
	const struct kmemp_super *super;
	struct record record;
	struct test_pool t;
	u64 fences, end;
	int ret;

	record_init(&record, POOL_BYTES);
	record.off = true;
	if (test_format(&record, format->type) ||
	    test_open(&t, &record, false))
		exit(2);
	super = &t.pool.super;
	end = super->pool_pages;
	tap_ok(!super->window_page && !super->window_pages,
	       "no window before the first commit");
	/* ends behind the pool, as where the device is larger */
	kmemp_pool_set_window(&t.pool, 512, end + 100);
	ret = commit_one(&t, 1);
	fences = record.media.counts.fences;
	ret = ret ?: commit_one(&t, 2);
	fences = record.media.counts.fences - fences;
	test_close(&t);
	if (test_open(&t, &record, false))
		exit(2);
	tap_ok(!ret && super->window_page == 512 &&
	       super->window_pages == end - 512,
	       "the first commit leaves the window on the medium");
	tap_ok(fences == 1, "the next one needs one fence");
	kmemp_pool_set_window(&t.pool, 1024, end);
	ret = commit_one(&t, 3);
	test_close(&t);
	if (test_open(&t, &record, false))
		exit(2);
	tap_ok(!ret && super->window_page == 512,
	       "later ones of another window leave it as it is");
	test_close(&t);
	record_free(&record);
}

/* Fences and flushed lines, counted. */
static void test_counts(void)
{
	struct kmemp_media_counts was;
	struct record record;
	struct test_pool t;
	unsigned int i, wrong = 0;
	u64 lines[3] = {}, most = 0;

	make(&record, &t);
	for (i = 0; i < 300; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u8 value[128] = { i };
		u64 count;

		switch (i % 3) {
		case 0:
			sample_map(&t, batch, 4096, 5, 1, 0);
			break;
		case 1:
			sample_map(&t, batch, 4096, 6, 1, 0);
			kmemp_batch_put(batch, 4096, 3, "inode", 5, value, 128);
			break;
		case 2:
			kmemp_batch_put(batch, 4096, 4, &i, 4, value, 16);
			kmemp_batch_put(batch, 6000 + i, 3, "inode", 5, value,
					128);
			kmemp_batch_put(batch, 4096, 3, "inode", 5, value, 128);
			break;
		}
		was = record.media.counts;
		if (kmemp_batch_commit(batch))
			exit(2);
		kmemp_batch_free(batch);
		count = record.media.counts.lines - was.lines;
		lines[i % 3] += count;
		most = max(most, count);
		wrong += record.media.counts.fences - was.fences != 1;
	}
	tap_ok(!wrong, "exactly one fence per commit (%u of 300 not)", wrong);
	printf("# flushed lines per commit: overwrite 4 KiB %.2f; extent and 128-byte record %.2f; create %.2f; most %llu\n",
	       lines[0] / 100.0, lines[1] / 100.0, lines[2] / 100.0, most);
	tap_ok(most < format->lines, "flushed lines per commit");
	test_close(&t);
	record_free(&record);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < sample_nr_formats; i++) {
		format = &sample_formats[i];
		if (!format->lines)
			continue;
		tap_diag("%s", format->name);
		test_window();
		test_counts();
		test_limits();
		test_full();
		test_nomem();
	}
	return tap_done();
}
