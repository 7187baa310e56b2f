/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ring.c and ring_replay.c share, and ask of patch.c; plugins see
 * <kmem_persist/ring.h>.
 */
#ifndef KMEMP_CORE_RING_H
#define KMEMP_CORE_RING_H

#include <linux/minmax.h>
#include <linux/stddef.h>

#include <kmem_persist/ring.h>

#define KMEMP_PAGE_LINES	(KMEMP_PAGE_SIZE / KMEMP_LINE_SIZE)
/* What the seal of an entry is over. */
#define KMEMP_ENTRY_SEALED_FROM	offsetof(struct kmemp_disk_entry, length)

static inline u64 kmemp_ring_pos(const struct kmemp_ring *ring, u64 offset)
{
	return ring->start + offset % KMEMP_RING_BYTES;
}

/* Bytes from @offset that lie in one piece, at most @len. */
static inline u32 kmemp_ring_piece(u64 offset, u32 len)
{
	return min_t(u64, len, KMEMP_RING_BYTES - offset % KMEMP_RING_BYTES);
}

/* The slot after this one in a run. */
static inline u64 kmemp_slot_next(u64 slot)
{
	return slot ? kmemp_slot_make(kmemp_slot_page(slot) + 1,
				      kmemp_slot_flags(slot),
				      kmemp_slot_tag(slot)) : 0;
}

static inline struct kmemp_patch_line *
kmemp_patch_line(const struct kmemp_patch *patch, u32 index)
{
	return &patch->chunks[index / KMEMP_PATCH_CHUNK]
			     [index % KMEMP_PATCH_CHUNK];
}

void kmemp_patch_apply(struct kmemp_patch *patch);
void kmemp_patch_flush(struct kmemp_patch *patch);
void kmemp_patch_empty(struct kmemp_patch *patch);

#endif /* KMEMP_CORE_RING_H */
