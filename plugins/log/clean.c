// SPDX-License-Identifier: GPL-2.0
/*
 * Cleaning: what entries at the tail said and is still true is said again at
 * the head, then the tail moves past them.
 *
 * Let L be the live bytes: what it takes to say all that is true once. A commit
 * that finds the log longer than 1.6 L and the slack cleans: for each byte that
 * it brings, LOG_PACE bytes of work, a byte said again counting as one and a
 * byte read as a LOG_READ-th. Once around, all L are said again and 1.6 L are
 * read; meanwhile commits bring (L + 1.6 L / LOG_READ) / LOG_PACE = 0.35 L. So
 * the log stays below 2 L and the slack, whatever is overwritten in which
 * order; pages for L more than it says are what the pool withholds for it. When
 * nobody commits, cleaning goes on down to 1.25 L.
 *
 * A page is let go when a root that begins behind it is durable, which was
 * written when what was said again was durable. Nothing on the medium refers to
 * the page then, and no lookup: those follow the index, which has changed.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

/* Of a full page; the header of a log page is not payload. */
#define PAYLOAD		(KMEMP_PAGE_SIZE - sizeof(struct kmemp_log_page))
/* What looking for an extent counts as, in bytes read. */
#define LOOK_BYTES	16u

/* Of objects that are indexed. */
static u64 live_bytes(const struct kmemp_log *log)
{
	return log->extents.items * LOG_EXTENT_BYTES + log->record_bytes;
}

/*
 * Of those that wait: what is live is among it. It counts as the part of the log
 * that it is, and no more: so a log that is longer than it should be is not let
 * grow any further before it is known how much longer it is.
 */
static u64 said_bytes(const struct kmemp_log *log)
{
	return log->said.extents * LOG_EXTENT_BYTES + log->said.record_bytes;
}

static u64 log_bytes(const struct kmemp_log *log)
{
	return log->pages.items * KMEMP_PAGE_SIZE;
}

/**
 * kmemp_log_clean_due - is the log longer than it should be?
 * @log: the log
 * @idle: nobody commits
 *
 * Return: true if it is.
 */
bool kmemp_log_clean_due(const struct kmemp_log *log, bool idle)
{
	u64 slack = LOG_SLACK_PAGES * KMEMP_PAGE_SIZE;
	u64 live = live_bytes(log), said = said_bytes(log);

	if (idle)
		return log_bytes(log) > said + live + live / 4 + slack / 2;
	if (!log->indexed)
		slack /= 2;
	return log_bytes(log) > said + live + live / 5 * 3 + slack;
}

/**
 * kmemp_log_clean_urgent - can cleaning not be put off any more?
 * @log: the log
 *
 * Return: true if the log is as long as there are pages withheld for it.
 */
bool kmemp_log_clean_urgent(const struct kmemp_log *log)
{
	return log_bytes(log) > said_bytes(log) + 2 * live_bytes(log) +
				LOG_SLACK_PAGES * KMEMP_PAGE_SIZE;
}

/**
 * kmemp_log_clean_rate - bytes that are read for one of work
 * @log: the log
 * @idle: nobody commits
 *
 * Where most of a log says what is no more true, as when much was deleted at
 * once, it is read in longer steps: little of it needs to be said again, and so
 * no pages.
 *
 * Return: how many.
 */
u32 kmemp_log_clean_rate(const struct kmemp_log *log, bool idle)
{
	u64 most = said_bytes(log) + 2 * (live_bytes(log) +
					  LOG_SLACK_PAGES * KMEMP_PAGE_SIZE);

	return idle || log_bytes(log) > most ? LOG_READ_MOST : LOG_READ;
}

/**
 * struct step - one step of cleaning
 * @again: bytes that were said again
 * @looked: bytes that were read
 */
struct step {
	u32 again;
	u32 looked;
};

/* The next entry. 1, 0 where it lies too near to the head; or an error. */
static int begin_entry(struct kmemp_log *log, struct step *step)
{
	struct kmemp_log_clean *clean = &log->clean;
	u64 number = clean->at.pos >> KMEMP_PAGE_SHIFT;
	const struct kmemp_log_chain chain = {
		.number = number,
		.page = kmemp_log_page_of(log, number),
		.next = kmemp_log_page_of(log, number + 1),
		.second = kmemp_log_page_of(log, number + 2),
	};
	u32 offset = clean->at.pos % KMEMP_PAGE_SIZE;
	struct kmemp_log_entry entry;
	int ret;

	if (number + 1 >= log->chain.number)
		return 0;
	ret = kmemp_log_entry_read(log, clean->at.pos, &entry);
	if (ret)
		return ret;
	/* What was hit must not get a new seal. */
	ret = le64_to_cpu(entry.number) == clean->at.number ?
	      kmemp_log_entry_check(log, &chain, offset, &entry) : 0;
	if (ret < 0)
		return ret;
	if (!ret)
		return kmemp_log_damaged(log, "log entry", chain.page, offset,
					 le64_to_cpu(entry.number));
	clean->sequence = le64_to_cpu(entry.sequence);
	clean->cursor.pos = clean->at.pos + sizeof(entry);
	clean->cursor.end = clean->at.pos + le32_to_cpu(entry.length);
	step->looked += sizeof(entry);
	return 1;
}

