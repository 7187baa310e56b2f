// SPDX-License-Identifier: GPL-2.0
/*
 * Crashes of format bitmap: a workload is recorded, and cut after every store
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
 * operation is repeated and cut again.
 *
 * Then each flush and each fence is dropped in turn, by call site: the same
 * states have to show that it is missed.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define MOST_BATCHES	256

/* A mark carries a sequence, and whether it is being committed or is durable. */
#define MARK_BEGIN(seq)		((seq) << 1)
#define MARK_DURABLE(seq)	((seq) << 1 | 1)

static u64 digests[MOST_BATCHES];
static u64 newest;

static struct stats {
	u64 states, recoveries, opened_again, fell_back, went_on;
	u64 nested, repeated;
} stats;

/* What recovery of a state may end with: batches lo to hi. */
struct range {
	u64 lo, hi;
};

static bool quiet;

static bool bad(const char *what, u64 a, u64 b)
{
	if (!quiet)
		fprintf(stderr, "# %s: %llu, %llu\n", what, a, b);
	return false;
}

/* ------------------------------------------------------------ workload */

struct work {
	struct test_pool t;
	struct record *record;
	u64 pages[64], count[64];
};

static void commit(struct work *work, struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = &work->t.pool;
	u64 seq = pool->newest + 1;
	int ret, err;

	record_mark(work->record, MARK_BEGIN(seq));
	ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	if (ret) {
		fprintf(stderr, "# batch %llu: error %d\n", seq, ret);
		exit(2);
	}
	record_mark(work->record, MARK_DURABLE(seq));
	if (seq >= MOST_BATCHES)
		exit(2);
	digests[seq] = test_digest(pool, &err);
	newest = seq;
}

static void map(struct work *work, struct kmemp_batch *batch, u64 id,
		u64 offset, u32 count)
{
	struct kmemp_extent extent = {
		.offset = offset, .count = count,
		.page = test_take(&work->t, count),
	};

	if (!extent.page || kmemp_batch_map(batch, id, &extent))
		exit(2);
}

static void put(struct kmemp_batch *batch, u64 id, unsigned int n,
		unsigned int name_len, unsigned int value_len)
{
	u8 name[KMEMP_MAX_NAME], value[KMEMP_MAX_VALUE];

	memset(name, 'a' + n % 26, sizeof(name));
	memcpy(name, &n, name_len < sizeof(n) ? name_len : sizeof(n));
	memset(value, n * 7, sizeof(value));
	if (kmemp_batch_put(batch, id, 1 + n % 2, name, name_len, value,
			    value_len))
		exit(2);
}

static void del(struct kmemp_batch *batch, u64 id, unsigned int n,
		unsigned int name_len)
{
	u8 name[KMEMP_MAX_NAME];

	memset(name, 'a' + n % 26, sizeof(name));
	memcpy(name, &n, name_len < sizeof(n) ? name_len : sizeof(n));
	if (kmemp_batch_del(batch, id, 1 + n % 2, name, name_len))
		exit(2);
}

