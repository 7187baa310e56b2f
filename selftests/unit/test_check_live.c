// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of a pool that is in use: it sees what a crash of one moment would
 * leave, stores nothing, lets lookups and commits go on, and the pool is none the
 * worse for it. Pages that are given back are overwritten with nonsense, as
 * whoever has RAM does, but for those that the host keeps while it runs.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096ULL

static struct record record;
static struct test_pool t;

/* A second way to the medium, that cannot store. */
static struct kmemp_media view;
static u64 nr_reads, nr_lookups;

/* What the host does while it is verified. */
static bool keeps;
static struct kmemp_run kept[1u << 16];
static u32 nr_kept;

/*
 * How much is committed at each so manieth read, and how often that was done;
 * and how many large records are put at once.
 */
static u32 burst, every, nr_puts;
static u64 nr_bursts;

/* Commits beside one check: the pages that they free are kept. */
#define MOST_COMMITS	2000u

static void give(void *arg, u64 page, u64 count)
{
	(void)arg;
	if (keeps) {
		if (nr_kept == ARRAY_SIZE(kept))
			abort();
		kept[nr_kept++] = (struct kmemp_run){ page, count };
		return;
	}
	memset(record.base + (page << KMEMP_PAGE_SHIFT), 0x5a,
	       count << KMEMP_PAGE_SHIFT);
	test_give(&t, page, count);
}

static void release(void)
{
	keeps = false;
	while (nr_kept) {
		nr_kept--;
		give(NULL, kept[nr_kept].page, kept[nr_kept].count);
	}
}

static int take_pages(void *arg, u64 *pages, u32 nr, bool adds)
{
	u32 i;

	(void)arg;
	(void)adds;
	for (i = 0; i < nr; i++) {
		pages[i] = test_take(&t, 1);
		if (!pages[i])
			abort();
	}
	return 0;
}

static void put_back(void *arg, const u64 *pages, u32 nr)
{
	(void)arg;
	while (nr)
		test_give(&t, pages[--nr], 1);
}

static const struct kmemp_page_source source = {
	.take = take_pages,
	.put_back = put_back,
	.give = give,
};

static int map(u64 object, u64 offset, bool queue)
{
	struct kmemp_extent extent = {
		.offset = offset, .page = test_take(&t, 1), .count = 1,
	};
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	int ret;

	ret = kmemp_batch_map(batch, object, &extent);
	return ret ?: queue ? test_queue(batch) : test_commit(batch);
}

static int put(u64 object, u32 number, size_t len)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	u8 value[KMEMP_MAX_VALUE];
	int ret;

	memset(value, number, sizeof(value));
	ret = kmemp_batch_put(batch, object, 7, &number, sizeof(number), value,
			      len);
	return ret ?: test_commit(batch);
}

static int remove_object(u64 object)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	int ret;

	ret = kmemp_batch_remove(batch, object);
	return ret ?: test_commit(batch);
}

/* Something of everything, so that pages are freed and used again. */
static void commit_some(u32 nr)
{
	static u64 turn;
	int ret = 0;

	for (; nr && !ret; nr--, turn++) {
		u64 object = ID + rnd(4);

		switch (rnd(8)) {
		case 0:
			ret = put(object, rnd(50), 1 + rnd(KMEMP_MAX_VALUE));
			break;
		case 1:
			ret = rnd(50) ? 0 : remove_object(object);
			break;
		case 2:
			ret = kmemp_queue_run(&t.pool, rnd(2));
			ret = ret < 0 ? ret : 0;
			break;
		case 3:
			ret = turn % 64 ? 0 : kmemp_pool_retire(&t.pool);
			break;
		default:
			ret = map(object, 3 * rnd(500), rnd(2));
		}
	}
	if (ret)
		abort();
}

/* Now and then somebody else looks something up, or commits. */
static int view_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct kmemp_extent extent;

	(void)media;
	if (nr_reads % 16 == 0)
		nr_lookups += !kmemp_pool_next_extent(&t.pool, ID, 0, 1,
						      &extent);
	if (burst && nr_reads % every == 0 &&
	    burst * nr_bursts < MOST_COMMITS) {
		commit_some(burst);
		nr_bursts++;
	}
	for (; nr_puts; nr_puts--)
		if (put(ID + 8, nr_puts, KMEMP_MAX_VALUE))
			abort();
	nr_reads++;
	return kmemp_media_read(&record.media, pos, dst, len);
}

static const struct kmemp_media_ops view_ops = { .read = view_read };

struct found {
	unsigned int nr;
	enum kmemp_severity worst;
};

static void take(void *arg, enum kmemp_severity severity, u64 object, u64 pos,
		 const char *text)
{
	struct found *found = arg;

	(void)object;
	(void)pos;
	(void)text;
	found->nr++;
	found->worst = max(found->worst, severity);
}

