// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages are in use, for who writes it down when the pool goes: see
 * plugins/core/used_map.c. Nothing holds the pool, and all that was freed has
 * come back.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "host.h"

/* Pages that are looked at under the lock. */
#define LOOK_PAGES	(1ULL << 22)

/* What a holder has taken no batch may have mapped yet. */
static bool used_begin(void *arg)
{
	struct kmemp_host *host = arg;
	bool settled;

	kmemp_supply_collect(host);
	spin_lock(&host->pages.lock);
	settled = !host->nr_holds && !host->returns.nr;
	spin_unlock(&host->pages.lock);
	return settled;
}

static bool used_next(void *arg, u64 *page, u64 *count)
{
	struct kmemp_host *host = arg;
	struct kmemp_pages *pages = &host->pages;
	bool found = false;

	while (!found && *page < pages->pool_pages) {
		u64 end = min(pages->pool_pages, *page + LOOK_PAGES);

		spin_lock(&pages->lock);
		*page = find_next_bit(pages->used, end, *page);
		found = *page < end;
		if (found)
			*count = find_next_zero_bit(pages->used, end, *page) -
				 *page;
		spin_unlock(&pages->lock);
		cond_resched();
	}
	return found;
}

/* Behind the stock from @page on, or in it @nr pages. */
static bool stock_run(struct kmemp_pages *pages, u64 page, u64 nr, u64 *end)
{
	u64 last = min(page + nr, pages->pool_pages);

	for (*end = page; *end < last; ++*end)
		if (!test_bit(*end, pages->withheld) ||
		    test_bit(*end, pages->used))
			return false;
	return *end == page + nr;
}

/*
 * From the stock, which nobody else takes from now. Once they hold the map they
 * are in use, so that whoever does come yet stores nothing into them.
 */
static u64 used_room(void *arg, u64 nr)
{
	struct kmemp_host *host = arg;
	struct kmemp_pages *pages = &host->pages;
	u64 page = 0, end;
	bool found;

	while (page + nr <= pages->pool_pages) {
		spin_lock(&pages->lock);
		page = find_next_bit(pages->withheld,
				     min(pages->pool_pages, page + LOOK_PAGES),
				     page);
		found = stock_run(pages, page, nr, &end);
		spin_unlock(&pages->lock);
		if (found && kmemp_pages_take_run(pages, page, nr, 0))
			return page;
		page = end + 1;
		cond_resched();
	}
	return 0;
}

/**
 * kmemp_used_source - who knows which pages of a pool are in use
 * @host: the pool
 * @source: filled in
 */
void kmemp_used_source(struct kmemp_host *host,
		       struct kmemp_used_source *source)
{
	*source = (struct kmemp_used_source) {
		.begin = used_begin,
		.next = used_next,
		.room = used_room,
		.arg = host,
	};
}
