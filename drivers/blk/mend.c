// SPDX-License-Identifier: GPL-2.0
/*
 * Mending: chunks of a volume that overwrites have shattered are put together.
 *
 * Each overwrite of a page maps a fresh one, so that random writes leave a chunk
 * of 2 MiB in hundreds of extents for ever. When nobody has written to an open
 * volume for a moment, such chunks are copied, one after the other, each to
 * 2 MiB in one piece and mapped by one batch: a crash leaves it as it was or
 * mended. Whatever has been written since the volume was opened is looked at,
 * and once all of it, so that what a crash or a close has cut short is taken up
 * again.
 *
 * It never competes for memory: where the node has no 2 MiB free that cost
 * nobody anything, it waits.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "blk.h"

#define CHUNK_PAGES	KMEMP_CHUNK_PAGES

/* Fewer are not worth a copy of 2 MiB. */
#define MANY_FRAGMENTS	16u

/* Chunks that are looked at before others get the CPU. */
#define LOOK_CHUNKS	64u

/* How long a volume has not been written to; between two chunks; without room. */
#define IDLE		HZ
#define NEXT		msecs_to_jiffies(10)
#define NO_ROOM		(10 * HZ)

static bool mend = true;
module_param(mend, bool, 0644);
MODULE_PARM_DESC(mend, "put together what overwrites have shattered, when a volume is idle (default: Y)");

/* Pages [@first, @end) are to be looked at, when the volume has been idle. */
static void note(struct kmemp_volume *volume, u64 first, u64 end)
{
	spin_lock(&volume->range_lock);
	volume->mend_first = min(volume->mend_first, first);
	volume->mend_end = max(volume->mend_end, end);
	spin_unlock(&volume->range_lock);
}

/**
 * kmemp_mend_wrote - a range of a volume has changed
 * @volume: the volume, open
 * @first: page offset
 * @nr: pages
 */
void kmemp_mend_wrote(struct kmemp_volume *volume, u64 first, u64 nr)
{
	WRITE_ONCE(volume->written, jiffies);
	note(volume, first, first + nr);
	queue_delayed_work(system_unbound_wq, &volume->mend, IDLE);
}

/* The next chunk to look at, which is noted no more; false: there is none. */
static bool next_chunk(struct kmemp_volume *volume, u64 *chunk)
{
	bool found;

	spin_lock(&volume->range_lock);
	*chunk = round_down(volume->mend_first, CHUNK_PAGES);
	found = volume->mend_first < volume->mend_end;
	volume->mend_first = *chunk + CHUNK_PAGES;
	if (!found || volume->mend_first >= volume->mend_end) {
		volume->mend_first = U64_MAX;
		volume->mend_end = 0;
	}
	spin_unlock(&volume->range_lock);
	return found;
}

/* What lies in between is a hole. */
static void skip_to(struct kmemp_volume *volume, u64 offset)
{
	spin_lock(&volume->range_lock);
	if (volume->mend_first < volume->mend_end)
		volume->mend_first = max(volume->mend_first, offset);
	spin_unlock(&volume->range_lock);
}

/*
 * In how many extents is a chunk that is written from one end to the other? 0:
 * it is not, and the next extent is not before *@next.
 */
static int count_fragments(struct kmemp_volume *volume, u64 chunk, u64 *next)
{
	struct kmemp_pool *pool = kmemp_host_pool(volume->pool->host);
	u64 offset = chunk, end = chunk + CHUNK_PAGES;
	struct kmemp_extent extent;
	int ret, nr;

	*next = end;
	for (nr = 0; offset < end; nr++) {
		ret = kmemp_pool_next_extent(pool, volume->object, offset,
					     end - offset, &extent);
		if (ret == -ENOENT)
			*next = U64_MAX;
		else if (!ret && extent.offset > end)
			*next = extent.offset;
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		if (extent.offset != offset ||
		    extent.flags & KMEMP_EXTENT_UNWRITTEN)
			return 0;
		offset += extent.count;
	}
	return nr;
}

static int copy_chunk(struct kmemp_volume *volume, u64 chunk, u64 page)
{
	struct kmemp_host *host = volume->pool->host;
	int ret = 0;
	u64 i;

	for (i = 0; i < CHUNK_PAGES && !ret; i++) {
		ret = kmemp_blk_copy_page(volume, chunk + i,
					  (page + i) << PAGE_SHIFT);
		cond_resched();
	}
	/* The data, before what makes the batch valid that maps it. */
	return ret ?: kmemp_data_fence(host);
}

