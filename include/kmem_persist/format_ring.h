/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The redo ring on the medium, shared by the formats that store in place.
 *
 * The ring is a run of pages, used as one circle of bytes. An entry is one
 * batch: a header, then stores of whole aligned words of 8 bytes, which are
 * physical and idempotent. It starts on a line, is padded with zeros to whole
 * lines, and may pass the end of the ring. Entries follow one another without
 * gap from the tail, their sequences rise by one, their epochs never fall. The
 * tail stands in the format's root slot.
 *
 * An operation is one word, followed by what its type says:
 *
 *	bits  0-45	number of the line (position / 64)
 *	bits 46-47	KMEMP_RING_WORDS: the words of the line that the mask
 *			names follow, lowest first
 *			KMEMP_RING_ZERO: the page of this line is zeroed;
 *			nothing follows, the mask is 0
 *			KMEMP_RING_SLOTS: as many lines of one page as the mask
 *			counts are slots; the first one follows, each next one
 *			has the next page, or is 0 like the first
 *	bits 48-55	mask of words, or a count
 *	bits 56-63	zero
 *
 * A word 0 ends the operations; the rest of the last line is zero.
 *
 * A slot is a word that names a page: its index in bits 0-39, a CRC-8
 * (polynomial 0x07, seed 0) of the other seven bytes in bits 40-47, flags in
 * bits 48-55, a tag in bits 56-63. 0 is an empty slot. Any change within one
 * byte of a slot, empty or not, is noticed.
 */
#ifndef KMEM_PERSIST_FORMAT_RING_H
#define KMEM_PERSIST_FORMAT_RING_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <kmem_persist/format.h>

#define KMEMP_RING_PAGES	256u
#define KMEMP_RING_BYTES	(KMEMP_RING_PAGES * KMEMP_PAGE_SIZE)
/* The largest batch of a format has to fit. */
#define KMEMP_RING_MAX_ENTRY	(KMEMP_RING_BYTES / 2)

#define KMEMP_RING_TYPE_SHIFT	46
#define KMEMP_RING_MASK_SHIFT	48
#define KMEMP_RING_LINE_MASK	((1ULL << KMEMP_RING_TYPE_SHIFT) - 1)

#define KMEMP_SLOT_CHECK_SHIFT	40
#define KMEMP_SLOT_FLAGS_SHIFT	48
#define KMEMP_SLOT_TAG_SHIFT	56

enum kmemp_ring_op {
	KMEMP_RING_WORDS = 1,
	KMEMP_RING_ZERO = 2,
	KMEMP_RING_SLOTS = 3,
};

/**
 * struct kmemp_disk_entry - header of a ring entry
 * @seal: over the rest of the entry, padding included; seeded with epoch,
 *	sequence and the entry's position
 * @length: bytes, header and padding included
 * @sequence: of the batch
 * @epoch: of the batch
 * @reserved: zero
 */
struct kmemp_disk_entry {
	__le32	seal;
	__le32	length;
	__le64	sequence;
	__le64	epoch;
	__le64	reserved;
};

/**
 * struct kmemp_disk_ring - ring in a root payload
 * @page: first page
 * @pages: KMEMP_RING_PAGES
 * @reserved: zero
 * @tail: offset in the ring of the oldest entry that is not retired
 * @sequence: of that entry, whether it has been written or not
 */
struct kmemp_disk_ring {
	__le64	page;
	__le32	pages;
	__le32	reserved;
	__le64	tail;
	__le64	sequence;
};

static_assert(sizeof(struct kmemp_disk_entry) == 32);
static_assert(offsetof(struct kmemp_disk_entry, length) == 4);
static_assert(offsetof(struct kmemp_disk_entry, sequence) == 8);
static_assert(offsetof(struct kmemp_disk_entry, epoch) == 16);
static_assert(offsetof(struct kmemp_disk_entry, reserved) == 24);
static_assert(sizeof(struct kmemp_disk_ring) == 32);
static_assert(offsetof(struct kmemp_disk_ring, pages) == 8);
static_assert(offsetof(struct kmemp_disk_ring, reserved) == 12);
static_assert(offsetof(struct kmemp_disk_ring, tail) == 16);
static_assert(offsetof(struct kmemp_disk_ring, sequence) == 24);
static_assert(KMEMP_PAGE_INDEX_BITS + KMEMP_PAGE_SHIFT - 6 ==
	      KMEMP_RING_TYPE_SHIFT);

#endif /* KMEM_PERSIST_FORMAT_RING_H */
