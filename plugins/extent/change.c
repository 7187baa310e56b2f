// SPDX-License-Identifier: GPL-2.0
/*
 * The changes of a batch, each made true in the tree that is being built.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define RECORD_BYTES	((u32)sizeof(struct kmemp_extent_record))
#define VALUE_BYTES	((u32)sizeof(struct kmemp_extent_value))

static u64 end_of(const struct kmemp_extent *extent)
{
	return extent->offset + extent->count;
}

static void extent_item(u64 object, const struct kmemp_extent *extent,
			struct kmemp_disk_extent *disk,
			struct kmemp_ext_item *item)
{
	kmemp_ext_extent_encode(extent, disk);
	item->key.object = object;
	item->key.kind = 0;
	item->key.where = extent->offset;
	item->data = (const u8 *)disk;
	item->size = sizeof(*disk);
}

/* Make [offset, end) of an object hold nothing. */
static int clear(struct extent *extent, u64 object, u64 offset, u64 end)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_path *path = &build->path;
	struct kmemp_disk_extent disk[2];
	struct kmemp_ext_item items[2];
	struct kmemp_extent found;
	int ret;

	for (;;) {
		u64 last;
		u32 nr = 0;

		ret = kmemp_ext_find_extent(extent, &build->root, object,
					    offset, path, &found);
		if (ret == -ENOENT || (!ret && found.offset >= end))
			return 0;
		if (ret)
			return ret;
		last = end_of(&found);
		if (found.offset < offset) {
			struct kmemp_extent before = found;

			before.count = offset - found.offset;
			extent_item(object, &before, &disk[nr], &items[nr]);
			nr++;
		}
		if (last > end) {
			struct kmemp_extent behind = found;

			behind.offset = end;
			behind.page += end - found.offset;
			behind.count = last - end;
			extent_item(object, &behind, &disk[nr], &items[nr]);
			nr++;
		}
		ret = kmemp_ext_edit(extent, path, path->at, 1, items, nr);
		if (ret || last >= end)
			return ret;
		offset = last;
	}
}

/* Does @b go on where @a ends? */
static bool continues(const struct kmemp_extent *a,
		      const struct kmemp_extent *b)
{
	return end_of(a) == b->offset && a->page + a->count == b->page &&
	       a->flags == b->flags && a->tag == b->tag &&
	       b->count <= U32_MAX - a->count;
}

/* The extent behind a new one, if they are one: it is taken out of the tree. */
static int take_behind(struct extent *extent, u64 object,
		       struct kmemp_extent *new)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_extent found;
	int ret;

	if (end_of(new) == KMEMP_MAX_OBJECT_PAGES)
		return 0;
	ret = kmemp_ext_find_extent(extent, &build->root, object, end_of(new),
				    &build->path, &found);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (!continues(new, &found))
		return 0;
	new->count += found.count;
	return kmemp_ext_edit(extent, &build->path, build->path.at, 1, NULL,
			      0);
}

/*
 * Put an extent at the place that a path leads to: its range holds nothing, and
 * it does not go on behind it. The one before it may be one with it.
 */
static int put_extent(struct extent *extent, u64 object,
		      struct kmemp_extent *new)
{
	struct kmemp_ext_path *path = &extent->build.path;
	struct kmemp_disk_extent disk;
	struct kmemp_extent before;
	struct kmemp_ext_item item;
	u32 at = path->at, nr_old = 0;

	if (at) {
		kmemp_ext_item_at(path->leaf, at - 1, &item);
		if (item.key.object == object && !item.key.kind) {
			kmemp_ext_extent_decode(&item, &before);
			if (continues(&before, new)) {
				before.count += new->count;
				*new = before;
				nr_old = 1;
				at--;
			}
		}
	}
	extent_item(object, new, &disk, &item);
	return kmemp_ext_edit(extent, path, at, nr_old, &item, 1);
}

/* Find its place. */
static int seek_extent(struct extent *extent, u64 object, u64 offset)
{
	struct kmemp_ext_pos pos = {
		.key = { .object = object, .where = offset },
	};

	return kmemp_ext_seek(extent, &extent->build.root, &pos,
			      &extent->build.path);
}

/* Is there an extent at this index of the leaf? */
static bool extent_at(const struct kmemp_ext_path *path, u64 object, u32 at,
		      struct kmemp_extent *found)
{
	struct kmemp_ext_item item;

	if (!kmemp_ext_item_at(path->leaf, at, &item) ||
	    item.key.object != object || item.key.kind)
		return false;
	kmemp_ext_extent_decode(&item, found);
	return true;
}

/*
 * Does an extent take the place of one that is as long, as when a page is
 * overwritten? Not if it could merge with a neighbour, or if one might be in
 * another leaf.
 */
static bool overwrites(const struct kmemp_ext_path *path, u64 object,
		       const struct kmemp_extent *new,
		       const struct kmemp_extent *found)
{
	struct kmemp_extent other;
	struct kmemp_ext_item item;

	return found->offset == new->offset && found->count == new->count &&
	       path->at &&
	       kmemp_ext_item_at(path->leaf, path->at + 1, &item) &&
	       !(extent_at(path, object, path->at - 1, &other) &&
		 continues(&other, new)) &&
	       !(extent_at(path, object, path->at + 1, &other) &&
		 continues(new, &other));
}

