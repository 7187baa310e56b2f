// SPDX-License-Identifier: GPL-2.0
/*
 * Format log: what a commit costs, how long the log gets, and what open and
 * check say of a log that was hit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "../../plugins/log/log.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(128ULL << 20)
#define ID		4096u

static struct record record;
static struct test_pool t;

static void begin(void)
{
	test_begin(&t, &record, KMEMP_TYPE_LOG, POOL_BYTES);
}

static struct kmemp_log *the_log(void)
{
	return kmemp_pool_private(&t.pool);
}

static int map(u64 id, u64 offset, u32 count)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	struct kmemp_extent extent = {
		.offset = offset, .count = count, .page = test_take(&t, count),
	};

	if (!extent.page || kmemp_batch_map(batch, id, &extent))
		abort();
	return test_commit(batch);
}

static int put(u64 id, unsigned int n, unsigned int len)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	u8 name[16] = {}, value[KMEMP_MAX_VALUE];

	memset(value, n, sizeof(value));
	memcpy(name, &n, sizeof(n));
	if (kmemp_batch_put(batch, id, 1, name, sizeof(name), value, len))
		abort();
	return test_commit(batch);
}

/* ---------------------------------------------------------------- costs */

static int map_and_put(unsigned int i)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	u8 name[16] = {}, value[128] = {};
	struct kmemp_extent extent = {
		.offset = 2 * (i % 500), .count = 1, .page = test_take(&t, 1),
	};

	memcpy(name, &i, sizeof(i));
	name[0] = i % 200;
	name[1] = 0;
	name[2] = 0;
	if (kmemp_batch_map(batch, ID, &extent) ||
	    kmemp_batch_put(batch, ID, 1, name, sizeof(name), value,
			    sizeof(value)))
		abort();
	return test_commit(batch);
}

static void test_costs(void)
{
	struct kmemp_media_counts *counts = &record.media.counts;
	u64 lines = 0, least = 99, most = 0, fences = 0, cleaning = 0;
	unsigned int i, nr = 6000;
	int ret;

	begin();
	ret = map_and_put(0);
	for (i = 1; i < nr && !ret; i++) {
		u64 lines_before = counts->lines, fences_before = counts->fences;
		bool due = kmemp_log_clean_due(the_log(), false);

		ret = map_and_put(i);
		fences += counts->fences - fences_before != 1;
		if (due) {
			cleaning++;
			continue;
		}
		least = min(least, counts->lines - lines_before);
		most = max(most, counts->lines - lines_before);
		lines += counts->lines - lines_before;
	}
	tap_ok(!ret && !fences, "one fence a commit, cleaning or not");
	/* 216 bytes; the header of a page every 15th time, a root after 8. */
	tap_ok(least == 4 && most <= 13 && cleaning,
	       "4 lines for an extent and a record of 16 + 128 bytes");
	printf("# lines a commit: %.2f, of %llu in %u that cleaned not\n",
	       1.0 * counts->lines / nr, cleaning, nr);
	printf("# without cleaning: %.2f, %llu to %llu\n",
	       1.0 * lines / (nr - 1 - cleaning), least, most);
	test_end(&t);
}

/* --------------------------------------------------------------- length */

static u64 worst;	/* bytes beyond twice the live ones */

static bool short_enough(void)
{
	const struct kmemp_log *log = the_log();
	u64 live = log->extents.items * LOG_EXTENT_BYTES + log->record_bytes;
	u64 bytes = log->pages.items * KMEMP_PAGE_SIZE;
	u64 over = bytes > 2 * live ? bytes - 2 * live : 0;

	worst = max(worst, over);
	/* The slack, some of it again, and pages linked ahead. */
	return over < (LOG_SLACK_PAGES * 5 / 4 + 8) * KMEMP_PAGE_SIZE;
}

static void idle(void)
{
	unsigned int i;

	for (i = 0; i < 1000 && kmemp_queue_run(&t.pool, true) > 0; i++)
		;
}

