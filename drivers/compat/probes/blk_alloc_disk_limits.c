// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue limits and features given when a disk is allocated: 6.9, features 6.11.
 */
#include <linux/module.h>
#include <linux/blkdev.h>

struct gendisk *probe(void);
struct gendisk *probe(void)
{
	struct queue_limits limits = { .features = BLK_FEAT_NOWAIT };

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
}
