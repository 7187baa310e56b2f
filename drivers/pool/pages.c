// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns which page of a pool.
 *
 * Three bitmaps over the device's pages: *used* (metadata, data, bad),
 * *withheld* (never given to the page allocator) and *owned* (a commit may
 * store into it). used is part of withheld; withheld and not used is the stock,
 * from which commits take. owned is part of used: a page that was freed leaves
 * it with the commit that gives it back, and used when its last reader has
 * gone. Pages outside the window can never be RAM and are always withheld.
 *
 * A withheld page of an online block is *parked*: PageOffline, one reference,
 * and not counted as managed. States of a block, and what each means for its
 * pages:
 *
 *	OFFLINE		nobody looks at the memmap; the map may change
 *	GOING_ONLINE	the online-page callback reads the map; it is frozen
 *	ONLINE		withheld == parked, the rest is the allocator's
 *	GOING_OFFLINE	parked pages have no reference, so that the kernel's
 *			scan lets them pass; the map is frozen
 *
 * Exact steps per page, as both kernels want them (mm/memory_hotplug.c and
 * mm/page_alloc.c of 6.1.192 and 6.12.117; drivers/virtio/virtio_mem.c is the
 * kernel's own user of the same protocol):
 *
 *			6.1				6.12
 *	online		reserved -> PageOffline		is PageOffline already
 *	park		PageOffline, managed -1		the same
 *	release		not PageOffline, managed +1	the same
 *	going offline	reference -1, managed +1	reference -1; managed +1
 *			(offline subtracts all pages)	only for poisoned pages,
 *							which it counts twice
 *	cancelled	the reverse			the reverse
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "host.h"

/*
 * Whether hot-added pages are born PageOffline (since 6.11) or PageReserved.
 * The kernel's accounting at offline goes with it. Learned from the first page
 * that the callback is shown, which is before any block can go offline.
 */
static bool born_offline __read_mostly;

static unsigned long index_pfn(const struct kmemp_pages *pages, u64 page)
{
	return pages->base_pfn + page;
}

static enum kmemp_block state_of(struct kmemp_pages *pages, u64 page)
{
	lockdep_assert_held(&pages->lock);
	return pages->block[kmemp_pages_block(pages, page)];
}

/*
 * Most words of a bitmap that are changed under one holding of the lock: a
 * pool of 1 TiB has four million.
 */
#define LOCKED_WORDS	1024

/* Bits of the pages from @page to before @end in the word of @page. */
static unsigned long word_bits(u64 page, u64 end)
{
	unsigned long bits = BITMAP_FIRST_WORD_MASK(page % BITS_PER_LONG);

	if (page / BITS_PER_LONG == end / BITS_PER_LONG)
		bits &= ~BITMAP_FIRST_WORD_MASK(end % BITS_PER_LONG);
	return bits;
}

/* Set these bits; how many of them are new and lie in the pool? */
static unsigned int set_word(const struct kmemp_pages *pages,
			     unsigned long *map, u64 page, u64 end)
{
	unsigned long *word = map + page / BITS_PER_LONG;
	unsigned long bits = word_bits(page, end) & ~*word;

	lockdep_assert_held(&pages->lock);
	*word |= bits;
	if (page >= pages->pool_pages)
		return 0;
	return hweight_long(bits &
			    word_bits(page, min(end, pages->pool_pages)));
}

static void withhold_word(struct kmemp_pages *pages, u64 page, u64 end)
{
	pages->nr_withheld += set_word(pages, pages->withheld, page, end);
	pages->next_stock = min(pages->next_stock, page);
}

static void set_withheld(struct kmemp_pages *pages, u64 page)
{
	withhold_word(pages, page, page + 1);
}

static void mark_word(struct kmemp_pages *pages, u64 page, u64 end,
		      enum kmemp_use use)
{
	unsigned int nr = set_word(pages, pages->used, page, end);

	withhold_word(pages, page, end);
	set_word(pages, pages->owned, page, end);
	pages->nr_used += nr;
	if (use == KMEMP_USE_BAD)
		pages->nr_bad += nr;
}

static u64 next_word(u64 page)
{
	return round_down(page, BITS_PER_LONG) + BITS_PER_LONG;
}

static void clear_withheld(struct kmemp_pages *pages, u64 page)
{
	lockdep_assert_held(&pages->lock);
	if (__test_and_clear_bit(page, pages->withheld) &&
	    page < pages->pool_pages)
		pages->nr_withheld--;
}

/**
 * kmemp_pages_init - an empty map
 * @pages: filled in
 * @device: whose pages
 * @pool_pages: pages of the pool
 *
 * All pages outside the window are withheld, no page is used.
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_pages_init(struct kmemp_pages *pages,
		     const struct kmemp_device *device, u64 pool_pages)
{
	u64 nr_blocks, page;

	spin_lock_init(&pages->lock);
	xa_init(&pages->bad);
	pages->base_pfn = PHYS_PFN(device->start);
	pages->nr_pages = device->size >> PAGE_SHIFT;
	pages->pool_pages = pool_pages;
	pages->window_first = (device->window_start - device->start) >>
			      PAGE_SHIFT;
	pages->window_end = pages->window_first +
			    (device->window_size >> PAGE_SHIFT);
	pages->block_pages = memory_block_size_bytes() >> PAGE_SHIFT;
	nr_blocks = (pages->window_end - pages->window_first) /
		    pages->block_pages;

	pages->block = kvcalloc(nr_blocks, sizeof(*pages->block), GFP_KERNEL);
	pages->used = kvcalloc(BITS_TO_LONGS(pages->nr_pages), sizeof(long),
			       GFP_KERNEL);
	pages->withheld = kvcalloc(BITS_TO_LONGS(pages->nr_pages),
				   sizeof(long), GFP_KERNEL);
	pages->owned = kvcalloc(BITS_TO_LONGS(pages->nr_pages), sizeof(long),
				GFP_KERNEL);
	if (!pages->block || !pages->used || !pages->withheld ||
	    !pages->owned) {
		kmemp_pages_destroy(pages);
		return -ENOMEM;
	}
	spin_lock(&pages->lock);
	for (page = 0; page < pages->window_first; page = next_word(page))
		withhold_word(pages, page, pages->window_first);
	for (page = pages->window_end; page < pages->nr_pages;
	     page = next_word(page))
		withhold_word(pages, page, pages->nr_pages);
	spin_unlock(&pages->lock);
	return 0;
}

/**
 * kmemp_pages_destroy - free the map
 * @pages: as initialised
 */
void kmemp_pages_destroy(struct kmemp_pages *pages)
{
	xa_destroy(&pages->bad);
	kvfree(pages->owned);
	kvfree(pages->withheld);
	kvfree(pages->used);
	kvfree(pages->block);
	pages->owned = NULL;
	pages->withheld = NULL;
	pages->used = NULL;
	pages->block = NULL;
}

/**
 * kmemp_pages_dram_bytes - DRAM that the map costs
 * @pages: as initialised
 *
 * Return: bytes.
 */
u64 kmemp_pages_dram_bytes(const struct kmemp_pages *pages)
{
	return 3 * BITS_TO_LONGS(pages->nr_pages) * sizeof(long) +
	       (pages->window_end - pages->window_first) / pages->block_pages;
}

/**
 * kmemp_pages_mark_used - pages that hold something
 * @pages: the map
 * @page: first page index
 * @count: how many; the caller checked that they lie in the device
 * @use: what they hold
 *
 * Each page must be withheld already, or lie in a block that is offline.
 * Context: may sleep.
 */
void kmemp_pages_mark_used(struct kmemp_pages *pages, u64 page, u64 count,
			   enum kmemp_use use)
{
	u64 end = page + count;

	while (page < end) {
		unsigned int words;

		spin_lock(&pages->lock);
		for (words = 0; page < end && words < LOCKED_WORDS; words++) {
			mark_word(pages, page, end, use);
			page = next_word(page);
		}
		spin_unlock(&pages->lock);
		cond_resched();
	}
}

/**
 * kmemp_pages_keep_bad - a page turned bad: keep it, if it is the pool's
 * @pages: the map
 * @page: page index in the pool
 *
 * Context: pages->lock held.
 *
 * Return: false for a page that is the allocator's.
 */
bool kmemp_pages_keep_bad(struct kmemp_pages *pages, u64 page)
{
	lockdep_assert_held(&pages->lock);
	if (!test_bit(page, pages->withheld) &&
	    state_of(pages, page) != KMEMP_BLOCK_OFFLINE)
		return false;
	mark_word(pages, page, page + 1, KMEMP_USE_BAD);
	return true;
}

/**
 * kmemp_pages_in_use - is each of these pages in use?
 * @pages: the map
 * @first: page index
 * @last: page index, included
 *
 * Without the lock: the caller knows that they do not change.
 *
 * Return: false where one of them may be RAM, or lies behind the device.
 */
bool kmemp_pages_in_use(const struct kmemp_pages *pages, u64 first, u64 last)
{
	for (; first <= last; first++)
		if (first >= pages->nr_pages || !test_bit(first, pages->used))
			return false;
	return true;
}

/**
 * kmemp_pages_owned - may a commit store into each of these pages?
 * @pages: the map
 * @first: page index
 * @last: page index, included
 *
 * Context: with the commit right. What a format has is given back under it, and
 * is disowned before it is: no page that this finds can become RAM before the
 * commit ends. Without the lock: what front ends take and return meanwhile are
 * other pages' bits.
 *
 * Return: false where one of them is not in use any more.
 */
bool kmemp_pages_owned(const struct kmemp_pages *pages, u64 first, u64 last)
{
	for (; first <= last; first++)
		if (first >= pages->nr_pages || !test_bit(first, pages->owned))
			return false;
	return true;
}

/**
 * kmemp_pages_disown - no commit stores into these pages any more
 * @pages: the map
 * @page: first page index
 * @count: how many
 *
 * Context: pages->lock held.
 */
void kmemp_pages_disown(struct kmemp_pages *pages, u64 page, u64 count)
{
	u64 end = min(page + count, pages->pool_pages);

	lockdep_assert_held(&pages->lock);
	if (page < end)
		bitmap_clear(pages->owned, page, end - page);
}

/**
 * kmemp_pages_turned_bad - has one of these pages turned bad?
 * @pages: the map
 * @first: page index
 * @last: page index, included
 *
 * Return: true if one was reported since the pool was opened.
 */
bool kmemp_pages_turned_bad(struct kmemp_pages *pages, u64 first, u64 last)
{
	unsigned long at = first;

	return !xa_empty(&pages->bad) &&
	       xa_find(&pages->bad, &at, last, XA_PRESENT);
}

/* Does the kernel know, or do we, that a page is bad? */
static bool known_bad(struct kmemp_pages *pages, u64 page)
{
	struct page *p;

	if (kmemp_pages_turned_bad(pages, page, page))
		return true;
	if (!kmemp_pages_in_window(pages, page))
		return false;
	p = pfn_to_online_page(index_pfn(pages, page));
	return p && PageHWPoison(p);
}

/* Lowest page of the stock from @from on; what is outside the window first. */
static bool find_first_stock(struct kmemp_pages *pages, u64 from, u64 *found)
{
	u64 word = from / BITS_PER_LONG;
	u64 nr_words = BITS_TO_LONGS(pages->pool_pages);

	lockdep_assert_held(&pages->lock);
	for (; word < nr_words; word++) {
		unsigned long bits = pages->withheld[word] & ~pages->used[word];

		if (word == from / BITS_PER_LONG)
			bits &= BITMAP_FIRST_WORD_MASK(from);
		if (bits) {
			*found = word * BITS_PER_LONG + __ffs(bits);
			return *found < pages->pool_pages;
		}
	}
	return false;
}

/**
 * kmemp_pages_take - put pages of the stock into use
 * @pages: the map
 * @out: their indices
 * @nr: how many
 * @keep: how many the stock must still have afterwards
 *
 * Return: true if they were taken; false: none was.
 */
bool kmemp_pages_take(struct kmemp_pages *pages, u64 *out, u32 nr, u64 keep)
{
	u64 page = 0;
	u32 i;

	spin_lock(&pages->lock);
	if (pages->nr_withheld - pages->nr_used < nr + keep) {
		spin_unlock(&pages->lock);
		return false;
	}
	page = pages->next_stock;
	for (i = 0; i < nr && find_first_stock(pages, page, &page); i++) {
		__set_bit(page, pages->used);
		__set_bit(page, pages->owned);
		out[i] = page++;
	}
	pages->next_stock = page;
	pages->nr_used += i;
	spin_unlock(&pages->lock);
	/* The counts say that they are there. */
	WARN_ON_ONCE(i < nr);
	return i == nr;
}

/* Are all of these in stock, and fit for use? */
static bool run_in_stock(struct kmemp_pages *pages, u64 page, u64 end)
{
	lockdep_assert_held(&pages->lock);
	for (; page < end; page++)
		if (!test_bit(page, pages->withheld) ||
		    test_bit(page, pages->used) || known_bad(pages, page))
			return false;
	return true;
}

/**
 * kmemp_pages_take_run - put pages of the stock into use that follow each other
 * @pages: the map
 * @page: first page index
 * @nr: how many, within the pool
 * @keep: how many the stock must still have afterwards
 *
 * Return: true if they were taken; false: none was.
 */
bool kmemp_pages_take_run(struct kmemp_pages *pages, u64 page, u64 nr, u64 keep)
{
	u64 end = page + nr;
	bool taken;

	spin_lock(&pages->lock);
	taken = pages->nr_withheld - pages->nr_used >= nr + keep &&
		run_in_stock(pages, page, end);
	if (taken) {
		bitmap_set(pages->used, page, nr);
		bitmap_set(pages->owned, page, nr);
		pages->nr_used += nr;
	}
	spin_unlock(&pages->lock);
	return taken;
}

/*
 * A page is stock again, unless it is bad. Looked at under the lock: who reports
 * a bad page has made it known before he looks, under the lock, whether it is in
 * use.
 */
static bool restock(struct kmemp_pages *pages, u64 page)
{
	lockdep_assert_held(&pages->lock);
	if (known_bad(pages, page))
		return false;
	if (__test_and_clear_bit(page, pages->used))
		pages->nr_used--;
	pages->next_stock = min(pages->next_stock, page);
	return true;
}

/**
 * kmemp_pages_give - pages are in use no more
 * @pages: the map
 * @page: first page index
 * @count: how many
 *
 * They are stock again, and it is for the balance to make RAM of them. A bad
 * page stays in use.
 *
 * Return: the first page that is bad, or the page behind the last.
 */
u64 kmemp_pages_give(struct kmemp_pages *pages, u64 page, u64 count)
{
	u64 behind = page + count;
	u64 end = min(behind, pages->pool_pages);

	while (page < end) {
		/* Each page is looked at: fewer than where words are set. */
		u64 part = min(end, page + LOCKED_WORDS);

		spin_lock(&pages->lock);
		while (page < part && restock(pages, page))
			page++;
		spin_unlock(&pages->lock);
		if (page < part)
			return page;
		cond_resched();
	}
	return behind;
}

/**
 * kmemp_pages_put_back - pages that were taken are not needed
 * @pages: the map
 * @list: their indices, inside the pool
 * @nr: how many
 *
 * No commit stores into them, and they are stock again, as by
 * kmemp_pages_give().
 *
 * Return: how many of them; that of @list at this index is bad if there is one.
 */
u32 kmemp_pages_put_back(struct kmemp_pages *pages, const u64 *list, u32 nr)
{
	u32 i = 0;

	while (i < nr) {
		u32 part = min_t(u32, nr, i + LOCKED_WORDS);

		spin_lock(&pages->lock);
		for (; i < part; i++) {
			__clear_bit(list[i], pages->owned);
			if (!restock(pages, list[i]))
				break;
		}
		spin_unlock(&pages->lock);
		if (i < part)
			break;
		cond_resched();
	}
	return i;
}

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
		if (done - locked >= LOCKED_WORDS) {
			locked = done;
			spin_unlock(&pages->lock);
			cond_resched();
			spin_lock(&pages->lock);
		}
		if (state_of(pages, page) != KMEMP_BLOCK_OFFLINE) {
			page = pages->window_first + pages->block_pages *
			       (kmemp_pages_block(pages, page) + 1);
			continue;
		}
		page = find_next_zero_bit(pages->withheld, end, page);
		if (page >= end)
			break;
		if (state_of(pages, page) != KMEMP_BLOCK_OFFLINE)
			continue;
		set_withheld(pages, page);
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
	struct page *p = pfn_to_page(index_pfn(pages, page));

	lockdep_assert_held(&pages->lock);
	__ClearPageOffline(p);
	adjust_managed_page_count(p, 1);
	clear_withheld(pages, page);
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
		switch (state_of(pages, page)) {
		case KMEMP_BLOCK_ONLINE:
			end = page;
			if (PageHWPoison(pfn_to_page(index_pfn(pages, page))))
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
			if (state_of(pages, page) == KMEMP_BLOCK_ONLINE)
				batch[nr++] = unpark(pages, page);
			else
				clear_withheld(pages, page);
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
	    state_of(pages, index) == KMEMP_BLOCK_ONLINE) {
		__SetPageOffline(page);
		adjust_managed_page_count(page, -1);
		set_withheld(pages, index);
		parked = true;
	}
	spin_unlock(&pages->lock);
	return parked;
}

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
		unsigned long pfn = index_pfn(pages, page);
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
			keep(pfn_to_page(index_pfn(pages, index)));
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
		p = pfn_to_page(index_pfn(pages, page++));
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
	going = state_of(pages, page) == KMEMP_BLOCK_GOING_OFFLINE;
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
