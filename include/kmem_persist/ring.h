/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In-place stores, made atomic: a patch collects them, the ring logs them.
 *
 *	prepare		room in the patch (kmemp_patch_prepare)
 *	build		kmemp_patch_read/write/zero: reads see earlier writes
 *	commit		kmemp_ring_commit: entry, flush, one fence, then the
 *			stores themselves, which are not flushed
 *	retire		kmemp_ring_retire: the lines stored since the last
 *			time are flushed once each, then the tail moves
 *
 * A line that an entry not yet retired stores into is written only in this
 * way, and its page is used for nothing else before the ring is retired past
 * it: redo would store into somebody else's bytes. Since zeroing a fresh page
 * is an operation of the entry too, this covers every page a format writes.
 * What redo would store is at any time the patch, so the patch is also what
 * recovery builds, and what a read-only pool lays over the medium.
 */
#ifndef KMEM_PERSIST_RING_H
#define KMEM_PERSIST_RING_H

#include <linux/types.h>

#include <kmem_persist/format_ring.h>
#include <kmem_persist/plugin.h>

#define KMEMP_LINE_WORDS	(KMEMP_LINE_SIZE / 8)

static inline u64 kmemp_slot_page(u64 slot)
{
	return slot & (KMEMP_MAX_POOL_PAGES - 1);
}

static inline u8 kmemp_slot_flags(u64 slot)
{
	return slot >> KMEMP_SLOT_FLAGS_SHIFT;
}

static inline u8 kmemp_slot_tag(u64 slot)
{
	return slot >> KMEMP_SLOT_TAG_SHIFT;
}

u64 kmemp_slot_make(u64 page, u8 flags, u8 tag);
bool kmemp_slot_valid(u64 slot);

/**
 * struct kmemp_patch_line - a line, or a page that was zeroed
 * @where: number of the line, or of the page
 * @chain: next in the hash chain, index + 1
 * @next: next that the batch being built stores, index + 1
 * @dirty: words to be stored
 * @page: this is a page that was zeroed
 * @staged: among those that the batch being built stores
 * @words: the line's words as they will be, unused for a page
 */
struct kmemp_patch_line {
	u64 where;
	u32 chain;
	u32 next;
	u8 dirty;
	bool page;
	bool staged;
	__le64 words[KMEMP_LINE_WORDS];
};

/**
 * struct kmemp_patch - all lines stored into since the ring was last retired
 * @pool: whose
 * @heads: hash table, index + 1
 * @chunks: the lines, in chunks of KMEMP_PATCH_CHUNK
 * @nr: lines in use
 * @room: lines there is memory for
 * @first: first that the batch being built stores, index + 1
 * @last: last of them, index + 1
 * @staged: how many
 * @zeroed: pages among them
 * @overlay: a read-only pool: every reader looks here first
 *
 * Changed only with the commit right; readers of a pool that is not read-only
 * never look at it.
 */
struct kmemp_patch {
	struct kmemp_pool *pool;
	u32 *heads;
	struct kmemp_patch_line **chunks;
	u32 nr;
	u32 room;
	u32 first;
	u32 last;
	u32 staged;
	u32 zeroed;
	bool overlay;
};

/* Lines between two retirements; a bound on DRAM and on the length of redo. */
#define KMEMP_PATCH_LINES	40960u
#define KMEMP_PATCH_CHUNK	32u

int kmemp_patch_init(struct kmemp_patch *patch, struct kmemp_pool *pool);
void kmemp_patch_destroy(struct kmemp_patch *patch);
int kmemp_patch_prepare(struct kmemp_patch *patch, u32 lines);
int kmemp_patch_read(const struct kmemp_patch *patch, bool staged, u64 pos,
		     void *dst, size_t len);
int kmemp_patch_write(struct kmemp_patch *patch, u64 pos, const void *src,
		      size_t len);
int kmemp_patch_zero(struct kmemp_patch *patch, u64 page);

/**
 * struct kmemp_ring - an open ring
 * @pool: whose
 * @start: position of its first byte
 * @tail: offset of the oldest entry that is not retired
 * @used: bytes from there to the head
 * @sequence: of the next entry
 * @epoch: of the newest entry, 0 where there is none
 * @torn: at the head there is an entry that recovery dropped
 * @buffer: KMEMP_PAGE_SIZE bytes to pass entries through
 */
struct kmemp_ring {
	struct kmemp_pool *pool;
	u64 start;
	u32 tail;
	u32 used;
	u64 sequence;
	u64 epoch;
	bool torn;
	u8 *buffer;
};

int kmemp_ring_open(struct kmemp_ring *ring, struct kmemp_pool *pool,
		    const struct kmemp_root *root);
int kmemp_ring_describe(const struct kmemp_ring *ring,
			const struct kmemp_findings *findings);
void kmemp_ring_close(struct kmemp_ring *ring);
int kmemp_ring_replay(struct kmemp_ring *ring, struct kmemp_patch *patch);
void kmemp_ring_recover(struct kmemp_ring *ring, struct kmemp_patch *patch,
			struct kmemp_root *root);
int kmemp_ring_commit(struct kmemp_ring *ring, struct kmemp_patch *patch,
		      const struct kmemp_batch *batch);
void kmemp_ring_retire(struct kmemp_ring *ring, struct kmemp_patch *patch,
		       struct kmemp_root *root);

#endif /* KMEM_PERSIST_RING_H */
