// SPDX-License-Identifier: GPL-2.0
/*
 * A walk through all that a pool holds, see walk.h.
 *
 * Where looking for the next item fails, it is looked for further on: the
 * distance is doubled until looking succeeds, then halved until the place is
 * exact. So one damaged page of metadata costs what it led to.
 */
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "walk.h"

/* Places in the order of an object's records: kind, then most of the hash. */
#define KIND_SHIFT	56

typedef int (*look_fn)(struct walk *walk, u64 object, u64 place);

static bool failed(int ret)
{
	return ret == -EIO || ret == -EUCLEAN;
}

/* The first place behind @bad where looking does not fail, or @end. */
static u64 find_sound(struct walk *walk, look_fn look, u64 object, u64 bad,
		      u64 end)
{
	u64 good = bad, step;

	for (step = 1; ; step *= 2) {
		if (step >= end - bad) {
			good = end;
			break;
		}
		good = bad + step;
		if (!failed(look(walk, object, good)))
			break;
		bad = good;
	}
	while (good - bad > 1) {
		u64 middle = bad + (good - bad) / 2;

		if (failed(look(walk, object, middle)))
			bad = middle;
		else
			good = middle;
	}
	return good;
}

/*
 * A hostile medium may lead in circles; what it holds is no more than what it
 * has room for.
 */
static int bounded(const struct walk *walk)
{
	u64 pages = walk->pool->super.pool_pages;

	if (walk->pages + walk->losses.pages > pages ||
	    (walk->records + walk->objects) / (KMEMP_PAGE_SIZE / 8) > pages)
		return kmemp_complain(walk->pool, KMEMP_REFUSE_STRUCTURE,
				      "objects hold more than the pool has room for");
	return 0;
}

static int look_record(struct walk *walk, u64 object, u64 place)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {
		.kind = place >> KIND_SHIFT,
		.hash = place << (64 - KIND_SHIFT),
	};

	return kmemp_pool_next_record(walk->pool, object, &record, buffer);
}

/* To the next record that can be read. */
static int skip_records(struct walk *walk, u64 object,
			struct kmemp_record *record)
{
	u64 place = (u64)record->kind << KIND_SHIFT |
		    record->hash >> (64 - KIND_SHIFT);

	place = find_sound(walk, look_record, object, place, U64_MAX);
	*record = (struct kmemp_record) {
		.kind = place >> KIND_SHIFT,
		.hash = place << (64 - KIND_SHIFT),
	};
	return losses_add(&walk->losses, LOSS_RECORDS, object, 0, 0) ?:
	       place == U64_MAX ? -ENOENT : 0;
}

static int walk_records(struct walk *walk, u64 object)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {};
	int ret;

	do {
		struct kmemp_record from = record;

		ret = kmemp_pool_next_record(walk->pool, object, &record,
					     buffer);
		if (failed(ret)) {
			record = from;
			ret = skip_records(walk, object, &record);
			if (!ret)
				ret = kmemp_pool_next_record(walk->pool, object,
							     &record, buffer);
		}
		if (ret)
			break;
		walk->records++;
		ret = bounded(walk);
		if (!ret && walk->record)
			ret = walk->record(walk->arg, object, &record);
	} while (!ret && kmemp_record_after(&record, buffer));
	return ret == -ENOENT ? 0 : ret;
}

static int hand_on(struct walk *walk, u64 object, struct kmemp_extent part,
		   u32 count, const u8 *data)
{
	if (!count)
		return 0;
	part.count = count;
	walk->pages += count;
	if (!(part.flags & KMEMP_EXTENT_UNWRITTEN))
		walk->written += count;
	return bounded(walk) ?:
	       walk->extent ? walk->extent(walk->arg, object, &part, data) : 0;
}

static void advance(struct kmemp_extent *part, u32 count)
{
	part->offset += count;
	part->page += count;
	part->count -= count;
}

