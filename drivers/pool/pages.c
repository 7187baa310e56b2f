// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns which page of a pool: the bitmaps. See pages.h.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "pages.h"

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

/**
 * kmemp_pages_withhold - one more page that the allocator never has
 * @pages: the map
 * @page: page index
 *
 * Context: pages->lock held.
 */
void kmemp_pages_withhold(struct kmemp_pages *pages, u64 page)
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

/**
 * kmemp_pages_unwithhold - a page is the allocator's from now on
 * @pages: the map
 * @page: page index
 *
 * Context: pages->lock held.
 */
void kmemp_pages_unwithhold(struct kmemp_pages *pages, u64 page)
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
		for (words = 0; page < end && words < KMEMP_LOCKED_WORDS; words++) {
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
	    kmemp_pages_state(pages, page) != KMEMP_BLOCK_OFFLINE)
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
	p = pfn_to_online_page(kmemp_pages_pfn(pages, page));
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
		u64 part = min(end, page + KMEMP_LOCKED_WORDS);

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
		u32 part = min_t(u32, nr, i + KMEMP_LOCKED_WORDS);

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
