// SPDX-License-Identifier: GPL-2.0
/*
 * Crashes of every format: a workload is recorded, and cut after every store
 * and at every fence. At each cut the medium is put into states that the crash
 * may leave:
 *
 *	all	every store before the cut is durable (caches that survive)
 *	none	what was not flushed and fenced is lost
 *	missing	all but one open line that recovery reads is there
 *	half	of one such line, or of all open ones, only the first words are
 *		there
 *	alone	of all open lines only one is there
 *
 * Each is recovered, has to hold a prefix of the batches with all that were
 * reported durable, has to pass the full check, and to be opened again without
 * a store. Of some, recovery itself is cut in the same way; of some, the
 * operation is repeated and cut again. Queued batches, of which several are
 * committed as one, are cut like those that are waited for.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "crash_util.h"
#include "tap.h"

static bool explore(struct record *record, const struct record_trace *trace,
		    struct record_lines *lines, struct crash_range range,
		    unsigned int depth);

/* The pool goes on: the same kind of batch again, cut in the same way. */
static bool repeat(struct record *record, u64 seq, unsigned int depth)
{
	u64 saved[2] = { crash_digests[seq + 1], crash_digests[seq + 2] };
	struct crash_work work = { .record = record };
	struct record_lines lines;
	struct record_trace trace;
	u64 start, was = crash_newest;
	bool good;

	if (test_open(&work.t, record, false))
		return false;
	start = record->nr;
	crash_step(&work, seq);
	crash_step(&work, seq + 1);
	test_close(&work.t);
	record_take(record, start, &trace);
	record_undo(record, start);
	record_lines_init(&lines, CRASH_POOL_BYTES);
	good = explore(record, &trace, &lines, (struct crash_range){ seq, seq },
		       depth - 1);
	record_lines_free(&lines);
	record_trace_free(&trace);
	crash_digests[seq + 1] = saved[0];
	crash_digests[seq + 2] = saved[1];
	crash_newest = was;
	crash_stats.repeated++;
	return good;
}

/*
 * Recoveries that are being cut. Where a root slot is what makes a batch true, it
 * may be in one superblock page then, which must not be lost besides.
 */
static unsigned int in_recovery;

/* Judge a state; perhaps cut its recovery; leave the medium as it was. */
static bool try(struct record *record, struct crash_range range, unsigned int depth,
		const struct record_lines *still_open)
{
	u64 start = record->nr, seq;
	bool good = depth ? crash_recover(record, range, &seq) :
			    crash_judge(record, range, &seq);

	if (good && depth && record->nr > start) {
		struct record_lines lines;
		struct record_trace trace;

		/* Power lost in recovery; if the power stayed till then: */
		record_take(record, start, &trace);
		record_undo(record, start);
		if (still_open) {
			record_lines_copy(&lines, still_open, CRASH_POOL_BYTES);
		} else {
			record_lines_init(&lines, CRASH_POOL_BYTES);
			range = (struct crash_range){ seq, seq };
		}
		in_recovery++;
		good = explore(record, &trace, &lines, range, depth - 1);
		in_recovery--;
		record_lines_free(&lines);
		record_trace_free(&trace);
		crash_stats.nested++;
	}
	record_undo(record, start);
	return good;
}

static bool changed(const struct record *record, const struct record_line *line)
{
	return memcmp(record->base + line->where * KMEMP_LINE_SIZE,
		      line->durable, KMEMP_LINE_SIZE);
}

/* The line's state with @words there, or with no other open line there. */
static bool try_line(struct record *record, struct record_lines *lines, u32 i,
		     int words, struct crash_range range, unsigned int depth)
{
	u64 start = record->nr;
	bool good;
	u32 k;

	if (words >= 0)
		crash_set_line(record, &lines->line[i], words);
	for (k = 0; words < 0 && k < lines->nr; k++)
		if (k != i)
			crash_set_line(record, &lines->line[k], 0);
	good = try(record, range, depth, NULL);
	record_undo(record, start);
	return good;
}

