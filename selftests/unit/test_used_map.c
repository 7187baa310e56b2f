// SPDX-License-Identifier: GPL-2.0
/*
 * The saved used map, over every format: what it has is what the format's walk
 * finds; it counts only as long as nothing was stored since; whatever is wrong
 * with it, or a crash left of it, there is the walk.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "core.h"
#include "formats.h"
#include "pool_util.h"
#include "seal.h"
#include "super.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define POOL_PAGES	(POOL_BYTES / KMEMP_PAGE_SIZE)
/* More runs than a page of the map has. */
#define EXTENTS		1500u
#define ID		KMEMP_OBJ_FIRST

static struct record record;
static struct test_pool t;
/* What the format's walk finds, and what an opening did. */
static u8 walked[POOL_PAGES], found[POOL_PAGES];

static bool used_begin(void *arg)
{
	return true;
}

static bool used_next(void *arg, u64 *page, u64 *count)
{
	while (*page < t.nr_pages && !t.used[*page])
		++*page;
	*count = 0;
	while (*page + *count < t.nr_pages && t.used[*page + *count])
		++*count;
	return *count;
}

static u64 used_room(void *arg, u64 nr)
{
	return test_take(&t, nr);
}

static u64 no_room(void *arg, u64 nr)
{
	return 0;
}

static bool in_flight(void *arg)
{
	return false;
}

static const struct kmemp_used_source source = {
	.begin = used_begin, .next = used_next, .room = used_room,
};

static int mark(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	if (page >= POOL_PAGES || count > POOL_PAGES - page)
		return -EINVAL;
	memset((u8 *)arg + page, 1, count);
	return 0;
}

/* A pool that was closed with its used map. */
static void close_saving(void)
{
	kmemp_pool_close_saving(&t.pool, &source);
	free(t.used);
	t.open = false;
}

/* Of the medium: how many pages the state line names; *@walk: the walk is asked. */
static u32 look(bool *same, bool *walk)
{
	struct kmemp_pool pool = {};
	u32 pages;
	int ret;

	memset(found, 0, sizeof(found));
	memset(walked, 0, sizeof(walked));
	if (kmemp_pool_open(&pool, &record.media, true))
		abort();
	pages = pool.super.map_pages;
	ret = kmemp_pool_walk_used(&pool, mark, found);
	*walk = kmemp_used_map_walk(&pool, mark, found) == -ENOENT;
	mark(walked, 0, 1, KMEMP_USE_META);
	mark(walked, POOL_PAGES - 1, 1, KMEMP_USE_META);
	if (!ret)
		ret = pool.format->for_each_used(&pool, mark, walked);
	*same = !ret && !memcmp(found, walked, sizeof(found));
	kmemp_pool_close(&pool);
	return pages;
}

static void begin(void)
{
	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	test_fill(&t, ID, EXTENTS);
}

static void test_saved(void)
{
	const char *name = crash_format->name;
	bool same, walk;
	u64 image;
	u32 pages;

	begin();
	kmemp_pool_retire(&t.pool);
	close_saving();
	pages = look(&same, &walk);
	tap_ok(pages > EXTENTS / KMEMP_USED_RUNS && !walk,
	       "%s: closing saves the used map: %u pages", name, pages);
	tap_ok(same, "%s: it has what the walk finds", name);
	image = record.image;
	if (test_open(&t, &record, false))
		abort();
	tap_ok(!memcmp(t.used, walked, sizeof(walked)) && record.image == image,
	       "%s: an opening takes it and stores nothing", name);
	tap_ok(!test_check(&t.pool, true), "%s: the check finds nothing", name);
	test_close(&t);
	tap_ok(look(&same, &walk) == pages && !walk && same,
	       "%s: it counts as long as nothing was stored", name);
	if (test_open(&t, &record, false))
		abort();
	kmemp_pool_retire(&t.pool);
	test_crash(&t);
	tap_ok(!look(&same, &walk) && walk && same,
	       "%s: retiring makes it void", name);
	close_saving();
	if (test_open(&t, &record, false))
		abort();
	test_fill(&t, ID, EXTENTS);
	test_crash(&t);
	tap_ok(!look(&same, &walk) && walk && same,
	       "%s: so does a commit", name);
	test_end(&t);
}

/* Saved while the pool goes on: as a machine goes down. */
static void test_saved_open(void)
{
	struct kmemp_used_source none = source;
	const char *name = crash_format->name;
	bool same, walk;

	begin();
	none.room = no_room;
	tap_ok(!kmemp_pool_save_used(&t.pool, &none) && !look(&same, &walk),
	       "%s: without room nothing is saved", name);
	none.begin = in_flight;
	tap_ok(!kmemp_pool_save_used(&t.pool, &none) && !look(&same, &walk),
	       "%s: nor while pages are in flight", name);
	tap_ok(!kmemp_pool_save_used(&t.pool, &source) && look(&same, &walk) &&
	       !walk && same, "%s: saved before the machine goes down", name);
	test_fill(&t, ID, EXTENTS);
	tap_ok(!look(&same, &walk) && walk && same,
	       "%s: what comes after all makes it void", name);
	test_end(&t);
}

