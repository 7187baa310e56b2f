/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format bitmap: what its files share. See format_bitmap.h for the layout.
 *
 *	main.c		ops: format, open, close, commit, retire
 *	store.c		reading and staging words, metadata pages
 *	bits.c		page bitmap
 *	tree.c		trees of pages
 *	object.c	objects
 *	map.c		maps of objects
 *	cell.c		runs of cells
 *	body.c		what records are made of
 *	chain.c		records: chains and tries
 *	record.c	records of objects
 *	cost.c		what a batch may take
 *	check.c		verification
 *	mend.c		repair
 *	cache.c		where maps begin
 *	text.c		dump
 *
 * "staged" says whether reads see what the batch being built has written:
 * commit says true; lookups, which run beside it, say false.
 */
#ifndef KMEMP_BITMAP_H
#define KMEMP_BITMAP_H

#include <linux/types.h>

#include <kmem_persist/format_bitmap.h>
#include <kmem_persist/plugin.h>
#include <kmem_persist/ring.h>

/* Objects whose maps are kept in mind; a volume is one. */
#define BITMAP_CACHED	64u
/* Objects whose lines commits keep in mind. */
#define BITMAP_KNOWN	16u

/**
 * struct kmemp_bm_cached - the map of an object
 * @state: who may touch the rest, see cache.c
 * @id: the object's
 * @map: as its line has it
 */
struct kmemp_bm_cached {
	u32 state;
	u64 id;
	u64 map;
};

/**
 * struct kmemp_bm_known - where an object's line is
 * @id: the object's, 0 for none
 * @pos: of its line; for as long as the object exists
 */
struct kmemp_bm_known {
	u64 id;
	u64 pos;
};

/**
 * struct bitmap - an open pool of format bitmap
 * @pool: the pool
 * @ring: its redo ring
 * @patch: lines stored into since the ring was retired
 * @root: newest root
 * @anchor_pos: position of the anchor
 * @anchor: while a batch is being built: the anchor as it will be
 * @bit_pages: pages of the page bitmap, in order
 * @nr_bit_pages: how many
 * @bits_pos: position of @bits, 0 where none is at hand
 * @bits: line of the page bitmap that is being changed
 * @batch: the batch that is being built
 * @known: lines of objects that batches have changed, by id
 * @findings: during a check: where damage is reported, instead of refused
 * @object: during a check: the object being looked at
 * @cache: maps that lookups have found
 * @cache_stale: some of it is to be emptied when the commit has stored
 */
struct bitmap {
	struct kmemp_pool *pool;
	struct kmemp_ring ring;
	struct kmemp_patch patch;
	struct kmemp_root root;
	u64 anchor_pos;
	struct kmemp_bitmap_anchor anchor;
	u64 *bit_pages;
	u64 nr_bit_pages;
	u64 bits_pos;
	struct kmemp_bitmap_bits bits;
	struct kmemp_batch *batch;
	struct kmemp_bm_known known[BITMAP_KNOWN];
	const struct kmemp_findings *findings;
	u64 object;
	struct kmemp_bm_cached cache[BITMAP_CACHED];
	bool cache_stale;
};

/* store.c */
int kmemp_bm_damaged(const struct bitmap *bitmap, const char *what, u64 pos,
		     u64 found);
bool kmemp_bm_page_valid(const struct bitmap *bitmap, u64 page);
int kmemp_bm_read(const struct bitmap *bitmap, bool staged, u64 pos, void *dst,
		  size_t len);
int kmemp_bm_write(struct bitmap *bitmap, u64 pos, const void *src, size_t len);
int kmemp_bm_slot_check(const struct bitmap *bitmap, u64 pos, u64 slot);
int kmemp_bm_load_slot(const struct bitmap *bitmap, bool staged, u64 pos,
		       u64 *slot);
int kmemp_bm_line_slot(const struct bitmap *bitmap, u64 page, u32 index,
		       __le64 *line, u64 *slot);
