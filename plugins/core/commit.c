// SPDX-License-Identifier: GPL-2.0
/*
 * Committing: from a batch that was built to one that is durable.
 *
 * What can fail for want of something fails before the format is asked to
 * commit: arguments and limits, metadata pages, DRAM. From then on only the
 * medium can fail, and then the pool stores nothing any more until it is opened
 * again, because DRAM and medium may no longer agree.
 *
 * A stage (queue.c) has been promised: it waits for DRAM, and whatever else
 * keeps it from being committed is the end of the pool.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
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

/**
 * kmemp_pool_set_window - say which pages can be RAM
 * @pool: opened
 * @page: first page index
 * @end: behind the last; may lie behind the pool
 *
 * Before the first commit, which leaves it on the medium as a hint: on a
 * machine with other memory blocks, what was written here may lie outside the
 * window. Without it, as in the tool, there is none.
 */
void kmemp_pool_set_window(struct kmemp_pool *pool, u64 page, u64 end)
{
	end = min(end, pool->super.pool_pages);
	pool->window_page = page < end ? page : 0;
	pool->window_pages = page < end ? end - page : 0;
}
EXPORT_SYMBOL_GPL(kmemp_pool_set_window);

/**
 * kmemp_commit_begin - take the commit right
 * @pool: the pool
 *
 * Whoever has it may be what writeback waits for, swapping to a volume of this
 * pool included: what is allocated until kmemp_commit_end(), in formats and back
 * ends too, comes from the kernel's last reserves rather than wait for memory
 * that only this commit can free. It is little and of short life; where even
 * they are empty the allocation fails, and nothing has been stored yet.
 */
void kmemp_commit_begin(struct kmemp_pool *pool)
{
	mutex_lock(&pool->commit_lock);
	pool->memalloc = memalloc_noreclaim_save();
}

/**
 * kmemp_commit_try - take the commit right if nobody has it
 * @pool: the pool
 *
 * Return: true if it is to be left by kmemp_commit_end().
 */
bool kmemp_commit_try(struct kmemp_pool *pool)
{
	if (!mutex_trylock(&pool->commit_lock))
		return false;
	pool->memalloc = memalloc_noreclaim_save();
	return true;
}

/**
 * kmemp_commit_end - leave the commit right to others
 * @pool: the pool
 */
void kmemp_commit_end(struct kmemp_pool *pool)
{
	unsigned int memalloc = pool->memalloc;

	mutex_unlock(&pool->commit_lock);
	memalloc_noreclaim_restore(memalloc);
}

/**
 * kmemp_writable - may anything be committed?
 * @pool: the pool
 *
 * Return: 0, -EIO where a commit has failed, or -EROFS.
 */
int kmemp_writable(const struct kmemp_pool *pool)
{
	if (READ_ONCE(pool->failed))
		return -EIO;
	if (pool->readonly || !pool->source || !pool->format->commit)
		return -EROFS;
	return 0;
}

/**
 * kmemp_judge - does this make the pool unusable for stores?
 * @pool: the pool
 * @ret: what commit, retire, work or repair returned
 *
 * Whatever else than -EIO keeps a stage from being committed is nonsense on the
 * medium or here. Context: with the commit right.
 *
 * Return: @ret where it is no error, else -EIO or -EUCLEAN.
 */
