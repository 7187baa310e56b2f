// SPDX-License-Identifier: GPL-2.0
/*
 * Format none: bad pages are recorded for ever, in one of two places at least.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "fixture.h"
#include "super.h"
#include "tap.h"

static struct media_cut cut;

/**
 * struct used - what for_each_used() named
 * @meta: pages of metadata
 * @bad: bad pages, as a set of small indices
 * @nr_bad: how often a bad page was named
 */
struct used {
	unsigned int meta;
	bool bad[256];
	unsigned int nr_bad;
};

static int add_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct used *used = arg;

	if (use == KMEMP_USE_BAD) {
		used->bad[page % 256] = true;
		used->nr_bad++;
	} else {
		used->meta += count;
	}
	return 0;
}

static struct kmemp_pool *open_pool(void)
{
	static struct kmemp_pool pool;

	memset(&pool, 0, sizeof(pool));
	if (kmemp_pool_open(&pool, &cut.media, false))
		abort();
	return &pool;
}

/* What is named by a fresh open; nr_bad is ~0 where it is refused. */
static struct used look(void)
{
	struct used used = {};
	struct kmemp_pool pool = {};

	if (kmemp_pool_open(&pool, &cut.media, true)) {
		used.nr_bad = ~0u;
		return used;
	}
	if (kmemp_pool_walk_used(&pool, add_used, &used))
		used.nr_bad = ~0u;
	kmemp_pool_close(&pool);
	return used;
}

static void mark(u64 page)
{
	struct kmemp_pool *pool = open_pool();

	if (kmemp_pool_mark_bad(pool, page))
		abort();
	kmemp_pool_close(pool);
}

static void test_mark(void)
{
	struct kmemp_pool *pool;
	struct used used;
	unsigned int i;
	int ret;

	fixture_format(&cut, FIXTURE_PAGES, 1);
	used = look();
	tap_ok(used.meta == 2 && !used.nr_bad, "fresh: two pages are used");
	pool = open_pool();
	tap_ok(kmemp_pool_mark_bad(pool, FIXTURE_PAGES) == -EINVAL &&
	       kmemp_pool_mark_bad(pool, ~0ULL) == -EINVAL,
	       "a page outside the pool cannot be bad");
	cut.media.counts.fences = 0;
	tap_ok(!kmemp_pool_mark_bad(pool, 5) && cut.media.counts.fences == 1,
	       "one fence");
	cut.words = 0;
	tap_ok(!kmemp_pool_mark_bad(pool, 5) && !cut.words,
	       "the same page again: nothing stored");
	cut.media.failed = true;
	tap_ok(kmemp_pool_mark_bad(pool, 5) == -EIO,
	       "nothing is promised of a medium that failed");
	cut.media.failed = false;
	kmemp_pool_close(pool);
	used = look();
	tap_ok(used.nr_bad == 1 && used.bad[5], "there after the next open");

	pool = open_pool();
	for (i = 6; i < 6 + KMEMP_SB_NR_BAD - 1; i++)
		if (kmemp_pool_mark_bad(pool, i))
			break;
	tap_ok(i == 6 + KMEMP_SB_NR_BAD - 1, "all slots taken");
	cut.words = 0;
	ret = kmemp_pool_mark_bad(pool, 200);
	tap_ok(ret == -ENOSPC && !cut.words, "no slot left: -ENOSPC");
	kmemp_pool_close(pool);
	used = look();
	tap_ok(used.nr_bad == KMEMP_SB_NR_BAD && !used.bad[200],
	       "%u bad pages after the next open", KMEMP_SB_NR_BAD);
}

static void test_crash(void)
{
	unsigned int n;
	struct used used;
	bool whole = true;

	for (n = 0; n <= 2; n++) {
		fixture_format(&cut, FIXTURE_PAGES, 1);
		mark(7);
		cut.words_left = n;
		mark(8);
		cut.words_left = CUT_NEVER;
		used = look();
		whole &= used.bad[7] && used.bad[8] == (n > 0) &&
			 used.nr_bad == 1 + (n > 0);
		/* Neither half an entry nor a mended page costs another. */
		mark(9);
		used = look();
		whole &= used.bad[7] && used.bad[9];
	}
	tap_ok(whole, "a crash between the two stores");
}

static void test_unreadable(void)
{
	static const u64 ends[] = { 0, FIXTURE_COPY };
	struct used used;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		fixture_format(&cut, FIXTURE_PAGES, 1);
		mark(7);
		cut.bad[cut.nr_bad++] = ends[i];
		used = look();
		tap_ok(used.nr_bad == 1 && used.bad[7],
		       "%s unreadable: the other knows", i ? "copy" : "page 0");
		mark(8);
		used = look();
		tap_ok(used.nr_bad == 2 && used.bad[8],
		       "and takes a new one alone");
		cut.nr_bad = 0;
		used = look();
		tap_ok(used.nr_bad == 2, "readable again: nothing is lost");
		mark(9);
		used = look();
		tap_ok(used.nr_bad == 3, "nor by mending");
	}
}

