// SPDX-License-Identifier: GPL-2.0
/*
 * Committing: from a batch that was built to one that is durable.
 *
 * What can fail for want of something fails before the format is asked to
 * commit: arguments and limits, metadata pages, DRAM. From then on only the
 * medium can fail, and then the pool stores nothing any more until it is opened
 * again, because DRAM and medium may no longer agree.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "core.h"
#include "super.h"

/* Runs of freed pages that wait before the format is made to retire. */
#define WAIT_RUNS	1024u

/**
 * kmemp_pool_set_source - say where metadata pages come from
 * @pool: opened
 * @source: see there; stays valid until the pool is closed
 * @arg: for @source
 *
 * Before the first commit. Without it nothing can be committed.
 */
void kmemp_pool_set_source(struct kmemp_pool *pool,
			   const struct kmemp_page_source *source, void *arg)
{
	pool->source = source;
	pool->source_arg = arg;
}
EXPORT_SYMBOL_GPL(kmemp_pool_set_source);

static int writable(const struct kmemp_pool *pool)
{
	if (pool->failed)
		return -EIO;
	if (pool->readonly || !pool->source || !pool->format->commit)
		return -EROFS;
	return 0;
}

/* Of commit, retire and work: what makes a pool unusable for stores. */
static int judge(struct kmemp_pool *pool, int ret)
{
	if (ret < 0) {
		pool->failed = true;
		kmemp_complain(pool, ret == -EIO ? KMEMP_REFUSE_READ :
			       KMEMP_REFUSE_STRUCTURE, "commit: error %d", ret);
	}
	return ret;
}

/* Does this change need pages for good, or only replace what is there? */
static int change_adds(struct kmemp_pool *pool,
		       const struct kmemp_change *change, u8 *buffer)
{
	const struct kmemp_extent *extent = &change->extent;
	struct kmemp_record record = change->record;
	u64 offset = extent->offset, end = offset + extent->count;
	struct kmemp_extent found;
	int ret = 0;

	switch (change->op) {
	case KMEMP_PUT_RECORD:
		ret = kmemp_pool_get_record(pool, change->object, &record,
					    buffer);
		return ret == -ENOENT ? 1 : ret;
	case KMEMP_MAP:
		while (!ret && offset < end) {
			ret = kmemp_pool_next_extent(pool, change->object,
						     offset, end - offset,
						     &found);
			if (ret == -ENOENT || (!ret && found.offset > offset))
				return 1;
			offset = found.offset + found.count;
		}
		return ret;
	case KMEMP_DEL_RECORD:
	case KMEMP_UNMAP:
	case KMEMP_REMOVE:
		break;
	}
	return 0;
}

static int batch_adds(const struct kmemp_batch *batch)
{
	u8 *buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_NOIO);
	int ret = 0;
	u32 i;

	if (!buffer)
		return -ENOMEM;
	for (i = 0; i < batch->nr_changes && !ret; i++)
		ret = change_adds(batch->pool, &batch->changes[i], buffer);
	kfree(buffer);
	return ret;
}

/*
 * The metadata pages that the batch may need, in hand before any lock. What
 * overwrites and removes gets them from the reserve; whether it does no more
 * than that is looked up only when pages are short.
 */
static int take_meta(struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;
	u32 need;
	int ret;

	need = pool->format->reserve(batch->changes, batch->nr_changes);
	if (need > pool->format->standing)
		return -E2BIG;
	if (!need)
		return 0;
	batch->meta = kvmalloc_array(need, sizeof(*batch->meta), GFP_NOIO);
	if (!batch->meta)
		return -ENOMEM;
	ret = pool->source->take(pool->source_arg, batch->meta, need, true);
	if (ret == -ENOSPC) {
		ret = batch_adds(batch);
		if (!ret)
			ret = pool->source->take(pool->source_arg, batch->meta,
						 need, false);
		else if (ret > 0)
			ret = -ENOSPC;
	}
	if (ret) {
		kvfree(batch->meta);
		batch->meta = NULL;
		return ret;
	}
	batch->nr_meta = need;
	return 0;
}

static void return_meta(struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;

	while (batch->nr_meta)
		pool->source->give(pool->source_arg,
				   batch->meta[--batch->nr_meta], 1);
	kvfree(batch->meta);
	batch->meta = NULL;
}

