/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who owns which page of a pool: what pages.c (the bitmaps), park.c (between the
 * stock and the page allocator) and blocks.c (memory blocks that come and go)
 * have in common.
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
#ifndef KMEMP_POOL_PAGES_H
#define KMEMP_POOL_PAGES_H

#include <linux/lockdep.h>

#include "host.h"

/*
 * Most words of a bitmap that are changed under one holding of the lock: a
 * pool of 1 TiB has four million.
 */
#define KMEMP_LOCKED_WORDS	1024

static inline unsigned long kmemp_pages_pfn(const struct kmemp_pages *pages,
					    u64 page)
{
	return pages->base_pfn + page;
}

static inline enum kmemp_block kmemp_pages_state(struct kmemp_pages *pages,
						 u64 page)
{
	lockdep_assert_held(&pages->lock);
	return pages->block[kmemp_pages_block(pages, page)];
}

void kmemp_pages_withhold(struct kmemp_pages *pages, u64 page);
void kmemp_pages_unwithhold(struct kmemp_pages *pages, u64 page);

#endif /* KMEMP_POOL_PAGES_H */
