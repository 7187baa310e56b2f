/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ring.c asks of patch.c; plugins see <kmem_persist/ring.h>.
 */
#ifndef KMEMP_CORE_RING_H
#define KMEMP_CORE_RING_H

#include <kmem_persist/ring.h>

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
