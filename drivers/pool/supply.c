// SPDX-License-Identifier: GPL-2.0
/*
 * Supply: pages for data and metadata, from the stock and back to it.
 *
 * Whoever asks may be writing back memory that the kernel wants to free, so
 * nothing here allocates beyond what GFP_NOIO does, and who waits for the
 * balance, which does, waits for a bounded time. Three customers, and what the stock must still have when they have been served:
 *
 *	adds data or metadata	the whole reserve, as it is with their pages
 *	overwrites data		the reserve without the pages in flight
 *	metadata of overwrites	nothing: it is what the reserve is for
 *
 * so that overwriting and removing go on however full the node is, and adding
 * ends first.
 *
 * A freed page returns to the stock when those who looked it up before it was
 * freed have ended their copies (SRCU). Until then it stands in host->returns
 * and counts as used. A page that nothing referred to returns at once. While the
 * pool is verified freed pages stay in host->kept, until it ends or somebody
 * needs them.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "host.h"

/* Returned pages become RAM in the background, many at a time. */
#define BALANCE_DELAY		msecs_to_jiffies(50)

/*
 * Who overwrites waits for others' pages to come back; each commit brings some.
 * Nothing at all for that long means that the reserve is not there.
 */
#define WAIT_ROUND		msecs_to_jiffies(100)
#define WAIT_ROUNDS		300

/* Who adds waits for the balance, which may reclaim. */
#define ADD_ROUND		msecs_to_jiffies(100)
#define ADD_ROUNDS		20

/* What a customer leaves to others. */
enum customer {
	ADDS,
	OVERWRITES,
	METADATA,
};

static u64 keep(struct kmemp_host *host, enum customer customer, u32 nr)
{
	u64 used = READ_ONCE(host->pages.nr_used);

	switch (customer) {
	case ADDS:
		return kmemp_pool_reserve(&host->pool, used + nr);
	case OVERWRITES:
		return kmemp_pool_reserve(&host->pool, used) -
		       KMEMP_RESERVE_INFLIGHT;
	case METADATA:
		break;
	}
	return 0;
}

static bool take(struct kmemp_host *host, u64 *pages, u32 nr,
		 enum customer customer)
{
	return kmemp_pages_take(&host->pages, pages, nr,
				keep(host, customer, nr));
}

/* Everything that was freed, by whomever, into the stock. */
static void recall(struct kmemp_host *host)
{
	kmemp_pool_retire(&host->pool);
	kmemp_supply_release(host);
	kmemp_supply_collect(host);
}

/*
 * The node may be full of what can be reclaimed, only not by us: the balance
 * does it. A writer waits for it for a while before the pool is full. For a
 * second after that nobody else waits: a file system that writes back much must
 * not hang over each part of it.
 */
static int wait_to_add(struct kmemp_host *host, u64 *pages, u32 nr)
{
	unsigned int round;
	bool taken = false;

	mod_delayed_work(system_unbound_wq, &host->balance, 0);
	if (time_before(jiffies, READ_ONCE(host->full_until)))
		return -ENOSPC;
	atomic_add(nr, &host->wanted);
	for (round = 0; round < ADD_ROUNDS && !taken; round++) {
		taken = wait_event_timeout(host->supply,
					   take(host, pages, nr, ADDS),
					   ADD_ROUND);
		if (!taken)
			mod_delayed_work(system_unbound_wq, &host->balance, 0);
	}
	atomic_sub(nr, &host->wanted);
	if (taken)
		return 0;
	WRITE_ONCE(host->full_until, jiffies + HZ);
	return -ENOSPC;
}

static int supply(struct kmemp_host *host, u64 *pages, u32 nr,
		  enum customer customer)
{
	unsigned int round;

	if (take(host, pages, nr, customer))
		return 0;
	if (customer == ADDS) {
		kmemp_stock_grow(host, nr);
		if (take(host, pages, nr, customer))
			return 0;
	}
	kmemp_supply_collect(host);
	if (take(host, pages, nr, customer))
		return 0;
	recall(host);
	if (take(host, pages, nr, customer))
		return 0;
	if (customer == ADDS)
		return wait_to_add(host, pages, nr);
	mod_delayed_work(system_unbound_wq, &host->balance, 0);
	for (round = 0; round < WAIT_ROUNDS; round++) {
		if (READ_ONCE(host->pool.failed))
			return -EIO;
		if (wait_event_timeout(host->supply,
				       take(host, pages, nr, customer),
				       WAIT_ROUND))
			return 0;
		recall(host);
		mod_delayed_work(system_unbound_wq, &host->balance, 0);
	}
	pr_err_ratelimited("kmem %s: the reserve has been empty for 30 s; see: kmemp info %s\n",
			   host->name, host->name);
	return -ENOSPC;
}

