// SPDX-License-Identifier: GPL-2.0
/*
 * Is every flush and every fence needed, and missed where it is not there?
 *
 * Each is dropped in turn, by call site. A workload is played, with the site
 * and without it; where lines are open only because it was dropped, they are
 * lost, alone and together with others: a state has to be found that is
 * recovered wrongly, while the same state with the site there is recovered
 * well.
 *
 * Some show only later. So the workloads are also stopped on the way, with and
 * without power loss, recovered, and go on: that is played in the same way.
 * Opening, committing and retiring are threads of their own: no fence of one
 * completes flushes of another.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "crash_util.h"
#include "super.h"
#include "tap.h"

/* Another format's file includes this one. */
#ifndef CRASH_TYPE
#define CRASH_TYPE	KMEMP_TYPE_BITMAP
#endif

#define MOST_SITES	64

/* A device with room behind a pool. */
#define LARGE_BYTES	(CRASH_POOL_BYTES + (1 << 20))
#define PART_PAGES	(CRASH_POOL_BYTES / KMEMP_PAGE_SIZE)

enum { OPENER, COMMITTER, RETIRER };

typedef bool (*judge_fn)(struct record *record, struct crash_range range);

struct site {
	u64 site, pc;
	bool fence, caught;
	char function[64], caller_name[64];
	const char *why;	/* it is known not to be missed, or NULL */
	char by[64];
};

/*
 * What no state of these workloads can show, with the reason. @nr: how many
 * sites of that function, kind and caller; one more, and the test fails.
 */
static const struct known {
	const char *function, *caller;
	bool fence;
	unsigned int nr;
	const char *why;
} known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{ "kmemp_ring_retire", "kmemp_bm_prepare", true, 1,
	  "the last of two: the fence of the same commit follows, its entry would have to reach round to the old tail" },
};

static struct site sites[MOST_SITES];
/* One line of an entry is lost, then one alone comes: see alike(). */
static bool tears;
static unsigned int nr_sites;

struct scenario {
	const char *name;
	/* Leaves a medium, and a pool opened where @begin is to go on. */
	void (*prepare)(struct crash_work *work);
	/* What is recorded and cut. */
	void (*play)(struct crash_work *work);
	/* What a stopped one goes on with, opened again; NULL: it is not. */
	void (*go_on)(struct crash_work *work);
	judge_fn judge;
	bool tears;
	u64 bytes;		/* of the device; 0: CRASH_POOL_BYTES */
	u64 pages, old_pages;	/* of the pool, of the one before; 0: all */
};

/* Of the scenario that is played. */
static u64 device_bytes, pool_pages, old_pool_pages;

static bool judge_batches(struct record *record, struct crash_range range)
{
	u64 seq;

	return crash_judge(record, range, &seq);
}

/* ------------------------------------------------ lines and their states */

/*
 * How many words are there of the lines that a dropped site left open, and of
 * all other open ones.
 */
static const struct kind {
	u8 missed, other;
} kinds[] = { { 0, 8 }, { 0, 0 }, { 0, 4 }, { 4, 8 },
	      { 4, 4 } };

struct hunt {
	struct record *record;
	struct record_lines with, without;	/* the site, dropped */
	struct crash_range range;
	judge_fn judge;
	struct site *site;
	u64 last;		/* line stored into last */
	bool alone;		/* try each line alone */
};

static const struct record_line *find_line(const struct record_lines *lines,
					   u64 where)
{
	return lines->index[where] ? &lines->line[lines->index[where] - 1] :
				     NULL;
}

/* Is this line's durable content another one because of the dropped site? */
static bool missed(const struct hunt *hunt, const struct record_line *line)
{
	const struct record_line *with = find_line(&hunt->with, line->where);

	return memcmp(line->durable, with ? with->durable :
		      hunt->record->base + line->where * KMEMP_LINE_SIZE,
		      KMEMP_LINE_SIZE);
}

/*
 * One state; @only: of the missed lines this one, or of the others this one is
 * whole. Put with the site dropped or with it there.
 */