static void end_entry(struct kmemp_log *log)
{
	struct kmemp_log_clean *clean = &log->clean;

	clean->at.pos = kmemp_log_after(clean->cursor.end);
	clean->at.number++;
	clean->at.sequence = clean->sequence;
	clean->cursor.end = 0;
}

/* Of what is left of an extent that was said: the first that is mapped. */
static void say_extent(struct kmemp_log *log, struct step *step)
{
	struct kmemp_log_clean *clean = &log->clean;
	struct kmemp_extent *said = &clean->extent, found;
	u64 end = said->offset + said->count;
	struct kmemp_log_path path;
	struct kmemp_log_item *item;

	step->looked += LOOK_BYTES;
	item = kmemp_log_extent_find(log, clean->object, said->offset, &path);
	if (item)
		kmemp_log_extent_decode(item, &found);
	if (!item || found.offset >= end) {
		said->count = 0;
		return;
	}
	/* See extent.c. */
	if (item->word[3] <= clean->item) {
		kmemp_log_write_extent(log, clean->object, KMEMP_LOG_MAP,
				       &found);
		item->word[3] = log->write.start;
		step->again += LOG_EXTENT_BYTES;
	}
	said->offset = min(end, found.offset + found.count);
	said->count = end - said->offset;
}

static int next_extent(struct kmemp_log *log)
{
	struct kmemp_log_clean *clean = &log->clean;

	clean->left--;
	return kmemp_log_say_extent(log, &clean->cursor, KMEMP_LOG_MAP,
				    &clean->extent);
}

static int next_item(struct kmemp_log *log, struct step *step)
{
	struct kmemp_log_clean *clean = &log->clean;
	u64 before = clean->cursor.pos;
	struct kmemp_log_said said;
	int ret;

	ret = kmemp_log_say(log, &clean->cursor, &said);
	if (ret)
		return ret;
	/* kmemp_log_clean_ahead() was wrong; it would be taken for gone. */
	if (WARN_ON_ONCE(said.op && said.op != KMEMP_LOG_REMOVE &&
			 kmemp_log_waits(log, said.object)))
		return -EUCLEAN;
	switch (said.op) {
	case 0:
		end_entry(log);
		return 0;
	case KMEMP_LOG_MAP:
		clean->item = said.pos;
		clean->object = said.object;
		clean->left = said.count;
		break;
	case KMEMP_LOG_UNMAP:
		ret = kmemp_log_skip_extents(log, &clean->cursor, said.op,
					     said.count);
		break;
	case KMEMP_LOG_PUT:
		if (!kmemp_log_record_is(log, said.object, &said.record,
					 said.pos))
			break;
		kmemp_log_write_record(log, said.object, KMEMP_LOG_PUT,
				       &said.record);
		step->again += kmemp_log_record_bytes(said.record.name_len,
						      said.record.value_len);
		break;
	}
	step->looked += clean->cursor.pos - before;
	return ret;
}

/* An item that will be come to. What a REMOVE ended is noted no more. */
static int look_at_item(struct kmemp_log *log, struct step *step, gfp_t gfp)
{
	struct kmemp_log_clean *clean = &log->clean;
	u64 before = clean->cursor.pos;
	struct kmemp_log_said said;
	int ret;

	ret = kmemp_log_say(log, &clean->cursor, &said);
	if (ret)
		return ret;
	if (!said.op) {
		end_entry(log);
		return 0;
	}
	ret = kmemp_log_skip_extents(log, &clean->cursor, said.op, said.count);
	step->looked += clean->cursor.pos - before;
	if (!ret && said.op != KMEMP_LOG_REMOVE)
		ret = kmemp_log_load_locked(log, said.object, gfp);
	return ret;
}

/**
 * kmemp_log_clean_ahead - have indexed what the next step will come to
 * @log: the log
 * @budget: as for kmemp_log_clean_step()
 * @rate: as for that
 * @gfp: how to allocate
 *
 * The step goes no further than this, since it counts more.
 *
 * Return: 0; -EIO; -EUCLEAN; -ENOMEM: nothing has changed for who looks.
 */
