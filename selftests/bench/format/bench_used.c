// SPDX-License-Identifier: GPL-2.0
/*
 * A bit for each page of a pool, see bench_pool.h.
 */
#include <string.h>
#include <sys/mman.h>

#include "bench_pool.h"
#include "bench_util.h"

#define WORD	64u

static size_t bytes_for(u64 pages)
{
	return (pages + WORD - 1) / WORD * sizeof(u64);
}

void bench_used_init(struct bench_used *used, u64 pages)
{
	used->pages = pages;
	/* Not from the heap, whose size is looked at. */
	used->bits = mmap(NULL, bytes_for(pages), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (used->bits == MAP_FAILED)
		bench_die("out of memory");
}

void bench_used_free(struct bench_used *used)
{
	munmap(used->bits, bytes_for(used->pages));
}

void bench_used_clear(struct bench_used *used, u64 pages)
{
	memset(used->bits, 0, bytes_for(pages));
}

static int note(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct bench_used *used = arg;
	u64 end = page + count;

	while (page < end && page % WORD) {
		used->bits[page / WORD] |= 1ULL << page % WORD;
		page++;
	}
	if (end - page >= WORD) {
		memset(used->bits + page / WORD, 0xff,
		       (end - page) / WORD * sizeof(u64));
		page += (end - page) / WORD * WORD;
	}
	for (; page < end; page++)
		used->bits[page / WORD] |= 1ULL << page % WORD;
	return 0;
}

void bench_used_walk(struct bench_used *used, struct bench_pool *b)
{
	if (kmemp_pool_pages(&b->pool) > used->pages ||
	    kmemp_pool_walk_used(&b->pool, note, used))
		bench_die("%s: used pages", b->format->name);
}

u64 bench_used_count(const struct bench_used *used, u64 pages)
{
	u64 nr = 0, i;

	for (i = 0; i < (pages + WORD - 1) / WORD; i++)
		nr += __builtin_popcountll(used->bits[i]);
	return nr;
}
