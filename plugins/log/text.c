// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of the format's own structures.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>

#include "log.h"

/**
 * struct walk - all items of a tree in turn
 * @tree: the tree
 * @path: to @item
 * @item: the next one, NULL behind the last
 * @shift: of its first word, to the object
 */
struct walk {
	const struct kmemp_log_tree *tree;
	struct kmemp_log_path path;
	const struct kmemp_log_item *item;
	u32 shift;
};

static void walk_begin(struct walk *walk, const struct kmemp_log_tree *tree,
		       u32 shift)
{
	const struct kmemp_log_item key = {};

	walk->tree = tree;
	walk->shift = shift;
	walk->item = kmemp_log_tree_from(tree, &key, &walk->path);
}

static u64 walk_object(const struct walk *walk)
{
	return walk->item ? walk->item->word[0] >> walk->shift : U64_MAX;
}

/* Past the items of one object: how many, and pages where they are extents. */
static u64 walk_past(struct walk *walk, u64 id, u64 *pages)
{
	struct kmemp_extent extent;
	u64 nr;

	for (nr = 0; walk_object(walk) == id; nr++) {
		kmemp_log_extent_decode(walk->item, &extent);
		*pages += extent.count;
		walk->item = kmemp_log_tree_next(walk->tree, &walk->path);
	}
	return nr;
}

static void say_objects(const struct kmemp_log *log,
			const struct kmemp_findings *findings)
{
	struct walk extents, records;

	walk_begin(&extents, &log->extents, 0);
	walk_begin(&records, &log->records, 8);
	while (extents.item || records.item) {
		u64 nr_extents, nr_records, pages = 0, none = 0;
		u64 id = min(walk_object(&extents), walk_object(&records));

		nr_extents = walk_past(&extents, id, &pages);
		nr_records = walk_past(&records, id, &none);
		kmemp_say(findings,
			  "object %llu: %llu pages in %llu extents, %llu records", id,
			  pages, nr_extents, nr_records);
	}
}

static int say_extents(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		       const struct kmemp_log_said *said,
		       const struct kmemp_findings *findings)
{
	struct kmemp_extent extent;
	u32 i;
	int ret;

	for (i = 0; i < said->count; i++) {
		ret = kmemp_log_say_extent(log, cursor, said->op, &extent);
		if (ret)
			return ret;
		if (said->op == KMEMP_LOG_MAP)
			kmemp_say(findings, "  map object %llu: %llu + %u, page %llu",
				  said->object, extent.offset, extent.count,
				  extent.page);
		else
			kmemp_say(findings, "  unmap object %llu: %llu + %u",
				  said->object, extent.offset, extent.count);
	}
	return 0;
}

static int say_items(struct kmemp_log *log, u64 pos, u32 length,
		     const struct kmemp_findings *findings)
{
	struct kmemp_log_cursor cursor = {
		.pos = pos + sizeof(struct kmemp_log_entry),
		.end = pos + length,
	};
	struct kmemp_log_said said;
	int ret;

	while (!(ret = kmemp_log_say(log, &cursor, &said)) && said.op) {
		switch (said.op) {
		case KMEMP_LOG_MAP:
		case KMEMP_LOG_UNMAP:
			ret = say_extents(log, &cursor, &said, findings);
			break;
		case KMEMP_LOG_REMOVE:
			kmemp_say(findings, "  remove object %llu", said.object);
			break;
		default:
			kmemp_say(findings,
				  "  %s object %llu: kind %u, name of %u bytes, value of %u bytes",
				  said.op == KMEMP_LOG_PUT ? "put to" : "delete of",
				  said.object, said.record.kind, said.record.name_len,
				  said.record.value_len);
			break;
		}
		if (ret)
			break;
	}
	return ret;
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
		kmemp_say(findings,
			  "entry %llu: page %llu + %llu, batch %llu, epoch %llu, %u bytes",
			  le64_to_cpu(entry.number),
			  kmemp_log_page_of(log, pos >> KMEMP_PAGE_SHIFT),
			  pos % KMEMP_PAGE_SIZE, le64_to_cpu(entry.sequence),
			  le64_to_cpu(entry.epoch), length);
		ret = say_items(log, pos, length, findings);
		if (ret)
			return ret;
		pos = kmemp_log_after(pos + length);
	}
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_log_describe(struct kmemp_pool *pool,
		       const struct kmemp_findings *findings)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	int ret;

	mutex_lock(&log->index);
	ret = kmemp_log_load_all(log);
	mutex_unlock(&log->index);
	if (ret)
		return ret;
	kmemp_say(findings, "log: %llu pages, tail in page %llu, head in page %llu",
		  log->pages.items,
		  kmemp_log_page_of(log, log->tail.pos >> KMEMP_PAGE_SHIFT),
		  kmemp_log_page_of(log, log->head >> KMEMP_PAGE_SHIFT));
	kmemp_say(findings, "newest batch: %llu, epoch %llu; newest entry: %llu",
		  log->sequence, log->epoch, log->number);
	kmemp_say(findings, "extents: %llu; records: %llu, %llu bytes",
		  log->extents.items, log->records.items, log->record_bytes);
	say_objects(log, findings);
	return say_entries(log, findings);
}
