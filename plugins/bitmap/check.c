// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of everything that the format has on the medium, read only.
 *
 * Each page that is reached is noted; one that is reached twice is reported and
 * not entered again, so that the walk ends whatever stands there. In the end
 * the pages reached and the page bitmap have to agree. Damage is reported by
 * kmemp_bm_damaged(), and the walk goes on beside it.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bitmap.h"

/**
 * struct check - a verification
 * @bitmap: what is verified
 * @seen: bit per page that was reached
 * @cell_pages: bit per page of cells that was reached
 * @used_pages: bits set in @seen
 * @data_pages: of those, mapped
 * @nr_objects: objects found
 * @cells_used: cells that the pages of cells say are used
 * @cells_reached: cells that records were found in
 * @pages_with_room: pages of cells with a free one
 * @object: object being looked at
 * @pages: mapped pages of it found
 * @records: records of it found
 * @findings: where to report
 * @seen_by: what @bitmap reports to: counts losses, and passes them on
 * @nr_lost: findings that nothing here mends; what is counted beside them counts
 *	for nothing
 * @mend: what is mendable is mended; NULL for a check
 */
struct check {
	struct bitmap *bitmap;
	u64 *seen;
	u64 *cell_pages;
	u64 used_pages;
	u64 data_pages;
	u64 nr_objects;
	u64 cells_used;
	u64 cells_reached;
	u64 pages_with_room;
	struct kmemp_bm_object object;
	u64 pages;
	u64 records;
	const struct kmemp_findings *findings;
	struct kmemp_findings seen_by;
	u64 nr_lost;
	struct kmemp_bm_mend *mend;
};

static void take_finding(void *arg, enum kmemp_severity severity, u64 object,
			 u64 pos, const char *text)
{
	struct check *check = arg;
	const struct kmemp_findings *findings = check->findings;

	check->nr_lost += severity > KMEMP_MENDED;
	findings->finding(findings->arg, severity, object, pos, text);
}

/* Wrong, and known better: from here on a repair may put it right. */
static void mendable(struct check *check, const char *what, u64 pos, u64 found)
{
	if (check->nr_lost) {
		kmemp_bm_damaged(check->bitmap, what, pos, found);
		return;
	}
	kmemp_report(&check->seen_by, KMEMP_MENDED, check->bitmap->object, pos,
		     "%s: found %llu", what, found);
}

