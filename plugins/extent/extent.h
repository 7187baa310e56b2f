/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format extent: what its files share. See format_extent.h for the layout.
 *
 *	main.c		ops, format, lookups
 *	open.c		recovery
 *	node.c		nodes: reading and verifying
 *	cache.c		nodes that were written and need not be read
 *	leaf.c		what is in leaves: extents and records
 *	path.c		the way from a root to an item
 *	dirty.c		nodes that the batch being built has made anew
 *	fill.c		filling leaves
 *	edit.c		changing leaves; splitting of nodes
 *	merge.c		merging of nodes
 *	change.c	the changes of a batch
 *	commit.c	building a batch, and writing it
 *	space.c		blocks: which are free
 *	walk.c		all nodes, or those of the newest batch
 *	cost.c		pages that a batch may take
 *	check.c		verification
 *	text.c		dump
 */
#ifndef KMEMP_EXTENT_H
#define KMEMP_EXTENT_H

#include <linux/list.h>
#include <linux/types.h>

#include <kmem_persist/format_extent.h>
#include <kmem_persist/plugin.h>

#define EXTENT_HEADER	((u32)sizeof(struct kmemp_extent_node))

struct kmemp_ext_dirty;

/**
 * struct kmemp_ext_key - key of an item
 * @object: id
 * @where: page offset, or hash of a name
 * @kind: 0 for an extent, else 1 + the record's kind
 */
struct kmemp_ext_key {
	u64 object;
	u64 where;
	u32 kind;
};

/**
 * struct kmemp_ext_pos - a position in the order of items
 * @key: first part
 * @name: last part, for records
 * @name_len: its bytes
 */
struct kmemp_ext_pos {
	struct kmemp_ext_key key;
	const u8 *name;
	u32 name_len;
};

static inline struct kmemp_ext_pos
kmemp_ext_record_pos(u64 object, const struct kmemp_record *record)
{
	return (struct kmemp_ext_pos) {
		.key = {
			.object = object,
			.kind = 1 + record->kind,
			.where = record->hash,
		},
		.name = record->name,
		.name_len = record->name_len,
	};
}

/**
 * struct kmemp_ext_ref - where a node is
 * @block: number of its block
 * @birth: of it
 * @seal: of it
 * @dirty: what stands for it while a batch is built, or NULL
 */
struct kmemp_ext_ref {
	u64 block;
	u64 birth;
	u32 seal;
	struct kmemp_ext_dirty *dirty;
};

/**
 * struct kmemp_ext_link - a child, as its parent has it
 * @key: its first key
 * @ref: where it is
 */
struct kmemp_ext_link {
	struct kmemp_ext_key key;
	struct kmemp_ext_ref ref;
};

/**
 * struct kmemp_ext_root - a tree
 * @ref: its root node; meaningless at depth 0
 * @depth: nodes from root to leaf, 0 for an empty tree
 * @nr_blocks: see struct kmemp_extent_root, likewise the others
 * @nr_extents: see there
 * @nr_records: see there
 * @data_pages: see there
 */
struct kmemp_ext_root {
	struct kmemp_ext_ref ref;
	u32 depth;
	u64 nr_blocks;
	u64 nr_extents;
	u64 nr_records;
	u64 data_pages;
};

/**
 * struct kmemp_ext_item - item of a leaf
 * @key: its key
 * @data: as it stands in the leaf
 * @size: bytes of @data
 *
 * @data is struct kmemp_disk_extent, or struct kmemp_extent_record with what
 * follows it.
 */
struct kmemp_ext_item {
	struct kmemp_ext_key key;
	const u8 *data;
	u32 size;
};

/**
 * struct kmemp_ext_iter - way through a leaf that was verified
 * @raw: the leaf
 * @at: byte offset of what comes next
 * @group: byte offset of the group at hand
 * @object: of the group
 * @extents: left in the group
 * @records: left in the group
 */
struct kmemp_ext_iter {
	const u8 *raw;
	u32 at;
	u32 group;
	u64 object;
	u32 extents;
	u32 records;
};

