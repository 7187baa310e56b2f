// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever is done to a pool, whatever fails in it: for each operation of
 * fail_ops.c, over each format, the Nth allocation, the page of the Nth read,
 * or the Nth fence, for N = 1 and so on until the operation does without.
 * What failed has changed nothing; or the pool stores nothing any more, and
 * opened anew it holds what it held before or what it was to hold. Nothing
 * leaks, no page is lost or given away.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "fail_batch.h"
#include "fail_ops.h"
#include "formats.h"
#include "media_fail.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)

enum failure { NO_MEMORY, NO_READ, NO_FENCE, NR_FAILURES };

static const char *const failure_names[] = { "allocation", "read", "fence" };

static struct record record;
static struct test_pool t;
/* What a closed pool holds; on the medium, before an operation, after it. */
static u64 at_first, on_medium, was, will;
/* Events when it began, and when the last good fence in it ended. */
static u64 began, fenced;
/* Allocations when the pool is closed. */
static long closed;
static unsigned long nr_failed, nr_coped;

static bool wrong(const struct fail_op *op, enum failure failure,
		  unsigned long nth, const char *what, long is)
{
	fprintf(stderr, "# %s, %s, %s %lu: %s (%ld)\n", crash_format->name,
		op->name, failure_names[failure], nth, what, is);
	return false;
}

static u64 contents(int *err)
{
	u64 hash = test_digest(&t.pool, err);

	hash += t.pool.super.data_min * 0x9e3779b97f4a7c15ULL;
	return hash ^ t.pool.super.data_max;
}

static u64 holds(void)
{
	int err;
	u64 hash = contents(&err);

	return err ? 0 : hash;
}

/* Close it without a store: what is on the medium is what a crash leaves. */
static void drop(void)
{
	if (!t.open)
		return;
	t.pool.failed = true;
	test_close(&t);
}

/* A pool to which nothing has been done goes on to be used. */
static void start(const struct fail_op *op)
{
	if (t.open && !t.pool.failed && !op->before && !op->opens &&
	    record.nr == began)
		return;
	drop();
	record_undo(&record, 0);
	if (!op->opens && (test_open(&t, &record, false) ||
			   (op->before && op->before(&t))))
		abort();
	began = record.nr;
	media_fail.fence_at = began;
}

static void arm(enum failure failure, unsigned long nth)
{
	shim_fail_nth = failure == NO_MEMORY ? nth : 0;
	media_fail_arm(failure == NO_READ ? nth : 0,
		       failure == NO_FENCE ? nth : 0);
}

/* Has anything failed? What did works again; a medium is a new one. */
static bool disarm(enum failure failure)
{
	bool fired = failure == NO_MEMORY ? !shim_fail_nth :
		     failure == NO_READ ? !media_fail.read : !media_fail.fence;

	fenced = media_fail.fence_at;
	arm(failure, 0);
	media_fail_heal(&record);
	return fired;
}

static bool is_error(enum failure failure, int ret)
{
	if (failure == NO_MEMORY)
		return ret == -ENOMEM;
	return ret == -EIO || (failure == NO_READ && ret == -EUCLEAN);
}

/* What a crash now leaves, opened: one of what it may be, and sound. */
static const char *judge_medium(const struct fail_op *op, bool done)
{
	u64 now;

	drop();
	if (shim_nr_allocated != closed)
		return "leaks";
	if (test_open(&t, &record, false))
		return op->makes && !done ? NULL : "cannot be opened";
	now = holds();
	if (!now || (now != will && (done || (now != was && now != on_medium))))
		return "holds something else";
	if (test_check(&t.pool, true) || !test_partition(&t))
		return "is not sound";
	return NULL;
}

/* Is a page that is not in @used stored into, or in use, after all? */
static bool needs_others(const u8 *used)
{
	u64 i;

	for (i = fenced; i < record.nr; i++)
		if (record.events[i].kind == RECORD_STORE &&
		    !used[record.events[i].pos >> KMEMP_PAGE_SHIFT])
			return true;
	for (i = 0; t.open && i < t.nr_pages; i++)
		if (t.used[i] && !used[i])
			return true;
	return false;
}

