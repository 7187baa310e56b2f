/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plugin contract: what a format owes the core, and what it gets from it.
 *
 * A format is an on-media representation of objects. An object is a 64-bit id
 * with *records* (kind and name -> value) and *extents* (page offset -> page
 * index). The core owns everything that formats have in common: superblock,
 * group commit, the reserve, merging and splitting of extents, bounds, counts,
 * cross-checks. A plugin stores what it is told, finds it again, and says which
 * pages are in use. Plugins are plain C that compiles unchanged into a module
 * and into user space; they reach the medium by media.h alone and include
 * nothing of one another.
 *
 * Order of the calls in time, for one pool:
 *
 *	format					once, on an empty device
 *	open
 *	  for_each_used				once, before any page is RAM
 *	  { prepare, commit | retire | work | next_*, load | check | describe } *
 *	close					nothing of the pool is used after
 *
 * prepare, commit, retire and work never run beside one another: whoever calls
 * them has the pool's commit right. next_* run beside them (see
 * kmemp_readers_exclude()), and so does load. check runs on a pool that is opened
 * read-only and nobody else's, describe also with the commit right, so that they
 * see one state.
 *
 * All ops may sleep and run in process context; commit, retire and work under
 * memalloc_noreclaim. An op returns 0 or a negative errno; -EIO (the medium
 * cannot be read) and -EUCLEAN (it holds nonsense) of commit, retire or work
 * make the pool read-only until it is opened again. What a plugin finds wrong
 * it also says, once, by kmemp_complain().
 *
 * Media contents are hostile input: nothing there may reach a BUG(), a WARN(),
 * an endless loop or an access out of bounds.
 */
#ifndef KMEM_PERSIST_PLUGIN_H
#define KMEM_PERSIST_PLUGIN_H

#include <linux/types.h>

#include <kmem_persist/errcode.h>
#include <kmem_persist/format.h>
#include <kmem_persist/media.h>

struct kmemp_batch;
struct kmemp_pool;
struct module;

/**
 * struct kmemp_extent - run of pages of an object, in DRAM
 * @offset: page offset in the object
 * @page: first page index
 * @count: pages, > 0; @offset + @count never exceeds KMEMP_MAX_OBJECT_PAGES
 * @flags: KMEMP_EXTENT_*
 * @tag: kept for the front end; neighbours merge only with equal tags
 */
struct kmemp_extent {
	u64 offset;
	u64 page;
	u32 count;
	u8 flags;
	u8 tag;
};

/**
 * struct kmemp_record - record of an object, in DRAM
 * @hash: siphash-2-4 of the name, keyed by the superblock's hash key
 * @kind: first part of the key
 * @name_len: 0 to KMEMP_MAX_NAME bytes
 * @value_len: 0 to KMEMP_MAX_VALUE bytes
 * @name: the name's bytes, any values
 * @value: the value's bytes
 *
 * Records are ordered by (kind, hash, name as bytes). Passed to a plugin,
 * @name and @value point to memory of the caller. Filled in by
 * next_record, they point into the buffer that the caller gave.
 */
struct kmemp_record {
	u64 hash;
	u8 kind;
	u8 name_len;
	u16 value_len;
	const u8 *name;
	const u8 *value;
};

/* Room that next_record needs for a name and a value. */
#define KMEMP_RECORD_BUFFER	(KMEMP_MAX_NAME + 1 + KMEMP_MAX_VALUE)

/**
 * struct kmemp_run - run of pages
 * @page: first page index
 * @count: pages, > 0
 */
struct kmemp_run {
	u64 page;
	u64 count;
};

/**
 * enum kmemp_change_op - what a change does to its object
 * @KMEMP_PUT_RECORD: make or replace the record
 * @KMEMP_DEL_RECORD: delete it; no error if there is none
 * @KMEMP_MAP: map the extent; replaces whatever its range held (remap,
 *	unwritten to written, other flags or tag)
 * @KMEMP_UNMAP: the range [offset, offset + count) holds nothing any more
 * @KMEMP_REMOVE: all records and extents of the object are gone
 *
 * An object exists while it has a record or an extent.
 */
enum kmemp_change_op {
	KMEMP_PUT_RECORD = 1,
	KMEMP_DEL_RECORD,
	KMEMP_MAP,
	KMEMP_UNMAP,
	KMEMP_REMOVE,
};

/**
 * struct kmemp_change - one change
 * @object: id, not 0
 * @op: what is done
 * @record: for @KMEMP_PUT_RECORD, @KMEMP_DEL_RECORD (value ignored)
 * @extent: for @KMEMP_MAP, @KMEMP_UNMAP (only offset and count count)
 */
