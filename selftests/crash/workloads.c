// SPDX-License-Identifier: GPL-2.0
/*
 * See workloads.h.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "super.h"
#include "workloads.h"
#include "worn.h"

/* A device with room behind a pool. */
#define LARGE_BYTES	(CRASH_POOL_BYTES + (1 << 20))
#define PART_PAGES	(CRASH_POOL_BYTES / KMEMP_PAGE_SIZE)

u64 crash_device_bytes;
/* Of the scenario that is played. */
static u64 pool_pages, old_pool_pages;

static void fresh_of(struct crash_work *work, u32 type, u64 pages)
{
	int err;

	if (test_format_part(work->record, type, pages) ||
	    test_open(&work->t, work->record, false))
		exit(2);
	crash_digests[0] = crash_digest(&work->t, &err);
}

static void fresh(struct crash_work *work)
{
	fresh_of(work, crash_format->type, pool_pages);
}

static void steps(struct crash_work *work)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		crash_step(work, i);
		if (i == 2 || i == 4)
			kmemp_pool_retire(&work->t.pool);
	}
}

static void steps_go_on(struct crash_work *work)
{
	crash_step(work, work->t.pool.newest);
	kmemp_pool_retire(&work->t.pool);
	crash_step(work, work->t.pool.newest);
}

/* A batch near the limit: some twenty fill the ring. */
static void big(struct crash_work *work)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	u8 name[8], value[1000];
	u64 seq = work->t.pool.newest + 1;
	unsigned int k;

	memset(value, seq, sizeof(value));
	for (k = 0; k < 50; k++) {
		snprintf((char *)name, sizeof(name), "huge%02u", k);
		if (kmemp_batch_put(batch, 9000, 1, name, 6, value,
				    sizeof(value)))
			exit(2);
	}
	crash_commit(work, batch);
}

static unsigned int bigs;	/* batches that fit before the ring is full */

static void ring_full(struct crash_work *work)
{
	unsigned int i;

	fresh(work);
	for (i = 1; i < bigs; i++)
		big(work);
}

static void ring_wraps(struct crash_work *work)
{
	big(work);
	big(work);
	crash_step(work, 0);
}

/* The batch whose commit stores a root is the first that has no room. */
static void count_bigs(void)
{
	static const struct crash_format *counted;
	struct crash_work work = {};
	struct record record;
	u8 roots[1024];

	if (counted == crash_format)
		return;
	counted = crash_format;
	pool_pages = 0;
	record_init(&record, CRASH_POOL_BYTES);
	work.record = &record;
	record.off = true;
	fresh(&work);
	memcpy(roots, record.base + KMEMP_SB_ROOT_OFFSET, sizeof(roots));
	for (bigs = 0; bigs < 100; bigs++) {
		big(&work);
		if (memcmp(roots, record.base + KMEMP_SB_ROOT_OFFSET,
			   sizeof(roots)))
			break;
	}
	test_close(&work.t);
	record_free(&record);
}

static u64 old_digest;

/* Is a copy left of the pool that was there before, with its keys? */
static bool old_copy_left(const struct record *record)
{
	u64 magic;

	if (!old_pool_pages || old_pool_pages == pool_pages)
		return false;
	memcpy(&magic, record->base + (old_pool_pages - 1) * KMEMP_PAGE_SIZE,
	       sizeof(magic));
	return magic == cpu_to_le64(KMEMP_MAGIC);
}

/* While it is formatted there is no pool, the old one, or the new one. */
static bool judge_format(struct record *record, struct crash_range range,
			 u64 *seq)
{
	unsigned int findings;
	struct test_pool t;
	u64 digest;
	bool good;
	int err;

	if (range.hi != CRASH_FORMATTING)
		return !old_copy_left(record) && crash_judge(record, range, seq);
	*seq = range.hi;
	crash_stats.states++;
	crash_stats.images++;
	err = test_open(&t, record, false);
	crash_after = record->image;
	if (err)
		return err == -ENOMEDIUM;
	digest = crash_digest(&t, &err);
	findings = record->fail_page ? 0 : test_check(&t.pool, false);
	good = test_partition(&t);
	test_close(&t);
	return !err && !findings && good &&
	       (digest == crash_digests[0] || digest == old_digest);
}

