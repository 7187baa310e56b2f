// SPDX-License-Identifier: GPL-2.0
/*
 * Leaves: groups of extents and records, and what is in them.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define GROUP_BYTES	((u32)sizeof(struct kmemp_extent_group))
#define EXTENT_BYTES	((u32)sizeof(struct kmemp_disk_extent))
#define RECORD_BYTES	((u32)sizeof(struct kmemp_extent_record))
#define VALUE_BYTES	((u32)sizeof(struct kmemp_extent_value))

/* Bytes of a record in a leaf. *@outside: its value has a block of its own. */
u32 kmemp_ext_record_size(u32 name_len, u32 value_len, bool *outside)
{
	u32 whole = RECORD_BYTES + name_len + value_len;

	*outside = whole > KMEMP_EXTENT_INLINE;
	if (*outside)
		whole = RECORD_BYTES + VALUE_BYTES + name_len;
	return ALIGN(whole, 8u);
}

static const struct kmemp_extent_record *
to_record(const struct kmemp_ext_item *item)
{
	return (const void *)item->data;
}

/* The value's block of an item, if it has one. */
bool kmemp_ext_value_get(const struct kmemp_ext_item *item,
			 struct kmemp_ext_ref *ref, u32 *len)
{
	const struct kmemp_extent_record *record = to_record(item);
	const struct kmemp_extent_value *value;
	bool outside;

	if (!item->key.kind)
		return false;
	*len = le16_to_cpu(record->value_len);
	kmemp_ext_record_size(record->name_len, *len, &outside);
	if (!outside)
		return false;
	value = (const void *)(item->data + RECORD_BYTES);
	ref->block = le64_to_cpu(value->block);
	ref->birth = le64_to_cpu(value->birth);
	ref->seal = le32_to_cpu(record->seal);
	ref->dirty = NULL;
	return true;
}

static const u8 *item_name(const struct kmemp_ext_item *item)
{
	struct kmemp_ext_ref ref;
	u32 len;

	return item->data + RECORD_BYTES +
	       (kmemp_ext_value_get(item, &ref, &len) ? VALUE_BYTES : 0);
}

/* The position of an item. The name stays where it is. */
void kmemp_ext_item_pos(const struct kmemp_ext_item *item,
			struct kmemp_ext_pos *pos)
{
	pos->key = item->key;
	pos->name = item->key.kind ? item_name(item) : NULL;
	pos->name_len = item->key.kind ? to_record(item)->name_len : 0;
}

/* Is an item before a position (< 0), there (0), or behind it (> 0)? */
int kmemp_ext_item_order(const struct kmemp_ext_item *item,
			 const struct kmemp_ext_pos *pos)
{
	int order = kmemp_ext_key_order(&item->key, &pos->key);
	u32 len, common;

	if (order || !item->key.kind)
		return order;
	len = to_record(item)->name_len;
	common = min(len, pos->name_len);
	if (common)
		order = memcmp(item_name(item), pos->name, common);
	return order ?: (int)len - (int)pos->name_len;
}

void kmemp_ext_iter_init(struct kmemp_ext_iter *iter, const void *leaf)
{
	iter->raw = leaf;
	iter->at = EXTENT_HEADER;
	iter->group = 0;
	iter->object = 0;
	iter->extents = 0;
	iter->records = 0;
}

/* The next item of a leaf; false: there is none. */
bool kmemp_ext_iter_next(struct kmemp_ext_iter *iter,
			 struct kmemp_ext_item *item)
{
	bool outside;

	if (!iter->extents && !iter->records) {
		const struct kmemp_extent_group *group;

		if (iter->at >= kmemp_ext_node_bytes(iter->raw))
			return false;
		group = (const void *)(iter->raw + iter->at);
		iter->object = le64_to_cpu(group->object);
		iter->extents = le16_to_cpu(group->nr_extents);
		iter->records = le16_to_cpu(group->nr_records);
		iter->group = iter->at;
		iter->at += GROUP_BYTES;
	}
	item->key.object = iter->object;
	item->data = iter->raw + iter->at;
	if (iter->extents) {
		const struct kmemp_disk_extent *disk;

		disk = (const void *)item->data;
		item->key.kind = 0;
		item->key.where = le64_to_cpu(disk->offset_flags) &
				  (KMEMP_MAX_OBJECT_PAGES - 1);
		item->size = EXTENT_BYTES;
		iter->extents--;
	} else {
		const struct kmemp_extent_record *record = to_record(item);

		item->key.kind = 1 + record->kind;
		item->key.where = le64_to_cpu(record->hash);
		item->size = kmemp_ext_record_size(record->name_len,
						   le16_to_cpu(record->value_len),
						   &outside);
		iter->records--;
	}
	iter->at += item->size;
	return true;
}

/* Past so many extents of the group at hand, which has them. */
static void skip(struct kmemp_ext_iter *iter, u32 extents)
{
	iter->at += extents * EXTENT_BYTES;
	iter->extents -= extents;
}

