// SPDX-License-Identifier: GPL-2.0
/*
 * Replay: what the entries of a ring tell is read into a patch.
 *
 * Commits never run beside one another, so at most the newest entry can be
 * torn. Recovery that finds a valid entry of a later sequence anywhere in the
 * ring has lost one that was durable, and refuses.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ring.h"

static int ring_read(const struct kmemp_ring *ring, u64 offset, void *dst,
		     u32 len)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	u32 first = kmemp_ring_piece(offset, len);
	int ret;

	ret = kmemp_media_read(media, kmemp_ring_pos(ring, offset), dst, first);
	if (!ret && len > first)
		ret = kmemp_media_read(media,
				       kmemp_ring_pos(ring, offset + first),
				       (u8 *)dst + first, len - first);
	return ret;
}

/*
 * Is there a valid entry at @offset? 1, 0, or a negative errno. What the header
 * says is checked only as far as reading needs it; the order of entries is the
 * caller's.
 */
static int entry_valid(const struct kmemp_ring *ring, u64 offset,
		       const struct kmemp_disk_entry *header)
{
	u32 length = le32_to_cpu(header->length);
	u32 done, part, crc;
	int ret;

	if (length < KMEMP_LINE_SIZE || length % KMEMP_LINE_SIZE ||
	    length > KMEMP_RING_MAX_ENTRY || header->reserved)
		return 0;
	crc = kmemp_seal_seed(ring->pool, le64_to_cpu(header->epoch),
			      le64_to_cpu(header->sequence),
			      kmemp_ring_pos(ring, offset));
	for (done = KMEMP_ENTRY_SEALED_FROM; done < length; done += part) {
		part = min_t(u32, length - done, KMEMP_PAGE_SIZE);
		ret = ring_read(ring, offset + done, ring->buffer, part);
		if (ret)
			return ret;
		crc = crc32c(crc, ring->buffer, part);
	}
	return ~crc == le32_to_cpu(header->seal);
}

/* Words of a valid entry, one after the other. */
struct cursor {
	const struct kmemp_ring *ring;
	u64 offset;
	u64 end;
	u32 at;
	u32 filled;
};

static int cursor_next(struct cursor *cursor, u64 *word)
{
	__le64 raw;
	int ret;

	if (cursor->at == cursor->filled) {
		cursor->filled = min_t(u64, cursor->end - cursor->offset,
				       KMEMP_PAGE_SIZE);
		if (!cursor->filled) {
			*word = 0;
			return 0;
		}
		ret = ring_read(cursor->ring, cursor->offset,
				cursor->ring->buffer, cursor->filled);
		if (ret)
			return ret;
		cursor->offset += cursor->filled;
		cursor->at = 0;
	}
	memcpy(&raw, cursor->ring->buffer + cursor->at, sizeof(raw));
	cursor->at += sizeof(raw);
	*word = le64_to_cpu(raw);
	return 0;
}

static int redo_words(struct cursor *cursor, struct kmemp_patch *patch,
		      u64 line, u32 mask)
{
	u32 i;
	int ret;

	for (i = 0; i < KMEMP_LINE_WORDS; i++) {
		u64 word;
		__le64 raw;

		if (!(mask & 1u << i))
			continue;
		ret = cursor_next(cursor, &word);
		if (ret)
			return ret;
		raw = cpu_to_le64(word);
		ret = kmemp_patch_write(patch, line * KMEMP_LINE_SIZE + i * 8,
					&raw, sizeof(raw));
		if (ret)
			return ret;
	}
	return 0;
}

static int redo_slots(struct cursor *cursor, struct kmemp_patch *patch,
		      u64 line, u32 nr)
{
	u64 slot;
	int ret;

	ret = cursor_next(cursor, &slot);
	if (ret)
		return ret;
	for (nr *= KMEMP_LINE_WORDS, line *= KMEMP_LINE_WORDS; nr;
	     nr--, line++) {
		__le64 raw = cpu_to_le64(slot);

		ret = kmemp_patch_write(patch, line * 8, &raw, sizeof(raw));
		if (ret)
			return ret;
		slot = kmemp_slot_next(slot);
	}
	return 0;
}

