// SPDX-License-Identifier: GPL-2.0
/*
 * The queue: what is staged is seen at once, durable together, and lost only
 * with the medium.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "core.h"
#include "each_format.h"
#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096ULL

/* A medium whose fences can be intercepted. */
static struct kmemp_media_ops hooked;
static const struct kmemp_media_ops *unhooked;
static void (*on_fence)(void);

static void hook_fence(struct kmemp_media *media)
{
	void (*fn)(void) = on_fence;

	on_fence = NULL;
	if (fn)
		fn();
	unhooked->fence(media);
}

static struct record record;
static struct test_pool t;

static void begin(void)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	unhooked = record.media.ops;
	hooked = *unhooked;
	hooked.fence = hook_fence;
	record.media.ops = &hooked;
}

static void map_pages(struct kmemp_batch *batch, u64 id, u64 offset, u64 page,
		      u32 count)
{
	struct kmemp_extent extent = {
		.offset = offset, .page = page, .count = count,
	};

	if (!page || kmemp_batch_map(batch, id, &extent))
		exit(2);
}

static void put(struct kmemp_batch *batch, u64 id, u32 name, u32 value,
		u32 value_len)
{
	u8 bytes[KMEMP_MAX_VALUE];

	memset(bytes, value, sizeof(bytes));
	if (kmemp_batch_put(batch, id, 1, &name, sizeof(name), bytes,
			    value_len))
		exit(2);
}

/* One change in a batch of its own. */
static int queue_map(u64 id, u64 offset, u64 page, u32 count)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	map_pages(batch, id, offset, page, count);
	return test_queue(batch);
}

static int queue_unmap(u64 id, u64 offset, u32 count)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	kmemp_batch_unmap(batch, id, offset, count);
	return test_queue(batch);
}

static int queue_put(u64 id, u32 name, u32 value)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	put(batch, id, name, value, 8);
	return test_queue(batch);
}

static int queue_del(u64 id, u32 name)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	kmemp_batch_del(batch, id, 1, &name, sizeof(name));
	return test_queue(batch);
}

static bool extent_is(u64 id, u64 from, u64 offset, u64 page, u32 count)
{
	struct kmemp_extent extent;

	return !kmemp_pool_next_extent(&t.pool, id, from, 1 << 20, &extent) &&
	       extent.offset == offset && extent.page == page &&
	       extent.count == count;
}

static bool no_extent(u64 id, u64 from)
{
	struct kmemp_extent extent;

	return kmemp_pool_next_extent(&t.pool, id, from, 1 << 20, &extent) ==
	       -ENOENT;
}

/* First byte of the value, or the error. */
static int value_of(u64 id, u32 name)
{
	struct kmemp_record key = {
		.kind = 1, .name_len = sizeof(name), .name = (u8 *)&name,
	};
	u8 buffer[KMEMP_RECORD_BUFFER];
	int ret = kmemp_pool_get_record(&t.pool, id, &key, buffer);

	return ret ?: key.value[0];
}

/* Records by iteration: how many, and the sum of their first bytes. */
static bool records_are(u64 id, unsigned int nr, unsigned int sum)
{
	struct kmemp_record key = {};
	u8 buffer[KMEMP_RECORD_BUFFER];

	while (!kmemp_pool_next_record(&t.pool, id, &key, buffer)) {
		nr--;
		sum -= key.value[0];
		if (!++key.hash)
			break;
		key.name_len = 0;
	}
	return !nr && !sum;
}

/* Of what is on the medium. */
static u64 durable_digest(void)
{
	struct test_pool other;
	u64 digest;
	int err;

	if (test_open(&other, &record, true))
		return 0;
	digest = test_digest(&other.pool, &err);
	test_close(&other);
	return err ? 0 : digest;
}

static u64 digest(void)
{
	int err;
	u64 hash = test_digest(&t.pool, &err);

	return err ? 0 : hash;
}

static u64 fences(void)
{
	return record.media.counts.fences;
}