static void test_length(void)
{
	bool good = true, same;
	unsigned int i;
	u64 digest;
	int ret = 0, err;

	begin();
	/* One long extent, then every other page of it, then at random. */
	for (i = 0; i < 12 && !ret; i++)
		ret = map(ID, i * 1024, 1024);
	for (i = 0; i < 6000 && !ret && good; i++) {
		ret = map(ID, 2 * i, 1);
		good = short_enough();
	}
	for (i = 0; i < 20000 && !ret && good; i++) {
		ret = map(ID, rnd(12000), 1);
		good = short_enough();
	}
	tap_ok(!ret && good, "a volume that is overwritten");
	for (i = 0; i < 2000 && !ret; i++)
		ret = put(ID + 1, i, 500);
	for (i = 0; i < 8000 && !ret && good; i++) {
		ret = put(ID + 1, rnd(2000), 400 + rnd(200));
		good = short_enough();
	}
	tap_ok(!ret && good, "records that are overwritten");
	printf("# log at most twice the live bytes and %llu KiB\n",
	       worst >> 10);
	digest = test_digest(&t.pool, &err);
	idle();
	tap_ok(!kmemp_log_clean_due(the_log(), true) && !t.bad_gives &&
	       test_digest(&t.pool, &err) == digest && !err,
	       "is cleaned further when nobody commits");
	tap_ok(test_agrees(&t) && !test_check(&t.pool, true),
	       "and keeps only the pages that it has");
	test_close(&t);
	if (test_open(&t, &record, false))
		abort();
	same = test_digest(&t.pool, &err) == digest;
	tap_ok(same && !err, "opened again it holds the same");
	test_end(&t);
}

/* --------------------------------------------------------------- a full pool */

/* As a host does it. */
static void withhold(void)
{
	t.withheld = kmemp_pool_reserve(&t.pool, t.nr_pages - t.nr_free);
}

static void test_full(void)
{
	unsigned int nr, i, round;
	u64 least = ~0ULL, withheld;
	int ret = 0;

	begin();
	for (nr = 0; !ret && nr < 100000; nr++) {
		withhold();
		ret = put(ID + nr % 7, nr, KMEMP_MAX_VALUE);
	}
	withheld = t.withheld;
	tap_ok(ret == -ENOSPC, "records of %u MiB fill a pool of %llu",
	       nr >> 10, POOL_BYTES >> 20);
	ret = 0;
	nr--;
	for (round = 0; round < 3; round++)
		for (i = 0; i < nr && !ret; i++) {
			withhold();
			ret = put(ID + i % 7, i, KMEMP_MAX_VALUE);
			least = min(least, t.nr_free);
		}
	tap_ok(!ret, "all of them are overwritten three times");
	for (i = 0; i < nr && !ret; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u8 name[16] = {};

		withhold();
		memcpy(name, &i, sizeof(i));
		if (kmemp_batch_del(batch, ID + i % 7, 1, name, sizeof(name)))
			abort();
		ret = test_commit(batch);
	}
	withhold();
	tap_ok(!ret && test_agrees(&t), "and deleted");
	tap_ok(!put(ID, 1, 10) && t.nr_free > t.nr_pages * 9 / 10,
	       "then there is room: %llu pages", t.nr_free);
	idle();
	printf("# of %llu pages withheld %llu were never used\n", withheld,
	       least);
	tap_ok(the_log()->pages.items < 2 * LOG_SLACK_PAGES,
	       "then the log is short: %llu pages", the_log()->pages.items);
	test_end(&t);
}

/* ------------------------------------------------------------------ damage */

static u64 refused, found;

/* Opened for reading: 1 refused, 2 found by check, 0 neither. */
static unsigned int judge_hit(u64 digest)
{
	struct test_pool other;
	unsigned int findings;
	bool same;
	int err;

	if (test_open(&other, &record, true))
		return 1;
	findings = test_check(&other.pool, false);
	same = test_digest(&other.pool, &err) == digest;
	test_close(&other);
	return findings ? 2 : !same || err ? 3 : 0;
}

static void test_damage(void)
{
	u64 first, number, offset, from, to, missed = 0, wrong = 0, digest;
	unsigned int i, bit;
	int err;

	begin();
	for (i = 0; i < 40; i++)
		if (put(ID, i, 100 + 20 * i) || map(ID, 3 * i, 2))
			abort();
	/* Clean: the newest batch is confirmed. */
	test_close(&t);
	if (test_open(&t, &record, true))
		abort();
	digest = test_digest(&t.pool, &err);
	first = the_log()->tail.pos >> KMEMP_PAGE_SHIFT;
	for (number = first; number <= the_log()->chain.number; number++) {
		u64 page = kmemp_log_page_of(the_log(), number);

		from = number == first ?
		       the_log()->tail.pos % KMEMP_PAGE_SIZE : 0;
		to = number == the_log()->chain.number ?
		     the_log()->head % KMEMP_PAGE_SIZE : KMEMP_PAGE_SIZE;
		for (offset = from; offset < to; offset++) {
			u8 *byte = record.base + page * KMEMP_PAGE_SIZE +
				   offset;

			bit = 1u << rnd(8);
			*byte ^= bit;
			switch (judge_hit(digest)) {
			case 0:
				missed++;
				break;
			case 1:
				refused++;
				break;
			case 2:
				found++;
				break;
			default:
				wrong++;
			}
			*byte ^= bit;
		}
	}
	tap_ok(refused && !missed && !wrong,
	       "each byte of a clean log, hit, is noticed: %llu refused, %llu found, %llu missed, %llu wrong",
	       refused, found, missed, wrong);
	tap_ok(!judge_hit(digest), "not hit it is not");
	test_end(&t);
}