static u64 cut_nr, outer_nr;
/* How deep crashes in recoveries go: the workload itself is cut most densely. */
static unsigned int most_depth;
/* Stores in a row after which not each is cut any more, and which then are. */
static u64 dense = 12, sparse = 61;
/* Open lines at a cut above which one in so many is looked at. */
static u32 many = 12, thin = 11;

/* @whole: each line in turn; else all, none, and the last line stored. */
static bool cut(struct record *record, struct record_lines *lines,
		struct crash_range range, bool whole, u64 last, unsigned int depth)
{
	unsigned int scale = tap_scale(), words;
	u64 nr = record->media.size / KMEMP_LINE_SIZE, start = record->nr, seq;
	u64 turn = cut_nr++;
	u8 *reads = NULL;
	bool good;
	u32 i;

	/* All of it; and which lines recovery looks at. */
	if (lines->nr) {
		reads = calloc(nr, 1);
		record->reads = reads;
	}
	good = crash_recover(record, range, &seq);
	record->reads = NULL;
	record_undo(record, start);
	if (good && depth && turn % 16 == 3)
		good = try(record, range, depth, NULL) &&
		       try(record, range, depth, lines);
	/* Not of lazy batches: it counts what was committed. */
	if (good && depth && depth == most_depth && !crash_lazy &&
	    outer_nr++ % 48 == 19)
		good = repeat(record, seq, depth);
	record_undo(record, start);
	/* None of it. */
	for (i = 0; i < lines->nr; i++)
		crash_set_line(record, &lines->line[i], 0);
	if (good && lines->nr)
		good = try(record, range, turn % 16 == 5 ? depth : 0, NULL);
	/* Between batches either superblock page may be lost besides. */
	if (in_recovery && crash_format->roots)
		whole = false;
	for (i = 0; good && range.lo == range.hi && whole && i < 2; i++) {
		u64 at = record->nr;

		record->fail_page = i ? nr / 64 : 1;
		good = try(record, range, 0, NULL);
		record->fail_page = 0;
		record_undo(record, at);
	}
	record_undo(record, start);

	/* Half of every line at once: what two lines together must survive. */
	for (i = 0; good && whole && i < lines->nr; i++)
		crash_set_line(record, &lines->line[i], 4);
	if (good && whole && lines->nr)
		good = try(record, range, 0, NULL);
	record_undo(record, start);

	for (i = 0; good && i < lines->nr; i++) {
		const struct record_line *line = &lines->line[i];

		if (!changed(record, line) || !reads[line->where] ||
		    (!whole && (line->where != last || depth != most_depth)) ||
		    (lines->nr > many && (line->where + turn) % thin))
			continue;
		good = try_line(record, lines, i, 0, range,
				(turn + i) % 64 == 9 ? depth : 0) &&
		       try_line(record, lines, i, -1, range, 0);
		for (words = 1; good && words < 8; words++)
			if (scale > 1 || words == 1 + (turn + i) % 7)
				good = try_line(record, lines, i, words, range,
						0);
	}
	free(reads);
	return good;
}

/* Play a trace and cut it everywhere. The medium is at its beginning. */
static bool explore(struct record *record, const struct record_trace *trace,
		    struct record_lines *lines, struct crash_range range,
		    unsigned int depth)
{
	u64 start = record->nr, i, last = 0, run = 0;
	bool good = true, stored = true;

	for (i = 0; good && i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		/* Before a fence, and where a batch ends, all lines count. */
		if ((event->kind == RECORD_FENCE ||
		     event->kind == RECORD_MARK) && stored) {
			good = cut(record, lines, range, true, 0, depth);
			stored = false;
		}
		record_track(lines, event, record->base);
		record_play(record, trace, i);
		switch (event->kind) {
		case RECORD_STORE:
			stored = true;
			last = event->pos / KMEMP_LINE_SIZE;
			/* Of a long row of stores, some. */
			if (run++ > dense && run % sparse)
				break;
			if (good)
				good = cut(record, lines, range, false, last,
					   depth);
			break;
		case RECORD_FENCE:
			stored = true;
			run = 0;
			break;
		case RECORD_MARK:
			range.hi = event->pos >> 1;
			if (event->pos & 1)
				range.lo = range.hi;
			break;
		case RECORD_FLUSH:
			break;
		}
	}
	if (good)
		good = cut(record, lines, range, true, 0, 0);
	record_undo(record, start);
	return good;
}