static void test_visible(void)
{
	u64 page, other, before, was;

	begin();
	page = test_take(&t, 20);
	other = test_take(&t, 2);
	queue_map(ID, 0, page, 10);
	queue_put(ID, 1, 1);
	queue_put(ID, 2, 2);
	if (kmemp_pool_sync(&t.pool))
		exit(2);
	before = durable_digest();
	was = fences();

	queue_map(ID, 10, page + 10, 10);
	tap_ok(extent_is(ID, 0, 0, page, 20), "staged pages merge with those below");
	queue_map(ID, 3, other, 1);
	tap_ok(extent_is(ID, 0, 0, page, 3) && extent_is(ID, 3, 3, other, 1) &&
	       extent_is(ID, 4, 4, page + 4, 16), "a staged page replaces one");
	queue_unmap(ID, 2, 10);
	tap_ok(extent_is(ID, 0, 0, page, 2) &&
	       extent_is(ID, 2, 12, page + 12, 8), "a staged hole");
	queue_map(ID, 1ULL << 30, other + 1, 1);
	tap_ok(extent_is(ID, 20, 1ULL << 30, other + 1, 1),
	       "a staged extent behind all others");
	queue_put(ID, 2, 20);
	queue_put(ID, 3, 30);
	queue_del(ID, 1);
	tap_ok(value_of(ID, 1) == -ENOENT && value_of(ID, 2) == 20 &&
	       value_of(ID, 3) == 30 && records_are(ID, 2, 50),
	       "staged records, by name and in order");
	queue_put(ID + 7, 1, 1);
	queue_unmap(ID, 0, 1U << 31);
	queue_del(ID, 2);
	queue_del(ID, 3);
	tap_ok(no_extent(ID, 0) && records_are(ID, 0, 0), "staged, all is gone");
	page = 1;
	tap_ok(!kmemp_pool_next_object(&t.pool, &page) && page == ID + 7,
	       "staged, one object ends and one begins");
	tap_ok(durable_digest() != digest() && fences() != was,
	       "the unmapping of much was committed, what came then was not");
	tap_ok(!kmemp_pool_sync(&t.pool) && durable_digest() == digest() &&
	       digest() != before, "durable after sync");
	tap_ok(!test_check(&t.pool, true) && test_agrees(&t) && !t.bad_gives,
	       "pages given and taken are those in use");
	test_end(&t);
}

/* In the fence of a commit: one stage is busy, the open one is over it. */
static u64 busy_page, seen_wrong;

static void while_busy(void)
{
	seen_wrong += !extent_is(ID, 0, 0, busy_page, 4);
	seen_wrong += value_of(ID, 1) != 11 || value_of(ID, 2) != -ENOENT;
	queue_map(ID, 1, busy_page + 4, 1);
	queue_unmap(ID, 3, 1);
	queue_del(ID, 1);
	queue_put(ID, 2, 22);
	seen_wrong += !extent_is(ID, 0, 0, busy_page, 1);
	seen_wrong += !extent_is(ID, 1, 1, busy_page + 4, 1);
	seen_wrong += !extent_is(ID, 2, 2, busy_page + 2, 1);
	seen_wrong += !no_extent(ID, 3);
	seen_wrong += value_of(ID, 1) != -ENOENT || value_of(ID, 2) != 22;
	seen_wrong += !records_are(ID, 1, 22);
}

static void test_busy(void)
{
	u64 now;
	int ret;

	begin();
	/* The epoch begins with fences of its own. */
	queue_put(ID, 1, 1);
	queue_put(ID, 2, 2);
	kmemp_pool_sync(&t.pool);
	busy_page = test_take(&t, 5);
	queue_map(ID, 0, busy_page, 4);
	queue_put(ID, 1, 11);
	queue_del(ID, 2);
	on_fence = while_busy;
	ret = kmemp_pool_sync(&t.pool);
	tap_ok(!ret && !on_fence && !seen_wrong,
	       "lookups see the open stage over the busy one (%llu wrong)",
	       seen_wrong);
	now = digest();
	tap_ok(durable_digest() != now, "what came meanwhile is in the next stage");
	tap_ok(!kmemp_pool_sync(&t.pool) && durable_digest() == now &&
	       digest() == now, "and durable with the next sync");
	tap_ok(test_agrees(&t) && !t.bad_gives,
	       "pages that were replaced meanwhile come back");
	test_end(&t);
}

