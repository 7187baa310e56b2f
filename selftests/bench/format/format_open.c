// SPDX-License-Identifier: GPL-2.0
/*
 * What opening a pool takes, the used pages found and noted included, and the
 * memory that it has then; when it was closed, and after a power cut. Pools of
 * many sizes, of extents of 2 MiB and of 4 KiB, and what of the pool is
 * metadata. Data is never stored, so what a pool takes here is its metadata.
 *
 * A time is the median of ROUNDS, of the processor: nothing is waited for.
 */
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "bench_pool.h"
#include "bench_util.h"

#define ROUNDS		3u
/* Extents of an object, and of a batch; even. */
#define OBJECT_EXTENTS	(1u << 18)
#define BATCH_EXTENTS	256u
#define FIRST_OBJECT	10000u
/* Pages of one more volume that are replaced before a power cut. */
#define CUT_COMMITS	1000u
#define CUT_VOLUME	5000u
#define GIB		(1ULL << 30)

/* Pools; 0 ends. */
static const u64 large_sizes[] = {
	GIB, 16 * GIB, 128 * GIB, 1024 * GIB, 16384 * GIB, 0
};

static const u64 page_sizes[] = { GIB, 4 * GIB, 16 * GIB, 0 };
/* Of a run that takes seconds. */
static const u64 small_sizes[] = { GIB, 16 * GIB, 0 };
static const u64 small_page_sizes[] = { GIB / 4, 0 };
static const unsigned int fills[] = { 10, 50, 90 };

struct opened {
	double time, walk;	/* until it is open; the whole, in ms */
	size_t memory;
};

struct point {
	double size, meta, clean, cut;
};

static struct bench_used used;

/* Bytes that malloc has given away. */
static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static struct opened open_once(struct bench_pool *b)
{
	struct opened opened;
	size_t before = memory();
	double start;

	bench_used_clear(&used, b->file.media.size >> KMEMP_PAGE_SHIFT);
	start = bench_cpu();
	bench_open(b);
	opened.time = (bench_cpu() - start) / 1e6;
	bench_used_walk(&used, b);
	opened.walk = (bench_cpu() - start) / 1e6;
	opened.memory = memory() - before;
	return opened;
}

static void commit_some(struct bench_pool *b)
{
	unsigned int i;

	bench_find_free(b);
	for (i = 0; i < CUT_COMMITS; i++) {
		struct kmemp_batch *batch = bench_batch(b);

		bench_map(batch, CUT_VOLUME, 2 * i, bench_page(b), 1);
		bench_commit(batch);
	}
}

/* As open_once(), by a used map that was saved; @b is open, and so it is left. */
static struct opened open_saved(struct bench_pool *b)
{
	struct opened opened;

	bench_find_free(b);
	bench_used_save(&used, b);
	bench_close(b);
	opened = open_once(b);
	if (!b->pool.super.map_pages)
		bench_die("%s: the saved used map does not count",
			  b->format->name);
	return opened;
}

/* Every extent looked up: what formats learn of objects when they are used. */
static size_t memory_in_use(struct bench_pool *b, size_t before)
{
	struct kmemp_extent extent;
	u64 id = 0;

	for (; !kmemp_pool_next_object(&b->pool, &id); id++)
		kmemp_pool_next_extent(&b->pool, id, 0, 1 << 18, &extent);
	return memory() - before;
}

/* Neighbours change places, so that nothing merges. */
static void fill_to(struct bench_pool *b, u64 end, u64 *nr, u32 count)
{
	while (*nr < end) {
		struct kmemp_batch *batch = bench_batch(b);
		u32 add = min_t(u64, end - *nr, BATCH_EXTENTS), i;
		u64 page = bench_run(b, add * count, count);

		for (i = 0; i < add; i++)
			bench_map(batch, FIRST_OBJECT + *nr / OBJECT_EXTENTS,
				  (*nr % OBJECT_EXTENTS + i) * count,
				  page + (i ^ 1) * count, count);
		bench_commit(batch);
		*nr += add;
		if (*nr % (64 * BATCH_EXTENTS) == 0 &&
		    kmemp_queue_run(&b->pool, true) < 0)
			bench_die("%s: work", b->format->name);
	}
}

static void note(const struct bench_pool *b, const char *what, u32 count,
		 unsigned int i, double value, const char *unit)
{
	char text[96];

	snprintf(text, sizeof(text), "%s %s %g GiB", what,
		 count == 1 ? "4K" : "2M", (double)b->file.media.size / GIB);
	bench_csv(text, b->format->name, i, value, unit, false);
}

