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
 * kmemp_wait_need - runs of metadata that a batch may free
 * @items: changes, and extents and records that it touches
 * @pages: of those extents
 *
 * Return: how many.
 */
u32 kmemp_wait_need(u32 items, u64 pages)
{
	return PUTS_PER_ITEM * items + (u32)(pages / PAGES_PER_PUT);
}

/* The @i-th of a list, or room for it. */
static struct kmemp_freed *freed_at(const struct kmemp_freed_list *list, u32 i)
{
	u32 at = list->first + i;

	return &list->freed[at < list->room ? at : at - list->room];
}

static int list_room(struct kmemp_freed_list *list, u32 need)
{
	struct kmemp_freed *new;
	u32 room, i;

	need += list->nr;
	if (need <= list->room)
		return 0;
	room = need + need / 2;
	new = kvmalloc_array(room, sizeof(*new), GFP_NOIO);
	if (!new)
		return -ENOMEM;
	for (i = 0; i < list->nr; i++)
		new[i] = *freed_at(list, i);
	kvfree(list->freed);
	list->freed = new;
	list->first = 0;
	list->room = room;
	return 0;
}

/**
 * kmemp_wait_room - have memory for what a batch may free
 * @pool: the pool
 * @data: runs of data, beyond those that wait
 * @meta: runs of metadata, the same
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_wait_room(struct kmemp_pool *pool, u32 data, u32 meta)
{
	return list_room(&pool->wait.data, data) ?:
	       list_room(&pool->wait.meta, meta);
}

/**
 * kmemp_wait_destroy - forget what waits
 * @wait: the list
 */
void kmemp_wait_destroy(struct kmemp_wait *wait)
{
	kvfree(wait->data.freed);
	kvfree(wait->meta.freed);
	memset(wait, 0, sizeof(*wait));
}

/**
 * kmemp_wait_runs - how much waits
 * @pool: the pool
 *
 * Return: runs.
 */
u32 kmemp_wait_runs(const struct kmemp_pool *pool)
{
	return pool->wait.data.nr + pool->wait.meta.nr;
}

/**
 * kmemp_wait_add - a batch frees a run
 * @pool: the pool, prepared
 * @sequence: of the batch, no less than that of any that waits
 * @run: the pages
 * @meta: whether they were metadata
 */
void kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
		    const struct kmemp_run *run, bool meta)
{
	struct kmemp_wait *wait = &pool->wait;
	struct kmemp_freed_list *list = meta ? &wait->meta : &wait->data;

	/* A page that does not get on the list is lost until the next open. */
	if (WARN_ON_ONCE(list->nr == list->room))
		return;
	*freed_at(list, list->nr++) = (struct kmemp_freed){ *run, sequence };
	wait->pages += run->count;
}

static bool may_go(const struct kmemp_pool *pool, u64 sequence, bool meta)
{
	return (sequence < pool->newest ||
		sequence <= pool->super.confirmed) &&
	       (!meta || sequence <= pool->retired);
}

/* Those that may go come first. */
static void settle(struct kmemp_pool *pool, struct kmemp_freed_list *list,
		   bool meta)
{
	while (list->nr) {
		const struct kmemp_freed freed = *freed_at(list, 0);

		if (!may_go(pool, freed.sequence, meta))
			return;
		if (++list->first == list->room)
			list->first = 0;
		list->nr--;
		pool->wait.pages -= freed.run.count;
		pool->source->give(pool->source_arg, freed.run.page,
				   freed.run.count);
	}
}

/**
 * kmemp_wait_settle - give back what need not wait any more
 * @pool: the pool
 *
 * Nothing when the medium has failed: then what was to be durable may not be.
 */
void kmemp_wait_settle(struct kmemp_pool *pool)
{
	if (READ_ONCE(pool->media->failed))
		return;
	settle(pool, &pool->wait.data, false);
	settle(pool, &pool->wait.meta, true);
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
