/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free pages of a pool that this program has opened for writing.
 */
#ifndef KMEMP_TOOLS_PAGE_SUPPLY_H
#define KMEMP_TOOLS_PAGE_SUPPLY_H

#include <kmem_persist/pool.h>

/**
 * struct page_supply - which pages are free
 * @used: a byte per page: not to be given out
 * @nr: pages of the pool
 * @free: how many are free
 * @next: where to look first
 */
struct page_supply {
	u8 *used;
	u64 nr;
	u64 free;
	u64 next;
};

int page_supply_open(struct page_supply *supply, struct kmemp_pool *pool);
void page_supply_close(struct page_supply *supply);
u64 page_supply_take(struct page_supply *supply, u64 count);

#endif /* KMEMP_TOOLS_PAGE_SUPPLY_H */
