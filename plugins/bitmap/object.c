// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: one line each, in the leaves of a tree indexed by id.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "bitmap.h"

static u64 object_pos(const struct kmemp_bm_path *path, u64 id)
{
	return kmemp_bm_pos(path->page[0], id % KMEMP_BITMAP_LINES *
					 KMEMP_LINE_SIZE);
}

static int object_tree(const struct bitmap *bitmap, bool staged,
		       struct kmemp_bm_tree *tree)
{
	struct kmemp_bitmap_anchor anchor;
	int ret;

	/*
	 * While a batch is built, the anchor is ahead of its line; and lookups
	 * beside that must not look at it.
	 */
	if (staged) {
		anchor = bitmap->anchor;
	} else {
		ret = kmemp_bm_anchor_read(bitmap, false, &anchor);
		if (ret)
			return ret;
	}
	return kmemp_bm_tree_decode(bitmap, le64_to_cpu(anchor.objects),
				    BITMAP_OBJECT_LEAF_BITS, tree);
}

static struct kmemp_bm_known *known_of(struct bitmap *bitmap, u64 id)
{
	return &bitmap->known[id % BITMAP_KNOWN];
}

/* A line that @disk was read from; its seal has been seen. */
int kmemp_bm_object_decode(const struct bitmap *bitmap, u64 pos,
			   const struct kmemp_bitmap_object *disk,
			   struct kmemp_bm_object *object)
{
	object->id = le64_to_cpu(disk->id);
	object->pos = pos;
	object->map = le64_to_cpu(disk->map);
	object->records = le64_to_cpu(disk->records);
	object->nr_pages = le64_to_cpu(disk->nr_pages);
	object->nr_records = le64_to_cpu(disk->nr_records);
	if (!object->map != !object->nr_pages ||
	    !object->records != !object->nr_records ||
	    (!object->map && !object->records) ||
	    object->nr_pages > kmemp_pool_pages(bitmap->pool) ||
	    memchr_inv(disk->reserved, 0, sizeof(disk->reserved)))
		return kmemp_bm_damaged(bitmap, "object", pos, object->id);
	return 0;
}

/* An object's line, where one is. */
static int load_line(const struct bitmap *bitmap, bool staged, u64 pos, u64 id,
		     struct kmemp_bm_object *object)
{
	struct kmemp_bitmap_object disk;
	int ret;

	ret = kmemp_bm_read_line(bitmap, staged, pos, &disk, "object");
	if (!ret && le64_to_cpu(disk.id) != id)
		ret = kmemp_bm_damaged(bitmap, "object", pos,
				       le64_to_cpu(disk.id));
	return ret ?: kmemp_bm_object_decode(bitmap, pos, &disk, object);
}

/* The first object from @id on in a leaf: -ENOENT for none. */
static int scan(const struct bitmap *bitmap, bool staged,
		const struct kmemp_bm_path *path, u64 id,
		struct kmemp_bm_object *object)
{
	struct kmemp_bitmap_object disk;
	u64 end = path->first + KMEMP_BITMAP_LINES;
	int ret;

	for (; id < end; id++) {
		u64 pos = object_pos(path, id);

		ret = kmemp_bm_read(bitmap, staged, pos, &disk, sizeof(disk));
		if (ret)
			return ret;
		if (memchr_inv(&disk, 0, sizeof(disk)))
			return load_line(bitmap, staged, pos, id, object);
	}
	return -ENOENT;
}

static int find(const struct bitmap *bitmap, bool staged, u64 id,
		struct kmemp_bm_object *object)
{
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;
	int ret;

	ret = object_tree(bitmap, staged, &tree);
	while (!ret) {
		u64 first;

		ret = kmemp_bm_tree_next(bitmap, staged, &tree, id, &path);
		if (ret)
			return ret;
		first = id > path.first ? id : path.first;
		ret = scan(bitmap, staged, &path, first, object);
		if (ret != -ENOENT)
			return ret;
		if (first == path.first)
			return kmemp_bm_damaged(bitmap, "empty page",
						kmemp_bm_pos(path.page[0], 0), 0);
		id = path.first + KMEMP_BITMAP_LINES;
		ret = 0;
	}
	return ret;
}

