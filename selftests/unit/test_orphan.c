// SPDX-License-Identifier: GPL-2.0
/*
 * Object ids that are never given twice, and orphans: the end of objects that
 * are too large for one batch.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include <kmem_persist/format_volume.h>

#include "each_format.h"
#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(96ULL << 20)
#define EXTENTS		5000u

static struct record record;
static struct test_pool t;

static void begin(void)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
}

static int put(u64 object, u8 kind, const void *name, size_t name_len,
	       const void *value, size_t len)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	int ret;

	ret = kmemp_batch_put(batch, object, kind, name, name_len, value, len);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static int put_mark(u64 mark)
{
	__le64 value = cpu_to_le64(mark);

	return put(KMEMP_OBJ_ROOT, KMEMP_ROOT_SETTING, KMEMP_SETTING_NEXT_ID,
		   strlen(KMEMP_SETTING_NEXT_ID), &value, sizeof(value));
}

static void test_ids(void)
{
	u64 id = 0, last = 0, first;
	unsigned int i;
	int ret = 0;

	begin();
	ret = kmemp_pool_new_id(&t.pool, &first);
	tap_ok(!ret && first == KMEMP_OBJ_FIRST, "ids begin at %llu",
	       KMEMP_OBJ_FIRST);
	last = first;
	for (i = 0; i < KMEMP_ID_STEP + 10 && !ret; i++) {
		ret = kmemp_pool_new_id(&t.pool, &id);
		if (id != last + 1)
			break;
		last = id;
	}
	tap_ok(!ret && i == KMEMP_ID_STEP + 10, "and go on beyond a step");
	test_crash(&t);
	ret = kmemp_pool_new_id(&t.pool, &id);
	tap_ok(!ret && id > last, "none is given twice after a crash");

	put_mark(5);
	test_crash(&t);
	tap_ok(kmemp_pool_new_id(&t.pool, &id) == -EUCLEAN,
	       "a mark among the reserved ids is refused");
	put_mark(KMEMP_OBJ_MAX - 10);
	test_crash(&t);
	tap_ok(kmemp_pool_new_id(&t.pool, &id) == -ENOSPC,
	       "ids come to an end");
	put_mark(KMEMP_OBJ_FIRST);
	put(KMEMP_OBJ_FIRST + 7, 1, "n", 1, "v", 1);
	test_crash(&t);
	tap_ok(kmemp_pool_new_id(&t.pool, &id) == -EUCLEAN,
	       "an object beyond the mark is refused");
	test_end(&t);
}

/* Single pages at every other offset, so that nothing merges. */
static void fill(u64 object)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < EXTENTS && !ret; ) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		unsigned int k;

		for (k = 0; k < 100 && !ret; k++, i++) {
			struct kmemp_extent extent = {
				.offset = 3ULL * i,
				.page = test_take(&t, 1),
				.count = 1,
			};

			ret = kmemp_batch_map(batch, object, &extent);
		}
		if (!ret)
			ret = kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
	}
	for (i = 0; i < 200 && !ret; i++)
		ret = put(object, 9, &i, sizeof(i), "value", 5);
	if (ret)
		abort();
}

static int promise(u64 object, enum kmemp_orphan_op op, u64 from)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	int ret;

	ret = kmemp_orphan_put(batch, object, op, from);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static void settle(void)
{
	if (kmemp_pool_retire(&t.pool))
		abort();
}

static void test_remove(void)
{
	struct kmemp_extent extent;
	u64 object, other, free, id, digest;
	unsigned int steps = 0;
	int ret, err;

	begin();
	if (kmemp_pool_new_id(&t.pool, &object) ||
	    kmemp_pool_new_id(&t.pool, &other) ||
	    put(other, 1, "keep", 4, "me", 2))
		abort();
	settle();
	digest = test_digest(&t.pool, &err);
	free = t.nr_free;
	fill(object);
	tap_ok(!promise(object, KMEMP_ORPHAN_REMOVE, 0),
	       "the end of an object of %u extents is promised", EXTENTS);
	while ((ret = kmemp_orphan_step(&t.pool)) == 1) {
		/* Any step may be the last before a crash. */
		if (++steps % 7 == 0)
			test_crash(&t);
	}
	tap_ok(!ret && steps >= EXTENTS / 64,
	       "it is kept in %u steps, with crashes in between", steps);
	id = object;
	ret = kmemp_pool_next_object(&t.pool, &id);
	tap_ok(!ret && id == other, "the object is gone, the next one is not");
	tap_ok(test_digest(&t.pool, &err) == digest && !err,
	       "nothing else has changed");
	settle();
	/* What works in the background lets some of it lie. */
	tap_ok(free - t.nr_free <= (t.pool.format->work ? 64 : 4),
	       "its pages are free again, but for %llu of metadata",
	       free - t.nr_free);
	tap_ok(!kmemp_orphan_step(&t.pool), "nothing is left to do");

	fill(object);
	tap_ok(!promise(object, KMEMP_ORPHAN_TRUNCATE, 3000),
	       "what lies behind page 3000 is promised to go");
	while ((ret = kmemp_orphan_step(&t.pool)) == 1)
		;
	tap_ok(!ret && kmemp_pool_next_extent(&t.pool, object, 3000, 1,
					      &extent) == -ENOENT,
	       "it is gone");
	ret = kmemp_pool_next_extent(&t.pool, object, 2997, 1, &extent);
	tap_ok(!ret && extent.offset == 2997, "what lies before it is not");
	tap_ok(!test_check(&t.pool, true) && test_partition(&t),
	       "the pool is sound");
	test_end(&t);
}

