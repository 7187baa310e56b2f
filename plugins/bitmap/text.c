// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of the format's own structures.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "bitmap.h"

/**
 * struct text - a dump
 * @bitmap: what is dumped
 * @findings: where it goes
 * @seen: bit per page that was entered, so that the walk ends whatever stands
 *	there
 */
struct text {
	struct bitmap *bitmap;
	const struct kmemp_findings *findings;
	u64 *seen;
};

static bool enter(const struct text *text, u64 page, u32 depth)
{
	u64 bit = 1ULL << page % 64;

	if (!kmemp_bm_page_valid(text->bitmap, page) ||
	    text->seen[page / 64] & bit) {
		kmemp_say(text->findings, "%*spage %llu: cannot be, or was there before",
			  2 * (int)depth, "", page);
		return false;
	}
	text->seen[page / 64] |= bit;
	return true;
}

/* Slots of a page, in turn; what is damaged is the check's to tell. */
static u64 next_slot(const struct text *text, u64 page, u32 i, __le64 *line)
{
	u64 slot;

	if (kmemp_bm_line_slot(text->bitmap, page, i, line, &slot))
		return 0;
	return slot;
}

static u32 count_slots(const struct text *text, u64 page)
{
	__le64 line[KMEMP_LINE_WORDS];
	u32 i, nr = 0;

	for (i = 0; i < KMEMP_BITMAP_SLOTS; i++)
		nr += !!next_slot(text, page, i, line);
	return nr;
}

/* Down at most seven pages. */
static void say_tree(const struct text *text, u32 leaf_bits, u64 page,
		     u32 level, u32 depth, u64 first)
{
	u32 shift = leaf_bits + 9 * (level ? level - 1 : 0), i;
	__le64 line[KMEMP_LINE_WORDS];

	if (!enter(text, page, depth))
		return;
	if (!level && leaf_bits == BITMAP_OBJECT_LEAF_BITS) {
		kmemp_say(text->findings, "%*sleaf at page %llu: objects from %llu",
			  2 * (int)depth, "", page, first);
		return;
	}
	kmemp_say(text->findings, "%*s%s at page %llu: level %u, %u slots, from %llu",
		  2 * (int)depth, "", level ? "node" : "leaf", page, level,
		  count_slots(text, page), first);
	for (i = 0; level && i < KMEMP_BITMAP_SLOTS; i++) {
		u64 slot = next_slot(text, page, i, line);

		if (kmemp_slot_flags(slot) == KMEMP_BITMAP_CHILD)
			say_tree(text, leaf_bits, kmemp_slot_page(slot),
				 level - 1, depth + 1, first | (u64)i << shift);
	}
}

/* Trees that the check calls damaged are not entered. */
static void say_root(const struct text *text, u32 leaf_bits, u64 slot,
		     u32 depth)
{
	struct kmemp_bm_tree tree;

	if (!kmemp_bm_tree_decode(text->bitmap, slot, leaf_bits, &tree) &&
	    tree.height)
		say_tree(text, leaf_bits, tree.root, tree.height - 1, depth, 0);
}

static void say_trie(const struct text *text, u64 page, u32 depth)
{
	__le64 line[KMEMP_LINE_WORDS];
	u32 i;

	if (!enter(text, page, depth))
		return;
	kmemp_say(text->findings, "%*strie at page %llu: %u slots", 2 * (int)depth,
		  "", page, count_slots(text, page));
	for (i = 0; depth < KMEMP_BITMAP_DEPTH && i < KMEMP_BITMAP_SLOTS; i++) {
		u64 slot = next_slot(text, page, i, line);

		if (kmemp_slot_flags(slot) == KMEMP_BITMAP_CHILD)
			say_trie(text, kmemp_slot_page(slot), depth + 1);
	}
}

static int say_object(const struct text *text, u64 id)
{
	struct kmemp_bm_object object;
	int ret = kmemp_bm_object_load(text->bitmap, false, id, &object);

	if (ret)
		return ret;
	kmemp_say(text->findings, "object %llu: %llu pages, %llu records", id,
		  object.nr_pages, object.nr_records);
	say_root(text, BITMAP_MAP_LEAF_BITS, object.map, 1);
	if (kmemp_slot_flags(object.records) == KMEMP_BITMAP_CHILD)
		say_trie(text, kmemp_slot_page(object.records), 1);
	else if (object.records)
		kmemp_say(text->findings, "  records: chain from page %llu, cell %u",
			  kmemp_slot_page(object.records),
			  kmemp_slot_tag(object.records));
	return 0;
}

static int say_all(const struct text *text)
{
	const struct kmemp_findings *findings = text->findings;
	struct bitmap *bitmap = text->bitmap;
	struct kmemp_bitmap_anchor anchor;
	u64 i, id;
	int ret;

	ret = kmemp_bm_anchor_read(bitmap, false, &anchor);
	if (ret)
		return ret;
	kmemp_say(findings, "newest batch: %llu, epoch %llu",
		  bitmap->ring.sequence - 1, bitmap->ring.epoch);
	kmemp_say(findings, "anchor: page %llu; first page of cells with room: %llu",
		  bitmap->anchor_pos >> KMEMP_PAGE_SHIFT, le64_to_cpu(anchor.cells));
	kmemp_say(findings, "used pages: %llu, of data: %llu; objects: %llu",
		  le64_to_cpu(anchor.used_pages), le64_to_cpu(anchor.data_pages),
		  le64_to_cpu(anchor.nr_objects));
	for (i = 0; i < bitmap->nr_bit_pages; i++)
		kmemp_say(findings, "page bitmap at page %llu: from page %llu",
			  bitmap->bit_pages[i], i * KMEMP_BITMAP_PAGE_BITS);
	kmemp_say(findings, "tree of objects:");
	say_root(text, BITMAP_OBJECT_LEAF_BITS, le64_to_cpu(anchor.objects), 1);
	for (id = 0; !(ret = kmemp_bm_object_next(bitmap, false, &id)); id++) {
		ret = say_object(text, id);
		if (ret)
			return ret;
	}
	return ret == -ENOENT ? 0 : ret;
}

/* See struct kmemp_format_ops. */
int kmemp_bm_describe(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings)
{
	struct text text = {
		.bitmap = kmemp_pool_private(pool),
		.findings = findings,
	};
	int ret;

	text.seen = kvcalloc(DIV_ROUND_UP(kmemp_pool_pages(pool), 64ULL),
			     sizeof(u64), GFP_KERNEL);
	if (!text.seen)
		return -ENOMEM;
	ret = kmemp_ring_describe(&text.bitmap->ring, findings);
	if (!ret)
		ret = say_all(&text);
	kvfree(text.seen);
	return ret;
}