/* Step @i of the workload: one batch. */
static void step(struct work *work, unsigned int i)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	unsigned int k;
	u64 id = 4096;

	switch (i % 16) {
	case 0:		/* create */
		put(batch, id, i, 5, 40);
		map(work, batch, id, 0, 1);
		break;
	case 1:		/* a second object, far away */
		put(batch, id + 5000, i, 200, 1000);
		map(work, batch, id + 5000, 1 << 20, 3);
		break;
	case 2:		/* remap */
		map(work, batch, id, 0, 1);
		put(batch, id, 0, 5, 41);
		break;
	case 3:		/* 2 MiB by one slot */
		map(work, batch, id, 512, 512);
		break;
	case 4:		/* split */
		kmemp_batch_unmap(batch, id, 700, 1);
		break;
	case 5:		/* overwrite pages of the split one */
		map(work, batch, id, 512, 2);
		map(work, batch, id, 1000, 20);
		break;
	case 6:		/* records enough for a trie */
	case 7:
	case 8:
		for (k = 0; k < 12; k++)
			put(batch, id, 100 + i % 16 * 20 + k, 9 + k, 4);
		break;
	case 9:		/* a long name grows over more cells */
		put(batch, id, 500, 255, 10);
		put(batch, id + 5000, 1, 200, 300);
		break;
	case 10:
		for (k = 0; k < 12; k++)
			del(batch, id, 100 + 6 * 20 + k, 9 + k);
		put(batch, id, 500, 255, 1024);
		break;
	case 11:	/* a whole leaf goes */
		kmemp_batch_unmap(batch, id, 512, 512);
		break;
	case 12:
		map(work, batch, id + 1, 3, 1);
		kmemp_batch_remove(batch, id + 5000);
		break;
	case 13:	/* maps and unmaps within one batch */
		map(work, batch, id + 2, 100, 4);
		kmemp_batch_unmap(batch, id + 2, 101, 1);
		break;
	case 14:
		kmemp_batch_remove(batch, id + 2);
		kmemp_batch_remove(batch, id + 1);
		break;
	case 15:
		kmemp_batch_remove(batch, id);
		break;
	}
	commit(work, batch);
}

/* -------------------------------------------------------------- states */

/* Recover what is on the medium and judge it. *@seq: the newest batch. */
static bool judge(struct record *record, struct range range, u64 *seq)
{
	struct test_pool t;
	unsigned int findings;
	u64 digest, events;
	bool good;
	int ret, err;

	stats.states++;
	ret = test_open(&t, record, false);
	if (ret) {
		if (!quiet)
			fprintf(stderr, "# refused: %s\n",
				t.pool.verdict.particulars);
		return bad("open failed", -ret, range.lo);
	}
	*seq = t.pool.newest;
	digest = test_digest(&t.pool, &err);
	findings = test_check(&t.pool, !quiet && !record->fail_page);
	good = test_partition(&t);
	test_close(&t);
	if (*seq < range.lo || *seq > range.hi)
		return bad("batches lost or invented", *seq, range.lo);
	if (err || digest != digests[*seq])
		return bad("contents differ from batch", *seq, err);
	if (findings && !record->fail_page)
		return bad("check finds", findings, *seq);
	if (!good)
		return bad("pages owned twice, or in use and free", *seq, 0);
	stats.fell_back += range.hi > range.lo && *seq == range.lo;
	stats.went_on += range.hi > range.lo && *seq == range.hi;

	events = record->nr;
	ret = test_open(&t, record, false);
	if (ret)
		return bad("second open failed", -ret, *seq);
	test_close(&t);
	for (; events < record->nr; events++)
		if (record->events[events].kind == RECORD_STORE)
			return bad("second open stores to",
				   record->events[events].pos, *seq);
	stats.opened_again++;
	return true;
}

static bool explore(struct record *record, const struct record_trace *trace,
		    struct record_lines *lines, struct range range,
		    unsigned int depth);

/* The pool goes on: the same kind of batch again, cut in the same way. */
static bool repeat(struct record *record, u64 seq, unsigned int depth)
{
	u64 saved[2] = { digests[seq + 1], digests[seq + 2] };
	struct work work = { .record = record };
	struct record_lines lines;
	struct record_trace trace;
	u64 start, was = newest;
	bool good;

	if (test_open(&work.t, record, false))
		return bad("open to go on failed", seq, 0);
	start = record->nr;
	step(&work, seq);
	step(&work, seq + 1);
	test_close(&work.t);
	record_take(record, start, &trace);
	record_undo(record, start);
	record_lines_init(&lines, POOL_BYTES);
	good = explore(record, &trace, &lines, (struct range){ seq, seq },
		       depth - 1);
	record_lines_free(&lines);
	record_trace_free(&trace);
	digests[seq + 1] = saved[0];
	digests[seq + 2] = saved[1];
	newest = was;
	stats.repeated++;
	return good;
}

