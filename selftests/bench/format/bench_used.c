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

/**
 * struct saving - used pages that are written down
 * @used: they
 * @b: the pool
 */
struct saving {
	const struct bench_used *used;
	struct bench_pool *b;
};

static bool save_begin(void *arg)
{
	return true;
}

/* The first page from @page on whose bit is @is, @end if there is none. */
static u64 next_bit(const u64 *bits, u64 page, u64 end, bool is)
{
	const u64 flip = is ? 0 : ~0ULL;

	while (page < end) {
		u64 word = (bits[page / WORD] ^ flip) >> page % WORD;

		if (word)
			return page + __builtin_ctzll(word) < end ?
			       page + __builtin_ctzll(word) : end;
		page = (page / WORD + 1) * WORD;
	}
	return end;
}

static bool save_next(void *arg, u64 *page, u64 *count)
{
	const struct saving *saving = arg;
	u64 end = kmemp_pool_pages(&saving->b->pool);

	*page = next_bit(saving->used->bits, *page, end, true);
	*count = next_bit(saving->used->bits, *page, end, false) - *page;
	return *page < end;
}

static u64 save_room(void *arg, u64 nr)
{
	const struct saving *saving = arg;

	return bench_run(saving->b, nr, 1);
}

void bench_used_save(const struct bench_used *used, struct bench_pool *b)
{
	struct saving saving = { used, b };
	const struct kmemp_used_source source = {
		.begin = save_begin,
		.next = save_next,
		.room = save_room,
		.arg = &saving,
	};

	if (kmemp_pool_save_used(&b->pool, &source) || !b->pool.super.map_pages)
		bench_die("%s: saving the used map", b->format->name);
}

u64 bench_used_count(const struct bench_used *used, u64 pages)
{
	u64 nr = 0, i;

	for (i = 0; i < (pages + WORD - 1) / WORD; i++)
		nr += __builtin_popcountll(used->bits[i]);
	return nr;
}
