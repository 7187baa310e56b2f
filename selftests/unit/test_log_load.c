// SPDX-License-Identifier: GPL-2.0
/*
 * Format log: objects that open has only noted, and that are indexed when they
 * are first used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "../../plugins/log/log.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096u
#define OBJECTS		8u
/* Emptied, not removed; removed and made anew; of 8 pages each. */
#define EMPTIED		(ID + OBJECTS)
#define REMADE		(ID + OBJECTS + 1)
#define EVEN		(ID + OBJECTS + 2)

static struct record record;
static struct test_pool t;

static struct kmemp_log *the_log(void)
{
	return kmemp_pool_private(&t.pool);
}

/* Unless building it failed. */
static int commit(struct kmemp_batch *batch, int ret)
{
	if (!ret)
		return test_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static int map(u64 id, u64 offset, u32 count)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	struct kmemp_extent extent = { .offset = offset, .count = count };

	if (!batch)
		return -ENOMEM;
	extent.page = test_take(&t, count);
	if (!extent.page)
		abort();
	return commit(batch, kmemp_batch_map(batch, id, &extent));
}

static int unmap(u64 id, u64 offset, u32 count)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	return batch ? commit(batch, kmemp_batch_unmap(batch, id, offset,
						       count)) : -ENOMEM;
}

static int put(u64 id, u32 n, u32 len)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	u8 value[KMEMP_MAX_VALUE];

	memset(value, n, sizeof(value));
	return batch ? commit(batch, kmemp_batch_put(batch, id, 1, &n,
						     sizeof(n), value, len)) :
		       -ENOMEM;
}

static int del(u64 id, u32 n)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	return batch ? commit(batch, kmemp_batch_del(batch, id, 1, &n,
						     sizeof(n))) : -ENOMEM;
}

static int end(u64 id)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

	return batch ? commit(batch, kmemp_batch_remove(batch, id)) : -ENOMEM;
}

static int change(u64 id)
{
	switch (rnd(6)) {
	case 0:
		return unmap(id, rnd(200), 1 + rnd(20));
	case 1:
		return del(id, rnd(20));
	case 2:
		return put(id, rnd(20), rnd(200));
	}
	return map(id, rnd(200), 1 + rnd(9));
}

/* Objects that were changed in turn, and those of the special kinds. */
static void fill(void)
{
	u32 i;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (i = 0; i < 1500; i++)
		if (change(ID + i % OBJECTS))
			abort();
	for (i = 0; i < 40; i++)
		if (map(EVEN, 8 * (i * 7 % 40), 8) || map(REMADE, i, 1) ||
		    put(REMADE, i, 9))
			abort();
	if (map(EMPTIED, 3, 5) || put(EMPTIED, 1, 1) || del(EMPTIED, 1) ||
	    unmap(EMPTIED, 0, 100) || end(REMADE) || put(REMADE, 1, 10) ||
	    unmap(EVEN, 16, 8) || map(EVEN, 24, 8))
		abort();
}

static void reopen(void)
{
	test_close(&t);
	if (test_open(&t, &record, false))
		abort();
}

static u64 waiting(void)
{
	return the_log()->waiting.items;
}

static u64 digest(void)
{
	int err;
	u64 sum = test_digest(&t.pool, &err);

	return err ? 0 : sum;
}

/* ------------------------------------------------------------- first use */

static int use(u32 way, u64 id)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record key = {};
	struct kmemp_extent extent;
	u32 name = 7;

	switch (way) {
	case 0:
		return kmemp_pool_next_extent(&t.pool, id, 0, 1, &extent);
	case 1:
		return kmemp_pool_next_record(&t.pool, id, &key, buffer);
	case 2:
		key = (struct kmemp_record){
			.kind = 1, .name_len = 4, .name = (u8 *)&name,
		};
		return kmemp_pool_get_record(&t.pool, id, &key, buffer);
	case 3:
		return map(id, 300, 1);
	case 4:
		return put(id, 77, 10);
	case 5:
		return unmap(id, 5, 20);
	}
	return end(id);
}

#define WAYS		7u

