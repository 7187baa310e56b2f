// SPDX-License-Identifier: GPL-2.0
/*
 * What each page of a pool is used for, see map.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <daxctl/libdaxctl.h>

#include <linux/kernel.h>

#include "kernel.h"
#include "kmemp.h"
#include "map.h"
#include "report.h"
#include "target.h"

#define BLOCK_SIZE_FILE	"/sys/devices/system/memory/block_size_bytes"
/* The smallest of x86-64, for images. */
#define BLOCK_SIZE	(128ULL << 20)
/* Of a pool that the kernel has only shares are known: so fine are they. */
#define SHARES		(1u << 20)

static int map_alloc(struct map *map, u64 pages, u64 unit)
{
	map->unit = unit;
	map->nr = DIV_ROUND_UP(pages, unit);
	/* Of a large pool that is nearly empty little of it is ever touched. */
	map->use = calloc(map->nr, 1);
	return map->use ? 0 : -ENOMEM;
}

/**
 * map_free - let go of what map_read() made
 * @map: as read
 */
void map_free(struct map *map)
{
	free(map->use);
}

static int note_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	static const u8 uses[] = {
		[KMEMP_USE_DATA] = MAP_DATA,
		[KMEMP_USE_META] = MAP_META,
		[KMEMP_USE_BAD] = MAP_BAD,
		[KMEMP_USE_ANY] = MAP_USED,
	};
	struct map *map = arg;

	/* Bad pages come first, and are reported as used again. */
	for (; count && page < map->nr; count--, page++)
		if (map->use[page] != MAP_BAD)
			map->use[page] = uses[use];
	return 0;
}

/* @left: pages that objects may map; a map that leads in circles ends there. */
static int note_extents(struct map *map, struct kmemp_pool *pool, u64 id,
			u64 *left)
{
	struct kmemp_extent extent;
	u64 offset = 0;
	int ret;

	while (!(ret = kmemp_pool_next_extent(pool, id, offset,
					      KMEMP_MAX_OBJECT_PAGES,
					      &extent))) {
		if (extent.count > *left)
			return -EUCLEAN;
		*left -= extent.count;
		note_used(map, extent.page, extent.count, KMEMP_USE_DATA);
		offset = extent.offset + extent.count;
	}
	return ret;
}

/* Not every format tells data from metadata; whatever no object maps is that. */
static void split_used(struct map *map, struct kmemp_pool *pool)
{
	u64 id = 0, left = map->nr, page;
	int ret;

	if (!kmemp_pool_keeps_objects(pool))
		return;
	while (!(ret = kmemp_pool_next_object(pool, &id))) {
		ret = note_extents(map, pool, id, &left);
		if (ret != -ENOENT)
			return;
		id++;
	}
	if (ret != -ENOENT)
		return;
	for (page = 0; page < map->nr; page++)
		if (map->use[page] == MAP_USED)
			map->use[page] = MAP_META;
}

/*
 * Which pages are in reserve is decided at each bind: what cannot be RAM, then
 * from the first memory block upwards. So it is drawn.
 */
static void add_reserve(struct map *map, const struct kmemp_pool *pool, u64 end)
{
	u64 withheld = 0, used = 0, target, page;

	for (page = 0; page < map->nr; page++) {
		used += map->use[page] != MAP_FREE;
		if ((page < map->first || page >= end) &&
		    map->use[page] == MAP_FREE)
			map->use[page] = MAP_RESERVE;
		withheld += map->use[page] != MAP_FREE;
	}
	target = max(used, pool->super.data_min);
	target += kmemp_pool_reserve(pool, target);
	for (page = map->first; page < end && withheld < target; page++) {
		if (map->use[page] != MAP_FREE)
			continue;
		map->use[page] = MAP_RESERVE;
		withheld++;
	}
}

static u64 block_bytes(void)
{
	char text[64];
	u64 bytes;

	if (kernel_read_file(BLOCK_SIZE_FILE, text, sizeof(text)))
		return BLOCK_SIZE;
	bytes = strtoull(text, NULL, 16);
	return bytes >= KMEMP_PAGE_SIZE ? bytes : BLOCK_SIZE;
}

/*
 * Where memory blocks lie: of a device by its address; of an image as it was when
 * the pool was first used, or as if it began with one. Return: the page behind
 * those that can be RAM.
 */
