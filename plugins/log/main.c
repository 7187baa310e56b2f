// SPDX-License-Identifier: GPL-2.0
/*
 * Format log: its ops. See log.h for the files, format_log.h for the layout.
 *
 * A commit appends one entry, flushes it, fences, and takes in what it says as
 * if it had been read at open.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

/* Where format puts the first log pages; afterwards the medium says. */
#define FIRST_PAGE	1u
/* It, and two that are linked ahead. */
#define FIRST_PAGES	3u
#define FIRST_NUMBER	1u
/* Pages that are let go at once, so that not every commit writes a root. */
#define TAIL_PAGES	8u

static int op_format(struct kmemp_pool *pool)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	u64 pos = FIRST_PAGE << KMEMP_PAGE_SHIFT;
	struct kmemp_log_page page = {
		.number = cpu_to_le64(FIRST_NUMBER),
		.next = cpu_to_le64(FIRST_PAGE + 1),
		.second = cpu_to_le64(FIRST_PAGE + 2),
	};
	struct kmemp_root root = { .generation = 0 };
	struct kmemp_log_root *disk = (void *)root.payload;

	page.seal = cpu_to_le32(kmemp_seal(pool, 0, FIRST_NUMBER, pos, &page,
					   offsetof(typeof(page), seal)));
	/*
	 * Also those that are linked: recovery looks for entries there, and an
	 * old pool's would be valid under the same key.
	 */
	kmemp_media_fill(media, pos, 0, FIRST_PAGES * KMEMP_PAGE_SIZE);
	kmemp_media_write(media, pos, &page, sizeof(page));
	kmemp_media_flush(media, pos, FIRST_PAGES * KMEMP_PAGE_SIZE);

	disk->tail = cpu_to_le64(FIRST_NUMBER * KMEMP_PAGE_SIZE +
				 sizeof(page));
	disk->page = cpu_to_le64(FIRST_PAGE);
	disk->number = cpu_to_le64(1);
	kmemp_root_write(pool, &root);
	return 0;
}

static void op_close(struct kmemp_pool *pool)
{
	kmemp_log_free(kmemp_pool_private(pool));
	kmemp_pool_set_private(pool, NULL);
}

/* The entry that was written is durable. */
static int take(struct kmemp_log *log)
{
	int ret;

	mutex_lock(&log->index);
	kmemp_readers_exclude(log->pool);
	ret = kmemp_log_entry_take(log, log->write.start, &log->write.entry);
	kmemp_readers_admit(log->pool);
	log->safe = log->clean.at;
	kmemp_log_promise(log);
	mutex_unlock(&log->index);
	return ret;
}

/* A root is durable: the pages before its tail are let go. */
static void let_go(struct kmemp_log *log, u32 keep)
{
	u64 page;

	while ((page = kmemp_log_tail_page(log)))
		if (log->nr_spare < keep)
			log->spare[log->nr_spare++] = page;
		else
			kmemp_meta_release(log->pool, page);
	mutex_lock(&log->index);
	kmemp_log_promise(log);
	mutex_unlock(&log->index);
}

static int write_batch(struct kmemp_log *log, struct kmemp_batch *batch)
{
	int ret = 0;

	lockdep_assert_held(&log->index);
	log->begun = true;
	kmemp_log_write_begin(log, batch, batch->sequence, batch->epoch);
	if (log->budget)
		ret = kmemp_log_clean_step(log, log->budget, log->rate);
	if (ret)
		return ret;
	kmemp_log_write_changes(log, batch);
	return kmemp_log_write_end(log);
}

static int op_commit(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	bool moves = kmemp_log_tail_moves(log, TAIL_PAGES);
	int ret;

	mutex_lock(&log->index);
	ret = write_batch(log, batch);
	mutex_unlock(&log->index);
	if (ret)
		return ret;
	if (moves)
		kmemp_log_tail_write(log);
	/*
	 * The entry, with the headers of the pages it enters, is durable before
	 * anybody is told so, and before a later root names a tail behind what
	 * it says again. A root that was written here is durable before a page
	 * that it lets go is used again.
	 */
	kmemp_media_fence(kmemp_pool_media(pool));
	ret = take(log);
	if (ret)
		return ret;
	if (moves)
		let_go(log, 0);
	/* What is left of the batch's is good for cleaning between commits. */
	while (log->nr_spare < LOG_SPARES && batch->nr_meta)
		log->spare[log->nr_spare++] = kmemp_meta_get(batch);
	kmemp_retired(pool, batch->sequence);
	return 0;
}

/* No redo ever stores into a page: only the pages in hand wait. */
static int op_retire(struct kmemp_pool *pool)
{
	struct kmemp_log *log = kmemp_pool_private(pool);

	while (log->nr_spare)
		kmemp_meta_release(pool, log->spare[--log->nr_spare]);
	kmemp_retired(pool, log->sequence);
	return 0;
}

/*
 * An entry that says again what pages in hand have room for. 1: it is to be
 * taken in when it is durable; 0: there is none; or an error.
 */