int kmemp_log_clean_ahead(struct kmemp_log *log, u32 budget, u32 rate,
			  gfp_t gfp)
{
	const struct kmemp_log_clean at = log->clean;
	struct kmemp_log_clean *clean = &log->clean;
	struct step step = {};
	int ret;

	if (log->indexed)
		return 0;
	/* The object of the item that it is in has been indexed. */
	ret = kmemp_log_skip_extents(log, &clean->cursor, KMEMP_LOG_MAP,
				     clean->left);
	while (!ret && step.looked / rate < budget) {
		if (clean->cursor.end) {
			ret = look_at_item(log, &step, gfp);
		} else {
			ret = begin_entry(log, &step);
			if (ret <= 0)
				break;
			ret = 0;
		}
	}
	log->clean = at;
	return ret;
}

/**
 * kmemp_log_clean_step - go on cleaning, into the entry that is being written
 * @log: the log; kmemp_log_clean_ahead() has been here
 * @budget: bytes of work; one item more may be said again
 * @rate: bytes that are read for one of work
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_clean_step(struct kmemp_log *log, u32 budget, u32 rate)
{
	struct kmemp_log_clean *clean = &log->clean;
	struct step step = {};
	int ret = 0;

	while (!ret && step.again + step.looked / rate < budget) {
		if (clean->extent.count) {
			say_extent(log, &step);
		} else if (clean->left) {
			step.looked += sizeof(struct kmemp_disk_extent);
			ret = next_extent(log);
		} else if (clean->cursor.end) {
			ret = next_item(log, &step);
		} else {
			ret = begin_entry(log, &step);
			if (ret <= 0)
				break;
			ret = 0;
		}
	}
	return ret;
}

/**
 * kmemp_log_tail_moves - is there something to be let go?
 * @log: the log
 * @pages: how many pages are worth a root
 *
 * Return: true if the tail can move past so many.
 */
bool kmemp_log_tail_moves(const struct kmemp_log *log, u32 pages)
{
	return log->safe.pos >> KMEMP_PAGE_SHIFT >=
	       (log->tail.pos >> KMEMP_PAGE_SHIFT) + pages;
}

/**
 * kmemp_log_tail_write - write a root that begins where cleaning has come to
 * @log: the log; what was said again up to there is durable
 *
 * Durable with the next fence; then kmemp_log_tail_page() has the pages that
 * were let go.
 */
void kmemp_log_tail_write(struct kmemp_log *log)
{
	struct kmemp_log_root *disk = (void *)log->root.payload;
	u64 number = log->safe.pos >> KMEMP_PAGE_SHIFT;

	log->tail = log->safe;
	disk->tail = cpu_to_le64(log->tail.pos);
	disk->page = cpu_to_le64(kmemp_log_page_of(log, number));
	disk->number = cpu_to_le64(log->tail.number);
	disk->sequence = cpu_to_le64(log->tail.sequence);
	disk->newest = cpu_to_le64(log->number);
	log->root.epoch = log->epoch;
	log->root.sequence = log->sequence;
	kmemp_root_write(log->pool, &log->root);
}

/**
 * kmemp_log_tail_page - take a page before the tail out of the chain
 * @log: the log; the root that names the tail is durable
 *
 * Return: page index, 0 if there is none.
 */
u64 kmemp_log_tail_page(struct kmemp_log *log)
{
	const struct kmemp_log_item key = {};
	struct kmemp_log_path path;
	const struct kmemp_log_item *item;
	u64 page = 0;

	mutex_lock(&log->index);
	kmemp_readers_exclude(log->pool);
	item = kmemp_log_tree_from(&log->pages, &key, &path);
	if (item && item->word[0] < log->tail.pos >> KMEMP_PAGE_SHIFT) {
		page = item->word[3];
		kmemp_log_tree_delete(&log->pages, &log->nodes, &path);
	}
	kmemp_readers_admit(log->pool);
	mutex_unlock(&log->index);
	return page;
}

/**
 * kmemp_log_promise - have what records may make the log grow by withheld
 * @log: the log
 *
 * For extents that is part of what is withheld for each mapped page. Of objects
 * that wait all records count that are said.
 */
void kmemp_log_promise(struct kmemp_log *log)
{
	u64 bytes = log->record_bytes + log->said.record_bytes;
	u64 pages = 2 * bytes / PAYLOAD;

	pages = pages > log->pages.items ? pages - log->pages.items : 0;
	kmemp_reserve_growth(log->pool, pages);
}