static bool test_bit64(const u64 *bits, u64 bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

static void set_bit64(u64 *bits, u64 bit)
{
	bits[bit / 64] |= 1ULL << bit % 64;
}

/* Reach a page: false where it was before, or cannot be. */
static bool reach(struct check *check, u64 page, u64 from)
{
	if (page >= kmemp_pool_pages(check->bitmap->pool)) {
		kmemp_bm_damaged(check->bitmap, "page outside the pool", from,
				 page);
		return false;
	}
	if (test_bit64(check->seen, page)) {
		kmemp_bm_damaged(check->bitmap, "page with two owners", from,
				 page);
		return false;
	}
	set_bit64(check->seen, page);
	check->used_pages++;
	return true;
}

static void reach_run(struct check *check, u64 page, u64 count, u64 from)
{
	for (; count; count--, page++)
		if (reach(check, page, from))
			check->data_pages++;
}

/* A count that can be made anew. */
static bool count_wrong(struct check *check, const char *what, u64 pos,
			u64 found, u64 said)
{
	if (found == said)
		return false;
	mendable(check, what, pos, said);
	return !check->nr_lost;
}

/* Counts differ: say which, and by how much. */
static void expect(struct check *check, const char *what, u64 pos, u64 found,
		   u64 expected)
{
	if (found != expected)
		kmemp_bm_damaged(check->bitmap, what, pos, found);
}

static void check_map_leaf(struct check *check, u64 page)
{
	struct bitmap *bitmap = check->bitmap;
	u64 before = check->pages, slot;
	__le64 line[KMEMP_LINE_WORDS];
	u32 i;

	for (i = 0; i < KMEMP_BITMAP_SLOTS; i++) {
		u64 pos = kmemp_bm_pos(page, i * 8);

		if (kmemp_bm_line_slot(bitmap, page, i, line, &slot) || !slot)
			continue;
		if (kmemp_slot_flags(slot) & ~KMEMP_EXTENT_FLAGS) {
			kmemp_bm_damaged(bitmap, "slot", pos, slot);
			continue;
		}
		reach_run(check, kmemp_slot_page(slot), 1, pos);
		check->pages++;
	}
	if (check->pages == before)
		kmemp_bm_damaged(bitmap, "empty page", kmemp_bm_pos(page, 0), 0);
}

static int check_object(struct check *check, u64 pos, u64 id);

static void check_object_leaf(struct check *check, u64 page, u64 first)
{
	u32 i;

	for (i = 0; i < KMEMP_BITMAP_LINES; i++)
		check_object(check, kmemp_bm_pos(page, i * KMEMP_LINE_SIZE),
			     first + i);
}

/* Down at most seven pages, each of which is entered once. */
static void check_tree(struct check *check, const struct kmemp_bm_tree *tree,
		       u64 page, u32 level, u64 first, u64 from)
{
	struct bitmap *bitmap = check->bitmap;
	__le64 line[KMEMP_LINE_WORDS];
	bool empty = true;
	u32 i;

	if (!reach(check, page, from))
		return;
	if (!level && tree->leaf_bits == BITMAP_MAP_LEAF_BITS) {
		check_map_leaf(check, page);
		return;
	}
	if (!level) {
		check_object_leaf(check, page, first);
		return;
	}
	for (i = 0; i < KMEMP_BITMAP_SLOTS; i++) {
		u64 pos = kmemp_bm_pos(page, i * 8), slot;
		u32 shift = tree->leaf_bits + 9 * (level - 1);

		if (kmemp_bm_line_slot(bitmap, page, i, line, &slot) || !slot)
			continue;
		empty = false;
		if (kmemp_bm_tree_slot_check(bitmap, tree, level, pos, slot))
			continue;
		if (kmemp_slot_flags(slot) & KMEMP_BITMAP_LARGE) {
			reach_run(check, kmemp_slot_page(slot),
				  KMEMP_BITMAP_SLOTS, pos);
			check->pages += KMEMP_BITMAP_SLOTS;
			continue;
		}
		check_tree(check, tree, kmemp_slot_page(slot), level - 1,
			   first | (u64)i << shift, pos);
	}
	if (empty)
		kmemp_bm_damaged(bitmap, "empty page", kmemp_bm_pos(page, 0), 0);
}

/* The page of cells that a record lies in, when it is first reached. */
static int reach_cells(struct check *check, u64 page, u64 from)
{
	struct kmemp_bitmap_cells cells;
	u64 used;
	int ret;

	if (test_bit64(check->cell_pages, page))
		return 0;
	if (!reach(check, page, from))
		return -EUCLEAN;
	ret = kmemp_bm_cells_read(check->bitmap, false, page, &cells);
	if (ret)
		return ret;
	set_bit64(check->cell_pages, page);
	for (used = le64_to_cpu(cells.used); used; used &= used - 1)
		check->cells_used++;
	check->cells_used--;
	if (~le64_to_cpu(cells.used))
		check->pages_with_room++;
	return 0;
}

/* A record's cells are used, and its page is one of cells. */
static int check_cells(struct check *check, const struct kmemp_bm_record *record)
{
	u64 page = record->pos >> KMEMP_PAGE_SHIFT;
	u32 cell = record->pos % KMEMP_PAGE_SIZE / KMEMP_LINE_SIZE;
	u64 mask = ((1ULL << record->nr_cells) - 1) << cell;
	struct kmemp_bitmap_cells cells;
	int ret;

	ret = reach_cells(check, page, record->pos);
	if (!ret)
		ret = kmemp_bm_cells_read(check->bitmap, false, page, &cells);
	if (ret)
		return ret;
	if ((le64_to_cpu(cells.used) & mask) != mask)
		return kmemp_bm_damaged(check->bitmap, "cell not in use",
					record->pos, le64_to_cpu(cells.used));
	check->cells_reached += record->nr_cells;
	return 0;
}

/* A chain behind @index of a trie's page, or the object's only one. */
static void check_chain(struct check *check, u64 slot, u32 depth, u32 index)
{
	struct bitmap *bitmap = check->bitmap;
	struct kmemp_bm_record record, last = {};

	while (slot) {
		if (kmemp_bm_record_load(bitmap, false, slot, &record))
			return;
		if (record.object != check->object.id ||
		    (depth && kmemp_bm_record_digit(record.kind, record.hash,
						    depth - 1) != index)) {
			kmemp_bm_damaged(bitmap, "place of a record", record.pos,
					 record.object);
			return;
		}
		/* Ascending, so that it ends. */
		if ((last.pos && kmemp_bm_record_order(bitmap, false, &last,
						       &record)) ||
		    check_cells(check, &record))
			return;
		check->records++;
		last = record;
		slot = record.next;
	}
}

static void check_trie(struct check *check, u64 slot, u32 depth, u64 from)
{
	struct bitmap *bitmap = check->bitmap;
	u64 page = kmemp_slot_page(slot);
	__le64 line[KMEMP_LINE_WORDS];
	bool empty = true;
	u32 i;

	if (depth == KMEMP_BITMAP_DEPTH) {
		kmemp_bm_damaged(bitmap, "depth of a trie", from, slot);
		return;
	}
	if (!reach(check, page, from))
		return;
	for (i = 0; i < KMEMP_BITMAP_SLOTS; i++) {
		u64 pos = kmemp_bm_pos(page, i * 8);

		if (kmemp_bm_line_slot(bitmap, page, i, line, &slot) || !slot)
			continue;
		empty = false;
		if (kmemp_slot_flags(slot) == KMEMP_BITMAP_CHILD)
			check_trie(check, slot, depth + 1, pos);
		else
			check_chain(check, slot, depth + 1, i);
	}
	if (empty)
		kmemp_bm_damaged(bitmap, "empty page", kmemp_bm_pos(page, 0), 0);
}

/* A line of the object tree, used or not. */
static int check_object(struct check *check, u64 pos, u64 id)
{
	struct bitmap *bitmap = check->bitmap;
	struct kmemp_bm_object *object = &check->object;
	struct kmemp_bitmap_object disk;
	struct kmemp_bm_tree tree;
	bool wrong;
	int ret;

	ret = kmemp_bm_read(bitmap, false, pos, &disk, sizeof(disk));
	if (!ret && !memchr_inv(&disk, 0, sizeof(disk)))
		return 0;
	if (!ret)
		ret = kmemp_bm_read_line(bitmap, false, pos, &disk, "object");
	if (!ret)
		ret = kmemp_bm_object_decode(bitmap, pos, &disk, object);
	if (!ret && object->id != id)
		ret = kmemp_bm_damaged(bitmap, "object", pos, object->id);
	if (ret)
		return ret;
	check->nr_objects++;
	bitmap->object = id;
	check->pages = 0;
	check->records = 0;
	if (!kmemp_bm_tree_decode(bitmap, object->map, BITMAP_MAP_LEAF_BITS,
				  &tree) && tree.height)
		check_tree(check, &tree, tree.root, tree.height - 1, 0, pos);
	if (object->records && !kmemp_slot_valid(object->records))
		kmemp_bm_damaged(bitmap, "object's records", pos,
				 object->records);
	else if (kmemp_slot_flags(object->records) == KMEMP_BITMAP_CHILD)
		check_trie(check, object->records, 0, pos);
	else
		check_chain(check, object->records, 0, 0);
	wrong = count_wrong(check, "object's count of pages", pos,
			    check->pages, object->nr_pages);
	wrong |= count_wrong(check, "object's count of records", pos,
			     check->records, object->nr_records);
	if (wrong && check->mend)
		kmemp_bm_mend_object(bitmap, check->mend, pos, check->pages,
				     check->records);
	bitmap->object = 0;
	return 0;
}

/* The list holds every page of cells with room, once. */
static void check_list(struct check *check, u64 page)
{
	struct bitmap *bitmap = check->bitmap;
	u64 nr = 0, prev = 0;

	while (page) {
		struct kmemp_bitmap_cells cells;
		u64 pos = kmemp_bm_pos(page, 0);

		if (!kmemp_bm_page_valid(bitmap, page) ||
		    !test_bit64(check->cell_pages, page) ||
		    nr++ == check->pages_with_room) {
			kmemp_bm_damaged(bitmap, "list of cells", pos, page);
			return;
		}
		if (kmemp_bm_cells_read(bitmap, false, page, &cells))
			return;
		expect(check, "list of cells, back", pos,
		       le64_to_cpu(cells.prev), prev);
		prev = page;
		page = le64_to_cpu(cells.next);
	}
	expect(check, "length of the list of cells", 0, nr,
	       check->pages_with_room);
}

static void leaked(struct check *check, u64 page, u64 count)
{
	if (!count)
		return;
	mendable(check, "pages in use that nothing owns", kmemp_bm_pos(page, 0),
		 count);
	if (check->mend)
		kmemp_bm_mend_bits(check->bitmap, check->mend, page, count,
				   false);
}

/* A used run of the page bitmap: take it out of what was reached. */
static int check_run(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct check *check = arg;
	u64 nr = 0;

	for (; count; count--, page++) {
		if (!test_bit64(check->seen, page)) {
			nr++;
			continue;
		}
		check->seen[page / 64] &= ~(1ULL << page % 64);
		leaked(check, page - nr, nr);
		nr = 0;
	}
	leaked(check, page - nr, nr);
	return 0;
}

static void check_bits(struct check *check)
{
	u64 page, pages = kmemp_pool_pages(check->bitmap->pool);

	if (kmemp_bm_bits_for_each(check->bitmap, check_run, check))
		return;
	for (page = 0; page < pages; page++) {
		if (!test_bit64(check->seen, page))
			continue;
		mendable(check,
			 "page in use, not so in the page bitmap, may hold anything",
			 kmemp_bm_pos(page, 0), page);
		if (check->mend)
			kmemp_bm_mend_bits(check->bitmap, check->mend, page, 1,
					   true);
	}
}

static void check_counts(struct check *check,
			 const struct kmemp_bitmap_anchor *anchor)
{
	struct bitmap *bitmap = check->bitmap;
	bool wrong;

	wrong = count_wrong(check, "count of objects", bitmap->anchor_pos,
			    check->nr_objects, le64_to_cpu(anchor->nr_objects));
	wrong |= count_wrong(check, "count of data pages", bitmap->anchor_pos,
			     check->data_pages,
			     le64_to_cpu(anchor->data_pages));
	wrong |= count_wrong(check, "count of used pages", bitmap->anchor_pos,
			     check->used_pages,
			     le64_to_cpu(anchor->used_pages));
	if (!check->mend)
		return;
	check->mend->staged |= wrong;
	bitmap->anchor.nr_objects = cpu_to_le64(check->nr_objects);
	bitmap->anchor.data_pages = cpu_to_le64(check->data_pages);
	bitmap->anchor.used_pages = cpu_to_le64(check->used_pages);
}

static void check_all(struct check *check)
{
	struct bitmap *bitmap = check->bitmap;
	u64 i, pages = kmemp_pool_pages(bitmap->pool);
	struct kmemp_bitmap_anchor anchor;
	struct kmemp_bm_tree tree;

	if (!bitmap->root.mirrored)
		kmemp_bm_damaged(bitmap, "copy of the root slots",
				 KMEMP_SB_ROOT_OFFSET, 0);
	if (kmemp_bm_anchor_read(bitmap, false, &anchor))
		return;
	reach(check, 0, 0);
	reach(check, pages - 1, 0);
	for (i = 0; i < KMEMP_RING_PAGES; i++)
		reach(check, (bitmap->ring.start >> KMEMP_PAGE_SHIFT) + i, 0);
	reach(check, bitmap->anchor_pos >> KMEMP_PAGE_SHIFT, 0);
	for (i = 0; i < bitmap->nr_bit_pages; i++)
		reach(check, bitmap->bit_pages[i], bitmap->anchor_pos);
	if (!kmemp_bm_tree_decode(bitmap, le64_to_cpu(anchor.objects),
				  BITMAP_OBJECT_LEAF_BITS, &tree) && tree.height)
		check_tree(check, &tree, tree.root, tree.height - 1, 0,
			   bitmap->anchor_pos);
	check_list(check, le64_to_cpu(anchor.cells));
	expect(check, "count of cells", bitmap->anchor_pos, check->cells_used,
	       check->cells_reached);
	check_bits(check);
	check_counts(check, &anchor);
}

/* @mend: NULL for a check. *@nr_lost: what nothing here mends. */
static int run(struct kmemp_pool *pool, const struct kmemp_findings *findings,
	       struct kmemp_bm_mend *mend, u64 *nr_lost)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	u64 words = DIV_ROUND_UP(kmemp_pool_pages(pool), 64ULL);
	struct check *check;
	int ret = -ENOMEM;

	check = kzalloc(sizeof(*check), GFP_KERNEL);
	if (!check)
		return -ENOMEM;
	check->bitmap = bitmap;
	check->findings = findings;
	check->seen_by.finding = take_finding;
	check->seen_by.arg = check;
	check->mend = mend;
	check->seen = kvcalloc(words, sizeof(u64), GFP_KERNEL);
	check->cell_pages = kvcalloc(words, sizeof(u64), GFP_KERNEL);
	if (check->seen && check->cell_pages) {
		bitmap->findings = &check->seen_by;
		check_all(check);
		bitmap->findings = NULL;
		bitmap->object = 0;
		*nr_lost = check->nr_lost;
		ret = 0;
	}
	kvfree(check->cell_pages);
	kvfree(check->seen);
	kfree(check);
	return ret;
}

/* See struct kmemp_format_ops. */
int kmemp_bm_check(struct kmemp_pool *pool, const struct kmemp_findings *findings)
{
	u64 nr_lost;

	return run(pool, findings, NULL, &nr_lost);
}

/* See struct kmemp_format_ops. What a check cannot see to its end has owners. */
int kmemp_bm_repair(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	struct kmemp_bm_mend mend = {};
	u64 nr_lost;
	int ret;

	ret = run(pool, findings, NULL, &nr_lost);
	if (ret || nr_lost)
		return ret;
	ret = kmemp_bm_mend_begin(bitmap, &mend);
	if (!ret)
		ret = run(pool, findings, &mend, &nr_lost);
	return ret ?: kmemp_bm_mend_end(bitmap, &mend);
}
