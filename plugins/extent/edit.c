// SPDX-License-Identifier: GPL-2.0
/*
 * Changing a leaf, and what follows from that above it: splits, merges, a new
 * root, or none.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define GROUP_BYTES	((u32)sizeof(struct kmemp_extent_group))

/**
 * struct result - what became of a node
 * @link: the nodes that stand for it now
 * @nr: how many; 0: it is gone
 * @shrunk: it holds less than before
 * @append: what was put there goes on behind all that the object has
 */
struct result {
	struct kmemp_ext_link link[EXTENT_SPLIT];
	u32 nr;
	bool shrunk;
	bool append;
};

/* Items that come count, those that go do not any more. */
static int count_item(struct extent *extent, const struct kmemp_ext_item *item,
		      bool comes)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_root *root = &build->root;
	struct kmemp_extent found;
	struct kmemp_ext_ref ref;
	u64 one = comes ? 1 : -1ULL;
	u32 len;

	if (!item->key.kind) {
		kmemp_ext_extent_decode(item, &found);
		root->nr_extents += one;
		root->data_pages += one * found.count;
		return 0;
	}
	root->nr_records += one;
	if (!kmemp_ext_value_get(item, &ref, &len))
		return 0;
	/* One without birth is of this batch. */
	if (!ref.birth)
		build->nr_values += comes ? 1 : -1;
	else if (!comes)
		return kmemp_ext_blocks_add(&build->freed, ref.block);
	return 0;
}

/*
 * Bytes that the first leaf is to have. Where an object grows at its end the
 * leaf stays full: extents that come in order leave full leaves behind.
 */
static u32 first_limit(const void *old, u32 at, u32 nr_old,
		       const struct kmemp_ext_item *items, u32 nr_items,
		       bool append)
{
	u32 bytes = kmemp_ext_node_bytes(old), nr = 0, i;
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;

	for (i = 0; i < nr_items; i++)
		bytes += items[i].size + GROUP_BYTES;
	kmemp_ext_iter_init(&iter, old);
	while (kmemp_ext_iter_next(&iter, &item)) {
		if (nr >= at && nr < at + nr_old)
			bytes -= item.size;
		nr++;
	}
	if (bytes <= KMEMP_EXTENT_BLOCK || (append && at + nr_old == nr))
		return KMEMP_EXTENT_BLOCK;
	return (bytes + EXTENT_HEADER) / 2;
}

static void first_key(const void *leaf, struct kmemp_ext_key *key)
{
	struct kmemp_ext_item item;

	kmemp_ext_item_at(leaf, 0, &item);
	*key = item.key;
}

/*
 * Where in a leaf an item comes or goes, at index @at: *@from, and *@group, which
 * goes on to exist. *@old: the item that goes, of no size where none does. false:
 * there is no such group.
 */
static bool find_place(const u8 *raw, u32 at, u32 nr_old,
		       const struct kmemp_ext_item *item, u32 *from, u32 *group,
		       struct kmemp_ext_item *old)
{
	struct kmemp_ext_iter iter;

	if (!nr_old && at && kmemp_ext_item_seek(raw, at - 1, &iter, old) &&
	    old->key.object == item->key.object) {
		*from = iter.at;
		old->size = 0;
	} else if (kmemp_ext_item_seek(raw, at, &iter, old) &&
		   (!item || old->key.object == item->key.object)) {
		*from = old->data - raw;
		if (!nr_old)
			old->size = 0;
	} else {
		return false;
	}
	*group = iter.group;
	return true;
}

static void add_to(__le16 *nr, int change)
{
	*nr = cpu_to_le16(le16_to_cpu(*nr) + change);
}

static __le16 *count_of(struct kmemp_extent_group *group,
			const struct kmemp_ext_item *item)
{
	return item->key.kind ? &group->nr_records : &group->nr_extents;
}

static u32 items_of(const struct kmemp_extent_group *group)
{
	return le16_to_cpu(group->nr_extents) + le16_to_cpu(group->nr_records);
}

/*
 * The shorter way where of a leaf one item comes, goes or is replaced, if the
 * group of its object is there and goes on to exist, and there is room: what is
 * behind it is moved. *@done: it was that simple.
 */
static int splice(struct extent *extent, struct kmemp_ext_dirty *leaf, u32 at,
		  u32 nr_old, const struct kmemp_ext_item *item,
		  struct result *result, bool *done)
{
	struct kmemp_extent_node *header = (void *)leaf->raw;
	u32 size = item ? item->size : 0, bytes, from, group_at;
	struct kmemp_extent_group *group;
	struct kmemp_ext_item old;
	u8 *raw = leaf->raw;
	int ret = 0;

