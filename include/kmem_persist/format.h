/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is common to every pool on the medium: superblock page and limits.
 *
 * Overview of a pool, in pages of 4 KiB counted from the raw start of the
 * DAX device ("page index"; it says nothing of physical addresses or memory
 * blocks, which move from boot to boot):
 *
 *	page 0				superblock page
 *	1 .. pool_pages - 2		whatever the format says; a page that no
 *					object maps and no metadata fills is RAM
 *	page pool_pages - 1		copy of the superblock page
 *	last page of the device		only where the device is larger than the
 *					pool: struct kmemp_disk_pointer
 *
 * The superblock page:
 *
 *	   0	static part		struct kmemp_disk_static, own CRC32C;
 *					copy first, fence, then page 0
 *	2048	state line		struct kmemp_disk_state, sealed; page 0
 *					and copy one after the other
 *	2560	root slot 0		struct kmemp_disk_root, sealed; the two
 *	3072	root slot 1		slots alternate by their own generation
 *	3584	bad-page slots		u64[64], format none only; a store of 8
 *					bytes each
 *
 * What lies between these parts is zero, and checked to be.
 *
 * Everything is little endian and naturally aligned; reserved fields are
 * written as zero and refused when they are not. A *seal* is a CRC32C whose
 * seed is made of the pool's seal key, epoch, sequence and position (see
 * plugins/core/seal.h), so that a misplaced, replayed or foreign structure is
 * never valid. Nothing of the machine stands on the medium.
 *
 * This file is the one place that defines these structures; the layout
 * assertions are at its end.
 */
#ifndef KMEM_PERSIST_FORMAT_H
#define KMEM_PERSIST_FORMAT_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define KMEMP_PAGE_SHIFT	12
#define KMEMP_PAGE_SIZE		4096u
/* Granule of a flush, and the unit in which a power cut may lose stores. */
#define KMEMP_LINE_SIZE		64u

/* "KMEMPERS" read as a big-endian number; a hex dump shows SREPMEMK. */
#define KMEMP_MAGIC		0x4b4d454d50455253ULL
/* Format version of everything in this file and in format_<name>.h. */
#define KMEMP_VERSION		1u

/**
 * enum kmemp_type - format of a pool, selects the plugin
 * @KMEMP_TYPE_NONE: superblock and bad pages, no objects
 * @KMEMP_TYPE_BITMAP: bitmap allocator, in place
 * @KMEMP_TYPE_LOG: log structured
 * @KMEMP_TYPE_EXTENT: copy-on-write extent tree
 * @KMEMP_TYPE_EXPERIMENTAL: first number of the range for experiments
 */
enum kmemp_type {
	KMEMP_TYPE_NONE		= 0,
	KMEMP_TYPE_BITMAP	= 1,
	KMEMP_TYPE_LOG		= 2,
	KMEMP_TYPE_EXTENT	= 3,
	KMEMP_TYPE_EXPERIMENTAL	= 0x80000000u,
};

/*
 * Feature masks. An unknown incompat bit refuses the pool; with an unknown
 * ro_compat bit the tool may read the metadata, but no page becomes RAM. They
 * are judged before the format is looked up, so what a format of this tree adds
 * stands here too.
 */
/* Before the first release: opens only with the very same format version. */
#define KMEMP_INCOMPAT_EXPERIMENTAL	(1ULL << 0)
/* A SHARING record exists: pages may be mapped twice. */
#define KMEMP_INCOMPAT_SHARING		(1ULL << 1)

#define KMEMP_INCOMPAT_KNOWN		KMEMP_INCOMPAT_EXPERIMENTAL
#define KMEMP_RO_COMPAT_KNOWN		0ULL
#define KMEMP_COMPAT_KNOWN		0ULL

/* Limits that can never change (the 16-byte extent holds them). */
#define KMEMP_PAGE_INDEX_BITS	40
#define KMEMP_MAX_POOL_PAGES	(1ULL << KMEMP_PAGE_INDEX_BITS)
#define KMEMP_MAX_OBJECT_PAGES	(1ULL << 40)
#define KMEMP_MAX_NAME		255u
#define KMEMP_MAX_VALUE		1024u
#define KMEMP_MAX_SEQUENCE	(1ULL << 63)
/* Smallest pool: room for the standing reserve of every format. */
#define KMEMP_MIN_POOL_PAGES	(64ULL << (20 - KMEMP_PAGE_SHIFT))
/* A device is looked at for foreign content in its first and last 2 MiB. */
#define KMEMP_PROBE_BYTES	(2ULL << 20)

