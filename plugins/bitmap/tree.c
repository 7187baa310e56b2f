// SPDX-License-Identifier: GPL-2.0
/*
 * Trees: pages of slots over leaves of slots (maps) or lines (objects).
 *
 * A walk goes down at most as many pages as the tree is high, whatever stands
 * there, and an empty page is damage: so a search for the next leaf looks at
 * most at two pages per level.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "bitmap.h"

#define SLOT_BITS	9u

static u32 shift_of(const struct kmemp_bm_tree *tree, u32 level)
{
	return tree->leaf_bits + SLOT_BITS * (level - 1);
}

/* Keys that a tree of this height has room for; the shift is below 64. */
static u64 capacity(const struct kmemp_bm_tree *tree)
{
	return 1ULL << (tree->leaf_bits + SLOT_BITS * (tree->height - 1));
}

static u32 max_height(u32 leaf_bits)
{
	return leaf_bits == BITMAP_MAP_LEAF_BITS ? KMEMP_BITMAP_MAP_HEIGHT :
						   KMEMP_BITMAP_OBJECT_HEIGHT;
}

/* What a slot says of a tree; the slot's check has been seen. */
int kmemp_bm_tree_decode(const struct bitmap *bitmap, u64 slot, u32 leaf_bits,
			 struct kmemp_bm_tree *tree)
{
	tree->root = kmemp_slot_page(slot);
	tree->height = kmemp_slot_tag(slot);
	tree->leaf_bits = leaf_bits;
	if (!slot)
		return 0;
	if (kmemp_slot_valid(slot) && kmemp_bm_page_valid(bitmap, tree->root) &&
	    kmemp_slot_flags(slot) == KMEMP_BITMAP_CHILD && tree->height &&
	    tree->height <= max_height(leaf_bits))
		return 0;
	return kmemp_bm_damaged(bitmap, "tree", 0, slot);
}

u64 kmemp_bm_tree_encode(const struct kmemp_bm_tree *tree)
{
	return tree->height ? kmemp_slot_make(tree->root, KMEMP_BITMAP_CHILD,
					      tree->height) : 0;
}

static u64 slot_pos(u64 page, u32 index)
{
	return kmemp_bm_pos(page, index * 8);
}

/* A slot above the leaves: a child, or a large mapping just above them. */
int kmemp_bm_tree_slot_check(const struct bitmap *bitmap,
			     const struct kmemp_bm_tree *tree, u32 level, u64 pos,
			     u64 slot)
{
	u8 flags = kmemp_slot_flags(slot);

	if (flags == KMEMP_BITMAP_CHILD && !kmemp_slot_tag(slot))
		return 0;
	if (flags & KMEMP_BITMAP_LARGE && level == 1 &&
	    tree->leaf_bits == BITMAP_MAP_LEAF_BITS &&
	    !(flags & ~(KMEMP_BITMAP_LARGE | KMEMP_EXTENT_FLAGS)))
		return 0;
	return kmemp_bm_damaged(bitmap, "inner slot", pos, slot);
}

/*
 * The first leaf, or large mapping, whose range ends after @key. -ENOENT for
 * none.
 */
int kmemp_bm_tree_next(const struct bitmap *bitmap, bool staged,
		       const struct kmemp_bm_tree *tree, u64 key,
		       struct kmemp_bm_path *path)
{
	u32 level, shift, index;
	u64 page, slot;
	int ret;

	if (!tree->height)
		return -ENOENT;
again:
	if (key >= capacity(tree))
		return -ENOENT;
	path->large = 0;
	page = tree->root;
	for (level = tree->height - 1; level; level--) {
		shift = shift_of(tree, level);
		index = key >> shift & (KMEMP_BITMAP_SLOTS - 1);
		path->page[level] = page;
		ret = kmemp_bm_next_slot(bitmap, staged, page, &index, &slot);
		if (ret == -ENOENT) {
			if (!(key >> shift & (KMEMP_BITMAP_SLOTS - 1)))
				return kmemp_bm_damaged(bitmap, "empty page",
							kmemp_bm_pos(page, 0), 0);
			/* On with what comes after this page's range. */
			shift += SLOT_BITS;
			key = ((key >> shift) + 1) << shift;
			goto again;
		}
		if (ret)
			return ret;
		ret = kmemp_bm_tree_slot_check(bitmap, tree, level,
					       slot_pos(page, index), slot);
		if (ret)
			return ret;
		if (index != (key >> shift & (KMEMP_BITMAP_SLOTS - 1)))
			key = key >> (shift + SLOT_BITS) <<
			      (shift + SLOT_BITS) | (u64)index << shift;
		path->index[level] = index;
		if (kmemp_slot_flags(slot) & KMEMP_BITMAP_LARGE) {
			path->large = slot;
			break;
		}
		page = kmemp_slot_page(slot);
	}
	path->page[0] = page;
	path->first = key >> tree->leaf_bits << tree->leaf_bits;
	return 0;
}