	*done = false;
	bytes = kmemp_ext_node_bytes(raw);
	if (nr_old > 1 ||
	    !find_place(raw, at, nr_old, item, &from, &group_at, &old) ||
	    bytes + size - old.size > KMEMP_EXTENT_BLOCK)
		return 0;
	group = (void *)(raw + group_at);
	if (items_of(group) + !!item == nr_old)
		return 0;
	*done = true;
	if (nr_old) {
		ret = count_item(extent, &old, false);
		add_to(count_of(group, &old), -1);
	}
	memmove(raw + from + size, raw + from + old.size,
		bytes - from - old.size);
	header->bytes = cpu_to_le16(bytes + size - old.size);
	if (item) {
		memcpy(raw + from, item->data, size);
		add_to(count_of(group, item), 1);
		ret = ret ?: count_item(extent, item, true);
	}
	/* What stands last now; of what went, the one before it does. */
	if (from + size == kmemp_ext_node_bytes(raw)) {
		if (!item)
			kmemp_ext_item_at(raw, at - 1, &old);
		leaf->last = item ? item->key : old.key;
	}
	memset(&result->link[0], 0, sizeof(result->link[0]));
	result->link[0].ref.dirty = leaf;
	first_key(raw, &result->link[0].key);
	result->nr = 1;
	result->shrunk = size < old.size;
	return ret;
}

/* In a dirty leaf, put @items in the place of @nr_old others. */
static int edit_leaf(struct extent *extent, struct kmemp_ext_dirty *leaf,
		     u32 at, u32 nr_old, const struct kmemp_ext_item *items,
		     u32 nr_items, struct result *result)
{
	u8 *old = extent->build.scratch[0];
	u32 bytes = kmemp_ext_node_bytes(leaf->raw), nr = 0, i;
	struct kmemp_ext_fill fill;
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	bool done;
	int ret;

	if (nr_items <= 1) {
		ret = splice(extent, leaf, at, nr_old, nr_items ? items : NULL,
			     result, &done);
		if (ret || done)
			return ret;
	}
	ret = 0;
	memcpy(old, leaf->raw, bytes);
	kmemp_ext_fill_init(&fill, extent, leaf,
			    first_limit(old, at, nr_old, items, nr_items,
					result->append));
	kmemp_ext_iter_init(&iter, old);
	for (;; nr++) {
		bool more = kmemp_ext_iter_next(&iter, &item);

		for (i = 0; nr == at && i < nr_items && !ret; i++) {
			ret = kmemp_ext_fill_add(&fill, &items[i]);
			if (!ret)
				ret = count_item(extent, &items[i], true);
		}
		if (ret || !more)
			break;
		if (nr >= at && nr < at + nr_old)
			ret = count_item(extent, &item, false);
		else
			ret = kmemp_ext_fill_add(&fill, &item);
	}
	result->nr = fill.nr;
	for (i = 0; i < fill.nr; i++) {
		memset(&result->link[i], 0, sizeof(result->link[i]));
		result->link[i].ref.dirty = fill.leaf[i];
		if (fill.group)
			first_key(fill.leaf[i]->raw, &result->link[i].key);
	}
	result->shrunk = fill.nr == 1 &&
			 kmemp_ext_node_bytes(leaf->raw) < bytes;
	if (!ret && !fill.group) {
		kmemp_ext_dirty_put(extent, leaf);
		result->nr = 0;
	}
	return ret;
}

/* Put the links of a result in the place of a child. */
static void replace_child(struct kmemp_ext_dirty *parent, u32 index,
			  const struct result *result)
{
	u32 behind = parent->nr - index - 1;

	memmove(&parent->link[index + result->nr], &parent->link[index + 1],
		behind * sizeof(parent->link[0]));
	memcpy(&parent->link[index], result->link,
	       result->nr * sizeof(parent->link[0]));
	parent->nr += result->nr - 1;
	if (result->nr != 1)
		parent->moved = true;
}

static void link_to(struct kmemp_ext_dirty *dirty, struct kmemp_ext_link *link)
{
	memset(link, 0, sizeof(*link));
	link->key = dirty->link[0].key;
	link->ref.dirty = dirty;
}