/* Map an extent. Neighbours are merged. */
static int map(struct extent *extent, u64 object,
	       const struct kmemp_extent *what)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_path *path = &build->path;
	struct kmemp_extent new = *what, found;
	struct kmemp_disk_extent disk;
	struct kmemp_ext_item item;
	bool at_hand = false;
	int ret;

	ret = kmemp_ext_find_extent(extent, &build->root, object, new.offset,
				    path, &found);
	if (ret == -ENOENT || (!ret && found.offset > end_of(&new))) {
		/* Nothing is there, nor right behind: here is its place. */
		at_hand = !path->moved;
		ret = 0;
	} else if (!ret && overwrites(path, object, &new, &found)) {
		extent_item(object, &new, &disk, &item);
		return kmemp_ext_edit(extent, path, path->at, 1, &item, 1);
	} else if (!ret) {
		ret = clear(extent, object, new.offset, end_of(&new));
		ret = ret ?: take_behind(extent, object, &new);
	}
	if (!ret && !at_hand)
		ret = seek_extent(extent, object, new.offset);
	return ret ?: put_extent(extent, object, &new);
}

/*
 * A record as it will stand in a leaf. A value that gets a block of its own is
 * named by the change that has it, and has no birth, until it is written.
 */
static void record_item(struct extent *extent, u64 object,
			const struct kmemp_record *record, u32 change,
			struct kmemp_ext_item *item)
{
	u8 *data = extent->build.item;
	struct kmemp_extent_record *disk = (void *)data;
	u8 *to = data + RECORD_BYTES;
	bool outside;

	item->key.object = object;
	item->key.kind = 1 + record->kind;
	item->key.where = record->hash;
	item->data = data;
	item->size = kmemp_ext_record_size(record->name_len, record->value_len,
					   &outside);
	memset(data, 0, item->size);
	disk->hash = cpu_to_le64(record->hash);
	disk->kind = record->kind;
	disk->name_len = record->name_len;
	disk->value_len = cpu_to_le16(record->value_len);
	if (outside) {
		struct kmemp_extent_value *value = (void *)to;

		value->block = cpu_to_le64(change);
		to += VALUE_BYTES;
	}
	if (record->name_len)
		memcpy(to, record->name, record->name_len);
	if (!outside && record->value_len)
		memcpy(to + record->name_len, record->value,
		       record->value_len);
}

/* Find a record, or its place. */
static int find_record(struct extent *extent, u64 object,
		       const struct kmemp_record *record, bool *there)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_path *path = &build->path;
	const struct kmemp_ext_pos pos = kmemp_ext_record_pos(object, record);
	struct kmemp_ext_item item;
	int ret;

	*there = false;
	ret = kmemp_ext_seek(extent, &build->root, &pos, path);
	if (ret || !path->found)
		return ret;
	kmemp_ext_item_at(path->leaf, path->at, &item);
	*there = !kmemp_ext_item_order(&item, &pos);
	return 0;
}

static int put_record(struct extent *extent, const struct kmemp_batch *batch,
		      u32 nr)
{
	const struct kmemp_change *change = &batch->changes[nr];
	struct kmemp_ext_path *path = &extent->build.path;
	struct kmemp_ext_item item;
	bool there;
	int ret;

	ret = find_record(extent, change->object, &change->record, &there);
	if (ret)
		return ret;
	record_item(extent, change->object, &change->record, nr, &item);
	return kmemp_ext_edit(extent, path, path->at, there, &item, 1);
}

static int del_record(struct extent *extent, const struct kmemp_change *change)
{
	struct kmemp_ext_path *path = &extent->build.path;
	bool there;
	int ret;

	ret = find_record(extent, change->object, &change->record, &there);
	if (ret || !there)
		return ret;
	return kmemp_ext_edit(extent, path, path->at, 1, NULL, 0);
}

/* All that an object has goes. */
static int remove_object(struct extent *extent, u64 object)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_pos pos = { .key = { .object = object } };
	struct kmemp_ext_item item;
	int ret;

	for (;;) {
		ret = kmemp_ext_seek(extent, &build->root, &pos, &build->path);
		if (!ret)
			ret = kmemp_ext_current(extent, &build->path, &item);
		if (ret == -ENOENT || (!ret && item.key.object != object))
			return 0;
		if (!ret)
			ret = kmemp_ext_edit(extent, &build->path,
					     build->path.at, 1, NULL, 0);
		if (ret)
			return ret;
	}
}

/* One change of a batch, by number. */
int kmemp_ext_change(struct extent *extent, const struct kmemp_batch *batch,
		     u32 nr)
{
	const struct kmemp_change *change = &batch->changes[nr];
	u64 object = change->object;

	switch (change->op) {
	case KMEMP_PUT_RECORD:
		return put_record(extent, batch, nr);
	case KMEMP_DEL_RECORD:
		return del_record(extent, change);
	case KMEMP_MAP:
		return map(extent, object, &change->extent);
	case KMEMP_UNMAP:
		return clear(extent, object, change->extent.offset,
			     end_of(&change->extent));
	case KMEMP_REMOVE:
		return remove_object(extent, object);
	}
	return 0;
}
