// SPDX-License-Identifier: GPL-2.0
/*
 * Writing an entry: items are put into a page in DRAM, which is stored when it
 * is full and in the end. Most entries are stored at once.
 *
 * Entering a log page takes a page, to be linked two behind it.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "log.h"

#define HEADER		((u32)sizeof(struct kmemp_log_entry))
#define PAGE_HEADER	((u32)sizeof(struct kmemp_log_page))
#define SEALED_FROM	offsetof(struct kmemp_log_entry, length)

/**
 * kmemp_log_write_begin - begin an entry at the head
 * @log: the log
 * @batch: where pages come from; NULL: from those in hand
 * @sequence: see struct kmemp_log_entry
 * @epoch: see there
 *
 * Nothing is stored, and no page taken, before the first item comes.
 */
void kmemp_log_write_begin(struct kmemp_log *log, struct kmemp_batch *batch,
			   u64 sequence, u64 epoch)
{
	struct kmemp_log_write *write = &log->write;

	write->batch = batch;
	write->entry = (struct kmemp_log_entry){
		.sequence = cpu_to_le64(sequence),
		.epoch = cpu_to_le64(epoch),
		.number = cpu_to_le64(log->number + 1),
	};
	write->start = log->head;
	write->pos = log->head;
	write->started = false;
	write->drained = false;
	write->error = 0;
	write->nr_group = 0;
	write->nr_taken = 0;
}

/* Page index of a log page, of those that the entry links too. */
static u64 page_at(const struct kmemp_log *log, u64 number)
{
	const struct kmemp_log_chain *chain = &log->chain;
	u64 ahead = number - chain->number;

	if (ahead < 3)
		return ahead == 2 ? chain->second :
		       ahead == 1 ? chain->next : chain->page;
	return log->write.taken[ahead - 3];
}

static u64 take_page(struct kmemp_log *log)
{
	struct kmemp_log_write *write = &log->write;

	if (write->batch)
		return kmemp_meta_get(write->batch);
	return log->nr_spare ? log->spare[--log->nr_spare] : 0;
}

/* The log page of @pos: its header, and what it links. */
static void enter(struct kmemp_log *log)
{
	struct kmemp_log_write *write = &log->write;
	u64 number = write->pos >> KMEMP_PAGE_SHIFT;
	struct kmemp_log_page disk = { .number = cpu_to_le64(number) };
	u64 page;

	page = write->nr_taken < LOG_ENTRY_PAGES ? take_page(log) : 0;
	/* kmemp_log_reserve() was wrong. */
	if (!page) {
		write->error = -EUCLEAN;
		return;
	}
	write->taken[write->nr_taken++] = page;
	disk.next = cpu_to_le64(page_at(log, number + 1));
	disk.second = cpu_to_le64(page_at(log, number + 2));
	disk.seal = cpu_to_le32(kmemp_seal(log->pool, 0, number,
					   page_at(log, number) <<
					   KMEMP_PAGE_SHIFT, &disk,
					   offsetof(typeof(disk), seal)));
	memcpy(log->wrote.bytes, &disk, sizeof(disk));
	log->wrote.number = number;
	log->wrote.from = 0;
	log->wrote.to = 0;
	write->pos = kmemp_log_after(number << KMEMP_PAGE_SHIFT);
}

/* The first item comes. */
static void start(struct kmemp_log *log)
{
	struct kmemp_log_write *write = &log->write;
	u64 number = write->start >> KMEMP_PAGE_SHIFT;

	write->started = true;
	log->wrote.number = number;
	log->wrote.from = write->start % KMEMP_PAGE_SIZE;
	log->wrote.to = log->wrote.from;
	if (number > log->chain.number)
		enter(log);
	write->crc = kmemp_seal_seed(log->pool, le64_to_cpu(write->entry.epoch),
				     le64_to_cpu(write->entry.sequence),
				     (page_at(log, number) <<
				      KMEMP_PAGE_SHIFT) +
				     write->start % KMEMP_PAGE_SIZE);
	/* Where the page was entered before, its header is not in the window. */
	if (log->wrote.from == PAGE_HEADER) {
		struct kmemp_media *media = kmemp_pool_media(log->pool);

		write->error = kmemp_media_read(media, page_at(log, number) <<
						KMEMP_PAGE_SHIFT,
						log->wrote.bytes, PAGE_HEADER);
	}
	memset(log->wrote.bytes + write->start % KMEMP_PAGE_SIZE, 0, HEADER);
	write->pos = write->start + HEADER;
}

