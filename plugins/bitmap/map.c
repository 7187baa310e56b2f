// SPDX-License-Identifier: GPL-2.0
/*
 * Maps: which page stands at which offset of an object.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "bitmap.h"

#define LEAF	KMEMP_BITMAP_SLOTS

static u64 leaf_pos(const struct kmemp_bm_path *path, u64 offset)
{
	return kmemp_bm_pos(path->page[0], offset % LEAF * 8);
}

static u64 large_pos(const struct kmemp_bm_path *path)
{
	return kmemp_bm_pos(path->page[1], path->index[1] * 8);
}

/* Slots that stand in one line of a leaf, as they were when it was read. */
struct leaf_line {
	u64 first;
	__le64 slot[KMEMP_LINE_WORDS];
};

#define NO_LINE	{ .first = U64_MAX }

/* A slot of a leaf: nothing but what an extent has. */
static int load_leaf(const struct bitmap *bitmap, bool staged,
		     const struct kmemp_bm_path *path, u64 offset,
		     struct leaf_line *line, u64 *slot)
{
	u64 first = offset - offset % KMEMP_LINE_WORDS;
	int ret;

	if (line->first != first) {
		ret = kmemp_bm_read(bitmap, staged, leaf_pos(path, first),
				    line->slot, sizeof(line->slot));
		if (ret)
			return ret;
		line->first = first;
	}
	*slot = le64_to_cpu(line->slot[offset - first]);
	if (!*slot)
		return 0;
	ret = kmemp_bm_slot_check(bitmap, leaf_pos(path, offset), *slot);
	if (!ret && kmemp_slot_flags(*slot) & ~KMEMP_EXTENT_FLAGS)
		ret = kmemp_bm_damaged(bitmap, "slot", leaf_pos(path, offset),
				       *slot);
	return ret;
}

/* Used slots of a leaf in [offset, end). */
static int count_leaf(struct bitmap *bitmap, const struct kmemp_bm_path *path,
		      u64 offset, u64 end, u64 *nr)
{
	struct leaf_line line = NO_LINE;
	u64 slot;
	int ret;

	for (; offset < end; offset++) {
		ret = load_leaf(bitmap, true, path, offset, &line, &slot);
		if (ret)
			return ret;
		*nr += !!slot;
	}
	return 0;
}

/* Set the slots of a leaf in [offset, end) to consecutive pages, or to 0. */
static int store_leaf(struct bitmap *bitmap, const struct kmemp_bm_path *path,
		      u64 offset, u64 end, u64 page, u8 flags, u8 tag)
{
	int ret;

	for (; offset < end; offset++) {
		ret = kmemp_bm_store(bitmap, leaf_pos(path, offset), page ?
				     kmemp_slot_make(page, flags, tag) : 0);
		if (ret)
			return ret;
		page += !!page;
	}
	return 0;
}

/* Map 512 pages by one slot. What was there is gone, a leaf included. */
static int set_large(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
		     u64 offset, u64 page, u8 flags, u8 tag, u64 *replaced)
{
	struct kmemp_bm_path path;
	u64 slot;
	int ret;

	ret = kmemp_bm_tree_make(bitmap, tree, offset, 1, &path);
	if (!ret)
		ret = kmemp_bm_load_slot(bitmap, true, large_pos(&path), &slot);
	if (ret)
		return ret;
	if (kmemp_slot_flags(slot) & KMEMP_BITMAP_LARGE) {
		*replaced += LEAF;
	} else if (slot) {
		path.page[0] = kmemp_slot_page(slot);
		ret = count_leaf(bitmap, &path, offset, offset + LEAF,
				 replaced);
		if (!ret)
			ret = kmemp_bm_page_put(bitmap, path.page[0]);
		if (ret)
			return ret;
	}
	return kmemp_bm_store(bitmap, large_pos(&path),
			      kmemp_slot_make(page, flags | KMEMP_BITMAP_LARGE,
					      tag));
}

static int set_small(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
		     u64 offset, u64 end, u64 page, u8 flags, u8 tag,
		     u64 *replaced)
{
	struct kmemp_bm_path path;
	int ret;

	ret = kmemp_bm_tree_make(bitmap, tree, offset, 0, &path);
	if (!ret)
		ret = count_leaf(bitmap, &path, offset, end, replaced);
	if (!ret)
		ret = store_leaf(bitmap, &path, offset, end, page, flags, tag);
	return ret;
}

/* Map an extent, replacing what its range held. */
int kmemp_bm_map_set(struct bitmap *bitmap, struct kmemp_bm_object *object,
		     const struct kmemp_extent *extent)
{
	u64 offset = extent->offset, end = offset + extent->count;
	u64 page = extent->page, replaced = 0;
	struct kmemp_bm_tree tree;
	int ret;

	ret = kmemp_bm_tree_decode(bitmap, object->map, BITMAP_MAP_LEAF_BITS,
				   &tree);
	while (!ret && offset < end) {
		u64 next = min(end, (offset / LEAF + 1) * LEAF);

		if (next - offset == LEAF)
			ret = set_large(bitmap, &tree, offset, page,
					extent->flags, extent->tag, &replaced);
		else
			ret = set_small(bitmap, &tree, offset, next, page,
					extent->flags, extent->tag, &replaced);
		page += next - offset;
		offset = next;
	}
	object->map = kmemp_bm_tree_encode(&tree);
	object->nr_pages += extent->count - replaced;
	return ret;
}

