/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core's batch files share: batch.c (building), overlay.c (what
 * objects will hold), stage.c and stage_find.c (batches made one), queue.c (group
 * commit), net.c (what a batch takes and frees), commit.c, wait.c (pages),
 * lookup.c and lookup_record.c.
 */
#ifndef KMEMP_CORE_CORE_H
#define KMEMP_CORE_CORE_H

#include <linux/kernel.h>
#include <linux/mutex.h>

#include <kmem_persist/pool.h>

/**
 * struct kmemp_stretch - what a range of an object will hold
 * @object: id
 * @offset: first page offset
 * @end: page offset behind the last
 * @page: first page index, 0 for a hole
 * @flags: of the extent
 * @tag: of the extent
 */
struct kmemp_stretch {
	u64 object;
	u64 offset;
	u64 end;
	u64 page;
	u8 flags;
	u8 tag;
};

/**
 * struct kmemp_overlay - what objects will hold, laid over what they hold
 * @stretch: ordered by object and offset, none overlaps another
 * @nr: how many
 */
struct kmemp_overlay {
	struct kmemp_stretch *stretch;
	u32 nr;
};

/**
 * struct kmemp_cost - what a format may need for changes, by its own account
 * @meta: metadata pages, see struct kmemp_format_ops, reserve
 * @weight: see there, weight
 */
struct kmemp_cost {
	u32 meta;
	u32 weight;
};

/* What most batches do with: so much lies in the block that a draft is. */
#define KMEMP_DRAFT_CHANGES	8u
#define KMEMP_DRAFT_STRETCHES	8u
#define KMEMP_DRAFT_META	64u
#define KMEMP_DRAFT_TEXT	512u

/**
 * struct kmemp_draft - a batch while it is built
 * @batch: what the format will see
 * @room: changes there is memory for
 * @meta_room: metadata pages there is memory for
 * @text_used: bytes of @text
 * @overwrites: see kmemp_batch_set_overwrites()
 * @mapped: pages of all KMEMP_MAP changes
 * @cost: of the changes, once its metadata pages are in hand
 * @overlay: what the changes make of extents, once it is committed
 * @change: for @batch->changes, while they are few
 * @stretch: for @overlay
 * @meta: for @batch->meta
 * @text: names and values of records, while they are short
 */
struct kmemp_draft {
	struct kmemp_batch batch;
	u32 room;
	u32 meta_room;
	u32 text_used;
	bool overwrites;
	u64 mapped;
	struct kmemp_cost cost;
	struct kmemp_overlay overlay;
	struct kmemp_change change[KMEMP_DRAFT_CHANGES];
	struct kmemp_stretch stretch[KMEMP_DRAFT_STRETCHES];
	u64 meta[KMEMP_DRAFT_META];
	u8 text[KMEMP_DRAFT_TEXT];
};

static_assert(sizeof(struct kmemp_draft) <= 2048);

static inline struct kmemp_draft *kmemp_to_draft(struct kmemp_batch *batch)
{
	return container_of(batch, struct kmemp_draft, batch);
}

static inline bool kmemp_is_record(const struct kmemp_change *change)
{
	return change->op == KMEMP_PUT_RECORD || change->op == KMEMP_DEL_RECORD;
}

u32 kmemp_change_bytes(const struct kmemp_change *change);
bool kmemp_same_record(const struct kmemp_change *a,
		       const struct kmemp_change *b);

int kmemp_overlay_build(struct kmemp_draft *draft);
void kmemp_overlay_free(struct kmemp_draft *draft);
void kmemp_overlay_replace(struct kmemp_overlay *overlay,
			   const struct kmemp_stretch *stretch);
bool kmemp_overlay_repeats(const struct kmemp_overlay *overlay);
bool kmemp_overlay_clashes(const struct kmemp_overlay *below,
			   const struct kmemp_overlay *above);
const struct kmemp_stretch *
kmemp_overlay_next(const struct kmemp_overlay *overlay, u64 object, u64 offset);

/**
 * struct kmemp_runs - list of page runs
 * @run: the runs
 * @nr: how many
 * @room: runs there is memory for
 */
struct kmemp_runs {
	struct kmemp_run *run;
	u32 nr;
	u32 room;
};