static int commit_put(u64 id, u32 name, u32 value)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	put(batch, id, name, value, 8);
	return test_commit(batch);
}

static void while_direct(void)
{
	queue_put(ID, 1, 12);
	queue_put(ID, 2, 22);
	seen_wrong += value_of(ID, 1) != 12 || value_of(ID, 2) != 22;
}

static void test_direct(void)
{
	unsigned long nth = 0, waited = 0, wrong = 0;
	u64 stage, newest, now, i;
	bool failed;
	int ret;

	begin();
	queue_put(ID, 1, 1);
	kmemp_pool_sync(&t.pool);
	stage = t.pool.queue->number;
	newest = t.pool.newest;
	tap_ok(!commit_put(ID, 1, 10) && t.pool.queue->number == stage &&
	       t.pool.newest == newest + 1 && durable_digest() == digest(),
	       "where nobody else is, a batch goes by no stage");
	seen_wrong = 0;
	on_fence = while_direct;
	ret = commit_put(ID, 1, 11);
	tap_ok(!ret && !on_fence && !seen_wrong && value_of(ID, 1) == 12 &&
	       t.pool.newest == newest + 2 && t.pool.queue->number == stage,
	       "what comes meanwhile is staged behind it");
	now = digest();
	tap_ok(durable_digest() != now && !commit_put(ID, 3, 3) &&
	       t.pool.newest == newest + 3 && durable_digest() == digest() &&
	       value_of(ID, 1) == 12,
	       "and goes with, and before, the next that is waited for");
	do {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		for (i = 0; i < 80; i++)
			put(batch, ID + i % 8, i << 16 | nth, 4, 400);
		newest = t.pool.newest;
		shim_fail_nth = ++nth;
		ret = kmemp_batch_commit(batch);
		failed = !shim_fail_nth;
		shim_fail_nth = 0;
		wrong += ret && (ret != -ENOMEM || t.pool.newest != newest);
		waited += failed && !ret;
		kmemp_batch_free(batch);
	} while (failed && nth < 100);
	/* A format that has all it needs in hand (log) asks for none at all. */
	tap_ok(!ret && !wrong && (waited || nth == 1) &&
	       durable_digest() == digest() && test_agrees(&t),
	       "for DRAM it waits in a stage (%lu times)", waited);
	test_end(&t);
}

static void test_one_fence(void)
{
	u64 was, newest, i;
	int ret = 0;

	begin();
	queue_put(ID, 0, 0);
	kmemp_pool_sync(&t.pool);
	was = fences();
	newest = t.pool.newest;
	for (i = 0; i < 64 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		map_pages(batch, ID + i, i, test_take(&t, 1), 1);
		put(batch, ID + i, i, i, 100);
		ret = test_queue(batch);
	}
	tap_ok(!ret && fences() == was, "64 batches queued without a fence");
	tap_ok(!kmemp_pool_sync(&t.pool) && fences() == was + 1 &&
	       t.pool.newest == newest + 1 && durable_digest() == digest(),
	       "and made durable by one");
	kmemp_pool_sync(&t.pool);
	tap_ok(fences() == was + 1, "nothing staged, no fence");
	for (i = 0; i < 5000 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		put(batch, ID, 5, i, 1000);
		put(batch, ID, 6, i, i % 1000);
		ret = test_queue(batch);
	}
	tap_ok(!ret && fences() == was + 1, "puts of one record coalesce");
	tap_ok(!kmemp_pool_sync(&t.pool) && fences() == was + 2 &&
	       value_of(ID, 5) == (4999 & 0xff), "the last one is durable");
	for (i = 0; i < 50 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		map_pages(batch, ID, i, test_take(&t, 1), 1);
		ret = test_commit(batch);
	}
	tap_ok(!ret && fences() == was + 52, "one fence for each that is waited for");
	test_end(&t);
}