struct kmemp_change {
	u64 object;
	enum kmemp_change_op op;
	union {
		struct kmemp_record record;
		struct kmemp_extent extent;
	};
};

/**
 * struct kmemp_batch - what one commit makes true, all or nothing
 * @pool: whose
 * @epoch: of this opening of the pool
 * @sequence: one more than the batch before
 * @changes: in the order in which they take effect
 * @nr_changes: how many
 * @bytes: encoded, see KMEMP_BATCH_BYTES
 * @taken: page runs that the changes put into use, net, data only; ascending
 * @nr_taken: how many
 * @freed: page runs that the changes put out of use, net, data only; ascending
 * @nr_freed: how many
 * @nr_touched: existing extents and records that the changes replace or end
 * @touched_pages: pages of those extents
 * @meta: pages in hand for metadata, see kmemp_meta_get()
 * @nr_meta: how many are left
 * @nr_puts: filled in by prepare: metadata pages that commit may give back
 *	beyond what every format may
 *
 * At most KMEMP_BATCH_BYTES encoded, touching at most KMEMP_BATCH_EXTENTS
 * existing extents and records and KMEMP_BATCH_PAGES pages, and for which the
 * format's reserve() does not exceed its @standing, nor weight() its @most_weight. A
 * page that a batch frees is never taken by the same batch. Metadata pages are
 * the plugin's own affair: kmemp_meta_get(), kmemp_meta_put().
 */
struct kmemp_batch {
	struct kmemp_pool *pool;
	u64 epoch;
	u64 sequence;
	const struct kmemp_change *changes;
	u32 nr_changes;
	u32 bytes;
	const struct kmemp_run *taken;
	u32 nr_taken;
	const struct kmemp_run *freed;
	u32 nr_freed;
	u32 nr_touched;
	u64 touched_pages;
	u64 *meta;
	u32 nr_meta;
	u32 nr_puts;
};

/**
 * enum kmemp_use - what a used page holds
 * @KMEMP_USE_DATA: mapped by an object
 * @KMEMP_USE_META: metadata of the format
 * @KMEMP_USE_BAD: poisoned, must never be touched
 * @KMEMP_USE_ANY: data or metadata, the format does not tell which
 */
enum kmemp_use {
	KMEMP_USE_DATA,
	KMEMP_USE_META,
	KMEMP_USE_BAD,
	KMEMP_USE_ANY,
};

typedef int (*kmemp_used_fn)(void *arg, u64 page, u64 count,
			     enum kmemp_use use);

/**
 * enum kmemp_severity - of a finding
 * @KMEMP_NOTE: nothing is wrong, but worth saying
 * @KMEMP_MENDED: wrong, and redundant: the next open or a repair mends it
 * @KMEMP_LOSS: something cannot be read or is damaged, the rest is sound
 * @KMEMP_FATAL: the pool cannot be opened
 */
enum kmemp_severity {
	KMEMP_NOTE,
	KMEMP_MENDED,
	KMEMP_LOSS,
	KMEMP_FATAL,
};

/**
 * struct kmemp_findings - where a check and a dump write to
 * @finding: one finding: severity, object (0 for none), byte position, text
 * @line: one line of a dump
 * @arg: for both
 */
struct kmemp_findings {
	void (*finding)(void *arg, enum kmemp_severity severity, u64 object,
			u64 pos, const char *text);
	void (*line)(void *arg, const char *text);
	void *arg;
};

