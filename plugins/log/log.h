/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format log: what its files share. See format_log.h for the layout.
 *
 *	main.c		ops: format, close, commit, retire, work
 *	open.c		recovery
 *	note.c		objects that wait to be indexed
 *	load.c		indexing them
 *	walk.c		the pages in use
 *	chain.c		log pages, and reading along them
 *	entry.c		an entry: verifying it, taking in what it says
 *	write.c		an entry: writing it
 *	clean.c		saying again what is still true, moving the tail
 *	extent.c	index of extents
 *	record.c	index of records
 *	tree.c		the trees that both are
 *	cost.c		what a batch may take
 *	check.c		verification
 *	text.c		dump
 *
 * What the pool holds is found in DRAM: three trees, of extents, of records
 * (where in the log each is) and of log pages. Open verifies all entries from
 * the tail on, and notes of each object where its items are; it *waits*. When
 * it is first looked up, changed or cleaned its items are taken into the trees;
 * from then on each entry that is committed is, by the same code. So what a
 * pool holds cannot differ from what it will hold when it is opened again.
 *
 * An object that waits is not changed: the core has the objects of a batch
 * loaded before it accepts it (struct kmemp_format_ops, load), and cleaning
 * those whose items it will pass. So the items that are noted stay where they
 * are, and make the object.
 *
 * Locking: a commit, and all that the core asks for with the commit right,
 * changes what there is. Beside it objects that wait are indexed by whoever
 * looks them up first. @index of struct kmemp_log is for the two: within it
 * are the trees but for that of the pages, free nodes, notes, and what is read
 * into the log's own memory. It is not held over a fence, nor while a page is
 * given back, which may wait for readers; and memory is not waited for under it
 * once the pool is in use: commit right -> @index -> kmemp_readers_exclude().
 *
 * The trees are changed only between kmemp_readers_exclude() and
 * kmemp_readers_admit(); lookups read them, and the medium, beside everything
 * else. The log position in an extent's item is not looked at by lookups and is
 * changed without.
 */
#ifndef KMEMP_LOG_H
#define KMEMP_LOG_H

#include <linux/mutex.h>
#include <linux/types.h>

#include <kmem_persist/format_log.h>
#include <kmem_persist/plugin.h>

/**
 * struct kmemp_log_item - what a tree holds
 * @word: ordered by the first three; the fourth goes with them
 */
struct kmemp_log_item {
	u64 word[4];
};

#define LOG_NODE_ITEMS	31u
#define LOG_HEIGHT	12u

/**
 * struct kmemp_log_node - node of a tree; also a free one, in a list
 * @nr: items
 * @next: next free one
 * @item: ascending. Of an inner node: a bound, which no item of the child is
 *	below and all of the child before it are, and as the fourth word the
 *	child; the first bound is not looked at
 */
struct kmemp_log_node {
	u64 nr;
	struct kmemp_log_node *next;
	struct kmemp_log_item item[LOG_NODE_ITEMS];
};

/**
 * struct kmemp_log_tree - B+ tree
 * @root: NULL when it is empty
 * @height: levels, leaves included
 * @items: in all leaves
 * @nodes: of each level, leaves first
 */
struct kmemp_log_tree {
	struct kmemp_log_node *root;
	u32 height;
	u64 items;
	u64 nodes[LOG_HEIGHT];
};

/**
 * struct kmemp_log_path - way from the root of a tree to an item
 * @node: node per level, leaves first
 * @index: item taken in each; in the leaf it may be behind the last one
 */
struct kmemp_log_path {
	struct kmemp_log_node *node[LOG_HEIGHT];
	u32 index[LOG_HEIGHT];
};

/**
 * struct kmemp_log_nodes - free nodes
 * @first: the list
 * @nr: how many
 */
struct kmemp_log_nodes {
	struct kmemp_log_node *first;
	u64 nr;
};

/* tree.c */
int kmemp_log_nodes_add(struct kmemp_log_nodes *nodes, u64 nr, gfp_t gfp);
void kmemp_log_nodes_move(struct kmemp_log_nodes *to,
			  struct kmemp_log_nodes *from);