/* A record that grows again and again leaves behind what it had. */
static void test_growing(void)
{
	u64 newest, now;
	u32 len, name;
	int ret = 0;

	begin();
	queue_put(ID, 0, 0);
	kmemp_pool_sync(&t.pool);
	newest = t.pool.newest;
	for (len = 0; len <= KMEMP_MAX_VALUE && !ret; len += 16) {
		for (name = 1; name <= 2; name++) {
			struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

			put(batch, ID, name, len / 16 + name, len);
			ret = ret ?: test_queue(batch);
		}
	}
	tap_ok(!ret && t.pool.newest == newest + 1,
	       "two records that grow by and by fill a stage, once");
	now = digest();
	tap_ok(value_of(ID, 1) == 65 && value_of(ID, 2) == 66 &&
	       !kmemp_pool_sync(&t.pool) && durable_digest() == now,
	       "and are what they were last");
	for (len = 0; len < 1000 && !ret; len++)
		ret = queue_put(ID, 1, len);
	tap_ok(!ret && t.pool.newest == newest + 2 && value_of(ID, 1) == 0xe7,
	       "one that does not grow fills none");
	test_end(&t);
}

/* How many changes the format is asked about. */
static struct kmemp_format_ops counting;
static const struct kmemp_format_ops *plain;
static u64 asked;

static u32 count_reserve(const struct kmemp_change *changes, u32 nr)
{
	asked += nr;
	return plain->reserve(changes, nr);
}

/* One deletion in @often is of what is also put. */
static int add_random(struct kmemp_batch *batch, u64 *random, u32 often)
{
	u64 id = rnd_of(random, 2) ? ID + rnd_of(random, 4) :
		 KMEMP_OBJ_MAX - ((u64)rnd_of(random, 3) << 40);
	u32 name = rnd_of(random, 12);
	u8 value[300] = {};

	switch (rnd_of(random, 6)) {
	case 0:
		name += rnd_of(random, often) ? 100 : 0;
		return kmemp_batch_del(batch, id, 1, &name, sizeof(name));
	case 1:
		return kmemp_batch_unmap(batch, id, rnd_of(random, 1 << 20), 2);
	case 2:
		map_pages(batch, id, (u64)rnd_of(random, 64) << rnd_of(random, 30),
			  test_take(&t, 1), 1);
		return 0;
	default:
		return kmemp_batch_put(batch, id, 1, &name, sizeof(name), value,
				       rnd_of(random, sizeof(value)));
	}
}

/* Of a stage: the format would say no more, and has it in hand. */
static bool cost_covers(const struct kmemp_stage *stage)
{
	const struct kmemp_batch *batch = &stage->batch;
	struct kmemp_cost cost = kmemp_cost_of(&t.pool, batch->changes,
					       batch->nr_changes);

	return cost.meta <= stage->cost.meta && cost.weight <= stage->cost.weight &&
	       stage->cost.meta <= batch->nr_meta &&
	       batch->nr_meta <= 2 * cost.meta + 200 &&
	       kmemp_cost_fits(&t.pool, stage->cost);
}

static void test_cost(u32 often)
{
	u64 random = 1, nr = 0, wrong = 0, newest, i, told = 0;
	int ret = 0;

	begin();
	queue_put(ID, 1, 1);
	newest = t.pool.newest;
	plain = t.pool.format;
	counting = *plain;
	counting.reserve = count_reserve;
	for (i = 0; i < 3000 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u32 left = 1 + rnd_of(&random, i % 8 ? 4 : 60);

		while (left-- && !ret)
			ret = add_random(batch, &random, often);
		nr += batch->nr_changes;
		t.pool.format = &counting;
		ret = ret ?: kmemp_batch_queue(batch);
		t.pool.format = plain;
		kmemp_batch_free(batch);
		told += asked;
		asked = 0;
		wrong += !cost_covers(t.pool.queue->open);
		/* Pages that were dropped come back. */
		if (i % 500 == 499)
			ret = ret ?: kmemp_pool_retire(&t.pool);
	}
	tap_ok(!ret && !wrong && t.pool.newest > newest + 3,
	       "what a stage may cost is in hand (%llu wrong in %llu stages)",
	       wrong, t.pool.newest - newest);
	tap_ok(told < 10 * nr || often == 1,
	       "the format is asked about %llu changes for %llu", told, nr);
	tap_ok(!kmemp_pool_sync(&t.pool) && durable_digest() == digest() &&
	       test_agrees(&t) && !t.bad_gives, "all of it is committed");
	test_end(&t);
}