static bool try(struct hunt *hunt, struct kind kind, s64 only, bool dropped,
		u64 fail_page)
{
	struct record *record = hunt->record;
	u64 start = record->nr;
	bool good;
	u32 i;

	for (i = 0; i < hunt->without.nr; i++) {
		const struct record_line *line = &hunt->without.line[i];
		const struct record_line *put = line;
		bool is_missed = missed(hunt, line);
		u8 words = is_missed ? kind.missed : kind.other;

		if ((s64)line->where == only)
			words = is_missed ? 0 : 8;
		if (!dropped)
			put = find_line(&hunt->with, line->where);
		if (put && words < 8)
			crash_set_line(record, put, words);
	}
	record->fail_page = fail_page;
	good = hunt->judge(record, hunt->range);
	record->fail_page = 0;
	record_undo(record, start);
	return good;
}

static bool shows(struct hunt *hunt, struct kind kind, s64 only, u64 fail_page)
{
	return !try(hunt, kind, only, true, fail_page) &&
	       try(hunt, kind, only, false, fail_page);
}

/* Does a state show that the site was dropped? */
static bool cut(struct hunt *hunt)
{
	u64 pages = hunt->record->media.size >> KMEMP_PAGE_SHIFT;
	u32 i, k, nr = 0;

	for (i = 0; i < hunt->without.nr; i++)
		nr += missed(hunt, &hunt->without.line[i]);
	if (!nr)
		return false;
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (shows(hunt, kinds[k], -1, 0))
			return true;
		if (hunt->range.lo == hunt->range.hi &&
		    (shows(hunt, kinds[k], -1, 1) ||
		     shows(hunt, kinds[k], -1, pages)))
			return true;
	}
	/* One of the others alone there; one of the missed alone missing. */
	if (find_line(&hunt->without, hunt->last) &&
	    shows(hunt, kinds[1], hunt->last, 0))
		return true;
	for (i = 0; hunt->alone && i < hunt->without.nr && i < 40; i++)
		if (shows(hunt, kinds[1], hunt->without.line[i].where, 0))
			return true;
	for (i = 0; nr > 1 && i < hunt->without.nr && i < 8; i++)
		if (shows(hunt, (struct kind){ 8, 8 },
			  hunt->without.line[i].where, 0))
			return true;
	return false;
}

/*
 * Where to cut: before fences and marks, and after the first stores behind a
 * flush, a fence or a mark.
 */
struct pace {
	u64 run;
	bool stored;
};

static bool cut_before(struct pace *pace, const struct record_event *event)
{
	bool now = pace->stored && (event->kind == RECORD_FENCE ||
				    event->kind == RECORD_MARK);

	if (now)
		pace->stored = false;
	return now;
}

static bool cut_after(struct pace *pace, const struct record_event *event)
{
	if (event->kind == RECORD_MARK || event->kind == RECORD_FENCE)
		pace->stored = true;
	if (event->kind != RECORD_STORE) {
		pace->run = 0;
		return false;
	}
	pace->stored = true;
	return pace->run++ < 2 || pace->run % 4096 == 0;
}

static void follow(struct crash_range *range, const struct record_event *event)
{
	if (event->kind != RECORD_MARK)
		return;
	range->hi = event->pos >> 1;
	if (event->pos & 1)
		range->lo = range->hi;
}

static bool has_site(const struct record_trace *trace, u64 site)
{
	u64 i;

	for (i = 0; i < trace->nr; i++)
		if (trace->events[i].site == site)
			return true;
	return false;
}

/* Play a trace without one site. @most: cuts after which it is given up. */
static bool caught(struct record *record, const struct record_trace *trace,
		   const struct record_lines *still_open,
		   struct crash_range range, judge_fn judge, struct site *site,
		   unsigned int most)
{
	struct hunt hunt = {
		.record = record, .range = range, .judge = judge, .site = site,
		.alone = tears,
	};
	u64 start = record->nr, i;
	struct pace pace = {};
	bool found = false;

	if (still_open) {
		record_lines_copy(&hunt.with, still_open, device_bytes);
		record_lines_copy(&hunt.without, still_open, device_bytes);
	} else {
		record_lines_init(&hunt.with, device_bytes);
		record_lines_init(&hunt.without, device_bytes);
	}
	for (i = 0; !found && i < trace->nr && most; i++) {
		const struct record_event *event = &trace->events[i];
		bool differs = hunt.without.nr;

		if (differs && cut_before(&pace, event)) {
			u64 before = crash_stats.states;

			found = cut(&hunt);
			most -= crash_stats.states > before;
		}
		record_track(&hunt.with, event, record->base);
		if (event->site != site->site)
			record_track(&hunt.without, event, record->base);
		record_play(record, trace, i);
		follow(&hunt.range, event);
		if (event->kind == RECORD_STORE)
			hunt.last = event->pos / KMEMP_LINE_SIZE;
		if (cut_after(&pace, event) && !found && most) {
			u64 before = crash_stats.states;

			found = cut(&hunt);
			most -= crash_stats.states > before;
		}
	}
	if (!found)
		found = cut(&hunt);
	record_lines_free(&hunt.with);
	record_lines_free(&hunt.without);
	record_undo(record, start);
	return found;
}

