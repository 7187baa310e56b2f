// SPDX-License-Identifier: GPL-2.0
/*
 * Crash after crash: a pool of format extent lives through power cuts at any
 * event, in commits and in recoveries, each of which leaves of every open line
 * all, nothing or its beginning. What was durable has to be there each time, and
 * the next batches go on from what is left: so sequences, blocks and pages are
 * used again after they were torn.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define KEPT		1024u
#define OBJECTS		5u

static u64 digests[KEPT];
static unsigned long nr_commits, nr_cuts, nr_in_recovery, nr_back;

static int change(struct test_pool *t, struct kmemp_batch *batch)
{
	struct kmemp_extent extent = {
		.offset = rnd(3000) * 2, .count = 1 + rnd(3) / 2,
		.tag = rnd(3) / 2,
	};
	u64 id = 4096 + rnd(OBJECTS);
	u8 name[200], value[1024];
	u32 n = rnd(60), len = 4 + n * 3;

	memset(name, n, sizeof(name));
	memset(value, rnd(256), sizeof(value));
	switch (rnd(10)) {
	case 0 ... 4:
		extent.page = test_take(t, extent.count);
		return extent.page ? kmemp_batch_map(batch, id, &extent) :
				     -ENOSPC;
	case 5:
		return kmemp_batch_unmap(batch, id, extent.offset,
					 1 + rnd(rnd(2) ? 2 : 300));
	case 6 ... 7:
		return kmemp_batch_put(batch, id, n % 3, name, len, value,
				       rnd(2) ? rnd(60) : rnd(1025));
	case 8:
		return kmemp_batch_del(batch, id, n % 3, name, len);
	default:
		return rnd(40) ? 0 : kmemp_batch_remove(batch, id);
	}
}

/* Some batches; some are confirmed. */
static void work(struct test_pool *t, struct record *record)
{
	u32 nr = 1 + rnd(5), i;

	while (nr--) {
		struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
		u64 seq = t->pool.newest + 1;
		int ret = 0, err;

		for (i = rnd(8); i < 8 && !ret; i++)
			ret = change(t, batch);
		/* Nothing is committed then. */
		if (!batch->nr_changes) {
			kmemp_batch_free(batch);
			continue;
		}
		record_mark(record, seq << 1);
		if (!ret)
			ret = kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
		if (ret) {
			fprintf(stderr, "# batch %llu: error %d: %s\n", seq,
				ret, t->pool.verdict.particulars);
			exit(2);
		}
		record_mark(record, seq << 1 | 1);
		digests[seq % KEPT] = test_digest(&t->pool, &err);
		nr_commits++;
		if (!rnd(6))
			kmemp_pool_confirm(&t->pool);
	}
}

static void lose(struct record *record, const struct record_lines *lines)
{
	u32 how = rnd(4), i;

	for (i = 0; i < lines->nr; i++) {
		const struct record_line *line = &lines->line[i];
		u8 *now = record->base + line->where * KMEMP_LINE_SIZE;
		u32 words = how == 0 ? rnd(2) * 8 : how == 1 ? rnd(9) :
			    how == 2 ? 8 - 8 * !rnd(8) : 8 * !rnd(8);

		memcpy(now + words * 8, line->durable + words * 8,
		       KMEMP_LINE_SIZE - words * 8);
	}
}

/* Power is lost somewhere in what was recorded. */
static void power_cut(struct record *record, u64 *lo, u64 *hi)
{
	struct record_trace trace;
	struct record_lines lines;
	u64 at, i;

	record_take(record, 0, &trace);
	record_undo(record, 0);
	record_lines_init(&lines, POOL_BYTES);
	at = rnd(trace.nr + 1);
	for (i = 0; i < at; i++) {
		const struct record_event *event = &trace.events[i];

		record_track(&lines, event, record->base);
		record_play(record, &trace, i);
		if (event->kind != RECORD_MARK)
			continue;
		*hi = event->pos >> 1;
		if (event->pos & 1)
			*lo = *hi;
	}
	record_forget(record);
	lose(record, &lines);
	record_lines_free(&lines);
	record_trace_free(&trace);
	nr_cuts++;
}

/* Open what is left, cut that too now and then, and judge it. */
static bool judge(struct test_pool *t, struct record *record, u64 lo, u64 hi)
{
	u64 digest, seq;
	int err;

	while (!rnd(2)) {
		if (test_open(t, record, false))
			break;
		test_close(t);
		power_cut(record, &lo, &hi);
		nr_in_recovery++;
	}
	err = test_open(t, record, false);
	if (err) {
		fprintf(stderr, "# open: %d: %s\n", err,
			t->pool.verdict.particulars);
		return false;
	}
	digest = test_digest(&t->pool, &err);
	seq = t->pool.newest;
	nr_back += seq < hi;
	if (!err && seq >= lo && seq <= hi && digest == digests[seq % KEPT] &&
	    !test_check(&t->pool, true) && test_partition(t))
		return true;
	fprintf(stderr, "# batch %llu of %llu to %llu, error %d, contents %s\n",
		seq, lo, hi, err,
		digest == digests[seq % KEPT] ? "right" : "wrong");
	return false;
}

int main(void)
{
	unsigned long rounds = 400 * tap_scale(), i;
	struct record record;
	struct test_pool t;
	bool good = true;
	u64 lo, hi;
	int err;

	test_begin(&t, &record, KMEMP_TYPE_EXTENT, POOL_BYTES);
	digests[0] = test_digest(&t.pool, &err);
	record.off = false;
	for (i = 0; i < rounds && good; i++) {
		lo = t.pool.newest;
		hi = lo;
		work(&t, &record);
		test_close(&t);
		power_cut(&record, &lo, &hi);
		good = judge(&t, &record, lo, hi);
		record_forget(&record);
	}
	tap_ok(good, "%lu power cuts: what was durable is there", nr_cuts);
	tap_ok(nr_in_recovery > rounds / 4 && nr_back > rounds / 10,
	       "%lu of them in recoveries, %lu lost a batch in flight, of %lu",
	       nr_in_recovery, nr_back, nr_commits);
	test_end(&t);
	return tap_done();
}
