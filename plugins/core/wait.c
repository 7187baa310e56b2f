// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on their way: to a batch that needs metadata, and from one that freed
 * them.
 *
 * A page that batch N frees goes back when N + 1 is durable or N is confirmed,
 * so that the loss of N to a bad byte cannot hand a live page to RAM; and, if
 * it was metadata, when redo stores nothing of N or earlier any more. Data is
 * never stored by redo: for it the first condition is enough.
 *
 * Everything here is under the commit right.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* What a format gives back at most: see struct kmemp_format_ops, commit. */
#define PUTS_PER_ITEM	8u
#define PAGES_PER_PUT	64u

/**
 * kmemp_wait_need - runs that a batch may free
 * @runs: of data that it frees or drops
 * @items: changes, and extents and records that it touches
 * @pages: of those extents
 *
 * Return: how many.
 */
u32 kmemp_wait_need(u32 runs, u32 items, u64 pages)
{
	return runs + PUTS_PER_ITEM * items + (u32)(pages / PAGES_PER_PUT);
}

/**
 * kmemp_wait_room - have memory for what a batch may free
 * @pool: the pool
 * @need: runs, beyond those that wait
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_wait_room(struct kmemp_pool *pool, u32 need)
{
	struct kmemp_wait *wait = &pool->wait, new = {};

	need += wait->nr;
	if (need <= wait->room)
		return 0;
	new.room = need + need / 2;
	new.runs = kvmalloc_array(new.room, sizeof(*new.runs), GFP_NOIO);
	new.sequences = kvmalloc_array(new.room, sizeof(*new.sequences),
				       GFP_NOIO);
	new.meta = kvmalloc_array(new.room, sizeof(*new.meta), GFP_NOIO);
	if (!new.runs || !new.sequences || !new.meta) {
		kvfree(new.runs);
		kvfree(new.sequences);
		kvfree(new.meta);
		return -ENOMEM;
	}
	if (wait->nr) {
		memcpy(new.runs, wait->runs, wait->nr * sizeof(*new.runs));
		memcpy(new.sequences, wait->sequences,
		       wait->nr * sizeof(*new.sequences));
		memcpy(new.meta, wait->meta, wait->nr * sizeof(*new.meta));
	}
	new.nr = wait->nr;
	new.pages = wait->pages;
	kmemp_wait_destroy(wait);
	*wait = new;
	return 0;
}

/**
 * kmemp_wait_destroy - forget what waits
 * @wait: the list
 */
void kmemp_wait_destroy(struct kmemp_wait *wait)
{
	kvfree(wait->runs);
	kvfree(wait->sequences);
	kvfree(wait->meta);
	memset(wait, 0, sizeof(*wait));
}

/**
 * kmemp_wait_add - a batch frees a run
 * @pool: the pool, prepared
 * @sequence: of the batch
 * @run: the pages
 * @meta: whether they were metadata
 */
void kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
		    const struct kmemp_run *run, bool meta)
{
	struct kmemp_wait *wait = &pool->wait;

	/* A page that does not get on the list is lost until the next open. */
	if (WARN_ON_ONCE(wait->nr == wait->room))
		return;
	wait->runs[wait->nr] = *run;
	wait->sequences[wait->nr] = sequence;
	wait->meta[wait->nr] = meta;
	wait->nr++;
	wait->pages += run->count;
}

/**
 * kmemp_wait_settle - give back what need not wait any more
 * @pool: the pool
 *
 * Nothing when the medium has failed: then what was to be durable may not be.
 */
void kmemp_wait_settle(struct kmemp_pool *pool)
{
	struct kmemp_wait *wait = &pool->wait;
	u32 i, kept = 0;

	if (READ_ONCE(pool->media->failed))
		return;
	for (i = 0; i < wait->nr; i++) {
		const struct kmemp_run run = wait->runs[i];
		u64 sequence = wait->sequences[i];

		if ((sequence < pool->newest ||
		     sequence <= pool->super.confirmed) &&
		    (!wait->meta[i] || sequence <= pool->retired)) {
			wait->pages -= run.count;
			pool->source->give(pool->source_arg, run.page,
					   run.count);
			continue;
		}
		wait->runs[kept] = run;
		wait->sequences[kept] = sequence;
		wait->meta[kept] = wait->meta[i];
		kept++;
	}
	wait->nr = kept;
}

/**
 * kmemp_meta_get - a page for metadata
 * @batch: being committed
 *
 * It holds whatever it holds. Context: in the format's commit.
 *
 * Return: page index; 0 where the batch takes more than the format's reserve()
 * promised, which is a bug of the format.
 */
u64 kmemp_meta_get(struct kmemp_batch *batch)
{
	if (WARN_ON_ONCE(!batch->nr_meta))
		return 0;
	return batch->meta[--batch->nr_meta];
}
EXPORT_SYMBOL_GPL(kmemp_meta_get);

/**
 * kmemp_meta_put - a metadata page is in use no more
 * @batch: being committed
 * @page: page index
 *
 * It is given back when nothing can store into it or need it any more.
 * Context: in the format's commit.
 */
void kmemp_meta_put(struct kmemp_batch *batch, u64 page)
{
	struct kmemp_run run = { .page = page, .count = 1 };

	kmemp_wait_add(batch->pool, batch->sequence, &run, true);
}
EXPORT_SYMBOL_GPL(kmemp_meta_put);

/**
 * kmemp_meta_release - give a metadata page back at once
 * @pool: the pool
 * @page: page index; nothing on the medium refers to it any more, durably, also
 *	if the newest batch is lost
 *
 * When the medium has failed nobody knows that, and the page is lost until the
 * next open. Context: in the format's commit, retire or work; not while readers
 * are excluded.
 */
void kmemp_meta_release(struct kmemp_pool *pool, u64 page)
{
	if (!READ_ONCE(pool->media->failed))
		pool->source->give(pool->source_arg, page, 1);
}
EXPORT_SYMBOL_GPL(kmemp_meta_release);

/**
 * kmemp_retired - redo stores nothing of old batches any more
 * @pool: the pool
 * @sequence: the newest of them
 *
 * Context: in the format's commit, retire or open.
 */
void kmemp_retired(struct kmemp_pool *pool, u64 sequence)
{
	pool->retired = sequence;
}
EXPORT_SYMBOL_GPL(kmemp_retired);

/**
 * kmemp_pool_waiting - pages that were freed and not given back yet
 * @pool: the pool
 *
 * Return: pages.
 */
u64 kmemp_pool_waiting(struct kmemp_pool *pool)
{
	u64 pages;

	kmemp_commit_begin(pool);
	pages = pool->wait.pages;
	kmemp_commit_end(pool);
	return pages;
}
EXPORT_SYMBOL_GPL(kmemp_pool_waiting);
