// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a pool between its stock and the page allocator. See pages.h.
 */
#include <linux/bitmap.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/sched.h>

#include "pages.h"

/**
 * kmemp_pages_withhold_offline - stock up from blocks that are offline
 * @pages: the map
 * @count: pages wanted
 *
 * From the window's start upwards, so that single pages do not shatter the
 * rest. Needs no allocation: nobody has these pages. Context: may sleep.
 *
 * Return: pages withheld now that were not before.
 */
u64 kmemp_pages_withhold_offline(struct kmemp_pages *pages, u64 count)
{
	u64 end = min(pages->window_end, pages->pool_pages);
	u64 page = pages->window_first;
	u64 done = 0, locked = 0;

	spin_lock(&pages->lock);
	while (done < count && page < end) {
		if (done - locked >= KMEMP_LOCKED_WORDS) {
			locked = done;
			spin_unlock(&pages->lock);
			cond_resched();
			spin_lock(&pages->lock);
		}
		if (kmemp_pages_state(pages, page) != KMEMP_BLOCK_OFFLINE) {
			page = pages->window_first + pages->block_pages *
			       (kmemp_pages_block(pages, page) + 1);
			continue;
		}
		page = find_next_zero_bit(pages->withheld, end, page);
		if (page >= end)
			break;
		if (kmemp_pages_state(pages, page) != KMEMP_BLOCK_OFFLINE)
			continue;
		kmemp_pages_withhold(pages, page);
		done++;
		page++;
	}
	spin_unlock(&pages->lock);
	return done;
}

/* Pages that are freed under one holding of the lock. */
#define RELEASE_BATCH	64

/* Take one page of the stock back into the allocator's accounts. */
static struct page *unpark(struct kmemp_pages *pages, u64 page)
{
	struct page *p = pfn_to_page(kmemp_pages_pfn(pages, page));

	lockdep_assert_held(&pages->lock);
	__ClearPageOffline(p);
	adjust_managed_page_count(p, 1);
	kmemp_pages_unwithhold(pages, page);
	return p;
}

/*
 * Highest page of the stock below @end that may be released: in the window,
 * in a block that is not frozen, not known as bad.
 */
static bool find_stock(struct kmemp_pages *pages, u64 end, u64 *found)
{
	lockdep_assert_held(&pages->lock);
	while (end > pages->window_first) {
		u64 word = (end - 1) / BITS_PER_LONG;
		unsigned long bits = pages->withheld[word] & ~pages->used[word];
		u64 page;

		bits &= BITMAP_LAST_WORD_MASK(end - word * BITS_PER_LONG);
		if (!bits) {
			end = word * BITS_PER_LONG;
			continue;
		}
		page = word * BITS_PER_LONG + __fls(bits);
		if (page < pages->window_first)
			return false;
		switch (kmemp_pages_state(pages, page)) {
		case KMEMP_BLOCK_ONLINE:
			end = page;
			if (PageHWPoison(pfn_to_page(kmemp_pages_pfn(pages, page))))
				continue;
			fallthrough;
		case KMEMP_BLOCK_OFFLINE:
			*found = page;
			return true;
		default:
			/* frozen: none of this block */
			end = pages->window_first + pages->block_pages *
			      kmemp_pages_block(pages, page);
		}
	}
	return false;
}

/**
 * kmemp_pages_release - turn stock into RAM
 * @pages: the map
 * @count: pages
 *
 * From the window's end downwards. Only the window's pages can be released.
 * Others may take from the stock meanwhile: ask for a part of what is too much.
 *
 * Return: pages released; less than @count where there are no more, or where
 * they lie in blocks that are just coming or going.
 */
u64 kmemp_pages_release(struct kmemp_pages *pages, u64 count)
{
	struct page *batch[RELEASE_BATCH];
	u64 end = min(pages->window_end, pages->pool_pages);
	u64 done = 0;
	u64 page;

	while (done < count) {
		unsigned int nr = 0, seen = 0;

		spin_lock(&pages->lock);
		while (done < count && seen < RELEASE_BATCH &&
		       find_stock(pages, end, &page)) {
			if (kmemp_pages_state(pages, page) == KMEMP_BLOCK_ONLINE)
				batch[nr++] = unpark(pages, page);
			else
				kmemp_pages_unwithhold(pages, page);
			end = page;
			seen++;
			done++;
		}
		spin_unlock(&pages->lock);
		if (!seen)
			break;
		while (nr)
			__free_page(batch[--nr]);
		cond_resched();
	}
	return done;
}

/**
 * kmemp_pages_park - withhold a page that the allocator has just given us
 * @pages: the map
 * @page: allocated, order 0, one reference
 *
 * Return: true when it is parked; false when it cannot be (its block is just
 * going offline, or it lies behind the pool): the caller still owns it.
 */
bool kmemp_pages_park(struct kmemp_pages *pages, struct page *page)
{
	u64 index = page_to_pfn(page) - pages->base_pfn;
	bool parked = false;

	spin_lock(&pages->lock);
	if (kmemp_pages_in_window(pages, index) && index < pages->pool_pages &&
	    kmemp_pages_state(pages, index) == KMEMP_BLOCK_ONLINE) {
		__SetPageOffline(page);
		adjust_managed_page_count(page, -1);
		kmemp_pages_withhold(pages, index);
		parked = true;
	}
	spin_unlock(&pages->lock);
	return parked;
}