int kmemp_bm_store(struct bitmap *bitmap, u64 pos, u64 word);
int kmemp_bm_read_line(const struct bitmap *bitmap, bool staged, u64 pos,
		       void *line, const char *what);
int kmemp_bm_write_line(struct bitmap *bitmap, u64 pos, void *line);
int kmemp_bm_anchor_read(const struct bitmap *bitmap, bool staged,
			 struct kmemp_bitmap_anchor *anchor);
int kmemp_bm_page_get(struct bitmap *bitmap, u64 *page);
int kmemp_bm_page_put(struct bitmap *bitmap, u64 page);
int kmemp_bm_skip_zeros(const struct bitmap *bitmap, bool staged, u64 page,
			u32 *index);
int kmemp_bm_next_slot(const struct bitmap *bitmap, bool staged, u64 page,
		       u32 *index, u64 *slot);
int kmemp_bm_page_empty(const struct bitmap *bitmap, u64 page, bool *empty);

static inline u64 kmemp_bm_pos(u64 page, u32 offset)
{
	return (page << KMEMP_PAGE_SHIFT) + offset;
}

/* bits.c */
u64 kmemp_bm_bits_pages(u64 pool_pages);
int kmemp_bm_bits_format(struct kmemp_pool *pool, u64 first_page, u64 used);
int kmemp_bm_bits_open(struct bitmap *bitmap, u64 first_page);
int kmemp_bm_bits_change(struct bitmap *bitmap, u64 page, u64 count, bool use);
int kmemp_bm_bits_settle(struct bitmap *bitmap);
int kmemp_bm_bits_for_each(struct bitmap *bitmap, kmemp_used_fn fn, void *arg);

/**
 * struct kmemp_bm_tree - a tree
 * @root: its root page, meaningless at height 0
 * @height: pages from root to leaf, 0 for an empty tree
 * @leaf_bits: bits of the key that its leaves resolve
 */
struct kmemp_bm_tree {
	u64 root;
	u32 height;
	u32 leaf_bits;
};

#define BITMAP_MAP_LEAF_BITS	9u
#define BITMAP_OBJECT_LEAF_BITS	6u
#define BITMAP_MAX_HEIGHT	KMEMP_BITMAP_OBJECT_HEIGHT

/**
 * struct kmemp_bm_path - way from the root of a tree to a leaf
 * @first: first key of the leaf
 * @large: slot that maps the whole leaf's range instead of a leaf, or 0
 * @page: page per level, the leaf's level being 0
 * @index: slot taken in each page above the leaf
 */
struct kmemp_bm_path {
	u64 first;
	u64 large;
	u64 page[BITMAP_MAX_HEIGHT];
	u16 index[BITMAP_MAX_HEIGHT];
};

/* tree.c */
int kmemp_bm_tree_decode(const struct bitmap *bitmap, u64 slot, u32 leaf_bits,
			 struct kmemp_bm_tree *tree);
u64 kmemp_bm_tree_encode(const struct kmemp_bm_tree *tree);
int kmemp_bm_tree_next(const struct bitmap *bitmap, bool staged,
		       const struct kmemp_bm_tree *tree, u64 key,
		       struct kmemp_bm_path *path);
int kmemp_bm_tree_slot_check(const struct bitmap *bitmap,
			     const struct kmemp_bm_tree *tree, u32 level, u64 pos,
			     u64 slot);
int kmemp_bm_tree_make(struct bitmap *bitmap, struct kmemp_bm_tree *tree, u64 key,
		       u32 level, struct kmemp_bm_path *path);
int kmemp_bm_tree_prune(struct bitmap *bitmap, struct kmemp_bm_tree *tree,
			const struct kmemp_bm_path *path, u32 level);

