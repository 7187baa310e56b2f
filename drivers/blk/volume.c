// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes of a pool: their records, creating, resizing, removing.
 *
 * A volume's record in ROOT is what makes it. It is written before the disk is
 * seen and deleted before the disk goes, together with the promise to remove
 * its object (plugins/core/orphan.c).
 */
#include <asm/byteorder.h>
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blk.h"

static struct kmemp_volume *find(struct kmemp_blk_pool *pool, const char *name)
{
	struct kmemp_volume *volume;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(volume, &pool->volumes, list)
		if (!strcmp(volume->name, name))
			return volume;
	return NULL;
}

/* A volume that may be changed, of a pool that stays; else NULL and *@ret. */
static struct kmemp_volume *find_live(struct kmemp_blk_pool *pool,
				      const char *name, int *ret)
{
	struct kmemp_volume *volume = NULL;

	lockdep_assert_held(&pool->lock);
	*ret = -ENODEV;
	if (!pool->leaving) {
		*ret = -ENOENT;
		volume = find(pool, name);
	}
	return volume;
}

static bool uses_object(struct kmemp_blk_pool *pool, u64 object)
{
	struct kmemp_volume *volume;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(volume, &pool->volumes, list)
		if (volume->object == object)
			return true;
	return false;
}

/* A volume and its disk, neither on the medium nor visible. */
static struct kmemp_volume *new_volume(struct kmemp_blk_pool *pool,
				       const char *name, u64 object, u64 pages,
				       u32 block_size)
{
	struct kmemp_volume *volume = kzalloc(sizeof(*volume), GFP_KERNEL);
	int ret;

	if (!volume)
		return ERR_PTR(-ENOMEM);
	volume->pool = pool;
	volume->object = object;
	volume->pages = pages;
	volume->block_size = block_size;
	strscpy(volume->name, name, sizeof(volume->name));
	spin_lock_init(&volume->range_lock);
	INIT_LIST_HEAD(&volume->ranges);
	init_waitqueue_head(&volume->range_free);
	kmemp_mend_init(volume);
	ret = kmemp_disk_alloc(volume);
	if (ret) {
		kfree(volume);
		return ERR_PTR(ret);
	}
	return volume;
}

static void free_volume(struct kmemp_volume *volume)
{
	kmemp_disk_free(volume);
	kfree(volume);
}

static int put_record(struct kmemp_batch *batch,
		      const struct kmemp_volume *volume, u64 pages)
{
	struct kmemp_disk_volume disk = {
		.object = cpu_to_le64(volume->object),
		.pages = cpu_to_le64(pages),
		.block_size = cpu_to_le32(volume->block_size),
	};

	return kmemp_batch_put(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME,
			       volume->name, strlen(volume->name), &disk,
			       sizeof(disk));
}

/* The record, and for a smaller volume the promise to cut it. */
static int commit_record(struct kmemp_volume *volume, u64 pages)
{
	bool smaller = pages < volume->pages;
	struct kmemp_batch *batch;
	int ret;

	/* The first thing that a full pool must be able to do. */
	batch = kmemp_blk_begin(volume, !smaller);
	if (!batch)
		return -ENOMEM;
	ret = put_record(batch, volume, pages);
	if (!ret && smaller)
		ret = kmemp_orphan_put(batch, volume->object,
				       KMEMP_ORPHAN_TRUNCATE, pages);
	return kmemp_blk_end(batch, ret, true);
}

static int commit_removal(struct kmemp_volume *volume)
{
	struct kmemp_batch *batch = kmemp_blk_begin(volume, false);
	int ret;

	if (!batch)
		return -ENOMEM;
	ret = kmemp_batch_del(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME,
			      volume->name, strlen(volume->name));
	if (!ret)
		ret = kmemp_orphan_put(batch, volume->object,
				       KMEMP_ORPHAN_REMOVE, 0);
	return kmemp_blk_end(batch, ret, true);
}

/* On the medium, whether it could be loaded or not. */
static int exists(struct kmemp_blk_pool *pool, const char *name)
{
	struct kmemp_record record = {
		.kind = KMEMP_ROOT_VOLUME,
		.name = (const u8 *)name,
		.name_len = strlen(name),
	};
	u8 *buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_KERNEL);
	int ret;

	if (!buffer)
		return -ENOMEM;
	ret = kmemp_pool_get_record(kmemp_host_pool(pool->host),
				    KMEMP_OBJ_ROOT, &record, buffer);
	kfree(buffer);
	if (!ret)
		return -EEXIST;
	return ret == -ENOENT ? 0 : ret;
}

/**
 * kmemp_volume_create - make a volume
 * @pool: where
 * @name: terminated
 * @pages: size
 * @block_size: logical block size in bytes
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL; -EEXIST; -ENOSPC; -EROFS; -EIO; -ENOMEM; -EOPNOTSUPP of
 * a pool whose format keeps no objects; -ENODEV of one that is about to go.
 */