/* Puts and deletions take each other's places seldom. */
static void test_cost_seldom(void)
{
	test_cost(32);
}

static void test_cost_always(void)
{
	test_cost(1);
}

/* What most batches are: each allocation is time, and may fail. */
static void test_one_block(void)
{
	struct kmemp_batch *batch;
	long before;
	u64 page;

	begin();
	page = test_take(&t, 4);
	queue_put(ID, 1, 1);
	kmemp_pool_sync(&t.pool);
	before = shim_nr_allocated;
	batch = kmemp_batch_new(&t.pool);
	map_pages(batch, ID, 0, page, 2);
	map_pages(batch, ID, 7, page + 2, 2);
	put(batch, ID, 1, 2, 128);
	put(batch, ID, 2, 2, 128);
	kmemp_batch_unmap(batch, ID, 1, 7);
	tap_ok(shim_nr_allocated == before + 1, "a small batch is one block");
	tap_ok(!kmemp_batch_queue(batch) && shim_nr_allocated == before + 1,
	       "and takes no other to be staged");
	kmemp_batch_free(batch);
	tap_ok(shim_nr_allocated == before && value_of(ID, 2) == 2 &&
	       extent_is(ID, 0, 0, page, 1) &&
	       extent_is(ID, 1, 8, page + 3, 1), "it is staged without it");
	test_end(&t);
}

/*
 * So many batches of this one change fill a stage: each counts as an item, its
 * bytes and what the format may need for it in metadata.
 */
static u32 most_of(const struct kmemp_change *change)
{
	static struct kmemp_change changes[KMEMP_STAGE_ITEMS];
	u32 nr;

	for (nr = 0; nr < ARRAY_SIZE(changes); nr++) {
		changes[nr] = *change;
		/* Extents that do not lie side by side. */
		changes[nr].extent.offset += 1000 * nr;
		if (!kmemp_cost_fits(&t.pool, kmemp_cost_of(&t.pool, changes,
							    nr + 1)) ||
		    (nr + 1) * kmemp_change_bytes(change) > KMEMP_BATCH_BYTES)
			break;
	}
	return nr;
}

/* Each bound: the stage is committed by who finds it full. */
static void test_full(void)
{
	const struct kmemp_change map = {
		.object = ID, .op = KMEMP_MAP, .extent = { .count = 1 },
	}, del = {
		.object = ID, .op = KMEMP_DEL_RECORD, .record = { .name_len = 4 },
	};
	u64 was, nr, i, newest, page;
	int ret = 0;

	begin();
	queue_put(ID, 0, 0);
	kmemp_pool_sync(&t.pool);
	was = t.pool.newest;
	for (nr = 0; nr < 1000 && !ret && t.pool.newest == was; nr++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		put(batch, ID, nr, nr, 1000);
		ret = test_queue(batch);
	}
	tap_ok(!ret && nr == 65, "64 KiB of records fill a stage (%llu)", nr);
	kmemp_pool_sync(&t.pool);
	was = t.pool.newest;
	for (nr = 0; nr < 2000 && !ret && t.pool.newest == was; nr++)
		ret = queue_map(ID, 1000 * nr, test_take(&t, 1), 1);
	tap_ok(!ret && nr == most_of(&map) + 1, "so does metadata (%llu)", nr);
	kmemp_pool_sync(&t.pool);
	was = t.pool.newest;
	for (nr = 0; nr < 1000 && !ret && t.pool.newest == was; nr++)
		ret = queue_unmap(ID + 1, 0, 300);
	tap_ok(!ret && nr == 4, "so does what may be touched (%llu)", nr);
	tap_ok(!test_check(&t.pool, true) && durable_digest() != 0,
	       "the pool is sound");
	kmemp_pool_sync(&t.pool);
	was = t.pool.newest;
	for (nr = 0; nr < 5000 && !ret && t.pool.newest == was; nr++)
		ret = queue_del(ID, nr);
	tap_ok(!ret && nr == most_of(&del) + 1, "so do changes (%llu)", nr);
	/* The very most, with every page touched an extent of its own. */
	for (i = 0; i < 2048 && !ret; i += 128) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u32 k;

		page = test_take(&t, 256);
		for (k = 0; k < 128; k++)
			map_pages(batch, ID + 2, i + k, page + 2 * k, 1);
		ret = test_commit(batch);
		for (k = 0; k < 128; k++)
			test_give(&t, page + 2 * k + 1, 1);
	}
	kmemp_pool_sync(&t.pool);
	newest = t.pool.newest;
	for (i = 0; i < 1024 && !ret; i += 128)
		ret = queue_unmap(ID + 2, i, 128);
	tap_ok(!ret && t.pool.newest == newest, "1024 extents touched in a stage");
	tap_ok(!kmemp_pool_sync(&t.pool) && t.pool.newest == newest + 1 &&
	       durable_digest() == digest() && test_agrees(&t) && !t.bad_gives,
	       "are committed and returned");
	test_end(&t);
}

