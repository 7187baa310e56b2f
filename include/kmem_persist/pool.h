/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool as its host sees it: a medium, its decoded superblock, its format.
 *
 * Hosts are drivers/pool (a bound device), tools/kmemp (a device in devdax
 * mode or an image) and the tests. Plugins use plugin.h alone and take the
 * pool as an opaque pointer.
 */
#ifndef KMEM_PERSIST_POOL_H
#define KMEM_PERSIST_POOL_H

#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include <kmem_persist/plugin.h>

#define KMEMP_VERDICT_SIZE	128

/*
 * Pages of data that writers may have in flight between taking them from the
 * reserve and the durable end of their batch; part of kmemp_pool_reserve().
 */
#define KMEMP_RESERVE_INFLIGHT	1024u

/**
 * struct kmemp_verdict - why something was refused
 * @code: KMEMP_REFUSE_NOTHING while all is well; the first refusal stays
 * @particulars: object, place, expected and found; may be empty
 */
struct kmemp_verdict {
	enum kmemp_refusal code;
	char particulars[KMEMP_VERDICT_SIZE];
};

/* Room for the longest refusal line that kmemp_verdict_text() makes. */
#define KMEMP_VERDICT_TEXT	512

int kmemp_refuse(struct kmemp_verdict *verdict, enum kmemp_refusal code,
		 const char *fmt, ...) __printf(3, 4);
size_t kmemp_verdict_text(const struct kmemp_verdict *verdict,
			  const char *device, char *buf, size_t size);

/**
 * struct kmemp_super - the superblock in DRAM, in the machine's byte order
 * @type: see struct kmemp_disk_static, likewise up to @static_generation
 * @version: see there
 * @compat: see there
 * @ro_compat: see there
 * @incompat: see there
 * @pool_pages: see there
 * @uuid: see there
 * @seal_key: see there
 * @hash_key: see there
 * @label: see there, always terminated here
 * @data_min: see there
 * @data_max: see there
 * @window_page: see there
 * @window_pages: see there
 * @static_generation: see there
 * @state_generation: see struct kmemp_disk_state, likewise up to @map_crc
 * @epoch: see there
 * @confirmed: see there
 * @map_page: see there
 * @map_pages: see there
 * @map_crc: see there
 * @damaged: what must be written anew at open, KMEMP_DAMAGED_*
 */
struct kmemp_super {
	u32 type;
	u32 version;
	u64 compat;
	u64 ro_compat;
	u64 incompat;
	u64 pool_pages;
	u8 uuid[KMEMP_UUID_SIZE];
	u8 seal_key[KMEMP_KEY_SIZE];
	u8 hash_key[KMEMP_KEY_SIZE];
	char label[KMEMP_LABEL_SIZE + 1];
	u64 data_min;
	u64 data_max;
	u64 window_page;
	u64 window_pages;
	u64 static_generation;
	u64 state_generation;
	u64 epoch;
	u64 confirmed;
	u64 map_page;
	u32 map_pages;
	u32 map_crc;
	u8 damaged;
};

#define KMEMP_DAMAGED_FIRST	0x1
#define KMEMP_DAMAGED_COPY	0x2
/* A device that is larger than the pool does not point to the copy. */
#define KMEMP_DAMAGED_POINTER	0x4

/**
 * enum kmemp_content - what kmemp_super_read() found on a device
 * @KMEMP_CONTENT_PLAIN: both places are readable and show no pool
 * @KMEMP_CONTENT_POOL: a superblock that this code knows
 * @KMEMP_CONTENT_REFUSED: anything else; the verdict says what
 */
enum kmemp_content {
	KMEMP_CONTENT_PLAIN,
	KMEMP_CONTENT_POOL,
	KMEMP_CONTENT_REFUSED,
};

enum kmemp_content kmemp_super_read(struct kmemp_media *media,
				    struct kmemp_super *super,
				    struct kmemp_verdict *verdict);
int kmemp_super_create(struct kmemp_media *media, struct kmemp_super *super,
		       int (*fill)(void *arg), void *arg);
void kmemp_super_erase(struct kmemp_media *media);
bool kmemp_name_valid(const char *name, size_t len);

/**
 * struct kmemp_page_source - where metadata pages come from and go to
 * @take: Fill @pages with @nr pages that nothing else has, whatever they
 *	hold, or return -ENOSPC and take none. @adds: the batch needs more
 *	pages than it frees; only then may the reserve be spared. May sleep;
 *	called without the commit right.
 * @put_back: These @nr pages were taken and are not needed: nothing referred
 *	to them. Called as @give is.
 * @give: These pages are in use no more, and nothing of the medium's redo
 *	stores into them: they may be RAM. What front ends looked up and still
 *	read is the host's to wait for. Called with the commit right or without,
 *	beside @take and itself.
 * @pending: Something waits for kmemp_queue_run(): a batch was queued, or a
 *	commit left freed pages waiting or is not confirmed. Often called when
 *	the host knows already; without any lock, in the context of whoever
 *	committed. May be NULL.
 *
 * Data pages come from the front ends, which map them, and return by @give when
 * a batch frees them. So do those that were replaced before they were durable,
 * by the same batch or by one that was committed with it.
 */
