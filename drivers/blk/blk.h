/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of drivers/blk know of each other.
 *
 * A *volume* is a disk whose sectors are an object's pages: what was never
 * written is not mapped and reads as zeros. Nothing is changed in place: a
 * write goes to fresh pages, and a batch maps them over the old ones, durable
 * with the next FLUSH at the latest. So no sector is ever torn, and the pages
 * that were overwritten go back to the pool.
 *
 * Locks, from the outside in:
 *
 *	lock			fields
 *	kmemp_pools_lock	the list of pools (main.c, mutex)
 *	pool->lock (mutex)	pool->volumes, a volume's name and size: who
 *				creates, resizes and removes. Not taken by open,
 *				release and I/O, which adding a disk waits for.
 *	pool->open_lock		volume->openers, volume->closed, pool->leaving
 *	  (spinlock)
 *	volume->range_lock	volume->ranges, volume->mend_first and mend_end;
 *	  (spinlock)		leaf
 *
 * The ranges that writers lock are outside of the pool's own locks.
 */
#ifndef KMEMP_BLK_H
#define KMEMP_BLK_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <kmem_persist/format_volume.h>
#include <kmem_persist/host.h>

struct gendisk;

/**
 * struct kmemp_blk_pool - a pool as this front end knows it
 * @list: of all
 * @host: the pool
 * @dev: /sys/class/kmemp_blk/<uuid>
 * @lock: see above
 * @volumes: its volumes
 * @open_lock: see above
 * @added: @dev is, and who takes @lock finds what volumes there are; set with
 *	@lock held, read without
 * @leaving: nothing may be opened or created any more
 */
struct kmemp_blk_pool {
	struct list_head list;
	struct kmemp_host *host;
	struct device dev;
	struct mutex lock;
	struct list_head volumes;
	spinlock_t open_lock;
	bool added;
	bool leaving;
};

/**
 * struct kmemp_volume - a volume and its disk
 * @list: of its pool
 * @pool: whose
 * @disk: the disk
 * @index: N of kmempblkN
 * @object: that holds its pages
 * @pages: size
 * @block_size: logical block size in bytes
 * @name: terminated
 * @hold: while it is open
 * @who: what the operator sees of @hold
 * @openers: how often it is open
 * @closed: it cannot be opened: it is being removed or made smaller
 * @range_lock: see above
 * @ranges: that are being written
 * @range_free: somebody left @ranges
 * @written: when it was last written to, in jiffies
 * @mend_first: first page offset that mending has to look at
 * @mend_end: behind the last one
 * @mend: looks there; not pending while the volume is not open
 * @nr_mended: chunks that it has put together
 */
struct kmemp_volume {
	struct list_head list;
	struct kmemp_blk_pool *pool;
	struct gendisk *disk;
	int index;
	u64 object;
	u64 pages;
	u32 block_size;
	char name[KMEMP_VOLUME_NAME + 1];
	struct kmemp_hold hold;
	char who[KMEMP_VOLUME_NAME + DISK_NAME_LEN + sizeof("volume  ()")];
	unsigned int openers;
	bool closed;
	spinlock_t range_lock;
	struct list_head ranges;
	wait_queue_head_t range_free;
	unsigned long written;
	u64 mend_first;
	u64 mend_end;
	struct delayed_work mend;
	u64 nr_mended;
};

/**
 * struct kmemp_range - pages of a volume that a writer has to itself
 * @list: of the volume
 * @first: page offset
 * @last: page offset, included
 *
 * Readers need none: they see a page as it was before a write or after it.
 */
struct kmemp_range {
	struct list_head list;
	u64 first;
	u64 last;
};

/* batch.c */
struct kmemp_batch *kmemp_blk_begin(struct kmemp_volume *volume, bool adds);
int kmemp_blk_end(struct kmemp_batch *batch, int error, bool durable);

/* range.c */
void kmemp_range_lock(struct kmemp_volume *volume, struct kmemp_range *range,
		      u64 first, u64 nr);
void kmemp_range_unlock(struct kmemp_volume *volume, struct kmemp_range *range);

/* write.c */
int kmemp_blk_write(struct kmemp_volume *volume, struct bio *bio);
int kmemp_blk_discard(struct kmemp_volume *volume, u64 pos, u64 len);
int kmemp_blk_zero(struct kmemp_volume *volume, u64 pos, u64 len, bool unmap);
int kmemp_blk_copy_page(struct kmemp_volume *volume, u64 offset, u64 pos);
int kmemp_write_init(void);
void kmemp_write_exit(void);

/* mend.c */
void kmemp_mend_init(struct kmemp_volume *volume);
void kmemp_mend_wrote(struct kmemp_volume *volume, u64 first, u64 nr);
void kmemp_mend_stop(struct kmemp_volume *volume);

/* disk.c */
extern const struct attribute_group *kmemp_volume_groups[];
int kmemp_disk_alloc(struct kmemp_volume *volume);
int kmemp_disk_add(struct kmemp_volume *volume);
void kmemp_disk_free(struct kmemp_volume *volume);

/* volume.c */
int kmemp_volume_create(struct kmemp_blk_pool *pool, const char *name,
			u64 pages, u32 block_size);
int kmemp_volume_remove(struct kmemp_blk_pool *pool, const char *name);
int kmemp_volume_resize(struct kmemp_blk_pool *pool, const char *name,
			u64 pages);
void kmemp_volumes_load(struct kmemp_blk_pool *pool);
bool kmemp_volumes_close(struct kmemp_blk_pool *pool);
void kmemp_volumes_free(struct kmemp_blk_pool *pool);
int kmemp_volume_count(struct kmemp_volume *volume, u64 *pages,
		       u64 *fragments);

/* sysfs.c */
extern const struct attribute_group *kmemp_blk_pool_groups[];

#endif /* KMEMP_BLK_H */
