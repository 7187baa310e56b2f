// SPDX-License-Identifier: GPL-2.0
/*
 * Who has which page of a pool, see pages.h.
 *
 * Data grows from the pool's beginning and metadata from its end, so that
 * extents stay as long as they are.
 */
#include <stdlib.h>

#include <linux/errno.h>

#include "pages.h"

/**
 * pages_used - is a page in use?
 * @pages: of the pool
 * @page: page index
 *
 * Return: true if it is.
 */
bool pages_used(const struct pages *pages, u64 page)
{
	return pages->used[page / 64] >> page % 64 & 1;
}

/**
 * pages_set - note who has pages
 * @pages: of the pool
 * @page: first page index
 * @count: pages, all of the pool
 * @used: somebody has them
 */
void pages_set(struct pages *pages, u64 page, u64 count, bool used)
{
	for (; count; count--, page++) {
		if (pages_used(pages, page) == used)
			continue;
		pages->used[page / 64] ^= 1ULL << page % 64;
		pages->nr_free += used ? -1 : 1;
	}
}

static int note_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct pages *pages = arg;

	/* Of the device's last page, behind the pool, the pool knows too. */
	if (page >= pages->nr_pages && count == 1)
		return 0;
	if (page >= pages->nr_pages || count > pages->nr_pages - page)
		return -EUCLEAN;
	pages_set(pages, page, count, true);
	return 0;
}

/**
 * pages_init - find out which pages of a pool are in use
 * @pages: filled in
 * @pool: opened
 *
 * Return: 0; -ENOMEM; or why the list is not complete.
 */
int pages_init(struct pages *pages, struct kmemp_pool *pool)
{
	int ret;

	*pages = (struct pages) {
		.nr_pages = pool->super.pool_pages,
		.nr_free = pool->super.pool_pages,
		.low = 0,
		.high = pool->super.pool_pages,
	};
	pages->used = calloc(pages->nr_pages / 64 + 1, sizeof(u64));
	if (!pages->used)
		return -ENOMEM;
	ret = kmemp_pool_walk_used(pool, note_used, pages);
	if (ret)
		pages_destroy(pages);
	return ret;
}

/**
 * pages_destroy - forget it
 * @pages: of a pool
 */
void pages_destroy(struct pages *pages)
{
	free(pages->used);
	pages->used = NULL;
}

/**
 * pages_take - a run of pages for data
 * @pages: of the pool
 * @count: how many; less where there is no such run
 *
 * Return: first page index, 0 where none is left.
 */
u64 pages_take(struct pages *pages, u32 *count)
{
	u32 nr = 0;

	while (pages->low < pages->nr_pages && pages_used(pages, pages->low))
		pages->low++;
	while (nr < *count && pages->low + nr < pages->nr_pages &&
	       !pages_used(pages, pages->low + nr))
		nr++;
	if (!nr)
		return 0;
	*count = nr;
	pages_set(pages, pages->low, nr, true);
	pages->low += nr;
	return pages->low - nr;
}

static int source_take(void *arg, u64 *list, u32 nr, bool adds)
{
	struct pages *pages = arg;
	u32 i;

	if (pages->nr_free < nr)
		return -ENOSPC;
	for (i = 0; i < nr; i++) {
		do {
			pages->high--;
		} while (pages_used(pages, pages->high));
		list[i] = pages->high;
		pages_set(pages, pages->high, 1, true);
	}
	return 0;
}

static void source_give(void *arg, u64 page, u64 count)
{
	struct pages *pages = arg;

	pages_set(pages, page, count, false);
	if (pages->high < page + count)
		pages->high = page + count;
}

static void source_put_back(void *arg, const u64 *list, u32 nr)
{
	while (nr)
		source_give(arg, list[--nr], 1);
}

const struct kmemp_page_source pages_source = {
	.take = source_take,
	.put_back = source_put_back,
	.give = source_give,
};
