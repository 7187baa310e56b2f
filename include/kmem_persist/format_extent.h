/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Format extent on the medium: one copy-on-write B+tree, nothing to replay.
 *
 *	root slot		names the tree's root node: position, birth, seal
 *	blocks			of 1 KiB, four in a page: nodes, and long values
 *	inner node		up to 24 children, each with its first key, its
 *				position, its birth and its seal
 *	leaf			groups, one per object: its extents, its records
 *
 * Nothing that a root can reach is ever stored into. A batch writes the leaves
 * that it changes to blocks that are free, then the nodes above them, up to a
 * new root node, then the root slot, and flushes all that; one fence makes it
 * true. The *birth* of a block is the sequence of the batch that wrote it. The
 * seal of a block stands where the block is named, and so a root slot seals
 * all that it publishes: the tree is a Merkle tree.
 *
 * The two root slots. Batch N writes its root over that of N - 2, in both
 * superblock pages; that of N - 1 stands in the other slot. After a crash the
 * newest slot counts if every block of its tree with birth = its sequence is
 * sealed as it is named: only those can be torn, since all older ones were
 * durable before that batch began. Else the slot before it counts, and the torn
 * one is overwritten by what counts before anything else is stored. A block
 * that cannot be read is not taken for a torn one: the pool is refused. So is
 * one whose newest batch was confirmed and does not verify.
 *
 * What is free. There is no map of it: a block is in use if the tree reaches
 * it, a page if it has such a block or an extent maps it. That is derived when
 * the pool is opened, so that no crash can make it wrong. A block that batch N
 * has freed is reachable from the root of N - 1. It is not written before that
 * root is neither in a slot nor needed: not before batch N + 1 is durable, that
 * is by N + 2 at the earliest, or N is confirmed. A page goes back to the pool's
 * host when its last block is freed, and waits in the same way; so do pages of
 * data. Free blocks are used before new pages are taken: metadata never has
 * more pages than at its peak.
 *
 * Two epochs. A sequence is used again after its batch was torn and dropped.
 * What that batch wrote is reachable from no root, and a stale block cannot
 * stand for a new one: a node holds the epoch that wrote it, and is sealed by
 * content, position and birth in its parent.
 *
 * Order of keys: object, then kind (0: extents, 1 + kind: records), then page
 * offset or hash of the name. Records of equal keys follow one another in order
 * of their names, over as many leaves as they take. The first key of a node is
 * exactly the key that its parent has for it. No node is empty.
 */
#ifndef KMEM_PERSIST_FORMAT_EXTENT_H
#define KMEM_PERSIST_FORMAT_EXTENT_H

#include <kmem_persist/format.h>

#define KMEMP_EXTENT_BLOCK	1024u
/* Blocks are numbered by their position; so many are in a page. */
#define KMEMP_EXTENT_BLOCKS	4u
/* Children of an inner node. */
#define KMEMP_EXTENT_FANOUT	24u
/* Nodes from root to leaf: for 7 * 10^11 extents, however they came. */
#define KMEMP_EXTENT_DEPTH	12u
/*
 * A record whose header, name and value take more has its value in a block of
 * its own.
 */
#define KMEMP_EXTENT_INLINE	512u

/**
 * struct kmemp_extent_root - payload of the root slot
 * @block: root node, 0 for an empty tree
 * @birth: of the root node, 0 for an empty tree
 * @seal: of the root node, 0 for an empty tree
 * @depth: nodes from root to leaf, 0 for an empty tree
 * @reserved0: zero
 * @nr_blocks: nodes, and values in blocks of their own
 * @nr_extents: extents of all objects
 * @nr_records: records of all objects
 * @data_pages: pages of all extents
 * @reserved: zero
 */
struct kmemp_extent_root {
	__le64	block;
	__le64	birth;
	__le32	seal;
	__le16	depth;
	__le16	reserved0;
	__le64	nr_blocks;
	__le64	nr_extents;
	__le64	nr_records;
	__le64	data_pages;
	__u8	reserved[168];
};

/**
 * struct kmemp_extent_node - header of a node
 * @birth: sequence of the batch that wrote it
 * @epoch: of that batch
 * @block: its own number
 * @bytes: of the node, this header included; what lies behind means nothing
 * @nr: children of an inner node; groups of a leaf
 * @level: 0 for a leaf, else one more than that of its children
 * @reserved: zero
 *
 * The seal over the first @bytes stands in the parent, or in the root slot. Its
 * seed has epoch 0, @birth as the sequence, and the node's byte position.
 */
struct kmemp_extent_node {
	__le64	birth;
	__le64	epoch;
	__le64	block;
	__le16	bytes;
	__le16	nr;
	__u8	level;
	__u8	reserved[3];
};

