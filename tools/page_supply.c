// SPDX-License-Identifier: GPL-2.0
/*
 * Free pages, see page_supply.h: what the driver's page allocator is to a pool
 * that is bound, a map of bytes is here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page_supply.h"

static int note_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct page_supply *supply = arg;

	/* The device's last page may lie behind the pool. */
	for (; count && page < supply->nr; count--, page++) {
		supply->free -= !supply->used[page];
		supply->used[page] = 1;
	}
	return 0;
}

/**
 * page_supply_take - take pages that lie side by side
 * @supply: the free pages
 * @count: how many
 *
 * Return: the first of them, or 0 where there are not so many together.
 */
u64 page_supply_take(struct page_supply *supply, u64 count)
{
	u64 page = supply->next, run = 0, tried;

	for (tried = 0; tried < supply->nr + count; tried++, page++) {
		if (page >= supply->nr) {
			page = 0;
			run = 0;
		}
		run = supply->used[page] ? 0 : run + 1;
		if (run < count)
			continue;
		page -= count - 1;
		memset(supply->used + page, 1, count);
		supply->free -= count;
		supply->next = page + count;
		return page;
	}
	return 0;
}

static void give(void *arg, u64 page, u64 count)
{
	struct page_supply *supply = arg;

	memset(supply->used + page, 0, count);
	supply->free += count;
}

static int take(void *arg, u64 *pages, u32 nr, bool adds)
{
	struct page_supply *supply = arg;
	u32 i;

	if (supply->free < nr)
		return -ENOSPC;
	for (i = 0; i < nr; i++)
		pages[i] = page_supply_take(supply, 1);
	return 0;
}

static void put_back(void *arg, const u64 *pages, u32 nr)
{
	while (nr)
		give(arg, pages[--nr], 1);
}

static const struct kmemp_page_source source = {
	.take = take,
	.put_back = put_back,
	.give = give,
};

/**
 * page_supply_open - give a pool what a commit needs
 * @supply: filled in; must stay where it is until the pool is closed
 * @pool: opened for writing
 *
 * Return: 0, -ENOMEM, or what kmemp_pool_walk_used() returned.
 */
int page_supply_open(struct page_supply *supply, struct kmemp_pool *pool)
{
	int ret;

	supply->nr = kmemp_pool_pages(pool);
	supply->free = supply->nr;
	supply->next = 0;
	/* Of a large pool that is nearly empty little of it is ever touched. */
	supply->used = calloc(supply->nr, 1);
	if (!supply->used)
		return -ENOMEM;
	ret = kmemp_pool_walk_used(pool, note_used, supply);
	if (ret)
		page_supply_close(supply);
	else
		kmemp_pool_set_source(pool, &source, supply);
	return ret;
}

/**
 * page_supply_close - free what opening took
 * @supply: as opened; its pool is closed
 */
void page_supply_close(struct page_supply *supply)
{
	free(supply->used);
	supply->used = NULL;
}
