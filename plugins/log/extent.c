// SPDX-License-Identifier: GPL-2.0
/*
 * Index of extents. An item's words: the object; the offset in 40 bits, then
 * the low 24 bits of the count; the page in 40 bits, then flags, tag and the
 * high 8 bits of the count; a log position.
 *
 * Neighbours merge, so that what is said of them again is one extent. The log
 * position is the oldest of those that said a part of it. What an entry says is
 * what a page is mapped by only if it is the newest entry to say it; then it is
 * not older than this position. So who says again, for each entry from the tail
 * on, what intersects with it and is not younger than it by this position,
 * leaves out nothing.
 */
#include <linux/kernel.h>

#include "log.h"

#define COUNT_BITS	24
#define PAGE_MASK_40	(KMEMP_MAX_POOL_PAGES - 1)
#define FLAGS_SHIFT	40
#define TAG_SHIFT	48
#define COUNT_HI_SHIFT	56

static u64 offset_of(const struct kmemp_log_item *item)
{
	return item->word[1] >> COUNT_BITS;
}

static u32 count_of(const struct kmemp_log_item *item)
{
	return (u32)(item->word[2] >> COUNT_HI_SHIFT) << COUNT_BITS |
	       (item->word[1] & ((1u << COUNT_BITS) - 1));
}

static void set_count(struct kmemp_log_item *item, u32 count)
{
	item->word[1] = offset_of(item) << COUNT_BITS |
			(count & ((1u << COUNT_BITS) - 1));
	item->word[2] = (item->word[2] & ((1ULL << COUNT_HI_SHIFT) - 1)) |
			(u64)(count >> COUNT_BITS) << COUNT_HI_SHIFT;
}

static void encode(struct kmemp_log_item *item, u64 object,
		   const struct kmemp_extent *extent, u64 pos)
{
	item->word[0] = object;
	item->word[1] = extent->offset << COUNT_BITS;
	item->word[2] = extent->page | (u64)extent->flags << FLAGS_SHIFT |
			(u64)extent->tag << TAG_SHIFT;
	item->word[3] = pos;
	set_count(item, extent->count);
}

/**
 * kmemp_log_extent_decode - extent of an item
 * @item: the item
 * @extent: filled in
 */
void kmemp_log_extent_decode(const struct kmemp_log_item *item,
			     struct kmemp_extent *extent)
{
	extent->offset = offset_of(item);
	extent->page = item->word[2] & PAGE_MASK_40;
	extent->count = count_of(item);
	extent->flags = item->word[2] >> FLAGS_SHIFT;
	extent->tag = item->word[2] >> TAG_SHIFT;
}

static u64 end_of(const struct kmemp_log_item *item)
{
	return offset_of(item) + count_of(item);
}

/**
 * kmemp_log_extent_find - first extent that ends behind an offset
 * @log: the log
 * @object: id
 * @offset: page offset
 * @path: set to it
 *
 * Return: its item, or NULL.
 */
struct kmemp_log_item *
kmemp_log_extent_find(const struct kmemp_log *log, u64 object, u64 offset,
		      struct kmemp_log_path *path)
{
	struct kmemp_log_item key = { .word = { object, U64_MAX, U64_MAX } };
	struct kmemp_log_item *item, *before;
	struct kmemp_log_path back;

	if (!log->extents.root)
		return NULL;
	/* The first that begins behind it, unless the one before reaches on. */
	if (offset + 1 < KMEMP_MAX_OBJECT_PAGES) {
		key.word[1] = (offset + 1) << COUNT_BITS;
		key.word[2] = 0;
	}
	item = kmemp_log_tree_from(&log->extents, &key, path);
	back = *path;
	before = kmemp_log_tree_before(&log->extents, &back);
	if (before && before->word[0] == object && end_of(before) > offset) {
		*path = back;
		return before;
	}
	return item && item->word[0] == object ? item : NULL;
}

static int insert(struct kmemp_log *log, const struct kmemp_log_item *item)
{
	return kmemp_log_tree_insert(&log->extents, &log->nodes, item);
}

