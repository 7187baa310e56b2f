// SPDX-License-Identifier: GPL-2.0
/*
 * Queue: group commit.
 *
 * Small batches enter the open stage, where lookups see them. Whoever wants
 * his durable, or finds the stage full, takes the commit right and commits the
 * stage, whoever else is in it; those who waited for the right behind him find
 * themselves durable. While a stage is busy the next one is filled. So one
 * fence does for all that came while the last commit ran, and for all that was
 * queued and not waited for. Who wants his durable and finds that nobody else is
 * there commits it as it is.
 *
 * Stages are committed one after the other, each all or nothing: what a crash
 * leaves is a prefix in order of entry. Large batches, and those that end
 * objects, are committed alone, after all that entered before them.
 *
 * There is no thread here and no timer: a host that queues lazily calls
 * kmemp_queue_run().
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "core.h"

/*
 * Calls of kmemp_queue_run(), 100 ms apart, after which freed pages that wait
 * are worth a retirement although batches keep coming.
 */
#define QUEUE_TICKS	10u

/**
 * kmemp_queue_init - a pool's queue, still without memory for batches
 * @pool: being opened for writing
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_queue_init(struct kmemp_pool *pool)
{
	struct kmemp_queue *queue;

	queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	if (!queue)
		return -ENOMEM;
	mutex_init(&queue->lock);
	queue->open = &queue->stages[0];
	queue->busy = &queue->stages[1];
	queue->number = 1;
	pool->queue = queue;
	return 0;
}

/**
 * kmemp_queue_destroy - free a pool's queue
 * @pool: being closed; what is still staged is lost
 */
void kmemp_queue_destroy(struct kmemp_pool *pool)
{
	struct kmemp_queue *queue = pool->queue;

	if (!queue)
		return;
	kmemp_stage_destroy(&queue->stages[0]);
	kmemp_stage_destroy(&queue->stages[1]);
	kmemp_net_destroy(&queue->net);
	mutex_destroy(&queue->lock);
	kfree(queue);
	pool->queue = NULL;
}

/*
 * All the memory that stages will ever need, before the first batch is
 * promised. Most openings of a pool never get here.
 */
static int prepare(struct kmemp_pool *pool)
{
	struct kmemp_queue *queue = pool->queue;
	int ret = 0;

	kmemp_commit_begin(pool);
	mutex_lock(&queue->lock);
	if (queue->ready)
		goto out;
	/* Data that is freed and dropped; changes, and extents touched. */
	ret = kmemp_wait_room(pool, 2 * KMEMP_STAGE_ITEMS,
			      kmemp_wait_need(2 * KMEMP_STAGE_ITEMS,
					      KMEMP_STAGE_ITEMS));
	if (!ret)
		ret = kmemp_net_room(&queue->net, KMEMP_STAGE_ITEMS);
	if (!ret)
		ret = kmemp_stage_init(&queue->stages[0], pool);
	if (!ret)
		ret = kmemp_stage_init(&queue->stages[1], pool);
	if (ret) {
		kmemp_stage_destroy(&queue->stages[0]);
		kmemp_stage_destroy(&queue->stages[1]);
		goto out;
	}
	queue->ready = true;
out:
	mutex_unlock(&queue->lock);
	kmemp_commit_end(pool);
	return ret;
}

static bool open_empty(const struct kmemp_queue *queue)
{
	return !queue->open->batch.nr_changes;
}

/**
 * kmemp_queue_flush_locked - commit what is staged
 * @pool: the pool; writable
 *
 * Context: with the commit right.
 *
 * Return: 0; or what made the pool fail, and what was staged is lost.
 */
int kmemp_queue_flush_locked(struct kmemp_pool *pool)
{
	struct kmemp_queue *queue = pool->queue;
	u64 number;
	int ret;

	lockdep_assert_held(&pool->commit_lock);
	mutex_lock(&queue->lock);
	if (open_empty(queue)) {
		mutex_unlock(&queue->lock);
		return 0;
	}
	kmemp_readers_exclude(pool);
	swap(queue->open, queue->busy);
	kmemp_readers_admit(pool);
	number = queue->number++;
	queue->aged = false;
	mutex_unlock(&queue->lock);

	/* If it fails, lookups go on to see what would have been. */
	ret = kmemp_commit_stage_locked(queue->busy);
	if (ret)
		return ret;
	queue->done = number;
	kmemp_meta_return(&queue->busy->batch);
	/* Only now: by the format alone lookups see the same. */
	kmemp_stage_empty(queue->busy);
	return 0;
}

static void tell(struct kmemp_pool *pool)
{
	if (pool->source->pending)
		pool->source->pending(pool->source_arg);
}

