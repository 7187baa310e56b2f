// SPDX-License-Identifier: GPL-2.0
/*
 * Entries: verifying one, reading its items, and taking in what they say.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

#define HEADER		((u32)sizeof(struct kmemp_log_entry))
#define PAGE_HEADER	((u32)sizeof(struct kmemp_log_page))
#define SEALED_FROM	offsetof(struct kmemp_log_entry, length)

/* Free nodes for what one extent or record may need in all trees. */
#define ITEM_NODES	128u

/**
 * kmemp_log_entry_check - is there a valid entry?
 * @log: the log
 * @at: log page that its header is in
 * @offset: of its header in that
 * @entry: the header
 *
 * What the header says is checked only as far as reading needs it. Pages that
 * the entry enters are found by their headers, which its seal covers.
 *
 * Return: 1, 0 or -EIO.
 */
int kmemp_log_entry_check(struct kmemp_log *log,
			  const struct kmemp_log_chain *at, u32 offset,
			  const struct kmemp_log_entry *entry)
{
	u32 length = le32_to_cpu(entry->length), left, from = offset + HEADER;
	struct kmemp_log_chain chain = *at;
	u32 crc;
	int ret;

	if (length < KMEMP_LINE_SIZE || length % KMEMP_LINE_SIZE ||
	    length > KMEMP_LOG_MAX_ENTRY ||
	    (offset + length) % KMEMP_PAGE_SIZE == PAGE_HEADER)
		return 0;
	crc = kmemp_seal_seed(log->pool, le64_to_cpu(entry->epoch),
			      le64_to_cpu(entry->sequence),
			      (at->page << KMEMP_PAGE_SHIFT) + offset);
	for (left = offset + length;; left -= KMEMP_PAGE_SIZE) {
		u32 to = min(left, KMEMP_PAGE_SIZE);

		ret = kmemp_log_load(log, chain.number, chain.page);
		if (ret)
			return ret;
		if (chain.number == at->number && offset == PAGE_HEADER)
			crc = crc32c(crc, log->read.bytes, PAGE_HEADER);
		crc = crc32c(crc, log->read.bytes + from, to - from);
		if (left <= KMEMP_PAGE_SIZE)
			break;
		from = 0;
		ret = kmemp_log_chain_next(log, &chain);
		if (ret <= 0)
			return ret;
	}
	crc = crc32c(crc, (const u8 *)entry + SEALED_FROM, HEADER - SEALED_FROM);
	return ~crc == le32_to_cpu(entry->seal);
}

