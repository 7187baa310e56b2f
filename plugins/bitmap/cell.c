// SPDX-License-Identifier: GPL-2.0
/*
 * Cells: lines that records lie in, shared by all objects.
 *
 * The first line of a page of cells says which are used. Pages that have free
 * ones are in a list that begins at the anchor. A record takes consecutive
 * cells of one page: the first few pages of the list are tried, then a new page
 * is put before them.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "bitmap.h"

/* Pages of the list that are tried before a new one is taken. */
#define TRIES	8u

#define ALL_CELLS	(~0ULL)
#define NO_CELLS	1ULL

static u64 mask_of(u32 cell, u32 nr)
{
	return ((1ULL << nr) - 1) << cell;
}

int kmemp_bm_cells_read(const struct bitmap *bitmap, bool staged, u64 page,
			struct kmemp_bitmap_cells *cells)
{
	u64 pos = kmemp_bm_pos(page, 0);
	int ret;

	ret = kmemp_bm_read_line(bitmap, staged, pos, cells, "page of cells");
	if (ret)
		return ret;
	if (!(le64_to_cpu(cells->used) & NO_CELLS) ||
	    (cells->prev && !kmemp_bm_page_valid(bitmap,
						 le64_to_cpu(cells->prev))) ||
	    (cells->next && !kmemp_bm_page_valid(bitmap,
						 le64_to_cpu(cells->next))) ||
	    memchr_inv(cells->reserved, 0, sizeof(cells->reserved)))
		return kmemp_bm_damaged(bitmap, "page of cells", pos,
					le64_to_cpu(cells->used));
	return 0;
}

static int cells_write(struct bitmap *bitmap, u64 page,
		       struct kmemp_bitmap_cells *cells)
{
	return kmemp_bm_write_line(bitmap, kmemp_bm_pos(page, 0), cells);
}

/* Let the neighbour @page of the list point back to @prev. */
static int set_prev(struct bitmap *bitmap, u64 page, u64 prev)
{
	struct kmemp_bitmap_cells cells;
	int ret;

	if (!page)
		return 0;
	ret = kmemp_bm_cells_read(bitmap, true, page, &cells);
	if (ret)
		return ret;
	cells.prev = cpu_to_le64(prev);
	return cells_write(bitmap, page, &cells);
}

static int list_add(struct bitmap *bitmap, u64 page,
		    struct kmemp_bitmap_cells *cells)
{
	cells->prev = 0;
	cells->next = bitmap->anchor.cells;
	bitmap->anchor.cells = cpu_to_le64(page);
	return set_prev(bitmap, le64_to_cpu(cells->next), page);
}

static int list_del(struct bitmap *bitmap, struct kmemp_bitmap_cells *cells)
{
	u64 prev = le64_to_cpu(cells->prev), next = le64_to_cpu(cells->next);
	struct kmemp_bitmap_cells before;
	int ret;

	if (prev) {
		ret = kmemp_bm_cells_read(bitmap, true, prev, &before);
		if (ret)
			return ret;
		before.next = cells->next;
		ret = cells_write(bitmap, prev, &before);
		if (ret)
			return ret;
	} else {
		bitmap->anchor.cells = cells->next;
	}
	cells->prev = 0;
	cells->next = 0;
	return set_prev(bitmap, next, prev);
}

/* First of @nr free consecutive cells, 0 for none. */
static u32 find_free(u64 used, u32 nr)
{
	u32 cell;

	for (cell = 1; cell + nr <= KMEMP_BITMAP_LINES; cell++)
		if (!(used & mask_of(cell, nr)))
			return cell;
	return 0;
}

/* A page with room, in the list, and its first line. */
static int find_page(struct bitmap *bitmap, u32 nr, u64 *page,
		     struct kmemp_bitmap_cells *cells)
{
	u32 tries;
	int ret;

	*page = le64_to_cpu(bitmap->anchor.cells);
	for (tries = 0; *page && tries < TRIES; tries++) {
		if (!kmemp_bm_page_valid(bitmap, *page))
			return kmemp_bm_damaged(bitmap, "list of cells", 0,
						*page);
		ret = kmemp_bm_cells_read(bitmap, true, *page, cells);
		if (ret)
			return ret;
		if (find_free(le64_to_cpu(cells->used), nr))
			return 0;
		*page = le64_to_cpu(cells->next);
	}
	ret = kmemp_bm_page_get(bitmap, page);
	if (ret)
		return ret;
	memset(cells, 0, sizeof(*cells));
	cells->used = cpu_to_le64(NO_CELLS);
	return list_add(bitmap, *page, cells);
}

/* Take @nr consecutive cells, at most 63. */
int kmemp_bm_cells_get(struct bitmap *bitmap, u32 nr, u64 *page, u32 *cell)
{
	struct kmemp_bitmap_cells cells;
	u64 used;
	int ret;

	ret = find_page(bitmap, nr, page, &cells);
	if (ret)
		return ret;
	used = le64_to_cpu(cells.used);
	*cell = find_free(used, nr);
	used |= mask_of(*cell, nr);
	cells.used = cpu_to_le64(used);
	if (used == ALL_CELLS) {
		ret = list_del(bitmap, &cells);
		if (ret)
			return ret;
	}
	return cells_write(bitmap, *page, &cells);
}

/* Give cells back. */
int kmemp_bm_cells_put(struct bitmap *bitmap, u64 page, u32 cell, u32 nr)
{
	struct kmemp_bitmap_cells cells;
	u64 used;
	bool full;
	int ret;

	ret = kmemp_bm_cells_read(bitmap, true, page, &cells);
	if (ret)
		return ret;
	used = le64_to_cpu(cells.used);
	full = used == ALL_CELLS;
	if ((used & mask_of(cell, nr)) != mask_of(cell, nr))
		return kmemp_bm_damaged(bitmap, "cell not in use",
					kmemp_bm_pos(page, 0), used);
	used &= ~mask_of(cell, nr);
	cells.used = cpu_to_le64(used);
	if (used == NO_CELLS) {
		ret = full ? 0 : list_del(bitmap, &cells);
		return ret ?: kmemp_bm_page_put(bitmap, page);
	}
	if (full) {
		ret = list_add(bitmap, page, &cells);
		if (ret)
			return ret;
	}
	return cells_write(bitmap, page, &cells);
}