/*
 * Nothing is there that was stored since the last good fence. No page that it
 * needs has been given away.
 */
static const char *judge_lost(const struct fail_op *op, bool done)
{
	const char *what;
	u8 *used = NULL;

	if (t.open) {
		used = malloc(t.nr_pages);
		memcpy(used, t.used, t.nr_pages);
	}
	drop();
	record_undo(&record, fenced);
	what = judge_medium(op, done);
	if (!what && used && needs_others(used))
		what = "has given away a page that it needs";
	free(used);
	return what;
}

/* An operation that returned an error and left a pool that goes on. */
static const char *judge_refusal(u64 nr_free)
{
	int err;

	if (contents(&err) != was || err)
		return "has changed what is held";
	if (t.nr_free != nr_free)
		return "has lost pages";
	if (t.bad_gives)
		return "gave back pages that it had not";
	return NULL;
}

static const char *judge(const struct fail_op *op, enum failure failure,
			 int ret, u64 nr_free)
{
	bool done = !ret && !op->lazy && !op->closes, stored = record.nr != began;
	const char *what = NULL;

	if (ret && !is_error(failure, ret))
		return "returns another error";
	if (!ret)
		nr_coped++;
	if (t.open && ret && !t.pool.failed)
		what = judge_refusal(nr_free);
	if (!what && failure == NO_MEMORY && t.open && t.pool.failed)
		what = "ends for want of memory";
	if (!what && failure == NO_FENCE)
		what = judge_lost(op, done);
	if (!what && (stored || !t.open))
		what = judge_medium(op, done);
	return what;
}

static bool fail_nth(const struct fail_op *op, enum failure failure,
		     unsigned long nth, bool *more)
{
	const char *what;
	u64 nr_free;
	int ret;

	start(op);
	t.hint = 0;
	nr_free = t.nr_free;
	arm(failure, nth);
	ret = op->run(&t);
	*more = disarm(failure);
	if (!*more)
		return !ret || wrong(op, failure, nth, "fails", ret);
	nr_failed++;
	what = judge(op, failure, ret, nr_free);
	return !what || wrong(op, failure, nth, what, ret);
}

static bool fail_each(const struct fail_op *op, enum failure failure)
{
	bool good = true, more = true;
	unsigned long nth;

	for (nth = 1; good && more;
	     nth += nth < 24 * tap_scale() ? 1 : nth / 6)
		good = fail_nth(op, failure, nth, &more);
	return good;
}

/* Nothing fails: what it leads to. */
static bool learn(const struct fail_op *op)
{
	drop();
	start(op);
	was = op->opens ? at_first : holds();
	drop();
	if (test_open(&t, &record, false))
		return false;
	on_medium = holds();
	drop();
	start(op);
	t.hint = 0;
	if (op->run(&t))
		return false;
	if (op->lazy && kmemp_pool_sync(&t.pool))
		return false;
	drop();
	if (test_open(&t, &record, false))
		return false;
	will = holds();
	return will;
}

/* Closed in order, or not. */
static void prepare(bool clean)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	fail_fill(&t);
	at_first = holds();
	t.pool.failed = !clean;
	test_close(&t);
	record.off = false;
	media_fail_hook(&record);
	closed = shim_nr_allocated;
}

static void run_format(bool clean)
{
	unsigned int i, f;
	bool good = true;

	prepare(clean);
	for (i = 0; i < fail_nr_ops; i++) {
		const struct fail_op *op = &fail_ops[i];

		if (!clean && (!op->opens || op->makes))
			continue;
		nr_failed = 0;
		nr_coped = 0;
		good = learn(op);
		for (f = 0; f < NR_FAILURES; f++)
			good &= fail_each(op, f);
		tap_ok(good, "%s: %s, %s: %lu failures, %lu without harm",
		       crash_format->name, op->name,
		       clean ? "closed before" : "crashed before", nr_failed,
		       nr_coped);
	}
	drop();
	record_free(&record);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	media_fail.most = tap_scale();
	for (i = 0; i < 2 * crash_nr_formats; i++) {
		crash_format = &crash_formats[i / 2];
		run_format(i % 2 == 0);
	}
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