static void test_damaged(void)
{
	const struct kmemp_disk_state *state;
	unsigned int bad = 0, counted = 0;
	bool same, walk;
	u64 page, i;
	u32 pages;

	begin();
	close_saving();
	pages = look(&same, &walk);
	state = (void *)(record.base + KMEMP_SB_STATE_OFFSET);
	page = le64_to_cpu(state->map_page);
	for (i = 0; i < pages * KMEMP_PAGE_SIZE; i += 61) {
		u8 *byte = record.base + (page << KMEMP_PAGE_SHIFT) + i;

		*byte ^= 1 << i % 8;
		look(&same, &walk);
		bad += !same;
		counted += !walk;
		*byte ^= 1 << i % 8;
	}
	record.fail_page = 1 + page;
	look(&same, &walk);
	record.fail_page = 0;
	tap_ok(!bad && !counted && same && walk,
	       "%s: where it is damaged, there is the walk",
	       crash_format->name);
	record.base[(page << KMEMP_PAGE_SHIFT) + 100] ^= 1;
	if (test_open(&t, &record, true))
		abort();
	tap_ok(!test_check(&t.pool, true),
	       "%s: and no damage of the pool", crash_format->name);
	test_close(&t);
	if (test_open(&t, &record, false))
		abort();
	test_end(&t);
}

/* A first page of the map, made by somebody who knows the key. */
static void forge(const struct kmemp_disk_used_map *disk)
{
	struct kmemp_super *super = &t.pool.super;
	struct kmemp_disk_used_map map = *disk;
	u64 pos = super->map_page << KMEMP_PAGE_SHIFT;

	map.seal = cpu_to_le32(kmemp_seal(&t.pool, super->epoch,
					  super->confirmed, pos, &map.nr,
					  sizeof(map) - sizeof(map.seal)));
	memcpy(record.base + pos, &map, sizeof(map));
	super->map_pages = 1;
	super->map_crc = kmemp_crc(&map.seal, sizeof(map.seal));
	kmemp_state_write_map(&record.media, super);
}

static __le64 run(u64 page, u64 count)
{
	return cpu_to_le64(page << KMEMP_USED_RUN_SHIFT | count);
}

static void test_forged(void)
{
	struct kmemp_disk_used_map good = { .nr = cpu_to_le32(2) }, map;
	const char *name = crash_format->name;
	bool same, walk;
	unsigned int i;

	begin();
	close_saving();
	if (test_open(&t, &record, false))
		abort();
	good.sequence = cpu_to_le64(t.pool.super.confirmed);
	good.run[0] = run(0, 10);
	good.run[1] = run(10, POOL_PAGES - 10);
	for (i = 0; i < 7; i++) {
		map = good;
		if (i == 1)
			map.run[0] = run(0, 0);
		else if (i == 2)
			map.run[0] = run(0, 11);
		else if (i == 3)
			map.run[1] = run(10, POOL_PAGES - 9);
		else if (i == 4)
			map.run[1] = run(POOL_PAGES, 1);
		else if (i == 5)
			map.nr = cpu_to_le32(KMEMP_USED_RUNS + 1);
		else if (i == 6)
			map.sequence = cpu_to_le64(t.pool.super.confirmed - 1);
		forge(&map);
		look(&same, &walk);
		tap_ok(walk == !!i && same == walk, "%s: forged map %u is %s",
		       name, i, i ? "none" : "believed");
	}
	forge(&good);
	t.pool.super.map_crc++;
	kmemp_state_write_map(&record.media, &t.pool.super);
	look(&same, &walk);
	tap_ok(walk && same, "%s: one whose seals are not those named is none",
	       name);
	good.nr = cpu_to_le32(1);
	forge(&good);
	tap_ok(test_check(&t.pool, false) == 1,
	       "%s: the check finds that a map leaves out what is in use",
	       name);
	test_end(&t);
}

/* Any moment of saving: the map, or none. */
static void test_crashed(void)
{
	u64 i, nr, fence = 0, last = 0, named = 0;
	bool same = true, walk, all = true;
	const struct record_event *event;
	u32 pages = 0;

	begin();
	kmemp_pool_retire(&t.pool);
	record_forget(&record);
	record.off = false;
	close_saving();
	record.off = true;
	nr = record.nr;
	for (i = 0; i < nr; i++) {
		event = &record.events[i];
		if (event->kind == RECORD_FENCE && !named)
			fence = i;
		else if (event->kind == RECORD_STORE && event->len == 4096)
			last = i;
		else if (event->kind == RECORD_STORE && !named)
			named = i;
	}
	tap_ok(last < fence && fence < named,
	       "%s: the map is durable before it is named",
	       crash_format->name);
	for (i = nr; i && all; i--) {
		record_undo(&record, i - 1);
		pages += !!look(&same, &walk);
		all = same;
	}
	tap_ok(all && pages, "%s: a crash while it is saved", crash_format->name);
	if (test_open(&t, &record, false))
		abort();
	test_end(&t);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		test_saved();
		test_saved_open();
		test_damaged();
		test_forged();
		test_crashed();
	}
	return tap_done();
}
