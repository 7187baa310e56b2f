/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <linux/blkdev.h> as of 6.12, as far as a bio-based disk needs it, on kernels
 * before it too: opening, and limits that are given at allocation.
 */
#ifndef KMEMP_COMPAT_DISK_H
#define KMEMP_COMPAT_DISK_H

#include <linux/blkdev.h>

/**
 * struct kmemp_disk_limits - what is not the default of a disk
 * @logical_block_size: bytes
 * @physical_block_size: bytes
 *
 * Any size of discard and zeroing, in granules of @physical_block_size; a write
 * cache with FUA; requests that must not wait are let through.
 */
struct kmemp_disk_limits {
	unsigned int logical_block_size;
	unsigned int physical_block_size;
};

struct gendisk *kmemp_alloc_disk(const struct kmemp_disk_limits *limits);

#ifdef KMEMP_HAVE_BLK_OPEN_DISK
#define KMEMP_OPEN_ARGS		struct gendisk *disk, blk_mode_t mode
#define KMEMP_OPEN_DISK		disk
#define KMEMP_RELEASE_ARGS	struct gendisk *disk
#else
#define KMEMP_OPEN_ARGS		struct block_device *bdev, fmode_t mode
#define KMEMP_OPEN_DISK		(bdev->bd_disk)
#define KMEMP_RELEASE_ARGS	struct gendisk *disk, fmode_t mode
#endif

#endif /* KMEMP_COMPAT_DISK_H */