/* ---------------------------------------------------------- the tests */

/* Fresh pool, then @before batches that are not cut, then the workload. */
static void record_workload(struct record *record, unsigned int before,
			    unsigned int batches, unsigned int retire_every,
			    struct record_trace *trace)
{
	struct crash_work work = { .record = record };
	unsigned int i;
	int err;

	record->off = true;
	if (test_format(record, crash_format->type) ||
	    test_open(&work.t, record, false))
		exit(2);
	crash_digests[0] = crash_digest(&work.t, &err);
	crash_newest = 0;
	for (i = 0; i < before; i++)
		crash_step(&work, i);
	if (before) {
		test_close(&work.t);
		if (test_open(&work.t, record, false))
			exit(2);
	}
	record_forget(record);
	record->off = false;
	for (i = before; i < before + batches; i++) {
		crash_step(&work, i);
		if (retire_every && i % retire_every == retire_every - 1)
			kmemp_pool_retire(&work.t.pool);
	}
	test_close(&work.t);
	record_take(record, 0, trace);
	record_undo(record, 0);
}

static bool run(struct record *record, unsigned int before,
		unsigned int batches, unsigned int retire_every,
		unsigned int depth)
{
	struct record_lines lines;
	struct record_trace trace;
	bool good;

	record_workload(record, before, batches, retire_every, &trace);
	record_lines_init(&lines, CRASH_POOL_BYTES);
	good = explore(record, &trace, &lines,
		       (struct crash_range){ before, before }, depth);
	record_lines_free(&lines);
	record_trace_free(&trace);
	return good;
}

static void report(const char *what, bool good)
{
	tap_ok(good, what, crash_format->name);
	printf("# %llu states, %llu images, recovery cut %llu times, repeated %llu, fell back %llu, went on %llu\n",
	       crash_stats.states, crash_stats.images, crash_stats.nested,
	       crash_stats.repeated, crash_stats.fell_back,
	       crash_stats.went_on);
	fflush(stdout);
	memset(&crash_stats, 0, sizeof(crash_stats));
}

static bool run_fresh(unsigned int before, unsigned int batches,
		      unsigned int retire_every)
{
	struct record record;
	bool good;

	most_depth = tap_scale() > 1 ? 2 : 1;
	record_init(&record, CRASH_POOL_BYTES);
	good = run(&record, before, batches, retire_every, most_depth);
	record_free(&record);
	return good;
}

/* Batches in order of entry, all that were synced: a prefix is there. */
static void run_lazy(void)
{
	crash_lazy = 5;
	report("%s: batches queued, every fifth time made durable",
	       run_fresh(0, 23, 8));
	crash_promises = true;
	crash_quiet = true;
	report("%s: a promise that is not kept is found", !run_fresh(0, 4, 0));
	crash_promises = false;
	crash_quiet = false;
	crash_lazy = 0;
}

int main(void)
{
	unsigned int i;

	if (tap_scale() > 1) {
		dense = 16 * tap_scale();
		sparse = 7;
		many = 48 * tap_scale();
		thin = 3;
	}
	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		crash_forget();
		report("%s: every operation on a fresh pool",
		       run_fresh(0, 16, 4));
		report("%s: the same on one that has been used",
		       run_fresh(20, 6, 4));
		run_lazy();
	}
	return tap_done();
}