/**
 * struct kmemp_bm_object - an object in DRAM
 * @id: its id
 * @pos: position of its line, 0 where it has none
 * @map: see struct kmemp_bitmap_object, likewise the others
 * @records: see there
 * @nr_pages: see there
 * @nr_records: see there
 */
struct kmemp_bm_object {
	u64 id;
	u64 pos;
	u64 map;
	u64 records;
	u64 nr_pages;
	u64 nr_records;
};

/* object.c */
int kmemp_bm_object_decode(const struct bitmap *bitmap, u64 pos,
			   const struct kmemp_bitmap_object *disk,
			   struct kmemp_bm_object *object);
int kmemp_bm_object_load(const struct bitmap *bitmap, bool staged, u64 id,
			 struct kmemp_bm_object *object);
int kmemp_bm_object_get(struct bitmap *bitmap, u64 id,
			struct kmemp_bm_object *object);
int kmemp_bm_object_store(struct bitmap *bitmap,
			  const struct kmemp_bm_object *old,
			  const struct kmemp_bm_object *object);
int kmemp_bm_object_next(const struct bitmap *bitmap, bool staged, u64 *id);

/* map.c */
int kmemp_bm_map_set(struct bitmap *bitmap, struct kmemp_bm_object *object,
		     const struct kmemp_extent *extent);
int kmemp_bm_map_clear(struct bitmap *bitmap, struct kmemp_bm_object *object,
		       u64 offset, u64 end);
int kmemp_bm_map_next(const struct bitmap *bitmap, u64 map, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent);

/* cache.c */
bool kmemp_bm_cache_get(struct bitmap *bitmap, u64 id, u64 *map);
void kmemp_bm_cache_keep(struct bitmap *bitmap, u64 id, u64 map);
void kmemp_bm_cache_forget(struct bitmap *bitmap, u64 id);
void kmemp_bm_cache_settle(struct bitmap *bitmap);

/* cell.c */
int kmemp_bm_cells_read(const struct bitmap *bitmap, bool staged, u64 page,
			struct kmemp_bitmap_cells *cells);
int kmemp_bm_cells_get(struct bitmap *bitmap, u32 nr, u64 *page, u32 *cell);
int kmemp_bm_cells_put(struct bitmap *bitmap, u64 page, u32 cell, u32 nr);

/**
 * struct kmemp_bm_record - a record that was found
 * @pos: its position
 * @next: slot of the next one in its chain
 * @hash: of its name
 * @object: that it belongs to
 * @kind: its kind
 * @name_len: bytes
 * @nr_cells: cells it occupies
 * @value_len: bytes
 */
struct kmemp_bm_record {
	u64 pos;
	u64 next;
	u64 hash;
	u64 object;
	u8 kind;
	u8 name_len;
	u8 nr_cells;
	u16 value_len;
};

/* body.c */
u32 kmemp_bm_record_cells(u32 name_len, u32 value_len);
int kmemp_bm_record_load(const struct bitmap *bitmap, bool staged, u64 slot,
			 struct kmemp_bm_record *record);
int kmemp_bm_record_read(const struct bitmap *bitmap, bool staged,
			 const struct kmemp_bm_record *record, u32 from,
			 u8 *dst, u32 len);
int kmemp_bm_record_compare(const struct bitmap *bitmap, bool staged,
			    const struct kmemp_bm_record *record,
			    const struct kmemp_record *key, int *order);
int kmemp_bm_record_order(const struct bitmap *bitmap, bool staged,
			  const struct kmemp_bm_record *last,
			  const struct kmemp_bm_record *next);
int kmemp_bm_record_write(struct bitmap *bitmap, u64 object,
			  const struct kmemp_record *record, u64 pos, u64 next);

/**
 * struct kmemp_bm_place - where a record is, or would be
 * @link: position of the slot that names it; 0: the object itself does
 * @slot: what stands there
 * @head: link of the first record of the chain
 * @depth: pages of the trie that lead to the chain
 * @page: those pages
 * @index: slot taken in each
 */
