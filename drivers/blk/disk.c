// SPDX-License-Identifier: GPL-2.0
/*
 * A volume's disk: opening and closing, reading, what the block layer asks for.
 *
 * Bio based: copies are made by whoever submits, commits wait there, and tasks
 * that submit side by side share a commit. What must not wait (REQ_NOWAIT) is
 * sent back where a commit may be needed.
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sysfs.h>

#include "blk.h"
#include "disk.h"

static DEFINE_IDA(kmemp_disk_ids);

/* Let the next @len bytes of the bio be what stands at @pos, or zeros. */
static int copy_to_bio(struct kmemp_host *host, struct bio *bio,
		       struct bvec_iter *iter, bool zeros, u64 pos, u64 len)
{
	int ret = 0;

	while (len && !ret) {
		struct bio_vec bv = bio_iter_iovec(bio, *iter);
		u32 part = min_t(u64, len, bv.bv_len);
		void *addr = bvec_kmap_local(&bv);

		if (zeros)
			memset(addr, 0, part);
		else
			ret = kmemp_data_read(host, pos, addr, part);
		kunmap_local(addr);
		flush_dcache_page(bv.bv_page);
		bio_advance_iter_single(bio, iter, part);
		pos += part;
		len -= part;
	}
	return ret;
}

/* Up to the end of an extent, or of a hole. */
static int read_some(struct kmemp_volume *volume, struct bio *bio,
		     struct bvec_iter *iter, u64 *pos, u64 end)
{
	struct kmemp_host *host = volume->pool->host;
	u64 first = *pos >> PAGE_SHIFT;
	u64 behind = min_t(u64, DIV_ROUND_UP(end, PAGE_SIZE),
			   first + KMEMP_DATA_PAGES);
	struct kmemp_extent extent;
	u64 next, from = 0;
	bool zeros = true;
	int index, ret;

	/* The pages are not given to anybody else before they are copied. */
	index = kmemp_data_enter(host);
	ret = kmemp_pool_next_extent(kmemp_host_pool(host), volume->object,
				     first, behind - first, &extent);
	if (ret == -ENOENT || (!ret && extent.offset >= behind)) {
		next = behind;
		ret = 0;
	} else if (!ret && extent.offset > first) {
		next = extent.offset;
	} else if (!ret) {
		zeros = extent.flags & KMEMP_EXTENT_UNWRITTEN;
		from = (extent.page << PAGE_SHIFT) + (*pos & ~PAGE_MASK);
		next = extent.offset + extent.count;
	}
	if (!ret) {
		next = min(next << PAGE_SHIFT, end);
		ret = copy_to_bio(host, bio, iter, zeros, from, next - *pos);
		*pos = next;
	}
	kmemp_data_exit(host, index);
	return ret;
}

static int read_bio(struct kmemp_volume *volume, struct bio *bio)
{
	struct bvec_iter iter = bio->bi_iter;
	u64 pos = iter.bi_sector << SECTOR_SHIFT;
	u64 end = pos + iter.bi_size;
	int ret = 0;

	while (pos < end && !ret) {
		ret = read_some(volume, bio, &iter, &pos, end);
		cond_resched();
	}
	return ret;
}

static int submit(struct kmemp_volume *volume, struct bio *bio)
{
	struct kmemp_pool *pool = kmemp_host_pool(volume->pool->host);
	u64 pos = bio->bi_iter.bi_sector << SECTOR_SHIFT;
	u64 len = bio->bi_iter.bi_size;
	int ret;

	/* The block layer lets writes to a disk that is read-only pass. */
	if (op_is_write(bio_op(bio)) && len && kmemp_pool_readonly(pool))
		return -EROFS;
	/* All writes that have ended, before this one, if it has data at all. */
	if (bio->bi_opf & REQ_PREFLUSH || bio_op(bio) == REQ_OP_FLUSH) {
		ret = kmemp_pool_sync(pool);
		if (ret)
			return ret;
	}
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return read_bio(volume, bio);
	case REQ_OP_FLUSH:
		return 0;
	case REQ_OP_WRITE:
		return bio_has_data(bio) ? kmemp_blk_write(volume, bio) : 0;
	case REQ_OP_DISCARD:
		return kmemp_blk_discard(volume, pos, len);
	case REQ_OP_WRITE_ZEROES:
		return kmemp_blk_zero(volume, pos, len,
				      !(bio->bi_opf & REQ_NOUNMAP));
	default:
		return -EOPNOTSUPP;
	}
}

