// SPDX-License-Identifier: GPL-2.0
/*
 * Repair, over every format: of a sound pool nothing is changed; what a format
 * can put right without a guess is sound afterwards; and where anything else is
 * damaged nothing is touched. Only bitmap keeps twice what can differ.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "bitmap/bitmap.h"
#include "core.h"
#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(96ULL << 20)
#define ID		KMEMP_OBJ_FIRST
#define EXTENTS		300u

static struct record record;
static struct test_pool t;

static void begin(void)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	test_fill(&t, ID, EXTENTS);
	kmemp_pool_retire(&t.pool);
}

static void test_sound(void)
{
	const char *name = crash_format->name;
	u64 before, newest;
	int err;

	begin();
	before = test_digest(&t.pool, &err);
	newest = t.pool.newest;
	tap_ok(!kmemp_pool_repair(&t.pool) && t.pool.newest == newest &&
	       test_digest(&t.pool, &err) == before && test_agrees(&t),
	       "%s: a sound pool is left alone", name);
	test_close(&t);
	if (test_open(&t, &record, true))
		abort();
	tap_ok(kmemp_pool_repair(&t.pool) ==
	       (t.pool.format->repair ? -EROFS : 0),
	       "%s: one that is read only too", name);
	test_end(&t);
}

/* Where the line of an object stands. */
static u64 object_pos(struct bitmap *bitmap, u64 id)
{
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;

	if (kmemp_bm_tree_decode(bitmap, le64_to_cpu(bitmap->anchor.objects),
				 BITMAP_OBJECT_LEAF_BITS, &tree) ||
	    kmemp_bm_tree_next(bitmap, true, &tree, id, &path))
		abort();
	return kmemp_bm_pos(path.page[0], id % KMEMP_BITMAP_LINES *
			    KMEMP_LINE_SIZE);
}

/* What a repair puts right, the other way round; @nr pages are lost. */
static void make_wrong(u64 nr)
{
	struct bitmap *bitmap = kmemp_pool_private(&t.pool);
	struct kmemp_overlay overlay = {};
	struct kmemp_batch batch = { .pool = &t.pool };
	struct kmemp_bm_mend mend = {};
	struct kmemp_extent extent;

	if (kmemp_pool_next_extent(&t.pool, ID, 0, 1, &extent))
		abort();
	kmemp_commit_begin(&t.pool);
	if (kmemp_bm_mend_begin(bitmap, &mend))
		abort();
	kmemp_bm_mend_bits(bitmap, &mend, test_take(&t, nr), nr, true);
	kmemp_bm_mend_bits(bitmap, &mend, extent.page, 1, false);
	kmemp_bm_mend_object(bitmap, &mend, object_pos(bitmap, ID), 1, 2);
	bitmap->anchor.data_pages = cpu_to_le64(3);
	if (kmemp_bm_mend_end(bitmap, &mend) != 1 ||
	    kmemp_commit_batch_locked(&batch, &overlay))
		abort();
	kmemp_commit_end(&t.pool);
	kmemp_pool_retire(&t.pool);
}

/* Single pages are lost, of which a step puts right about five hundred. */
static void lose_singles(void)
{
	struct bitmap *bitmap = kmemp_pool_private(&t.pool);
	struct kmemp_overlay overlay = {};
	struct kmemp_batch batch = { .pool = &t.pool };
	struct kmemp_bm_mend mend = {};
	unsigned int i;

	kmemp_commit_begin(&t.pool);
	if (kmemp_bm_mend_begin(bitmap, &mend))
		abort();
	for (i = 0; i < 400; i++) {
		kmemp_bm_mend_bits(bitmap, &mend, test_take(&t, 1), 1, true);
		test_take(&t, 1);
	}
	if (kmemp_bm_mend_end(bitmap, &mend) != 1 ||
	    kmemp_commit_batch_locked(&batch, &overlay))
		abort();
	kmemp_commit_end(&t.pool);
	kmemp_pool_retire(&t.pool);
}

/* Reopened: what the host takes for used is what the medium says. */
static void reopen(void)
{
	test_close(&t);
	if (test_open(&t, &record, false))
		abort();
}

static void test_wrong(void)
{
	u64 before;
	int err;

	begin();
	before = test_digest(&t.pool, &err);
	make_wrong(9000);
	reopen();
	tap_ok(test_check(&t.pool, false) >= 3,
	       "lost pages and wrong counts are found");
	tap_ok(!kmemp_pool_repair(&t.pool) && !test_check(&t.pool, true) &&
	       test_digest(&t.pool, &err) == before,
	       "and put right, with the same contents");
	reopen();
	tap_ok(test_agrees(&t) && test_partition(&t) &&
	       !test_check(&t.pool, true), "for good");
	test_end(&t);
}

/* ------------------------------------------------------- cut repairs */

static struct cut {
	u64 digest;
	unsigned int findings;	/* before the repair */
	u64 last_image;
	u64 states, sound, half;	/* of these, with nothing left; with less */
} cut;

