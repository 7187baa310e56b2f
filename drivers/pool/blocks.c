// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks of a pool that come and go, and its pages in them. See pages.h.
 */
#include <linux/bitmap.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "pages.h"

/*
 * Whether hot-added pages are born PageOffline (since 6.11) or PageReserved.
 * The kernel's accounting at offline goes with it. Learned from the first page
 * that the callback is shown, which is before any block can go offline.
 */
static bool born_offline __read_mostly;

/* A page of a block that comes online stays with the pool. */
static void keep(struct page *page)
{
	if (PageOffline(page))
		return;
	/*
	 * Readers of physical memory (/proc/kcore and the like) look at the
	 * flag between page_offline_freeze() and _thaw().
	 */
	page_offline_begin();
	ClearPageReserved(page);
	__SetPageOffline(page);
	page_offline_end();
}

/* Give [@page, @end) to the allocator in the largest aligned pieces. */
static void give_run(struct kmemp_pages *pages, u64 page, u64 end,
		     unsigned int max_order)
{
	while (page < end) {
		unsigned long pfn = kmemp_pages_pfn(pages, page);
		unsigned int order = min_t(unsigned int, __ffs(pfn), max_order);

		while (page + (1ULL << order) > end)
			order--;
		generic_online_page(pfn_to_page(pfn), order);
		page += 1ULL << order;
	}
}

/**
 * kmemp_pages_online - the online-page callback for a range of the window
 * @pages: the map
 * @page: first page
 * @order: of the range
 *
 * Context: memory hotplug lock held. The block is GOING_ONLINE, so its part of
 * the map does not change; neighbouring bits in the same word may, hence the
 * lock around each look at it.
 */
void kmemp_pages_online(struct kmemp_pages *pages, struct page *page,
			unsigned int order)
{
	u64 index = page_to_pfn(page) - pages->base_pfn;
	u64 end = index + (1ULL << order);

	born_offline = PageOffline(page);
	while (index < end) {
		u64 kept, free;

		spin_lock(&pages->lock);
		kept = find_next_bit(pages->withheld, end, index);
		free = find_next_zero_bit(pages->withheld, end, kept);
		spin_unlock(&pages->lock);

		give_run(pages, index, kept, order);
		for (index = kept; index < free; index++)
			keep(pfn_to_page(kmemp_pages_pfn(pages, index)));
	}
}

/**
 * kmemp_pages_set_blocks - memory blocks change their state
 * @pages: the map
 * @pfn: of the first block
 * @nr: pages, as the notifier named them
 * @state: the new one
 *
 * Context: pages->lock held, so that what decided on it still holds.
 */
void kmemp_pages_set_blocks(struct kmemp_pages *pages, unsigned long pfn,
			    unsigned long nr, enum kmemp_block state)
{
	u64 page = pfn - pages->base_pfn;
	u64 end = page + nr;

	lockdep_assert_held(&pages->lock);
	for (; page < end; page += pages->block_pages)
		pages->block[kmemp_pages_block(pages, page)] = state;
}

/**
 * kmemp_pages_online_end - they are online, or are not after all
 * @pages: the map
 * @pfn: of the first block
 * @nr: pages
 * @done: false: cancelled
 */
void kmemp_pages_online_end(struct kmemp_pages *pages, unsigned long pfn,
			    unsigned long nr, bool done)
{
	spin_lock(&pages->lock);
	kmemp_pages_set_blocks(pages, pfn, nr, done ? KMEMP_BLOCK_ONLINE :
						      KMEMP_BLOCK_OFFLINE);
	spin_unlock(&pages->lock);
}

/*
 * Take from (@leave) or give back to each withheld page of a frozen range the
 * reference that would keep its block from going offline.
 */
static void adjust_parked(struct kmemp_pages *pages, unsigned long pfn,
			  unsigned long nr, bool leave)
{
	u64 page = pfn - pages->base_pfn;
	u64 end = page + nr;
	long managed = 0;

	while (true) {
		struct page *p;

		spin_lock(&pages->lock);
		page = find_next_bit(pages->withheld, end, page);
		spin_unlock(&pages->lock);
		if (page >= end)
			break;
		p = pfn_to_page(kmemp_pages_pfn(pages, page++));
		if (leave)
			page_ref_dec(p);
		else
			page_ref_inc(p);
		managed += !born_offline || PageHWPoison(p);
	}
	adjust_managed_page_count(pfn_to_page(pfn), leave ? managed : -managed);
}

/**
 * kmemp_pages_offline_begin - let parked pages pass
 * @pages: the map
 * @pfn: of the first block
 * @nr: pages
 *
 * The caller set the blocks GOING_OFFLINE under the lock, when it decided that
 * they may go.
 */
void kmemp_pages_offline_begin(struct kmemp_pages *pages, unsigned long pfn,
			       unsigned long nr)
{
	adjust_parked(pages, pfn, nr, true);
}

/**
 * kmemp_pages_offline_end - blocks are offline, or stay online after all
 * @pages: the map
 * @pfn: of the first block
 * @nr: pages
 * @done: false: cancelled
 *
 * A cancellation is sent also to who refused or was never asked; then the
 * block is not GOING_OFFLINE and nothing is to be undone.
 */
void kmemp_pages_offline_end(struct kmemp_pages *pages, unsigned long pfn,
			     unsigned long nr, bool done)
{
	u64 page = pfn - pages->base_pfn;
	bool going;

	spin_lock(&pages->lock);
	going = kmemp_pages_state(pages, page) == KMEMP_BLOCK_GOING_OFFLINE;
	spin_unlock(&pages->lock);
	if (!going)
		return;
	if (!done)
		adjust_parked(pages, pfn, nr, false);
	spin_lock(&pages->lock);
	kmemp_pages_set_blocks(pages, pfn, nr, done ? KMEMP_BLOCK_OFFLINE :
						      KMEMP_BLOCK_ONLINE);
	spin_unlock(&pages->lock);
}

/**
 * kmemp_pages_online_count - pages of blocks that are not wholly offline
 * @pages: the map
 *
 * Return: pages, a multiple of the memory block's.
 */
u64 kmemp_pages_online_count(struct kmemp_pages *pages)
{
	u64 nr_blocks = (pages->window_end - pages->window_first) /
			pages->block_pages;
	u64 count = 0;
	u64 i;

	spin_lock(&pages->lock);
	for (i = 0; i < nr_blocks; i++)
		if (pages->block[i] != KMEMP_BLOCK_OFFLINE)
			count += pages->block_pages;
	spin_unlock(&pages->lock);
	return count;
}