static int retire_locked(struct kmemp_pool *pool)
{
	int ret = judge(pool, pool->format->retire(pool));

	if (!ret)
		kmemp_wait_settle(pool);
	return ret;
}

/* The epoch of this opening is on the medium before the first entry of it. */
static void begin_epoch(struct kmemp_pool *pool)
{
	if (pool->begun)
		return;
	pool->super.epoch = ++pool->epoch;
	kmemp_state_write(pool->media, &pool->super);
	pool->begun = true;
}

static int commit_locked(struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;
	u32 i;
	int ret;

	ret = writable(pool);
	if (!ret)
		ret = kmemp_net_compute(batch);
	if (!ret && pool->wait.nr > WAIT_RUNS)
		ret = retire_locked(pool);
	if (!ret)
		ret = kmemp_wait_prepare(pool, batch);
	if (!ret && pool->format->prepare)
		ret = pool->format->prepare(pool, batch);
	if (ret)
		return ret;

	begin_epoch(pool);
	batch->epoch = pool->epoch;
	batch->sequence = pool->newest + 1;
	ret = judge(pool, pool->format->commit(pool, batch));
	if (ret)
		return ret;
	pool->newest = batch->sequence;
	for (i = 0; i < batch->nr_freed; i++)
		kmemp_wait_add(pool, batch->sequence, &batch->freed[i], false);
	kmemp_wait_settle(pool);
	return 0;
}

/**
 * kmemp_batch_commit - make a batch durable
 * @batch: the batch; afterwards only good for kmemp_batch_free(), or, when
 *	nothing was changed, for another try
 *
 * Data that the batch maps must have been fenced by who stored it. Context: may
 * sleep, under memalloc_noio where writeback can wait for it.
 *
 * Return: 0; or, with nothing changed: -E2BIG: too much for one batch, commit
 * it in parts; -ENOSPC: no pages for metadata; -EINVAL: it maps a page twice;
 * -ENOMEM; -EROFS; or -EIO or -EUCLEAN, after which the pool stores nothing any
 * more and only opening it again tells whether the batch is there.
 */
int kmemp_batch_commit(struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;
	int ret;

	if (!batch->nr_changes)
		return 0;
	ret = writable(pool);
	if (!ret)
		ret = take_meta(batch);
	if (ret)
		return ret;
	mutex_lock(&pool->commit_lock);
	ret = commit_locked(batch);
	/* Of a failed pool nobody knows which of them are in use. */
	if (!pool->failed)
		return_meta(batch);
	mutex_unlock(&pool->commit_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_batch_commit);

/* Under the commit right: recovery never ends below what is there now. */
static void confirm_locked(struct kmemp_pool *pool)
{
	if (pool->super.confirmed == pool->newest)
		return;
	pool->super.confirmed = pool->newest;
	kmemp_state_write(pool->media, &pool->super);
}

/**
 * kmemp_pool_confirm - promise that recovery never ends below the newest batch
 * @pool: the pool
 *
 * When the last hold ends, when it has been idle, at reboot. Durable at return.
 *
 * Return: 0, -EROFS or -EIO.
 */
int kmemp_pool_confirm(struct kmemp_pool *pool)
{
	int ret;

	mutex_lock(&pool->commit_lock);
	ret = writable(pool);
	if (!ret) {
		confirm_locked(pool);
		kmemp_wait_settle(pool);
	}
	mutex_unlock(&pool->commit_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_confirm);

/**
 * kmemp_pool_retire - give back every freed page that waits
 * @pool: the pool
 *
 * When many wait, when they have waited for a second, before -ENOSPC.
 *
 * Return: 0, -EROFS, -EIO or -EUCLEAN.
 */
int kmemp_pool_retire(struct kmemp_pool *pool)
{
	int ret;

	mutex_lock(&pool->commit_lock);
	ret = writable(pool);
	if (!ret) {
		confirm_locked(pool);
		ret = retire_locked(pool);
	}
	mutex_unlock(&pool->commit_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_retire);

/**
 * kmemp_pool_finish - end of an opening's commits
 * @pool: being closed; the format has retired
 */
void kmemp_pool_finish(struct kmemp_pool *pool)
{
	if (!pool->readonly && !pool->failed && pool->format->commit)
		confirm_locked(pool);
	kmemp_wait_destroy(&pool->wait);
}