/* What the window holds goes into the seal. */
static void seal(struct kmemp_log *log)
{
	struct kmemp_log_write *write = &log->write;
	u32 from = log->wrote.from;

	if (!write->drained) {
		from = write->start % KMEMP_PAGE_SIZE;
		if (from == PAGE_HEADER)
			write->crc = crc32c(write->crc, log->wrote.bytes,
					    PAGE_HEADER);
		from += HEADER;
	}
	write->crc = crc32c(write->crc, log->wrote.bytes + from,
			    log->wrote.to - from);
}

static void seal_end(struct kmemp_log_write *write)
{
	write->entry.length = cpu_to_le32(write->pos - write->start);
	write->crc = crc32c(write->crc, (const u8 *)&write->entry + SEALED_FROM,
			    HEADER - SEALED_FROM);
	write->entry.seal = cpu_to_le32(~write->crc);
}

static u64 window_pos(const struct kmemp_log *log)
{
	return page_at(log, log->wrote.number) << KMEMP_PAGE_SHIFT;
}

static void store(struct kmemp_log *log)
{
	const struct kmemp_log_window *window = &log->wrote;

	kmemp_media_write_fresh(kmemp_pool_media(log->pool),
				window_pos(log) + window->from,
				window->bytes + window->from,
				window->to - window->from);
}

static void put(struct kmemp_log *log, const void *src, u32 len)
{
	struct kmemp_log_write *write = &log->write;

	if (!write->started)
		start(log);
	while (len && !write->error) {
		u32 offset = write->pos % KMEMP_PAGE_SIZE, part;

		if (!offset) {
			log->wrote.to = KMEMP_PAGE_SIZE;
			seal(log);
			store(log);
			write->drained = true;
			enter(log);
			continue;
		}
		part = min(len, KMEMP_PAGE_SIZE - offset);
		memcpy(log->wrote.bytes + offset, src, part);
		src = (const u8 *)src + part;
		write->pos += part;
		len -= part;
	}
}

static void put_word(struct kmemp_log *log, u64 object, u32 op, u32 count)
{
	__le64 word = cpu_to_le64(object | (u64)op << KMEMP_LOG_OP_SHIFT |
				  (u64)(count - 1) << KMEMP_LOG_COUNT_SHIFT);

	put(log, &word, sizeof(word));
}

static void end_group(struct kmemp_log *log)
{
	struct kmemp_log_write *write = &log->write;
	u32 nr = write->nr_group;

	if (!nr)
		return;
	put_word(log, write->object, write->op, nr);
	put(log, write->group, nr * sizeof(*write->group));
	write->nr_group = 0;
}

/**
 * kmemp_log_write_extent - say an extent
 * @log: the log
 * @object: id
 * @op: KMEMP_LOG_MAP or KMEMP_LOG_UNMAP, which looks at offset and count alone
 * @extent: the extent
 *
 * What follows one another for one object becomes one item.
 */
void kmemp_log_write_extent(struct kmemp_log *log, u64 object, u32 op,
			    const struct kmemp_extent *extent)
{
	struct kmemp_log_write *write = &log->write;
	u64 first = extent->offset | (u64)(extent->count >> 24) << 56;
	u64 second = (u64)(extent->count & 0xffffff) << 40;

	if (op == KMEMP_LOG_MAP) {
		first |= (u64)extent->flags << 40 | (u64)extent->tag << 48;
		second |= extent->page;
	}
	if (write->nr_group == KMEMP_LOG_EXTENTS || write->op != op ||
	    write->object != object)
		end_group(log);
	write->object = object;
	write->op = op;
	write->group[write->nr_group++] = (struct kmemp_disk_extent){
		cpu_to_le64(first), cpu_to_le64(second),
	};
}