/* The state that is on the medium: no worse than it was, and repaired again. */
static bool recovers(void)
{
	u64 start = record.nr;
	unsigned int findings;
	bool good;
	int err;

	if (record.image == cut.last_image)
		return true;
	cut.last_image = record.image;
	cut.states++;
	if (test_open(&t, &record, false))
		return false;
	findings = test_check(&t.pool, false);
	cut.sound += !findings;
	cut.half += findings && findings < cut.findings;
	good = findings <= cut.findings &&
	       test_digest(&t.pool, &err) == cut.digest && !err &&
	       !kmemp_pool_repair(&t.pool) && !test_check(&t.pool, true) &&
	       test_digest(&t.pool, &err) == cut.digest && !err;
	test_close(&t);
	good = good && !test_open(&t, &record, false) && test_agrees(&t) &&
	       test_partition(&t) && !test_check(&t.pool, true);
	test_close(&t);
	record_undo(&record, start);
	return good;
}

/* Of each open line the first words are there; with @alternate of every other. */
static bool recovers_without(const struct record_lines *lines,
			     unsigned int words, bool alternate)
{
	u64 start = record.nr;
	bool good;
	u32 i;

	for (i = 0; i < lines->nr; i += 1 + alternate)
		record_set(&record, lines->line[i].where * KMEMP_LINE_SIZE +
			   words * 8, lines->line[i].durable + words * 8,
			   KMEMP_LINE_SIZE - words * 8);
	good = recovers();
	record_undo(&record, start);
	return good;
}

/* At each fence, and at stores, ever fewer of a long row. */
static bool cut_everywhere(const struct record_trace *trace)
{
	struct record_lines lines;
	u64 start = record.nr, i, run = 0;
	bool good = true;

	record_lines_init(&lines, POOL_BYTES);
	for (i = 0; good && i <= trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (i == trace->nr || event->kind == RECORD_FENCE)
			good = recovers_without(&lines, 8, false) &&
			       recovers_without(&lines, 0, false) &&
			       recovers_without(&lines, 4, false) &&
			       recovers_without(&lines, 0, true);
		if (i == trace->nr)
			break;
		record_track(&lines, event, record.base);
		record_play(&record, trace, i);
		run = event->kind == RECORD_STORE ? run + 1 : 0;
		if (run && !(run & (run - 1)))
			good = good && recovers();
	}
	record_lines_free(&lines);
	record_undo(&record, start);
	return good;
}

static void test_cut(void)
{
	struct record_trace trace;
	bool good;
	int err;

	begin();
	memset(&cut, 0, sizeof(cut));
	cut.digest = test_digest(&t.pool, &err);
	lose_singles();
	lose_singles();
	make_wrong(10);
	reopen();
	cut.findings = test_check(&t.pool, false);
	record_forget(&record);
	record.off = false;
	good = !kmemp_pool_repair(&t.pool);
	record_take(&record, 0, &trace);
	/* Without what closing stores. */
	t.pool.failed = true;
	test_close(&t);
	record_undo(&record, 0);
	good = good && cut_everywhere(&trace);
	tap_ok(good && cut.sound && cut.half,
	       "cut anywhere it is no worse, and done again: %llu states, %llu of them half repaired",
	       cut.states, cut.half);
	record_trace_free(&trace);
	record_free(&record);
}

/* A record is damaged: who had a page that nobody seems to have cannot be said. */
static void test_lost(void)
{
	const struct kmemp_bitmap_record *disk;
	const struct bitmap *bitmap;
	u64 i, newest, nr = 0;
	u8 *value;

	begin();
	make_wrong(10);
	bitmap = kmemp_pool_private(&t.pool);
	/* Not in the ring, where the same bytes once went through. */
	i = bitmap->ring.start + KMEMP_RING_BYTES;
	for (; i < POOL_BYTES && !nr; i += KMEMP_LINE_SIZE) {
		disk = (const void *)(record.base + i);
		value = record.base + i + sizeof(*disk) + sizeof(u32);
		if (disk->name_len == sizeof(u32) && disk->nr_cells == 1 &&
		    !memcmp(value, "value", 5)) {
			*value ^= 1;
			nr++;
		}
	}
	reopen();
	newest = t.pool.newest;
	kmemp_pool_repair(&t.pool);
	tap_ok(nr == 1 && t.pool.newest == newest &&
	       test_check(&t.pool, false) >= 4,
	       "where something is lost no page is freed and no count changed");
	test_end(&t);
}

int main(void)
{
	const struct kmemp_format_ops *format;
	unsigned int i, nr = 0;
	u32 type = 0;

	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		test_sound();
		if (crash_format->type != KMEMP_TYPE_BITMAP)
			continue;
		test_wrong();
		test_cut();
		test_lost();
	}
	while ((format = kmemp_format_next(type))) {
		type = format->type + 1;
		kmemp_format_put(format);
		nr++;
	}
	tap_ok(nr == crash_nr_formats + 1, "all formats are found in turn");
	return tap_done();
}
