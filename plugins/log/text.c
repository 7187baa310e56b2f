// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of the format's own structures.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stdarg.h>

#include "log.h"

static __printf(2, 3) void say(const struct kmemp_findings *findings,
			       const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	findings->line(findings->arg, text);
}

/* The extents, or the records, of one object: the first item behind them. */
static const struct kmemp_log_item *
count(const struct kmemp_log_tree *tree, struct kmemp_log_path *path,
      const struct kmemp_log_item *item, u32 shift, u64 id, u64 *nr, u64 *pages)
{
	struct kmemp_extent extent;

	for (; item && item->word[0] >> shift == id; ++*nr) {
		kmemp_log_extent_decode(item, &extent);
		*pages += extent.count;
		item = kmemp_log_tree_next(tree, path);
	}
	return item;
}

static void say_objects(const struct kmemp_log *log,
			const struct kmemp_findings *findings)
{
	const struct kmemp_log_item key = {}, *extent, *record;
	struct kmemp_log_path extents, records;

	extent = kmemp_log_tree_from(&log->extents, &key, &extents);
	record = kmemp_log_tree_from(&log->records, &key, &records);
	while (extent || record) {
		u64 nr_extents = 0, nr_records = 0, pages = 0, none = 0;
		u64 id = min(extent ? extent->word[0] : U64_MAX,
			     record ? record->word[0] >> 8 : U64_MAX);

		extent = count(&log->extents, &extents, extent, 0, id,
			       &nr_extents, &pages);
		record = count(&log->records, &records, record, 8, id,
			       &nr_records, &none);
		say(findings,
		    "object %llu: %llu pages in %llu extents, %llu records", id,
		    pages, nr_extents, nr_records);
	}
}

static int say_entries(struct kmemp_log *log,
		       const struct kmemp_findings *findings)
{
	struct kmemp_log_entry entry;
	u64 pos = log->tail.pos;
	int ret;

	while (pos != log->head) {
		u32 length;

		ret = kmemp_log_entry_read(log, pos, &entry);
		if (ret)
			return ret;
		length = le32_to_cpu(entry.length);
		/* It was valid once; what it has become may not lead astray. */
		if (length < KMEMP_LINE_SIZE || length % KMEMP_LINE_SIZE ||
		    length > KMEMP_LOG_MAX_ENTRY ||
		    kmemp_log_after(pos + length) > log->head)
			return kmemp_log_damaged(log, "log entry", 0, 0, pos);
		say(findings,
		    "entry %llu: page %llu + %llu, batch %llu, epoch %llu, %u bytes",
		    le64_to_cpu(entry.number),
		    kmemp_log_page_of(log, pos >> KMEMP_PAGE_SHIFT),
		    pos % KMEMP_PAGE_SIZE, le64_to_cpu(entry.sequence),
		    le64_to_cpu(entry.epoch), length);
		pos = kmemp_log_after(pos + length);
	}
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_log_describe(struct kmemp_pool *pool,
		       const struct kmemp_findings *findings)
{
	struct kmemp_log *log = kmemp_pool_private(pool);

	say(findings, "log: %llu pages, tail in page %llu, head in page %llu",
	    log->pages.items,
	    kmemp_log_page_of(log, log->tail.pos >> KMEMP_PAGE_SHIFT),
	    kmemp_log_page_of(log, log->head >> KMEMP_PAGE_SHIFT));
	say(findings, "newest batch: %llu, epoch %llu; newest entry: %llu",
	    log->sequence, log->epoch, log->number);
	say(findings, "extents: %llu; records: %llu, %llu bytes",
	    log->extents.items, log->records.items, log->record_bytes);
	say_objects(log, findings);
	return say_entries(log, findings);
}