/**
 * kmemp_log_write_record - say a record
 * @log: the log
 * @object: id
 * @op: KMEMP_LOG_PUT or KMEMP_LOG_DEL, which leaves out the value
 * @record: the record
 */
void kmemp_log_write_record(struct kmemp_log *log, u64 object, u32 op,
			    const struct kmemp_record *record)
{
	static const u8 zero[LOG_WORD];
	u32 value_len = op == KMEMP_LOG_PUT ? record->value_len : 0;
	struct kmemp_log_record disk = {
		.hash = cpu_to_le64(record->hash),
		.kind = record->kind,
		.name_len = record->name_len,
		.value_len = cpu_to_le16(value_len),
	};

	end_group(log);
	put_word(log, object, op, 1);
	put(log, &disk, sizeof(disk));
	put(log, record->name, record->name_len);
	put(log, record->value, value_len);
	put(log, zero, -(record->name_len + value_len) % LOG_WORD);
}

/**
 * kmemp_log_write_changes - say what a batch changes
 * @log: the log
 * @batch: the batch
 */
void kmemp_log_write_changes(struct kmemp_log *log,
			     const struct kmemp_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->nr_changes; i++) {
		const struct kmemp_change *change = &batch->changes[i];

		switch (change->op) {
		case KMEMP_PUT_RECORD:
			kmemp_log_write_record(log, change->object,
					       KMEMP_LOG_PUT, &change->record);
			break;
		case KMEMP_DEL_RECORD:
			kmemp_log_write_record(log, change->object,
					       KMEMP_LOG_DEL, &change->record);
			break;
		case KMEMP_MAP:
			kmemp_log_write_extent(log, change->object,
					       KMEMP_LOG_MAP, &change->extent);
			break;
		case KMEMP_UNMAP:
			kmemp_log_write_extent(log, change->object,
					       KMEMP_LOG_UNMAP,
					       &change->extent);
			break;
		case KMEMP_REMOVE:
			end_group(log);
			put_word(log, change->object, KMEMP_LOG_REMOVE, 1);
			break;
		}
	}
}

/* Each line of the entry once, with the headers of the pages it enters. */
static void flush(struct kmemp_log *log)
{
	const struct kmemp_log_write *write = &log->write;
	u64 number = write->start >> KMEMP_PAGE_SHIFT;
	u32 from = number > log->chain.number ? 0 :
		   write->start % KMEMP_PAGE_SIZE;
	u64 last = (write->pos - 1) >> KMEMP_PAGE_SHIFT;

	for (; number <= last; number++, from = 0) {
		u32 to = number < last ? KMEMP_PAGE_SIZE :
			 write->pos - (last << KMEMP_PAGE_SHIFT);

		kmemp_media_flush(kmemp_pool_media(log->pool),
				  (page_at(log, number) << KMEMP_PAGE_SHIFT) +
				  from, to - from);
	}
}

/**
 * kmemp_log_write_end - end the entry: all of it is stored and flushed
 * @log: the log
 *
 * Durable with the next fence; then it is to be taken in.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_write_end(struct kmemp_log *log)
{
	static const u8 zero[KMEMP_LINE_SIZE];
	struct kmemp_log_write *write = &log->write;
	u32 offset = write->start % KMEMP_PAGE_SIZE;

	end_group(log);
	put(log, zero, -write->pos % KMEMP_LINE_SIZE);
	if (write->error)
		return write->error;
	/* It may be the page that was read last. */
	log->read.number = 0;
	log->wrote.to = write->pos - (log->wrote.number << KMEMP_PAGE_SHIFT);
	seal(log);
	seal_end(write);
	if (!write->drained)
		memcpy(log->wrote.bytes + offset, &write->entry, HEADER);
	store(log);
	if (write->drained)
		kmemp_media_write_fresh(kmemp_pool_media(log->pool),
					(page_at(log, write->start >>
						 KMEMP_PAGE_SHIFT) <<
					 KMEMP_PAGE_SHIFT) + offset,
					&write->entry, HEADER);
	flush(log);
	return 0;
}