/* Of the sanitizers that the tests are built with. */
void __sanitizer_symbolize_pc(u64 pc, const char *fmt, char *out, u64 size);

static void add_site(const struct record_event *event)
{
	struct site *site = &sites[nr_sites++];
	unsigned int k;

	site->site = event->site;
	site->pc = event->pc;
	site->fence = event->kind == RECORD_FENCE;
	__sanitizer_symbolize_pc(event->pc - 1, "%f", site->function,
				 sizeof(site->function));
	__sanitizer_symbolize_pc(event->caller - 1, "%f", site->caller_name,
				 sizeof(site->caller_name));
	for (k = 0; k < ARRAY_SIZE(known); k++)
		if (!strcmp(known[k].function, site->function) &&
		    !strcmp(known[k].caller, site->caller_name) &&
		    known[k].fence == site->fence)
			site->why = known[k].why;
}

/* Which sites a trace has, and which of them it shows dropped. */
static void hunt_all(struct record *record, const struct record_trace *trace,
		     const struct record_lines *still_open,
		     struct crash_range range, judge_fn judge,
		     const char *by, bool stopped)
{
	unsigned int k, most = stopped ? 24 : 200;
	u64 i;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (!event->site)
			continue;
		for (k = 0; k < nr_sites; k++)
			if (sites[k].site == event->site)
				break;
		if (k == nr_sites && k < MOST_SITES)
			add_site(event);
	}
	for (k = 0; k < nr_sites; k++) {
		if (sites[k].caught || (sites[k].why && stopped) ||
		    !has_site(trace, sites[k].site))
			continue;
		sites[k].caught = caught(record, trace, still_open, range,
					 judge, &sites[k], most);
		if (sites[k].caught)
			snprintf(sites[k].by, sizeof(sites[k].by), "%s", by);
	}
}

/* -------------------------------------------------------- stop and go on */

/*
 * From the state that is on the medium: open, go on, and hunt in that. Lines
 * that are @still_open may be lost after it.
 */
static void again(const struct scenario *scenario, struct record *record,
		  const struct record_lines *still_open, const char *by)
{
	u64 saved[CRASH_MOST_BATCHES], start = record->nr;
	struct crash_work work = { .record = record };
	struct record_trace trace;
	struct crash_range range;

	memcpy(saved, crash_digests, sizeof(saved));
	record->thread = OPENER;
	if (!test_open(&work.t, record, false)) {
		range.lo = work.t.pool.newest;
		range.hi = range.lo;
		record->thread = COMMITTER;
		scenario->go_on(&work);
		test_close(&work.t);
		record_take(record, start, &trace);
		record_undo(record, start);
		hunt_all(record, &trace, still_open, range, judge_batches, by,
			 true);
		record_trace_free(&trace);
	}
	record_undo(record, start);
	memcpy(crash_digests, saved, sizeof(saved));
}

static void set_all(struct record *record, const struct record_lines *lines,
		    unsigned int words, u64 but)
{
	u32 i;

	for (i = 0; i < lines->nr; i++)
		if (lines->line[i].where != but)
			crash_set_line(record, &lines->line[i], words);
}