static __le64 *slot_of(unsigned int copy, unsigned int slot)
{
	u8 *page = media_cut_page(&cut, copy ? FIXTURE_COPY : 0);

	return (__le64 *)(page + KMEMP_SB_BAD_OFFSET) + slot;
}

static void test_hostile(void)
{
	static const u64 values[] = {
		1, 5, FIXTURE_PAGES, (1ULL << 40) - 1, 1ULL << 40, ~0ULL,
	};
	unsigned int i, page, refused = 0, lost = 0;
	static struct media_cut before;
	struct used used;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		for (page = 0; page < 2; page++) {
			fixture_format(&cut, FIXTURE_PAGES, 1);
			mark(7);
			*slot_of(page, 0) = __cpu_to_le64(values[i]);
			used = look();
			lost += used.nr_bad != 1 || !used.bad[7];
			mark(8);
			used = look();
			lost += used.nr_bad != 2 || !used.bad[8];
			lost += *slot_of(page, 0) != *slot_of(!page, 0);
			/* No other page to stand for it. */
			cut.bad[cut.nr_bad++] = page ? 0 : FIXTURE_COPY;
			*slot_of(page, 0) = __cpu_to_le64(values[i]);
			refused += fixture_refusal(&cut, false) ==
				   KMEMP_REFUSE_STRUCTURE;
		}
		fixture_format(&cut, FIXTURE_PAGES, 1);
		*slot_of(0, i) = __cpu_to_le64(values[i]);
		*slot_of(1, i) = __cpu_to_le64(values[i]);
		refused += fixture_refusal(&cut, false) ==
			   KMEMP_REFUSE_STRUCTURE;
	}
	tap_ok(!lost, "a slot that nobody wrote is mended from the other page");
	tap_ok(refused == 3 * ARRAY_SIZE(values),
	       "and refused where the other is unreadable or no better");

	fixture_format(&cut, FIXTURE_PAGES, 1);
	*slot_of(0, 0) = 1;
	*slot_of(0, 1) = 1;
	*slot_of(1, 1) = 1;
	before = cut;
	tap_ok(fixture_refusal(&cut, false) == KMEMP_REFUSE_STRUCTURE &&
	       media_cut_same(&cut, &before),
	       "a refused pool is not half mended");

	fixture_format(&cut, FIXTURE_PAGES, 1);
	mark(7);
	*slot_of(0, 63) = *slot_of(0, 0);
	*slot_of(0, 62) = *slot_of(0, 0);
	used = look();
	tap_ok(used.nr_bad == 1, "a slot that stands twice counts once");
}

/**
 * struct found - findings of a check
 * @count: by severity
 */
struct found {
	unsigned int count[KMEMP_FATAL + 1];
};

static void count_finding(void *arg, enum kmemp_severity severity, u64 object,
			  u64 pos, const char *text)
{
	struct found *found = arg;

	found->count[severity]++;
}

static void count_line(void *arg, const char *text)
{
	unsigned int *lines = arg;

	++*lines;
}

static struct found check(void)
{
	struct found found = {};
	struct kmemp_findings findings = {
		.finding = count_finding, .arg = &found,
	};
	struct kmemp_pool pool = {};

	if (kmemp_pool_open(&pool, &cut.media, true))
		abort();
	if (kmemp_pool_check(&pool, &findings))
		abort();
	kmemp_pool_close(&pool);
	return found;
}

/* Allocations that were there before main(): the registered formats. */
static long registered;

static void test_check(void)
{
	struct kmemp_findings findings = { .line = count_line };
	unsigned int lines = 0;
	struct kmemp_pool *pool;
	struct found found;

	fixture_format(&cut, FIXTURE_PAGES, 1);
	mark(7);
	mark(8);
	found = check();
	tap_ok(!found.count[KMEMP_NOTE] && !found.count[KMEMP_MENDED] &&
	       !found.count[KMEMP_LOSS], "check of a sound pool");
	media_cut_page(&cut, FIXTURE_COPY)[200] ^= 1;
	found = check();
	tap_ok(found.count[KMEMP_MENDED] == 1, "check tells of a damaged copy");
	media_cut_page(&cut, FIXTURE_COPY)[200] ^= 1;
	memset(media_cut_page(&cut, FIXTURE_COPY) + KMEMP_SB_BAD_OFFSET, 0, 8);
	found = check();
	tap_ok(found.count[KMEMP_NOTE] == 1 && !found.count[KMEMP_LOSS],
	       "and notes a slot that stands in one page only");
	cut.bad[cut.nr_bad++] = FIXTURE_COPY;
	found = check();
	tap_ok(found.count[KMEMP_LOSS] == 1, "and once that one is unreadable");
	cut.nr_bad = 0;

	findings.arg = &lines;
	pool = open_pool();
	tap_ok(!kmemp_pool_describe(pool, &findings) && lines == 2,
	       "describe has a line for each bad page");
	kmemp_pool_close(pool);
	tap_ok(shim_nr_allocated == registered,
	       "all is freed but the formats' registration");
}

int main(void)
{
	registered = shim_nr_allocated;
	test_mark();
	test_crash();
	test_unreadable();
	test_hostile();
	test_check();
	return tap_done();
}