/*
 * Make the pool that use() is called for. Returns its digest as use() leaves it
 * with every object indexed before, 0 if a crash would change it.
 */
static u64 fill_for(u32 way)
{
	u64 sum;

	test_seed = 1;
	fill();
	/* What is taken is the first that is free. */
	reopen();
	digest();
	use(way, ID);
	sum = digest();
	test_crash(&t);
	if (digest() != sum)
		sum = 0;
	test_end(&t);
	test_seed = 1;
	fill();
	return sum;
}

static void test_first_use(void)
{
	u64 sum, nr, id, extents, wrong = 0, others = 0;
	u32 way;
	int ret;

	fill();
	sum = digest();
	reopen();
	nr = waiting();
	extents = the_log()->extents.items;
	tap_ok(nr == OBJECTS + 3 && !extents && !the_log()->records.items,
	       "opened, %llu objects wait, and nothing is indexed", nr);
	tap_ok(digest() == sum && !waiting() && the_log()->indexed &&
	       the_log()->extents.items && !the_log()->said.extents &&
	       !the_log()->said.holes && !the_log()->said.record_bytes,
	       "all looked at, none waits, and all is as it was");
	reopen();
	id = EMPTIED;
	ret = kmemp_pool_next_object(&t.pool, &id);
	tap_ok(!ret && id == REMADE && waiting() == nr - 1,
	       "an object that was emptied is none, others need no look");
	test_end(&t);
	for (way = 0; way < WAYS; way++) {
		sum = fill_for(way);
		reopen();
		ret = use(way, ID);
		others += waiting() != nr - 1 ||
			  kmemp_log_waits(the_log(), ID);
		wrong += (ret && ret != -ENOENT) || !sum || digest() != sum;
		test_crash(&t);
		wrong += digest() != sum || test_check(&t.pool, true);
		test_end(&t);
	}
	tap_ok(!wrong, "each first use finds what there is");
	tap_ok(!others, "and has one object indexed");
}

/* ------------------------------------------------------------ used pages */

static u64 nr_other;

/* Without a map only whether the pages lie in the pool. */
static int note(void *arg, u64 page, u64 count, enum kmemp_use kind)
{
	u8 *map = arg;

	(void)kind;
	if (page >= t.nr_pages || count > t.nr_pages - page)
		abort();
	for (; map && count; count--, page++)
		map[page] = 1;
	return 0;
}

static u8 *walk(void)
{
	u8 *map = calloc(t.nr_pages, 1);

	if (t.pool.format->for_each_used(&t.pool, note, map))
		abort();
	return map;
}

static void compare(const u8 *a, const u8 *b)
{
	u64 i;

	for (i = 0; i < t.nr_pages; i++)
		nr_other += a[i] != b[i];
}

static void test_used(void)
{
	struct kmemp_extent extent;
	u8 *before, *begun, *after;
	u64 left, i;
	int ret;

	fill();
	/* More than one step takes in. */
	for (i = 0; i < 1500; i++)
		if (map(ID, 2 * (i * 77 % 1500), 1))
			abort();
	reopen();
	before = walk();
	left = waiting();
	/* The object has been begun, and memory came to an end. */
	shim_fail_nth = 100;
	ret = kmemp_pool_next_extent(&t.pool, ID, 0, 1, &extent);
	shim_fail_nth = 0;
	tap_ok(ret == -ENOMEM && kmemp_log_waits(the_log(), ID) &&
	       the_log()->extents.items,
	       "an object that memory did not suffice for goes on to wait");
	begun = walk();
	digest();
	after = walk();
	compare(before, after);
	compare(begun, after);
	tap_ok(left == OBJECTS + 3 && !nr_other,
	       "the pages in use are the same while objects wait");
	tap_ok(test_agrees(&t), "and when all are indexed");
	free(before);
	free(begun);
	free(after);
	test_end(&t);
}

/* ---------------------------------------------------------------- memory */