/* An entry at @pos gets the seal that it would have if it had been written. */
static void reseal(struct kmemp_log *log, u64 pos)
{
	u64 at = (kmemp_log_page_of(log, pos >> 12) << 12) + pos % 4096;
	struct kmemp_log_entry *entry = (void *)(record.base + at);
	u64 end = pos + le32_to_cpu(entry->length), next;
	u32 crc = kmemp_seal_seed(&t.pool, le64_to_cpu(entry->epoch),
				  le64_to_cpu(entry->sequence), at);
	u8 *page = record.base + (at & ~4095ULL);

	if (pos % 4096 == 64)
		crc = crc32c(crc, page, 64);
	for (pos += sizeof(*entry); pos < end; pos = next) {
		next = min(end, (pos | 4095) + 1);
		page = record.base + (kmemp_log_page_of(log, pos >> 12) << 12);
		crc = crc32c(crc, page + pos % 4096, next - pos);
	}
	crc = crc32c(crc, (u8 *)entry + 4, sizeof(*entry) - 4);
	entry->seal = cpu_to_le32(~crc);
}

/* What is forged, with the right seal, is refused or read as it says. */
static void test_forged(void)
{
	static const u64 words[] = { 0, 1, ~0ULL, 1ULL << 55, 1ULL << 40,
				     0xffffffffffULL };
	unsigned int i, forged = 4000 * tap_scale(), opened = 0;
	u8 saved[16 * KMEMP_PAGE_SIZE];
	u64 places[64], nr = 0, pos;

	begin();
	for (i = 0; i < 30; i++)
		if (put(ID + i % 2, i, 10 * i) || map(ID, 3 * i % 40, 4))
			abort();
	test_close(&t);
	if (test_open(&t, &record, true))
		abort();
	/* All log pages are there at once: those of a new pool are the first. */
	memcpy(saved, record.base + KMEMP_PAGE_SIZE, sizeof(saved));
	for (pos = the_log()->tail.pos; pos != the_log()->head && nr < 60;) {
		struct kmemp_log_entry entry;

		places[nr++] = pos;
		if (kmemp_log_entry_read(the_log(), pos, &entry))
			abort();
		pos = kmemp_log_after(pos + le32_to_cpu(entry.length));
	}
	for (i = 0; i < forged; i++) {
		u64 place = places[rnd(nr)], at = place + 4 * (1 + rnd(23));
		u64 value = rnd(2) ? words[rnd(ARRAY_SIZE(words))] :
			    (u64)rnd(~0u) << 32 | rnd(~0u);
		u8 *page = record.base +
			   (kmemp_log_page_of(the_log(), place >> 12) << 12);

		if (at % KMEMP_PAGE_SIZE > KMEMP_PAGE_SIZE - 8 ||
		    at >> 12 != place >> 12)
			continue;
		/* The length leads out of what there is: the seal is wrong. */
		if (at - place > 7)
			memcpy(page + at % 4096, &value, 1 + rnd(8));
		else
			page[at % 4096] ^= 1 << rnd(8);
		if (at - place > 7)
			reseal(the_log(), place);
		opened += judge_hit(0) != 1;
		memcpy(record.base + KMEMP_PAGE_SIZE, saved, sizeof(saved));
	}
	tap_ok(opened && opened < forged,
	       "forged entries are read or refused: %u of %u opened", opened,
	       forged);
	test_end(&t);
}

/* Each allocation of opening fails in turn. */
static void test_memory(void)
{
	unsigned long nth;
	struct test_pool other;
	bool good = true;
	unsigned int i;
	int ret = -ENOMEM;

	begin();
	for (i = 0; i < 3000; i++)
		if (map(ID, 2 * i, 1) || put(ID, i, 8))
			abort();
	test_close(&t);
	for (nth = 1; ret && nth < 2000 && good; nth++) {
		long before = shim_nr_allocated;

		shim_fail_nth = nth;
		ret = test_open(&other, &record, nth % 2);
		shim_fail_nth = 0;
		good = ret ? ret == -ENOMEM && shim_nr_allocated == before :
			     !test_check(&other.pool, true);
	}
	tap_ok(!ret && good && nth > 20,
	       "opened without memory it fails and leaves nothing: %lu times",
	       nth - 2);
	test_close(&other);
	record_free(&record);
}

int main(void)
{
	long before = shim_nr_allocated;

	test_costs();
	test_length();
	test_full();
	test_damage();
	test_forged();
	test_memory();
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
