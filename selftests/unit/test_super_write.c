// SPDX-License-Identifier: GPL-2.0
/*
 * Writing the superblock, interrupted after every word: format, format over an
 * old pool, limits, mending. And each of them without memory.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "fixture.h"
#include "super.h"
#include "tap.h"

static struct media_cut start, cut;

/**
 * enum seen - what a cut left behind
 * @SEEN_NOTHING: plain, or refused
 * @SEEN_OLD: pool 1
 * @SEEN_NEW: pool 2
 * @SEEN_WRONG: anything else
 */
enum seen {
	SEEN_NOTHING,
	SEEN_OLD,
	SEEN_NEW,
	SEEN_WRONG,
};

static int format(struct media_cut *medium, u64 pages)
{
	struct kmemp_format_params params;
	struct kmemp_verdict verdict = {};

	fixture_params(&params, 2);
	params.pool_pages = pages;
	return kmemp_pool_format(&medium->media, &params, &verdict);
}

static enum seen look(struct media_cut *medium, u64 pages)
{
	struct kmemp_pool pool = {};
	enum seen seen;

	if (kmemp_pool_open(&pool, &medium->media, false))
		return SEEN_NOTHING;
	seen = fixture_is(&pool.super, 1) ? SEEN_OLD : SEEN_WRONG;
	if (pool.super.pool_pages == pages) {
		pool.super.pool_pages = FIXTURE_PAGES;
		if (fixture_is(&pool.super, 2))
			seen = SEEN_NEW;
		pool.super.pool_pages = pages;
	}
	kmemp_pool_close(&pool);
	return seen;
}

/* Has anything been stored beyond the old pool's copy and the pointer? */
static bool beyond_copies(struct media_cut *medium)
{
	unsigned int i;

	for (i = 0; i < medium->nr_pages; i++)
		if (medium->index[i] != FIXTURE_COPY &&
		    medium->index[i] != medium->media.size / KMEMP_PAGE_SIZE - 1 &&
		    memcmp(medium->data[i],
			   media_cut_page(&start, medium->index[i]),
			   KMEMP_PAGE_SIZE))
			return true;
	return false;
}

static void test_format(const char *what, u64 pages)
{
	unsigned int seen[SEEN_WRONG + 1] = {};
	unsigned int revived = 0, stuck = 0;
	enum seen last = SEEN_OLD;
	bool back = false, touched;
	u64 words, n;

	cut = start;
	cut.words = 0;
	tap_ok(!format(&cut, pages) && look(&cut, pages) == SEEN_NEW,
	       "%s: not interrupted", what);
	words = cut.words;
	for (n = 0; n <= words; n++) {
		enum seen now;

		cut = start;
		cut.words_left = n;
		format(&cut, pages);
		cut.words_left = CUT_NEVER;
		touched = beyond_copies(&cut);
		now = look(&cut, pages);
		seen[now]++;
		revived += now == SEEN_OLD && touched;
		/* Old, then nothing, then new, and never back. */
		back |= now != last && now == SEEN_OLD;
		back |= last == SEEN_NEW && now != SEEN_NEW;
		last = now;
		stuck += format(&cut, pages) || look(&cut, pages) != SEEN_NEW;
	}
	tap_diag("%llu cuts: %u nothing, %u old, %u new",
		 (unsigned long long)words, seen[SEEN_NOTHING], seen[SEEN_OLD],
		 seen[SEEN_NEW]);
	tap_ok(!seen[SEEN_WRONG], "%s: old, none, or new", what);
	tap_ok(!revived, "%s: old only while nothing else was overwritten",
	       what);
	tap_ok(!back && last == SEEN_NEW, "%s: never back", what);
	tap_ok(!stuck, "%s: formatting again succeeds", what);
}

static void test_limits(void)
{
	unsigned int wrong = 0, old = 0;
	struct kmemp_pool pool;
	u64 words, n;

	words = 2 * sizeof(struct kmemp_disk_static) / 8;
	for (n = 0; n <= words; n++) {
		cut = start;
		memset(&pool, 0, sizeof(pool));
		if (kmemp_pool_open(&pool, &cut.media, false))
			abort();
		cut.words_left = n;
		kmemp_pool_set_limits(&pool, 7, 9000);
		cut.words_left = CUT_NEVER;
		kmemp_pool_close(&pool);
		memset(&pool, 0, sizeof(pool));
		if (kmemp_pool_open(&pool, &cut.media, false)) {
			wrong++;
			continue;
		}
		if (pool.super.data_min == 101 && pool.super.data_max == 1001)
			old++;
		else
			wrong += pool.super.data_min != 7 ||
				 pool.super.data_max != 9000;
		kmemp_pool_close(&pool);
	}
	tap_ok(!wrong && old && old <= words,
	       "limits, cut after each word: old (%u) or new", old);

	memset(&pool, 0, sizeof(pool));
	cut = start;
	if (kmemp_pool_open(&pool, &cut.media, false))
		abort();
	cut.words = 0;
	tap_ok(kmemp_pool_set_limits(&pool, FIXTURE_PAGES + 1, 0) == -EINVAL &&
	       kmemp_pool_set_limits(&pool, 0, FIXTURE_PAGES + 1) == -EINVAL &&
	       kmemp_pool_set_limits(&pool, 10, 9) == -EINVAL &&
	       kmemp_pool_set_limits(&pool, 101, 1001) == 0 && !cut.words,
	       "limits that contradict, and the same again: nothing stored");
	cut.media.counts.fences = 0;
	tap_ok(!kmemp_pool_set_limits(&pool, 10, 0) &&
	       cut.media.counts.fences == 2, "two fences");
	kmemp_pool_close(&pool);
}