/* The item of an index, and the way on from it; false: there are not so many. */
bool kmemp_ext_item_seek(const void *leaf, u32 at, struct kmemp_ext_iter *iter,
			 struct kmemp_ext_item *item)
{
	u32 extents;

	kmemp_ext_iter_init(iter, leaf);
	for (;; at--) {
		if (at && iter->extents) {
			extents = min(at, iter->extents);
			skip(iter, extents);
			at -= extents;
		}
		if (!kmemp_ext_iter_next(iter, item))
			return false;
		if (!at)
			return true;
	}
}

/* The item of an index; false: there are not so many. */
bool kmemp_ext_item_at(const void *leaf, u32 at, struct kmemp_ext_item *item)
{
	struct kmemp_ext_iter iter;

	return kmemp_ext_item_seek(leaf, at, &iter, item);
}

static u64 extent_offset(const struct kmemp_ext_iter *iter, u32 i)
{
	const struct kmemp_disk_extent *disk;

	disk = (const void *)(iter->raw + iter->at + i * EXTENT_BYTES);
	return le64_to_cpu(disk->offset_flags) & (KMEMP_MAX_OBJECT_PAGES - 1);
}

/* Extents left in the group at hand that are before a position. */
static u32 extents_before(const struct kmemp_ext_iter *iter,
			  const struct kmemp_ext_pos *pos)
{
	u32 low = 0, high = iter->extents;

	if (iter->object != pos->key.object)
		return iter->object < pos->key.object ? high : 0;
	if (pos->key.kind)
		return high;
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (extent_offset(iter, middle) < pos->key.where)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The first item that is not before a position. *@at: its index, or the number
 * of items; *@last: the key of the one before it, if there is one. Return:
 * false: there is none.
 */
bool kmemp_ext_item_find(const void *leaf, const struct kmemp_ext_pos *pos,
			 u32 *at, struct kmemp_ext_key *last)
{
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	u32 extents;

	*at = 0;
	kmemp_ext_iter_init(&iter, leaf);
	while (kmemp_ext_iter_next(&iter, &item)) {
		if (kmemp_ext_item_order(&item, pos) >= 0)
			return true;
		*last = item.key;
		++*at;
		extents = extents_before(&iter, pos);
		if (extents) {
			last->where = extent_offset(&iter, extents - 1);
			skip(&iter, extents);
			*at += extents;
		}
	}
	return false;
}

/* flags and tag above the offset, then the top of the count */
#define FLAGS_SHIFT	40
#define TAG_SHIFT	48
#define HIGH_SHIFT	56
#define LOW_SHIFT	40
#define LOW_BITS	24

void kmemp_ext_extent_decode(const struct kmemp_ext_item *item,
			     struct kmemp_extent *extent)
{
	const struct kmemp_disk_extent *disk = (const void *)item->data;
	u64 offset = le64_to_cpu(disk->offset_flags);
	u64 page = le64_to_cpu(disk->page_count);

	extent->offset = offset & (KMEMP_MAX_OBJECT_PAGES - 1);
	extent->flags = offset >> FLAGS_SHIFT;
	extent->tag = offset >> TAG_SHIFT;
	extent->page = page & (KMEMP_MAX_POOL_PAGES - 1);
	extent->count = page >> LOW_SHIFT |
			(u32)(offset >> HIGH_SHIFT) << LOW_BITS;
}

void kmemp_ext_extent_encode(const struct kmemp_extent *extent,
			     struct kmemp_disk_extent *disk)
{
	u64 count = extent->count;

	disk->offset_flags = cpu_to_le64(extent->offset |
					 (u64)extent->flags << FLAGS_SHIFT |
					 (u64)extent->tag << TAG_SHIFT |
					 count >> LOW_BITS << HIGH_SHIFT);
	disk->page_count = cpu_to_le64(extent->page | count << LOW_SHIFT);
}

static bool extent_valid(const struct extent *extent,
			 const struct kmemp_ext_item *item, u64 *end)
{
	u64 pages = kmemp_pool_pages(extent->pool);
	struct kmemp_extent found;

	kmemp_ext_extent_decode(item, &found);
	if (!found.count || found.offset < *end ||
	    found.count > KMEMP_MAX_OBJECT_PAGES - found.offset ||
	    !found.page || found.page >= pages - 1 ||
	    found.count > pages - 1 - found.page ||
	    found.flags & ~KMEMP_EXTENT_FLAGS)
		return false;
	*end = found.offset + found.count;
	return true;
}

static bool record_valid(const struct extent *extent, const void *leaf,
			 const struct kmemp_ext_item *item)
{
	const struct kmemp_extent_node *header = leaf;
	const struct kmemp_extent_record *record = to_record(item);
	struct kmemp_ext_ref ref;
	const u8 *end;
	u32 len;

	end = item_name(item) + record->name_len;
	len = le16_to_cpu(record->value_len);
	if (len > KMEMP_MAX_VALUE)
		return false;
	if (kmemp_ext_value_get(item, &ref, &len)) {
		if (!kmemp_ext_block_valid(extent, ref.block) || !ref.birth ||
		    ref.birth > le64_to_cpu(header->birth))
			return false;
	} else {
		if (record->seal)
			return false;
		end += len;
	}
	return !memchr_inv(end, 0, item->data + item->size - end);
}

/* Is there a whole group, or a whole item, at this place? */
static bool fits(const struct kmemp_ext_iter *iter, u32 end)
{
	const struct kmemp_extent_record *record;
	const struct kmemp_extent_group *group;
	u32 left = end - iter->at;
	bool outside;

	if (!iter->extents && !iter->records) {
		group = (const void *)(iter->raw + iter->at);
		if (left <= GROUP_BYTES ||
		    (!group->nr_extents && !group->nr_records) ||
		    group->reserved ||
		    le64_to_cpu(group->object) <= iter->object ||
		    le64_to_cpu(group->object) > KMEMP_OBJ_MAX)
			return false;
		record = (const void *)(group + 1);
		left -= GROUP_BYTES;
		if (group->nr_extents)
			return left >= EXTENT_BYTES;
	} else {
		record = (const void *)(iter->raw + iter->at);
		if (iter->extents)
			return left >= EXTENT_BYTES;
	}
	return left >= RECORD_BYTES &&
	       left >= kmemp_ext_record_size(record->name_len,
					     le16_to_cpu(record->value_len),
					     &outside);
}

/* Verify a leaf that was sealed: nothing in it is believed yet. */
int kmemp_ext_leaf_check(const struct extent *extent, u64 block,
			 const void *leaf)
{
	u32 end = kmemp_ext_node_bytes(leaf), groups = 0;
	struct kmemp_ext_item item, last = {};
	struct kmemp_ext_iter iter;
	struct kmemp_ext_pos pos;
	u64 mapped = 0;

	kmemp_ext_iter_init(&iter, leaf);
	while (iter.at < end) {
		bool begins = !iter.extents && !iter.records;

		if (!fits(&iter, end) || !kmemp_ext_iter_next(&iter, &item))
			return kmemp_ext_damaged(extent, "group of a leaf",
						 block, iter.object);
		groups += begins;
		if (begins)
			mapped = 0;
		if (!item.key.kind && !extent_valid(extent, &item, &mapped))
			return kmemp_ext_damaged(extent, "extent", block,
						 item.key.where);
		if (item.key.kind && !record_valid(extent, leaf, &item))
			return kmemp_ext_damaged(extent, "record", block,
						 item.key.where);
		if (!begins) {
			kmemp_ext_item_pos(&last, &pos);
			if (kmemp_ext_item_order(&item, &pos) <= 0)
				return kmemp_ext_damaged(extent,
							 "order of a leaf",
							 block, item.key.where);
		}
		last = item;
	}
	if (iter.extents || iter.records || groups != kmemp_ext_node_nr(leaf))
		return kmemp_ext_damaged(extent, "number of groups", block,
					 groups);
	return 0;
}

/* A value in a block of its own: -EBADMSG where it is not what was sealed. */
int kmemp_ext_value_load(const struct extent *extent,
			 const struct kmemp_ext_ref *ref, u32 len, u8 *value)
{
	u64 pos = kmemp_ext_block_pos(ref->block);
	int ret;

	ret = kmemp_media_read(kmemp_pool_media(extent->pool), pos, value, len);
	if (ret)
		return ret;
	return kmemp_seal(extent->pool, 0, ref->birth, pos, value, len) ==
	       ref->seal ? 0 : -EBADMSG;
}

/* The same, where nothing can be torn. */
int kmemp_ext_value_read(const struct extent *extent,
			 const struct kmemp_ext_ref *ref, u32 len, u8 *value)
{
	int ret = kmemp_ext_value_load(extent, ref, len, value);

	return kmemp_ext_judge(extent, "seal of a value", ref, ret);
}

/* A record for who asked, name and value in @buffer. */
int kmemp_ext_record_get(const struct extent *extent,
			 const struct kmemp_ext_item *item,
			 struct kmemp_record *record, u8 *buffer)
{
	const struct kmemp_extent_record *disk = to_record(item);
	const u8 *name = item_name(item);
	u8 *value = buffer + KMEMP_MAX_NAME + 1;
	struct kmemp_ext_ref ref;
	u32 len;

	record->hash = item->key.where;
	record->kind = disk->kind;
	record->name_len = disk->name_len;
	record->value_len = le16_to_cpu(disk->value_len);
	memcpy(buffer, name, record->name_len);
	record->name = buffer;
	record->value = value;
	if (!kmemp_ext_value_get(item, &ref, &len)) {
		memcpy(value, name + record->name_len, record->value_len);
		return 0;
	}
	return kmemp_ext_value_read(extent, &ref, len, value);
}
