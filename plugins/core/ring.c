// SPDX-License-Identifier: GPL-2.0
/*
 * Ring: redo entries on the medium, see <kmem_persist/format_ring.h> for their
 * layout and <kmem_persist/ring.h> for the rules. Here they are written, and
 * forgotten when what they promise is durable; ring_replay.c reads them.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ring.h"

/* Most that a line takes in an entry. */
#define LINE_BYTES	(8 + KMEMP_LINE_SIZE)
/* An entry that stays below is in the buffer as a whole. */
#define BUFFERED	(KMEMP_PAGE_SIZE - KMEMP_LINE_SIZE)

static void ring_store(const struct kmemp_ring *ring, u64 offset,
		       const void *src, u32 len)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	u32 first = kmemp_ring_piece(offset, len);

	kmemp_media_write_fresh(media, kmemp_ring_pos(ring, offset), src,
				first);
	if (len > first)
		kmemp_media_write_fresh(media,
					kmemp_ring_pos(ring, offset + first),
					(const u8 *)src + first, len - first);
}

static void ring_flush(const struct kmemp_ring *ring, u64 offset, u32 len)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	u32 first = kmemp_ring_piece(offset, len);

	kmemp_media_flush(media, kmemp_ring_pos(ring, offset), first);
	kmemp_media_flush(media, kmemp_ring_pos(ring, offset + first),
			  len - first);
}

/**
 * kmemp_ring_open - take the ring that a root names
 * @ring: filled in
 * @pool: whose
 * @root: as read, its payload begins with a struct kmemp_disk_ring
 *
 * Return: 0, -ENOMEM, or -EUCLEAN with the reason said.
 */
int kmemp_ring_open(struct kmemp_ring *ring, struct kmemp_pool *pool,
		    const struct kmemp_root *root)
{
	const struct kmemp_disk_ring *disk = (const void *)root->payload;
	u64 pages = kmemp_pool_pages(pool);
	u64 page = le64_to_cpu(disk->page);
	u64 tail = le64_to_cpu(disk->tail);

	/* The superblock page and its copy are not the ring's. */
	if (le32_to_cpu(disk->pages) != KMEMP_RING_PAGES || !page ||
	    page > pages || pages - page <= KMEMP_RING_PAGES || disk->reserved)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "ring of %u pages at page %llu",
				      le32_to_cpu(disk->pages), page);
	if (tail >= KMEMP_RING_BYTES || tail % KMEMP_LINE_SIZE ||
	    !disk->sequence || le64_to_cpu(disk->sequence) > KMEMP_MAX_SEQUENCE)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "ring tail %llu, sequence %llu", tail,
				      le64_to_cpu(disk->sequence));
	memset(ring, 0, sizeof(*ring));
	ring->buffer = kmalloc(KMEMP_PAGE_SIZE, GFP_KERNEL);
	if (!ring->buffer)
		return -ENOMEM;
	ring->pool = pool;
	ring->start = page << KMEMP_PAGE_SHIFT;
	ring->tail = tail;
	ring->sequence = le64_to_cpu(disk->sequence);
	ring->epoch = root->epoch;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_ring_open);

/**
 * kmemp_ring_close - free what opening took
 * @ring: as opened
 */
void kmemp_ring_close(struct kmemp_ring *ring)
{
	kfree(ring->buffer);
}
EXPORT_SYMBOL_GPL(kmemp_ring_close);

/**
 * kmemp_ring_recover - make durable what replay decided
 * @ring: as replayed
 * @patch: as replayed; empty afterwards, or the pool's overlay
 * @root: as read; written anew with the new tail where that is needed
 *
 * A pool that was closed cleanly is not stored to.
 */
void kmemp_ring_recover(struct kmemp_ring *ring, struct kmemp_patch *patch,
			struct kmemp_root *root)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);

	if (kmemp_pool_readonly(ring->pool)) {
		patch->overlay = true;
		return;
	}
	if (!ring->used && !ring->torn && root->mirrored)
		return;
	if (ring->torn) {
		u64 head = kmemp_ring_pos(ring, (u64)ring->tail + ring->used);

		kmemp_media_fill(media, head, 0,
				 sizeof(struct kmemp_disk_entry));
		kmemp_media_flush(media, head, sizeof(struct kmemp_disk_entry));
		ring->torn = false;
	}
	ring_flush(ring, ring->tail, ring->used);
	/*
	 * The entries, which may have been read from the cache alone, are
	 * durable before any of the stores that they promise.
	 */
	kmemp_media_fence(media);
	kmemp_patch_apply(patch);
	kmemp_ring_retire(ring, patch, root);
	if (root->mirrored)
		return;
	/* The other slot too shall be the same in both pages. */
	kmemp_root_write(ring->pool, root);
	/* Whole before the next root overwrites the one just written. */
	kmemp_media_fence(media);
	root->mirrored = true;
}
EXPORT_SYMBOL_GPL(kmemp_ring_recover);

