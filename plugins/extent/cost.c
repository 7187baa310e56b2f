// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch may take: blocks of the deepest tree, and pages for them as if
 * none were free.
 *
 * A change copies the way to a leaf, or the two ways to both ends of a range;
 * what lies between them goes. Each thing that is put may split the nodes on
 * its way. Merging only makes less. Extents that a batch maps one behind the
 * other, as a clone does, come to lie in leaves that are at least half full.
 */
#include <linux/kernel.h>

#include "extent.h"

#define DEPTH		KMEMP_EXTENT_DEPTH
/* Both ends of the range; the new extent splits. */
#define MAP_BLOCKS	(3 * DEPTH + 2)
/* Both ends; or one extent becomes two, and splits. */
#define UNMAP_BLOCKS	(2 * DEPTH + 1)
/* One way, where the leaf becomes three; and the value. */
#define PUT_BLOCKS	(2 * DEPTH + 2)
#define DEL_BLOCKS	DEPTH
#define REMOVE_BLOCKS	(2 * DEPTH)

static bool goes_on(const struct kmemp_change *last,
		    const struct kmemp_change *change)
{
	return last && last->op == KMEMP_MAP &&
	       last->object == change->object &&
	       last->extent.offset + last->extent.count ==
	       change->extent.offset;
}

static u32 change_blocks(const struct kmemp_change *change,
			 const struct kmemp_change *last)
{
	switch (change->op) {
	case KMEMP_MAP:
		return goes_on(last, change) ? 1 : MAP_BLOCKS;
	case KMEMP_UNMAP:
		return UNMAP_BLOCKS;
	case KMEMP_PUT_RECORD:
		return PUT_BLOCKS;
	case KMEMP_DEL_RECORD:
		return DEL_BLOCKS;
	case KMEMP_REMOVE:
		break;
	}
	return REMOVE_BLOCKS;
}

/* See struct kmemp_format_ops. */
u32 kmemp_ext_reserve(const struct kmemp_change *changes, u32 nr_changes)
{
	u32 blocks = 0, i;

	for (i = 0; i < nr_changes; i++)
		blocks += change_blocks(&changes[i],
					i ? &changes[i - 1] : NULL);
	return DIV_ROUND_UP(blocks, KMEMP_EXTENT_BLOCKS);
}