void kmemp_log_nodes_trim(struct kmemp_log_nodes *nodes, u64 keep);
u64 kmemp_log_tree_need(const struct kmemp_log_tree *tree, u64 before,
			u64 inserts);
void kmemp_log_tree_destroy(struct kmemp_log_tree *tree);
struct kmemp_log_item *
kmemp_log_tree_from(const struct kmemp_log_tree *tree,
		    const struct kmemp_log_item *key,
		    struct kmemp_log_path *path);
struct kmemp_log_item *
kmemp_log_tree_next(const struct kmemp_log_tree *tree,
		    struct kmemp_log_path *path);
struct kmemp_log_item *
kmemp_log_tree_before(const struct kmemp_log_tree *tree,
		      struct kmemp_log_path *path);
int kmemp_log_tree_insert(struct kmemp_log_tree *tree,
			  struct kmemp_log_nodes *nodes,
			  const struct kmemp_log_item *item);
void kmemp_log_tree_delete(struct kmemp_log_tree *tree,
			   struct kmemp_log_nodes *nodes,
			   struct kmemp_log_path *path);

/**
 * struct kmemp_log_chain - a log page and what it is linked to
 * @number: of the log page
 * @page: its page index
 * @next: page index of the next one
 * @second: page index of the one behind that
 */
struct kmemp_log_chain {
	u64 number;
	u64 page;
	u64 next;
	u64 second;
};

/**
 * struct kmemp_log_cursor - place in the log while items are read
 * @pos: log position of the next byte
 * @end: log position behind the last
 */
struct kmemp_log_cursor {
	u64 pos;
	u64 end;
};

/**
 * struct kmemp_log_window - part of a log page in DRAM
 * @number: of the log page, 0 for none
 * @from: first byte that is there
 * @to: behind the last
 * @bytes: the page
 */
struct kmemp_log_window {
	u64 number;
	u32 from;
	u32 to;
	u8 bytes[KMEMP_PAGE_SIZE];
};

/**
 * struct kmemp_log_place - where an entry begins
 * @pos: log position
 * @number: of the entry
 * @sequence: of the newest batch before it
 */
struct kmemp_log_place {
	u64 pos;
	u64 number;
	u64 sequence;
};

/**
 * struct kmemp_log_clean - how far cleaning has come
 * @at: entry that it is in
 * @sequence: of that entry
 * @cursor: what is left of that entry; @end 0: it has to be begun
 * @item: log position of the item of MAP that it is in
 * @object: of that item
 * @left: extents of that item that are not read yet
 * @extent: what is left of the one that was; @count 0: nothing
 */
struct kmemp_log_clean {
	struct kmemp_log_place at;
	u64 sequence;
	struct kmemp_log_cursor cursor;
	u64 item;
	u64 object;
	u32 left;
	struct kmemp_extent extent;
};

/* Pages that one entry may enter. */
#define LOG_ENTRY_PAGES	(KMEMP_LOG_MAX_ENTRY / KMEMP_PAGE_SIZE)

/**
 * struct kmemp_log_write - entry that is being written; see write.c
 * @batch: where pages come from; NULL: from those in hand
 * @entry: its header
 * @start: log position where it begins
 * @pos: log position of the next byte
 * @crc: of what has been stored
 * @started: it has an item
 * @drained: not all of it is in the window any more
 * @error: what went wrong; nothing is stored from then on
 * @object: of the extents in @group
 * @op: of these
 * @nr_group: how many
 * @group: extents that will be one item
 * @nr_taken: pages that were taken
 * @taken: these; in the order in which they are linked
 */
struct kmemp_log_write {
	struct kmemp_batch *batch;
	struct kmemp_log_entry entry;
	u64 start;
	u64 pos;
	u32 crc;
	bool started;
	bool drained;
	int error;
	u64 object;
	u32 op;
	u32 nr_group;
	struct kmemp_disk_extent group[KMEMP_LOG_EXTENTS];
	u32 nr_taken;
	u64 taken[LOG_ENTRY_PAGES];
};