static void stop_at(const struct scenario *scenario, struct record *record,
		    const struct record_lines *lines, u64 last)
{
	static const struct {
		const char *name;
		unsigned int words, but;
	} ways[] = {
		{ "power lost, all there", 8, 0 },
		{ "power lost, nothing there", 0, 0 },
		{ "power lost, half there", 4, 0 },
		{ "power lost, but the last there", 0, 1 },
	};
	u64 start = record->nr;
	char name[64];
	u32 k;

	/* An entry with its header, but without one of its other lines. */
	for (k = 1; tears && k < 8; k++) {
		const struct record_line *line = find_line(lines, last + k);

		if (!line)
			continue;
		crash_set_line(record, line, 0);
		snprintf(name, sizeof(name), "%s, a line lost", scenario->name);
		again(scenario, record, NULL, name);
		record_undo(record, start);
	}
	if (tears)
		return;

	snprintf(name, sizeof(name), "%s, stopped", scenario->name);
	again(scenario, record, lines, name);
	for (k = 0; lines->nr && k < ARRAY_SIZE(ways); k++) {
		set_all(record, lines, ways[k].words, ways[k].but ? last : 0);
		snprintf(name, sizeof(name), "%s, %s", scenario->name,
			 ways[k].name);
		again(scenario, record, NULL, name);
		record_undo(record, start);
	}
}

static unsigned int missing(void)
{
	unsigned int k, nr = 0;

	for (k = 0; k < nr_sites; k++)
		nr += !sites[k].caught;
	return nr;
}

static void print_site(const struct site *site)
{
	char place[64];

	__sanitizer_symbolize_pc(site->pc - 1, "%s:%l", place, sizeof(place));
	printf("# %s in %s, %s, called by %s: %s%s\n",
	       site->fence ? "fence" : "flush", site->function, place,
	       site->caller_name, site->caught ? "missed by " : "not missed",
	       site->caught ? site->by : site->why ? ", known" : "");
}

static void run(const struct scenario *scenario, bool stop)
{
	struct crash_range range = {};
	struct record_lines lines;
	struct record_trace trace;
	struct crash_work work = {};
	struct record record;
	struct pace pace = {};
	unsigned int k;
	u64 i, last = 0;

	device_bytes = scenario->bytes ?: CRASH_POOL_BYTES;
	pool_pages = scenario->pages;
	old_pool_pages = scenario->old_pages;
	record_init(&record, device_bytes);
	record.off = true;
	work.record = &record;
	scenario->prepare(&work);
	record_forget(&record);
	record.off = false;
	record.thread = COMMITTER;
	if (work.t.open)
		range.lo = range.hi = work.t.pool.newest;
	scenario->play(&work);
	test_close(&work.t);
	record_take(&record, 0, &trace);
	record_undo(&record, 0);

	crash_quiet = true;
	tears = scenario->tears;
	hunt_all(&record, &trace, NULL, range, scenario->judge, scenario->name,
		 false);
	record_lines_init(&lines, device_bytes);
	for (i = 0; stop && scenario->go_on && i < trace.nr; i++) {
		const struct record_event *event = &trace.events[i];

		if (cut_before(&pace, event))
			stop_at(scenario, &record, &lines, last);
		record_track(&lines, event, record.base);
		record_play(&record, &trace, i);
		if (event->kind == RECORD_STORE)
			last = event->pos / KMEMP_LINE_SIZE;
		if (cut_after(&pace, event))
			stop_at(scenario, &record, &lines, last);
	}
	record_lines_free(&lines);
	record_trace_free(&trace);
	record_free(&record);
	printf("# %s: %llu states so far, %u of %u sites not caught\n",
	       scenario->name, crash_stats.states, missing(), nr_sites);
	for (k = 0; k < nr_sites; k++)
		if (!sites[k].caught)
			print_site(&sites[k]);
	fflush(stdout);
}

/* --------------------------------------------------------- the workloads */

static void fresh_of(struct crash_work *work, u64 pages)
{
	int err;

	if (test_format_part(work->record, CRASH_TYPE, pages) ||
	    test_open(&work->t, work->record, false))
		exit(2);
	crash_digests[0] = test_digest(&work->t.pool, &err);
}