/* @damage[i]: byte of page 0 or of the copy that is hit, 0 for none. */
static void test_mend(const char *what, size_t first, size_t copy)
{
	static struct media_cut damaged;
	unsigned int lost = 0, unmended = 0;
	u64 words, n;

	damaged = start;
	if (first)
		media_cut_page(&damaged, 0)[first] ^= 4;
	if (copy)
		media_cut_page(&damaged, FIXTURE_COPY)[copy] ^= 4;
	cut = damaged;
	cut.words = 0;
	tap_ok(!fixture_open(&cut, 1, false) && media_cut_same(&cut, &start),
	       "%s: mended", what);
	words = cut.words;
	for (n = 0; n <= words; n++) {
		cut = damaged;
		cut.words_left = n;
		fixture_open(&cut, 1, false);
		cut.words_left = CUT_NEVER;
		lost += fixture_open(&cut, 1, true) != 0;
		unmended += fixture_open(&cut, 1, false) ||
			    !media_cut_same(&cut, &start);
	}
	tap_ok(words && !lost && !unmended,
	       "%s: cut after each of %llu words, mended by the next open",
	       what, (unsigned long long)words);
}

static void test_no_memory(void)
{
	static struct media_cut before;
	unsigned int bad = 0;
	unsigned long n;
	int ret = -1;

	for (n = 1; ret && n < 100; n++) {
		long allocated = shim_nr_allocated;

		cut = start;
		shim_fail_nth = n;
		ret = format(&cut, FIXTURE_PAGES);
		shim_fail_nth = 0;
		bad += shim_nr_allocated != allocated;
		bad += ret && (ret != -ENOMEM || !media_cut_same(&cut, &start));
	}
	tap_ok(!ret && n > 2 && !bad,
	       "format without its Nth allocation: nothing changed, no leak");

	ret = -1;
	before = start;
	media_cut_page(&before, 0)[100] ^= 1;
	for (n = 1; ret && n < 100; n++) {
		long allocated = shim_nr_allocated;

		cut = before;
		shim_fail_nth = n;
		ret = fixture_open(&cut, 1, false);
		shim_fail_nth = 0;
		bad += shim_nr_allocated != allocated;
		bad += ret && (ret != -ENOMEM ||
			       !media_cut_same(&cut, &before));
	}
	tap_ok(!ret && n > 3 && !bad,
	       "open without its Nth allocation: nothing changed, no leak");
}

static void test_refused(void)
{
	static const struct {
		const char *what;
		u64 pages, min, max;
		const char *label;
		u32 type;
		enum kmemp_refusal code;
	} cases[] = {
		{ "too small", FIXTURE_PAGES - 1, 0, 0, "", 0,
		  KMEMP_REFUSE_TOO_SMALL },
		{ "larger than the device", FIXTURE_PAGES + 201, 0, 0, "", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "a size that overflows", ~0ULL, 0, 0, "", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "data_min beyond the pool", 0, ~0ULL, 0, "", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "data_max beyond the pool", 0, 0, ~0ULL, "", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "data_min above data_max", 0, 2, 1, "", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "a label with a slash", 0, 0, 0, "a/b", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "a label of 65 bytes", 0, 0, 0,
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX", 0,
		  KMEMP_REFUSE_GEOMETRY },
		{ "an unknown type", 0, 0, 0, "", 77,
		  KMEMP_REFUSE_TYPE_UNKNOWN },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmemp_format_params params;
		struct kmemp_verdict verdict = {};
		int ret;

		fixture_params(&params, 2);
		params.pool_pages = cases[i].pages;
		params.data_min = cases[i].min;
		params.data_max = cases[i].max;
		params.label = cases[i].label;
		params.type = cases[i].type;
		cut = start;
		media_cut_resize(&cut, FIXTURE_PAGES + 200);
		cut.words = 0;
		ret = kmemp_pool_format(&cut.media, &params, &verdict);
		tap_ok(ret < 0 && verdict.code == cases[i].code && !cut.words,
		       "format refused: %s", cases[i].what);
	}
}

int main(void)
{
	media_cut_init(&start, FIXTURE_PAGES);
	test_format("an empty device", FIXTURE_PAGES);
	fixture_format(&start, FIXTURE_PAGES, 1);
	test_format("over a pool", FIXTURE_PAGES);
	fixture_format(&start, FIXTURE_PAGES + 200, 1);
	test_format("over a smaller pool", FIXTURE_PAGES + 200);
	test_format("over a pool of the same size, smaller than the device",
		    FIXTURE_PAGES);
	test_format("over a pool that ends elsewhere", FIXTURE_PAGES + 100);

	fixture_format(&start, FIXTURE_PAGES, 1);
	test_limits();
	test_mend("page 0's static part", 100, 0);
	test_mend("the copy's magic", 0, 1);
	test_mend("page 0's state line", 2050, 0);
	test_mend("page 0's static part, the copy's state line", 100, 2050);
	test_mend("the copy's static part, page 0's state line", 2050, 100);
	test_mend("page 0's gap, the copy's state line", 2200, 2050);
	test_mend("a bad-page slot", 4000, 0);
	test_no_memory();
	test_refused();
	return tap_done();
}