/**
 * struct kmemp_net - what a batch does to pages, and room to find it out
 * @before: what the ranges that it touches hold
 * @after: what they will hold
 * @brought: what its changes map, if a later one replaces some of it
 * @rest: @brought without @after
 * @taken: in @after, not in @before
 * @freed: in @before, not in @after
 * @dropped: in @brought, in neither of the others
 * @before_pages: pages of @before
 * @touched: extents and records of objects that the batch replaces or ends
 */
struct kmemp_net {
	struct kmemp_runs before;
	struct kmemp_runs after;
	struct kmemp_runs brought;
	struct kmemp_runs rest;
	struct kmemp_runs taken;
	struct kmemp_runs freed;
	struct kmemp_runs dropped;
	u64 before_pages;
	u32 touched;
};

int kmemp_net_room(struct kmemp_net *net, u32 room);
void kmemp_net_destroy(struct kmemp_net *net);
int kmemp_net_compute(struct kmemp_net *net, struct kmemp_batch *batch,
		      const struct kmemp_overlay *overlay);

/*
 * A stage: at most so many records, pages mapped and pages unmapped. So it has
 * no more changes, stretches or runs, and touches no more extents, whatever
 * the objects hold.
 */
#define KMEMP_STAGE_ITEMS	KMEMP_BATCH_EXTENTS
/* Changes of a batch that is staged; others are committed by themselves. */
#define KMEMP_STAGE_CHANGES	128u
#define KMEMP_STAGE_HEADS	256u
#define KMEMP_STAGE_PAGES	8192u

/**
 * struct kmemp_link - of a change in a stage that is about a record
 * @next: the next in its hash chain, index of a change + 1
 * @room: bytes of text that are its own
 */
struct kmemp_link {
	u16 next;
	u16 room;
};

/**
 * struct kmemp_stage - batches in order of entry, made one
 * @batch: the one; its metadata pages are in hand
 * @overlay: what its changes make of the objects' extents
 * @items: records, pages mapped and unmapped, at most KMEMP_STAGE_ITEMS
 * @cost: no less than that of its changes
 * @ask_at: metadata pages in @cost for which the format is asked anew
 * @pages: a bit for each page that its batches mapped, modulo KMEMP_STAGE_PAGES
 * @heads: hash table of its records: index of a change + 1
 * @links: for each change
 * @text: names and values of its records, KMEMP_BATCH_BYTES
 * @text_used: how much of that some record has, or had
 */
struct kmemp_stage {
	struct kmemp_batch batch;
	struct kmemp_overlay overlay;
	u32 items;
	struct kmemp_cost cost;
	u32 ask_at;
	u64 pages[KMEMP_STAGE_PAGES / 64];
	u16 heads[KMEMP_STAGE_HEADS];
	struct kmemp_link *links;
	u8 *text;
	u32 text_used;
};

int kmemp_stage_init(struct kmemp_stage *stage, struct kmemp_pool *pool);
void kmemp_stage_destroy(struct kmemp_stage *stage);
bool kmemp_stage_takes(const struct kmemp_batch *batch);
int kmemp_stage_add(struct kmemp_stage *stage, struct kmemp_batch *batch,
		    const struct kmemp_overlay *overlay);
void kmemp_stage_empty(struct kmemp_stage *stage);
u16 *kmemp_stage_head(struct kmemp_stage *stage, u64 object,
		      const struct kmemp_record *record);
u32 kmemp_stage_find(const struct kmemp_stage *stage,
		     const struct kmemp_change *key);
const struct kmemp_change *
kmemp_stage_find_record(const struct kmemp_stage *stage, u64 object,
			const struct kmemp_record *record);
const struct kmemp_change *
kmemp_stage_next_record(const struct kmemp_stage *stage, u64 object,
			const struct kmemp_record *from);
u64 kmemp_stage_next_object(const struct kmemp_stage *stage, u64 id);