/**
 * struct kmemp_extent_child - item of an inner node
 * @object: of the first key in the child
 * @where: of that key: page offset, or hash of a name
 * @block: number of the child
 * @birth: of the child
 * @seal: of the child
 * @kind: of that key: 0 for an extent, else 1 + the record's kind
 * @reserved: zero
 */
struct kmemp_extent_child {
	__le64	object;
	__le64	where;
	__le64	block;
	__le64	birth;
	__le32	seal;
	__le16	kind;
	__le16	reserved;
};

/**
 * struct kmemp_extent_group - what a leaf has of one object
 * @object: its id
 * @nr_extents: struct kmemp_disk_extent that follow
 * @nr_records: records that follow these
 * @reserved: zero
 */
struct kmemp_extent_group {
	__le64	object;
	__le16	nr_extents;
	__le16	nr_records;
	__le32	reserved;
};

/**
 * struct kmemp_extent_record - a record in a leaf
 * @hash: of the name
 * @kind: its kind
 * @name_len: bytes
 * @value_len: bytes
 * @seal: of the value's block; 0 where the value follows
 *
 * Then come: struct kmemp_extent_value, if the value has a block; the name; the
 * value, if it has none; zeros up to a multiple of 8.
 */
struct kmemp_extent_record {
	__le64	hash;
	__u8	kind;
	__u8	name_len;
	__le16	value_len;
	__le32	seal;
};

/**
 * struct kmemp_extent_value - where the value of a record is
 * @block: number of the block that holds it, from its first byte on
 * @birth: of that block
 *
 * The seal over the value has epoch 0, @birth as the sequence, and the block's
 * byte position.
 */
struct kmemp_extent_value {
	__le64	block;
	__le64	birth;
};

static_assert(sizeof(struct kmemp_extent_root) == KMEMP_ROOT_PAYLOAD);
static_assert(offsetof(struct kmemp_extent_root, birth) == 8);
static_assert(offsetof(struct kmemp_extent_root, seal) == 16);
static_assert(offsetof(struct kmemp_extent_root, depth) == 20);
static_assert(offsetof(struct kmemp_extent_root, nr_blocks) == 24);
static_assert(offsetof(struct kmemp_extent_root, nr_extents) == 32);
static_assert(offsetof(struct kmemp_extent_root, nr_records) == 40);
static_assert(offsetof(struct kmemp_extent_root, data_pages) == 48);
static_assert(offsetof(struct kmemp_extent_root, reserved) == 56);
static_assert(sizeof(struct kmemp_extent_node) == 32);
static_assert(offsetof(struct kmemp_extent_node, epoch) == 8);
static_assert(offsetof(struct kmemp_extent_node, block) == 16);
static_assert(offsetof(struct kmemp_extent_node, bytes) == 24);
static_assert(offsetof(struct kmemp_extent_node, nr) == 26);
static_assert(offsetof(struct kmemp_extent_node, level) == 28);
static_assert(offsetof(struct kmemp_extent_node, reserved) == 29);
static_assert(sizeof(struct kmemp_extent_child) == 40);
static_assert(offsetof(struct kmemp_extent_child, where) == 8);
static_assert(offsetof(struct kmemp_extent_child, block) == 16);
static_assert(offsetof(struct kmemp_extent_child, birth) == 24);
static_assert(offsetof(struct kmemp_extent_child, seal) == 32);
static_assert(offsetof(struct kmemp_extent_child, kind) == 36);
static_assert(offsetof(struct kmemp_extent_child, reserved) == 38);
static_assert(sizeof(struct kmemp_extent_group) == 16);
static_assert(offsetof(struct kmemp_extent_group, nr_extents) == 8);
static_assert(offsetof(struct kmemp_extent_group, nr_records) == 10);
static_assert(offsetof(struct kmemp_extent_group, reserved) == 12);
static_assert(sizeof(struct kmemp_extent_record) == 16);
static_assert(offsetof(struct kmemp_extent_record, kind) == 8);
static_assert(offsetof(struct kmemp_extent_record, name_len) == 9);
static_assert(offsetof(struct kmemp_extent_record, value_len) == 10);
static_assert(offsetof(struct kmemp_extent_record, seal) == 12);
static_assert(sizeof(struct kmemp_extent_value) == 16);
static_assert(offsetof(struct kmemp_extent_value, birth) == 8);
static_assert(sizeof(struct kmemp_extent_node) + KMEMP_EXTENT_FANOUT *
	      sizeof(struct kmemp_extent_child) <= KMEMP_EXTENT_BLOCK);
static_assert(KMEMP_EXTENT_BLOCK >= KMEMP_MAX_VALUE);
static_assert(KMEMP_EXTENT_BLOCKS * KMEMP_EXTENT_BLOCK == KMEMP_PAGE_SIZE);

#endif /* KMEM_PERSIST_FORMAT_EXTENT_H */
