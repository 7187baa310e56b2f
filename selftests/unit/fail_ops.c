// SPDX-License-Identifier: GPL-2.0
/*
 * See fail_ops.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "fail_batch.h"
#include "fail_ops.h"
#include "formats.h"

#define ID		FAIL_ID

/* ---------------------------------------------------------------- changes */

#define BATCH(what, how)						\
static int what##_##how(struct test_pool *t)				\
{									\
	return fail_batch(t, fail_build_##what, kmemp_batch_##how);	\
}

BATCH(new, commit)
BATCH(replace, commit)
BATCH(split, commit)
BATCH(delete, commit)
BATCH(remove, commit)
BATCH(mix, commit)
BATCH(mix, queue)
BATCH(many, commit)
BATCH(churn, commit)

/* Pages wait to be given back, and something is staged. */
static int commit_and_queue(struct test_pool *t)
{
	return remove_commit(t) ?: mix_queue(t);
}

static int mark_bad(struct test_pool *t)
{
	t->used[9000] = 1;
	return kmemp_pool_mark_bad(&t->pool, 9000);
}

static int set_limits(struct test_pool *t)
{
	return kmemp_pool_set_limits(&t->pool, 5000, 6000);
}

static int new_id(struct test_pool *t)
{
	u64 id;

	return kmemp_pool_new_id(&t->pool, &id);
}

static int promise(struct test_pool *t, enum kmemp_orphan_op op, u64 from)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret = -ENOMEM;

	if (batch)
		ret = kmemp_orphan_put(batch, ID + 1, op, from);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static int promise_end(struct test_pool *t)
{
	return promise(t, KMEMP_ORPHAN_REMOVE, 0);
}

static int promise_less(struct test_pool *t)
{
	return promise(t, KMEMP_ORPHAN_TRUNCATE, FAIL_SINGLES);
}

static int orphan_step(struct test_pool *t)
{
	return min(kmemp_orphan_step(&t->pool), 0);
}

/* ------------------------------------------------------------------ upkeep */

static int sync_all(struct test_pool *t)
{
	return kmemp_pool_sync(&t->pool);
}

static int confirm(struct test_pool *t)
{
	return kmemp_pool_confirm(&t->pool);
}

static int retire(struct test_pool *t)
{
	return kmemp_pool_retire(&t->pool);
}

static int run_now(struct test_pool *t)
{
	return min(kmemp_queue_run(&t->pool, true), 0);
}

static int churn(struct test_pool *t)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 6 && !ret; i++)
		ret = churn_commit(t);
	return ret;
}

static int run_all(struct test_pool *t)
{
	unsigned int i;
	int ret = 1;

	for (i = 0; i < 20 && ret > 0; i++)
		ret = kmemp_queue_run(&t->pool, true);
	return ret;
}

static int close_pool(struct test_pool *t)
{
	test_close(t);
	return 0;
}

static int open_pool(struct test_pool *t)
{
	return test_open(t, t->record, false);
}

static int open_readonly(struct test_pool *t)
{
	return test_open(t, t->record, true);
}

static int format(struct test_pool *t)
{
	return test_format(t->record, crash_format->type) ?:
	       test_open(t, t->record, false);
}

/* ----------------------------------------------------------------- looking */

static void on_finding(void *arg, enum kmemp_severity severity, u64 object,
		       u64 pos, const char *text)
{
	*(int *)arg += severity != KMEMP_NOTE;
}

static void on_line(void *arg, const char *text)
{
}

static int check(struct test_pool *t)
{
	int nr = 0, ret;
	const struct kmemp_findings findings = { on_finding, on_line, &nr };

	ret = kmemp_pool_check(&t->pool, &findings);
	return ret ?: nr ? -EUCLEAN : 0;
}

static int describe(struct test_pool *t)
{
	int nr = 0;
	const struct kmemp_findings findings = { on_finding, on_line, &nr };

	return kmemp_pool_describe(&t->pool, &findings);
}

/* One of each kind; there is something behind each place. */
static int look_up(struct test_pool *t)
{
	struct kmemp_record key = { .kind = 1, .name_len = 4 };
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_extent extent;
	u32 n = 1;
	u64 id = 2000;
	int ret;

	ret = kmemp_pool_next_object(&t->pool, &id);
	if (!ret)
		ret = kmemp_pool_next_extent(&t->pool, ID + 1, 50, 9, &extent);
	key.name = (u8 *)&n;
	if (!ret)
		ret = kmemp_pool_get_record(&t->pool, ID + 7, &key, buffer);
	key = (struct kmemp_record){ .kind = 1 };
	if (!ret)
		ret = kmemp_pool_next_record(&t->pool, ID, &key, buffer);
	return ret;
}

static int on_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	return 0;
}

static int walk_used(struct test_pool *t)
{
	return kmemp_pool_walk_used(&t->pool, on_used, NULL);
}

static int measure(struct test_pool *t)
{
	u64 offset = 0;
	u32 count;

	return min(kmemp_pool_measure(&t->pool, ID, &offset, 1 << 20, 1000,
				      1000, &count), 0);
}

const struct fail_op fail_ops[] = {
	{ "mapping and putting anew", .run = new_commit },
	{ "replacing", .run = replace_commit },
	{ "unmapping parts", .run = split_commit },
	{ "deleting", .run = delete_commit },
	{ "removing", .run = remove_commit },
	{ "a batch of everything", .run = mix_commit },
	{ "a batch too large to be staged", .run = many_commit },
	{ "queueing", .run = mix_queue, .lazy = true },
	{ "syncing", .before = mix_queue, .run = sync_all },
	{ "confirming", .before = mix_queue, .run = confirm },
	{ "retiring", .before = mix_commit, .run = retire },
	{ "the queue's run", .before = commit_and_queue, .run = run_now },
	{ "the idle queue's run", .before = many_commit, .run = run_now },
	{ "work in the background", .before = churn, .run = run_all },
	{ "marking a bad page", .run = mark_bad },
	{ "setting limits", .run = set_limits },
	{ "a new id", .run = new_id },
	{ "promising an end", .run = promise_end },
	{ "a step of an end", .before = promise_end, .run = orphan_step },
	{ "a step of truncation", .before = promise_less, .run = orphan_step },
	{ "checking", .run = check, .look = true },
	{ "describing", .run = describe, .look = true },
	{ "lookups", .run = look_up, .look = true },
	{ "lookups in a stage", .before = mix_queue, .run = look_up,
	  .look = true },
	{ "walking what is used", .run = walk_used, .look = true },
	{ "measuring", .run = measure, .look = true },
	{ "closing", .before = mix_queue, .run = close_pool, .closes = true },
	{ "opening", .run = open_pool, .opens = true },
	{ "opening read-only", .run = open_readonly, .opens = true },
	{ "formatting", .run = format, .opens = true, .makes = true },
};

const unsigned int fail_nr_ops = ARRAY_SIZE(fail_ops);