/* Are all slots of a line, beginning with @slot, one run? */
static bool line_continues(const struct kmemp_patch_line *line, u64 *slot)
{
	u32 i;

	if (line->page || line->dirty != 0xff)
		return false;
	for (i = 0; i < KMEMP_LINE_WORDS; i++) {
		if (le64_to_cpu(line->words[i]) != *slot)
			return false;
		*slot = kmemp_slot_next(*slot);
	}
	return true;
}

/*
 * Lines of a page from @index on that hold one run of slots, 0 if this one does
 * not. @index is moved past them.
 */
static u32 run_length(const struct kmemp_patch *patch, u32 *index)
{
	const struct kmemp_patch_line *line;
	u64 where, slot;
	u32 nr = 0;

	line = kmemp_patch_line(patch, *index - 1);
	where = line->where;
	slot = le64_to_cpu(line->words[0]);
	if (line->page || line->dirty != 0xff ||
	    (slot && !kmemp_slot_valid(slot)))
		return 0;
	while (line->where == where + nr &&
	       where % KMEMP_PAGE_LINES + nr < KMEMP_PAGE_LINES &&
	       line_continues(line, &slot)) {
		nr++;
		*index = line->next;
		if (!*index)
			break;
		line = kmemp_patch_line(patch, *index - 1);
	}
	return nr;
}

/* Bytes of the entry that a patch makes. */
static u32 entry_length(const struct kmemp_patch *patch)
{
	u32 len = sizeof(struct kmemp_disk_entry);
	u32 index = patch->first;

	while (index) {
		const struct kmemp_patch_line *line;
		u32 mask;

		if (run_length(patch, &index)) {
			len += 16;
			continue;
		}
		line = kmemp_patch_line(patch, index - 1);
		len += 8;
		for (mask = line->dirty; mask; mask &= mask - 1)
			len += 8;
		index = line->next;
	}
	return ALIGN(len, KMEMP_LINE_SIZE);
}

/**
 * struct sink - bytes on their way into the ring
 * @ring: the ring, through whose buffer they go
 * @header: of the entry
 * @start: offset of the entry
 * @offset: of what is in the buffer
 * @filled: bytes there
 * @length: of the entry; 0 of one that the buffer holds, until its end
 * @crc: of what has left the buffer
 */
struct sink {
	struct kmemp_ring *ring;
	struct kmemp_disk_entry header;
	u64 start;
	u64 offset;
	u32 filled;
	u32 length;
	u32 crc;
};

/* Its length stands before it, and is under its seal. */
static void sink_head(struct sink *sink, u32 length)
{
	struct kmemp_disk_entry *header = &sink->header;

	sink->length = length;
	header->length = cpu_to_le32(length);
	sink->crc = kmemp_seal_seed(sink->ring->pool,
				    le64_to_cpu(header->epoch),
				    le64_to_cpu(header->sequence),
				    kmemp_ring_pos(sink->ring, sink->start));
	memcpy(sink->ring->buffer, header, sizeof(*header));
}

/* The first bytes are the header's: the seal comes when all has been there. */
static void sink_drain(struct sink *sink)
{
	u32 from = sink->offset == sink->start ? KMEMP_ENTRY_SEALED_FROM : 0;

	sink->crc = crc32c(sink->crc, sink->ring->buffer + from,
			   sink->filled - from);
	from = from ? sizeof(sink->header) : 0;
	ring_store(sink->ring, sink->offset + from, sink->ring->buffer + from,
		   sink->filled - from);
	sink->offset += sink->filled;
	sink->filled = 0;
}

static void sink_put(struct sink *sink, __le64 word)
{
	memcpy(sink->ring->buffer + sink->filled, &word, sizeof(word));
	sink->filled += sizeof(word);
	if (sink->filled == KMEMP_PAGE_SIZE)
		sink_drain(sink);
}

static void sink_line(struct sink *sink, const struct kmemp_patch_line *line)
{
	u64 where = line->where;
	u64 type = KMEMP_RING_WORDS;
	u32 i;

	if (line->page) {
		where *= KMEMP_PAGE_LINES;
		type = KMEMP_RING_ZERO;
	}
	sink_put(sink, cpu_to_le64(where | type << KMEMP_RING_TYPE_SHIFT |
				   (u64)line->dirty << KMEMP_RING_MASK_SHIFT));
	for (i = 0; i < KMEMP_LINE_WORDS; i++)
		if (line->dirty & 1u << i)
			sink_put(sink, line->words[i]);
}