/* A node with more children than fit becomes two. @at_end: it grew there. */
static int split_inner(struct extent *extent, struct kmemp_ext_dirty *dirty,
		       bool at_end, struct result *result)
{
	u32 keep = at_end ? KMEMP_EXTENT_FANOUT : dirty->nr / 2;
	struct kmemp_ext_dirty *right;
	int ret;

	ret = kmemp_ext_dirty_get(extent, dirty->level, &right);
	if (ret)
		return ret;
	right->nr = dirty->nr - keep;
	memcpy(right->link, &dirty->link[keep],
	       right->nr * sizeof(right->link[0]));
	dirty->nr = keep;
	link_to(right, &result->link[1]);
	result->nr = 2;
	return 0;
}

/* What the change of a child makes of its parent. */
static int edit_inner(struct extent *extent, struct kmemp_ext_dirty *parent,
		      u32 index, struct result *result)
{
	u32 before = parent->nr;
	bool at_end;
	int ret = 0;

	at_end = result->append && index + 1 == parent->nr;
	replace_child(parent, index, result);
	if (result->nr == 1 && result->shrunk)
		ret = kmemp_ext_merge(extent, parent, index);
	result->shrunk = parent->nr < before;
	result->nr = 1;
	if (!parent->nr) {
		kmemp_ext_dirty_put(extent, parent);
		result->nr = 0;
		return ret;
	}
	if (!ret && parent->nr > KMEMP_EXTENT_FANOUT)
		ret = split_inner(extent, parent, at_end, result);
	link_to(parent, &result->link[0]);
	return ret;
}

/* What the change of the root makes of the tree. */
static int edit_root(struct extent *extent, struct result *result)
{
	struct kmemp_ext_root *root = &extent->build.root;
	struct kmemp_ext_dirty *dirty;
	int ret;

	if (!result->nr) {
		memset(&root->ref, 0, sizeof(root->ref));
		root->depth = 0;
		return 0;
	}
	root->ref = result->link[0].ref;
	if (result->nr == 1) {
		/* A root of one child is none. */
		while (root->depth > 1 && root->ref.dirty &&
		       root->ref.dirty->nr == 1) {
			dirty = root->ref.dirty;
			root->ref = dirty->link[0].ref;
			root->depth--;
			kmemp_ext_dirty_put(extent, dirty);
		}
		return 0;
	}
	/* kmemp_ext_reserve() counts on that depth. */
	if (root->depth == KMEMP_EXTENT_DEPTH)
		return -EUCLEAN;
	ret = kmemp_ext_dirty_get(extent, root->depth, &dirty);
	if (ret)
		return ret;
	memcpy(dirty->link, result->link, result->nr * sizeof(dirty->link[0]));
	dirty->nr = result->nr;
	memset(&root->ref, 0, sizeof(root->ref));
	root->ref.dirty = dirty;
	root->depth++;
	return 0;
}

/* The first leaf of a tree. */
static int begin(struct extent *extent, struct kmemp_ext_path *path)
{
	struct kmemp_ext_root *root = &extent->build.root;
	struct kmemp_ext_dirty *leaf;
	struct kmemp_ext_fill fill;
	int ret;

	ret = kmemp_ext_dirty_get(extent, 0, &leaf);
	if (ret)
		return ret;
	kmemp_ext_fill_init(&fill, extent, leaf, KMEMP_EXTENT_BLOCK);
	memset(&root->ref, 0, sizeof(root->ref));
	root->ref.dirty = leaf;
	root->depth = 1;
	path->depth = 1;
	path->has_end = false;
	path->step[0].ref = root->ref;
	return 0;
}

/*
 * In the leaf of a path, put @items in the place of @nr_old others from index
 * @at on. The path leads nowhere then.
 */
int kmemp_ext_edit(struct extent *extent, struct kmemp_ext_path *path, u32 at,
		   u32 nr_old, const struct kmemp_ext_item *items,
		   u32 nr_items)
{
	struct result result = {};
	u32 level;
	int ret;

	if (path->depth)
		ret = kmemp_ext_dirty_path(extent, path);
	else
		ret = begin(extent, path);
	if (ret)
		return ret;
	result.append = nr_items && (!path->has_end ||
				     path->end.object != items->key.object);
	ret = edit_leaf(extent, path->step[0].ref.dirty, at, nr_old, items,
			nr_items, &result);
	if (ret)
		return ret;
	for (level = 1; level < path->depth && !ret; level++)
		ret = edit_inner(extent, path->step[level].ref.dirty,
				 path->step[level].index, &result);
	return ret ?: edit_root(extent, &result);
}