/**
 * kmemp_log_extent_clear - a range holds nothing any more
 * @log: the log, with nodes for one item
 * @object: id
 * @offset: first page offset
 * @end: behind the last
 *
 * Return: 0 or -EUCLEAN.
 */
int kmemp_log_extent_clear(struct kmemp_log *log, u64 object, u64 offset,
			   u64 end)
{
	struct kmemp_log_path path;
	struct kmemp_log_item *item;

	while ((item = kmemp_log_extent_find(log, object, offset, &path)) &&
	       offset_of(item) < end) {
		struct kmemp_log_item old = *item;
		struct kmemp_extent rest;
		u64 old_end = end_of(item);

		/*
		 * A smaller count leaves it in its place; a larger offset might
		 * carry it over the bound of the next node.
		 */
		if (offset_of(item) < offset)
			set_count(item, offset - offset_of(item));
		else
			kmemp_log_tree_delete(&log->extents, &log->nodes, &path);
		if (old_end <= end)
			continue;
		kmemp_log_extent_decode(&old, &rest);
		rest.page += end - rest.offset;
		rest.offset = end;
		rest.count = old_end - end;
		encode(&old, object, &rest, old.word[3]);
		return insert(log, &old);
	}
	return 0;
}

/* Does @right go on where @left ends? */
static bool continues(const struct kmemp_log_item *left,
		      const struct kmemp_log_item *right)
{
	struct kmemp_extent a, b;

	if (left->word[0] != right->word[0])
		return false;
	kmemp_log_extent_decode(left, &a);
	kmemp_log_extent_decode(right, &b);
	return a.offset + a.count == b.offset && a.page + a.count == b.page &&
	       a.flags == b.flags && a.tag == b.tag &&
	       a.count <= U32_MAX - b.count;
}

/*
 * Where an extent takes the place of one of the same range, and merges with no
 * neighbour, it is changed where it stands: of one object and offset there is
 * no other item, and what is looked for is an offset.
 */
static bool overwrite(struct kmemp_log *log, const struct kmemp_log_path *path,
		      struct kmemp_log_item *item,
		      const struct kmemp_log_item *new)
{
	struct kmemp_log_path side = *path;
	const struct kmemp_log_item *other;

	if (item->word[1] != new->word[1] || count_of(item) != count_of(new))
		return false;
	other = kmemp_log_tree_before(&log->extents, &side);
	if (other && continues(other, new))
		return false;
	side = *path;
	other = kmemp_log_tree_next(&log->extents, &side);
	if (other && continues(new, other))
		return false;
	*item = *new;
	return true;
}

/**
 * kmemp_log_extent_set - map an extent
 * @log: the log, with nodes for two items
 * @object: id
 * @extent: the extent
 * @pos: log position that says so
 *
 * Return: 0 or -EUCLEAN.
 */
int kmemp_log_extent_set(struct kmemp_log *log, u64 object,
			 const struct kmemp_extent *extent, u64 pos)
{
	u64 end = extent->offset + extent->count;
	struct kmemp_log_item new, *item;
	struct kmemp_log_path path;
	int ret;

	encode(&new, object, extent, pos);
	item = kmemp_log_extent_find(log, object, extent->offset, &path);
	if (item && overwrite(log, &path, item, &new))
		return 0;
	/* Where nothing is in the way, the path is to what lies behind. */
	if (item && offset_of(item) < end) {
		ret = kmemp_log_extent_clear(log, object, extent->offset, end);
		if (ret)
			return ret;
		item = kmemp_log_tree_from(&log->extents, &new, &path);
	}
	if (item && continues(&new, item)) {
		set_count(&new, count_of(&new) + count_of(item));
		new.word[3] = min(new.word[3], item->word[3]);
		kmemp_log_tree_delete(&log->extents, &log->nodes, &path);
		kmemp_log_tree_from(&log->extents, &new, &path);
	}
	item = log->extents.root ?
	       kmemp_log_tree_before(&log->extents, &path) : NULL;
	if (!item || !continues(item, &new))
		return insert(log, &new);
	set_count(item, count_of(item) + count_of(&new));
	item->word[3] = min(item->word[3], new.word[3]);
	return 0;
}