/**
 * struct kmemp_format_ops - a format
 * @type: number on the medium, see enum kmemp_type
 * @name: lower case, as in `--type` and persist_format_type
 * @owner: THIS_MODULE; NULL in user space
 * @standing: metadata pages the pool withholds whatever it holds; what depends
 *	on what it holds is added by kmemp_reserve_growth()
 * @shatter_bytes: metadata bytes per mapped page that the pool withholds
 *	beyond that: what one page's falling out of its extent can cost
 * @many_extents: with more of them the tool recommends another format; 0: it
 *	takes any number
 * @most_weight: see @weight
 * @format: Write an empty instance. The superblock page and its copy are not
 *	the plugin's: the core zeroed them durably before and writes the static
 *	part after it; the plugin may ask for the first root by
 *	kmemp_root_write(). All that it stored is flushed at return; the
 *	core fences it before it writes what makes it a pool.
 *	A crash leaves a device without a pool.
 * @open: Recover, and learn what for_each_used and next_* need. Unless the
 *	pool is read-only: what recovery keeps, it flushes (each line that the
 *	newest batch relies on, wherever it was read from); what it drops, it
 *	erases; redo is retired; all of it durable at return. A clean pool is
 *	left byte-identical. Sets kmemp_pool_recovered(). Read-only: stores
 *	nothing, redo goes to DRAM copies. A crash leaves what open can open,
 *	with the same outcome. On error nothing is left allocated.
 * @close: Retire what is pending (unless read-only or failed), free all.
 *	Cannot fail: what could not be retired is redone by the next open.
 * @load: Learn of an object what its lookups and changes need, where open has
 *	left that for later. Called without the readers' lock, beside all ops
 *	and itself: for each object of a batch before that is promised, and when
 *	next_* ask for it. What it has learnt it keeps. -ENOMEM: lookups find no
 *	other than before, and it may be called again. NULL where open learns
 *	everything.
 * @reserve: The most metadata pages that one commit of these changes may take,
 *	growth of the standing part included. Pure: it looks at the changes
 *	alone, so that it holds whenever they are committed; and subadditive:
 *	the sum over waiting batches bounds their concatenation, also where a
 *	later put of a record takes the place of an earlier put, or a deletion
 *	that of one. A batch for which it exceeds @standing is too big for one
 *	commit, and is refused or split by the core.
 * @weight: What else bounds a commit, in a unit of the format's, at most
 *	@most_weight. Pure and subadditive like @reserve. NULL where nothing does.
 * @prepare: Take the DRAM that the commit of this batch will need. Called with
 *	the commit right, just before commit. -ENOMEM: nothing has changed; of
 *	batches that were promised it is called again until it does better, so
 *	it must ask for little at a time, and keep what it got; it may also be
 *	called again after it has returned 0. NULL where commit needs none.
 * @commit: Make the batch true: durable at return, with exactly one fence.
 *	Pages only from kmemp_meta_get(). A crash at any point leaves the batch
 *	wholly there or wholly absent. Fails only with -EIO and -EUCLEAN.
 *	Gives back at most 8 metadata pages per change and touched item, and
 *	one per 64 touched pages, and as many as prepare said.
 * @retire: Make every page that waits returnable now: after it the plugin's
 *	redo stores into none of them; says so by kmemp_retired().
 * @work: One bounded background step (checkpoint, cleaning), when nobody
 *	commits. It has no batch: pages that it needs are in the format's hands,
 *	left over from commits (retire gives those back). 0: nothing left to do,
 *	1: call again. NULL where a format has none.
 * @for_each_used: Call @fn for each run of used pages, metadata included, in
 *	any order, repeats allowed; all of them or an error. The first nonzero
 *	return of @fn ends it and is returned. It decides how soon RAM is there.
 * @next_object: First object whose id is >= *@id, into *@id. -ENOENT: none.
 * @next_record: First record of @object at or after the position (kind, hash,
 *	name) in @record; filled in, name and value copied to @buffer of
 *	KMEMP_RECORD_BUFFER bytes. @record->name may point into @buffer.
 *	Position with name_len 0: the first of that hash. -ENOENT: none, or no
 *	such object.
 * @next_extent: First extent of @object that ends after @offset, as it is
 *	stored (the core clips and merges). It may find only the first @max_pages
 *	from @offset, or from where the extent begins if that is later. -ENOENT:
 *	none.
 * @check: Verify every structure of the format, read only, and report. An
 *	error only where the check itself could not go on. The core cross-checks
 *	pages, bounds, counts and orphans by next_*.
 * @repair: Stage a bounded part of what puts right what @check calls
 *	KMEMP_MENDED and open leaves; never where something else is wrong that
 *	could be the reason. Called like commit, and before a commit of a batch
 *	without changes, which makes it true. Findings are not news. 1: staged,
 *	commit and call again; 0: nothing is left that it can do. NULL where
 *	open mends all that can be mended.
 * @describe: Readable dump of the format's own structures.
 * @mark_bad: Record durably that @page is poisoned; it is then among the used
 *	pages, as KMEMP_USE_BAD. -ENOSPC: no room to record it. Only for formats
 *	that keep no objects; the others get it as an extent of KMEMP_OBJ_BAD.
 * @nr_extents: How many extents are stored, of a format that knows it without
 *	looking for them; where objects are still to be loaded it may be more than
 *	there are. Called as next_* are. NULL for others.
 *
 * next_* are O(log n) in what the object or pool holds; lookup, iteration and
 * resumption are the same call. Of a format with @load any of them may return
 * -EAGAIN, with nothing changed: the object, which next_object puts into *@id,
 * is to be loaded first. A format that keeps no objects (none) leaves
 * reserve, commit, retire, work and next_* NULL and has mark_bad instead;
 * kmemp_format_register() takes either all of reserve, commit, retire and
 * next_*, or mark_bad and none of them.
 */
struct kmemp_format_ops {
	u32 type;
	const char *name;
	struct module *owner;
	u32 standing;
	u32 shatter_bytes;
	u64 many_extents;
	u32 most_weight;