static void junk(struct crash_work *work)
{
	struct kmemp_media *media = &work->record->media;
	u64 copy;

	fresh(work);
	copy = kmemp_super_copy_pos(&work->t.pool.super);
	test_close(&work->t);
	memset(work->record->base, 0, media->size);
	memset(work->record->base + KMEMP_SB_ROOT_OFFSET, 0x5a,
	       KMEMP_PAGE_SIZE - KMEMP_SB_ROOT_OFFSET + (4 << 20));
	memset(work->record->base + copy, 0x5a, KMEMP_PAGE_SIZE);
	memset(work->record->base + media->size - KMEMP_PAGE_SIZE, 0x5a,
	       KMEMP_PAGE_SIZE);
	old_digest = crash_digests[0];
}

static void old_pool(struct crash_work *work)
{
	int err;

	fresh_of(work, crash_format->type, old_pool_pages);
	steps(work);
	/* Where the new pool's copy comes there is data. */
	if (pool_pages && !old_pool_pages) {
		work->t.hint = pool_pages - 1;
		crash_step(work, 0);
	}
	old_digest = crash_digest(&work->t, &err);
	test_close(&work->t);
}

/*
 * Its first pages are what it needs, it has data in the last of those that the
 * new one begins with, and it was not closed.
 */
static void pool_of_other_format(struct crash_work *work)
{
	u32 i = (crash_format - crash_formats + 1) % crash_nr_formats;
	u64 last = 0;
	int err;

	fresh(work);
	while (work->t.used[last + 1])
		last++;
	test_close(&work->t);
	fresh_of(work, crash_formats[i].type, 0);
	crash_step(work, 1);
	work->t.hint = last;
	crash_step(work, 0);
	old_digest = crash_digest(&work->t, &err);
	work->t.pool.failed = true;
	test_close(&work->t);
}

/* Under the keys of the old pool: of that nothing may come back either. */
static void format(struct crash_work *work)
{
	record_mark(work->record, CRASH_BEGIN(CRASH_FORMATTING));
	if (test_format_part(work->record, crash_format->type, pool_pages))
		exit(2);
	record_mark(work->record, CRASH_DURABLE(0));
	work->record->thread = CRASH_OPENER;
	if (test_open(&work->t, work->record, false))
		exit(2);
	work->record->thread = CRASH_COMMITTER;
	crash_step(work, 0);
}

/* Batches that differ in the end of one value. */
static void alike(struct crash_work *work)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	static u8 turn;
	u8 value[800];

	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = turn++;
	if (kmemp_batch_put(batch, 4096, 1, "alike", 5, value, sizeof(value)))
		exit(2);
	crash_commit(work, batch);
}

/* A second thread retires, as the one does that is woken by time. */
static void retired_wraps(struct crash_work *work)
{
	unsigned int i;

	crash_step(work, 0);
	work->record->thread = CRASH_RETIRER;
	kmemp_pool_retire(&work->t.pool);
	work->record->thread = CRASH_COMMITTER;
	for (i = 0; i < bigs; i++)
		big(work);
}

/*
 * Metadata pages that are freed are taken for data as soon as they can be: the
 * lowest free page is.
 */
static void reuse(struct crash_work *work)
{
	static const u8 made[] = { 0, 1, 6, 7, 13 }, freed[] = { 12, 15 };
	unsigned int i, turn;

	for (turn = 1; turn < 3; turn++) {
		for (i = 0; i < ARRAY_SIZE(made); i++)
			crash_step(work, made[i] + 16 * turn);
		for (i = 0; i < ARRAY_SIZE(freed); i++)
			crash_step(work, freed[i] + 16 * turn);
		if (turn == 2)
			kmemp_pool_retire(&work->t.pool);
		for (i = 0; i < 3; i++)
			crash_singles(work, 12);
	}
}