/* One batch: encoded bytes, existing extents touched, pages mapped. */
#define KMEMP_BATCH_BYTES	(64u << 10)
#define KMEMP_BATCH_EXTENTS	1024u
#define KMEMP_BATCH_PAGES	(1u << 18)

#define KMEMP_UUID_SIZE		16
#define KMEMP_KEY_SIZE		16
/* UTF-8, padded with zeros; a label of full length has no terminator. */
#define KMEMP_LABEL_SIZE	64

#define KMEMP_SB_STATIC_OFFSET	0u
#define KMEMP_SB_STATE_OFFSET	2048u
#define KMEMP_SB_ROOT_OFFSET	2560u
#define KMEMP_SB_ROOT_STRIDE	512u
#define KMEMP_SB_NR_ROOTS	2u
#define KMEMP_SB_BAD_OFFSET	3584u
#define KMEMP_SB_NR_BAD		64u

/* Capacity guaranteed to data unless format is told otherwise. */
#define KMEMP_DATA_MIN_DEFAULT	((16ULL << 20) >> KMEMP_PAGE_SHIFT)

/**
 * struct kmemp_disk_static - static part of the superblock
 * @magic: KMEMP_MAGIC
 * @type: enum kmemp_type
 * @version: KMEMP_VERSION
 * @compat: features that nobody needs to know
 * @ro_compat: features that forbid adding memory to who does not know them
 * @incompat: features that forbid everything to who does not know them
 * @page_size: KMEMP_PAGE_SIZE
 * @reserved0: zero
 * @pool_pages: pages of the pool, both superblock pages included
 * @uuid: of the pool; shown, may be changed
 * @seal_key: random bytes of format time, seed of every seal; never shown
 * @hash_key: siphash key of record names; never shown
 * @label: see KMEMP_LABEL_SIZE
 * @data_min: pages guaranteed to persistent data
 * @data_max: ceiling of persistent data in pages, 0 for none
 * @window_page: first page that was RAM when the first commit ran, a hint
 * @window_pages: length of that window, 0 when nothing has been committed
 * @generation: +1 each time the static part is written; the higher wins
 * @reserved1: zero
 * @crc: CRC32C of all bytes before it, seed ~0, inverted
 */
struct kmemp_disk_static {
	__le64	magic;
	__le32	type;
	__le32	version;
	__le64	compat;
	__le64	ro_compat;
	__le64	incompat;
	__le32	page_size;
	__le32	reserved0;
	__le64	pool_pages;
	__u8	uuid[KMEMP_UUID_SIZE];
	__u8	seal_key[KMEMP_KEY_SIZE];
	__u8	hash_key[KMEMP_KEY_SIZE];
	__u8	label[KMEMP_LABEL_SIZE];
	__le64	data_min;
	__le64	data_max;
	__le64	window_page;
	__le64	window_pages;
	__le64	generation;
	__u8	reserved1[1836];
	__le32	crc;
};

/**
 * struct kmemp_disk_state - state line, one cache line
 * @generation: +1 each time the line is written; the higher wins
 * @epoch: raised by the first commit after each open
 * @confirmed: recovery never ends below this sequence
 * @lease: zero; reserved for pools that more than one host can reach
 * @map_page: first page of the saved used map, 0 for none
 * @map_pages: its length
 * @map_crc: CRC32C of its list of seals
 * @reserved: zero
 * @seal: over all bytes before it
 *
 * The newest sequence being equal to @confirmed means that the pool is clean;
 * there is no dirty flag.
 */
struct kmemp_disk_state {
	__le64	generation;
	__le64	epoch;
	__le64	confirmed;
	__le64	lease;
	__le64	map_page;
	__le32	map_pages;
	__le32	map_crc;
	__u8	reserved[12];
	__le32	seal;
};

/* What a run of the saved used map has below its page index. */
#define KMEMP_USED_RUN_SHIFT	24
#define KMEMP_USED_RUNS		510u

/**
 * struct kmemp_disk_used_map - page of the saved used map
 * @seal: over all bytes behind it
 * @nr: runs in this page, the rest is zero
 * @sequence: newest batch when it was saved
 * @run: page index << 24 | number of pages; in order, without overlap
 *
 * Lies in pages that nothing else uses. Its pages are nobody's when the pool has
 * been opened.
 */