static void test_dropped(void)
{
	u64 free_before, i, page;
	int ret = 0;

	begin();
	queue_map(ID, 0, test_take(&t, 8), 8);
	kmemp_pool_sync(&t.pool);
	kmemp_pool_retire(&t.pool);
	free_before = t.nr_free;
	for (i = 0; i < 100 && !ret; i++)
		ret = queue_map(ID, i % 8, test_take(&t, 1), 1);
	/* A page that moves to another place, and one that comes back. */
	page = test_take(&t, 1);
	queue_map(ID, 100, page, 1);
	for (i = 100; i < 110 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		kmemp_batch_unmap(batch, ID, i, 1);
		map_pages(batch, ID, i + 1, page, 1);
		ret = test_queue(batch);
	}
	tap_ok(!ret && extent_is(ID, 100, 110, page, 1), "a staged page moves");
	queue_unmap(ID, 110, 1);
	tap_ok(!kmemp_pool_sync(&t.pool) && test_agrees(&t) && !t.bad_gives &&
	       t.nr_free == free_before && !kmemp_pool_waiting(&t.pool),
	       "pages replaced while they were staged come back, each once");
	test_end(&t);
}

/* Of freed pages a few wait at a time; in all, more than there is room for. */
static void test_freed(void)
{
	int ret = 0;
	u64 i;

	begin();
	queue_map(ID, 0, test_take(&t, 3), 3);
	kmemp_pool_sync(&t.pool);
	for (i = 0; i < 4000 && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		map_pages(batch, ID, i % 3, test_take(&t, 1), 1);
		ret = test_commit(batch);
	}
	tap_ok(!ret && t.pool.wait.data.nr == 1 &&
	       t.pool.wait.data.room < 4000,
	       "a page that was freed waits for the next batch");
	tap_ok(!kmemp_pool_retire(&t.pool) && test_agrees(&t) &&
	       !t.bad_gives && !kmemp_pool_waiting(&t.pool),
	       "each comes back once");
	test_end(&t);
}