/* Fail the Nth allocation of each first use; what is there stays. */
static void test_memory(void)
{
	unsigned long nth, failed = 0;
	u64 sum, wrong = 0;
	u32 way;
	int ret;

	for (way = 0; way < WAYS; way++) {
		sum = fill_for(way);
		for (nth = 1, ret = -ENOMEM; ret == -ENOMEM; nth++) {
			reopen();
			shim_fail_nth = nth;
			ret = use(way, ID);
			shim_fail_nth = 0;
			failed += ret == -ENOMEM;
			wrong += ret && ret != -ENOENT && ret != -ENOMEM;
			if (ret == -ENOMEM && nth % 8 == 1 && way < 3)
				wrong += use(way, ID) == -ENOMEM ||
					 digest() != sum;
		}
		wrong += digest() != sum || t.pool.failed ||
			 test_check(&t.pool, true);
		test_end(&t);
	}
	tap_ok(!wrong && failed > 20 * WAYS,
	       "without memory a first use fails, and the next one does not: %lu times",
	       failed);
}

static unsigned long nr_findings;

static void count_finding(void *arg, enum kmemp_severity severity, u64 object,
			  u64 pos, const char *text)
{
	nr_findings += severity != KMEMP_NOTE;
}

/* A check indexes all; without memory it says so, and finds nothing. */
static void test_check_memory(void)
{
	const struct kmemp_findings findings = { .finding = count_finding };
	unsigned long nth;
	int ret;

	fill();
	for (nth = 1, ret = -ENOMEM; ret == -ENOMEM; nth++) {
		test_close(&t);
		if (test_open(&t, &record, true))
			abort();
		shim_fail_nth = nth;
		ret = kmemp_pool_check(&t.pool, &findings);
		shim_fail_nth = 0;
	}
	tap_ok(!ret && !nr_findings && nth > 50,
	       "without memory a check fails, and finds nothing: %lu times",
	       nth - 2);
	test_close(&t);
	record_free(&record);
}

/* -------------------------------------------------------------- cleaning */

static u64 log_bytes(void)
{
	return the_log()->pages.items * KMEMP_PAGE_SIZE;
}

/* Others are changed until the log has gone round. */
static void test_cleaning(void)
{
	u64 sum, tail, first, worst = 0, live, i, nr;
	int ret = 0;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (i = 0; i < 24000; i++)
		if (map(ID + i % 50, rnd(100), 1) || (!(i % 8) &&
		    put(ID + 50 + rnd(20), rnd(30), 300)))
			abort();
	for (i = 0; i < 70; i++)
		if (end(ID + 100 + i))
			abort();
	sum = digest();
	reopen();
	nr = waiting();
	first = the_log()->tail.pos;
	tail = log_bytes();
	for (i = 0; !ret && waiting() && i < 100000; i++) {
		live = (the_log()->extents.items + the_log()->said.extents) *
		       LOG_EXTENT_BYTES + the_log()->record_bytes +
		       the_log()->said.record_bytes;
		ret = put(ID + 200, rnd(10), 20);
		worst = max(worst, log_bytes() > 2 * live ?
			    log_bytes() - 2 * live : 0);
	}
	printf("# %llu objects, log of %llu KiB, after %llu commits; beyond twice what counts as live: %llu KiB\n",
	       nr, tail >> 10, i, worst >> 10);
	tap_ok(!ret && nr == 70 && !waiting() && the_log()->tail.pos > first,
	       "cleaning indexes what it comes to");
	tap_ok(worst < (LOG_SLACK_PAGES * 5 / 4 + 8) * KMEMP_PAGE_SIZE,
	       "and keeps the log as short as what waits lets it");
	ret = end(ID + 200);
	tap_ok(!ret && digest() == sum && test_agrees(&t) && !t.bad_gives &&
	       !test_check(&t.pool, true), "and all is there");
	reopen();
	tap_ok(digest() == sum, "also when it is opened again");
	test_end(&t);
}