/* Clean and after a cut, ROUNDS times; left open. */
static struct point measure(struct bench_pool *b, u32 count, unsigned int fill,
			    u64 data)
{
	u64 pages = b->file.media.size >> KMEMP_PAGE_SHIFT;
	struct bench_samples clean = {}, walk = {}, saved = {}, cut = {};
	struct opened opened = {};
	struct point point = { .size = b->file.media.size };
	size_t before, in_use;
	unsigned int i;

	bench_close(b);
	before = memory();
	for (i = 0; i < ROUNDS; i++) {
		opened = open_once(b);
		bench_add(&clean, opened.time);
		bench_add(&walk, opened.walk);
		note(b, "clean", count, fill, opened.walk, "ms");
		if (i < ROUNDS - 1)
			bench_close(b);
	}
	point.meta = (bench_used_count(&used, pages) - data) * KMEMP_PAGE_SIZE;
	in_use = memory_in_use(b, before);
	for (i = 0; i < ROUNDS; i++) {
		struct opened by_map = open_saved(b);

		bench_add(&saved, by_map.walk);
		note(b, "saved", count, fill, by_map.walk, "ms");
	}
	for (i = 0; i < ROUNDS; i++) {
		struct opened after;

		commit_some(b);
		bench_cut(b);
		after = open_once(b);
		bench_add(&cut, after.walk);
		note(b, "cut", count, fill, after.walk, "ms");
	}
	bench_find_free(b);
	point.clean = bench_quantile(&walk, 0.5);
	point.cut = bench_quantile(&cut, 0.5);
	printf("%-8s %s %6g %3u%% %9.2f %9.2f %9.2f %9.2f  %9.2f %9.2f  %9.2f %9.3f\n",
	       b->format->name, count == 1 ? "4K" : "2M",
	       (double)b->file.media.size / GIB, fill, bench_quantile(&clean, 0.5),
	       point.clean, bench_quantile(&saved, 0.5), point.cut,
	       opened.memory / 1048576.,
	       in_use / 1048576., point.meta / 1048576.,
	       point.meta / 1048576. / ((double)data * KMEMP_PAGE_SIZE / GIB));
	note(b, "metadata", count, fill, point.meta, "bytes");
	note(b, "memory", count, fill, opened.memory, "bytes");
	bench_free(&clean);
	bench_free(&walk);
	bench_free(&saved);
	bench_free(&cut);
	return point;
}

static void print_power(const struct point *a, const struct point *z,
			const char *what, double from, double to)
{
	double grown = log(to / from);

	printf("%12s times %.1f, capacity^%.2f, metadata^%.2f\n", what,
	       to / from, grown / log(z->size / a->size),
	       grown / log(z->meta / a->meta));
}

/* By which power of what grows the time? Of all but what is soon done. */
static void print_growth(const char *format, u32 count,
			 const struct point *points, unsigned int nr)
{
	const struct point *a = points, *z = points + nr - 1;

	while (a < z && (a->clean < 0.1 || a->cut < 0.1))
		a++;
	if (a == z)
		return;
	printf("%-8s %s half full, %.0f to %.0f GiB, metadata times %.1f:\n",
	       format, count == 1 ? "4K" : "2M", a->size / GIB, z->size / GIB,
	       z->meta / a->meta);
	print_power(a, z, "clean", a->clean, z->clean);
	print_power(a, z, "after a cut", a->cut, z->cut);
}

static void measure_sizes(const struct crash_format *format, const u64 *sizes,
			  u32 count, u64 limit)
{
	struct point halves[8];
	unsigned int nr = 0, i;

	for (; *sizes && *sizes <= limit; sizes++) {
		u64 most = *sizes / KMEMP_PAGE_SIZE / count;
		struct bench_pool b = {};
		u64 extents = 0, data;

		bench_medium(&b.file, *sizes);
		bench_format(&b, format, *sizes / 16);
		for (i = 0; i < ARRAY_SIZE(fills); i++) {
			struct point point;

			fill_to(&b, most * fills[i] / 100 & ~1ULL, &extents,
				count);
			data = extents * count + (i ? CUT_COMMITS : 0);
			point = measure(&b, count, fills[i], data);
			if (fills[i] == 50)
				halves[nr++] = point;
		}
		bench_close(&b);
		bench_medium_end(&b.file);
	}
	if (nr)
		print_growth(format->name, count, halves, nr);
}

int main(int argc, char **argv)
{
	const u64 *large, *page;
	u64 limit, largest = GIB;
	unsigned int i;

	bench_start(argc, argv);
	bench_pin();
	limit = bench_limit();
	large = bench_options.small ? small_sizes : large_sizes;
	page = bench_options.small ? small_page_sizes : page_sizes;
	for (i = 0; large[i] && large[i] <= limit; i++)
		largest = large[i];
	bench_used_init(&used, largest / KMEMP_PAGE_SIZE);
	printf("%-8s %s %6s %4s %9s %9s %9s %9s  %9s %9s  %9s %9s\n", "format",
	       "ex", "GiB", "full", "open, ms", "and walk", "by map", "after cut",
	       "DRAM MiB", "used", "meta, MiB", "MiB/GiB");
	for (i = 0; i < crash_nr_formats; i++) {
		if (!bench_wanted(&crash_formats[i]))
			continue;
		measure_sizes(&crash_formats[i], large, BENCH_HUGE, limit);
		measure_sizes(&crash_formats[i], page, 1, limit);
	}
	bench_used_free(&used);
	return 0;
}