struct kmemp_page_source {
	int (*take)(void *arg, u64 *pages, u32 nr, bool adds);
	void (*put_back)(void *arg, const u64 *pages, u32 nr);
	void (*give)(void *arg, u64 page, u64 count);
	void (*pending)(void *arg);
};

/**
 * struct kmemp_used_source - who knows which pages are in use
 * @begin: What was given back is free from now on. Return false where pages are
 *	in use that no batch has mapped yet: then nothing is saved.
 * @next: The next run of pages in use from page *@page on: *@page and *@count;
 *	false: there is none.
 * @room: First of @nr pages that follow each other, are not in use, and nobody
 *	may take from now on; 0: there are none.
 * @arg: for all of them
 *
 * Context: may sleep; with the commit right.
 */
struct kmemp_used_source {
	bool (*begin)(void *arg);
	bool (*next)(void *arg, u64 *page, u64 *count);
	u64 (*room)(void *arg, u64 nr);
	void *arg;
};

/**
 * struct kmemp_freed - pages that a batch freed
 * @run: the pages
 * @sequence: of the batch
 */
struct kmemp_freed {
	struct kmemp_run run;
	u64 sequence;
};

/**
 * struct kmemp_freed_list - a ring of them, in the order of the batches
 * @freed: the ring
 * @first: index of the first
 * @nr: how many
 * @room: how many there is memory for
 */
struct kmemp_freed_list {
	struct kmemp_freed *freed;
	u32 first;
	u32 nr;
	u32 room;
};

/**
 * struct kmemp_wait - freed pages that wait until they may be used again
 * @data: what was data
 * @meta: what was metadata, into which redo may store
 * @pages: pages in both
 */
struct kmemp_wait {
	struct kmemp_freed_list data;
	struct kmemp_freed_list meta;
	u64 pages;
};

struct kmemp_queue;

/**
 * struct kmemp_pool - an opened pool
 * @media: its medium
 * @format: its format, a reference is held while it is open
 * @private: the format's own
 * @super: the superblock as last written
 * @verdict: why it was refused, or became read-only
 * @readonly: opened without the right to store
 * @failed: a commit failed: no more stores until it is opened again
 * @commit_lock: the commit right
 * @memalloc: what its owner restores; under @commit_lock
 * @readers: lookups against the stores of a commit
 * @epoch: of the newest batch; of this opening once @begun
 * @begun: this opening has committed, its epoch is on the medium
 * @newest: sequence of the newest batch
 * @retired: redo stores nothing of batches up to this one
 * @growth: see kmemp_reserve_growth(); read without a lock
 * @wait: freed pages
 * @queue: batches that are staged; NULL where nothing can be committed
 * @source: where metadata pages come from
 * @source_arg: for @source
 * @window_page: see kmemp_pool_set_window()
 * @window_pages: the same
 * @id_lock: who gives object ids
 * @next_id: the next one, 0 until the mark has been read
 * @id_mark: ids from here on are not promised to be new yet
 *
 * Zero it before kmemp_pool_open().
 *
 * Locking: @commit_lock -> @super, @failed, @epoch, @begun, @newest,
 * @retired, @growth, @wait, the plugin's commit, prepare, retire, work, check
 * and describe. @failed is also looked at without it, as a hint. Within it, the
 * lock of @queue: who is in which stage (plugins/core/core.h); batches are
 * staged under that alone, beside a commit. Within both, @readers: for writing
 * around the stores of a commit, and the changes of stages, that lookups can
 * see; for reading around each lookup. Whoever holds @readers for reading waits
 * for nothing. @id_lock -> @next_id, @id_mark; outside of the others.
 * kmemp_pool_open() and kmemp_pool_close() run beside nothing else.
 */
struct kmemp_pool {
	struct kmemp_media *media;
	const struct kmemp_format_ops *format;
	void *private;
	struct kmemp_super super;
	struct kmemp_verdict verdict;
	bool readonly;
	bool failed;
	struct mutex commit_lock;
	unsigned int memalloc;
	struct rw_semaphore readers;
	u64 epoch;
	bool begun;
	u64 newest;
	u64 retired;
	u64 growth;
	struct kmemp_wait wait;
	struct kmemp_queue *queue;
	const struct kmemp_page_source *source;
	void *source_arg;
	u64 window_page;
	u64 window_pages;
	struct mutex id_lock;
	u64 next_id;
	u64 id_mark;
};

/**
 * struct kmemp_format_params - what a new pool shall be
 * @type: number of a format that is registered
 * @pool_pages: 0 for the whole device
 * @uuid: random, version 4
 * @seal_key: random
 * @hash_key: random
 * @label: may be empty
 * @data_min: pages guaranteed to data
 * @data_max: ceiling of data in pages, 0 for none
 *
 * The caller supplies what is random, so that tests can repeat themselves.
 */