/* The same without memory: batches are committed, and cleaned for later. */
static void test_cleaning_memory(void)
{
	u64 sum, i, nr;
	int ret = 0;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (i = 0; i < 24000; i++)
		if (map(ID + i % 50, rnd(100), 1))
			abort();
	sum = digest();
	reopen();
	nr = waiting();
	for (i = 0; !ret && waiting() && i < 100000; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u8 name = i % 10;

		if (kmemp_batch_put(batch, ID + 200, 1, &name, 1, &name, 1))
			abort();
		kmemp_log_nodes_trim(&the_log()->load, 0);
		/* Those of the queue come before. */
		shim_fail_nth = i && waiting() > nr / 2 ? 4 + i % 60 : 0;
		ret = kmemp_batch_commit(batch);
		if (ret == -ENOMEM && !t.pool.failed)
			ret = 0;
		shim_fail_nth = 0;
		kmemp_batch_free(batch);
	}
	tap_ok(!ret && !waiting(), "cleaning waits for memory");
	ret = end(ID + 200);
	tap_ok(!ret && digest() == sum && test_agrees(&t) && !t.bad_gives,
	       "and nothing is lost by that");
	test_end(&t);
}

/* ------------------------------------------------------------- a full pool */

static void withhold(void)
{
	t.withheld = kmemp_pool_reserve(&t.pool, t.nr_pages - t.nr_free);
}

/* Filled with pages and records; then, with nothing indexed, overwritten. */
static void test_full(void)
{
	u64 nr, i, round, withheld;
	int ret = 0;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (nr = 0; !ret && nr < 100000; nr++) {
		withhold();
		ret = nr % 4 ? map(ID + nr % 3, nr * 7919 % 65536, 1) :
			       put(ID + nr % 5, nr, 900);
	}
	withheld = t.withheld;
	tap_ok(ret == -ENOSPC, "%llu pages and records fill a pool", nr);
	ret = 0;
	for (round = 0; round < 3; round++) {
		reopen();
		for (i = 0; i < nr - 1 && !ret; i++) {
			withhold();
			ret = i % 4 ? map(ID + i % 3, i * 7919 % 65536, 1) :
				      put(ID + i % 5, i, 900);
		}
	}
	tap_ok(!ret, "opened again each time they are overwritten");
	reopen();
	for (i = 0; i < nr - 1 && !ret; i++) {
		withhold();
		ret = i % 4 ? unmap(ID + i % 3, i * 7919 % 65536, 1) :
			      del(ID + i % 5, i);
	}
	withhold();
	tap_ok(!ret && test_agrees(&t) && !put(ID, 1, 1), "and removed");
	printf("# withheld %llu, then %llu\n", withheld, t.withheld);
	test_end(&t);
}

/* ---------------------------------------------------------------- damage */

/* Hit after open has verified it: lookups say so, or find something else. */
static void test_hit(void)
{
	u32 i, ways[3] = {}, nr = 400 * tap_scale();
	struct kmemp_extent extent;
	u64 wrong = 0;

	fill();
	test_close(&t);
	for (i = 0; i < nr; i++) {
		u8 *byte, bit = 1 << rnd(8);
		u64 from, pos, page;
		int ret;

		if (test_open(&t, &record, true))
			abort();
		from = the_log()->tail.pos;
		pos = from + 8 * rnd((the_log()->head - from) / 8);
		page = kmemp_log_page_of(the_log(), pos >> KMEMP_PAGE_SHIFT);
		byte = record.base + (page << KMEMP_PAGE_SHIFT) +
		       pos % KMEMP_PAGE_SIZE + rnd(8);
		*byte ^= bit;
		if (i % 2)
			ret = t.pool.format->for_each_used(&t.pool, note, NULL);
		else
			ret = kmemp_pool_next_extent(&t.pool, ID + i / 2 %
						     OBJECTS, 0, 1, &extent);
		ways[!ret ? 0 : ret == -EUCLEAN ? 1 : 2]++;
		wrong += ret && ret != -EUCLEAN && ret != -ENOENT;
		test_close(&t);
		*byte ^= bit;
	}
	tap_ok(!wrong && ways[1], "items that change after open are refused or read: %u, %u",
	       ways[1], ways[0]);
	record_free(&record);
}

/* What is in the log's own memory is not read again. */
static int look_at_medium(u64 id)
{
	struct kmemp_extent extent;

	the_log()->read.number = 0;
	return kmemp_pool_next_extent(&t.pool, id, 0, 1, &extent);
}

