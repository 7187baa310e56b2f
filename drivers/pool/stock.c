// SPDX-License-Identifier: GPL-2.0
/*
 * The stock: withheld pages that hold nothing yet.
 *
 * A commit never allocates, so that overwriting and removing work on a full
 * node. What it may need is in stock beforehand: this file keeps the number of
 * withheld pages at what is used, or data_min if that is more, plus the reserve
 * for so much; taking from the page allocator and giving back, whenever blocks,
 * limits or use have changed. Pages outside the window are in stock from the
 * start and serve first. supply.c is who spends it.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>

#include "host.h"
#include "trace.h"

/*
 * For the pool, not for the task that happens to run: no cpuset (HARDWALL), no
 * emergency reserves, no other node, no OOM kill.
 */
#define STOCK_GFP	(GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN | \
			 __GFP_NOMEMALLOC | __GFP_RETRY_MAYFAIL)
/* Within writeback: no I/O, which would come back to us, and no patience. */
#define STOCK_GFP_NOIO	(GFP_NOIO | __GFP_THISNODE | __GFP_NOWARN | \
			 __GFP_NOMEMALLOC | __GFP_NORETRY)
/* What costs the caller nothing. */
#define STOCK_GFP_SPARE	(__GFP_THISNODE | __GFP_NOWARN | __GFP_NOMEMALLOC)
/* What opens a movable zone; such pages are never moved, only offlined. */
#define STOCK_MOVABLE	(__GFP_HIGHMEM | __GFP_MOVABLE)

/*
 * Take 2 MiB at a time while that much is missing and to be had, then less:
 * single pages shatter.
 */
#define STOCK_ORDER	9

/* What is released before it is looked again what is too much: part, pages. */
#define RELEASE_PART		8
#define RELEASE_LEAST		64

/* Pages set aside because they cannot be parked, before giving up. */
#define STOCK_MAX_REJECTED	(4UL << STOCK_ORDER)

/*
 * How many pages the allocator must not have when @more are put into use. The
 * reserve comes on top of data_min: what data is guaranteed it can have.
 */
static u64 target_with(struct kmemp_host *host, u64 more)
{
	struct kmemp_pages *pages = &host->pages;
	u64 target;

	spin_lock(&pages->lock);
	target = pages->nr_used + more;
	spin_unlock(&pages->lock);
	target = max(target, READ_ONCE(host->pool.super.data_min));
	target += kmemp_pool_reserve(&host->pool, target);
	return min(target, pages->pool_pages);
}

/**
 * kmemp_stock_target - how many pages the allocator must not have
 * @host: the pool
 *
 * Return: pages of the pool.
 */
u64 kmemp_stock_target(struct kmemp_host *host)
{
	return target_with(host, 0);
}

static s64 missing(struct kmemp_host *host, u64 more)
{
	u64 target = target_with(host, more);
	s64 ret;

	spin_lock(&host->pages.lock);
	ret = target - host->pages.nr_withheld;
	spin_unlock(&host->pages.lock);
	return ret;
}

/**
 * kmemp_stock_withhold - fill the stock while no memory has been added
 * @host: the pool, its used pages marked
 */
void kmemp_stock_withhold(struct kmemp_host *host)
{
	s64 want = missing(host, 0);

	if (want > 0)
		kmemp_pages_withhold_offline(&host->pages, want);
}

static struct page *alloc_node(int nid, gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;

	if (managed_zone(&NODE_DATA(nid)->node_zones[ZONE_MOVABLE]))
		page = alloc_pages_node(nid, gfp | STOCK_MOVABLE, order);
	if (!page)
		page = alloc_pages_node(nid, gfp, order);
	if (page && order)
		split_page(page, order);
	return page;
}

/* Park what can be parked of @nr pages, the rest is @rejected. */
static unsigned long park(struct kmemp_host *host, struct page *page,
			  unsigned long nr, struct list_head *rejected)
{
	unsigned long done = 0;

	for (; nr; nr--, page++) {
		if (kmemp_pages_park(&host->pages, page))
			done++;
		else
			list_add(&page->lru, rejected);
	}
	return done;
}

static void free_rejected(struct list_head *rejected)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, rejected, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