/* Judge a state; perhaps cut its recovery; leave the medium as it was. */
static bool try(struct record *record, struct range range, unsigned int depth,
		const struct record_lines *still_open)
{
	u64 start = record->nr, seq;
	bool good = judge(record, range, &seq);

	if (good && depth && record->nr > start) {
		struct record_lines lines;
		struct record_trace trace;

		/* Power lost in recovery; if the power stayed till then: */
		record_take(record, start, &trace);
		record_undo(record, start);
		if (still_open) {
			record_lines_copy(&lines, still_open, POOL_BYTES);
		} else {
			record_lines_init(&lines, POOL_BYTES);
			range = (struct range){ seq, seq };
		}
		good = explore(record, &trace, &lines, range, depth - 1);
		record_lines_free(&lines);
		record_trace_free(&trace);
		stats.nested++;
	}
	record_undo(record, start);
	return good;
}

static void set_line(struct record *record, const struct record_line *line,
		     unsigned int words)
{
	u64 pos = line->where * KMEMP_LINE_SIZE;
	u8 bytes[KMEMP_LINE_SIZE];

	memcpy(bytes, record->base + pos, sizeof(bytes));
	memcpy(bytes + words * 8, line->durable + words * 8,
	       sizeof(bytes) - words * 8);
	kmemp_media_write(&record->media, pos, bytes, sizeof(bytes));
}

static bool changed(const struct record *record, const struct record_line *line)
{
	return memcmp(record->base + line->where * KMEMP_LINE_SIZE,
		      line->durable, KMEMP_LINE_SIZE);
}

/* The line's state with @words there, or with no other open line there. */
static bool try_line(struct record *record, struct record_lines *lines, u32 i,
		     int words, struct range range, unsigned int depth)
{
	u64 start = record->nr;
	bool good;
	u32 k;

	if (words >= 0)
		set_line(record, &lines->line[i], words);
	for (k = 0; words < 0 && k < lines->nr; k++)
		if (k != i)
			set_line(record, &lines->line[k], 0);
	good = try(record, range, depth, NULL);
	record_undo(record, start);
	return good;
}

static u64 cut_nr;
/* How deep crashes in recoveries go: the workload itself is cut most densely. */
static unsigned int most_depth;
/* Stores in a row after which not each is cut any more, and which then are. */
static u64 dense = 12, sparse = 61;
/* Open lines at a cut above which one in so many is looked at. */
static u32 many = 12, thin = 11;

/* @whole: each line in turn; else all, none, and the last line stored. */
static bool cut(struct record *record, struct record_lines *lines,
		struct range range, bool whole, u64 last, unsigned int depth)
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
	good = judge(record, range, &seq);
	record->reads = NULL;
	record_undo(record, start);
	if (good && depth && turn % 32 == 3)
		good = try(record, range, depth, NULL) &&
		       try(record, range, depth, lines);
	if (good && depth && turn % 256 == 19)
		good = repeat(record, seq, depth);
	record_undo(record, start);
	/* None of it. */
	for (i = 0; i < lines->nr; i++)
		set_line(record, &lines->line[i], 0);
	if (good && lines->nr)
		good = try(record, range, turn % 32 == 5 ? depth : 0, NULL);
	/* Between batches either superblock page may be lost besides. */
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
		set_line(record, &lines->line[i], 4);
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
				(turn + i) % 256 == 9 ? depth : 0) &&
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
		    struct record_lines *lines, struct range range,
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
	struct work work = { .record = record };
	unsigned int i;
	int err;

	record->off = true;
	if (test_format(record, KMEMP_TYPE_BITMAP) ||
	    test_open(&work.t, record, false))
		exit(2);
	digests[0] = test_digest(&work.t.pool, &err);
	newest = 0;
	for (i = 0; i < before; i++)
		step(&work, i);
	if (before) {
		test_close(&work.t);
		if (test_open(&work.t, record, false))
			exit(2);
	}
	record_forget(record);
	record->off = false;
	for (i = before; i < before + batches; i++) {
		step(&work, i);
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
	record_lines_init(&lines, POOL_BYTES);
	good = explore(record, &trace, &lines,
		       (struct range){ before, before }, depth);
	record_lines_free(&lines);
	record_trace_free(&trace);
	return good;
}

