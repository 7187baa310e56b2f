// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of everything that the format has on the medium, read only: each
 * entry from the tail to the head is verified and read, each page that is in
 * use must have one owner, and each record that the index names must be there.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

/* Read all that an entry says: what is wrong is said on the way. */
static int check_items(struct kmemp_log *log, u64 pos, u32 length)
{
	struct kmemp_log_cursor cursor = {
		.pos = pos + sizeof(struct kmemp_log_entry),
		.end = pos + length,
	};
	struct kmemp_log_said said;
	struct kmemp_extent extent;
	u8 byte = 0;
	int ret;

	do {
		ret = kmemp_log_say(log, &cursor, &said);
		while (!ret && said.count-- && (said.op == KMEMP_LOG_MAP ||
						said.op == KMEMP_LOG_UNMAP))
			ret = kmemp_log_say_extent(log, &cursor, said.op,
						   &extent);
	} while (!ret && said.op);
	while (!ret && cursor.pos < cursor.end && !byte)
		ret = kmemp_log_get(log, &cursor, &byte, sizeof(byte));
	if (!ret && byte)
		ret = kmemp_log_damaged(log, "end of an entry",
					kmemp_log_page_of(log, cursor.pos >>
							  KMEMP_PAGE_SHIFT),
					cursor.pos % KMEMP_PAGE_SIZE, byte);
	return ret;
}

/* The entry at *@pos, in log page @at, which becomes its last one. */
static int check_entry(struct kmemp_log *log, struct kmemp_log_chain *at,
		       u64 *pos, u64 number, u64 *sequence, u64 *epoch)
{
	struct kmemp_log_entry entry;
	u32 length, offset = *pos % KMEMP_PAGE_SIZE;
	u64 next;
	int ret;

	if (*pos >> KMEMP_PAGE_SHIFT > at->number &&
	    kmemp_log_chain_next(log, at) <= 0)
		return kmemp_log_damaged(log, "log page", at->page, 0,
					 at->number);
	ret = kmemp_log_entry_read(log, *pos, &entry);
	if (ret)
		return ret;
	next = le64_to_cpu(entry.sequence);
	ret = le64_to_cpu(entry.number) == number &&
	      (next == *sequence || next == *sequence + 1) &&
	      le64_to_cpu(entry.epoch) >= *epoch ?
	      kmemp_log_entry_check(log, at, offset, &entry) : 0;
	if (ret < 0)
		return ret;
	if (!ret)
		return kmemp_log_damaged(log, "log entry", at->page, offset,
					 le64_to_cpu(entry.number));
	length = le32_to_cpu(entry.length);
	ret = check_items(log, *pos, length);
	*sequence = next;
	*epoch = le64_to_cpu(entry.epoch);
	while (at->number < (*pos + length - 1) >> KMEMP_PAGE_SHIFT)
		if (kmemp_log_chain_next(log, at) <= 0)
			return kmemp_log_damaged(log, "log page", at->page, 0,
						 at->number);
	*pos = kmemp_log_after(*pos + length);
	return ret;
}

static int check_entries(struct kmemp_log *log)
{
	u64 sequence = log->tail.sequence, number = log->tail.number, epoch = 0;
	u64 pos = log->tail.pos;
	struct kmemp_log_chain at;
	int ret;

	/* What stands in DRAM must not hide what the medium has become. */
	log->read.number = 0;
	log->wrote.number = 0;
	ret = kmemp_log_chain_read(log, pos >> KMEMP_PAGE_SHIFT,
				   kmemp_log_page_of(log,
						     pos >> KMEMP_PAGE_SHIFT),
				   &at);
	if (!ret)
		ret = kmemp_log_damaged(log, "log page", at.page, 0, at.number);
	if (ret < 0)
		return ret;
	for (ret = 0; !ret && pos != log->head; number++)
		ret = check_entry(log, &at, &pos, number, &sequence, &epoch);
	if (!ret && (number != log->number + 1 || sequence != log->sequence))
		ret = kmemp_log_damaged(log, "number of entries", at.page, 0,
					number);
	return ret;
}

static void reach(struct kmemp_log *log, u64 *seen, u64 page, u64 count)
{
	for (; count; count--, page++) {
		if (seen[page / 64] >> page % 64 & 1)
			kmemp_log_damaged(log, "page with two owners", page, 0,
					  page);
		seen[page / 64] |= 1ULL << page % 64;
	}
}

/* All of them lie in the pool: that was checked when they were taken in. */
static void check_owners(struct kmemp_log *log, u64 *seen)
{
	const struct kmemp_log_item key = {}, *item;
	struct kmemp_log_path path;
	struct kmemp_extent extent;

	item = kmemp_log_tree_from(&log->pages, &key, &path);
	for (; item; item = kmemp_log_tree_next(&log->pages, &path))
		reach(log, seen, item->word[3], 1);
	item = kmemp_log_tree_from(&log->extents, &key, &path);
	for (; item; item = kmemp_log_tree_next(&log->extents, &path)) {
		kmemp_log_extent_decode(item, &extent);
		reach(log, seen, extent.page, extent.count);
	}
}

static void check_records(struct kmemp_log *log)
{
	const struct kmemp_log_item key = {}, *item;
	struct kmemp_log_path path;

	item = kmemp_log_tree_from(&log->records, &key, &path);
	for (; item; item = kmemp_log_tree_next(&log->records, &path))
		if (kmemp_log_record_check(log, item, log->record) == -EIO)
			kmemp_log_damaged(log, "record that cannot be read", 0,
					  0, item->word[2]);
}

/* See struct kmemp_format_ops. */
int kmemp_log_check(struct kmemp_pool *pool,
		    const struct kmemp_findings *findings)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	u64 *seen;
	int ret;

	seen = kvcalloc(DIV_ROUND_UP(kmemp_pool_pages(pool), 64), sizeof(*seen),
			GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	log->findings = findings;
	mutex_lock(&log->index);
	ret = kmemp_log_load_all(log);
	mutex_unlock(&log->index);
	if (ret == -ENOMEM)
		goto out;
	if (log->torn)
		findings->finding(findings->arg, KMEMP_NOTE, 0, log->torn,
				  "the newest batch was torn by a crash, and is left out");
	if (!log->root.mirrored)
		findings->finding(findings->arg, KMEMP_MENDED, 0,
				  KMEMP_SB_ROOT_OFFSET,
				  "the root slots differ from their copy; the next bind writes them anew");
	ret = check_entries(log);
	if (ret == -EIO)
		kmemp_log_damaged(log, "log that cannot be read", 0, 0,
				  log->tail.pos);
	check_owners(log, seen);
	check_records(log);
	ret = 0;
out:
	log->findings = NULL;
	log->read.number = 0;
	kvfree(seen);
	return ret;
}