/* Take up to @want pages from the allocator; those that do not fit go back. */
static u64 take(struct kmemp_host *host, u64 want)
{
	unsigned int order = STOCK_ORDER;
	unsigned long nr_rejected = 0;
	LIST_HEAD(rejected);
	struct page *page;
	u64 done = 0;

	if (!node_online(host->nid))
		return 0;
	while (done < want && nr_rejected < STOCK_MAX_REJECTED) {
		unsigned long nr, parked;
		gfp_t gfp = STOCK_GFP;

		/* Whoever wrote the limit may give up waiting. */
		if (fatal_signal_pending(current))
			break;
		nr = 1UL << order;
		if (want - done < nr) {
			order--;
			continue;
		}
		if (order)
			gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
		page = alloc_node(host->nid, gfp, order);
		if (!page && !order)
			break;
		if (!page) {
			/* Compaction has failed: not again for each page. */
			order--;
			continue;
		}
		parked = park(host, page, nr, &rejected);
		done += parked;
		nr_rejected += nr - parked;
		cond_resched();
	}
	/* Freed only now, or the allocator would hand them out again. */
	free_rejected(&rejected);
	return done;
}

/**
 * kmemp_stock_grow - pages for data that is being added
 * @host: the pool
 * @nr: pages that are wanted now
 *
 * As many as are missing then, and up to 2 MiB ahead where they cost nothing.
 * Takes no lock that who reclaims memory may hold: this may be writeback on
 * behalf of them. Context: may sleep.
 */
void kmemp_stock_grow(struct kmemp_host *host, u32 nr)
{
	unsigned long chunk = 1UL << STOCK_ORDER;
	s64 want = missing(host, nr);
	LIST_HEAD(rejected);
	struct page *page;

	if (want <= 0 || !node_online(host->nid))
		return;
	/* Far behind: that is for the balance, which may reclaim. */
	want = min_t(s64, want, 2 * chunk);
	page = alloc_node(host->nid, STOCK_GFP_SPARE, STOCK_ORDER);
	if (page)
		want -= park(host, page, chunk, &rejected);
	while (want > 0) {
		page = alloc_node(host->nid, STOCK_GFP_NOIO, 0);
		if (!page || !park(host, page, 1, &rejected))
			break;
		want--;
	}
	free_rejected(&rejected);
}

/**
 * kmemp_stock_grow_chunk - 2 MiB in one piece, if that costs nobody anything
 * @host: the pool
 * @page: filled in: first page index
 *
 * They are in stock, where anybody may take them.
 *
 * Return: false where the node has not got them.
 */
bool kmemp_stock_grow_chunk(struct kmemp_host *host, u64 *page)
{
	unsigned long nr = 1UL << STOCK_ORDER, parked;
	LIST_HEAD(rejected);
	struct page *first;

	if (!node_online(host->nid))
		return false;
	first = alloc_node(host->nid, STOCK_GFP_SPARE, STOCK_ORDER);
	if (!first)
		return false;
	*page = page_to_pfn(first) - host->pages.base_pfn;
	parked = park(host, first, nr, &rejected);
	free_rejected(&rejected);
	return parked == nr;
}

/**
 * kmemp_stock_balance - make the stock what it should be
 * @host: the pool
 *
 * Context: may sleep and reclaim; holds nothing that writeback may need.
 *
 * Return: 0, or -ENOSPC when the node has no more to give.
 */
int kmemp_stock_balance(struct kmemp_host *host)
{
	int ret = 0;
	s64 want;

	kmemp_supply_collect(host);
	mutex_lock(&host->stock_lock);
	/* Work that was queued while the pool was closed behind it. */
	if (READ_ONCE(host->leaving))
		goto out;
	want = missing(host, atomic_read(&host->wanted));
	if (want > 0)
		want -= kmemp_pages_withhold_offline(&host->pages, want);
	if (want > 0)
		want -= take(host, want);
	if (want > 0)
		ret = -ENOSPC;
	/*
	 * A part at a time: what is too much now others may take meanwhile, and
	 * the reserve must not go to RAM instead.
	 */
	while (want < 0 &&
	       kmemp_pages_release(&host->pages,
				   min_t(s64, -want,
					 max_t(s64, -want / RELEASE_PART,
					       RELEASE_LEAST))))
		want = missing(host, atomic_read(&host->wanted));
	trace_kmemp_balance(host->name, host->pages.nr_used,
			    host->pages.nr_withheld, ret);
out:
	mutex_unlock(&host->stock_lock);
	wake_up_all(&host->supply);
	return ret;
}

/**
 * kmemp_stock_work - the same, after blocks have come or gone, or pages
 * @work: host->balance
 */
void kmemp_stock_work(struct work_struct *work)
{
	struct kmemp_host *host = container_of(to_delayed_work(work),
					       struct kmemp_host, balance);

	kmemp_stock_balance(host);
}
