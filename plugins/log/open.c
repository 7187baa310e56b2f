// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery: all entries from the tail on are verified, and their items noted.
 *
 * At most the last one can be torn. A valid entry behind one that is not means
 * that a durable one was lost, and refuses the pool; so does an end before the
 * newest entry that the root knows of.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

#define HEADER		((u32)sizeof(struct kmemp_log_entry))
#define MAX_POS		(1ULL << 62)

/**
 * kmemp_log_free - free a log
 * @log: the log
 */
void kmemp_log_free(struct kmemp_log *log)
{
	kmemp_log_tree_destroy(&log->extents);
	kmemp_log_tree_destroy(&log->records);
	kmemp_log_tree_destroy(&log->pages);
	kmemp_log_notes_destroy(log);
	kmemp_log_nodes_trim(&log->nodes, 0);
	kmemp_log_nodes_trim(&log->load, 0);
	mutex_destroy(&log->index);
	kvfree(log);
}

/* Where the log begins, from the newest root. */
static int open_tail(struct kmemp_log *log)
{
	const struct kmemp_log_root *disk = (const void *)log->root.payload;
	struct kmemp_log_place *tail = &log->tail;
	u64 page = le64_to_cpu(disk->page);
	int ret;

	tail->pos = le64_to_cpu(disk->tail);
	tail->number = le64_to_cpu(disk->number);
	tail->sequence = le64_to_cpu(disk->sequence);
	if (tail->pos % KMEMP_LINE_SIZE || tail->pos >= MAX_POS ||
	    tail->pos % KMEMP_PAGE_SIZE < sizeof(struct kmemp_log_page) ||
	    !kmemp_log_page_valid(log, page) || !tail->number ||
	    tail->number > KMEMP_MAX_SEQUENCE ||
	    tail->sequence > KMEMP_MAX_SEQUENCE ||
	    memchr_inv(disk->reserved, 0, sizeof(disk->reserved)))
		return kmemp_log_damaged(log, "root slot: tail", page, 0,
					 tail->pos);
	ret = kmemp_log_chain_read(log, tail->pos >> KMEMP_PAGE_SHIFT, page,
				   &log->chain);
	if (!ret)
		ret = kmemp_log_damaged(log, "log page of the tail", page, 0,
					tail->pos);
	if (ret < 0)
		return ret;
	log->head = tail->pos;
	log->number = tail->number - 1;
	log->sequence = tail->sequence;
	log->safe = *tail;
	log->clean.at = *tail;
	return 0;
}

static int open_pages(struct kmemp_log *log)
{
	const struct kmemp_log_chain *chain = &log->chain;
	int ret;

	ret = kmemp_log_nodes_add(&log->nodes,
				  kmemp_log_tree_need(&log->pages, 0, 3),
				  GFP_KERNEL);
	if (!ret)
		ret = kmemp_log_page_add(log, chain->number, chain->page);
	if (!ret)
		ret = kmemp_log_page_add(log, chain->number + 1, chain->next);
	if (!ret)
		ret = kmemp_log_page_add(log, chain->number + 2, chain->second);
	return ret;
}

static int read_header(struct kmemp_log *log, const struct kmemp_log_chain *at,
		       u32 offset, struct kmemp_log_entry *entry)
{
	int ret = kmemp_log_load(log, at->number, at->page);

	if (!ret)
		memcpy(entry, log->read.bytes + offset, sizeof(*entry));
	return ret;
}

/* Can this entry, of the right number, follow the newest one? */
static bool follows(const struct kmemp_log *log,
		    const struct kmemp_log_entry *entry)
{
	u64 sequence = le64_to_cpu(entry->sequence);
	u64 epoch = le64_to_cpu(entry->epoch);

	return (sequence == log->sequence || sequence == log->sequence + 1) &&
	       sequence <= KMEMP_MAX_SEQUENCE && epoch >= log->epoch &&
	       epoch <= kmemp_pool_epoch(log->pool);
}

/* Is there an entry at the head? 1, 0 or an error; whether it is torn. */
static int next_entry(struct kmemp_log *log, struct kmemp_log_entry *entry)
{
	struct kmemp_log_chain at = log->chain;
	u32 offset = log->head % KMEMP_PAGE_SIZE;
	int ret;

	if (log->head >= MAX_POS || log->number >= KMEMP_MAX_SEQUENCE)
		return kmemp_log_damaged(log, "log position", at.page, offset,
					 log->head);
	if (log->head >> KMEMP_PAGE_SHIFT > at.number) {
		ret = kmemp_log_chain_next(log, &at);
		if (ret <= 0)
			return ret;
	}
	ret = read_header(log, &at, offset, entry);
	if (ret || le64_to_cpu(entry->number) != log->number + 1)
		return ret;
	ret = follows(log, entry) ?
	      kmemp_log_entry_check(log, &at, offset, entry) : 0;
	if (!ret)
		log->torn = (at.page << KMEMP_PAGE_SHIFT) + offset;
	return ret;
}

/*
 * Is a valid entry among the lines of a log page from @offset on? Also one of an
 * epoch that the state line does not know: it would count when that is begun.
 */