struct kmemp_disk_used_map {
	__le32	seal;
	__le32	nr;
	__le64	sequence;
	__le64	run[KMEMP_USED_RUNS];
};

#define KMEMP_ROOT_PAYLOAD	224u

/**
 * struct kmemp_disk_root - root slot
 * @generation: +1 per root write; generation & 1 names the slot
 * @epoch: of the batch that it belongs to
 * @sequence: of the batch that it belongs to
 * @payload: what the format needs to start; format_<name>.h
 * @reserved: zero
 * @seal: over all bytes before it
 *
 * Both superblock pages hold both slots, and one root write stores the slot to
 * both pages under one fence. A slot is reused only by the next but one root
 * write, so that a torn write never costs the last good root.
 */
struct kmemp_disk_root {
	__le64	generation;
	__le64	epoch;
	__le64	sequence;
	__u8	payload[KMEMP_ROOT_PAYLOAD];
	__u8	reserved[4];
	__le32	seal;
};

/**
 * struct kmemp_disk_pointer - where the copy is, when not at the device's end
 * @magic: KMEMP_POINTER_MAGIC
 * @pool_pages: the copy is at pool_pages - 1
 * @uuid: of the pool
 * @reserved: zero
 * @crc: CRC32C of all bytes before it, seed ~0, inverted
 *
 * First 64 bytes of the device's last page. Without it the loss of page 0
 * would make the pool look like a plain device.
 */
struct kmemp_disk_pointer {
	__le64	magic;
	__le64	pool_pages;
	__u8	uuid[KMEMP_UUID_SIZE];
	__u8	reserved[28];
	__le32	crc;
};

/* "KMEMPNTR" */
#define KMEMP_POINTER_MAGIC	0x4b4d454d504e5452ULL

/*
 * Bad-page slot of format none: page index in the low 40 bits, above it the
 * high 24 bits of the seal over the index as __le64, with epoch, sequence and
 * position 0. Zero: empty.
 */
#define KMEMP_BAD_CHECK_SHIFT	40

/**
 * struct kmemp_disk_extent - run of pages mapped by an object
 * @offset_flags: page offset in the object (40 bits), flags (8), tag (8), zero
 * @page_count: first page (40 bits) and low 24 bits of the count
 *
 * offset_flags: bits 0-39 offset, 40-47 flags, 48-55 tag, 56-63 bits 24-31 of
 * the count. page_count: bits 0-39 page index, 40-63 bits 0-23 of the count.
 */
struct kmemp_disk_extent {
	__le64	offset_flags;
	__le64	page_count;
};

/* Mapped pages that were never written: they read as zeros. */
#define KMEMP_EXTENT_UNWRITTEN	0x01u
#define KMEMP_EXTENT_FLAGS	KMEMP_EXTENT_UNWRITTEN

/*
 * Object ids. An id is never used twice; ROOT's high-water mark is raised in
 * steps of KMEMP_ID_STEP, so that a crash skips ids and never repeats one.
 */
#define KMEMP_OBJ_ROOT		1ULL
#define KMEMP_OBJ_ORPHANS	2ULL
#define KMEMP_OBJ_SHARING	3ULL
#define KMEMP_OBJ_BAD		4ULL
#define KMEMP_OBJ_FIRST		4096ULL
#define KMEMP_OBJ_MAX		((1ULL << 56) - 1)
#define KMEMP_ID_STEP		65536ULL

/**
 * enum kmemp_root_kind - kind of a record of ROOT
 * @KMEMP_ROOT_SETTING: of the core; see KMEMP_SETTING_NEXT_ID
 * @KMEMP_ROOT_FS: file system, name -> object
 * @KMEMP_ROOT_VOLUME: block volume, name -> struct kmemp_disk_volume
 * @KMEMP_ROOT_STORE: node of the kernel's store, name -> object
 */
enum kmemp_root_kind {
	KMEMP_ROOT_SETTING	= 0,
	KMEMP_ROOT_FS		= 1,
	KMEMP_ROOT_VOLUME	= 2,
	KMEMP_ROOT_STORE	= 3,
};

/* Setting: the high-water mark, __le64; ids from it on were never given. */
#define KMEMP_SETTING_NEXT_ID	"next_id"

/**
 * enum kmemp_orphan_op - what is to be done with an orphan
 * @KMEMP_ORPHAN_REMOVE: remove the object
 * @KMEMP_ORPHAN_TRUNCATE: unmap what lies at or behind @from
 */
