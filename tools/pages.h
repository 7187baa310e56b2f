/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has which page of a pool that this program writes to: a page source for
 * the core, and runs of pages for data.
 */
#ifndef KMEMP_TOOLS_PAGES_H
#define KMEMP_TOOLS_PAGES_H

#include <kmem_persist/pool.h>

/**
 * struct pages - the pages of a pool
 * @used: a bit a page
 * @nr_pages: of the pool
 * @nr_free: of them
 * @low: no page below is free for data
 * @high: no page from here on is free for metadata
 */
struct pages {
	u64 *used;
	u64 nr_pages;
	u64 nr_free;
	u64 low;
	u64 high;
};

int pages_init(struct pages *pages, struct kmemp_pool *pool);
void pages_destroy(struct pages *pages);
u64 pages_take(struct pages *pages, u32 *count);
bool pages_used(const struct pages *pages, u64 page);
void pages_set(struct pages *pages, u64 page, u64 count, bool used);

extern const struct kmemp_page_source pages_source;

#endif /* KMEMP_TOOLS_PAGES_H */