static void sink_slots(struct sink *sink, const struct kmemp_patch_line *line,
		       u32 nr)
{
	u64 type = KMEMP_RING_SLOTS;

	sink_put(sink, cpu_to_le64(line->where |
				   type << KMEMP_RING_TYPE_SHIFT |
				   (u64)nr << KMEMP_RING_MASK_SHIFT));
	sink_put(sink, line->words[0]);
}

static void sink_patch(struct sink *sink, const struct kmemp_patch *patch)
{
	u32 index = patch->first;

	while (index) {
		const struct kmemp_patch_line *line;
		u32 nr;

		line = kmemp_patch_line(patch, index - 1);
		nr = run_length(patch, &index);
		if (nr) {
			sink_slots(sink, line, nr);
			continue;
		}
		sink_line(sink, line);
		index = line->next;
	}
}

/* The rest, and the header with the seal. */
static void sink_end(struct sink *sink)
{
	struct kmemp_disk_entry *header = &sink->header;

	while ((sink->offset + sink->filled - sink->start) % KMEMP_LINE_SIZE)
		sink_put(sink, 0);
	if (!sink->length)
		sink_head(sink, sink->filled);
	sink_drain(sink);
	header->seal = cpu_to_le32(~sink->crc);
	ring_store(sink->ring, sink->start, header, sizeof(*header));
}

/**
 * kmemp_ring_commit - make a patch durable, then true
 * @ring: with room for the largest entry
 * @patch: with the stores of the batch staged
 * @batch: whose epoch and sequence the entry has
 *
 * One fence.
 *
 * Return: 0; -EUCLEAN where it is larger than an entry can be, and nothing has
 * been made true.
 */
int kmemp_ring_commit(struct kmemp_ring *ring, struct kmemp_patch *patch,
		      const struct kmemp_batch *batch)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	u64 start = (u64)ring->tail + ring->used;
	struct sink sink = {
		.ring = ring,
		.header.sequence = cpu_to_le64(batch->sequence),
		.header.epoch = cpu_to_le64(batch->epoch),
		.start = start,
		.offset = start,
		.filled = sizeof(struct kmemp_disk_entry),
	};

	if (sizeof(sink.header) + patch->staged * LINE_BYTES > BUFFERED) {
		u32 length = entry_length(patch);

		/* Whoever bounded the batch was wrong. */
		if (WARN_ON_ONCE(length > KMEMP_RING_MAX_ENTRY))
			return -EUCLEAN;
		sink_head(&sink, length);
	}
	sink_patch(&sink, patch);
	sink_end(&sink);
	ring_flush(ring, start, sink.length);
	/* The entry is durable before any of the stores that it promises. */
	kmemp_media_fence(media);

	kmemp_readers_exclude(ring->pool);
	kmemp_patch_apply(patch);
	kmemp_readers_admit(ring->pool);
	ring->used += sink.length;
	ring->sequence = batch->sequence + 1;
	ring->epoch = batch->epoch;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_ring_commit);

/**
 * kmemp_ring_retire - empty the ring
 * @ring: the ring
 * @patch: with nothing staged; empty afterwards
 * @root: the newest root; written with the new tail
 *
 * Two fences. A crash leaves the old tail or the new one; in both cases the
 * entries behind it, whole, make the same true.
 */
void kmemp_ring_retire(struct kmemp_ring *ring, struct kmemp_patch *patch,
		       struct kmemp_root *root)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	struct kmemp_disk_ring *disk = (void *)root->payload;

	kmemp_patch_flush(patch);
	/* What the entries stored is durable before the tail passes them. */
	kmemp_media_fence(media);
	ring->tail = ((u64)ring->tail + ring->used) % KMEMP_RING_BYTES;
	ring->used = 0;
	disk->tail = cpu_to_le64(ring->tail);
	disk->sequence = cpu_to_le64(ring->sequence);
	root->epoch = ring->epoch;
	root->sequence = ring->sequence - 1;
	kmemp_root_write(ring->pool, root);
	/*
	 * The new tail is durable before the next entry overwrites an old one,
	 * and before a page that an old one stores into is used again.
	 */
	kmemp_media_fence(media);
	kmemp_patch_empty(patch);
	kmemp_retired(ring->pool, ring->sequence - 1);
}
EXPORT_SYMBOL_GPL(kmemp_ring_retire);