/* Put the stores of a valid entry into the patch. */
static int redo(const struct kmemp_ring *ring, struct kmemp_patch *patch,
		u64 offset, u32 length)
{
	struct cursor cursor = {
		.ring = ring,
		.offset = offset + sizeof(struct kmemp_disk_entry),
		.end = offset + length,
	};
	u64 ring_page = ring->start >> KMEMP_PAGE_SHIFT;

	for (;;) {
		u64 op, line, page;
		u32 type, mask;
		int ret;

		ret = cursor_next(&cursor, &op);
		if (ret || !op)
			return ret;
		line = op & KMEMP_RING_LINE_MASK;
		type = op >> KMEMP_RING_TYPE_SHIFT & 3;
		mask = op >> KMEMP_RING_MASK_SHIFT;
		page = line * KMEMP_LINE_SIZE >> KMEMP_PAGE_SHIFT;
		if (!page || page >= kmemp_pool_pages(ring->pool) - 1 ||
		    (page >= ring_page && page - ring_page < KMEMP_RING_PAGES))
			return kmemp_complain(ring->pool,
					      KMEMP_REFUSE_STRUCTURE,
					      "ring entry at %#llx stores to page %llu",
					      kmemp_ring_pos(ring, offset), page);
		ret = kmemp_patch_prepare(patch, 1 + (mask & 0xff));
		if (ret == -ENOMEM)
			return ret;
		if (!ret && type == KMEMP_RING_WORDS && mask && mask <= 0xff)
			ret = redo_words(&cursor, patch, line, mask);
		else if (!ret && type == KMEMP_RING_ZERO && !mask)
			ret = kmemp_patch_zero(patch, page);
		else if (!ret && type == KMEMP_RING_SLOTS && mask &&
			 line % KMEMP_PAGE_LINES + mask <= KMEMP_PAGE_LINES)
			ret = redo_slots(&cursor, patch, line, mask);
		else
			return kmemp_complain(ring->pool,
					      KMEMP_REFUSE_STRUCTURE,
					      "ring entry at %#llx holds operation %#llx",
					      kmemp_ring_pos(ring, offset), op);
		if (ret)
			return ret;
	}
}

/*
 * No entry from @ring->sequence on may be valid: the one of that sequence is
 * not, at the only place where it could be, so a later one means that a durable
 * batch was lost.
 */
static int refuse_later(const struct kmemp_ring *ring)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	u64 page, offset;
	u32 line;
	int ret;

	for (page = 0; page < KMEMP_RING_BYTES; page += KMEMP_PAGE_SIZE) {
		bool stale = true;

		for (line = 0; line < KMEMP_PAGE_SIZE; line += KMEMP_LINE_SIZE) {
			struct kmemp_disk_entry header;

			/* Verifying an entry uses the buffer too. */
			if (stale) {
				ret = kmemp_media_read(media,
						       ring->start + page,
						       ring->buffer,
						       KMEMP_PAGE_SIZE);
				if (ret)
					return ret;
				stale = false;
			}
			memcpy(&header, ring->buffer + line, sizeof(header));
			if (le64_to_cpu(header.sequence) < ring->sequence ||
			    le64_to_cpu(header.epoch) >
			    kmemp_pool_epoch(ring->pool))
				continue;
			offset = page + line;
			ret = entry_valid(ring, offset, &header);
			if (ret < 0)
				return ret;
			if (ret)
				return kmemp_complain(ring->pool,
						      KMEMP_REFUSE_STRUCTURE,
						      "ring entry %llu is lost, %llu is there",
						      ring->sequence,
						      le64_to_cpu(header.sequence));
			stale = true;
		}
	}
	return 0;
}

/**
 * kmemp_ring_replay - collect what the entries since the tail store
 * @ring: as opened; the head is found
 * @patch: empty; holds it all afterwards, nothing is stored
 *
 * Return: 0, -ENOMEM, -EIO, or -EUCLEAN with the reason said.
 */
int kmemp_ring_replay(struct kmemp_ring *ring, struct kmemp_patch *patch)
{
	struct kmemp_disk_entry header;
	int ret;

	for (;;) {
		u64 offset = (u64)ring->tail + ring->used, epoch;
		u32 length;

		ret = ring_read(ring, offset, &header, sizeof(header));
		if (ret)
			return ret;
		epoch = le64_to_cpu(header.epoch);
		length = le32_to_cpu(header.length);
		if (le64_to_cpu(header.sequence) != ring->sequence)
			break;
		if (epoch < ring->epoch ||
		    epoch > kmemp_pool_epoch(ring->pool) ||
		    length > KMEMP_RING_BYTES - ring->used) {
			ring->torn = true;
			break;
		}
		ret = entry_valid(ring, offset, &header);
		if (ret < 0)
			return ret;
		if (!ret) {
			ring->torn = true;
			break;
		}
		ret = redo(ring, patch, offset, length);
		if (ret)
			return ret;
		ring->used += length;
		ring->epoch = epoch;
		ring->sequence++;
		if (ring->used == KMEMP_RING_BYTES)
			break;
	}
	return refuse_later(ring);
}
EXPORT_SYMBOL_GPL(kmemp_ring_replay);