static int source_take(void *arg, u64 *pages, u32 nr, bool adds)
{
	return supply(arg, pages, nr, adds ? ADDS : METADATA);
}

/* Returns false where the list is full. */
static bool note_return(struct kmemp_host *host, u64 page, u64 count)
{
	struct kmemp_returns *returns = &host->returns;
	struct kmemp_run *last;

	lockdep_assert_held(&host->pages.lock);
	last = returns->nr ? &returns->run[returns->nr - 1] : NULL;
	if (last && last->page + last->count == page) {
		last->count += count;
		return true;
	}
	if (returns->nr == KMEMP_RETURN_RUNS)
		return false;
	returns->run[returns->nr++] = (struct kmemp_run){ page, count };
	return true;
}

/* Is the pool being verified? Then nothing is stored into them. */
static bool keep_return(struct kmemp_host *host, u64 page, u64 count)
{
	u64 end = min(page + count, host->pages.nr_pages);

	lockdep_assert_held(&host->pages.lock);
	if (!host->kept)
		return false;
	if (page < end)
		bitmap_set(host->kept, page, end - page);
	return true;
}

/* No reader has seen them: into the stock at once, but bad ones, see give_run(). */
static void source_put_back(void *arg, const u64 *pages, u32 nr)
{
	struct kmemp_host *host = arg;
	u32 i;

	for (i = 0; i < nr; i++) {
		i += kmemp_pages_put_back(&host->pages, pages + i, nr - i);
		if (i < nr)
			kmemp_poison_report(host, pages[i], GFP_NOIO);
	}
	if (wq_has_sleeper(&host->supply))
		wake_up_all(&host->supply);
	queue_delayed_work(system_unbound_wq, &host->balance, BALANCE_DELAY);
}

static void source_give(void *arg, u64 page, u64 count)
{
	struct kmemp_host *host = arg;
	bool noted = false;

	while (!noted) {
		spin_lock(&host->pages.lock);
		noted = keep_return(host, page, count) ||
			note_return(host, page, count);
		if (noted)
			kmemp_pages_disown(&host->pages, page, count);
		spin_unlock(&host->pages.lock);
		if (!noted)
			kmemp_supply_collect(host);
	}
	queue_delayed_work(system_unbound_wq, &host->balance, BALANCE_DELAY);
}

static void source_pending(void *arg)
{
	kmemp_idle_arm(arg);
}

/* Pages of the reserve for commits, and the clock of the queue. */
const struct kmemp_page_source kmemp_supply_source = {
	.take = source_take,
	.put_back = source_put_back,
	.give = source_give,
	.pending = source_pending,
};

/* Bad pages stay where they are, and are recorded now that nothing uses them. */
static void give_run(struct kmemp_host *host, u64 page, u64 end)
{
	for (; page < end; page++) {
		page = kmemp_pages_give(&host->pages, page, end - page);
		if (page < end)
			kmemp_poison_report(host, page, GFP_NOIO);
	}
}

/**
 * kmemp_supply_collect - into the stock what readers have let go of
 * @host: the pool
 *
 * Context: may sleep; waits for readers, who wait for nothing but a commit's
 * stores.
 */
void kmemp_supply_collect(struct kmemp_host *host)
{
	struct kmemp_returns *returns = &host->collecting;
	unsigned int i;

	mutex_lock(&host->collect);
	spin_lock(&host->pages.lock);
	returns->nr = host->returns.nr;
	memcpy(returns->run, host->returns.run,
	       returns->nr * sizeof(*returns->run));
	host->returns.nr = 0;
	spin_unlock(&host->pages.lock);
	if (returns->nr) {
		synchronize_srcu_expedited(&host->readers);
		for (i = 0; i < returns->nr; i++)
			give_run(host, returns->run[i].page,
				 returns->run[i].page + returns->run[i].count);
		wake_up_all(&host->supply);
	}
	mutex_unlock(&host->collect);
}

/**
 * kmemp_supply_release - into the stock what was kept while the pool is verified
 * @host: the pool
 *
 * Nothing is kept from then on, so that a check which still runs is given up.
 * Context: as kmemp_supply_collect().
 */
void kmemp_supply_release(struct kmemp_host *host)
{
	u64 page, end, nr_pages = host->pages.nr_pages;
	unsigned long *kept;

	mutex_lock(&host->collect);
	spin_lock(&host->pages.lock);
	kept = host->kept;
	host->kept = NULL;
	spin_unlock(&host->pages.lock);
	if (kept) {
		synchronize_srcu_expedited(&host->readers);
		for (page = find_first_bit(kept, nr_pages); page < nr_pages;
		     page = find_next_bit(kept, nr_pages, end)) {
			end = find_next_zero_bit(kept, nr_pages, page);
			give_run(host, page, end);
		}
		wake_up_all(&host->supply);
		queue_delayed_work(system_unbound_wq, &host->balance,
				   BALANCE_DELAY);
		kvfree(kept);
	}
	mutex_unlock(&host->collect);
}

