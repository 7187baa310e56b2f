// SPDX-License-Identifier: GPL-2.0
/*
 * The stock: withheld pages that hold nothing yet.
 *
 * A commit never allocates, so that overwriting and removing work on a full
 * node. What it may need is in stock beforehand: this file keeps the number of
 * withheld pages at max(data_min, used + reserve), taking from the page
 * allocator and giving back, whenever blocks, limits or use have changed.
 * Pages outside the window are in stock from the start and serve first.
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
/* What opens a movable zone; such pages are never moved, only offlined. */
#define STOCK_MOVABLE	(__GFP_HIGHMEM | __GFP_MOVABLE)

/*
 * Take 2 MiB at a time while that much is missing and to be had, then less:
 * single pages shatter.
 */
#define STOCK_ORDER	9

/* Pages set aside because they cannot be parked, before giving up. */
#define STOCK_MAX_REJECTED	(4UL << STOCK_ORDER)

/* How many pages the allocator must not have when @more are put into use. */
static u64 target_with(struct kmemp_host *host, u64 more)
{
	struct kmemp_pages *pages = &host->pages;
	u64 target;

	spin_lock(&pages->lock);
	target = pages->nr_used + more;
	spin_unlock(&pages->lock);
	target += kmemp_pool_reserve(&host->pool, target);
	target = max(target, READ_ONCE(host->pool.super.data_min));
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

static struct page *alloc_node(int nid, unsigned int order)
{
	gfp_t gfp = STOCK_GFP;
	struct page *page = NULL;

	if (order)
		gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
	if (managed_zone(&NODE_DATA(nid)->node_zones[ZONE_MOVABLE]))
		page = alloc_pages_node(nid, gfp | STOCK_MOVABLE, order);
	if (!page)
		page = alloc_pages_node(nid, gfp, order);
	return page;
}

/* Take up to @want pages from the allocator; those that do not fit go back. */
static u64 take(struct kmemp_host *host, u64 want)
{
	unsigned int order = STOCK_ORDER;
	unsigned long nr_rejected = 0;
	LIST_HEAD(rejected);
	struct page *page, *next;
	u64 done = 0;

	if (!node_online(host->nid))
		return 0;
	while (done < want && nr_rejected < STOCK_MAX_REJECTED) {
		unsigned long i, nr;

		/* Whoever wrote the limit may give up waiting. */
		if (fatal_signal_pending(current))
			break;
		nr = 1UL << order;
		if (want - done < nr) {
			order--;
			continue;
		}
		page = alloc_node(host->nid, order);
		if (!page && !order)
			break;
		if (!page) {
			/* Compaction has failed: not again for each page. */
			order--;
			continue;
		}
		if (order)
			split_page(page, order);
		for (i = 0; i < nr; i++) {
			if (kmemp_pages_park(&host->pages, page + i)) {
				done++;
			} else {
				list_add(&page[i].lru, &rejected);
				nr_rejected++;
			}
		}
		cond_resched();
	}
	/* Freed only now, or the allocator would hand them out again. */
	list_for_each_entry_safe(page, next, &rejected, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	return done;
}

/* Make the stock what it should be when @more pages are put into use. */
static int balance(struct kmemp_host *host, u64 more)
{
	int ret = 0;
	s64 want;

	mutex_lock(&host->stock_lock);
	/* Work that was queued while the pool was closed behind it. */
	if (READ_ONCE(host->leaving))
		goto out;
	want = missing(host, more);
	if (want > 0)
		want -= kmemp_pages_withhold_offline(&host->pages, want);
	if (want > 0)
		want -= take(host, want);
	if (want > 0)
		ret = -ENOSPC;
	else if (want < 0)
		kmemp_pages_release(&host->pages, -want);
	trace_kmemp_balance(host->name, host->pages.nr_used,
			    host->pages.nr_withheld, ret);
out:
	mutex_unlock(&host->stock_lock);
	return ret;
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
	return balance(host, 0);
}

/**
 * kmemp_stock_work - the same, after blocks have come or gone
 * @work: host->balance
 */
void kmemp_stock_work(struct work_struct *work)
{
	struct kmemp_host *host = container_of(work, struct kmemp_host,
					       balance);

	kmemp_stock_balance(host);
}

static int stock_take(void *arg, u64 *pages, u32 nr, bool adds)
{
	struct kmemp_host *host = arg;
	u64 keep = adds ? kmemp_pool_reserve(&host->pool,
					     READ_ONCE(host->pages.nr_used) +
					     nr) : 0;

	if (kmemp_pages_take(&host->pages, pages, nr, keep))
		return 0;
	/* What it gains may be gone again by now; then the node is full. */
	balance(host, nr);
	if (kmemp_pages_take(&host->pages, pages, nr, keep))
		return 0;
	return -ENOSPC;
}

static void stock_give(void *arg, u64 page, u64 count)
{
	struct kmemp_host *host = arg;

	kmemp_pages_give(&host->pages, page, count);
	queue_work(system_unbound_wq, &host->balance);
}

/* Metadata pages come from the stock and return to it. */
const struct kmemp_page_source kmemp_stock_source = {
	.take = stock_take,
	.give = stock_give,
};
