/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format snap: every commit writes all that the pool holds anew.
 *
 * The simplest format that keeps the whole contract, and an example of one that
 * is built outside the tree, see Documentation/plugin-api.rst. A commit costs
 * what the pool holds, so it is for pools with few objects: one that would come
 * to hold more than SNAP_MOST_BYTES becomes read-only.
 *
 * On the medium a *snapshot* is a row of bytes: all extents in order, then all
 * records in order. It is cut into pages, and each page of it has two places,
 * its *pair*; all pages of one snapshot stand in the same place of their pairs.
 * A commit writes to the other places and then the root slot, which names the
 * first pair and the place; one fence makes it true. A page names the next pair.
 *
 * The places that batch N writes to held the snapshot of N - 2, which nothing
 * needs: that of N - 1 was durable before. After a crash the newest root counts
 * if all pages of its snapshot are sealed by its epoch and sequence; else the
 * root before it.
 *
 * Files: state.c, what a pool holds, in DRAM; medium.c, how that is written and
 * read; main.c, the ops.
 */
#ifndef SNAP_H
#define SNAP_H

#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <kmem_persist/plugin.h>

#define SNAP_TYPE	((u32)KMEMP_TYPE_EXPERIMENTAL + 1)

/**
 * struct snap_disk_root - payload of the root slot
 * @pair: pages of the first pair; 0 for an empty snapshot
 * @bytes: of the snapshot
 * @nr_extents: it begins with
 * @nr_records: that follow
 * @place: 0 or 1: where in their pairs the pages are
 * @reserved: zero
 */
struct snap_disk_root {
	__le64	pair[2];
	__le64	bytes;
	__le32	nr_extents;
	__le32	nr_records;
	__le32	place;
	__u8	reserved[188];
};

/**
 * struct snap_disk_page - head of a page of a snapshot
 * @seal: over the rest of the head and the bytes that follow, with epoch and
 *	sequence of the root slot
 * @reserved: zero
 * @next: the next pair, 0 in the last page
 */
struct snap_disk_page {
	__le32	seal;
	__le32	reserved;
	__le64	next[2];
};

/* Of a snapshot: 33 million extents. */
#define SNAP_MOST_BYTES	(1u << 30)

#define SNAP_PAYLOAD	(KMEMP_PAGE_SIZE - (u32)sizeof(struct snap_disk_page))

/**
 * struct snap_disk_extent - extent in a snapshot, see struct kmemp_extent
 */
struct snap_disk_extent {
	__le64	object;
	__le64	offset;
	__le64	page;
	__le32	count;
	__u8	flags;
	__u8	tag;
	__le16	reserved;
};

/**
 * struct snap_disk_record - record in a snapshot; name and value follow
 */
struct snap_disk_record {
	__le64	object;
	__le64	hash;
	__u8	kind;
	__u8	name_len;
	__le16	value_len;
	__le32	reserved;
};

#define SNAP_EXTENT_BYTES	((u32)sizeof(struct snap_disk_extent))
#define SNAP_RECORD_BYTES	((u32)sizeof(struct snap_disk_record))

static_assert(sizeof(struct snap_disk_root) == KMEMP_ROOT_PAYLOAD);
static_assert(offsetof(struct snap_disk_root, place) == 32);
static_assert(sizeof(struct snap_disk_page) == 24);
static_assert(sizeof(struct snap_disk_extent) == 32);
static_assert(sizeof(struct snap_disk_record) == 24);

/**
 * struct snap_extent - an extent in DRAM
 * @object: whose
 * @at: where
 */
struct snap_extent {
	u64 object;
	struct kmemp_extent at;
};

/**
 * struct snap_record - a record in DRAM
 * @list: of &snap.fresh, &snap.gone or &snap.spare; empty for one that has been
 *	there before the batch and stays
 * @object: whose
 * @room: bytes of @data
 * @is: its name and value are in @data
 * @data: name, then value
 */
struct snap_record {
	struct list_head list;
	u64 object;
	u32 room;
	struct kmemp_record is;
	u8 data[];
};

/**
 * struct snap_state - what a pool holds
 * @extent: ordered by object and offset
 * @record: ordered by object, kind, hash and name
 * @nr_extents: how many
 * @nr_records: how many
 * @extent_room: extents there is memory for
 * @record_room: records there is memory for
 */
struct snap_state {
	struct snap_extent *extent;
	struct snap_record **record;
	u32 nr_extents;
	u32 nr_records;
	u32 extent_room;
	u32 record_room;
};

/**
 * struct snap_pair - the two places of a page
 * @page: page indices
 */
struct snap_pair {
	u64 page[2];
};

/**
 * struct snap - an open pool
 * @pool: the core's
 * @slot: root slot as last written
 * @dropped: the newest root on the medium does not count
 * @place: where the snapshot is
 * @bytes: of the snapshot
 * @now: what is durable
 * @next: what the batch that is being prepared makes of it
 * @fresh: records that @next has and @now has not
 * @gone: the reverse
 * @spare: records that are not used
 * @pair: of the pages of the snapshot, in order
 * @nr_pairs: how many
 * @pair_room: pairs there is memory for
 * @page: to build a page in
 *
 * Locking: lookups read @now under the core's reader lock, which commit takes
 * for the moment in which @now and @next change places. All else is under the
 * commit right.
 */
struct snap {
	struct kmemp_pool *pool;
	struct kmemp_root slot;
	bool dropped;
	u32 place;
	u64 bytes;
	struct snap_state now;
	struct snap_state next;
	struct list_head fresh;
	struct list_head gone;
	struct list_head spare;
	struct snap_pair *pair;
	u32 nr_pairs;
	u32 pair_room;
	u8 page[KMEMP_PAGE_SIZE] __aligned(8);
};

/* state.c */
u32 snap_record_bytes(const struct kmemp_record *record);
u32 snap_find_extent(const struct snap_state *state, u64 object, u64 offset);
u32 snap_find_record(const struct snap_state *state, u64 object,
		     const struct kmemp_record *at);
int snap_state_room(struct snap_state *state, u32 extents, u32 records);
struct snap_record *snap_record_new(struct snap *snap, u64 object,
				    const struct kmemp_record *from);
int snap_prepare_state(struct snap *snap, const struct kmemp_batch *batch);
void snap_accept_state(struct snap *snap);
void snap_free_state(struct snap *snap);

/* medium.c */
u64 snap_bytes(const struct snap_state *state);
int snap_pair_room(struct snap *snap, u32 nr);
void snap_write(struct snap *snap, u64 epoch, u64 sequence);
int snap_read_page(struct snap *snap, u32 index, u32 *len);
int snap_recover(struct snap *snap);

#endif /* SNAP_H */