static int map_chunk(struct kmemp_volume *volume, u64 chunk, u64 page)
{
	const struct kmemp_extent extent = {
		.offset = chunk,
		.page = page,
		.count = CHUNK_PAGES,
	};
	struct kmemp_batch *batch = kmemp_blk_begin(volume, false);

	if (!batch)
		return -ENOMEM;
	return kmemp_blk_end(batch, kmemp_batch_map(batch, volume->object,
						    &extent), true);
}

/* Others have written there since it was looked at: it is looked at again. */
static int move_chunk(struct kmemp_volume *volume, u64 chunk, u64 page)
{
	struct kmemp_range range;
	unsigned int noio;
	int ret;
	u64 next;

	/* Writeback may wait for the range. */
	noio = memalloc_noio_save();
	kmemp_range_lock(volume, &range, chunk, CHUNK_PAGES);
	ret = count_fragments(volume, chunk, &next);
	if (ret >= 0 && ret < MANY_FRAGMENTS)
		ret = -EAGAIN;
	if (ret > 0)
		ret = copy_chunk(volume, chunk, page);
	if (!ret)
		ret = map_chunk(volume, chunk, page);
	kmemp_range_unlock(volume, &range);
	memalloc_noio_restore(noio);
	return ret;
}

static int mend_chunk(struct kmemp_volume *volume, u64 chunk)
{
	struct kmemp_host *host = volume->pool->host;
	u64 page;
	int ret;

	ret = kmemp_data_take_chunk(host, &page);
	if (ret)
		return ret;
	ret = move_chunk(volume, chunk, page);
	if (!ret)
		WRITE_ONCE(volume->nr_mended, volume->nr_mended + 1);
	/* Of a pool that has failed nobody knows whether they are mapped. */
	else if (!READ_ONCE(kmemp_host_pool(host)->failed))
		kmemp_data_return_chunk(host, page);
	return ret;
}

/* Look at some chunks, mend one. Returns when to go on, in jiffies; 0: done. */
static unsigned long step(struct kmemp_volume *volume)
{
	unsigned int looks;
	u64 chunk, next;
	int ret;

	for (looks = 0; looks < LOOK_CHUNKS; looks++) {
		if (!next_chunk(volume, &chunk))
			return 0;
		if (chunk + CHUNK_PAGES > READ_ONCE(volume->pages))
			continue;
		ret = count_fragments(volume, chunk, &next);
		if (!ret)
			skip_to(volume, next);
		/* Who reads it is told what is wrong with it. */
		if (ret < (int)MANY_FRAGMENTS)
			continue;
		ret = mend_chunk(volume, chunk);
		if (ret == -ENOSPC || ret == -ENOMEM) {
			note(volume, chunk, chunk + CHUNK_PAGES);
			return NO_ROOM;
		}
		break;
	}
	return NEXT;
}

static void mend_work(struct work_struct *work)
{
	struct kmemp_volume *volume = container_of(to_delayed_work(work),
						   struct kmemp_volume, mend);
	const struct kmemp_pool *pool = kmemp_host_pool(volume->pool->host);
	unsigned long idle_at = READ_ONCE(volume->written) + IDLE;
	unsigned long delay;

	if (!READ_ONCE(mend) || READ_ONCE(pool->failed) ||
	    kmemp_pool_readonly(pool))
		return;
	if (time_before(jiffies, idle_at))
		delay = idle_at - jiffies;
	else
		delay = step(volume);
	if (delay)
		queue_delayed_work(system_unbound_wq, &volume->mend, delay);
}

/**
 * kmemp_mend_init - of a volume that is being made
 * @volume: the volume
 */
void kmemp_mend_init(struct kmemp_volume *volume)
{
	volume->mend_first = U64_MAX;
	INIT_DELAYED_WORK(&volume->mend, mend_work);
}

/**
 * kmemp_mend_stop - before a volume is closed
 * @volume: the volume; nobody writes to it
 *
 * Waits for a chunk that is being mended. Context: may sleep.
 */
void kmemp_mend_stop(struct kmemp_volume *volume)
{
	cancel_delayed_work_sync(&volume->mend);
}
