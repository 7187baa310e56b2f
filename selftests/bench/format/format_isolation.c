// SPDX-License-Identifier: GPL-2.0
/*
 * What an fsync of a volume takes while something large goes on in the same
 * pool: a change of one page that is queued and then waited for, every so often,
 * alone; beside a run that maps 10^6 extents, 64 to a batch, as a clone does;
 * and beside one step after another of the format's background work.
 *
 * Each is timed by itself: what others make it wait for is what is looked for.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <linux/kernel.h>

#include "bench_pool.h"
#include "bench_util.h"

/* Addresses; what is touched of it is metadata. */
#define POOL_BYTES	(8ULL << 30)
#define META_BYTES	(2ULL << 30)
#define CLONE		6000u
#define CLONE_BATCH	64u
/* Nanoseconds from one fsync to the next. */
#define PERIOD		50e3
#define OTHERS		1e9

struct other {
	struct bench_pool *b;
	bool done;
	unsigned long steps;
};

static u32 clone_extents(void)
{
	return bench_options.small ? 4096 : 1000000;
}

static void *nothing(void *arg)
{
	struct other *other = arg;
	const struct timespec time = {
		.tv_nsec = bench_options.small ? 50000000 : 999999999,
	};

	nanosleep(&time, NULL);
	WRITE_ONCE(other->done, true);
	return NULL;
}

static void *clone_like(void *arg)
{
	struct other *other = arg;
	u32 nr = clone_extents(), i, k;
	u64 page = bench_run(other->b, nr, 1);

	for (i = 0; i < nr; i += CLONE_BATCH) {
		struct kmemp_batch *batch = bench_batch(other->b);

		/* Neighbours change places, so that nothing merges. */
		for (k = i; k < i + CLONE_BATCH && k < nr; k++)
			bench_map(batch, CLONE, k, page + (k ^ 1), 1);
		bench_commit(batch);
		other->steps++;
	}
	WRITE_ONCE(other->done, true);
	return NULL;
}

/* All that there is to do, again and again. */
static void *work_on(void *arg)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct other *other = arg;
	double start = bench_now();

	while (bench_now() - start < (bench_options.small ? 5e7 : OTHERS)) {
		int more = kmemp_queue_run(&other->b->pool, true);

		if (more < 0)
			bench_die("%s: work", other->b->format->name);
		other->steps++;
		if (!more)
			nanosleep(&pause, NULL);
	}
	WRITE_ONCE(other->done, true);
	return NULL;
}

static const struct {
	const char *name;
	void *(*fn)(void *arg);
} cases[] = {
	{ "alone", nothing },
	{ "clone", clone_like },
	{ "work", work_on },
};

static void fsync_one(struct bench_pool *b)
{
	bench_queue(bench_build(b, BENCH_REPLACES));
	if (kmemp_pool_sync(&b->pool))
		bench_die("%s: sync", b->format->name);
}

static void measure(struct bench_pool *b, unsigned int which, double *alone)
{
	struct bench_samples times = {};
	struct other other = { .b = b };
	double next = bench_now(), high;
	unsigned long disturbed = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, cases[which].fn, &other))
		bench_die("no thread");
	while (!READ_ONCE(other.done)) {
		long switches = bench_switches();
		double start = bench_now(), time;
		bool bad;

		fsync_one(b);
		time = bench_now() - start;
		bad = bench_switches() != switches;
		bench_csv(cases[which].name, b->format->name, times.nr, time,
			  "ns", bad);
		disturbed += bad;
		if (!bad)
			bench_add(&times, time);
		for (next += PERIOD; bench_now() < next;)
			;
		next = bench_now();
	}
	pthread_join(thread, NULL);
	high = bench_quantile(&times, 0.99);
	if (!which)
		*alone = high;
	printf("%-8s %-6s %8.1f %8.1f %8.1f %8.1f  %7.2f  %7lu  %zu of %zu\n",
	       b->format->name, cases[which].name,
	       bench_quantile(&times, 0.5) / 1e3, high / 1e3,
	       bench_quantile(&times, 0.999) / 1e3,
	       bench_quantile(&times, 1) / 1e3, high / *alone, other.steps,
	       times.nr, times.nr + disturbed);
	bench_free(&times);
}

int main(int argc, char **argv)
{
	unsigned int i, k;

	bench_start(argc, argv);
	printf("%-8s %-6s %8s %8s %8s %8s  %7s  %7s  samples\n", "format",
	       "beside", "median", "99th", "99.9th", "most, us", "/ alone",
	       "steps");
	for (i = 0; i < crash_nr_formats; i++) {
		struct bench_pool b = {};
		double alone;

		if (!bench_wanted(&crash_formats[i]))
			continue;
		bench_medium(&b.file, POOL_BYTES);
		bench_touch(&b.file, bench_options.small ? 16 << 20 :
							   256 << 20);
		bench_format(&b, &crash_formats[i], META_BYTES);
		bench_fill(&b);
		for (k = 0; k < ARRAY_SIZE(cases); k++)
			measure(&b, k, &alone);
		bench_close(&b);
		bench_medium_end(&b.file);
	}
	return 0;
}
