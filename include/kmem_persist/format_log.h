/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format log on the medium: a chain of pages, and entries one behind the other.
 *
 * Log pages have running numbers. The first line of each names the two that
 * follow it; so two pages behind the last one in use are linked ahead, changing
 * page costs no fence, and one damaged header does not hide what lies behind
 * it. A *log position* is the number of a log page times 4096, plus an offset in
 * it. Positions only grow; a page that is used again gets a new number.
 *
 * An entry is what one commit, or one step of cleaning, has appended: a header,
 * then items, then zeros up to a whole line. It begins on a line; where it
 * passes the end of a page it goes on behind the header of the next one. Its
 * seal covers the headers of the pages it enters, so that an entry is there
 * with them or not at all: one flush and one fence make it durable.
 *
 * Items take effect in order. Each begins with a word:
 *
 *	bits  0-55	object
 *	bits 56-58	enum kmemp_log_op
 *	bits 59-63	MAP, UNMAP: how many extents follow, less one; else zero
 *
 * MAP and UNMAP are followed by extents (struct kmemp_disk_extent; of UNMAP
 * page, flags and tag are zero), PUT and DEL by a struct kmemp_log_record and
 * its name and value, padded with zeros to 8 bytes. REMOVE ends all that an
 * object holds. A word 0 ends the items.
 *
 * The state of the pool is what the items make of nothing, from the tail on,
 * which stands in the root slot. *Cleaning* moves the tail: what an entry there
 * said and is still true is said again by a newer entry. Once that is durable
 * the next root may name a later tail; once that root is durable the pages
 * before it are in use no more. So saying again is all a checkpoint is: it goes
 * on in small steps between commits, or as part of them, and needs no room
 * beyond what it has freed and a few pages.
 *
 * Entries are numbered, those of cleaning too: one that is missing between
 * others is noticed. At most the last entry can be torn.
 */
#ifndef KMEM_PERSIST_FORMAT_LOG_H
#define KMEM_PERSIST_FORMAT_LOG_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <kmem_persist/format.h>

/* The longest entry, page headers included. */
#define KMEMP_LOG_MAX_ENTRY	1048576u
/* Extents of one item. */
#define KMEMP_LOG_EXTENTS	32u

#define KMEMP_LOG_OP_SHIFT	56
#define KMEMP_LOG_COUNT_SHIFT	59

/**
 * enum kmemp_log_op - what an item does to its object
 * @KMEMP_LOG_MAP: map extents, in the place of what was there
 * @KMEMP_LOG_UNMAP: ranges hold nothing any more
 * @KMEMP_LOG_PUT: make or replace a record
 * @KMEMP_LOG_DEL: delete a record, if it is there
 * @KMEMP_LOG_REMOVE: the object ends
 */
enum kmemp_log_op {
	KMEMP_LOG_MAP		= 1,
	KMEMP_LOG_UNMAP		= 2,
	KMEMP_LOG_PUT		= 3,
	KMEMP_LOG_DEL		= 4,
	KMEMP_LOG_REMOVE	= 5,
};

/**
 * struct kmemp_log_root - payload of the root slot
 * @tail: log position of the oldest entry that counts, written or not
 * @page: page index of the log page that it lies in
 * @number: of that entry
 * @sequence: of the newest batch before it
 * @newest: number of the newest entry when the root was written; it was durable
 * @reserved: zero
 */
struct kmemp_log_root {
	__le64	tail;
	__le64	page;
	__le64	number;
	__le64	sequence;
	__le64	newest;
	__u8	reserved[184];
};

/**
 * struct kmemp_log_page - first line of a log page
 * @number: of this log page
 * @next: page index of the next log page
 * @second: page index of the one behind that
 * @reserved: zero
 * @seal: over all bytes before it; seeded with epoch 0, @number as sequence
 *	and the position of the page
 */
struct kmemp_log_page {
	__le64	number;
	__le64	next;
	__le64	second;
	__u8	reserved[36];
	__le32	seal;
};

/**
 * struct kmemp_log_entry - header of an entry
 * @seal: over the rest of the entry, see there
 * @length: bytes from here to the end of the entry, page headers included
 * @sequence: of the batch; of cleaning, that of the newest batch before it
 * @epoch: of the opening that wrote it
 * @number: running number of the entry
 */
struct kmemp_log_entry {
	__le32	seal;
	__le32	length;
	__le64	sequence;
	__le64	epoch;
	__le64	number;
};

/**
 * struct kmemp_log_record - record in an item, followed by name and value
 * @hash: of the name
 * @kind: of the record
 * @name_len: bytes
 * @value_len: bytes; 0 in DEL
 * @reserved: zero
 */
struct kmemp_log_record {
	__le64	hash;
	__u8	kind;
	__u8	name_len;
	__le16	value_len;
	__le32	reserved;
};

static_assert(sizeof(struct kmemp_log_root) == KMEMP_ROOT_PAYLOAD);
static_assert(offsetof(struct kmemp_log_root, page) == 8);
static_assert(offsetof(struct kmemp_log_root, number) == 16);
static_assert(offsetof(struct kmemp_log_root, sequence) == 24);
static_assert(offsetof(struct kmemp_log_root, newest) == 32);
static_assert(offsetof(struct kmemp_log_root, reserved) == 40);
static_assert(sizeof(struct kmemp_log_page) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_log_page, next) == 8);
static_assert(offsetof(struct kmemp_log_page, second) == 16);
static_assert(offsetof(struct kmemp_log_page, reserved) == 24);
static_assert(offsetof(struct kmemp_log_page, seal) == 60);
static_assert(sizeof(struct kmemp_log_entry) == 32);
static_assert(offsetof(struct kmemp_log_entry, length) == 4);
static_assert(offsetof(struct kmemp_log_entry, sequence) == 8);
static_assert(offsetof(struct kmemp_log_entry, epoch) == 16);
static_assert(offsetof(struct kmemp_log_entry, number) == 24);
static_assert(sizeof(struct kmemp_log_record) == 16);
static_assert(offsetof(struct kmemp_log_record, kind) == 8);
static_assert(offsetof(struct kmemp_log_record, name_len) == 9);
static_assert(offsetof(struct kmemp_log_record, value_len) == 10);
static_assert(offsetof(struct kmemp_log_record, reserved) == 12);

#endif /* KMEM_PERSIST_FORMAT_LOG_H */