/**
 * struct kmemp_log_sum - what items say
 * @extents: that are mapped
 * @holes: ranges that are unmapped
 * @record_bytes: of the items that make records
 */
struct kmemp_log_sum {
	u64 extents;
	u64 holes;
	u64 record_bytes;
};

/**
 * struct kmemp_log_notes - where items of an object are
 * @next: those that follow
 * @base: log position of the first
 * @nr: items
 * @room: items there is room for
 * @at: words of which each lies behind @base
 */
struct kmemp_log_notes {
	struct kmemp_log_notes *next;
	u64 base;
	u32 nr;
	u32 room;
	u32 at[];
};

/**
 * struct kmemp_log_object - object that waits to be indexed
 * @id: of the object
 * @first: its items that have not been taken in, in the order of the log
 * @last: the last of that list
 * @taken: how many of @first have been taken in
 * @begun: one has
 * @exists: when all are taken in, something is there
 * @said: what is left says
 */
struct kmemp_log_object {
	u64 id;
	struct kmemp_log_notes *first;
	struct kmemp_log_notes *last;
	u32 taken;
	bool begun;
	bool exists;
	struct kmemp_log_sum said;
};

/* Pages in hand for cleaning between commits. */
#define LOG_SPARES	16u

/**
 * struct kmemp_log - an open pool of format log
 * @pool: the pool
 * @root: newest root
 * @tail: what it names
 * @extents: object, offset -> page, and the oldest log position that says so
 * @records: object, kind, hash, log position -> lengths
 * @pages: number -> page index, from the tail to what is linked ahead
 * @nodes: for the trees to grow
 * @index: see at the top
 * @waiting: objects that wait: id -> struct kmemp_log_object
 * @said: what is left of all of them says
 * @noted: at open: the object that an item was noted of last
 * @indexed: none waits
 * @load: nodes for objects that waited
 * @budget: bytes of work that the batch which was prepared brings to cleaning
 * @rate: and bytes that are read for each
 * @record_bytes: of the items that make the records
 * @head: where the next entry begins; its page need not have been entered
 * @chain: last page that was entered
 * @number: of the newest entry
 * @sequence: of the newest batch
 * @epoch: of the newest entry
 * @begun: this opening has committed
 * @torn: page position of an entry at @head that is not whole, or 0
 * @last: where the newest entry begins, 0 where there is none
 * @clean: see there
 * @safe: entries before it are not needed once what is written is durable
 * @write: the entry that is being written, see write.c
 * @spare: pages in hand, on the medium free
 * @nr_spare: how many
 * @read: log page that is read along, see kmemp_log_get()
 * @wrote: log page that is written, see write.c
 * @record: name and value of the record that was read last
 * @findings: during a check: where damage is reported, instead of refused
 */
struct kmemp_log {
	struct kmemp_pool *pool;
	struct kmemp_root root;
	struct kmemp_log_place tail;
	struct kmemp_log_tree extents;
	struct kmemp_log_tree records;
	struct kmemp_log_tree pages;
	struct kmemp_log_nodes nodes;
	struct mutex index;
	struct kmemp_log_tree waiting;
	struct kmemp_log_sum said;
	struct kmemp_log_object *noted;
	bool indexed;
	struct kmemp_log_nodes load;
	u32 budget;
	u32 rate;
	u64 record_bytes;
	u64 head;
	struct kmemp_log_chain chain;
	u64 number;
	u64 sequence;
	u64 epoch;
	bool begun;
	u64 torn;
	u64 last;
	struct kmemp_log_clean clean;
	struct kmemp_log_place safe;
	struct kmemp_log_write write;
	u64 spare[LOG_SPARES];
	u32 nr_spare;
	struct kmemp_log_window read;
	struct kmemp_log_window wrote;
	u8 record[KMEMP_RECORD_BUFFER];
	const struct kmemp_findings *findings;
};

/* chain.c */
u64 kmemp_log_skip(u64 pos, size_t len);
int kmemp_log_load(struct kmemp_log *log, u64 number, u64 page);
int kmemp_log_damaged(const struct kmemp_log *log, const char *what, u64 page,
		      u32 offset, u64 found);
