// SPDX-License-Identifier: GPL-2.0
/*
 * A volume that is written once from start to end and then overwritten as a
 * whole in random order, 64 pages to a sync: the metadata that it has before
 * and after, and what a page takes.
 */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "bench_pool.h"
#include "bench_util.h"

#define VOLUME		5000u
#define SYNC		64u
/* Pages between two runs of what goes on in background. */
#define RUN		4096u
#define GIB		(1ULL << 30)

static u64 volume_pages(void)
{
	return (bench_options.small ? GIB / 16 : GIB) >> KMEMP_PAGE_SHIFT;
}

static void settle(struct bench_pool *b)
{
	int ret;

	do {
		ret = kmemp_queue_run(&b->pool, true);
	} while (ret > 0);
	if (ret || kmemp_pool_retire(&b->pool))
		bench_die("%s: work", b->format->name);
}

/* Bytes of metadata of a GiB of data. */
static double metadata(struct bench_pool *b)
{
	u64 pages = kmemp_pool_pages(&b->pool), meta;
	struct bench_used used;

	settle(b);
	bench_used_init(&used, pages);
	bench_used_walk(&used, b);
	meta = bench_used_count(&used, pages) - volume_pages();
	bench_used_free(&used);
	return (double)meta * GIB / volume_pages();
}

static u64 extents(struct bench_pool *b)
{
	u64 offset = 0, nr = 0;
	struct kmemp_extent extent;

	while (!kmemp_pool_next_extent(&b->pool, VOLUME, offset, 1ULL << 30,
				       &extent)) {
		offset = extent.offset + extent.count;
		nr++;
	}
	return nr;
}

static void write_once(struct bench_pool *b)
{
	u64 i;

	for (i = 0; i < volume_pages(); i += BENCH_HUGE) {
		struct kmemp_batch *batch = bench_batch(b);

		bench_map(batch, VOLUME, i,
			  bench_run(b, BENCH_HUGE, BENCH_HUGE), BENCH_HUGE);
		bench_commit(batch);
	}
}

static u32 *random_order(u32 nr)
{
	u32 *order = calloc(nr, sizeof(*order)), i;

	if (!order)
		bench_die("out of memory");
	for (i = 0; i < nr; i++) {
		u32 other = bench_random(i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	return order;
}

/* Nanoseconds of the processor for a page. */
static double overwrite(struct bench_pool *b)
{
	u32 nr = volume_pages(), *order = random_order(nr), i;
	double start = bench_cpu();

	for (i = 0; i < nr; i++) {
		struct kmemp_batch *batch = bench_batch(b);

		bench_map(batch, VOLUME, order[i], bench_page(b), 1);
		bench_queue(batch);
		if (i % SYNC == SYNC - 1 && kmemp_pool_sync(&b->pool))
			bench_die("%s: sync", b->format->name);
		if (i % RUN == RUN - 1 && kmemp_queue_run(&b->pool, false) < 0)
			bench_die("%s: work", b->format->name);
	}
	free(order);
	return (bench_cpu() - start) / nr;
}

static void measure(const struct crash_format *format)
{
	struct bench_pool b = {};
	double before, after, time;
	u64 nr;

	bench_medium(&b.file, 4 * GIB);
	bench_format(&b, format, GIB);
	write_once(&b);
	nr = extents(&b);
	before = metadata(&b) / 1048576;
	time = overwrite(&b);
	after = metadata(&b) / 1048576;
	printf("%-8s %8llu %9.3f  %8llu %9.3f  %9.0f\n", format->name, nr,
	       before, extents(&b), after, time);
	bench_csv("metadata before", format->name, 0, before, "MiB/GiB", false);
	bench_csv("metadata after", format->name, 0, after, "MiB/GiB", false);
	bench_csv("overwrite", format->name, 0, time, "ns", false);
	bench_close(&b);
	bench_medium_end(&b.file);
}

int main(int argc, char **argv)
{
	unsigned int i;

	bench_start(argc, argv);
	bench_pin();
	printf("%-8s %8s %9s  %8s %9s  %9s\n", "format", "extents", "MiB/GiB",
	       "after", "MiB/GiB", "ns a page");
	for (i = 0; i < crash_nr_formats; i++)
		if (bench_wanted(&crash_formats[i]))
			measure(&crash_formats[i]);
	return 0;
}