/* A part of which some page cannot be read: what is between those. */
static int walk_pages(struct walk *walk, u64 object, struct kmemp_extent part,
		      u8 *buffer)
{
	u32 good = 0;
	int ret = 0;

	while (!ret && good < part.count) {
		u64 pos = (part.page + good) << KMEMP_PAGE_SHIFT;

		if (!kmemp_media_read(walk->pool->media, pos, buffer +
				      good * (size_t)KMEMP_PAGE_SIZE,
				      KMEMP_PAGE_SIZE)) {
			good++;
			continue;
		}
		ret = hand_on(walk, object, part, good, buffer);
		advance(&part, good);
		if (!ret)
			ret = losses_add(&walk->losses, LOSS_DATA, object,
					 part.offset, 1);
		advance(&part, 1);
		good = 0;
	}
	return ret ?: hand_on(walk, object, part, good, buffer);
}

static int walk_part(struct walk *walk, u64 object,
		     const struct kmemp_extent *part, u8 *buffer)
{
	if (!walk->data || part->flags & KMEMP_EXTENT_UNWRITTEN)
		return hand_on(walk, object, *part, part->count, NULL);
	if (kmemp_media_read(walk->pool->media, part->page << KMEMP_PAGE_SHIFT,
			     buffer, (size_t)part->count << KMEMP_PAGE_SHIFT))
		return walk_pages(walk, object, *part, buffer);
	return hand_on(walk, object, *part, part->count, buffer);
}

static int look_extent(struct walk *walk, u64 object, u64 place)
{
	struct kmemp_extent extent;

	return kmemp_pool_next_extent(walk->pool, object, place, 1, &extent);
}

static int walk_extents(struct walk *walk, u64 object, u8 *buffer)
{
	struct kmemp_extent extent;
	u64 offset = 0, sound;
	int ret = 0;

	while (!ret && offset < KMEMP_MAX_OBJECT_PAGES) {
		ret = kmemp_pool_next_extent(walk->pool, object, offset,
					     WALK_PAGES, &extent);
		if (failed(ret)) {
			sound = find_sound(walk, look_extent, object, offset,
					   KMEMP_MAX_OBJECT_PAGES);
			ret = losses_add(&walk->losses, LOSS_MAP, object,
					 offset, sound - offset);
			offset = sound;
			continue;
		}
		if (ret)
			break;
		extent.count = min_t(u64, extent.count, WALK_PAGES -
				     extent.offset % WALK_PAGES);
		ret = walk_part(walk, object, &extent, buffer);
		offset = extent.offset + extent.count;
	}
	return ret == -ENOENT ? 0 : ret;
}

/**
 * walk_object - walk through one object
 * @walk: what to do
 * @id: of the object
 *
 * Return: 0; what a callback returned; -EUCLEAN: the pool seems to hold more
 * than it can; -ENOMEM.
 */
int walk_object(struct walk *walk, u64 id)
{
	u64 items = walk->records + walk->pages;
	u8 *buffer = NULL;
	int ret;

	if (walk->data) {
		buffer = malloc(WALK_PAGES * (size_t)KMEMP_PAGE_SIZE);
		if (!buffer)
			return -ENOMEM;
	}
	ret = walk_records(walk, id);
	if (!ret)
		ret = walk_extents(walk, id, buffer);
	walk->objects += walk->records + walk->pages > items;
	free(buffer);
	return ret;
}

static int look_object(struct walk *walk, u64 object, u64 place)
{
	return kmemp_pool_next_object(walk->pool, &place);
}

/**
 * walk_pool - walk through all objects but the list of bad pages
 * @walk: what to do
 *
 * Bad pages are an affair of the medium, not of what it holds.
 *
 * Return: see walk_object().
 */
int walk_pool(struct walk *walk)
{
	u64 id = 0;
	int ret = 0;

	if (!kmemp_pool_keeps_objects(walk->pool))
		return 0;
	for (; !ret && id <= KMEMP_OBJ_MAX; id++) {
		u64 from = id;

		ret = kmemp_pool_next_object(walk->pool, &id);
		if (failed(ret)) {
			ret = losses_add(&walk->losses, LOSS_OBJECTS, from, 0,
					 0);
			/* One before: the loop adds it again. */
			id = find_sound(walk, look_object, 0, from,
					KMEMP_OBJ_MAX + 1) - 1;
			continue;
		}
		if (!ret && id != KMEMP_OBJ_BAD)
			ret = walk_object(walk, id);
	}
	return ret == -ENOENT ? 0 : ret;
}