/* Commit what is staged, at least up to stage @number. */
static int flush_to(struct kmemp_pool *pool, u64 number)
{
	struct kmemp_queue *queue = pool->queue;
	int ret = 0;

	kmemp_commit_begin(pool);
	if (queue->done < number) {
		ret = kmemp_writable(pool);
		if (!ret)
			ret = kmemp_queue_flush_locked(pool);
		/* Told to all who are in it alike. */
		if (pool->failed)
			ret = queue->error;
	}
	kmemp_commit_end(pool);
	return ret;
}

/* Let a batch into the open stage; *@number: which it is. */
static int enter(struct kmemp_batch *batch,
		 const struct kmemp_overlay *overlay, u64 *number)
{
	struct kmemp_pool *pool = batch->pool;
	struct kmemp_queue *queue = pool->queue;
	bool ready;
	int ret;

	do {
		/* Between the first and the last look others may fill it. */
		ret = kmemp_writable(pool);
		if (ret)
			return ret;
		mutex_lock(&queue->lock);
		ready = queue->ready;
		*number = queue->number;
		if (ready)
			ret = kmemp_stage_add(queue->open, batch, overlay);
		mutex_unlock(&queue->lock);
		if (!ready)
			ret = prepare(pool) ?: -EAGAIN;
		else if (ret == -EAGAIN)
			ret = flush_to(pool, *number) ?: -EAGAIN;
	} while (ret == -EAGAIN);
	return ret;
}

/* By itself, after all that is staged; see kmemp_batch_commit(). */
static int commit_alone(struct kmemp_batch *batch,
			const struct kmemp_overlay *overlay)
{
	struct kmemp_pool *pool = batch->pool;
	int ret;

	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		ret = kmemp_queue_flush_locked(pool);
	if (!ret)
		ret = kmemp_commit_batch_locked(batch, overlay);
	kmemp_commit_end(pool);
	return ret;
}

/* Is the queue there, and without a batch? */
static bool is_idle(struct kmemp_queue *queue)
{
	bool idle;

	mutex_lock(&queue->lock);
	idle = queue->ready && open_empty(queue);
	mutex_unlock(&queue->lock);
	return idle;
}

/*
 * Where nobody commits and nothing is staged, nobody could share a commit, and a
 * stage would only be a copy. Who comes meanwhile enters one, behind this, and
 * there is memory for it. When DRAM is short the batch is better off there too,
 * where it is waited for. -EAGAIN is only ours: the batch's objects have been
 * loaded, so that the format asks for none.
 */
static bool commit_directly(struct kmemp_batch *batch,
			    const struct kmemp_overlay *overlay, int *ret)
{
	struct kmemp_pool *pool = batch->pool;

	if (!kmemp_commit_try(pool))
		return false;
	*ret = is_idle(pool->queue) ? kmemp_writable(pool) : -EAGAIN;
	if (!*ret)
		*ret = kmemp_commit_batch_locked(batch, overlay);
	kmemp_commit_end(pool);
	return *ret != -EAGAIN && *ret != -ENOMEM;
}

/* By way of a stage; nobody waits for it if it is not @durable. */
static int commit_staged(struct kmemp_batch *batch,
			 const struct kmemp_overlay *overlay, bool durable)
{
	u64 number;
	int ret;

	ret = enter(batch, overlay, &number);
	if (!ret && durable)
		ret = flush_to(batch->pool, number);
	return ret;
}

static int submit(struct kmemp_batch *batch, bool durable)
{
	struct kmemp_draft *draft = kmemp_to_draft(batch);
	struct kmemp_pool *pool = batch->pool;
	int ret;

	if (!batch->nr_changes)
		return 0;
	ret = kmemp_writable(pool);
	if (!ret)
		ret = kmemp_load_touched(batch);
	if (!ret)
		ret = kmemp_overlay_build(draft);
	if (ret)
		return ret;
	ret = kmemp_meta_take(batch);
	if (ret)
		goto out;
	if (!kmemp_stage_takes(batch))
		ret = commit_alone(batch, &draft->overlay);
	else if (!durable || !commit_directly(batch, &draft->overlay, &ret))
		ret = commit_staged(batch, &draft->overlay, durable);
	/* Of a failed pool nobody knows which of them are in use. */
	if (!READ_ONCE(pool->failed))
		kmemp_meta_return(batch);
	/* Also of a failure: the host tells the operator. */
	if (!ret || READ_ONCE(pool->failed))
		tell(pool);
out:
	kmemp_overlay_free(draft);
	return ret;
}

