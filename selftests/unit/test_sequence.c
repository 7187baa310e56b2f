// SPDX-License-Identifier: GPL-2.0
/*
 * Batches near the last sequence, of every format that keeps data: they are kept
 * up to the very last, and one more is refused rather than lost, since no reader
 * would take it. No pool gets there in its life; an image can say so.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "formats.h"
#include "pool_util.h"
#include "tap.h"
#include "worn.h"

#define POOL_BYTES	(64ULL << 20)
#define LAST		WORN_LAST

static int put(struct test_pool *t, u64 value)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	struct kmemp_extent extent = {
		.offset = value % 7, .count = 1, .page = test_take(t, 1),
	};
	int ret;

	if (kmemp_batch_map(batch, 4096, &extent) ||
	    kmemp_batch_put(batch, 4096, 1, "name", 4, &value, sizeof(value)))
		exit(2);
	ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

/* Reopened after a crash (nothing closed it) or not: the same batch and contents. */
static bool comes_back(struct record *record, u64 sequence, u64 digest)
{
	struct test_pool t;
	bool good;
	int err;

	if (test_open(&t, record, false))
		return false;
	good = t.pool.newest == sequence &&
	       test_digest(&t.pool, &err) == digest && !err &&
	       !test_check(&t.pool, true);
	test_close(&t);
	return good;
}

static void test_last(struct record *record, u32 type, const char *name)
{
	unsigned int i, kept = 0;
	struct test_pool t;
	u64 digest = 0;
	int err, ret;

	worn_make(record, type, LAST - 3);
	for (i = 0; i < 3; i++) {
		if (test_open(&t, record, false) || put(&t, i))
			break;
		digest = test_digest(&t.pool, &err);
		if (i % 2) {
			/* A crash: closing stores nothing. */
			t.pool.readonly = true;
		}
		test_close(&t);
		kept += comes_back(record, LAST - 2 + i, digest);
	}
	tap_ok(kept == 3, "%s: the last sequences are kept (%u)", name, kept);

	ret = test_open(&t, record, false) ?: put(&t, 9);
	test_close(&t);
	tap_ok(ret == -EUCLEAN && comes_back(record, LAST, digest),
	       "%s: one more is refused, and nothing is lost (%d)", name, ret);
}

static void test_beyond(struct record *record, u32 type, const char *name)
{
	struct test_pool t;

	worn_make(record, type, LAST + 2);
	tap_ok(test_open(&t, record, false) < 0,
	       "%s: a sequence beyond the last is refused", name);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		const struct crash_format *format = &crash_formats[i];
		struct record record;

		record_init(&record, POOL_BYTES);
		test_last(&record, format->type, format->name);
		test_beyond(&record, format->type, format->name);
		record_free(&record);
	}
	return tap_done();
}