int kmemp_judge(struct kmemp_pool *pool, int ret)
{
	/* Stored it is, but nobody can promise that it stays. */
	if (ret >= 0 && READ_ONCE(pool->media->failed))
		ret = -EIO;
	if (ret >= 0)
		return ret;
	kmemp_complain(pool, ret == -EIO ? KMEMP_REFUSE_READ :
		       KMEMP_REFUSE_STRUCTURE, "commit: error %d", ret);
	pool->queue->error = ret == -EIO ? -EIO : -EUCLEAN;
	WRITE_ONCE(pool->failed, true);
	return pool->queue->error;
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
 * What others have in hand or have freed comes back when it is committed: each
 * time a page source is asked again, it has had a commit of all that waited.
 */
#define TAKE_TRIES	4

static int take(struct kmemp_batch *batch, u32 need, bool adds, int tries)
{
	struct kmemp_pool *pool = batch->pool;
	int ret;

	for (;;) {
		ret = pool->source->take(pool->source_arg, batch->meta, need,
					 adds);
		if (ret != -ENOSPC || !--tries)
			return ret;
		ret = kmemp_pool_retire(pool);
		if (ret)
			return ret;
	}
}

/**
 * kmemp_cost_of - what a format may need for changes
 * @pool: the pool
 * @changes: in order
 * @nr: how many
 *
 * Return: the format's answers.
 */
struct kmemp_cost kmemp_cost_of(const struct kmemp_pool *pool,
				const struct kmemp_change *changes, u32 nr)
{
	const struct kmemp_format_ops *format = pool->format;

	return (struct kmemp_cost){
		.meta = format->reserve(changes, nr),
		.weight = format->weight ? format->weight(changes, nr) : 0,
	};
}

/**
 * kmemp_cost_fits - is it within what one commit may need?
 * @pool: the pool
 * @cost: of changes
 *
 * Return: true if it is.
 */
bool kmemp_cost_fits(const struct kmemp_pool *pool, struct kmemp_cost cost)
{
	return cost.meta <= pool->format->standing &&
	       cost.weight <= pool->format->most_weight;
}

static int meta_room(struct kmemp_draft *draft, u32 need)
{
	u64 *meta;

	if (need <= draft->meta_room)
		return 0;
	meta = kvmalloc_array(need, sizeof(*meta), GFP_NOIO);
	if (!meta)
		return -ENOMEM;
	if (draft->batch.meta != draft->meta)
		kvfree(draft->batch.meta);
	draft->batch.meta = meta;
	draft->meta_room = need;
	return 0;
}

/**
 * kmemp_meta_take - the metadata pages that a batch may need
 * @batch: the batch
 *
 * In hand before any lock. What overwrites and removes gets them from the
 * reserve; unless the batch says of itself that it does no more than that, it
 * is looked up, only when pages are short.
 *
 * Return: 0; -E2BIG: more than one commit may need; -ENOSPC; -ENOMEM; -EIO;
 * -EUCLEAN.
 */
int kmemp_meta_take(struct kmemp_batch *batch)
{
	struct kmemp_draft *draft = kmemp_to_draft(batch);
	bool overwrites = draft->overwrites;
	u32 need;
	int ret;

	draft->cost = kmemp_cost_of(batch->pool, batch->changes,
				    batch->nr_changes);
	if (!kmemp_cost_fits(batch->pool, draft->cost))
		return -E2BIG;
	need = draft->cost.meta;
	if (!need)
		return 0;
	ret = meta_room(draft, need);
	if (ret)
		return ret;
	ret = overwrites ? -ENOSPC : take(batch, need, true, 1);
	if (ret == -ENOSPC) {
		ret = overwrites ? 0 : batch_adds(batch);
		if (ret >= 0)
			ret = take(batch, need, ret, ret ? 2 : TAKE_TRIES);
	}
	if (!ret)
		batch->nr_meta = need;
	return ret;
}

/**
 * kmemp_meta_return - give back the metadata pages that are left
 * @batch: committed or not
 */
void kmemp_meta_return(struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;

	if (batch->nr_meta)
		pool->source->put_back(pool->source_arg, batch->meta,
				       batch->nr_meta);
	batch->nr_meta = 0;
}

/**
 * kmemp_retire_locked - make the format retire
 * @pool: the pool; writable
 *
 * Context: with the commit right.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_retire_locked(struct kmemp_pool *pool)
{
	int ret;

	lockdep_assert_held(&pool->commit_lock);
	kmemp_used_map_drop(pool);
	ret = kmemp_judge(pool, pool->format->retire(pool));
	if (!ret)
		kmemp_wait_settle(pool);
	return ret;
}

/**
 * kmemp_work_locked - let the format do a step of what it does in background
 * @pool: the pool; writable
 *
 * Context: with the commit right.
 *
 * Return: 1 if there is more to do, 0, -EIO or -EUCLEAN.
 */
int kmemp_work_locked(struct kmemp_pool *pool)
{
	lockdep_assert_held(&pool->commit_lock);
	if (!pool->format->work)
		return 0;
	kmemp_used_map_drop(pool);
	return kmemp_judge(pool, pool->format->work(pool));
}

/*
 * Once in the life of a pool, before its first entry. A hint: the next opening
 * tries again where it could not be written.
 */
static void write_window(struct kmemp_pool *pool)
{
	struct kmemp_super *super = &pool->super;

	if (super->window_pages || !pool->window_pages)
		return;
	super->window_page = pool->window_page;
	super->window_pages = pool->window_pages;
	if (kmemp_super_write_static(pool->media, super)) {
		super->window_page = 0;
		super->window_pages = 0;
	}
}

/* The epoch of this opening is on the medium before the first entry of it. */
static void begin_epoch(struct kmemp_pool *pool)
{
	if (pool->begun)
		return;
	write_window(pool);
	pool->super.epoch = ++pool->epoch;
	kmemp_state_write(pool->media, &pool->super);
	pool->begun = true;
}

/* State lines that are written between two commits are no more than these. */
#define STATE_WRITES	8

/*
 * Would a reader refuse what is written next? No pool gets there in its life,
 * but an image can say that it has. A ring names the sequence behind the newest.
 */
static bool is_worn(const struct kmemp_pool *pool)
{
	return pool->newest >= KMEMP_MAX_SEQUENCE - 1 ||
	       pool->epoch >= KMEMP_MAX_SEQUENCE ||
	       pool->super.state_generation >= KMEMP_MAX_SEQUENCE - STATE_WRITES;
}

/* All that a commit needs but the medium. */
static int make_ready(struct kmemp_net *net, struct kmemp_batch *batch,
		      const struct kmemp_overlay *overlay)
{
	struct kmemp_pool *pool = batch->pool;
	int ret;

	batch->nr_puts = 0;
	ret = kmemp_net_compute(net, batch, overlay);
	if (!ret && kmemp_wait_runs(pool) > WAIT_RUNS)
		ret = kmemp_retire_locked(pool);
	if (!ret && pool->format->prepare)
		ret = pool->format->prepare(pool, batch);
	if (!ret)
		ret = kmemp_wait_room(pool, net->freed.nr + net->dropped.nr,
				      kmemp_wait_need(batch->nr_changes +
						      net->touched,
						      net->before_pages) +
				      batch->nr_puts);
	return ret;
}

static int commit_ready(struct kmemp_net *net, struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = batch->pool;
	u32 i;
	int ret;

	if (is_worn(pool))
		return kmemp_judge(pool, -EUCLEAN);
	begin_epoch(pool);
	kmemp_used_map_drop(pool);
	batch->epoch = pool->epoch;
	batch->sequence = pool->newest + 1;
	ret = kmemp_judge(pool, pool->format->commit(pool, batch));
	if (ret)
		return ret;
	pool->newest = batch->sequence;
	for (i = 0; i < net->freed.nr; i++)
		kmemp_wait_add(pool, batch->sequence, &net->freed.run[i],
			       false);
	for (i = 0; i < net->dropped.nr; i++)
		kmemp_wait_add(pool, batch->sequence, &net->dropped.run[i],
			       false);
	kmemp_wait_settle(pool);
	return 0;
}

/**
 * kmemp_commit_batch_locked - commit a batch by itself
 * @batch: the batch, its metadata pages in hand
 * @overlay: of it
 *
 * Context: with the commit right, nothing staged before it.
 *
 * Return: see kmemp_batch_commit().
 */
int kmemp_commit_batch_locked(struct kmemp_batch *batch,
			      const struct kmemp_overlay *overlay)
{
	struct kmemp_net *net = &batch->pool->queue->net;
	int ret;

	lockdep_assert_held(&batch->pool->commit_lock);
	ret = make_ready(net, batch, overlay);
	if (!ret)
		ret = commit_ready(net, batch);
	batch->taken = NULL;
	batch->nr_taken = 0;
	batch->freed = NULL;
	batch->nr_freed = 0;
	return ret;
}

/**
 * kmemp_commit_stage_locked - commit what was promised
 * @stage: the busy stage
 *
 * For want of DRAM it waits: freeing all that waits makes the room that there
 * is for freed pages enough, and what formats ask for is little at a time.
 * Context: with the commit right; the pool is writable.
 *
 * Return: 0; or what made the pool fail.
 */
int kmemp_commit_stage_locked(struct kmemp_stage *stage)
{
	struct kmemp_batch *batch = &stage->batch;
	struct kmemp_pool *pool = batch->pool;
	struct kmemp_net *net = &pool->queue->net;
	int ret;

	lockdep_assert_held(&pool->commit_lock);
	while ((ret = make_ready(net, batch, &stage->overlay)) == -ENOMEM) {
		memalloc_retry_wait(GFP_NOIO);
		if (!kmemp_wait_runs(pool))
			continue;
		kmemp_confirm_locked(pool);
		ret = kmemp_retire_locked(pool);
		if (ret)
			return ret;
	}
	/* Nobody is left who could take it back. */
	if (ret)
		return pool->failed ? ret : kmemp_judge(pool, ret);
	return commit_ready(net, batch);
}

/**
 * kmemp_confirm_locked - recovery never ends below what is there now
 * @pool: the pool; writable
 *
 * Context: with the commit right.
 */
void kmemp_confirm_locked(struct kmemp_pool *pool)
{
	lockdep_assert_held(&pool->commit_lock);
	if (pool->super.confirmed == pool->newest)
		return;
	pool->super.confirmed = pool->newest;
	kmemp_state_write(pool->media, &pool->super);
}

/**
 * kmemp_pool_confirm - promise that recovery never ends below the newest batch
 * @pool: the pool
 *
 * What was queued is committed first. When the last hold ends, when it has
 * been idle, at reboot. Durable at return.
 *
 * Return: 0, -EROFS, -EIO or -EUCLEAN.
 */
int kmemp_pool_confirm(struct kmemp_pool *pool)
{
	int ret;

	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		ret = kmemp_queue_flush_locked(pool);
	if (!ret) {
		kmemp_confirm_locked(pool);
		kmemp_wait_settle(pool);
		ret = kmemp_judge(pool, 0);
	}
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_confirm);

/*
 * Steps of background work before pages are said to be short. Each is bounded,
 * and others wait for the commit right.
 */
#define WORK_STEPS	16

static int work_some(struct kmemp_pool *pool)
{
	int i, ret = 1;

	for (i = 0; i < WORK_STEPS && ret > 0; i++)
		ret = kmemp_work_locked(pool);
	return ret < 0 ? ret : 0;
}

/**
 * kmemp_pool_retire - give back every freed page that waits
 * @pool: the pool
 *
 * What was queued is committed first, and the format does some of its background
 * work. When many wait, when they have waited for a second, before -ENOSPC.
 *
 * Return: 0, -EROFS, -EIO or -EUCLEAN.
 */
int kmemp_pool_retire(struct kmemp_pool *pool)
{
	int ret;

	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		ret = kmemp_queue_flush_locked(pool);
	if (!ret)
		ret = work_some(pool);
	if (!ret) {
		kmemp_confirm_locked(pool);
		ret = kmemp_retire_locked(pool);
	}
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_retire);

/**
 * kmemp_pool_finish - end of an opening's commits
 * @pool: being closed; the format has been
 * @source: who knows which pages are in use, NULL: nobody
 */
void kmemp_pool_finish(struct kmemp_pool *pool,
		       const struct kmemp_used_source *source)
{
	kmemp_commit_begin(pool);
	if (!pool->readonly && !pool->failed && pool->format->commit) {
		kmemp_confirm_locked(pool);
		if (source)
			kmemp_used_map_save(pool, source);
	}
	kmemp_commit_end(pool);
	kmemp_wait_destroy(&pool->wait);
}