int kmemp_volume_create(struct kmemp_blk_pool *pool, const char *name,
			u64 pages, u32 block_size)
{
	struct kmemp_volume *volume;
	u64 object;
	int ret;

	if (strlen(name) > KMEMP_VOLUME_NAME ||
	    !kmemp_name_valid(name, strlen(name)) ||
	    !kmemp_volume_size_valid(pages, block_size))
		return -EINVAL;
	if (!kmemp_pool_keeps_objects(kmemp_host_pool(pool->host)))
		return -EOPNOTSUPP;
	mutex_lock(&pool->lock);
	ret = -ENODEV;
	if (pool->leaving)
		goto out;
	ret = exists(pool, name);
	if (ret)
		goto out;
	ret = kmemp_pool_new_id(kmemp_host_pool(pool->host), &object);
	if (ret)
		goto out;
	ret = -EUCLEAN;
	if (uses_object(pool, object))
		goto out;
	volume = new_volume(pool, name, object, pages, block_size);
	ret = PTR_ERR_OR_ZERO(volume);
	if (ret)
		goto out;
	ret = commit_record(volume, pages);
	if (ret)
		goto err_volume;
	ret = kmemp_disk_add(volume);
	if (ret)
		goto err_record;
	list_add_tail(&volume->list, &pool->volumes);
out:
	mutex_unlock(&pool->lock);
	return ret;

err_record:
	commit_removal(volume);
	kmemp_host_work_orphans(pool->host);
err_volume:
	free_volume(volume);
	goto out;
}

/* Nobody has it open, and nobody can open it. */
static bool close_volume(struct kmemp_volume *volume)
{
	struct kmemp_blk_pool *pool = volume->pool;
	bool closed;

	spin_lock(&pool->open_lock);
	closed = !volume->openers;
	if (closed)
		volume->closed = true;
	spin_unlock(&pool->open_lock);
	return closed;
}

static void reopen_volume(struct kmemp_volume *volume)
{
	struct kmemp_blk_pool *pool = volume->pool;

	spin_lock(&pool->open_lock);
	volume->closed = false;
	spin_unlock(&pool->open_lock);
}

static void drop_disk(struct kmemp_volume *volume)
{
	list_del(&volume->list);
	del_gendisk(volume->disk);
	free_volume(volume);
}

/**
 * kmemp_volume_remove - end a volume and what it holds
 * @pool: where
 * @name: terminated
 *
 * Its pages return in the background. Context: may sleep.
 *
 * Return: 0; -ENOENT; -EBUSY: it is open; -ENODEV of a pool that is about to
 * go; or what a commit returns.
 */
int kmemp_volume_remove(struct kmemp_blk_pool *pool, const char *name)
{
	struct kmemp_volume *volume;
	int ret;

	mutex_lock(&pool->lock);
	volume = find_live(pool, name, &ret);
	if (!volume)
		goto out;
	ret = -EBUSY;
	if (!close_volume(volume))
		goto out;
	ret = commit_removal(volume);
	if (ret) {
		reopen_volume(volume);
		goto out;
	}
	drop_disk(volume);
	kmemp_host_work_orphans(pool->host);
out:
	mutex_unlock(&pool->lock);
	return ret;
}

/*
 * What an earlier cut has promised is done before the volume can be larger
 * again: it would take what is written there from then on.
 */
static int change_size(struct kmemp_volume *volume, u64 pages)
{
	int ret;

	ret = kmemp_host_finish_orphans(volume->pool->host);
	if (!ret)
		ret = commit_record(volume, pages);
	if (ret)
		return ret;
	if (pages < volume->pages)
		kmemp_host_work_orphans(volume->pool->host);
	volume->pages = pages;
	set_capacity_and_notify(volume->disk,
				pages << (PAGE_SHIFT - SECTOR_SHIFT));
	return 0;
}

/**
 * kmemp_volume_resize - make a volume larger or smaller
 * @pool: where
 * @name: terminated
 * @pages: size
 *
 * What lies behind the new end is lost. Context: may sleep.
 *
 * Return: 0; -EINVAL; -ENOENT; -EBUSY: it is open and would be smaller; -ENODEV
 * of a pool that is about to go; or what a commit returns.
 */
int kmemp_volume_resize(struct kmemp_blk_pool *pool, const char *name,
			u64 pages)
{
	struct kmemp_volume *volume;
	bool smaller;
	int ret;

	mutex_lock(&pool->lock);
	volume = find_live(pool, name, &ret);
	if (!volume)
		goto out;
	ret = -EINVAL;
	if (!kmemp_volume_size_valid(pages, volume->block_size))
		goto out;
	ret = -EBUSY;
	smaller = pages < volume->pages;
	if (smaller && !close_volume(volume))
		goto out;
	ret = pages == volume->pages ? 0 : change_size(volume, pages);
	if (smaller)
		reopen_volume(volume);
out:
	mutex_unlock(&pool->lock);
	return ret;
}