	int (*format)(struct kmemp_pool *pool);
	int (*open)(struct kmemp_pool *pool);
	void (*close)(struct kmemp_pool *pool);
	int (*load)(struct kmemp_pool *pool, u64 object);
	u32 (*reserve)(const struct kmemp_change *changes, u32 nr_changes);
	u32 (*weight)(const struct kmemp_change *changes, u32 nr_changes);
	int (*prepare)(struct kmemp_pool *pool, struct kmemp_batch *batch);
	int (*commit)(struct kmemp_pool *pool, struct kmemp_batch *batch);
	int (*retire)(struct kmemp_pool *pool);
	int (*work)(struct kmemp_pool *pool);
	int (*for_each_used)(struct kmemp_pool *pool, kmemp_used_fn fn,
			     void *arg);
	int (*next_object)(struct kmemp_pool *pool, u64 *id);
	int (*next_record)(struct kmemp_pool *pool, u64 object,
			   struct kmemp_record *record, u8 *buffer);
	int (*next_extent)(struct kmemp_pool *pool, u64 object, u64 offset,
			   u64 max_pages, struct kmemp_extent *extent);
	int (*check)(struct kmemp_pool *pool,
		     const struct kmemp_findings *findings);
	int (*repair)(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings);
	int (*describe)(struct kmemp_pool *pool,
			const struct kmemp_findings *findings);
	int (*mark_bad)(struct kmemp_pool *pool, u64 page);
	u64 (*nr_extents)(struct kmemp_pool *pool);
};

int kmemp_format_register(const struct kmemp_format_ops *ops);
void kmemp_format_unregister(const struct kmemp_format_ops *ops);

/*
 * What the core gives a plugin. plugins/core documents each function where it
 * is defined.
 */
struct kmemp_media *kmemp_pool_media(struct kmemp_pool *pool);
u64 kmemp_pool_pages(const struct kmemp_pool *pool);
bool kmemp_pool_readonly(const struct kmemp_pool *pool);
void *kmemp_pool_private(const struct kmemp_pool *pool);
void kmemp_pool_set_private(struct kmemp_pool *pool, void *priv);

u32 kmemp_seal(const struct kmemp_pool *pool, u64 epoch, u64 sequence, u64 pos,
	       const void *data, size_t len);
u32 kmemp_seal_seed(const struct kmemp_pool *pool, u64 epoch, u64 sequence,
		    u64 pos);

/**
 * struct kmemp_root - root slot in DRAM
 * @generation: see struct kmemp_disk_root
 * @epoch: see there
 * @sequence: see there
 * @payload: see there
 * @mirrored: as read: both superblock pages hold the same slots, and in each of
 *	them a root or nothing
 */
struct kmemp_root {
	u64 generation;
	u64 epoch;
	u64 sequence;
	u8 payload[KMEMP_ROOT_PAYLOAD] __aligned(8);
	bool mirrored;
};

int kmemp_root_read(struct kmemp_pool *pool, struct kmemp_root *root);
int kmemp_root_read_before(struct kmemp_pool *pool, struct kmemp_root *root);
void kmemp_root_write(struct kmemp_pool *pool, struct kmemp_root *root);
int kmemp_root_mend(struct kmemp_pool *pool, struct kmemp_root *root,
		    bool dropped);

int kmemp_pool_recovered(struct kmemp_pool *pool, u64 epoch, u64 sequence);
u64 kmemp_pool_confirmed(const struct kmemp_pool *pool);
u64 kmemp_pool_epoch(const struct kmemp_pool *pool);

u64 kmemp_meta_get(struct kmemp_batch *batch);
void kmemp_meta_put(struct kmemp_batch *batch, u64 page);
void kmemp_meta_release(struct kmemp_pool *pool, u64 page);
void kmemp_retired(struct kmemp_pool *pool, u64 sequence);
void kmemp_reserve_growth(struct kmemp_pool *pool, u64 pages);

void kmemp_readers_exclude(struct kmemp_pool *pool);
void kmemp_readers_admit(struct kmemp_pool *pool);

int kmemp_complain(struct kmemp_pool *pool, enum kmemp_refusal code,
		   const char *fmt, ...) __printf(3, 4);
int kmemp_damaged(struct kmemp_pool *pool,
		  const struct kmemp_findings *findings, u64 object,
		  const char *what, u64 pos, u64 found);
void kmemp_report(const struct kmemp_findings *findings,
		  enum kmemp_severity severity, u64 object, u64 pos,
		  const char *fmt, ...) __printf(5, 6);
void kmemp_say(const struct kmemp_findings *findings, const char *fmt,
	       ...) __printf(2, 3);

#endif /* KMEM_PERSIST_PLUGIN_H */