static u64 find_blocks(struct map *map, const struct target *target,
		       const struct kmemp_super *super)
{
	u64 bytes = target->dev ? block_bytes() : BLOCK_SIZE, start;

	map->block = bytes >> KMEMP_PAGE_SHIFT;
	if (target->dev) {
		start = daxctl_dev_get_resource(target->dev);
		map->first = (bytes - start % bytes) % bytes >> KMEMP_PAGE_SHIFT;
		map->first = min(map->first, map->nr);
		return map->first +
		       (map->nr - map->first) / map->block * map->block;
	}
	if (!super->window_pages || super->window_page >= map->nr)
		return map->nr;
	map->first = super->window_page;
	return map->first + min(super->window_pages, map->nr - map->first);
}

static void set_title(struct map *map, const char *name, const char *type,
		      const char *label)
{
	snprintf(map->title, sizeof(map->title),
		 "%.256s: pool of format %.32s%s%.64s", name, type,
		 label[0] ? ", label " : "", label);
	text_sanitize(map->title);
}

static int read_pool(struct map *map, const struct target *target,
		     struct kmemp_media *media)
{
	char text[KMEMP_VERDICT_TEXT];
	struct kmemp_pool pool = {};
	u64 end;
	int ret;

	ret = kmemp_pool_open(&pool, media, true);
	if (ret == -ENOMEDIUM) {
		complain(target->name, "there is no pool; see what is there with: kmemp info %s",
			 target->name);
		return ret;
	}
	if (ret) {
		kmemp_verdict_text(&pool.verdict, target->name, text,
				   sizeof(text));
		complain(target->name, "%s", text);
		return ret;
	}
	set_title(map, target->name, pool.format->name, pool.super.label);
	ret = map_alloc(map, kmemp_pool_pages(&pool), 1);
	if (!ret)
		ret = kmemp_pool_walk_used(&pool, note_used, map);
	if (!ret) {
		split_used(map, &pool);
		end = find_blocks(map, target, &pool.super);
		add_reserve(map, &pool, end);
	} else {
		complain(target->name, "cannot find out which pages are used: %s; see: kmemp check",
			 strerror(-ret));
	}
	kmemp_pool_close(&pool);
	return ret;
}

/* In the order in which they are drawn. */
static void fill_shares(struct map *map, const u64 bytes[MAP_NR_USES])
{
	u64 unit = map->unit << KMEMP_PAGE_SHIFT, at = 0, sum = 0, end;
	int i;

	for (i = MAP_NR_USES - 1; i >= 0; i--) {
		sum += bytes[i];
		end = min(DIV_ROUND_UP(sum, unit), map->nr);
		/* A bad page is seen, however small its share. */
		for (; at < end; at++)
			map->use[at] = i;
	}
}

/* What the driver says of a pool that it has. */
static int read_shares(struct map *map, const struct target *target)
{
	char type[64] = "", label[256] = "";
	u64 bytes[MAP_NR_USES] = {};
	u64 size, used, withheld, bad, unit = 1;
	const char *dev = target->name;
	int ret;

	ret = kernel_read_number(dev, "pool_size", &size);
	if (!ret)
		ret = kernel_read_number(dev, "used", &used);
	if (!ret)
		ret = kernel_read_number(dev, "withheld", &withheld);
	if (!ret)
		ret = kernel_read_number(dev, "bad_pages", &bad);
	if (ret) {
		complain(dev, "cannot read what the driver says: %s",
			 strerror(-ret));
		return ret;
	}
	kernel_read(dev, "type", type, sizeof(type));
	kernel_read(dev, "label", label, sizeof(label));
	set_title(map, dev, type, label);
	/* They are read one after the other, while they change. */
	withheld = min(withheld, size);
	used = min(used, withheld);
	bad = min(bad << KMEMP_PAGE_SHIFT, used);
	bytes[MAP_BAD] = bad;
	bytes[MAP_USED] = used - bad;
	bytes[MAP_RESERVE] = withheld - used;
	size >>= KMEMP_PAGE_SHIFT;
	while (size / unit > SHARES)
		unit *= 2;
	ret = map_alloc(map, size, unit);
	if (!ret)
		fill_shares(map, bytes);
	return ret;
}

/**
 * map_read - find out what a pool's pages are used for
 * @map: filled in
 * @target: where the pool is
 *
 * Return: 0, or a negative errno where the mistake was told.
 */
int map_read(struct map *map, const struct target *target)
{
	struct kmemp_media_file file;
	int ret;

	memset(map, 0, sizeof(*map));
	if (target->mode != TARGET_IMAGE && kernel_has_pool(target->name))
		return read_shares(map, target);
	ret = target_free(target);
	if (!ret)
		ret = target_open(target, &file, true);
	if (ret)
		return ret;
	ret = read_pool(map, target, &file.media);
	kmemp_media_file_close(&file);
	return ret;
}