/**
 * kmemp_batch_commit - make a batch durable
 * @batch: the batch; afterwards only good for kmemp_batch_free(), or, when
 *	nothing was changed, for another try
 *
 * With it all that was queued before becomes durable. Data that the batch maps
 * must have been fenced by who stored it. The pages it maps are the pool's from
 * then on, also those that a later change of the batch replaces: they come back
 * by the page source. Context: may sleep, under memalloc_noio where writeback
 * can wait for it.
 *
 * Return: 0; or, with nothing changed: -E2BIG: too much for one batch, commit
 * it in parts; -ENOSPC: no pages for metadata; -EINVAL: it maps a page twice,
 * or one that a batch before it maps; -ENOMEM; -EROFS; or -EIO or -EUCLEAN,
 * after which the pool stores nothing any more and only opening it again tells
 * whether the batch is there.
 */
int kmemp_batch_commit(struct kmemp_batch *batch)
{
	return submit(batch, true);
}
EXPORT_SYMBOL_GPL(kmemp_batch_commit);

/**
 * kmemp_batch_queue - let a batch become durable later
 * @batch: as for kmemp_batch_commit()
 *
 * At return lookups see it. It is durable after the next kmemp_pool_sync() or
 * kmemp_batch_commit(), or when kmemp_queue_run() or a full stage has it
 * committed. A crash may lose it, and with it all that was queued later. A
 * batch that is too large to be staged, or that removes an object, is committed
 * here and now. Data and context: as for kmemp_batch_commit().
 *
 * Return: as kmemp_batch_commit(). After 0 only -EIO or -EUCLEAN can keep the
 * batch from being committed, and kmemp_pool_sync() tells.
 */
int kmemp_batch_queue(struct kmemp_batch *batch)
{
	return submit(batch, false);
}
EXPORT_SYMBOL_GPL(kmemp_batch_queue);

/**
 * kmemp_pool_sync - make all that was queued durable
 * @pool: the pool
 *
 * Context: as for kmemp_batch_commit().
 *
 * Return: 0; or -EIO or -EUCLEAN, also each time after a commit has failed,
 * since something that was queued may be lost.
 */
int kmemp_pool_sync(struct kmemp_pool *pool)
{
	struct kmemp_queue *queue = pool->queue;
	int ret = 0;

	if (!queue)
		return 0;
	kmemp_commit_begin(pool);
	if (pool->failed)
		ret = queue->error;
	else if (!kmemp_writable(pool))
		ret = kmemp_queue_flush_locked(pool);
	kmemp_commit_end(pool);
	if (!ret && pool->source)
		tell(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_sync);

/* Is anything there that was so when kmemp_queue_run() came last? */
static bool has_aged(struct kmemp_queue *queue)
{
	bool aged;

	mutex_lock(&queue->lock);
	aged = queue->aged;
	queue->aged = !open_empty(queue);
	mutex_unlock(&queue->lock);
	return aged;
}

static bool anything_staged(struct kmemp_queue *queue)
{
	bool staged;

	mutex_lock(&queue->lock);
	staged = !open_empty(queue);
	mutex_unlock(&queue->lock);
	return staged;
}

/* Nothing that was freed is worth more waiting. */
static int clear_up(struct kmemp_pool *pool)
{
	kmemp_confirm_locked(pool);
	kmemp_wait_settle(pool);
	return kmemp_wait_runs(pool) ? kmemp_retire_locked(pool) : 0;
}

static int run_locked(struct kmemp_pool *pool, bool now)
{
	struct kmemp_queue *queue = pool->queue;
	int ret = 0, more = 0;
	bool idle;

	if (has_aged(queue) || now)
		ret = kmemp_queue_flush_locked(pool);
	if (ret)
		return ret;
	idle = queue->seen == pool->newest && !anything_staged(queue);
	queue->seen = pool->newest;
	queue->ticks = kmemp_wait_runs(pool) ? queue->ticks + 1 : 0;
	/* Before pages that the format has in hand for it are given back. */
	if (now || idle)
		more = kmemp_work_locked(pool);
	if (more < 0)
		return more;
	if (now || idle || queue->ticks >= QUEUE_TICKS) {
		ret = clear_up(pool);
		queue->ticks = 0;
	}
	if (ret)
		return ret;
	return more || anything_staged(queue) || kmemp_wait_runs(pool) ||
	       pool->newest != pool->super.confirmed;
}

/**
 * kmemp_queue_run - do what nobody waits for
 * @pool: the pool
 * @now: all of it, and not only what is due
 *
 * To be called every 100 ms while something pends. Commits what was staged when
 * it came last already; and when no batch has been committed since then,
 * lets the format do a step of background work, confirms the newest and makes
 * freed pages return, which it also does after a second of waiting. Context: as
 * for kmemp_batch_commit().
 *
 * Return: 1 if something pends: call again; 0 if nothing does; -EROFS; -EIO;
 * -EUCLEAN.
 */
int kmemp_queue_run(struct kmemp_pool *pool, bool now)
{
	int ret;

	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		ret = run_locked(pool, now);
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_queue_run);