/**
 * kmemp_data_take - pages for data
 * @host: the pool, held
 * @pages: filled in; they hold whatever they hold
 * @nr: how many, at most KMEMP_DATA_PAGES
 * @adds: they are not to replace pages that are mapped
 *
 * They are to be wholly written, or mapped unwritten, and either mapped by a
 * batch or returned. Context: may sleep, holds nothing that another writer
 * needs; under memalloc_noio where writeback can wait for it.
 *
 * Return: 0; -ENOSPC where @adds and neither pool nor node can give more, or
 * data_max is reached; -EIO of a pool that has failed.
 */
int kmemp_data_take(struct kmemp_host *host, u64 *pages, u32 nr, bool adds)
{
	u64 max = READ_ONCE(host->pool.super.data_max);

	if (WARN_ON_ONCE(nr > KMEMP_DATA_PAGES))
		return -EINVAL;
	if (READ_ONCE(host->pool.failed))
		return -EIO;
	if (adds && max && READ_ONCE(host->pages.nr_used) + nr > max) {
		recall(host);
		if (READ_ONCE(host->pages.nr_used) + nr > max)
			return -ENOSPC;
	}
	return supply(host, pages, nr, adds ? ADDS : OVERWRITES);
}
EXPORT_SYMBOL_GPL(kmemp_data_take);

/**
 * kmemp_data_return - pages that were not mapped after all
 * @host: the pool
 * @pages: as taken
 * @nr: how many
 */
void kmemp_data_return(struct kmemp_host *host, const u64 *pages, u32 nr)
{
	source_put_back(host, pages, nr);
}
EXPORT_SYMBOL_GPL(kmemp_data_return);

/**
 * kmemp_data_take_chunk - pages for data in one piece, aligned in memory
 * @host: the pool, held
 * @page: filled in: first of KMEMP_CHUNK_PAGES page indices
 *
 * For what is better so, and can wait: no memory is reclaimed, and nobody's
 * reserve is touched. See kmemp_data_take() for the rest.
 *
 * Return: 0; -ENOSPC: not now; -EIO of a pool that has failed.
 */
int kmemp_data_take_chunk(struct kmemp_host *host, u64 *page)
{
	u64 max = READ_ONCE(host->pool.super.data_max);
	bool taken;

	if (READ_ONCE(host->pool.failed))
		return -EIO;
	if (READ_ONCE(host->leaving) ||
	    (max && READ_ONCE(host->pages.nr_used) + KMEMP_CHUNK_PAGES > max))
		return -ENOSPC;
	if (!kmemp_stock_grow_chunk(host, page))
		return -ENOSPC;
	/* What it replaces is freed: in the end no more is in use. */
	taken = kmemp_pages_take_run(&host->pages, *page, KMEMP_CHUNK_PAGES,
				     keep(host, OVERWRITES, KMEMP_CHUNK_PAGES));
	/* The stock has too much, now or when what it replaces is freed. */
	queue_delayed_work(system_unbound_wq, &host->balance, BALANCE_DELAY);
	return taken ? 0 : -ENOSPC;
}
EXPORT_SYMBOL_GPL(kmemp_data_take_chunk);

/**
 * kmemp_data_return_chunk - a chunk that was not mapped after all
 * @host: the pool
 * @page: as taken
 */
void kmemp_data_return_chunk(struct kmemp_host *host, u64 page)
{
	u64 list[KMEMP_DATA_PAGES], end = page + KMEMP_CHUNK_PAGES;
	u32 i;

	while (page < end) {
		for (i = 0; i < KMEMP_DATA_PAGES; i++)
			list[i] = page++;
		source_put_back(host, list, KMEMP_DATA_PAGES);
	}
}
EXPORT_SYMBOL_GPL(kmemp_data_return_chunk);

/**
 * kmemp_data_enter - begin to look up and copy
 * @host: the pool, held
 *
 * Pages that are looked up until kmemp_data_exit() stay what they are. No wait
 * for memory, and no copy that can fault, in between.
 *
 * Return: for kmemp_data_exit().
 */
int kmemp_data_enter(struct kmemp_host *host)
{
	int index = srcu_read_lock(&host->readers);

	/* For sparse: callers balance it, in other modules. */
	__release(&host->readers);
	return index;
}
EXPORT_SYMBOL_GPL(kmemp_data_enter);

/**
 * kmemp_data_exit - end of kmemp_data_enter()
 * @host: the pool
 * @index: as returned
 */
void kmemp_data_exit(struct kmemp_host *host, int index)
{
	__acquire(&host->readers);
	srcu_read_unlock(&host->readers, index);
}
EXPORT_SYMBOL_GPL(kmemp_data_exit);