/* Make the tree high enough for @key. */
static int grow(struct bitmap *bitmap, struct kmemp_bm_tree *tree, u64 key)
{
	bool empty = !tree->height;
	u64 page;
	int ret;

	if (!empty && key < capacity(tree))
		return 0;
	if (empty)
		tree->height = 1;
	while (key >= capacity(tree)) {
		if (tree->height == max_height(tree->leaf_bits))
			return -EUCLEAN;
		if (!empty) {
			ret = kmemp_bm_page_get(bitmap, &page);
			if (!ret)
				ret = kmemp_bm_store(bitmap, slot_pos(page, 0),
						     kmemp_slot_make(tree->root,
								     KMEMP_BITMAP_CHILD,
								     0));
			if (ret)
				return ret;
			tree->root = page;
		}
		tree->height++;
	}
	return empty ? kmemp_bm_page_get(bitmap, &tree->root) : 0;
}

/* A leaf that says of each page what the large slot said of all. */
static int split(struct bitmap *bitmap, u64 large, u64 leaf)
{
	u8 flags = kmemp_slot_flags(large) & ~KMEMP_BITMAP_LARGE;
	u64 page = kmemp_slot_page(large);
	u32 i;
	int ret;

	for (i = 0; i < KMEMP_BITMAP_SLOTS; i++) {
		ret = kmemp_bm_store(bitmap, slot_pos(leaf, i),
				     kmemp_slot_make(page + i, flags,
						     kmemp_slot_tag(large)));
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The way down to @level for @key, made where it is missing; to level 0, a
 * large mapping is split.
 */
int kmemp_bm_tree_make(struct bitmap *bitmap, struct kmemp_bm_tree *tree, u64 key,
		       u32 level, struct kmemp_bm_path *path)
{
	u64 page, slot, pos;
	u32 at, index;
	int ret;

	ret = grow(bitmap, tree, level ? key | (1ULL << SLOT_BITS) : key);
	if (ret)
		return ret;
	page = tree->root;
	for (at = tree->height - 1; at; at--) {
		index = key >> shift_of(tree, at) & (KMEMP_BITMAP_SLOTS - 1);
		path->page[at] = page;
		path->index[at] = index;
		if (at == level)
			break;
		pos = slot_pos(page, index);
		ret = kmemp_bm_load_slot(bitmap, true, pos, &slot);
		if (!ret && slot)
			ret = kmemp_bm_tree_slot_check(bitmap, tree, at, pos,
						       slot);
		if (ret)
			return ret;
		if (!slot || kmemp_slot_flags(slot) & KMEMP_BITMAP_LARGE) {
			ret = kmemp_bm_page_get(bitmap, &page);
			if (!ret && slot)
				ret = split(bitmap, slot, page);
			if (!ret)
				ret = kmemp_bm_store(bitmap, pos,
						     kmemp_slot_make(page,
								     KMEMP_BITMAP_CHILD,
								     0));
			if (ret)
				return ret;
		} else {
			page = kmemp_slot_page(slot);
		}
	}
	path->page[0] = page;
	path->first = key >> tree->leaf_bits << tree->leaf_bits;
	path->large = 0;
	return 0;
}

/* The page at @level of @path is needed no more; nor what only led to it. */
int kmemp_bm_tree_prune(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
			const struct kmemp_bm_path *path, u32 level)
{
	bool empty;
	int ret;

	for (;;) {
		ret = kmemp_bm_page_put(bitmap, path->page[level]);
		if (ret)
			return ret;
		if (++level == tree->height) {
			tree->height = 0;
			return 0;
		}
		ret = kmemp_bm_store(bitmap, slot_pos(path->page[level],
						      path->index[level]), 0);
		if (!ret)
			ret = kmemp_bm_page_empty(bitmap, path->page[level],
						  &empty);
		if (ret || !empty)
			return ret;
	}
}
