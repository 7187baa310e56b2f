/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format bitmap on the medium: everything in place, made atomic by the ring.
 *
 *	root slot		the ring (format_ring.h), then the anchor's page
 *	anchor			one line: where everything begins, and counts
 *	page bitmap		a chain of pages; a set bit is a used page
 *	objects			a tree; its leaves hold 64 lines, one per object
 *	map of an object	a tree; its leaves hold 512 slots, one per page
 *	records of an object	a trie of pages of 512 slots over chains of records
 *	cells			pages of 64 lines; records lie in runs of cells
 *
 * Slots are those of format_ring.h. A *tree* is named by a slot with the flag
 * KMEMP_BITMAP_CHILD, whose tag is its height in pages from root to leaf. An
 * inner page has 512 slots of flag CHILD, tag 0. The key is the leaf's part
 * (9 bits in maps, 6 bits for objects), above it 9 bits for each inner level.
 * No page of a tree is without a used slot or line. One level above the leaves
 * of a map, a slot of flag KMEMP_BITMAP_LARGE maps 512 consecutive pages.
 *
 * A slot of a map has the extent's flags and tag. A slot in a trie or in a
 * record is CHILD (page of the trie), or KMEMP_BITMAP_RECORD: the tag is the
 * number of the record's first cell in the page. The first page of a trie is
 * indexed by the record's kind, those below it by 9 bits of the hash each, from
 * the top. Where a chain gets longer than KMEMP_BITMAP_CHAIN it is spread over
 * a new page, down to KMEMP_BITMAP_DEPTH of them. A chain is in ascending order
 * of (kind, hash, name).
 *
 * Seals here have epoch and sequence 0, and the structure's own position.
 */
#ifndef KMEM_PERSIST_FORMAT_BITMAP_H
#define KMEM_PERSIST_FORMAT_BITMAP_H

#include <kmem_persist/format_ring.h>

#define KMEMP_BITMAP_CHILD	0x80u
#define KMEMP_BITMAP_LARGE	0x40u
#define KMEMP_BITMAP_RECORD	0x20u

#define KMEMP_BITMAP_SLOTS	512u
#define KMEMP_BITMAP_LINES	64u
#define KMEMP_BITMAP_CHAIN	16u
#define KMEMP_BITMAP_DEPTH	4u
#define KMEMP_BITMAP_LINE_BITS	448u
#define KMEMP_BITMAP_PAGE_BITS	((KMEMP_BITMAP_LINES - 1) *		\
				 KMEMP_BITMAP_LINE_BITS)
/* Most pages from root to leaf that keys of 40 and of 56 bits need. */
#define KMEMP_BITMAP_MAP_HEIGHT		5u
#define KMEMP_BITMAP_OBJECT_HEIGHT	7u

/**
 * struct kmemp_bitmap_root - payload of the root slot
 * @ring: see struct kmemp_disk_ring
 * @anchor: page whose first line is the anchor
 * @reserved: zero
 */
struct kmemp_bitmap_root {
	struct kmemp_disk_ring ring;
	__le64	anchor;
	__u8	reserved[184];
};

/**
 * struct kmemp_bitmap_anchor - where everything begins
 * @objects: tree of objects, 0 when there is none
 * @cells: first page with free cells, 0 when there is none
 * @bitmap: first page of the page bitmap
 * @used_pages: bits set in it
 * @data_pages: pages that objects map
 * @nr_objects: objects
 * @reserved: zero
 * @seal: over all bytes before it
 */
struct kmemp_bitmap_anchor {
	__le64	objects;
	__le64	cells;
	__le64	bitmap;
	__le64	used_pages;
	__le64	data_pages;
	__le64	nr_objects;
	__u8	reserved[12];
	__le32	seal;
};

/**
 * struct kmemp_bitmap_header - first line of a page of the page bitmap
 * @next: next page of the chain, 0 for none
 * @first: page index of its first bit
 * @reserved: zero
 * @seal: over all bytes before it
 */
struct kmemp_bitmap_header {
	__le64	next;
	__le64	first;
	__u8	reserved[44];
	__le32	seal;
};

/**
 * struct kmemp_bitmap_bits - any other line of it
 * @bits: bit n is page n of this line, lowest bit first
 * @reserved: zero
 * @seal: over all bytes before it
 */
struct kmemp_bitmap_bits {
	__le64	bits[7];
	__le32	reserved;
	__le32	seal;
};