/**
 * struct kmemp_queue - the way of small batches to the medium
 * @lock: a leaf but for pool->readers; never held over a commit
 * @ready: there is memory for all that follows
 * @stages: the two
 * @open: where batches enter; another one under @lock and pool->readers
 * @busy: the other one: being committed, or empty
 * @number: of the open stage; each has the next one
 * @done: newest stage that is durable
 * @error: what made the pool fail, 0 if it has not
 * @net: for each commit, with room for a stage's once @ready
 * @aged: the open stage was there when kmemp_queue_run() came last
 * @seen: newest batch when it came last
 * @ticks: how often it came and pages waited
 *
 * Locking: pool->commit_lock -> @busy, @done, @error, @net, @seen, @ticks.
 * Within it, @lock -> @ready, @open, @number, @aged. Within that, pool->readers
 * for writing around each change of what lookups see: which stages there are,
 * their overlays and records.
 */
struct kmemp_queue {
	struct mutex lock;
	bool ready;
	struct kmemp_stage stages[2];
	struct kmemp_stage *open;
	struct kmemp_stage *busy;
	u64 number;
	u64 done;
	int error;
	struct kmemp_net net;
	bool aged;
	u64 seen;
	u32 ticks;
};

int kmemp_queue_init(struct kmemp_pool *pool);
void kmemp_queue_destroy(struct kmemp_pool *pool);
int kmemp_queue_flush_locked(struct kmemp_pool *pool);

int kmemp_writable(const struct kmemp_pool *pool);
int kmemp_judge(struct kmemp_pool *pool, int ret);
struct kmemp_cost kmemp_cost_of(const struct kmemp_pool *pool,
				const struct kmemp_change *changes, u32 nr);
bool kmemp_cost_fits(const struct kmemp_pool *pool, struct kmemp_cost cost);
int kmemp_meta_take(struct kmemp_batch *batch);
void kmemp_meta_return(struct kmemp_batch *batch);
int kmemp_commit_batch_locked(struct kmemp_batch *batch,
			      const struct kmemp_overlay *overlay);
int kmemp_commit_stage_locked(struct kmemp_stage *stage);
void kmemp_confirm_locked(struct kmemp_pool *pool);
int kmemp_retire_locked(struct kmemp_pool *pool);
int kmemp_work_locked(struct kmemp_pool *pool);

u32 kmemp_wait_need(u32 items, u64 pages);
int kmemp_wait_room(struct kmemp_pool *pool, u32 data, u32 meta);
void kmemp_wait_destroy(struct kmemp_wait *wait);
u32 kmemp_wait_runs(const struct kmemp_pool *pool);
void kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
		    const struct kmemp_run *run, bool meta);
void kmemp_wait_settle(struct kmemp_pool *pool);

void kmemp_pool_finish(struct kmemp_pool *pool,
		       const struct kmemp_used_source *source);

bool kmemp_load_asked(struct kmemp_pool *pool, u64 object, int *ret);
int kmemp_load_touched(const struct kmemp_batch *batch);
int kmemp_find_extent(struct kmemp_pool *pool, u64 object, u64 offset,
		      u64 max_pages, struct kmemp_extent *extent);
int kmemp_lookup_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			u64 max_pages, struct kmemp_extent *extent);
int kmemp_record_order(const struct kmemp_record *a,
		       const struct kmemp_record *b);

/**
 * struct kmemp_orphan - an orphan as its record tells
 * @object: id
 * @op: what is to be done
 * @from: for KMEMP_ORPHAN_TRUNCATE: first page offset that goes
 */
struct kmemp_orphan {
	u64 object;
	enum kmemp_orphan_op op;
	u64 from;
};

bool kmemp_orphan_decode(const struct kmemp_record *record,
			 struct kmemp_orphan *orphan);

void kmemp_commit_begin(struct kmemp_pool *pool);
bool kmemp_commit_try(struct kmemp_pool *pool);
void kmemp_commit_end(struct kmemp_pool *pool);

int kmemp_id_mark(struct kmemp_pool *pool, u64 *mark);

int kmemp_check_objects(struct kmemp_pool *pool,
			const struct kmemp_findings *findings);

int kmemp_used_map_walk(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg);
void kmemp_used_map_drop(struct kmemp_pool *pool);
void kmemp_used_map_save(struct kmemp_pool *pool,
			 const struct kmemp_used_source *source);
int kmemp_used_map_check(struct kmemp_pool *pool,
			 const struct kmemp_findings *findings);

#endif /* KMEMP_CORE_CORE_H */