/**
 * struct kmemp_ext_bounds - what a parent says of the keys in a child
 * @first: its first key, or NULL
 * @end: no key in it is greater, or NULL
 */
struct kmemp_ext_bounds {
	const struct kmemp_ext_key *first;
	const struct kmemp_ext_key *end;
};

/**
 * struct kmemp_ext_cached - a node that this opening has written
 * @block: its number
 * @birth: its batch; 0: nothing is cached here
 * @seal: over it
 * @level: 0 for a leaf
 * @first: key of its first item
 * @last: key of its last item
 * @node: KMEMP_EXTENT_BLOCK bytes, or NULL
 */
struct kmemp_ext_cached {
	u64 block;
	u64 birth;
	u32 seal;
	u32 level;
	struct kmemp_ext_key first;
	struct kmemp_ext_key last;
	u8 *node;
};

/* A child may become three, before its parent is split. */
#define EXTENT_LINKS	(KMEMP_EXTENT_FANOUT + 2)

/**
 * struct kmemp_ext_dirty - a node in DRAM, to be written by the next commit
 * @list: in the list of those that are in use, or of those that are not
 * @level: 0 for a leaf
 * @nr: links of an inner node
 * @moved: not all clean links of an inner node stand in @raw as they are here
 * @last: key of a leaf's last item
 * @ref: where it was written
 * @link: of an inner node
 * @raw: KMEMP_EXTENT_BLOCK bytes: a leaf as it will stand, but for its header;
 *	an inner node as it was, and once it is written as it is
 */
struct kmemp_ext_dirty {
	struct list_head list;
	u32 level;
	u32 nr;
	bool moved;
	struct kmemp_ext_key last;
	struct kmemp_ext_ref ref;
	struct kmemp_ext_link link[EXTENT_LINKS];
	u8 *raw;
};

/**
 * struct kmemp_ext_step - a node on a path
 * @ref: the node
 * @node: a clean one, if it is cached
 * @index: child taken
 * @nr: children it has
 */
struct kmemp_ext_step {
	struct kmemp_ext_ref ref;
	const u8 *node;
	u16 index;
	u16 nr;
};

/**
 * struct kmemp_ext_path - way from a root to a leaf
 * @depth: of the tree
 * @at: index of the item in the leaf, or of its place
 * @found: there is an item
 * @moved: it is in the leaf behind the one where its place would have been
 * @end: first key behind the leaf, if @has_end
 * @has_end: it is known
 * @leaf: the leaf: @node, or a dirty one's
 * @step: by level; the leaf's is the first
 * @node: clean node at hand: in @room, or cached
 * @room: for a node that is read
 */
struct kmemp_ext_path {
	u32 depth;
	u32 at;
	bool found;
	bool moved;
	bool has_end;
	struct kmemp_ext_key end;
	const u8 *leaf;
	struct kmemp_ext_step step[KMEMP_EXTENT_DEPTH];
	const u8 *node;
	u8 room[KMEMP_EXTENT_BLOCK] __aligned(8);
};

/**
 * struct kmemp_ext_page - a page of metadata that is not full
 * @list: in the list of pages with free blocks, if @free
 * @chain: next one in the hash chain, or of those that are spare
 * @page: its index
 * @live: blocks that the newest tree has, a bit each
 * @free: blocks that may be written
 *
 * A block that is neither was freed by the newest batch. Of pages whose blocks
 * are all live nothing is kept.
 */
struct kmemp_ext_page {
	struct list_head list;
	struct kmemp_ext_page *chain;
	u64 page;
	u8 live;
	u8 free;
};

/**
 * struct kmemp_ext_blocks - list of blocks
 * @block: their numbers
 * @nr: how many
 * @room: how many there is memory for
 */
struct kmemp_ext_blocks {
	u64 *block;
	u32 nr;
	u32 room;
};