static void kmemp_submit_bio(struct bio *bio)
{
	struct kmemp_volume *volume = bio->bi_bdev->bd_disk->private_data;
	unsigned long start;
	unsigned int noio;
	int ret;

	if (bio->bi_opf & REQ_NOWAIT && bio_op(bio) != REQ_OP_READ) {
		bio_wouldblock_error(bio);
		return;
	}
	start = bio_start_io_acct(bio);
	/* This may be writeback, and what it allocates must not cause more. */
	noio = memalloc_noio_save();
	ret = submit(volume, bio);
	memalloc_noio_restore(noio);
	bio->bi_status = errno_to_blk_status(ret);
	bio_end_io_acct(bio, start);
	bio_endio(bio);
}

static int kmemp_disk_open(KMEMP_OPEN_ARGS)
{
	struct kmemp_volume *volume = KMEMP_OPEN_DISK->private_data;
	struct kmemp_blk_pool *pool = volume->pool;
	bool first = false;
	int ret = 0;

	spin_lock(&pool->open_lock);
	if (volume->closed ||
	    (!volume->openers && !kmemp_hold_known(pool->host, &volume->hold)))
		ret = -ENXIO;
	else
		first = !volume->openers++;
	spin_unlock(&pool->open_lock);
	if (first)
		kmemp_mend_wrote(volume, 0, volume->pages);
	return ret;
}

static void kmemp_disk_release(KMEMP_RELEASE_ARGS)
{
	struct kmemp_volume *volume = disk->private_data;
	struct kmemp_blk_pool *pool = volume->pool;

	/* Nobody opens or closes it meanwhile: the disk's open_mutex is held. */
	if (volume->openers == 1)
		kmemp_mend_stop(volume);
	spin_lock(&pool->open_lock);
	if (!--volume->openers)
		kmemp_hold_drop(pool->host, &volume->hold);
	spin_unlock(&pool->open_lock);
}

static const struct block_device_operations kmemp_disk_ops = {
	.owner		= THIS_MODULE,
	.submit_bio	= kmemp_submit_bio,
	.open		= kmemp_disk_open,
	.release	= kmemp_disk_release,
};

/**
 * kmemp_disk_alloc - a disk for a volume, not visible yet
 * @volume: filled in but for its disk
 *
 * Return: 0 or a negative errno.
 */
int kmemp_disk_alloc(struct kmemp_volume *volume)
{
	const struct kmemp_disk_limits limits = {
		.logical_block_size = volume->block_size,
		.physical_block_size = KMEMP_PAGE_SIZE,
	};
	struct kmemp_pool *pool = kmemp_host_pool(volume->pool->host);
	struct gendisk *disk;

	volume->index = ida_alloc(&kmemp_disk_ids, GFP_KERNEL);
	if (volume->index < 0)
		return volume->index;
	disk = kmemp_alloc_disk(&limits);
	if (IS_ERR(disk)) {
		ida_free(&kmemp_disk_ids, volume->index);
		return PTR_ERR(disk);
	}
	volume->disk = disk;
	disk->fops = &kmemp_disk_ops;
	disk->private_data = volume;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "kmempblk%d",
		 volume->index);
	set_capacity(disk, volume->pages << (PAGE_SHIFT - SECTOR_SHIFT));
	set_disk_ro(disk, kmemp_pool_readonly(pool));
	snprintf(volume->who, sizeof(volume->who), "volume %s (%s)",
		 volume->name, disk->disk_name);
	volume->hold.who = volume->who;
	return 0;
}

/**
 * kmemp_disk_add - let the disk be seen
 * @volume: with a disk
 *
 * It is opened and read before this returns (partitions).
 *
 * Return: 0 or a negative errno.
 */
int kmemp_disk_add(struct kmemp_volume *volume)
{
	return device_add_disk(&volume->pool->dev, volume->disk,
			       kmemp_volume_groups);
}

/**
 * kmemp_disk_free - let go of a disk
 * @volume: its disk not visible, or not visible any more
 */
void kmemp_disk_free(struct kmemp_volume *volume)
{
	put_disk(volume->disk);
	ida_free(&kmemp_disk_ids, volume->index);
}