static int find_entry(struct kmemp_log *log, const struct kmemp_log_chain *at,
		      u32 offset, u64 *number)
{
	struct kmemp_log_entry entry;
	int ret;

	for (; offset < KMEMP_PAGE_SIZE; offset += KMEMP_LINE_SIZE) {
		/* Verifying an entry may have loaded another page. */
		ret = read_header(log, at, offset, &entry);
		if (ret)
			return ret;
		*number = le64_to_cpu(entry.number);
		if (*number <= log->number || *number > KMEMP_MAX_SEQUENCE)
			continue;
		ret = kmemp_log_entry_check(log, at, offset, &entry);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * No valid entry may lie behind the head, as far as pages are linked. A page
 * whose header is not right may have been hit: the one before it names the next
 * one too.
 */
static int refuse_later(struct kmemp_log *log)
{
	struct kmemp_log_chain at = log->chain;
	u32 offset = log->head % KMEMP_PAGE_SIZE, i;
	u64 number = 0;
	int ret;

	if (log->head >> KMEMP_PAGE_SHIFT > at.number)
		offset = KMEMP_PAGE_SIZE;
	for (i = 0; i < LOG_ENTRY_PAGES + 2; i++) {
		const struct kmemp_log_chain last = at;

		ret = find_entry(log, &at, offset, &number);
		if (ret < 0)
			return ret;
		if (ret)
			return kmemp_complain(log->pool, KMEMP_REFUSE_STRUCTURE,
					      "log entry %llu is lost, %llu is there",
					      log->number + 1, number);
		if (!last.next)
			break;
		ret = kmemp_log_chain_read(log, last.number + 1, last.next, &at);
		if (ret < 0)
			return ret;
		if (!ret)
			at.next = last.second;
		offset = sizeof(struct kmemp_log_page);
	}
	/* Its pages need not be those of the chain. */
	log->read.number = 0;
	return 0;
}

/* *@kept: the newest entry may not be durable yet, though its batch is. */
static int replay(struct kmemp_log *log, bool *kept)
{
	const struct kmemp_log_root *root = (const void *)log->root.payload;
	struct kmemp_log_entry entry;
	int ret;

	while ((ret = next_entry(log, &entry)) > 0) {
		*kept = le64_to_cpu(entry.sequence) == log->sequence;
		ret = kmemp_log_entry_note(log, log->head, &entry);
		if (ret)
			return ret;
	}
	if (!ret)
		ret = refuse_later(log);
	if (ret)
		return ret;
	if (log->number < le64_to_cpu(root->newest))
		return kmemp_complain(log->pool, KMEMP_REFUSE_STRUCTURE,
				      "newest log entry %llu, the root knows of %llu",
				      log->number, le64_to_cpu(root->newest));
	if (log->sequence < kmemp_pool_confirmed(log->pool))
		return kmemp_complain(log->pool, KMEMP_REFUSE_STRUCTURE,
				      "newest batch %llu, confirmed was %llu",
				      log->sequence,
				      kmemp_pool_confirmed(log->pool));
	return 0;
}

static void flush_last(struct kmemp_log *log)
{
	u64 number = log->last >> KMEMP_PAGE_SHIFT;

	/* Whole pages: the headers of those that it entered belong to it. */
	for (; log->last && number <= log->chain.number; number++)
		kmemp_media_flush(kmemp_pool_media(log->pool),
				  kmemp_log_page_of(log, number) <<
				  KMEMP_PAGE_SHIFT, KMEMP_PAGE_SIZE);
}

/* Make durable what replay decided; a clean pool is not stored to. */
static void recover(struct kmemp_log *log, bool kept)
{
	struct kmemp_media *media = kmemp_pool_media(log->pool);

	if (kmemp_pool_readonly(log->pool) ||
	    (log->sequence == kmemp_pool_confirmed(log->pool) && !kept &&
	     !log->torn && log->root.mirrored))
		return;
	if (log->torn) {
		kmemp_media_fill(media, log->torn, 0, HEADER);
		kmemp_media_flush(media, log->torn, HEADER);
		log->torn = 0;
	}
	flush_last(log);
	/*
	 * The newest entry, which may have been read from the cache alone, is
	 * durable before its batch is confirmed, and a root relies on it; the
	 * torn one is gone before another one is written there.
	 */
	kmemp_media_fence(media);
	if (log->root.mirrored)
		return;
	kmemp_root_write(log->pool, &log->root);
	/* Whole before the other slot is overwritten. */
	kmemp_media_fence(media);
	kmemp_root_write(log->pool, &log->root);
	/* Both slots are the same in both pages before a commit writes one. */
	kmemp_media_fence(media);
	log->root.mirrored = true;
}

/* See struct kmemp_format_ops. */
int kmemp_log_open(struct kmemp_pool *pool)
{
	struct kmemp_log *log;
	bool kept = false;
	int ret;

	log = kvzalloc(sizeof(*log), GFP_KERNEL);
	if (!log)
		return -ENOMEM;
	log->pool = pool;
	mutex_init(&log->index);
	ret = kmemp_root_read(pool, &log->root);
	if (!ret)
		ret = open_tail(log);
	if (!ret)
		ret = open_pages(log);
	if (!ret)
		ret = replay(log, &kept);
	if (ret)
		goto err_log;
	log->noted = NULL;
	log->indexed = !log->waiting.root;
	recover(log, kept);
	ret = kmemp_pool_recovered(pool, log->epoch, log->sequence);
	if (ret)
		goto err_log;
	kmemp_log_promise(log);
	kmemp_pool_set_private(pool, log);
	return 0;

err_log:
	kmemp_log_free(log);
	return ret;
}