struct kmemp_bm_place {
	u64 link;
	u64 slot;
	u64 head;
	u32 depth;
	u64 page[KMEMP_BITMAP_DEPTH];
	u16 index[KMEMP_BITMAP_DEPTH];
};

/* chain.c */
u32 kmemp_bm_record_digit(u8 kind, u64 hash, u32 depth);
int kmemp_bm_link_store(struct bitmap *bitmap, struct kmemp_bm_object *object,
			u64 link, u64 slot);
int kmemp_bm_record_find(const struct bitmap *bitmap, bool staged,
			 const struct kmemp_bm_object *object,
			 const struct kmemp_record *key,
			 struct kmemp_bm_place *place,
			 struct kmemp_bm_record *record, int *order);
int kmemp_bm_chain_find(const struct bitmap *bitmap, bool staged,
			const struct kmemp_bm_object *object, u8 kind, u64 hash,
			struct kmemp_bm_place *place);
int kmemp_bm_chain_length(const struct bitmap *bitmap,
			  const struct kmemp_bm_object *object,
			  const struct kmemp_bm_place *place, u32 *nr);
int kmemp_bm_chain_spread(struct bitmap *bitmap, struct kmemp_bm_object *object,
			  struct kmemp_bm_place *place);
int kmemp_bm_chain_prune(struct bitmap *bitmap, struct kmemp_bm_object *object,
			 const struct kmemp_bm_place *place);
int kmemp_bm_chain_next(const struct bitmap *bitmap, bool staged,
			const struct kmemp_bm_object *object,
			struct kmemp_bm_place *place,
			struct kmemp_bm_record *record);

/* record.c */
int kmemp_bm_record_put(struct bitmap *bitmap, struct kmemp_bm_object *object,
			const struct kmemp_record *record);
int kmemp_bm_record_del(struct bitmap *bitmap, struct kmemp_bm_object *object,
			const struct kmemp_record *record);
int kmemp_bm_record_clear(struct bitmap *bitmap, struct kmemp_bm_object *object);
int kmemp_bm_record_next(const struct bitmap *bitmap,
			 const struct kmemp_bm_object *object,
			 struct kmemp_record *record, u8 *buffer);

/* Pages of the worst batch: also 2 x 1024 leaves that unmapping splits. */
#define KMEMP_BITMAP_STANDING	2048u
/* Lines of the largest, without those that freeing takes. */
#define KMEMP_BITMAP_MOST_LINES	(12u * KMEMP_BITMAP_STANDING)

/* cost.c */
u32 kmemp_bm_reserve(const struct kmemp_change *changes, u32 nr_changes);
u32 kmemp_bm_weight(const struct kmemp_change *changes, u32 nr_changes);
int kmemp_bm_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch);

/**
 * struct kmemp_bm_mend - a step of a repair
 * @lines: that may be staged yet
 * @staged: something is
 * @more: something is left for another step
 * @error: what ends it, 0 if nothing does
 */
struct kmemp_bm_mend {
	u32 lines;
	bool staged;
	bool more;
	int error;
};

/* mend.c */
int kmemp_bm_mend_begin(struct bitmap *bitmap, struct kmemp_bm_mend *mend);
void kmemp_bm_mend_bits(struct bitmap *bitmap, struct kmemp_bm_mend *mend,
			u64 page, u64 count, bool use);
void kmemp_bm_mend_object(struct bitmap *bitmap, struct kmemp_bm_mend *mend,
			  u64 pos, u64 nr_pages, u64 nr_records);
int kmemp_bm_mend_end(struct bitmap *bitmap, struct kmemp_bm_mend *mend);

/* check.c */
int kmemp_bm_repair(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings);
int kmemp_bm_check(struct kmemp_pool *pool,
		   const struct kmemp_findings *findings);

/* text.c */
int kmemp_bm_describe(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings);

#endif /* KMEMP_BITMAP_H */
