// SPDX-License-Identifier: GPL-2.0
/*
 * Filling leaves: items one after the other, in groups, over as many leaves as
 * they take.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define GROUP_BYTES	((u32)sizeof(struct kmemp_extent_group))

static struct kmemp_extent_node *to_header(struct kmemp_ext_dirty *leaf)
{
	return (void *)leaf->raw;
}

static void begin(struct kmemp_ext_fill *fill, struct kmemp_ext_dirty *leaf)
{
	struct kmemp_extent_node *header = to_header(leaf);

	memset(header, 0, sizeof(*header));
	header->bytes = cpu_to_le16(EXTENT_HEADER);
	fill->leaf[fill->nr++] = leaf;
	fill->group = 0;
}

/* @limit: bytes after which the second leaf is begun; later ones are filled. */
void kmemp_ext_fill_init(struct kmemp_ext_fill *fill, struct extent *extent,
			 struct kmemp_ext_dirty *leaf, u32 limit)
{
	fill->extent = extent;
	fill->limit = limit;
	fill->nr = 0;
	begin(fill, leaf);
}

static struct kmemp_extent_group *group_of(struct kmemp_ext_fill *fill)
{
	return (void *)(fill->leaf[fill->nr - 1]->raw + fill->group);
}

static bool same_group(struct kmemp_ext_fill *fill,
		       const struct kmemp_ext_item *item)
{
	return fill->group &&
	       le64_to_cpu(group_of(fill)->object) == item->key.object;
}

/* Room for an item: in this leaf, or in the next one. */
static int make_room(struct kmemp_ext_fill *fill,
		     const struct kmemp_ext_item *item)
{
	struct kmemp_ext_dirty *leaf = fill->leaf[fill->nr - 1];
	u32 limit = fill->nr == 1 ? fill->limit : KMEMP_EXTENT_BLOCK;
	u32 bytes = kmemp_ext_node_bytes(leaf->raw);
	int ret;

	if (!same_group(fill, item))
		bytes += GROUP_BYTES;
	if (!fill->group || bytes + item->size <= limit)
		return 0;
	if (WARN_ON_ONCE(fill->nr == ARRAY_SIZE(fill->leaf)))
		return -EUCLEAN;
	ret = kmemp_ext_dirty_get(fill->extent, 0, &leaf);
	if (!ret)
		begin(fill, leaf);
	return ret;
}

static void add_one(__le16 *nr)
{
	*nr = cpu_to_le16(le16_to_cpu(*nr) + 1);
}

int kmemp_ext_fill_add(struct kmemp_ext_fill *fill,
		       const struct kmemp_ext_item *item)
{
	struct kmemp_extent_node *header;
	struct kmemp_extent_group *group;
	u32 bytes;
	int ret;

	ret = make_room(fill, item);
	if (ret)
		return ret;
	header = to_header(fill->leaf[fill->nr - 1]);
	bytes = le16_to_cpu(header->bytes);
	if (!same_group(fill, item)) {
		fill->group = bytes;
		group = group_of(fill);
		memset(group, 0, sizeof(*group));
		group->object = cpu_to_le64(item->key.object);
		add_one(&header->nr);
		bytes += GROUP_BYTES;
	}
	group = group_of(fill);
	add_one(item->key.kind ? &group->nr_records : &group->nr_extents);
	memcpy((u8 *)header + bytes, item->data, item->size);
	header->bytes = cpu_to_le16(bytes + item->size);
	fill->leaf[fill->nr - 1]->last = item->key;
	return 0;
}