enum kmemp_orphan_op {
	KMEMP_ORPHAN_REMOVE	= 1,
	KMEMP_ORPHAN_TRUNCATE	= 2,
};

/**
 * struct kmemp_disk_orphan - record of ORPHANS: kind op, name the id as __le64
 * @op: enum kmemp_orphan_op, the record's kind once more
 * @reserved: zero
 * @from: page offset; zero for KMEMP_ORPHAN_REMOVE
 *
 * Work that is too large for one batch: it is promised by the batch that makes
 * it visible, done in steps, and taken up again by the next open. An object may
 * have one of each kind: its removal does not wait for a cut.
 */
struct kmemp_disk_orphan {
	__u8	op;
	__u8	reserved[7];
	__le64	from;
};

static_assert(sizeof(struct kmemp_disk_static) == 2048);
static_assert(offsetof(struct kmemp_disk_static, type) == 8);
static_assert(offsetof(struct kmemp_disk_static, version) == 12);
static_assert(offsetof(struct kmemp_disk_static, compat) == 16);
static_assert(offsetof(struct kmemp_disk_static, ro_compat) == 24);
static_assert(offsetof(struct kmemp_disk_static, incompat) == 32);
static_assert(offsetof(struct kmemp_disk_static, page_size) == 40);
static_assert(offsetof(struct kmemp_disk_static, pool_pages) == 48);
static_assert(offsetof(struct kmemp_disk_static, uuid) == 56);
static_assert(offsetof(struct kmemp_disk_static, seal_key) == 72);
static_assert(offsetof(struct kmemp_disk_static, hash_key) == 88);
static_assert(offsetof(struct kmemp_disk_static, label) == 104);
static_assert(offsetof(struct kmemp_disk_static, data_min) == 168);
static_assert(offsetof(struct kmemp_disk_static, data_max) == 176);
static_assert(offsetof(struct kmemp_disk_static, window_page) == 184);
static_assert(offsetof(struct kmemp_disk_static, window_pages) == 192);
static_assert(offsetof(struct kmemp_disk_static, generation) == 200);
static_assert(offsetof(struct kmemp_disk_static, reserved1) == 208);
static_assert(offsetof(struct kmemp_disk_static, crc) == 2044);

static_assert(sizeof(struct kmemp_disk_state) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_disk_state, epoch) == 8);
static_assert(offsetof(struct kmemp_disk_state, confirmed) == 16);
static_assert(offsetof(struct kmemp_disk_state, lease) == 24);
static_assert(offsetof(struct kmemp_disk_state, map_page) == 32);
static_assert(offsetof(struct kmemp_disk_state, map_pages) == 40);
static_assert(offsetof(struct kmemp_disk_state, map_crc) == 44);
static_assert(offsetof(struct kmemp_disk_state, reserved) == 48);
static_assert(offsetof(struct kmemp_disk_state, seal) == 60);

static_assert(sizeof(struct kmemp_disk_used_map) == KMEMP_PAGE_SIZE);
static_assert(offsetof(struct kmemp_disk_used_map, nr) == 4);
static_assert(offsetof(struct kmemp_disk_used_map, sequence) == 8);
static_assert(offsetof(struct kmemp_disk_used_map, run) == 16);

static_assert(sizeof(struct kmemp_disk_root) == 256);
static_assert(offsetof(struct kmemp_disk_root, epoch) == 8);
static_assert(offsetof(struct kmemp_disk_root, sequence) == 16);
static_assert(offsetof(struct kmemp_disk_root, payload) == 24);
static_assert(offsetof(struct kmemp_disk_root, seal) == 252);

static_assert(sizeof(struct kmemp_disk_pointer) == KMEMP_LINE_SIZE);
static_assert(offsetof(struct kmemp_disk_pointer, crc) == 60);
static_assert(sizeof(struct kmemp_disk_extent) == 16);
static_assert(sizeof(struct kmemp_disk_orphan) == 16);
static_assert(offsetof(struct kmemp_disk_orphan, from) == 8);

static_assert(sizeof(struct kmemp_disk_static) <= KMEMP_SB_STATE_OFFSET);
static_assert(KMEMP_SB_BAD_OFFSET + 8 * KMEMP_SB_NR_BAD == KMEMP_PAGE_SIZE);

#endif /* KMEM_PERSIST_FORMAT_H */
