// SPDX-License-Identifier: GPL-2.0
/*
 * How many extents a pool keeps, where its format knows, and from how many on
 * the tool recommends another one.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include <kmem_persist/pool.h>

#include "advice.h"
#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096ULL
#define NR		100ULL

static struct record record;
static struct test_pool t;

static int change(bool maps, u64 offset)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	struct kmemp_extent extent = { .offset = offset, .count = 1 };
	int ret;

	if (maps) {
		extent.page = test_take(&t, 1);
		ret = kmemp_batch_map(batch, ID, &extent);
	} else {
		ret = kmemp_batch_unmap(batch, ID, offset, 1);
	}
	return ret ?: test_commit(batch);
}

static bool counted(u64 expected)
{
	u64 nr = ~expected;

	return kmemp_pool_nr_extents(&t.pool, &nr) && nr == expected;
}

static void test_count_of(const char *name)
{
	struct kmemp_extent extent;
	int ret = 0;
	u64 i, nr;

	for (i = 0; i < NR && !ret; i++)
		ret = change(true, 3 * i);
	tap_ok(!ret && counted(NR), "%s: each extent counts", name);
	for (i = 0; i < NR / 2 && !ret; i++)
		ret = change(true, 3 * i);
	tap_ok(!ret && counted(NR), "%s: one that replaces another does not",
	       name);
	for (i = 0; i < NR / 2 && !ret; i++)
		ret = change(false, 3 * i);
	tap_ok(!ret && counted(NR / 2), "%s: nor does one that is gone", name);
	test_close(&t);
	tap_ok(!test_open(&t, &record, true) &&
	       kmemp_pool_nr_extents(&t.pool, &nr) && nr >= NR / 2 &&
	       nr <= NR + NR / 2,
	       "%s: who opens it read-only counts no fewer, and what was said",
	       name);
	tap_ok(!kmemp_pool_next_extent(&t.pool, ID, 0, 1, &extent) &&
	       counted(NR / 2), "%s: and the same once they were looked up",
	       name);
}

static void test_format_of(u32 type, const char *name)
{
	u64 nr;

	test_begin(&t, &record, type, POOL_BYTES);
	if (t.pool.format->nr_extents) {
		tap_ok(counted(0), "%s: none at first", name);
		test_count_of(name);
	} else {
		tap_ok(!kmemp_pool_nr_extents(&t.pool, &nr) &&
		       !t.pool.format->many_extents,
		       "%s: does not know, and need not", name);
	}
	test_end(&t);
}

static void test_advice(void)
{
	const struct kmemp_format_ops *format;
	char text[256];
	u64 many;

	format = kmemp_format_get(KMEMP_TYPE_LOG);
	many = format->many_extents;
	tap_ok(many == 10000000, "log is for ten million");
	tap_ok(!advice_extents(text, sizeof(text), format, 0) &&
	       !advice_extents(text, sizeof(text), format, many),
	       "up to them nothing is said");
	tap_ok(advice_extents(text, sizeof(text), format, many + 1) &&
	       advice_extents(text, sizeof(text), format, U64_MAX),
	       "beyond them it is");
	tap_ok(strstr(text, "format log") && strstr(text, "10000000 extents") &&
	       strstr(text, "kmemp convert --type bitmap") &&
	       strlen(text) < sizeof(text) - 1,
	       "why, and what helps");
	kmemp_format_put(format);
	format = kmemp_format_get(KMEMP_TYPE_BITMAP);
	tap_ok(!advice_extents(text, sizeof(text), format, U64_MAX),
	       "bitmap takes any number");
	kmemp_format_put(format);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++)
		test_format_of(crash_formats[i].type, crash_formats[i].name);
	test_advice();
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