/**
 * kmemp_log_entry_read - read the header of an entry
 * @log: the log
 * @pos: log position
 * @entry: filled in
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_entry_read(struct kmemp_log *log, u64 pos,
			 struct kmemp_log_entry *entry)
{
	struct kmemp_log_cursor cursor = { .pos = pos, .end = pos + HEADER };

	return kmemp_log_get(log, &cursor, entry, sizeof(*entry));
}

static int nonsense(const struct kmemp_log *log, const char *what, u64 pos,
		    u64 found)
{
	return kmemp_log_damaged(log, what,
				 kmemp_log_page_of(log,
						   pos >> KMEMP_PAGE_SHIFT),
				 pos % KMEMP_PAGE_SIZE, found);
}

static int say_record(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		      struct kmemp_log_said *said)
{
	struct kmemp_record *record = &said->record;
	struct kmemp_log_record disk;
	u8 *name = log->record, *value = name + KMEMP_MAX_NAME + 1;
	u8 pad[LOG_WORD];
	u32 len;
	int ret;

	ret = kmemp_log_get(log, cursor, &disk, sizeof(disk));
	if (ret)
		return ret;
	record->hash = le64_to_cpu(disk.hash);
	record->kind = disk.kind;
	record->name_len = disk.name_len;
	record->value_len = le16_to_cpu(disk.value_len);
	record->name = name;
	record->value = value;
	if (disk.reserved || record->value_len > KMEMP_MAX_VALUE ||
	    (said->op == KMEMP_LOG_DEL && record->value_len))
		return nonsense(log, "record", said->pos, record->value_len);
	ret = kmemp_log_get(log, cursor, name, record->name_len);
	if (!ret)
		ret = kmemp_log_get(log, cursor, value, record->value_len);
	len = -(record->name_len + record->value_len) % LOG_WORD;
	if (!ret)
		ret = kmemp_log_get(log, cursor, pad, len);
	if (!ret && memchr_inv(pad, 0, len))
		ret = nonsense(log, "end of a record", said->pos, pad[0]);
	return ret;
}

/**
 * kmemp_log_say - read an item
 * @log: the log
 * @cursor: in an entry; moved behind the item, or before its extents
 * @said: filled in; name and value are in @log->record
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_say(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		  struct kmemp_log_said *said)
{
	__le64 raw;
	u64 word;
	int ret;

	said->op = 0;
	if (cursor->pos == cursor->end)
		return 0;
	said->pos = kmemp_log_after(cursor->pos);
	ret = kmemp_log_get(log, cursor, &raw, sizeof(raw));
	if (ret || !raw)
		return ret;
	word = le64_to_cpu(raw);
	said->object = word & ((1ULL << KMEMP_LOG_OP_SHIFT) - 1);
	said->op = word >> KMEMP_LOG_OP_SHIFT & 7;
	said->count = (word >> KMEMP_LOG_COUNT_SHIFT) + 1;
	if (!said->object)
		return nonsense(log, "item", said->pos, word);
	switch (said->op) {
	case KMEMP_LOG_MAP:
	case KMEMP_LOG_UNMAP:
		return 0;
	case KMEMP_LOG_PUT:
	case KMEMP_LOG_DEL:
		return said->count > 1 ?
		       nonsense(log, "item", said->pos, word) :
		       say_record(log, cursor, said);
	case KMEMP_LOG_REMOVE:
		if (said->count == 1)
			return 0;
	}
	return nonsense(log, "item", said->pos, word);
}

/**
 * kmemp_log_say_extent - read an extent of an item
 * @log: the log
 * @cursor: in an entry, moved behind it
 * @op: MAP or UNMAP
 * @extent: filled in
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_say_extent(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
			 u32 op, struct kmemp_extent *extent)
{
	u64 pages = kmemp_pool_pages(log->pool), pos = cursor->pos;
	struct kmemp_disk_extent disk;
	u64 first, second;
	int ret;

	ret = kmemp_log_get(log, cursor, &disk, sizeof(disk));
	if (ret)
		return ret;
	first = le64_to_cpu(disk.offset_flags);
	second = le64_to_cpu(disk.page_count);
	extent->offset = first & (KMEMP_MAX_OBJECT_PAGES - 1);
	extent->flags = first >> 40;
	extent->tag = first >> 48;
	extent->page = second & (KMEMP_MAX_POOL_PAGES - 1);
	extent->count = (u32)(first >> 56) << 24 | (u32)(second >> 40);
	if (!extent->count ||
	    extent->count > KMEMP_MAX_OBJECT_PAGES - extent->offset)
		return nonsense(log, "extent", pos, first);
	if (op == KMEMP_LOG_UNMAP)
		return extent->page || extent->flags || extent->tag ?
		       nonsense(log, "extent", pos, second) : 0;
	if (!kmemp_log_page_valid(log, extent->page) ||
	    extent->count > pages - 1 - extent->page ||
	    extent->flags & ~KMEMP_EXTENT_FLAGS)
		return nonsense(log, "extent", pos, second);
	return 0;
}

/* At open nodes come when they are needed; later they are there. */
static int more_nodes(struct kmemp_log *log)
{
	if (log->begun || log->nodes.nr >= ITEM_NODES)
		return 0;
	return kmemp_log_nodes_add(&log->nodes, 2 * ITEM_NODES, GFP_KERNEL);
}

static int take_extents(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
			const struct kmemp_log_said *said)
{
	struct kmemp_extent extent;
	u32 i;
	int ret = 0;

	for (i = 0; i < said->count && !ret; i++) {
		ret = kmemp_log_say_extent(log, cursor, said->op, &extent);
		if (ret)
			break;
		if (said->op == KMEMP_LOG_MAP)
			ret = kmemp_log_extent_set(log, said->object, &extent,
						   said->pos);
		else
			ret = kmemp_log_extent_clear(log, said->object,
						     extent.offset,
						     extent.offset +
						     extent.count);
	}
	return ret;
}