/* What one lookup merges: writers wait for it. */
#define COUNT_PAGES	(1u << 16)

/**
 * kmemp_volume_count - pages that a volume has, and in how many pieces
 * @volume: the volume
 * @pages: filled in
 * @fragments: filled in: runs of pages that follow each other in the volume and
 *	in the pool
 *
 * Walks all its extents.
 *
 * Return: 0, -EIO, -EUCLEAN; -EINTR when the caller is being killed.
 */
int kmemp_volume_count(struct kmemp_volume *volume, u64 *pages, u64 *fragments)
{
	struct kmemp_pool *pool = kmemp_host_pool(volume->pool->host);
	struct kmemp_extent extent;
	u64 offset = 0, page = 0;
	int ret;

	*pages = 0;
	*fragments = 0;
	for (;;) {
		ret = kmemp_pool_next_extent(pool, volume->object, offset,
					     COUNT_PAGES, &extent);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		*pages += extent.count;
		*fragments += extent.offset != offset || extent.page != page;
		offset = extent.offset + extent.count;
		page = extent.page + extent.count;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
}

/* A record as it may be; what it says is taken only if all of it is right. */
static int load_volume(struct kmemp_blk_pool *pool,
		       const struct kmemp_record *record)
{
	char name[KMEMP_VOLUME_NAME + 1] = {};
	struct kmemp_volume_info info;
	struct kmemp_volume *volume;
	int ret;

	if (!kmemp_volume_decode(record, &info))
		return -EUCLEAN;
	memcpy(name, record->name, record->name_len);
	if (find(pool, name))
		return 0;
	if (uses_object(pool, info.object))
		return -EUCLEAN;
	volume = new_volume(pool, name, info.object, info.pages,
			    info.block_size);
	if (IS_ERR(volume))
		return PTR_ERR(volume);
	ret = kmemp_disk_add(volume);
	if (ret) {
		free_volume(volume);
		return ret;
	}
	list_add_tail(&volume->list, &pool->volumes);
	return 0;
}

/**
 * kmemp_volumes_load - make the disks of all volumes of a pool
 * @pool: the pool
 *
 * One that cannot be made costs a line in the log, not the others. Context: the
 * pool's lock is held.
 */
void kmemp_volumes_load(struct kmemp_blk_pool *pool)
{
	struct kmemp_record record = { .kind = KMEMP_ROOT_VOLUME };
	const char *device = kmemp_host_name(pool->host);
	u8 *buffer;
	int ret;

	if (!kmemp_pool_keeps_objects(kmemp_host_pool(pool->host)))
		return;
	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_KERNEL);
	if (!buffer) {
		pr_err("kmem %s: no volumes: out of memory; try: rmmod kmemp_blk; modprobe kmemp_blk\n",
		       device);
		return;
	}
	lockdep_assert_held(&pool->lock);
	for (;;) {
		ret = kmemp_pool_next_record(kmemp_host_pool(pool->host),
					     KMEMP_OBJ_ROOT, &record, buffer);
		if (ret || record.kind != KMEMP_ROOT_VOLUME)
			break;
		ret = load_volume(pool, &record);
		if (ret)
			pr_err("kmem %s: volume %*pE cannot be used: error %d; see: kmemp check %s\n",
			       device, record.name_len, record.name, ret,
			       device);
		if (!kmemp_record_after(&record, buffer))
			break;
	}
	if (ret && ret != -ENOENT)
		pr_err("kmem %s: the list of volumes cannot be read: error %d; see: kmemp check %s\n",
		       device, ret, device);
	kfree(buffer);
}

/**
 * kmemp_volumes_close - no volume can be opened from now on
 * @pool: the pool
 *
 * Return: false where one is open; then nothing has changed.
 */
bool kmemp_volumes_close(struct kmemp_blk_pool *pool)
{
	struct kmemp_volume *volume;
	bool open = false;

	/* Who creates, resizes or removes meanwhile is waited for. */
	mutex_lock(&pool->lock);
	spin_lock(&pool->open_lock);
	list_for_each_entry(volume, &pool->volumes, list)
		open |= volume->openers;
	if (!open) {
		list_for_each_entry(volume, &pool->volumes, list)
			volume->closed = true;
		pool->leaving = true;
	}
	spin_unlock(&pool->open_lock);
	mutex_unlock(&pool->lock);
	return !open;
}

/**
 * kmemp_volumes_free - let go of all disks
 * @pool: the pool, its volumes closed
 */
void kmemp_volumes_free(struct kmemp_blk_pool *pool)
{
	struct kmemp_volume *volume, *next;

	mutex_lock(&pool->lock);
	list_for_each_entry_safe(volume, next, &pool->volumes, list)
		drop_disk(volume);
	mutex_unlock(&pool->lock);
}