static void test_alone(void)
{
	struct kmemp_batch *batch;
	u64 was, before, page;

	begin();
	queue_put(ID, 0, 0);
	kmemp_pool_sync(&t.pool);
	was = t.pool.newest;
	queue_put(ID + 1, 1, 1);
	batch = kmemp_batch_new(&t.pool);
	kmemp_batch_remove(batch, ID);
	tap_ok(!test_queue(batch) && t.pool.newest == was + 2 &&
	       durable_digest() == digest(), "a removal is committed at once, alone");
	queue_put(ID + 1, 2, 1);
	tap_ok(!queue_map(ID, 0, test_take(&t, 1025), 1025) &&
	       t.pool.newest == was + 4 && durable_digest() == digest(),
	       "so is what maps many pages");

	/* Refused: nothing of it is there, and what was staged stays staged. */
	queue_put(ID + 1, 3, 1);
	page = test_take(&t, 1);
	queue_map(ID + 1, 0, page, 1);
	before = digest();
	was = t.pool.newest;
	tap_ok(queue_map(ID + 2, 0, page, 1) == -EINVAL && digest() == before,
	       "a page that is staged elsewhere");
	batch = kmemp_batch_new(&t.pool);
	map_pages(batch, ID + 2, 0, test_take(&t, 1), 1);
	map_pages(batch, ID + 2, 9, t.hint - 1, 1);
	tap_ok(test_queue(batch) == -EINVAL && digest() == before,
	       "a page twice in a batch");
	tap_ok(t.pool.newest == was && !t.pool.failed, "without a commit");

	/* Too few pages: those that the stage has in hand do. */
	t.withheld = t.nr_free + 1;
	tap_ok(!queue_put(ID + 1, 4, 1) && durable_digest() == before,
	       "what is staged has pages in hand: it is committed");
	/* None: -ENOSPC, after a commit. */
	queue_put(ID + 1, 3, 2);
	before = digest();
	t.withheld = t.nr_pages;
	was = t.takes[0];
	tap_ok(queue_put(ID + 3, 1, 1) == -ENOSPC && digest() == before &&
	       t.takes[0] == was && durable_digest() == before,
	       "no pages for what adds, after a commit");
	tap_ok(!queue_put(ID + 1, 3, 7) && t.takes[0] == was + 1 &&
	       value_of(ID + 1, 3) == 7, "pages for what overwrites");
	was = t.takes[1];
	batch = kmemp_batch_new(&t.pool);
	put(batch, ID + 1, 3, 8, 8);
	kmemp_batch_set_overwrites(batch);
	tap_ok(!test_queue(batch) && t.takes[1] == was,
	       "asked for at once where the batch says so");
	test_end(&t);
}

/* A format may have room for all that a batch may hold, or not. */
static void test_too_big(void)
{
	struct kmemp_batch *batch;
	u64 before, was, i;
	bool fits;
	int ret;

	begin();
	queue_put(ID, 1, 1);
	before = digest();
	was = t.pool.newest;
	batch = kmemp_batch_new(&t.pool);
	for (i = 0; i < 2000; i++)
		map_pages(batch, ID + 2, i << 20, 1000 + i, 1);
	fits = kmemp_cost_fits(&t.pool, kmemp_cost_of(&t.pool, batch->changes,
						      batch->nr_changes));
	ret = test_commit(batch);
	tap_ok(fits ? !ret && t.pool.newest == was + 2 :
		      ret == -E2BIG && digest() == before &&
		      t.pool.newest == was,
	       "what needs too much metadata at once is refused (%s)",
	       fits ? "nothing does" : "it does");
	test_end(&t);
}

static void test_closing(void)
{
	u64 now;

	begin();
	queue_map(ID, 0, test_take(&t, 3), 3);
	queue_put(ID, 1, 1);
	now = digest();
	test_close(&t);
	tap_ok(durable_digest() == now, "closing makes durable what was queued");
	test_open(&t, &record, false);
	queue_put(ID, 1, 2);
	now = digest();
	tap_ok(!kmemp_pool_confirm(&t.pool) && durable_digest() == now &&
	       t.pool.super.confirmed == t.pool.newest, "so does confirming");
	queue_put(ID, 1, 3);
	now = digest();
	tap_ok(!kmemp_pool_retire(&t.pool) && durable_digest() == now,
	       "so does retiring");
	test_end(&t);
}