/**
 * kmemp_log_take_item - take an item into the index
 * @log: the log, with nodes for what it says
 * @cursor: before its extents, moved behind them
 * @said: the item
 *
 * Context: no lookup runs beside it.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_take_item(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
			const struct kmemp_log_said *said)
{
	switch (said->op) {
	case KMEMP_LOG_MAP:
	case KMEMP_LOG_UNMAP:
		return take_extents(log, cursor, said);
	case KMEMP_LOG_PUT:
		return kmemp_log_record_put(log, said->object, &said->record,
					    said->pos);
	case KMEMP_LOG_DEL:
		return kmemp_log_record_del(log, said->object, &said->record);
	}
	kmemp_log_record_clear(log, said->object);
	return kmemp_log_extent_clear(log, said->object, 0,
				      KMEMP_MAX_OBJECT_PAGES);
}

/* The pages that an entry which ends at @end has entered. */
static int take_pages(struct kmemp_log *log, u64 end)
{
	int ret = 0;

	while (!ret && log->chain.number < (end - 1) >> KMEMP_PAGE_SHIFT) {
		struct kmemp_log_chain chain = log->chain;

		ret = kmemp_log_chain_next(log, &chain);
		if (ret < 0)
			return ret;
		if (!ret)
			return nonsense(log, "log page", end, chain.number);
		ret = more_nodes(log);
		if (!ret)
			ret = kmemp_log_page_add(log, chain.number + 2,
						 chain.second);
		log->chain = chain;
	}
	return ret;
}

/* An entry has been read, and is the newest. */
static void move_head(struct kmemp_log *log, u64 pos,
		      const struct kmemp_log_entry *entry)
{
	log->last = pos;
	log->head = kmemp_log_after(pos + le32_to_cpu(entry->length));
	log->number = le64_to_cpu(entry->number);
	log->sequence = le64_to_cpu(entry->sequence);
	log->epoch = le64_to_cpu(entry->epoch);
}

/* Each item of an entry is given to @use, its cursor before its extents. */
static int read_entry(struct kmemp_log *log, u64 pos,
		      const struct kmemp_log_entry *entry,
		      int (*use)(struct kmemp_log *log,
				 struct kmemp_log_cursor *cursor,
				 const struct kmemp_log_said *said))
{
	struct kmemp_log_cursor cursor = {
		.pos = pos + HEADER,
		.end = pos + le32_to_cpu(entry->length),
	};
	struct kmemp_log_said said;
	int ret;

	ret = take_pages(log, cursor.end);
	while (!ret) {
		ret = kmemp_log_say(log, &cursor, &said);
		if (!ret && !said.op)
			break;
		if (!ret)
			ret = use(log, &cursor, &said);
	}
	move_head(log, pos, entry);
	return ret;
}

/**
 * kmemp_log_entry_take - take in what an entry says
 * @log: the log; @head is where it begins
 * @pos: log position of its header
 * @entry: the header; the entry is valid
 *
 * None of the objects that it tells of waits. Context: no lookup runs beside
 * it.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_entry_take(struct kmemp_log *log, u64 pos,
			 const struct kmemp_log_entry *entry)
{
	return read_entry(log, pos, entry, kmemp_log_take_item);
}

/**
 * kmemp_log_skip_extents - verify an item's extents
 * @log: the log
 * @cursor: before its extents, moved behind them
 * @op: what the item does
 * @count: how many extents it has left, if what it does is done to extents
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_skip_extents(struct kmemp_log *log,
			   struct kmemp_log_cursor *cursor, u32 op, u32 count)
{
	struct kmemp_extent extent;
	int ret = 0;

	if (op != KMEMP_LOG_MAP && op != KMEMP_LOG_UNMAP)
		return 0;
	while (!ret && count--)
		ret = kmemp_log_say_extent(log, cursor, op, &extent);
	return ret;
}

static int note_item(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		     const struct kmemp_log_said *said)
{
	return kmemp_log_skip_extents(log, cursor, said->op, said->count) ?:
	       more_nodes(log) ?: kmemp_log_note(log, said);
}

/**
 * kmemp_log_entry_note - verify and note what an entry says
 * @log: the log; @head is where it begins
 * @pos: log position of its header
 * @entry: the header; the entry is valid
 *
 * Context: at open.
 *
 * Return: 0, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_log_entry_note(struct kmemp_log *log, u64 pos,
			 const struct kmemp_log_entry *entry)
{
	return read_entry(log, pos, entry, note_item);
}