static void fresh(struct crash_work *work)
{
	fresh_of(work, pool_pages);
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
	struct crash_work work = {};
	struct record record;
	u8 roots[1024];

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

/* In place of a sequence while the pool is being formatted. */
#define FORMATTING	1000
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
static bool judge_format(struct record *record, struct crash_range range)
{
	unsigned int findings;
	struct test_pool t;
	u64 digest;
	bool good;
	int err;

	if (range.hi < FORMATTING)
		return !old_copy_left(record) && judge_batches(record, range);
	crash_stats.states++;
	switch (test_open(&t, record, false)) {
	case 0:
		break;
	case -ENOMEDIUM:
		return true;
	default:
		return false;
	}
	digest = test_digest(&t.pool, &err);
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
	memset(work->record->base + KMEMP_PAGE_SIZE, 0x5a, 4 << 20);
	memset(work->record->base + copy, 0x5a, KMEMP_PAGE_SIZE);
	memset(work->record->base + media->size - KMEMP_PAGE_SIZE, 0x5a,
	       KMEMP_PAGE_SIZE);
	old_digest = crash_digests[0];
}

static void old_pool(struct crash_work *work)
{
	int err;

	fresh_of(work, old_pool_pages);
	steps(work);
	old_digest = test_digest(&work->t.pool, &err);
	test_close(&work->t);
}

/* Under the keys of the old pool: of that nothing may come back either. */
static void format(struct crash_work *work)
{
	record_mark(work->record, CRASH_BEGIN(FORMATTING));
	if (test_format_part(work->record, CRASH_TYPE, pool_pages))
		exit(2);
	record_mark(work->record, CRASH_DURABLE(0));
	work->record->thread = OPENER;
	if (test_open(&work->t, work->record, false))
		exit(2);
	work->record->thread = COMMITTER;
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
	work->record->thread = RETIRER;
	kmemp_pool_retire(&work->t.pool);
	work->record->thread = COMMITTER;
	for (i = 0; i < bigs; i++)
		big(work);
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

/*
 * The second batch stands in both root slots but for one line: that of the
 * first batch, which counts, would make it whole.
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
	memset(first + line, 0, KMEMP_LINE_SIZE);
	memset(copy + line, 0, KMEMP_LINE_SIZE);
}

static void only_open(struct crash_work *work)
{
	work->record->thread = OPENER;
	if (test_open(&work->t, work->record, false))
		exit(2);
}

static bool judge_torn(struct record *record, struct crash_range range)
{
	(void)range;
	return judge_batches(record, (struct crash_range){ 1, 1 });
}

/* Of a format whose root slot makes a batch true. */
static const struct scenario torn = {
	"torn root", torn_root, only_open, NULL, judge_torn
};

static const struct scenario scenarios[] = {
	{ "alike", fresh, alike, alike, judge_batches, true },
	{ "retired, then wraps", fresh, retired_wraps, NULL, judge_batches },
	{ "format over junk", junk, format, NULL, judge_format },
	{ "format over a pool", old_pool, format, NULL, judge_format },
	{ "format of a part over junk", junk, format, NULL, judge_format,
	  .bytes = LARGE_BYTES, .pages = PART_PAGES },
	{ "format of a part over a pool of a part", old_pool, format, NULL,
	  judge_format, .bytes = LARGE_BYTES, .pages = PART_PAGES,
	  .old_pages = PART_PAGES },
	{ "format over a pool of a part", old_pool, format, NULL, judge_format,
	  .bytes = LARGE_BYTES, .old_pages = PART_PAGES },
	{ "limits", fresh, limits, NULL, judge_batches },
	{ "steps", fresh, steps, NULL, judge_batches },
	{ "ring wraps", ring_full, ring_wraps, NULL, judge_batches },
	{ "steps, stopped", fresh, steps, steps_go_on, judge_batches },
};

/* Sites that are neither caught nor known. */
static unsigned int unknown(void)
{
	unsigned int k, i, nr = missing();

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		unsigned int excused = 0;

		for (k = 0; k < nr_sites; k++)
			if (!sites[k].caught && sites[k].why == known[i].why &&
			    excused < known[i].nr)
				excused++;
		nr -= excused;
	}
	return nr;
}

int main(void)
{
	unsigned int i;

	count_bigs();
	if (CRASH_TYPE != KMEMP_TYPE_BITMAP)
		run(&torn, true);
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		run(&scenarios[i], true);
	tap_ok(nr_sites && !unknown(),
	       "sites caught: %u of %u, %u that are known not to be",
	       nr_sites - missing(), nr_sites, missing() - unknown());
	return tap_done();
}
