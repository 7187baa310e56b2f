// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk is opened by struct gendisk, with a mode of its own type: since 6.5.
 */
#include <linux/module.h>
#include <linux/blkdev.h>

static int probe_open(struct gendisk *disk, blk_mode_t mode)
{
	return 0;
}

static void probe_release(struct gendisk *disk)
{
}

extern const struct block_device_operations probe_ops;
const struct block_device_operations probe_ops = {
	.open = probe_open,
	.release = probe_release,
};