/* A page of records, of which later ones replace all but a small one. */
static void page_of_records(struct crash_work *work)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	u64 seq = work->t.pool.newest + 1;
	u8 name[16], value[960];
	unsigned int k;

	memset(value, seq, sizeof(value));
	for (k = 0; k < 4; k++) {
		snprintf((char *)name, sizeof(name), "page%02llu",
			 (seq * 5 + k * k) % 40);
		if (kmemp_batch_put(batch, 9000, 1, name, 6, value,
				    sizeof(value)))
			exit(2);
	}
	snprintf((char *)name, sizeof(name), "keep%03llu", seq);
	if (kmemp_batch_put(batch, 9000, 1, name, 7, value, 8))
		exit(2);
	crash_commit(work, batch);
}

/* Format log is long enough to be cleaned, and its tail about to move. */
static void long_log(struct crash_work *work)
{
	unsigned int i;

	fresh(work);
	for (i = 0; i < 6; i++)
		crash_step(work, i);
	for (i = 0; i < 135; i++)
		page_of_records(work);
}

/* Pages that were let go are taken for data at once. */
static void reuse_singles(struct crash_work *work)
{
	crash_singles(work, 12);
	crash_singles(work, 12);
}

/*
 * Who takes pages that the last batch let go stores into them at once; then it
 * has no use for them.
 */
static void over_freed(struct crash_work *work, const u8 *before)
{
	static const u8 data[KMEMP_LINE_SIZE] = { 0x5a };
	u64 page;

	for (page = 0; page < PART_PAGES; page++) {
		if (!before[page] || work->t.used[page])
			continue;
		work->t.hint = page;
		if (test_take(&work->t, 1) != page)
			exit(2);
		kmemp_media_write(&work->record->media,
				  page << KMEMP_PAGE_SHIFT, data, sizeof(data));
		test_give(&work->t, page, 1);
	}
}

/* By commits, which say a part again, and then by itself. */
static void cleaning(struct crash_work *work)
{
	static u8 before[PART_PAGES];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		page_of_records(work);
		memcpy(before, work->t.used, sizeof(before));
		crash_singles(work, 6);
		over_freed(work, before);
	}
	kmemp_pool_retire(&work->t.pool);
	reuse_singles(work);
}

static void limits(struct crash_work *work)
{
	u64 i;

	for (i = 0; i < 3; i++)
		if (kmemp_pool_set_limits(&work->t.pool, 100 + i, 0))
			exit(2);
}

static void same_counts(struct crash_work *work, u8 value)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);

	if (kmemp_batch_put(batch, 4096, 1, "same", 4, &value, 1))
		exit(2);
	crash_commit(work, batch);
}

/* The batch that counts after torn_root(). */
static u64 torn_newest;

/*
 * The second batch stands in both root slots but for one line: that of the
 * first batch, which counts, would make it whole. A format whose roots hold
 * zeros there has lost nothing by that.
 */
static void torn_root(struct crash_work *work)
{
	struct record *record = work->record;
	u8 *first = record->base;
	u8 *copy = record->base + record->media.size - KMEMP_PAGE_SIZE;
	u8 pages[2][KMEMP_PAGE_SIZE];
	u32 line = KMEMP_SB_ROOT_OFFSET + KMEMP_SB_ROOT_STRIDE +
		   KMEMP_LINE_SIZE;

	fresh(work);
	same_counts(work, 1);
	same_counts(work, 2);
	memcpy(pages[0], first, KMEMP_PAGE_SIZE);
	memcpy(pages[1], copy, KMEMP_PAGE_SIZE);
	test_close(&work->t);
	memcpy(first, pages[0], KMEMP_PAGE_SIZE);
	memcpy(copy, pages[1], KMEMP_PAGE_SIZE);
	torn_newest = memchr_inv(first + line, 0, KMEMP_LINE_SIZE) ? 1 : 2;
	memset(first + line, 0, KMEMP_LINE_SIZE);
	memset(copy + line, 0, KMEMP_LINE_SIZE);
}