/* Call sites of flushes and fences that a trace has. */
#define MOST_SITES 64

static struct record_event sites[MOST_SITES];
static unsigned int nr_sites;

static void add_sites(const struct record_trace *trace)
{
	unsigned int k;
	u64 i;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (event->kind != RECORD_FLUSH && event->kind != RECORD_FENCE)
			continue;
		for (k = 0; k < nr_sites; k++)
			if (sites[k].site == event->site)
				break;
		if (k == nr_sites && k < MOST_SITES)
			sites[nr_sites++] = *event;
	}
}

/* Also those of recovery: of a crash in the middle of the workload. */
static void find_sites(void)
{
	struct record_trace trace, again;
	struct record record;
	struct test_pool t;
	u64 i, cuts;

	record_init(&record, POOL_BYTES);
	record_workload(&record, 0, 8, 3, &trace);
	add_sites(&trace);
	for (cuts = 0; cuts < trace.nr; cuts += 7) {
		u64 start;

		for (i = 0; i < cuts; i++)
			record_play(&record, &trace, i);
		start = record.nr;
		if (!test_open(&t, &record, false)) {
			test_close(&t);
			record_take(&record, start, &again);
			add_sites(&again);
			record_trace_free(&again);
		}
		record_undo(&record, 0);
	}
	record_trace_free(&trace);
	record_free(&record);
}

static bool site_caught(u64 site)
{
	struct record record;
	bool good;

	record_init(&record, POOL_BYTES);
	record.drop_site = site;
	most_depth = 1;
	cut_nr = 0;
	good = run(&record, 0, 8, 3, 1);
	record_free(&record);
	return !good;
}

int main(int argc, char **argv);

static void test_sites(void)
{
	unsigned int i, caught = 0;

	find_sites();
	quiet = true;
	for (i = 0; i < nr_sites; i++) {
		bool found = site_caught(sites[i].site);

		caught += found;
		printf("# %s at main%+lld: %s after %llu states\n",
		       sites[i].kind == RECORD_FLUSH ? "flush" : "fence",
		       (long long)(sites[i].caller - (u64)main),
		       found ? "missed" : "not missed", stats.states);
		fflush(stdout);
		memset(&stats, 0, sizeof(stats));
	}
	quiet = false;
	tap_ok(nr_sites && caught == nr_sites,
	   "dropped flushes and fences: %u of %u call sites caught", caught,
	   nr_sites);
}

static void report(const char *what, bool good)
{
	tap_ok(good, "%s", what);
	printf("# %llu states, recovery cut %llu times, repeated %llu, fell back %llu, went on %llu\n",
	       stats.states, stats.nested, stats.repeated, stats.fell_back,
	       stats.went_on);
	fflush(stdout);
	memset(&stats, 0, sizeof(stats));
}

static bool run_fresh(unsigned int before, unsigned int batches,
		      unsigned int retire_every)
{
	struct record record;
	bool good;

	most_depth = tap_scale() > 1 ? 2 : 1;
	record_init(&record, POOL_BYTES);
	good = run(&record, before, batches, retire_every, most_depth);
	record_free(&record);
	return good;
}

int main(int argc, char **argv)
{
	if (tap_scale() > 1) {
		dense = 16 * tap_scale();
		sparse = 7;
		many = 48 * tap_scale();
		thin = 3;
	}
	if (argc > 1 && !strcmp(argv[1], "sites")) {
		test_sites();
		return tap_done();
	}
	report("every operation on a fresh pool", run_fresh(0, 16, 4));
	report("the same on one that has been used", run_fresh(20, 6, 4));
	/* Minutes: each site that nothing misses costs a whole run. */
	if (tap_scale() > 1)
		test_sites();
	return tap_done();
}