/**
 * struct kmemp_ext_space - what is free
 * @known: it has been derived from the tree
 * @heads: hash table of pages, by index
 * @nr_heads: a power of two
 * @free_pages: those with free blocks
 * @nr_free: free blocks
 * @spare: structures for pages to come
 * @nr_spare: how many
 * @chunks: memory of all of them
 * @freed: blocks that the newest batch freed, of pages that are in use still
 */
struct kmemp_ext_space {
	bool known;
	struct kmemp_ext_page **heads;
	u32 nr_heads;
	struct list_head free_pages;
	u64 nr_free;
	struct kmemp_ext_page *spare;
	u32 nr_spare;
	struct list_head chunks;
	struct kmemp_ext_blocks freed;
};

/**
 * struct kmemp_ext_build - a batch that is being built
 * @root: the tree as it will be
 * @used: dirty nodes
 * @nr_dirty: how many: nodes to write
 * @nr_values: values to write to blocks of their own
 * @freed: blocks of the tree before that it does not have
 * @error: what else than memory kept it from being built
 * @path: for its changes
 * @item: record to be put
 * @scratch: nodes that are looked at, or were there before a change
 */
struct kmemp_ext_build {
	struct kmemp_ext_root root;
	struct list_head used;
	u32 nr_dirty;
	u32 nr_values;
	struct kmemp_ext_blocks freed;
	int error;
	struct kmemp_ext_path path;
	u8 item[KMEMP_EXTENT_INLINE] __aligned(8);
	u8 scratch[2][KMEMP_EXTENT_BLOCK] __aligned(8);
};

/**
 * struct extent - an open pool of format extent
 * @pool: the pool
 * @slot: newest root slot, as written
 * @root: the newest tree: what lookups see
 * @space: what is free
 * @build: the batch being built
 * @idle: dirty nodes that are not in use
 * @nr_idle: how many
 * @dropped: recovery has dropped a torn batch
 * @findings: during a check: where damage is reported, instead of refused
 * @cached: see cache.c
 * @nr_cached: entries, a power of two
 *
 * Locking: pool->readers -> @root, @cached. The commit right -> all else.
 */
struct extent {
	struct kmemp_pool *pool;
	struct kmemp_root slot;
	struct kmemp_ext_root root;
	struct kmemp_ext_space space;
	struct kmemp_ext_build build;
	struct list_head idle;
	u32 nr_idle;
	bool dropped;
	const struct kmemp_findings *findings;
	struct kmemp_ext_cached *cached;
	u32 nr_cached;
};

static inline u64 kmemp_ext_block_pos(u64 block)
{
	return block * KMEMP_EXTENT_BLOCK;
}

static inline u64 kmemp_ext_block_page(u64 block)
{
	return block / KMEMP_EXTENT_BLOCKS;
}

/* node.c */
int kmemp_ext_damaged(const struct extent *extent, const char *what, u64 block,
		      u64 found);
bool kmemp_ext_block_valid(const struct extent *extent, u64 block);
int kmemp_ext_key_order(const struct kmemp_ext_key *a,
			const struct kmemp_ext_key *b);
u32 kmemp_ext_link_choose(const void *node, u32 nr,
			  const struct kmemp_ext_key *key);
void kmemp_ext_link_get(const void *node, u32 index,
			struct kmemp_ext_link *link);
void kmemp_ext_links_get(const void *node, u32 nr, struct kmemp_ext_link *link);
void kmemp_ext_link_set(void *node, u32 index,
			const struct kmemp_ext_link *link);
u32 kmemp_ext_node_nr(const void *node);
u32 kmemp_ext_node_bytes(const void *node);
int kmemp_ext_judge(const struct extent *extent, const char *what,
		    const struct kmemp_ext_ref *ref, int ret);
int kmemp_ext_node_load(const struct extent *extent,
			const struct kmemp_ext_ref *ref, u32 level,
			const struct kmemp_ext_bounds *bounds, void *node);
int kmemp_ext_node_read(const struct extent *extent,
			const struct kmemp_ext_ref *ref, u32 level,
			const struct kmemp_ext_bounds *bounds, void *node);
