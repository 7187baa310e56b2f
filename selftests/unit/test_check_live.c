// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of a pool that is in use: it sees what a crash would leave,
 * stores nothing, lets lookups go on, and the pool is none the worse for it.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define ID		4096ULL

static struct record record;
static struct test_pool t;

/* A second way to the medium, that cannot store. */
static struct kmemp_media view;
static u64 nr_reads, nr_lookups;

/* Now and then somebody else looks something up. */
static int view_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct kmemp_extent extent;

	(void)media;
	if (nr_reads++ % 16 == 0)
		nr_lookups += !kmemp_pool_next_extent(&t.pool, ID, 0, 1,
						      &extent);
	return kmemp_media_read(&record.media, pos, dst, len);
}

static const struct kmemp_media_ops view_ops = { .read = view_read };

struct found {
	unsigned int nr;
	enum kmemp_severity worst;
};

static void take(void *arg, enum kmemp_severity severity, u64 object, u64 pos,
		 const char *text)
{
	struct found *found = arg;

	(void)object;
	(void)pos;
	(void)text;
	found->nr++;
	found->worst = max(found->worst, severity);
}

static int check(struct found *found)
{
	const struct kmemp_findings findings = {
		.finding = take,
		.arg = found,
	};

	memset(found, 0, sizeof(*found));
	nr_reads = 0;
	nr_lookups = 0;
	return kmemp_pool_check_live(&t.pool, &view, &findings);
}

static int map(u64 offset, bool queue)
{
	struct kmemp_extent extent = {
		.offset = offset, .page = test_take(&t, 1), .count = 1,
	};
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	int ret;

	ret = kmemp_batch_map(batch, ID, &extent);
	return ret ?: queue ? test_queue(batch) : test_commit(batch);
}

static void test_format_of(u32 type, const char *name)
{
	u64 stores, newest, i, copy = POOL_BYTES - KMEMP_PAGE_SIZE;
	struct found found;
	unsigned long nth;
	int ret = 0, wrong = 0;

	test_begin(&t, &record, type, POOL_BYTES);
	view = (struct kmemp_media){
		.ops = &view_ops, .size = POOL_BYTES, .readonly = true,
	};
	for (i = 0; i < 300 && !ret; i++)
		ret = map(3 * i, i % 3 == 0);
	tap_ok(!ret, "%s: in use", name);
	newest = t.pool.newest;
	ret = check(&found);
	tap_ok(!ret && !found.nr && t.pool.newest >= newest,
	       "%s: nothing is found", name);
	tap_ok(nr_lookups, "%s: lookups go on meanwhile", name);
	stores = record.media.counts.stores;
	ret = check(&found);
	tap_ok(!ret && record.media.counts.stores == stores,
	       "%s: nothing is stored", name);

	/* What the medium has become, whatever the pool keeps in mind. */
	record.base[copy + 100] ^= 4;
	ret = check(&found);
	tap_ok(!ret && found.nr == 1 && found.worst == KMEMP_MENDED,
	       "%s: a damaged copy is found", name);
	record.base[100] ^= 4;
	ret = check(&found);
	tap_ok(!ret && found.worst == KMEMP_FATAL,
	       "%s: what the next bind refuses is found", name);
	record.base[100] ^= 4;
	record.base[copy + 100] ^= 4;

	for (nth = 1; nth < 2000; nth++) {
		shim_fail_nth = nth;
		ret = check(&found);
		if (shim_fail_nth)
			break;
		wrong += ret != -ENOMEM || found.worst > KMEMP_NOTE;
	}
	shim_fail_nth = 0;
	tap_ok(!wrong && nth > 1 && nth < 2000,
	       "%s: each of %lu allocations failing", name, nth - 1);
	tap_ok(!map(5000, false) && !check(&found) && !found.nr,
	       "%s: the pool goes on", name);
	test_end(&t);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++)
		test_format_of(crash_formats[i].type, crash_formats[i].name);
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