static void only_open(struct crash_work *work)
{
	work->record->thread = CRASH_OPENER;
	if (test_open(&work->t, work->record, false))
		exit(2);
}

static bool judge_torn(struct record *record, struct crash_range range,
		       u64 *seq)
{
	range.lo = torn_newest;
	range.hi = torn_newest;
	return crash_judge(record, range, seq);
}

const struct crash_scenario crash_scenarios[] = {
	{ "torn root", torn_root, only_open, NULL, judge_torn, .roots = true },
	{ "alike", fresh, alike, alike, crash_judge, .tears = true },
	{ "retired, then wraps", fresh, retired_wraps, NULL, crash_judge,
	  .slow = true },
	{ "format over junk", junk, format, NULL, judge_format },
	{ "format over a pool", old_pool, format, NULL, judge_format },
	{ "format of a part over junk", junk, format, NULL, judge_format,
	  .bytes = LARGE_BYTES, .pages = PART_PAGES },
	{ "format over another format", pool_of_other_format, format, NULL,
	  judge_format, .foreign = true },
	{ "format of a part over a pool", old_pool, format, NULL, judge_format,
	  .bytes = LARGE_BYTES, .pages = PART_PAGES },
	{ "format of a part over a pool of a part", old_pool, format, NULL,
	  judge_format, .bytes = LARGE_BYTES, .pages = PART_PAGES,
	  .old_pages = PART_PAGES },
	{ "format over a pool of a part", old_pool, format, NULL, judge_format,
	  .bytes = LARGE_BYTES, .old_pages = PART_PAGES },
	{ "limits", fresh, limits, NULL, crash_judge },
	{ "last sequences", crash_worn_prepare, crash_worn_play, NULL,
	  crash_judge, .inside = true },
	{ "data_min", crash_min_prepare, crash_min_play, NULL,
	  crash_min_judge },
	{ "steps", fresh, steps, NULL, crash_judge },
	{ "reuse", fresh, reuse, NULL, crash_judge },
	{ "ring wraps", ring_full, ring_wraps, NULL, crash_judge,
	  .slow = true },
	{ "cleaning", long_log, cleaning, reuse_singles, crash_judge,
	  .slow = true, .only = KMEMP_TYPE_LOG },
	{ "steps, stopped", fresh, steps, steps_go_on, crash_judge },
};

const unsigned int crash_nr_scenarios = ARRAY_SIZE(crash_scenarios);

bool crash_scenario_fits(const struct crash_scenario *scenario)
{
	return (!scenario->roots || crash_format->roots) &&
	       (!scenario->inside || worn_knows(crash_format->type)) &&
	       (!scenario->only || scenario->only == crash_format->type);
}

void crash_scenario_record(const struct crash_scenario *scenario,
			   struct record *record, struct record_trace *trace,
			   struct crash_range *range)
{
	struct crash_work work = { .record = record };

	/* Some prepare the medium behind the record's back. */
	crash_forget();
	crash_first = 0;
	crash_may_be_full = false;
	count_bigs();
	crash_device_bytes = scenario->bytes ?: CRASH_POOL_BYTES;
	pool_pages = scenario->pages;
	old_pool_pages = scenario->old_pages;
	record_init(record, crash_device_bytes);
	record->off = true;
	scenario->prepare(&work);
	record_forget(record);
	record->off = false;
	record->thread = CRASH_COMMITTER;
	range->lo = work.t.open ? work.t.pool.newest : 0;
	range->hi = range->lo;
	scenario->play(&work);
	test_close(&work.t);
	record_take(record, 0, trace);
	record_undo(record, 0);
}
