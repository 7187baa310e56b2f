// SPDX-License-Identifier: GPL-2.0
/*
 * See ops.h.
 */
#include <stdlib.h>

#include <linux/kernel.h>

#include "ops.h"

/* Pages that a full pool has for batches that add. */
#define FEW_PAGES	4u

const char *const crash_op_names[CRASH_NR_OPS] = {
	"create", "create far away", "remap", "map 2 MiB", "split",
	"overwrite a split one", "records", "more records", "yet more records",
	"long name", "delete records", "unmap 2 MiB", "remove and map",
	"map and unmap", "remove two", "remove", "retire", "confirm",
	"change limits", "close and open", "queue and sync",
};

const char *const crash_pool_names[CRASH_NR_POOLS] = {
	"fresh", "used", "not retired", "recovered", "repeated", "full",
};

static void reopen(struct crash_work *work)
{
	test_close(&work->t);
	if (test_open(&work->t, work->record, false))
		exit(2);
}

void crash_do_op(struct crash_work *work, unsigned int op, unsigned int turn)
{
	switch (op) {
	case CRASH_RETIRE:
		kmemp_pool_retire(&work->t.pool);
		break;
	case CRASH_CONFIRM:
		kmemp_pool_confirm(&work->t.pool);
		break;
	case CRASH_LIMITS:
		if (kmemp_pool_set_limits(&work->t.pool, 100 + turn, 0))
			exit(2);
		break;
	case CRASH_REOPEN:
		reopen(work);
		break;
	case CRASH_QUEUE:
		/* Want of pages commits what is queued: not one batch then. */
		if (!crash_may_be_full)
			crash_queue(work, turn * CRASH_STEPS, 3);
		break;
	default:
		crash_step(work, op + turn * CRASH_STEPS);
		break;
	}
}

/* ---------------------------------------------------------------- pools */

static void pool_fresh(struct crash_work *work)
{
	reopen(work);
}

/* With free pages between the used ones. */
static void pool_used(struct crash_work *work)
{
	unsigned int i;

	for (i = 0; i < 28; i++)
		crash_step(work, i);
	reopen(work);
}

static void pool_pending(struct crash_work *work)
{
	unsigned int i;

	pool_used(work);
	for (i = 0; i < 4; i++)
		crash_step(work, i);
}

static void pool_recovered(struct crash_work *work)
{
	u64 nr;

	pool_used(work);
	work->record->off = false;
	record_forget(work->record);
	crash_step(work, 1);
	nr = work->record->nr;
	test_close(&work->t);
	/* Without what closing stored. */
	record_undo(work->record, nr);
	work->record->off = true;
	if (test_open(&work->t, work->record, false))
		exit(2);
}

/* The last fence before the operation is durable; 0: it has none. */
static u64 last_fence(const struct record_trace *trace)
{
	u64 i, fence = 0;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (event->kind == RECORD_FENCE)
			fence = i;
		if (event->kind == RECORD_MARK && event->pos & 1)
			break;
	}
	return fence;
}

/* Of the lines that are open there a third is whole, the others are half. */
static void cut_at(struct record *record, const struct record_trace *trace,
		   u64 fence)
{
	struct record_lines lines;
	u64 i;

	record_lines_init(&lines, record->media.size);
	for (i = 0; i < fence; i++) {
		record_track(&lines, &trace->events[i], record->base);
		record_play(record, trace, i);
	}
	for (i = 0; i < lines.nr; i++)
		crash_set_line(record, &lines.line[i], i % 3 ? 4 : 8);
	record_lines_free(&lines);
}

static void pool_repeated(struct crash_work *work, unsigned int op,
			  unsigned int turn)
{
	struct record *record = work->record;
	struct record_trace trace;

	pool_used(work);
	record_forget(record);
	record->off = false;
	crash_do_op(work, op, turn);
	test_close(&work->t);
	record_take(record, 0, &trace);
	record_undo(record, 0);
	cut_at(record, &trace, last_fence(&trace));
	record_trace_free(&trace);
	record->off = true;
	if (test_open(&work->t, record, false))
		exit(2);
}

static void pool_full(struct crash_work *work)
{
	pool_used(work);
	work->t.withheld = work->t.nr_free - FEW_PAGES;
	crash_may_be_full = true;
}

static void prepare(struct crash_work *work, enum crash_pool pool,
		    unsigned int op, unsigned int turn)
{
	switch (pool) {
	case CRASH_FRESH:
		pool_fresh(work);
		break;
	case CRASH_PENDING:
		pool_pending(work);
		break;
	case CRASH_RECOVERED:
		pool_recovered(work);
		break;
	case CRASH_REPEATED:
		pool_repeated(work, op, turn);
		break;
	case CRASH_FULL:
		pool_full(work);
		break;
	default:
		pool_used(work);
		break;
	}
}

void crash_make_pool(struct crash_work *work, enum crash_pool pool,
		     unsigned int op, unsigned int turn)
{
	int err;

	work->record->off = true;
	crash_newest = 0;
	crash_first = 0;
	crash_may_be_full = false;
	if (test_format(work->record, crash_format->type) ||
	    test_open(&work->t, work->record, false))
		exit(2);
	crash_digests[0] = crash_digest(&work->t, &err);
	prepare(work, pool, op, turn);
	record_forget(work->record);
	work->record->off = false;
}