static void test_hostile(void)
{
	static const struct {
		u64 object;
		u8 op;
		u8 reserved;
		u64 from;
		const char *what;
	} cases[] = {
		{ KMEMP_OBJ_ROOT, KMEMP_ORPHAN_REMOVE, 0, 0, "the root" },
		{ KMEMP_OBJ_BAD, KMEMP_ORPHAN_TRUNCATE, 0, 0, "bad pages" },
		{ KMEMP_OBJ_MAX + 1, KMEMP_ORPHAN_REMOVE, 0, 0, "no id" },
		{ 5000, 77, 0, 0, "an unknown operation" },
		{ 5000, KMEMP_ORPHAN_REMOVE, 1, 0, "a reserved byte" },
		{ 5000, KMEMP_ORPHAN_REMOVE, 0, 1, "a part of a removal" },
		{ 5000, KMEMP_ORPHAN_TRUNCATE, 0, 1ULL << 40, "a far offset" },
	};
	unsigned int i;
	u64 before;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmemp_disk_orphan disk = {
			.op = cases[i].op,
			.reserved = { cases[i].reserved },
			.from = cpu_to_le64(cases[i].from),
		};
		__le64 name = cpu_to_le64(cases[i].object);

		begin();
		put(KMEMP_OBJ_ORPHANS, cases[i].op, &name, sizeof(name), &disk,
		    sizeof(disk));
		before = test_digest(&t.pool, &err);
		tap_ok(kmemp_orphan_step(&t.pool) == -EUCLEAN &&
		       test_digest(&t.pool, &err) == before,
		       "an orphan that names %s is refused", cases[i].what);
		tap_ok(test_check(&t.pool, false) == 1,
		       "and found by a check");
		test_end(&t);
	}
}

static void test_volumes(void)
{
	struct kmemp_disk_volume good = {
		.object = cpu_to_le64(KMEMP_OBJ_FIRST),
		.pages = cpu_to_le64(10),
		.block_size = cpu_to_le32(512),
	}, bad[6];
	u64 id;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].object = cpu_to_le64(KMEMP_OBJ_ROOT);
	bad[1].object = cpu_to_le64(KMEMP_OBJ_FIRST + KMEMP_ID_STEP);
	bad[2].pages = 0;
	bad[3].pages = cpu_to_le64(KMEMP_VOLUME_MAX_PAGES + 1);
	bad[4].block_size = cpu_to_le32(1024);
	bad[5].reserved[11] = 1;
	begin();
	if (kmemp_pool_new_id(&t.pool, &id))
		abort();
	put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "v", 1, &good, sizeof(good));
	tap_ok(!test_check(&t.pool, true), "a volume's record is sound");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "v", 1, &bad[i],
		    sizeof(bad[i]));
		tap_ok(test_check(&t.pool, false) == 1,
		       "a check finds a damaged one (%u)", i);
	}
	put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "v", 1, &good, sizeof(good) - 1);
	tap_ok(test_check(&t.pool, false) == 1, "and a short one");
	put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "v", 1, &good, sizeof(good));
	put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "a/b", 3, &good, sizeof(good));
	tap_ok(test_check(&t.pool, false) == 1, "and a name with a slash");
	test_end(&t);
}

int main(void)
{
	static const each_format_fn tests[] = {
		test_ids, test_remove, test_hostile, test_volumes, NULL,
	};

	return each_format(tests);
}
