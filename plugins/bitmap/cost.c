// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch may take: metadata pages (in hand before it is queued), lines of
 * the patch (DRAM in hand before it is committed), bytes of the ring.
 *
 * The bounds look at the changes alone. The pages of a map that two changes in
 * a row of one object share are counted once: so that a clone of consecutive 2
 * MiB extents costs a page per GiB and not five each.
 *
 * Both are bounded: a batch may take up to @standing pages and @most_weight lines,
 * and what it frees takes FREE_LINES at most (1024 extents, 2^18 pages). All of
 * it fits into the patch and, at some 24 bytes for a line that is not part of a
 * run, into an entry of the ring.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "bitmap.h"

#define LEAF		KMEMP_BITMAP_SLOTS
#define LEAF_LINES	(KMEMP_PAGE_SIZE / KMEMP_LINE_SIZE)
/* A new page is a page to zero, a slot that names it, its bit, a neighbour. */
#define NEW_PAGE_LINES	4u
/* The way to a new object's line, and what growth puts above the old tree. */
#define OBJECT_PAGES	(2 * KMEMP_BITMAP_OBJECT_HEIGHT - 1)
#define GROW_PAGES	(KMEMP_BITMAP_MAP_HEIGHT - 1)
/* A page of cells, and a trie down to the record. */
#define RECORD_PAGES	(1 + KMEMP_BITMAP_DEPTH)
/* Links of a chain that is spread, in every page of the trie. */
#define RECORD_LINES	(2 * KMEMP_BITMAP_DEPTH * (KMEMP_BITMAP_CHAIN + 1))
/* Anchor, object, and the like. */
#define FEW_LINES	8u

struct cost {
	u64 pages;
	u64 lines;
};

static void new_pages(struct cost *cost, u64 nr)
{
	cost->pages += nr;
	cost->lines += nr * NEW_PAGE_LINES;
}

/* Pages of a map above which two offsets part. */
static u32 pages_apart(u64 a, u64 b)
{
	u32 nr = 0;

	while (nr < KMEMP_BITMAP_MAP_HEIGHT && a >> 9 != b >> 9) {
		nr++;
		a >>= 9;
		b >>= 9;
	}
	return nr;
}

/* Slots of the leaves at both ends, whether they are split or written. */
static void leaf_lines(struct cost *cost, const struct kmemp_extent *extent)
{
	u64 last = extent->offset + extent->count - 1;

	cost->lines += LEAF_LINES;
	if (extent->offset / LEAF != last / LEAF)
		cost->lines += LEAF_LINES;
}

/*
 * @near: last offset of the change before it, if that was of the same object.
 * In the middle of a long extent each page above the leaves has its own slots.
 */
static void map_cost(struct cost *cost, const struct kmemp_extent *extent,
		     const u64 *near)
{
	u64 last = extent->offset + extent->count - 1;

	if (near)
		new_pages(cost, pages_apart(*near, extent->offset));
	else
		new_pages(cost, KMEMP_BITMAP_MAP_HEIGHT + GROW_PAGES);
	new_pages(cost, pages_apart(extent->offset, last));
	new_pages(cost, (last >> 18) - (extent->offset >> 18));
	leaf_lines(cost, extent);
	/* Slots of 2 MiB; bits of the pages. */
	cost->lines += extent->count / LEAF / KMEMP_LINE_WORDS + 2;
	cost->lines += extent->count / KMEMP_BITMAP_LINE_BITS + 2;
}

/*
 * Return whether the way to the object has been counted: once for changes in a
 * row, but by none that deletes, since that may find no object.
 */
static bool change_cost(struct cost *cost, const struct kmemp_change *change,
			const struct kmemp_change *last, bool counted)
{
	bool same = last && last->object == change->object;
	u64 near;

	counted &= same;
	cost->lines += FEW_LINES;
	switch (change->op) {
	case KMEMP_MAP:
		same &= last && last->op == KMEMP_MAP;
		near = same ? last->extent.offset + last->extent.count - 1 : 0;
		map_cost(cost, &change->extent, same ? &near : NULL);
		break;
	case KMEMP_UNMAP:
		/* A leaf at each end, where a large slot is split. */
		new_pages(cost, 2);
		leaf_lines(cost, &change->extent);
		return counted;
	case KMEMP_PUT_RECORD:
		new_pages(cost, RECORD_PAGES);
		cost->lines += RECORD_LINES +
			       (change->record.name_len +
				change->record.value_len) / KMEMP_LINE_SIZE + 2;
		break;
	case KMEMP_DEL_RECORD:
		return counted;
	case KMEMP_REMOVE:
		return false;
	}
	if (!counted)
		new_pages(cost, OBJECT_PAGES);
	return true;
}

static struct cost batch_cost(const struct kmemp_change *changes,
			      u32 nr_changes)
{
	struct cost cost = {};
	bool counted = false;
	u32 i;

	for (i = 0; i < nr_changes; i++)
		counted = change_cost(&cost, &changes[i],
				      i ? &changes[i - 1] : NULL, counted);
	return cost;
}

/* See struct kmemp_format_ops. */
u32 kmemp_bm_reserve(const struct kmemp_change *changes, u32 nr_changes)
{
	return min_t(u64, batch_cost(changes, nr_changes).pages, U32_MAX);
}

/* See struct kmemp_format_ops; in lines. */
u32 kmemp_bm_weight(const struct kmemp_change *changes, u32 nr_changes)
{
	return min_t(u64, batch_cost(changes, nr_changes).lines, U32_MAX);
}

/*
 * Lines that freeing takes: bits of data and of leaves, the slots that named
 * them, on each level above; cells and links of records.
 */
static u64 free_lines(const struct kmemp_batch *batch)
{
	return 2 * (u64)batch->nr_freed + batch->nr_touched * 10ULL +
	       batch->touched_pages / KMEMP_BITMAP_LINE_BITS +
	       batch->touched_pages / LEAF * 2;
}

/* See struct kmemp_format_ops. */
int kmemp_bm_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	struct cost cost = batch_cost(batch->changes, batch->nr_changes);
	u64 lines = cost.lines + free_lines(batch) + batch->nr_taken * 2 +
		    FEW_LINES;

	/* The ring has room for the largest entry, the patch for these lines. */
	if (bitmap->ring.used > KMEMP_RING_BYTES - KMEMP_RING_MAX_ENTRY ||
	    lines > KMEMP_PATCH_LINES - bitmap->patch.nr)
		kmemp_ring_retire(&bitmap->ring, &bitmap->patch, &bitmap->root);
	return kmemp_patch_prepare(&bitmap->patch, lines);
}