static int check(struct found *found)
{
	const struct kmemp_findings findings = {
		.finding = take,
		.arg = found,
	};

	memset(found, 0, sizeof(*found));
	nr_reads = 0;
	nr_lookups = 0;
	nr_bursts = 0;
	return kmemp_pool_check_live(&t.pool, &view, &findings);
}

/* The same, with so many commits at each so manieth read. */
static int check_beside(struct found *found, u32 nr, u32 reads)
{
	int ret;

	keeps = true;
	burst = nr;
	every = reads;
	ret = check(found);
	burst = 0;
	release();
	return ret;
}

static void test_commits(const char *name)
{
	unsigned int round, wrong = 0;
	u64 done = 0, newest;
	struct found found;
	int ret;

	for (round = 0; round < 20; round++) {
		newest = t.pool.newest;
		ret = check_beside(&found, 1 + rnd(20), 1 + rnd(40));
		wrong += ret || found.worst > KMEMP_NOTE ||
			 t.pool.newest == newest;
		done += nr_bursts;
	}
	tap_ok(!wrong && done > 100,
	       "%s: nothing is found beside commits (%u of %u rounds wrong)",
	       name, wrong, round);

	/* Each read finds another state than the one before. */
	ret = check_beside(&found, 3, 1);
	tap_ok(!ret && found.worst <= KMEMP_NOTE,
	       "%s: nor beside commits at each read", name);

	/* The damage of that moment, though it is overwritten at once. */
	record.base[POOL_BYTES - KMEMP_PAGE_SIZE + KMEMP_SB_STATE_OFFSET] ^= 4;
	ret = check_beside(&found, 200, 1000000);
	tap_ok(!ret && found.worst == KMEMP_MENDED,
	       "%s: what was wrong at that moment is found", name);
	tap_ok(!kmemp_pool_confirm(&t.pool) && !check(&found) &&
	       found.worst <= KMEMP_NOTE, "%s: and is not any more", name);
}

/* More than there is memory to copy while nobody reads. */
static void test_lost(const char *name)
{
	struct found found;
	int ret, again;

	keeps = true;
	nr_puts = 5000;
	ret = check(&found);
	release();
	again = check(&found);
	tap_ok(ret == -EBUSY, "%s: too much is committed: it is told", name);
	tap_ok(!again && found.worst <= KMEMP_NOTE,
	       "%s: when less is, it is verified", name);
}

static void test_format_of(u32 type, const char *name)
{
	u64 stores, newest, i, copy = POOL_BYTES - KMEMP_PAGE_SIZE;
	struct found found;
	unsigned long nth;
	int ret = 0, wrong = 0;

	test_begin(&t, &record, type, POOL_BYTES);
	view = (struct kmemp_media){
		.ops = &view_ops, .size = POOL_BYTES, .readonly = true,
	};
	for (i = 0; i < 300 && !ret; i++)
		ret = map(ID, 3 * i, i % 3 == 0);
	tap_ok(!ret, "%s: in use", name);
	newest = t.pool.newest;
	ret = check(&found);
	tap_ok(!ret && !found.nr && t.pool.newest >= newest,
	       "%s: nothing is found", name);
	tap_ok(nr_lookups, "%s: lookups go on meanwhile", name);
	stores = record.media.counts.stores;
	ret = check(&found);
	tap_ok(!ret && record.media.counts.stores == stores,
	       "%s: nothing is stored", name);

	/* What the medium has become, whatever the pool keeps in mind. */
	record.base[copy + 100] ^= 4;
	ret = check(&found);
	tap_ok(!ret && found.nr == 1 && found.worst == KMEMP_MENDED,
	       "%s: a damaged copy is found", name);
	record.base[100] ^= 4;
	ret = check(&found);
	tap_ok(!ret && found.worst == KMEMP_FATAL,
	       "%s: what the next bind refuses is found", name);
	record.base[100] ^= 4;
	record.base[copy + 100] ^= 4;

	for (nth = 1; nth < 2000; nth++) {
		shim_fail_nth = nth;
		ret = check(&found);
		if (shim_fail_nth)
			break;
		wrong += ret != -ENOMEM || found.worst > KMEMP_NOTE;
	}
	shim_fail_nth = 0;
	tap_ok(!wrong && nth > 1 && nth < 2000,
	       "%s: each of %lu allocations failing", name, nth - 1);
	tap_ok(!map(ID, 5000, false) && !check(&found) && !found.nr,
	       "%s: the pool goes on", name);
	kmemp_pool_set_source(&t.pool, &source, NULL);
	test_commits(name);
	test_lost(name);
	ret = 0;
	test_close(&t);
	tap_ok(!test_open(&t, &record, true) && !test_check(&t.pool, true) &&
	       test_partition(&t), "%s: it is sound when it is opened again",
	       name);
	test_end(&t);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++)
		test_format_of(crash_formats[i].type, crash_formats[i].name);
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