bool kmemp_log_page_valid(const struct kmemp_log *log, u64 page);
u64 kmemp_log_after(u64 pos);
int kmemp_log_chain_read(const struct kmemp_log *log, u64 number, u64 page,
			 struct kmemp_log_chain *chain);
int kmemp_log_chain_next(const struct kmemp_log *log,
			 struct kmemp_log_chain *chain);
u64 kmemp_log_page_of(const struct kmemp_log *log, u64 number);
int kmemp_log_page_add(struct kmemp_log *log, u64 number, u64 page);
int kmemp_log_read(const struct kmemp_log *log, u64 pos, void *dst, size_t len);
int kmemp_log_get(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		  void *dst, size_t len);

/**
 * struct kmemp_log_said - an item of an entry, as it was read
 * @pos: log position of its first word
 * @op: enum kmemp_log_op, 0 behind the last item
 * @count: extents that follow, which the cursor is before
 * @object: id
 * @record: PUT and DEL: name and value are in the buffer
 */
struct kmemp_log_said {
	u64 pos;
	u32 op;
	u32 count;
	u64 object;
	struct kmemp_record record;
};

/* entry.c */
int kmemp_log_entry_check(struct kmemp_log *log,
			  const struct kmemp_log_chain *at, u32 offset,
			  const struct kmemp_log_entry *entry);
int kmemp_log_entry_read(struct kmemp_log *log, u64 pos,
			 struct kmemp_log_entry *entry);
int kmemp_log_say(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		  struct kmemp_log_said *said);
int kmemp_log_say_extent(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
			 u32 op, struct kmemp_extent *extent);
int kmemp_log_take_item(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
			const struct kmemp_log_said *said);
int kmemp_log_skip_extents(struct kmemp_log *log,
			   struct kmemp_log_cursor *cursor, u32 op, u32 count);
int kmemp_log_entry_take(struct kmemp_log *log, u64 pos,
			 const struct kmemp_log_entry *entry);
int kmemp_log_entry_note(struct kmemp_log *log, u64 pos,
			 const struct kmemp_log_entry *entry);

/* note.c */
struct kmemp_log_object *kmemp_log_waiting(const struct kmemp_log *log, u64 id,
					   struct kmemp_log_path *path);
bool kmemp_log_waits(const struct kmemp_log *log, u64 id);
struct kmemp_log_sum kmemp_log_said_sum(const struct kmemp_log_said *said);
int kmemp_log_note(struct kmemp_log *log, const struct kmemp_log_said *said);
u64 kmemp_log_note_next(const struct kmemp_log_object *object);
void kmemp_log_note_taken(struct kmemp_log *log,
			  struct kmemp_log_object *object,
			  const struct kmemp_log_said *said);
void kmemp_log_forget(struct kmemp_log *log, u64 id);
void kmemp_log_notes_destroy(struct kmemp_log *log);

/* load.c */
int kmemp_log_load_locked(struct kmemp_log *log, u64 id, gfp_t gfp);
int kmemp_log_load_all(struct kmemp_log *log);
int kmemp_log_load_object(struct kmemp_pool *pool, u64 id);
int kmemp_log_say_noted(struct kmemp_log *log,
			const struct kmemp_log_object *object,
			struct kmemp_log_cursor *cursor,
			struct kmemp_log_said *said);
u64 kmemp_log_item_nodes(const struct kmemp_log *log,
			 const struct kmemp_log_said *said);

/* walk.c */
int kmemp_log_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg);

/* Bytes of an item: a word, then an extent, or a record with name and value. */
#define LOG_WORD		8u
#define LOG_EXTENT_BYTES	(LOG_WORD + sizeof(struct kmemp_disk_extent))

static inline u32 kmemp_log_record_bytes(u32 name_len, u32 value_len)
{
	return LOG_WORD + sizeof(struct kmemp_log_record) +
	       ((name_len + value_len + 7) & ~7u);
}

/* extent.c */
void kmemp_log_extent_decode(const struct kmemp_log_item *item,
			     struct kmemp_extent *extent);