static void test_failed(void)
{
	u64 before, now, durable;

	begin();
	queue_put(ID, 1, 1);
	kmemp_pool_sync(&t.pool);
	before = digest();
	queue_put(ID, 1, 2);
	queue_map(ID, 0, test_take(&t, 1), 1);
	now = digest();
	/* Not every format reads anything then. */
	record.media.failed = true;
	tap_ok(kmemp_pool_sync(&t.pool) == -EIO && t.pool.failed,
	       "what was queued is lost with the medium");
	record.media.failed = false;
	tap_ok(kmemp_pool_sync(&t.pool) == -EIO &&
	       kmemp_pool_sync(&t.pool) == -EIO, "each sync tells");
	tap_ok(queue_put(ID, 1, 3) == -EIO &&
	       kmemp_queue_run(&t.pool, true) == -EIO, "nothing is queued any more");
	tap_ok(digest() == now, "lookups go on");
	test_close(&t);
	durable = durable_digest();
	tap_ok(durable == before || durable == now,
	       "on the medium is what was durable, and what failed wholly or not");
	test_end(&t);
}

/* Memory: before a batch is staged it may be wanting, afterwards not. */
static void test_nomem(void)
{
	unsigned long nth, wrong = 0;
	struct kmemp_batch *batch;
	u64 before;
	int ret;

	begin();
	before = digest();
	for (nth = 1; nth < 100; nth++) {
		batch = kmemp_batch_new(&t.pool);
		map_pages(batch, ID, 0, 5000, 1);
		put(batch, ID, 1, 1, 8);
		shim_fail_nth = nth;
		ret = kmemp_batch_queue(batch);
		shim_fail_nth = 0;
		kmemp_batch_free(batch);
		if (!ret)
			break;
		wrong += ret != -ENOMEM || digest() != before;
	}
	tap_ok(!ret && !wrong && nth > 10,
	       "queued, each of %lu allocations failing", nth - 1);
	for (nth = 1; nth < 100 && !wrong; nth++) {
		u64 now;

		queue_map(ID, nth * 3000, test_take(&t, 100), 100);
		queue_put(ID + nth, nth, nth);
		now = digest();
		shim_fail_nth = nth;
		wrong += kmemp_pool_sync(&t.pool) || t.pool.failed;
		if (shim_fail_nth) {
			shim_fail_nth = 0;
			break;
		}
		wrong += durable_digest() != now;
	}
	shim_fail_nth = 0;
	tap_ok(!wrong && nth > 1 && nth < 100,
	       "made durable, each of %lu allocations failing", nth - 1);
	test_end(&t);
}

static void test_run(void)
{
	u64 was, newest;
	int ret;

	begin();
	tap_ok(!kmemp_queue_run(&t.pool, false) && !kmemp_queue_run(&t.pool, true),
	       "nothing to run");
	was = t.pended;
	queue_map(ID, 0, test_take(&t, 1), 1);
	tap_ok(t.pended == was + 1, "the host is told that something pends");
	newest = t.pool.newest;
	ret = kmemp_queue_run(&t.pool, false);
	tap_ok(ret == 1 && t.pool.newest == newest, "not due yet");
	ret = kmemp_queue_run(&t.pool, false);
	tap_ok(ret == 1 && t.pool.newest == newest + 1, "due");
	ret = kmemp_queue_run(&t.pool, false);
	tap_ok(!ret && t.pool.super.confirmed == t.pool.newest,
	       "idle: confirmed, and nothing pends");
	queue_map(ID, 0, test_take(&t, 1), 1);
	ret = kmemp_queue_run(&t.pool, true);
	tap_ok(!ret && t.pool.newest == newest + 2 &&
	       !kmemp_pool_waiting(&t.pool), "now: committed, pages returned");
	was = t.pended;
	queue_put(ID, 1, 1);
	kmemp_pool_sync(&t.pool);
	tap_ok(t.pended == was + 2 && kmemp_queue_run(&t.pool, false) == 1,
	       "told of a commit that is not confirmed");
	test_end(&t);
}

int main(void)
{
	static const each_format_fn tests[] = {
		test_visible, test_busy, test_direct, test_one_fence,
		test_growing, test_one_block, test_cost_seldom,
		test_cost_always, test_full, test_dropped, test_freed,
		test_alone, test_too_big, test_closing, test_failed,
		test_nomem, test_run, NULL,
	};

	return each_format(tests);
}