void kmemp_ext_key_range(const void *node, u32 level,
			 struct kmemp_ext_key *first,
			 struct kmemp_ext_key *last);
int kmemp_ext_bounds_check(const struct extent *extent, u64 block,
			   const struct kmemp_ext_key *first,
			   const struct kmemp_ext_key *last,
			   const struct kmemp_ext_bounds *bounds);

/* cache.c */
int kmemp_ext_cache_init(struct extent *extent);
const struct kmemp_ext_cached *
kmemp_ext_cache_find(const struct extent *extent,
		     const struct kmemp_ext_ref *ref, u32 level);
int kmemp_ext_node_get(const struct extent *extent,
		       const struct kmemp_ext_ref *ref, u32 level,
		       const struct kmemp_ext_bounds *bounds, u8 *room,
		       const u8 **node);
void kmemp_ext_cache_keep(struct extent *extent, struct kmemp_ext_dirty *dirty);
void kmemp_ext_cache_destroy(struct extent *extent);

/* leaf.c */
int kmemp_ext_leaf_check(const struct extent *extent, u64 block,
			 const void *node);
void kmemp_ext_iter_init(struct kmemp_ext_iter *iter, const void *leaf);
bool kmemp_ext_iter_next(struct kmemp_ext_iter *iter,
			 struct kmemp_ext_item *item);
bool kmemp_ext_item_seek(const void *leaf, u32 at, struct kmemp_ext_iter *iter,
			 struct kmemp_ext_item *item);
bool kmemp_ext_item_at(const void *leaf, u32 at, struct kmemp_ext_item *item);
bool kmemp_ext_item_find(const void *leaf, const struct kmemp_ext_pos *pos,
			 u32 *at, struct kmemp_ext_key *last);
int kmemp_ext_item_order(const struct kmemp_ext_item *item,
			 const struct kmemp_ext_pos *pos);
void kmemp_ext_item_pos(const struct kmemp_ext_item *item,
			struct kmemp_ext_pos *pos);
void kmemp_ext_extent_decode(const struct kmemp_ext_item *item,
			     struct kmemp_extent *extent);
void kmemp_ext_extent_encode(const struct kmemp_extent *extent,
			     struct kmemp_disk_extent *disk);
u32 kmemp_ext_record_size(u32 name_len, u32 value_len, bool *outside);
bool kmemp_ext_value_get(const struct kmemp_ext_item *item,
			 struct kmemp_ext_ref *ref, u32 *len);
int kmemp_ext_value_load(const struct extent *extent,
			 const struct kmemp_ext_ref *ref, u32 len, u8 *value);
int kmemp_ext_value_read(const struct extent *extent,
			 const struct kmemp_ext_ref *ref, u32 len, u8 *value);
int kmemp_ext_record_get(const struct extent *extent,
			 const struct kmemp_ext_item *item,
			 struct kmemp_record *record, u8 *buffer);

/* path.c */
int kmemp_ext_seek(const struct extent *extent,
		   const struct kmemp_ext_root *root,
		   const struct kmemp_ext_pos *pos,
		   struct kmemp_ext_path *path);
int kmemp_ext_current(const struct extent *extent, struct kmemp_ext_path *path,
		      struct kmemp_ext_item *item);
int kmemp_ext_find_extent(const struct extent *extent,
			  const struct kmemp_ext_root *root, u64 object,
			  u64 offset, struct kmemp_ext_path *path,
			  struct kmemp_extent *found);

/* dirty.c */
int kmemp_ext_dirty_get(struct extent *extent, u32 level,
			struct kmemp_ext_dirty **dirty);
void kmemp_ext_dirty_put(struct extent *extent, struct kmemp_ext_dirty *dirty);
int kmemp_ext_dirty_path(struct extent *extent, struct kmemp_ext_path *path);
void kmemp_ext_dirty_drop(struct extent *extent);
void kmemp_ext_dirty_trim(struct extent *extent, u32 keep);
int kmemp_ext_blocks_add(struct kmemp_ext_blocks *blocks, u64 block);