/**
 * struct kmemp_bitmap_object - an object
 * @id: its id
 * @map: tree of its map, 0 when nothing is mapped
 * @records: its trie or first record, 0 when there is none
 * @nr_pages: pages it maps
 * @nr_records: records it has
 * @reserved: zero
 * @seal: over all bytes before it
 */
struct kmemp_bitmap_object {
	__le64	id;
	__le64	map;
	__le64	records;
	__le64	nr_pages;
	__le64	nr_records;
	__u8	reserved[20];
	__le32	seal;
};

/**
 * struct kmemp_bitmap_cells - first line of a page of cells
 * @used: bit n is cell n; bit 0, this line, is set
 * @prev: previous page with free cells, 0 for none
 * @next: next one, 0 for none
 * @reserved: zero
 * @seal: over all bytes before it
 */
struct kmemp_bitmap_cells {
	__le64	used;
	__le64	prev;
	__le64	next;
	__u8	reserved[36];
	__le32	seal;
};

/**
 * struct kmemp_bitmap_record - a record, followed by name and value
 * @next: slot of the next one of its chain; has its own check, so that the
 *	seal need not be made anew
 * @hash: of the name
 * @owner: object in the low 56 bits, kind above them
 * @name_len: bytes
 * @nr_cells: consecutive cells that it occupies
 * @value_len: bytes
 * @seal: over the bytes from @hash to here, then name and value
 */
struct kmemp_bitmap_record {
	__le64	next;
	__le64	hash;
	__le64	owner;
	__u8	name_len;
	__u8	nr_cells;
	__le16	value_len;
	__le32	seal;
};

#define KMEMP_BITMAP_KIND_SHIFT	56

static_assert(sizeof(struct kmemp_bitmap_root) == KMEMP_ROOT_PAYLOAD);
static_assert(offsetof(struct kmemp_bitmap_root, anchor) == 32);
static_assert(offsetof(struct kmemp_bitmap_root, reserved) == 40);
static_assert(sizeof(struct kmemp_bitmap_anchor) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_bitmap_anchor, cells) == 8);
static_assert(offsetof(struct kmemp_bitmap_anchor, bitmap) == 16);
static_assert(offsetof(struct kmemp_bitmap_anchor, used_pages) == 24);
static_assert(offsetof(struct kmemp_bitmap_anchor, data_pages) == 32);
static_assert(offsetof(struct kmemp_bitmap_anchor, nr_objects) == 40);
static_assert(offsetof(struct kmemp_bitmap_anchor, reserved) == 48);
static_assert(offsetof(struct kmemp_bitmap_anchor, seal) == 60);
static_assert(sizeof(struct kmemp_bitmap_header) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_bitmap_header, first) == 8);
static_assert(offsetof(struct kmemp_bitmap_header, reserved) == 16);
static_assert(offsetof(struct kmemp_bitmap_header, seal) == 60);
static_assert(sizeof(struct kmemp_bitmap_bits) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_bitmap_bits, reserved) == 56);
static_assert(offsetof(struct kmemp_bitmap_bits, seal) == 60);
static_assert(sizeof(struct kmemp_bitmap_object) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_bitmap_object, map) == 8);
static_assert(offsetof(struct kmemp_bitmap_object, records) == 16);
static_assert(offsetof(struct kmemp_bitmap_object, nr_pages) == 24);
static_assert(offsetof(struct kmemp_bitmap_object, nr_records) == 32);
static_assert(offsetof(struct kmemp_bitmap_object, reserved) == 40);
static_assert(offsetof(struct kmemp_bitmap_object, seal) == 60);
static_assert(sizeof(struct kmemp_bitmap_cells) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_bitmap_cells, prev) == 8);
static_assert(offsetof(struct kmemp_bitmap_cells, next) == 16);
static_assert(offsetof(struct kmemp_bitmap_cells, reserved) == 24);
static_assert(offsetof(struct kmemp_bitmap_cells, seal) == 60);
static_assert(sizeof(struct kmemp_bitmap_record) == 32);
static_assert(offsetof(struct kmemp_bitmap_record, hash) == 8);
static_assert(offsetof(struct kmemp_bitmap_record, owner) == 16);
static_assert(offsetof(struct kmemp_bitmap_record, name_len) == 24);
static_assert(offsetof(struct kmemp_bitmap_record, nr_cells) == 25);
static_assert(offsetof(struct kmemp_bitmap_record, value_len) == 26);
static_assert(offsetof(struct kmemp_bitmap_record, seal) == 28);

#endif /* KMEM_PERSIST_FORMAT_BITMAP_H */