struct kmemp_format_params {
	u32 type;
	u64 pool_pages;
	u8 uuid[KMEMP_UUID_SIZE];
	u8 seal_key[KMEMP_KEY_SIZE];
	u8 hash_key[KMEMP_KEY_SIZE];
	const char *label;
	u64 data_min;
	u64 data_max;
};

int kmemp_pool_format(struct kmemp_media *media,
		      const struct kmemp_format_params *params,
		      struct kmemp_verdict *verdict);
int kmemp_pool_open(struct kmemp_pool *pool, struct kmemp_media *media,
		    bool readonly);
void kmemp_pool_close(struct kmemp_pool *pool);
void kmemp_pool_close_saving(struct kmemp_pool *pool,
			     const struct kmemp_used_source *source);
int kmemp_pool_save_used(struct kmemp_pool *pool,
			 const struct kmemp_used_source *source);
int kmemp_pool_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn,
			     void *arg);
int kmemp_pool_set_limits(struct kmemp_pool *pool, u64 data_min, u64 data_max);
u64 kmemp_pool_reserve(const struct kmemp_pool *pool, u64 used_pages);
void kmemp_pool_set_source(struct kmemp_pool *pool,
			   const struct kmemp_page_source *source, void *arg);
void kmemp_pool_set_window(struct kmemp_pool *pool, u64 page, u64 end);
int kmemp_pool_confirm(struct kmemp_pool *pool);
int kmemp_pool_retire(struct kmemp_pool *pool);
u64 kmemp_pool_waiting(struct kmemp_pool *pool);

bool kmemp_pool_keeps_objects(const struct kmemp_pool *pool);
bool kmemp_pool_nr_extents(struct kmemp_pool *pool, u64 *nr);
int kmemp_pool_next_object(struct kmemp_pool *pool, u64 *id);
int kmemp_pool_next_record(struct kmemp_pool *pool, u64 object,
			   struct kmemp_record *record, u8 *buffer);
int kmemp_pool_get_record(struct kmemp_pool *pool, u64 object,
			  struct kmemp_record *record, u8 *buffer);
bool kmemp_record_after(struct kmemp_record *record, u8 *buffer);
int kmemp_pool_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			   u64 max_pages, struct kmemp_extent *extent);

int kmemp_pool_measure(struct kmemp_pool *pool, u64 object, u64 *offset,
		       u64 end, u32 max_extents, u32 max_pages, u32 *count);

struct kmemp_batch *kmemp_batch_new(struct kmemp_pool *pool);
void kmemp_batch_free(struct kmemp_batch *batch);
int kmemp_batch_put(struct kmemp_batch *batch, u64 object, u8 kind,
		    const void *name, size_t name_len, const void *value,
		    size_t value_len);
int kmemp_batch_del(struct kmemp_batch *batch, u64 object, u8 kind,
		    const void *name, size_t name_len);
int kmemp_batch_map(struct kmemp_batch *batch, u64 object,
		    const struct kmemp_extent *extent);
int kmemp_batch_unmap(struct kmemp_batch *batch, u64 object, u64 offset,
		      u32 count);
int kmemp_batch_remove(struct kmemp_batch *batch, u64 object);
void kmemp_batch_set_overwrites(struct kmemp_batch *batch);
int kmemp_batch_commit(struct kmemp_batch *batch);
int kmemp_batch_queue(struct kmemp_batch *batch);
int kmemp_pool_sync(struct kmemp_pool *pool);
int kmemp_queue_run(struct kmemp_pool *pool, bool now);
u64 kmemp_name_hash(const struct kmemp_pool *pool, const void *name,
		    size_t len);

int kmemp_pool_new_id(struct kmemp_pool *pool, u64 *id);
int kmemp_orphan_put(struct kmemp_batch *batch, u64 object,
		     enum kmemp_orphan_op op, u64 from);
int kmemp_orphan_step(struct kmemp_pool *pool);

/**
 * struct kmemp_volume_info - what a volume's record says
 * @object: see struct kmemp_disk_volume
 * @pages: see there
 * @block_size: see there
 */
struct kmemp_volume_info {
	u64 object;
	u64 pages;
	u32 block_size;
};

bool kmemp_volume_decode(const struct kmemp_record *record,
			 struct kmemp_volume_info *info);
bool kmemp_volume_size_valid(u64 pages, u32 block_size);

int kmemp_pool_mark_bad(struct kmemp_pool *pool, u64 page);
int kmemp_pool_check(struct kmemp_pool *pool,
		     const struct kmemp_findings *findings);
int kmemp_pool_check_live(struct kmemp_pool *pool, struct kmemp_media *media,
			  const struct kmemp_findings *findings);
int kmemp_pool_repair(struct kmemp_pool *pool);
int kmemp_pool_describe(struct kmemp_pool *pool,
			const struct kmemp_findings *findings);

const struct kmemp_format_ops *kmemp_format_get(u32 type);
const struct kmemp_format_ops *kmemp_format_get_by_name(const char *name);
const struct kmemp_format_ops *kmemp_format_next(u32 type);
void kmemp_format_put(const struct kmemp_format_ops *ops);
void kmemp_format_set_listener(void (*fn)(void));

#endif /* KMEM_PERSIST_POOL_H */
