// SPDX-License-Identifier: GPL-2.0-only
/*
 * See disk.h.
 */
#include <linux/err.h>
#include <linux/numa.h>

#include "disk.h"

/* Whole pages: what is cut at the limit stays aligned to blocks. */
#define ANY_SECTORS	round_down(UINT_MAX >> SECTOR_SHIFT, PAGE_SECTORS)

/**
 * kmemp_alloc_disk() - allocate a bio-based disk
 * @limits: see there
 *
 * Context: may sleep.
 * Return: the disk, for put_disk(), or an ERR_PTR.
 */
#ifdef KMEMP_HAVE_BLK_ALLOC_DISK_LIMITS
struct gendisk *kmemp_alloc_disk(const struct kmemp_disk_limits *limits)
{
	struct queue_limits lim = {
		.logical_block_size = limits->logical_block_size,
		.physical_block_size = limits->physical_block_size,
		.io_min = limits->physical_block_size,
		.max_hw_discard_sectors = ANY_SECTORS,
		.max_write_zeroes_sectors = ANY_SECTORS,
		.discard_granularity = limits->physical_block_size,
		.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
			    BLK_FEAT_NOWAIT | BLK_FEAT_SYNCHRONOUS,
	};

	return blk_alloc_disk(&lim, NUMA_NO_NODE);
}
#else
struct gendisk *kmemp_alloc_disk(const struct kmemp_disk_limits *limits)
{
	struct gendisk *disk = blk_alloc_disk(NUMA_NO_NODE);
	struct request_queue *q;

	if (!disk)
		return ERR_PTR(-ENOMEM);
	q = disk->queue;
	blk_queue_logical_block_size(q, limits->logical_block_size);
	blk_queue_physical_block_size(q, limits->physical_block_size);
	blk_queue_io_min(q, limits->physical_block_size);
	blk_queue_max_discard_sectors(q, ANY_SECTORS);
	blk_queue_max_write_zeroes_sectors(q, ANY_SECTORS);
	q->limits.discard_granularity = limits->physical_block_size;
	blk_queue_write_cache(q, true, true);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	blk_queue_flag_set(QUEUE_FLAG_NOWAIT, q);
	return disk;
}
#endif
