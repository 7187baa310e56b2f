// SPDX-License-Identifier: GPL-2.0
/*
 * Paths: from a root to the place of an item.
 *
 * At each inner node the last child is taken whose first key is less than the
 * one looked for. Since first keys are exact, the leaf then holds the item
 * before the position, where there is one; the item at the position may be the
 * first one of the next leaf.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "extent.h"

/* Go to the child of a node that @node or a dirty node holds. */
static void take_child(struct kmemp_ext_path *path, u32 level, u32 index,
		       struct kmemp_ext_link *link, struct kmemp_ext_link *next,
		       bool *has_next)
{
	struct kmemp_ext_step *step = &path->step[level];
	const struct kmemp_ext_dirty *dirty = step->ref.dirty;

	step->index = index;
	*has_next = index + 1 < step->nr;
	if (dirty) {
		*link = dirty->link[index];
		if (*has_next)
			*next = dirty->link[index + 1];
		return;
	}
	kmemp_ext_link_get(path->node, index, link);
	if (*has_next)
		kmemp_ext_link_get(path->node, index + 1, next);
}

/* Have a node at hand: in the path, or dirty. */
static int visit(const struct extent *extent, struct kmemp_ext_path *path,
		 u32 level, const struct kmemp_ext_ref *ref,
		 const struct kmemp_ext_bounds *bounds)
{
	struct kmemp_ext_step *step = &path->step[level];
	int ret;

	step->ref = *ref;
	step->node = NULL;
	step->index = 0;
	if (ref->dirty) {
		path->leaf = ref->dirty->raw;
		step->nr = ref->dirty->nr;
		return 0;
	}
	ret = kmemp_ext_node_get(extent, ref, level, bounds, path->room,
				 &path->node);
	path->leaf = path->node;
	if (ret)
		return ret;
	if (path->node != path->room)
		step->node = path->node;
	step->nr = kmemp_ext_node_nr(path->node);
	return 0;
}

/* The last child that begins before @key, or the first one. */
static u32 choose(const struct kmemp_ext_path *path, u32 level,
		  const struct kmemp_ext_key *key)
{
	const struct kmemp_ext_dirty *dirty = path->step[level].ref.dirty;
	u32 low = 0, high = path->step[level].nr;

	if (!dirty)
		return kmemp_ext_link_choose(path->node, high, key);
	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (kmemp_ext_key_order(&dirty->link[middle].key, key) < 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* From a node of @level down; to the left-most leaf where @key is NULL. */
static int descend(const struct extent *extent, struct kmemp_ext_path *path,
		   u32 level, struct kmemp_ext_ref ref,
		   struct kmemp_ext_bounds bounds,
		   const struct kmemp_ext_key *key)
{
	struct kmemp_ext_link link, next;
	struct kmemp_ext_key first;
	bool has_next;
	int ret;

	path->has_end = bounds.end;
	if (bounds.end)
		path->end = *bounds.end;
	for (;;) {
		ret = visit(extent, path, level, &ref, &bounds);
		if (ret || !level)
			return ret;
		take_child(path, level, key ? choose(path, level, key) : 0,
			   &link, &next, &has_next);
		first = link.key;
		bounds.first = &first;
		if (has_next) {
			path->end = next.key;
			path->has_end = true;
			bounds.end = &path->end;
		}
		ref = link.ref;
		level--;
	}
}

/* To the leaf behind this one: -ENOENT where there is none. */
static int next_leaf(const struct extent *extent, struct kmemp_ext_path *path)
{
	static const struct kmemp_ext_bounds any;
	struct kmemp_ext_bounds bounds = {};
	struct kmemp_ext_link link, next;
	bool has_next;
	u32 level, index;
	int ret;

	for (level = 1; level < path->depth; level++)
		if (path->step[level].index + 1 < path->step[level].nr)
			break;
	if (level == path->depth)
		return -ENOENT;
	index = path->step[level].index + 1;
	if (!path->step[level].ref.dirty) {
		/* Its bounds were looked at on the way down. */
		ret = kmemp_ext_node_get(extent, &path->step[level].ref, level,
					 &any, path->room, &path->node);
		if (ret)
			return ret;
	}
	take_child(path, level, index, &link, &next, &has_next);
	bounds.first = &link.key;
	bounds.end = has_next ? &next.key : NULL;
	return descend(extent, path, level - 1, link.ref, bounds, NULL);
}

/* Find the place in a leaf: the first item that is not before @pos. */
static void place(struct kmemp_ext_path *path, const struct kmemp_ext_pos *pos,
		  struct kmemp_ext_key *last)
{
	path->found = kmemp_ext_item_find(path->leaf, pos, &path->at, last);
}

/*
 * Find the first item that is not before a position. In the leaf there is the
 * place for an item of that position; if path->found is not set, that is behind
 * its last item, and the one looked for may be the first of the next leaf.
 * Records of equal keys lie in as many leaves as they take: go through them.
 */
int kmemp_ext_seek(const struct extent *extent,
		   const struct kmemp_ext_root *root,
		   const struct kmemp_ext_pos *pos, struct kmemp_ext_path *path)
{
	static const struct kmemp_ext_bounds any;
	struct kmemp_ext_key last = {};
	int ret;

	path->depth = root->depth;
	path->found = false;
	path->moved = false;
	path->at = 0;
	if (!root->depth)
		return 0;
	ret = descend(extent, path, root->depth - 1, root->ref, any, &pos->key);
	while (!ret) {
		place(path, pos, &last);
		if (path->found || !pos->key.kind ||
		    kmemp_ext_key_order(path->has_end ? &path->end : &last,
					&pos->key))
			return 0;
		ret = next_leaf(extent, path);
	}
	return ret == -ENOENT ? 0 : ret;
}

/* The item that kmemp_ext_seek() has found: -ENOENT where there is none. */
int kmemp_ext_current(const struct extent *extent, struct kmemp_ext_path *path,
		      struct kmemp_ext_item *item)
{
	int ret;

	if (!path->depth)
		return -ENOENT;
	if (!path->found) {
		ret = next_leaf(extent, path);
		if (ret)
			return ret;
		path->at = 0;
		path->found = true;
		path->moved = true;
	}
	kmemp_ext_item_at(path->leaf, path->at, item);
	return 0;
}

/* The first extent of an object that ends behind @offset; path leads to it. */
int kmemp_ext_find_extent(const struct extent *extent,
			  const struct kmemp_ext_root *root, u64 object,
			  u64 offset, struct kmemp_ext_path *path,
			  struct kmemp_extent *found)
{
	struct kmemp_ext_pos pos = {
		.key = { .object = object, .where = offset + 1 },
	};
	struct kmemp_ext_item item;
	int ret;

	ret = kmemp_ext_seek(extent, root, &pos, path);
	if (ret)
		return ret;
	/* The one before begins at @offset or before it. */
	if (path->at && path->depth) {
		kmemp_ext_item_at(path->leaf, path->at - 1, &item);
		if (item.key.object == object && !item.key.kind) {
			kmemp_ext_extent_decode(&item, found);
			if (found->offset + found->count > offset) {
				path->at--;
				path->found = true;
				return 0;
			}
		}
	}
	ret = kmemp_ext_current(extent, path, &item);
	if (ret)
		return ret;
	if (item.key.object != object || item.key.kind)
		return -ENOENT;
	kmemp_ext_extent_decode(&item, found);
	/* Out of order over leaves: it would be found again and again. */
	if (found->offset <= offset)
		return kmemp_ext_damaged(extent, "order of leaves",
					 path->step[0].ref.block,
					 found->offset);
	return 0;
}