struct kmemp_log_item *
kmemp_log_extent_find(const struct kmemp_log *log, u64 object, u64 offset,
		      struct kmemp_log_path *path);
int kmemp_log_extent_clear(struct kmemp_log *log, u64 object, u64 offset,
			   u64 end);
int kmemp_log_extent_set(struct kmemp_log *log, u64 object,
			 const struct kmemp_extent *extent, u64 pos);

/* record.c */
int kmemp_log_record_put(struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record, u64 pos);
int kmemp_log_record_del(struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record);
void kmemp_log_record_clear(struct kmemp_log *log, u64 object);
bool kmemp_log_record_is(const struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record, u64 pos);
int kmemp_log_record_next(const struct kmemp_log *log, u64 object,
			  struct kmemp_record *record, u8 *buffer);
int kmemp_log_record_check(const struct kmemp_log *log,
			   const struct kmemp_log_item *item, u8 *buffer);

/* write.c */
void kmemp_log_write_begin(struct kmemp_log *log, struct kmemp_batch *batch,
			   u64 sequence, u64 epoch);
void kmemp_log_write_extent(struct kmemp_log *log, u64 object, u32 op,
			    const struct kmemp_extent *extent);
void kmemp_log_write_record(struct kmemp_log *log, u64 object, u32 op,
			    const struct kmemp_record *record);
void kmemp_log_write_changes(struct kmemp_log *log,
			     const struct kmemp_batch *batch);
int kmemp_log_write_end(struct kmemp_log *log);

/*
 * For objects that wait, with the commit right: what they take may be much, and
 * is not for the last reserves, which allocations come from there.
 */
#define LOG_NO_RESERVES	(GFP_NOIO | __GFP_NOMEMALLOC | __GFP_NOWARN)

/* clean.c */
bool kmemp_log_clean_due(const struct kmemp_log *log, bool idle);
bool kmemp_log_clean_urgent(const struct kmemp_log *log);
u32 kmemp_log_clean_rate(const struct kmemp_log *log, bool idle);
int kmemp_log_clean_ahead(struct kmemp_log *log, u32 budget, u32 rate,
			  gfp_t gfp);
int kmemp_log_clean_step(struct kmemp_log *log, u32 budget, u32 rate);
bool kmemp_log_tail_moves(const struct kmemp_log *log, u32 pages);
void kmemp_log_tail_write(struct kmemp_log *log);
u64 kmemp_log_tail_page(struct kmemp_log *log);
void kmemp_log_promise(struct kmemp_log *log);

/*
 * Log that is never cleaned, and what a log may outgrow its live bytes by. A
 * commit says again up to LOG_PACE times as many bytes as it brings, and reads
 * LOG_READ times as many of the tail for that.
 */
#define LOG_SLACK_PAGES	128u
#define LOG_PACE	4u
#define LOG_READ	4u
#define LOG_READ_MOST	64u

/*
 * Pages of the worst commit (64 KiB encoded make at most 96 KiB of items, and
 * LOG_PACE times as much is said again), twice; the slack, and half of it that
 * the log grows while it is cleaned.
 */
#define LOG_STANDING	512u
/*
 * An extent in an item of its own is 24 bytes. The log grows to less than twice
 * its live bytes, see clean.c.
 */
#define LOG_SHATTER	48u

/* Each is an item of a tree in DRAM, and all are read by whoever opens it. */
#define LOG_MANY_EXTENTS	10000000u

/* cost.c */
u32 kmemp_log_reserve(const struct kmemp_change *changes, u32 nr_changes);
u64 kmemp_log_step_nodes(const struct kmemp_log *log, u32 budget);
int kmemp_log_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch);

/* open.c */
int kmemp_log_open(struct kmemp_pool *pool);
void kmemp_log_free(struct kmemp_log *log);

/* check.c */
int kmemp_log_check(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings);

/* text.c */
int kmemp_log_describe(struct kmemp_pool *pool,
		       const struct kmemp_findings *findings);

#endif /* KMEMP_LOG_H */