static int write_again(struct kmemp_log *log)
{
	/* Each page it enters takes one; one item more may be said. */
	u32 budget = log->nr_spare * KMEMP_PAGE_SIZE / 2;
	u32 rate = kmemp_log_clean_rate(log, true);
	int ret;

	lockdep_assert_held(&log->index);
	ret = kmemp_log_clean_ahead(log, budget, rate, LOG_NO_RESERVES);
	if (!ret)
		ret = kmemp_log_nodes_add(&log->nodes,
					  kmemp_log_step_nodes(log, budget),
					  GFP_NOIO);
	if (ret)
		/* It is not urgent. */
		return ret == -ENOMEM ? 0 : ret;
	kmemp_log_write_begin(log, NULL, log->sequence, log->epoch);
	ret = kmemp_log_clean_step(log, budget, rate);
	if (ret)
		return ret;
	if (!log->write.started && !log->write.nr_group) {
		log->safe = log->clean.at;
		return 0;
	}
	return kmemp_log_write_end(log) ?: 1;
}

static int clean(struct kmemp_log *log)
{
	int ret;

	mutex_lock(&log->index);
	ret = write_again(log);
	mutex_unlock(&log->index);
	if (ret <= 0)
		return ret;
	/*
	 * What was said again is durable before a root names a tail behind
	 * where it was said first.
	 */
	kmemp_media_fence(kmemp_pool_media(log->pool));
	return take(log);
}

static bool due(struct kmemp_log *log)
{
	bool due;

	mutex_lock(&log->index);
	due = kmemp_log_clean_due(log, true);
	mutex_unlock(&log->index);
	return due;
}

static int op_work(struct kmemp_pool *pool)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	int ret = 0;

	/* Before the first commit the epoch is not on the medium. */
	if (!log->begun || !log->nr_spare || !due(log))
		return 0;
	ret = clean(log);
	if (ret)
		return ret;
	if (kmemp_log_tail_moves(log, 1)) {
		kmemp_log_tail_write(log);
		/* The root is durable before the pages it lets go are used. */
		kmemp_media_fence(kmemp_pool_media(pool));
		let_go(log, LOG_SPARES);
	}
	return due(log);
}

/* Among the objects that are indexed. */
static u64 next_indexed(const struct kmemp_log *log, u64 id)
{
	const struct kmemp_log_item *extent, *record;
	struct kmemp_log_path path;
	u64 found = U64_MAX;

	extent = kmemp_log_tree_from(&log->extents,
				     &(struct kmemp_log_item){ .word = { id } },
				     &path);
	record = kmemp_log_tree_from(&log->records,
				     &(struct kmemp_log_item){
					.word = { id << 8 } }, &path);
	if (extent)
		found = extent->word[0];
	if (record)
		found = min(found, record->word[0] >> 8);
	return found;
}

static int op_next_object(struct kmemp_pool *pool, u64 *id)
{
	const struct kmemp_log *log = kmemp_pool_private(pool);
	const struct kmemp_log_object *waiting;
	struct kmemp_log_path path;
	u64 found;

	if (*id > KMEMP_OBJ_MAX)
		return -ENOENT;
	found = next_indexed(log, *id);
	waiting = kmemp_log_waiting(log, *id, &path);
	if (waiting && waiting->id <= found) {
		*id = waiting->id;
		return waiting->exists ? 0 : -EAGAIN;
	}
	if (found == U64_MAX)
		return -ENOENT;
	*id = found;
	return 0;
}

static int op_next_record(struct kmemp_pool *pool, u64 object,
			  struct kmemp_record *record, u8 *buffer)
{
	const struct kmemp_log *log = kmemp_pool_private(pool);

	if (kmemp_log_waits(log, object))
		return -EAGAIN;
	return kmemp_log_record_next(log, object, record, buffer);
}

static int op_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			  u64 max_pages, struct kmemp_extent *extent)
{
	const struct kmemp_log *log = kmemp_pool_private(pool);
	const struct kmemp_log_item *item;
	struct kmemp_log_path path;

	if (kmemp_log_waits(log, object))
		return -EAGAIN;
	item = kmemp_log_extent_find(log, object, offset, &path);
	if (!item)
		return -ENOENT;
	kmemp_log_extent_decode(item, extent);
	return 0;
}

static u64 op_nr_extents(struct kmemp_pool *pool)
{
	const struct kmemp_log *log = kmemp_pool_private(pool);

	/* Of what waits all that is said counts, also what was said again. */
	return log->extents.items + log->said.extents;
}

static const struct kmemp_format_ops kmemp_log_ops = {
	.type = KMEMP_TYPE_LOG,
	.name = "log",
	.owner = THIS_MODULE,
	.standing = LOG_STANDING,
	.shatter_bytes = LOG_SHATTER,
	.many_extents = LOG_MANY_EXTENTS,
	.format = op_format,
	.open = kmemp_log_open,
	.close = op_close,
	.load = kmemp_log_load_object,
	.reserve = kmemp_log_reserve,
	.prepare = kmemp_log_prepare,
	.commit = op_commit,
	.retire = op_retire,
	.work = op_work,
	.for_each_used = kmemp_log_walk_used,
	.next_object = op_next_object,
	.next_record = op_next_record,
	.next_extent = op_next_extent,
	.check = kmemp_log_check,
	.describe = kmemp_log_describe,
	.nr_extents = op_nr_extents,
};

static int __init kmemp_log_init(void)
{
	return kmemp_format_register(&kmemp_log_ops);
}
module_init(kmemp_log_init);

static void __exit kmemp_log_exit(void)
{
	kmemp_format_unregister(&kmemp_log_ops);
}
module_exit(kmemp_log_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist format log: one entry appended by a commit");
MODULE_ALIAS("kmemp-format-2");
MODULE_ALIAS("kmemp-format-log");
