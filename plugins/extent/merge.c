// SPDX-License-Identifier: GPL-2.0
/*
 * Merging: a node that has become small and its neighbour are made one, if
 * some room is left then.
 *
 * Of two neighbours one that shrinks below 3/4 is merged, unless they have more
 * than 7/8 together. So two always have 3/4 of a node together, and nodes are
 * on the average 3/8 full, whatever was done to them: what kmemp_ext_reserve()
 * and shatter_bytes count on.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "extent.h"

#define GROUP_BYTES	((u32)sizeof(struct kmemp_extent_group))
#define SMALL_BYTES	(KMEMP_EXTENT_BLOCK / 4 * 3)
#define MERGED_BYTES	(KMEMP_EXTENT_BLOCK / 8 * 7)
#define SMALL_NR	(KMEMP_EXTENT_FANOUT / 4 * 3)
#define MERGED_NR	(KMEMP_EXTENT_FANOUT / 8 * 7)

/* A clean child, verified: *@node, which may be in @room. */
static int get_child(struct extent *extent,
		     const struct kmemp_ext_dirty *parent, u32 index, u8 *room,
		     const u8 **node)
{
	const struct kmemp_ext_link *link = &parent->link[index];
	struct kmemp_ext_bounds bounds = {
		.first = &link->key,
		.end = index + 1 < parent->nr ? &link[1].key : NULL,
	};

	return kmemp_ext_node_get(extent, &link->ref, parent->level - 1,
				  &bounds, room, node);
}

/* A child that goes. */
static int let_go(struct extent *extent, const struct kmemp_ext_ref *ref)
{
	if (!ref->dirty)
		return kmemp_ext_blocks_add(&extent->build.freed, ref->block);
	kmemp_ext_dirty_put(extent, ref->dirty);
	return 0;
}

/* Of the children @left and @left + 1 one is left, @dirty. */
static int join(struct extent *extent, struct kmemp_ext_dirty *parent,
		u32 left, struct kmemp_ext_dirty *dirty)
{
	struct kmemp_ext_link *link = &parent->link[left];
	int ret;

	ret = let_go(extent, link[0].ref.dirty == dirty ? &link[1].ref :
							  &link[0].ref);
	memset(&link->ref, 0, sizeof(link->ref));
	link->ref.dirty = dirty;
	memmove(link + 1, link + 2,
		(parent->nr - left - 2) * sizeof(*link));
	parent->nr--;
	parent->moved = true;
	return ret;
}

/* A copy of a leaf. */
static int copy_leaf(struct extent *extent,
		     const struct kmemp_ext_dirty *parent, u32 index, u8 *copy)
{
	const struct kmemp_ext_dirty *dirty = parent->link[index].ref.dirty;
	const u8 *leaf = copy;
	int ret = 0;

	if (dirty)
		leaf = dirty->raw;
	else
		ret = get_child(extent, parent, index, copy, &leaf);
	if (!ret && leaf != copy)
		memcpy(copy, leaf, kmemp_ext_node_bytes(leaf));
	return ret;
}

static u64 last_object(const void *leaf)
{
	struct kmemp_ext_item item;
	struct kmemp_ext_iter iter;

	kmemp_ext_iter_init(&iter, leaf);
	while (kmemp_ext_iter_next(&iter, &item))
		;
	return iter.object;
}

/* Two leaves, @dirty one of them. *@merged: they were made one. */
static int merge_leaves(struct extent *extent, struct kmemp_ext_dirty *parent,
			u32 left, struct kmemp_ext_dirty *dirty, bool *merged)
{
	u8 *a = extent->build.scratch[0], *b = extent->build.scratch[1];
	struct kmemp_ext_item item;
	struct kmemp_ext_fill fill;
	struct kmemp_ext_iter iter;
	u32 bytes, i;
	int ret;

	ret = copy_leaf(extent, parent, left, a);
	if (!ret)
		ret = copy_leaf(extent, parent, left + 1, b);
	if (ret)
		return ret;
	kmemp_ext_item_at(b, 0, &item);
	bytes = kmemp_ext_node_bytes(a) + kmemp_ext_node_bytes(b) -
		EXTENT_HEADER;
	if (item.key.object == last_object(a))
		bytes -= GROUP_BYTES;
	if (bytes > MERGED_BYTES)
		return 0;
	kmemp_ext_fill_init(&fill, extent, dirty, KMEMP_EXTENT_BLOCK);
	for (i = 0; i < 2 && !ret; i++) {
		kmemp_ext_iter_init(&iter, i ? b : a);
		while (!ret && kmemp_ext_iter_next(&iter, &item))
			ret = kmemp_ext_fill_add(&fill, &item);
	}
	*merged = true;
	return ret ?: join(extent, parent, left, dirty);
}

/* Two inner nodes, likewise. */
static int merge_inner(struct extent *extent, struct kmemp_ext_dirty *parent,
		       u32 left, struct kmemp_ext_dirty *dirty, bool *merged)
{
	bool is_left = parent->link[left].ref.dirty == dirty;
	u32 other = is_left ? left + 1 : left, nr, i;
	const struct kmemp_ext_dirty *from = parent->link[other].ref.dirty;
	const u8 *node = NULL;
	struct kmemp_ext_link *to;
	int ret = 0;

	if (!from)
		ret = get_child(extent, parent, other,
				extent->build.scratch[0], &node);
	if (ret)
		return ret;
	nr = from ? from->nr : kmemp_ext_node_nr(node);
	if (dirty->nr + nr > MERGED_NR)
		return 0;
	if (!is_left)
		memmove(&dirty->link[nr], dirty->link,
			dirty->nr * sizeof(dirty->link[0]));
	to = &dirty->link[is_left ? dirty->nr : 0];
	for (i = 0; i < nr; i++) {
		if (from)
			to[i] = from->link[i];
		else
			kmemp_ext_link_get(node, i, &to[i]);
	}
	dirty->nr += nr;
	dirty->moved = true;
	*merged = true;
	return join(extent, parent, left, dirty);
}

static bool is_small(const struct kmemp_ext_dirty *dirty)
{
	return dirty->level ? dirty->nr < SMALL_NR :
	       kmemp_ext_node_bytes(dirty->raw) < SMALL_BYTES;
}

/* Merge a dirty child of a dirty parent with a neighbour, if it is small. */
int kmemp_ext_merge(struct extent *extent, struct kmemp_ext_dirty *parent,
		    u32 index)
{
	struct kmemp_ext_dirty *dirty = parent->link[index].ref.dirty;
	bool merged = false;
	u32 left;
	int ret = 0;

	if (!is_small(dirty))
		return 0;
	for (left = index; left + 1 >= index && !merged && !ret; left--) {
		if (left + 1 < parent->nr)
			ret = dirty->level ?
			      merge_inner(extent, parent, left, dirty,
					  &merged) :
			      merge_leaves(extent, parent, left, dirty,
					   &merged);
		if (!left)
			break;
	}
	return ret;
}