/* Another object, or another change: not even where it fits. */
static void test_hit_words(void)
{
	struct kmemp_log_object *object;
	struct kmemp_log_path path;
	u64 id = 0, pos, wrong = 0, nr = 0;

	fill();
	reopen();
	while ((object = kmemp_log_waiting(the_log(), id, &path))) {
		u8 *word, op;

		id = object->id;
		pos = kmemp_log_note_next(object);
		word = record.base + (kmemp_log_page_of(the_log(), pos >> 12) <<
				      12) + pos % KMEMP_PAGE_SIZE;
		op = word[7];
		word[0] ^= 1;
		wrong += look_at_medium(id) != -EUCLEAN;
		word[0] ^= 1;
		word[7] = (op & ~7) | KMEMP_LOG_REMOVE;
		wrong += look_at_medium(id) != -EUCLEAN;
		word[7] = op & ~7;
		wrong += look_at_medium(id) != -EUCLEAN;
		word[7] = op;
		wrong += !kmemp_log_waits(the_log(), id++);
		nr++;
	}
	the_log()->read.number = 0;
	tap_ok(!wrong && nr == OBJECTS + 3 && digest() &&
	       !test_check(&t.pool, true),
	       "a word that was hit is refused, and found when it is right again");
	test_end(&t);
}

static struct kmemp_media_ops hooked;
static const struct kmemp_media_ops *unhooked;
static u64 reads, hit_at;
static u8 *hit;

static int hook_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	if (++reads == hit_at)
		*hit ^= 0x80;
	return unhooked->read(media, pos, dst, len);
}

/* An offset becomes large while the walk goes over them twice. */
static void test_hit_walk(void)
{
	struct kmemp_log_object *object;
	u64 at, pos, refused = 0, wrong = 0;
	struct kmemp_log_path path;
	u32 i;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (i = 0; i < 600; i++)
		if (map(ID, i, 1))
			abort();
	reopen();
	object = kmemp_log_waiting(the_log(), ID, &path);
	for (i = 0; i < 300; i++)
		if (++object->taken == object->first->nr)
			object->taken = 0;
	pos = kmemp_log_note_next(object) + LOG_WORD;
	object->taken = 0;
	hit = record.base + (kmemp_log_page_of(the_log(), pos >> 12) << 12) +
	      pos % KMEMP_PAGE_SIZE + 3;
	unhooked = record.media.ops;
	hooked = *unhooked;
	hooked.read = hook_read;
	record.media.ops = &hooked;
	for (at = 1; reads + 1 >= hit_at; at++) {
		int ret;

		reads = 0;
		hit_at = at;
		ret = t.pool.format->for_each_used(&t.pool, note, NULL);
		if (reads >= hit_at)
			*hit ^= 0x80;
		refused += ret == -EUCLEAN;
		wrong += ret && ret != -EUCLEAN;
	}
	record.media.ops = unhooked;
	tap_ok(refused && !wrong && at > 10,
	       "what changes while pages are listed is refused: %llu of %llu times",
	       refused, at);
	test_end(&t);
}

/* -------------------------------------------------------------- withheld */

/* For records that wait no less is withheld than when all are indexed. */
static void test_withheld(void)
{
	u64 waits, indexed;
	u32 i;

	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
	for (i = 0; i < 2500; i++)
		if (put(ID + i % 9, i % 2000, 600))
			abort();
	reopen();
	waits = t.pool.growth + the_log()->pages.items;
	digest();
	if (put(ID + 1, 1, 600))
		abort();
	indexed = t.pool.growth + the_log()->pages.items;
	tap_ok(t.pool.growth && waits >= indexed,
	       "no less is withheld for what waits: %llu pages, then %llu",
	       waits, indexed);
	test_end(&t);
}

int main(void)
{
	long before = shim_nr_allocated;

	test_first_use();
	test_used();
	test_memory();
	test_check_memory();
	test_cleaning();
	test_cleaning_memory();
	test_full();
	test_hit();
	test_hit_words();
	test_hit_walk();
	test_withheld();
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