static int clear_leaf(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
		      const struct kmemp_bm_path *path, u64 offset, u64 end,
		      u64 *cleared)
{
	bool empty = end - offset == LEAF;
	int ret;

	ret = count_leaf(bitmap, path, offset, end, cleared);
	if (ret)
		return ret;
	if (!empty) {
		ret = store_leaf(bitmap, path, offset, end, 0, 0, 0);
		if (!ret)
			ret = kmemp_bm_page_empty(bitmap, path->page[0], &empty);
	}
	if (!ret && empty)
		ret = kmemp_bm_tree_prune(bitmap, tree, path, 0);
	return ret;
}

static int clear_large(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
		       const struct kmemp_bm_path *path)
{
	bool empty;
	int ret;

	ret = kmemp_bm_store(bitmap, large_pos(path), 0);
	if (!ret)
		ret = kmemp_bm_page_empty(bitmap, path->page[1], &empty);
	if (!ret && empty)
		ret = kmemp_bm_tree_prune(bitmap, tree, path, 1);
	return ret;
}

/* Make [offset, end) of an object hold nothing. */
int kmemp_bm_map_clear(struct bitmap *bitmap, struct kmemp_bm_object *object,
		       u64 offset, u64 end)
{
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;
	u64 cleared = 0;
	int ret;

	ret = kmemp_bm_tree_decode(bitmap, object->map, BITMAP_MAP_LEAF_BITS,
				   &tree);
	while (!ret && offset < end) {
		u64 from, to;

		ret = kmemp_bm_tree_next(bitmap, true, &tree, offset, &path);
		if (ret || path.first >= end)
			break;
		from = max(offset, path.first);
		to = min(end, path.first + LEAF);
		if (path.large && to - from == LEAF) {
			cleared += LEAF;
			ret = clear_large(bitmap, &tree, &path);
		} else {
			if (path.large)
				ret = kmemp_bm_tree_make(bitmap, &tree, from, 0,
							 &path);
			if (!ret)
				ret = clear_leaf(bitmap, &tree, &path, from,
						 to, &cleared);
		}
		offset = to;
	}
	object->map = kmemp_bm_tree_encode(&tree);
	object->nr_pages -= cleared;
	return ret == -ENOENT ? 0 : ret;
}

/* Slots of a leaf that go on where @extent ends, up to @max_pages of all. */
static int merge_leaf(const struct bitmap *bitmap,
		      const struct kmemp_bm_path *path, u64 max_pages,
		      struct leaf_line *line, struct kmemp_extent *extent)
{
	u64 end = path->first + LEAF;
	u64 offset, slot;
	int ret;

	for (offset = extent->offset + 1;
	     offset < end && extent->count < max_pages; offset++) {
		ret = load_leaf(bitmap, false, path, offset, line, &slot);
		if (ret)
			return ret;
		if (!slot || kmemp_slot_page(slot) !=
			     extent->page + extent->count ||
		    kmemp_slot_flags(slot) != extent->flags ||
		    kmemp_slot_tag(slot) != extent->tag)
			break;
		extent->count++;
	}
	return 0;
}

static int find_in_leaf(const struct bitmap *bitmap,
			const struct kmemp_bm_path *path, u64 offset,
			u64 max_pages, struct kmemp_extent *extent)
{
	struct leaf_line line = NO_LINE;
	u32 index = offset - path->first;
	u64 slot;
	int ret;

	ret = load_leaf(bitmap, false, path, offset, &line, &slot);
	if (!ret && !slot) {
		ret = kmemp_bm_skip_zeros(bitmap, false, path->page[0], &index);
		offset = path->first + index;
		if (!ret)
			ret = load_leaf(bitmap, false, path, offset, &line,
					&slot);
	}
	if (ret)
		return ret;
	extent->offset = offset;
	extent->page = kmemp_slot_page(slot);
	extent->count = 1;
	extent->flags = kmemp_slot_flags(slot);
	extent->tag = kmemp_slot_tag(slot);
	return merge_leaf(bitmap, path, max_pages, &line, extent);
}

/*
 * The first extent that ends after @offset, merged within its leaf up to
 * @max_pages.
 */
int kmemp_bm_map_next(const struct bitmap *bitmap, u64 map, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent)
{
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;
	int ret;

	ret = kmemp_bm_tree_decode(bitmap, map, BITMAP_MAP_LEAF_BITS, &tree);
	while (!ret) {
		u64 from;

		ret = kmemp_bm_tree_next(bitmap, false, &tree, offset, &path);
		if (ret)
			break;
		if (path.large) {
			extent->offset = path.first;
			extent->page = kmemp_slot_page(path.large);
			extent->count = LEAF;
			extent->flags = kmemp_slot_flags(path.large) &
					~KMEMP_BITMAP_LARGE;
			extent->tag = kmemp_slot_tag(path.large);
			break;
		}
		from = max(offset, path.first);
		ret = find_in_leaf(bitmap, &path, from, max_pages, extent);
		if (ret != -ENOENT)
			break;
		if (from == path.first)
			return kmemp_bm_damaged(bitmap, "empty page",
						kmemp_bm_pos(path.page[0], 0), 0);
		offset = path.first + LEAF;
		ret = 0;
	}
	return ret;
}
