// SPDX-License-Identifier: GPL-2.0
/*
 * Crashes of format log where it cleans: commits that say again what lies at
 * the tail, steps of cleaning between them, roots that move the tail, pages
 * that are used again at once. What every format owes is cut elsewhere.
 *
 * At each cut all open lines are there, none of them, half of each, all but
 * one, one alone, and any part of any: of each at random so many of its words.
 * Of some of these states recovery is cut in the same way.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "crash_util.h"
#include "tap.h"

/* Batches until the log is long enough to be cleaned. */
#define BEFORE	130u

/* A volume that is overwritten here and there, and records: some live. */
static void churn(struct crash_work *work, unsigned int i, unsigned int nr)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	u8 name[8], value[1000];
	unsigned int k;

	for (k = 0; k < nr; k++) {
		struct kmemp_extent extent = {
			.count = 1, .offset = (i * 9 + k) * 7 % 96,
			.page = test_take(&work->t, 1),
		};

		if (!extent.page || kmemp_batch_map(batch, 4096, &extent))
			exit(2);
		memset(value, i, sizeof(value));
		snprintf((char *)name, sizeof(name), "r%u", (i + k) % 40);
		if (k % 4 == 0 &&
		    kmemp_batch_put(batch, 4096 + (i + k) % 3, 1, name,
				    strlen((char *)name), value, 900 + i % 7))
			exit(2);
	}
	if (i % 11 == 5)
		kmemp_batch_del(batch, 4096, 1, "r3", 2);
	if (i % 11 == 7)
		kmemp_batch_unmap(batch, 4096, 10, 9);
	crash_commit(work, batch);
}

static void prepare(struct crash_work *work)
{
	unsigned int i;
	int err;

	if (test_format(work->record, KMEMP_TYPE_LOG) ||
	    test_open(&work->t, work->record, false))
		exit(2);
	crash_digests[0] = test_digest(&work->t.pool, &err);
	for (i = 0; i < BEFORE; i++) {
		churn(work, i, 24);
		if (i % 20 == 0)
			kmemp_pool_retire(&work->t.pool);
	}
}

static void play(struct crash_work *work)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		churn(work, i * 5, 1 + i * 3);
		if (i % 4 != 3)
			continue;
		kmemp_queue_run(&work->t.pool, true);
		kmemp_queue_run(&work->t.pool, true);
	}
}

/* -------------------------------------------------------------- states */

static bool explore(struct record *record, const struct record_trace *trace,
		    struct record_lines *lines, struct crash_range range,
		    unsigned int depth);

/* Judge what is on the medium; perhaps cut its recovery. It is left as it is. */
static bool try(struct record *record, struct crash_range range,
		unsigned int depth)
{
	u64 start = record->nr, seq;
	bool good = crash_judge(record, range, &seq);
	struct record_lines lines;
	struct record_trace trace;

	if (good && depth && record->nr > start) {
		record_take(record, start, &trace);
		record_undo(record, start);
		record_lines_init(&lines, CRASH_POOL_BYTES);
		good = explore(record, &trace, &lines,
			       (struct crash_range){ seq, seq }, depth - 1);
		record_lines_free(&lines);
		record_trace_free(&trace);
		crash_stats.nested++;
	}
	record_undo(record, start);
	return good;
}

enum way { ALL, NONE, HALF, BUT_ONE, ONE, ANY };

static bool state(struct record *record, const struct record_lines *lines,
		  struct crash_range range, enum way way, u32 one,
		  unsigned int depth)
{
	u64 start = record->nr;
	bool good;
	u32 i;

	for (i = 0; way != ALL && i < lines->nr; i++) {
		u32 words = way == HALF ? 4 : way == ANY ? rnd(9) : 0;

		if ((way == BUT_ONE && i != one) || (way == ONE && i == one))
			continue;
		if (words < 8)
			crash_set_line(record, &lines->line[i], words);
	}
	good = try(record, range, depth);
	record_undo(record, start);
	return good;
}

static bool cut(struct record *record, const struct record_lines *lines,
		struct crash_range range, bool whole, unsigned int depth)
{
	u32 some = whole ? 3 * tap_scale() : 1, i;
	bool good;

	good = state(record, lines, range, ALL, 0, rnd(8) ? 0 : depth) &&
	       state(record, lines, range, NONE, 0, rnd(8) ? 0 : depth);
	if (!lines->nr)
		return good;
	if (good && whole)
		good = state(record, lines, range, HALF, 0, depth);
	for (i = 0; good && i < some; i++)
		good = state(record, lines, range, BUT_ONE, rnd(lines->nr), 0) &&
		       state(record, lines, range, ONE, rnd(lines->nr), 0) &&
		       state(record, lines, range, ANY, 0,
			     rnd(16) ? 0 : depth);
	return good;
}

static bool explore(struct record *record, const struct record_trace *trace,
		    struct record_lines *lines, struct crash_range range,
		    unsigned int depth)
{
	u64 start = record->nr, i, run = 0;
	bool good = true;

	for (i = 0; good && i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (event->kind == RECORD_FENCE || event->kind == RECORD_MARK)
			good = cut(record, lines, range, true, depth);
		record_track(lines, event, record->base);
		record_play(record, trace, i);
		if (event->kind == RECORD_MARK) {
			range.hi = event->pos >> 1;
			if (event->pos & 1)
				range.lo = range.hi;
		}
		run = event->kind == RECORD_STORE ? run + 1 : 0;
		if (good && run && run < 1 + 2 * tap_scale())
			good = cut(record, lines, range, false, depth);
	}
	record_undo(record, start);
	return good;
}

/* Recorded from a log that is long enough, opened anew or not. */
static bool run(bool reopen)
{
	struct record_lines lines;
	struct record_trace trace;
	struct crash_range range;
	struct crash_work work = {};
	struct record record;
	bool good;

	record_init(&record, CRASH_POOL_BYTES);
	record.off = true;
	work.record = &record;
	prepare(&work);
	if (reopen) {
		test_close(&work.t);
		if (test_open(&work.t, &record, false))
			exit(2);
	}
	record_forget(&record);
	record.off = false;
	range.lo = range.hi = work.t.pool.newest;
	play(&work);
	test_close(&work.t);
	record_take(&record, 0, &trace);
	record_undo(&record, 0);
	record_lines_init(&lines, CRASH_POOL_BYTES);
	good = explore(&record, &trace, &lines, range, 1);
	record_lines_free(&lines);
	record_trace_free(&trace);
	record_free(&record);
	return good;
}

static void report(const char *what, bool good)
{
	tap_ok(good, "%s", what);
	printf("# %llu states, recovery cut %llu times, fell back %llu, went on %llu\n",
	       crash_stats.states, crash_stats.nested, crash_stats.fell_back,
	       crash_stats.went_on);
	fflush(stdout);
	memset(&crash_stats, 0, sizeof(crash_stats));
}

int main(void)
{
	report("cleaning, by commits and between them", run(false));
	report("the same in a second epoch", run(true));
	return tap_done();
}