/* Look an object up; one that does not exist is empty. */
int kmemp_bm_object_load(const struct bitmap *bitmap, bool staged, u64 id,
			 struct kmemp_bm_object *object)
{
	int ret = find(bitmap, staged, id, object);

	if (ret && ret != -ENOENT)
		return ret;
	if (ret || object->id != id) {
		memset(object, 0, sizeof(*object));
		object->id = id;
	}
	return 0;
}

/*
 * The same for a batch, as staged. It is the next ones too, most often, that
 * change an object; a line stays where it is until the object ends, so that
 * then it need not be looked for.
 */
int kmemp_bm_object_get(struct bitmap *bitmap, u64 id,
			struct kmemp_bm_object *object)
{
	struct kmemp_bm_known *known = known_of(bitmap, id);
	int ret;

	if (known->id == id)
		return load_line(bitmap, true, known->pos, id, object);
	ret = kmemp_bm_object_load(bitmap, true, id, object);
	if (!ret && object->pos) {
		known->id = id;
		known->pos = object->pos;
	}
	return ret;
}

int kmemp_bm_object_next(const struct bitmap *bitmap, bool staged, u64 *id)
{
	struct kmemp_bm_object object;
	int ret = find(bitmap, staged, *id, &object);

	if (!ret)
		*id = object.id;
	return ret;
}

/* Stage the line of an object that goes on existing. */
static int write_line(struct bitmap *bitmap, u64 pos,
		      const struct kmemp_bm_object *object)
{
	struct kmemp_bitmap_object disk = {
		.id = cpu_to_le64(object->id),
		.map = cpu_to_le64(object->map),
		.records = cpu_to_le64(object->records),
		.nr_pages = cpu_to_le64(object->nr_pages),
		.nr_records = cpu_to_le64(object->nr_records),
	};

	return kmemp_bm_write_line(bitmap, pos, &disk);
}

/* Stage an object as it shall be, in the place of @old; an empty one ends. */
int kmemp_bm_object_store(struct bitmap *bitmap,
			  const struct kmemp_bm_object *old,
			  const struct kmemp_bm_object *object)
{
	static const struct kmemp_bitmap_object none;
	u64 nr = le64_to_cpu(bitmap->anchor.nr_objects);
	bool exists = object->map || object->records, empty;
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;
	int ret;

	if (!exists && !old->pos)
		return 0;
	if (object->map != old->map)
		kmemp_bm_cache_forget(bitmap, object->id);
	/* Since it was looked up, nothing has changed where it is. */
	if (exists && old->pos)
		return write_line(bitmap, old->pos, object);
	ret = kmemp_bm_tree_decode(bitmap, le64_to_cpu(bitmap->anchor.objects),
				   BITMAP_OBJECT_LEAF_BITS, &tree);
	if (!ret)
		ret = kmemp_bm_tree_make(bitmap, &tree, object->id, 0, &path);
	if (ret)
		return ret;
	if (exists) {
		nr++;
		ret = write_line(bitmap, object_pos(&path, object->id),
				 object);
	} else {
		known_of(bitmap, object->id)->id = 0;
		nr--;
		ret = kmemp_bm_write(bitmap, object_pos(&path, object->id),
				     &none, sizeof(none));
		if (!ret)
			ret = kmemp_bm_page_empty(bitmap, path.page[0], &empty);
		if (!ret && empty)
			ret = kmemp_bm_tree_prune(bitmap, &tree, &path, 0);
	}
	bitmap->anchor.nr_objects = cpu_to_le64(nr);
	bitmap->anchor.objects = cpu_to_le64(kmemp_bm_tree_encode(&tree));
	return ret;
}
