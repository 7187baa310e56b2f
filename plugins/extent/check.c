// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of everything that the format has on the medium, read only.
 *
 * Every block and page that is reached is noted; one that is reached twice is
 * reported. Damage is reported by kmemp_ext_damaged(), and the walk goes on
 * beside it. In the end the counts have to agree.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "extent.h"

#define ALL		((1ULL << KMEMP_EXTENT_BLOCKS) - 1)
#define WORD_PAGES	(64 / KMEMP_EXTENT_BLOCKS)

/**
 * struct check - a verification
 * @walk: through the tree
 * @seen: a bit per block that was reached; of a page of data, all
 * @nr_extents: found
 * @nr_records: found
 * @data_pages: found
 * @any: there was an item before
 * @last: position of that
 * @name: of it
 */
struct check {
	struct kmemp_ext_walk walk;
	u64 *seen;
	u64 nr_extents;
	u64 nr_records;
	u64 data_pages;
	bool any;
	struct kmemp_ext_pos last;
	u8 name[KMEMP_MAX_NAME];
};

/* Reach blocks of a page; false where one was reached before. */
static bool reach(struct check *check, u64 page, u64 blocks)
{
	u64 *word = &check->seen[page / WORD_PAGES];
	u32 shift = page % WORD_PAGES * KMEMP_EXTENT_BLOCKS;
	bool free = !(*word >> shift & blocks);

	*word |= blocks << shift;
	return free;
}

static void reach_block(struct check *check, u64 block)
{
	if (!reach(check, kmemp_ext_block_page(block),
		   1ULL << block % KMEMP_EXTENT_BLOCKS))
		kmemp_ext_damaged(check->walk.extent, "block with two owners",
				  block, block);
}

static void check_extent(struct check *check,
			 const struct kmemp_ext_item *item, u64 block)
{
	struct kmemp_extent found;
	u64 twice = 0, i;

	kmemp_ext_extent_decode(item, &found);
	check->nr_extents++;
	check->data_pages += found.count;
	for (i = 0; i < found.count; i++)
		twice += !reach(check, found.page + i, ALL);
	if (twice)
		kmemp_ext_damaged(check->walk.extent,
				  "extent of pages with two owners", block,
				  found.page);
}

/* Within a leaf the order was looked at when it was read. */
static void check_order(struct check *check, const struct kmemp_ext_item *item,
			u64 block)
{
	if (check->any && kmemp_ext_item_order(item, &check->last) <= 0)
		kmemp_ext_damaged(check->walk.extent, "order of leaves", block,
				  item->key.object);
}

static void keep_last(struct check *check, const struct kmemp_ext_item *item)
{
	kmemp_ext_item_pos(item, &check->last);
	if (check->last.name_len)
		memcpy(check->name, check->last.name, check->last.name_len);
	check->last.name = check->name;
	check->any = true;
}

static int check_node(struct kmemp_ext_walk *walk,
		      const struct kmemp_ext_ref *ref, u32 level,
		      const void *node)
{
	struct check *check = container_of(walk, struct check, walk);
	const struct kmemp_extent_node *header = node;
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	bool first = true;

	reach_block(check, ref->block);
	if (le64_to_cpu(header->epoch) > kmemp_pool_epoch(walk->extent->pool))
		kmemp_ext_damaged(walk->extent, "epoch of a node", ref->block,
				  le64_to_cpu(header->epoch));
	if (level)
		return 0;
	kmemp_ext_iter_init(&iter, node);
	while (kmemp_ext_iter_next(&iter, &item)) {
		if (first)
			check_order(check, &item, ref->block);
		first = false;
		if (item.key.kind)
			check->nr_records++;
		else
			check_extent(check, &item, ref->block);
	}
	keep_last(check, &item);
	return 0;
}

static int check_value(struct kmemp_ext_walk *walk,
		       const struct kmemp_ext_ref *ref, u32 len)
{
	reach_block(container_of(walk, struct check, walk), ref->block);
	return 0;
}

static void expect(const struct extent *extent, const char *what, u64 found,
		   u64 expected)
{
	if (found != expected)
		kmemp_ext_damaged(extent, what, 0, found);
}

static int check_all(struct check *check)
{
	struct extent *extent = check->walk.extent;
	const struct kmemp_ext_root *root = &extent->root;
	int ret;

	if (extent->dropped)
		kmemp_report(extent->findings, KMEMP_NOTE, 0,
			     KMEMP_SB_ROOT_OFFSET,
			     "the newest batch was torn by a crash, and is left out");
	if (!extent->slot.mirrored)
		kmemp_report(extent->findings, KMEMP_MENDED, 0,
			     KMEMP_SB_ROOT_OFFSET,
			     "the root slots differ from their copy; the next bind writes them anew");
	reach(check, 0, ALL);
	reach(check, kmemp_pool_pages(extent->pool) - 1, ALL);
	ret = kmemp_ext_walk(&check->walk);
	/* More blocks than the root says: it has been reported. */
	if (ret)
		return ret == -EUCLEAN ? 0 : ret;
	expect(extent, "count of blocks", check->walk.nr_blocks,
	       root->nr_blocks);
	expect(extent, "count of extents", check->nr_extents,
	       root->nr_extents);
	expect(extent, "count of records", check->nr_records,
	       root->nr_records);
	expect(extent, "count of data pages", check->data_pages,
	       root->data_pages);
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_ext_check(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings)
{
	struct extent *extent = kmemp_pool_private(pool);
	u64 words = kmemp_pool_pages(pool) / WORD_PAGES + 1;
	struct check *check;
	int ret = -ENOMEM;

	check = kzalloc(sizeof(*check), GFP_KERNEL);
	if (!check)
		return -ENOMEM;
	check->walk.extent = extent;
	check->walk.root = &extent->root;
	check->walk.values = true;
	check->walk.on = true;
	check->walk.node = check_node;
	check->walk.value = check_value;
	check->seen = kvcalloc(words, sizeof(u64), GFP_KERNEL);
	if (check->seen) {
		extent->findings = findings;
		ret = check_all(check);
		extent->findings = NULL;
	}
	kvfree(check->seen);
	kfree(check);
	return ret;
}