/* edit.c */
int kmemp_ext_edit(struct extent *extent, struct kmemp_ext_path *path, u32 at,
		   u32 nr_old, const struct kmemp_ext_item *items,
		   u32 nr_items);

/* Leaves that the items of one may take when it is changed. */
#define EXTENT_SPLIT	3u

/**
 * struct kmemp_ext_fill - filling leaves
 * @extent: whose
 * @limit: bytes of the first one
 * @nr: leaves so far
 * @group: byte offset of the group at hand, 0 before the first
 * @leaf: the leaves
 */
struct kmemp_ext_fill {
	struct extent *extent;
	u32 limit;
	u32 nr;
	u32 group;
	struct kmemp_ext_dirty *leaf[EXTENT_SPLIT];
};

/* fill.c */

void kmemp_ext_fill_init(struct kmemp_ext_fill *fill, struct extent *extent,
			 struct kmemp_ext_dirty *leaf, u32 limit);
int kmemp_ext_fill_add(struct kmemp_ext_fill *fill,
		       const struct kmemp_ext_item *item);

/* merge.c */
int kmemp_ext_merge(struct extent *extent, struct kmemp_ext_dirty *parent,
		    u32 index);

/* change.c */
int kmemp_ext_change(struct extent *extent, const struct kmemp_batch *batch,
		     u32 nr);

/* commit.c */
int kmemp_ext_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch);
int kmemp_ext_commit(struct kmemp_pool *pool, struct kmemp_batch *batch);
void kmemp_ext_root_encode(const struct kmemp_ext_root *root,
			   struct kmemp_root *slot);

/* space.c */
int kmemp_ext_space_init(struct kmemp_ext_space *space, u64 pool_pages);
void kmemp_ext_space_destroy(struct kmemp_ext_space *space);
int kmemp_ext_space_room(struct kmemp_ext_space *space, u32 nr);
void kmemp_ext_space_forget(struct kmemp_ext_space *space);
int kmemp_ext_space_note(struct kmemp_ext_space *space, u64 block);
void kmemp_ext_space_derive(struct kmemp_ext_space *space);
u64 kmemp_ext_space_take(struct kmemp_ext_space *space,
			 struct kmemp_batch *batch);
void kmemp_ext_space_settle(struct kmemp_ext_space *space);
void kmemp_ext_space_free(struct kmemp_ext_space *space,
			  struct kmemp_batch *batch,
			  struct kmemp_ext_blocks *freed);

/**
 * struct kmemp_ext_walk - going through a tree, a node before its children
 * @extent: whose
 * @root: the tree
 * @since: go only where the birth is at least this
 * @values: verify values in blocks of their own
 * @on: go on beside what is damaged
 * @node: called for each node that is sound; its error ends the walk
 * @value: called for each value in a block of its own, likewise
 * @nr_blocks: nodes and values met
 * @buffers: a node for each level
 */
struct kmemp_ext_walk {
	struct extent *extent;
	const struct kmemp_ext_root *root;
	u64 since;
	bool values;
	bool on;
	int (*node)(struct kmemp_ext_walk *walk, const struct kmemp_ext_ref *ref,
		    u32 level, const void *node);
	int (*value)(struct kmemp_ext_walk *walk,
		     const struct kmemp_ext_ref *ref, u32 len);
	u64 nr_blocks;
	u8 *buffers;
};

/* walk.c */
int kmemp_ext_walk(struct kmemp_ext_walk *walk);
int kmemp_ext_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg);
int kmemp_ext_walk_space(struct extent *extent);

/* open.c */
int kmemp_ext_open(struct kmemp_pool *pool);

/* Pages of the worst batch. */
#define KMEMP_EXTENT_STANDING	2048u

/* cost.c */
u32 kmemp_ext_reserve(const struct kmemp_change *changes, u32 nr_changes);

/* check.c */
int kmemp_ext_check(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings);

/* text.c */
int kmemp_ext_describe(struct kmemp_pool *pool,
		       const struct kmemp_findings *findings);

#endif /* KMEMP_EXTENT_H */
