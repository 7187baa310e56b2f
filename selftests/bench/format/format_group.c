// SPDX-License-Identifier: GPL-2.0
/*
 * Group commit: batches of which 64 share a sync, beside such as are durable
 * one by one; and one thread that commits beside two and four.
 *
 * All batches map one page and put one record, and replace what is there.
 * The cases take turns; a ratio is taken within a turn.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <linux/kernel.h>

#include "bench_pool.h"
#include "bench_util.h"

#define POOL_BYTES	(1ULL << 30)
#define LAZY		64u
/* Groups of LAZY batches in a turn. */
#define GROUPS		8u
#define NR_THREADS	3u
#define MOST_THREADS	4u

static const unsigned int threads[NR_THREADS] = { 1, 2, MOST_THREADS };
static const char * const thread_names[NR_THREADS] = {
	"1 thread", "2 threads", "4 threads"
};

struct committer {
	struct bench_pool *b;
	pthread_barrier_t *barrier;
	pthread_t thread;
	u64 seed;
	unsigned long commits;
	double start, end;
};

static u64 meta_bytes(void)
{
	return bench_options.small ? 32 << 20 : 128 << 20;
}

/* ---------------------------------------------------------------- lazy */

static double durable(struct bench_pool *b)
{
	double start = bench_now();
	unsigned int i;

	for (i = 0; i < LAZY; i++)
		bench_commit(bench_build(b, BENCH_REPLACES));
	return (bench_now() - start) / LAZY;
}

static double lazy(struct bench_pool *b)
{
	double start = bench_now();
	unsigned int i;

	for (i = 0; i < LAZY; i++)
		bench_queue(bench_build(b, BENCH_REPLACES));
	if (kmemp_pool_sync(&b->pool))
		bench_die("%s: sync", b->format->name);
	return (bench_now() - start) / LAZY;
}

static double group(double (*fn)(struct bench_pool *b), struct bench_pool *b,
		    const char *what, struct bench_samples *all)
{
	struct bench_samples here = {};
	unsigned int i;
	double median;

	for (i = 0; i < GROUPS; i++) {
		long switches = bench_switches();
		double value = fn(b);
		bool disturbed = bench_switches() != switches;

		bench_csv(what, b->format->name, all->nr, value, "ns",
			  disturbed);
		if (disturbed)
			continue;
		bench_add(&here, value);
		bench_add(all, value);
	}
	median = bench_quantile(&here, 0.5);
	bench_free(&here);
	return median;
}

static void measure_lazy(struct bench_pool *b)
{
	struct bench_samples one = {}, many = {}, ratio = {};
	unsigned int turns = bench_options.small ? 8 : 100, i;
	struct kmemp_media_counts before;
	u64 lines = 0;

	for (i = 0; i < turns; i++) {
		double alone = group(durable, b, "durable", &one), shared;

		before = b->pool.media->counts;
		shared = group(lazy, b, "lazy", &many);
		lines += b->pool.media->counts.lines - before.lines;
		if (alone && shared)
			bench_add(&ratio, shared / alone);
		kmemp_queue_run(&b->pool, false);
	}
	printf("%-8s %9.0f %9.0f  %6.2f %6.2f %6.2f  %8.2f\n", b->format->name,
	       bench_quantile(&one, 0.5), bench_quantile(&many, 0.5),
	       bench_quantile(&ratio, 0.5), bench_quantile(&ratio, 0.25),
	       bench_quantile(&ratio, 0.75),
	       (double)lines / (turns * GROUPS * LAZY));
	bench_free(&one);
	bench_free(&many);
	bench_free(&ratio);
}

/* ------------------------------------------------------------- threads */

static void *commit_on(void *arg)
{
	struct committer *c = arg;
	double time = bench_options.small ? 2e6 : 2e7;

	bench_seed(c->seed);
	pthread_barrier_wait(c->barrier);
	c->start = bench_now();
	do {
		bench_commit(bench_build(c->b, BENCH_REPLACES));
		c->commits++;
		c->end = bench_now();
	} while (c->end - c->start < time);
	return NULL;
}

/* Commits in a second. */
static double run_threads(struct bench_pool *b, unsigned int nr, u64 *commits,
			  u64 *fences)
{
	struct committer committers[MOST_THREADS] = {};
	u64 before = b->pool.media->counts.fences;
	pthread_barrier_t barrier;
	double start = 0, end = 0;
	u64 done = 0;
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, nr);
	for (i = 0; i < nr; i++) {
		committers[i].b = b;
		committers[i].barrier = &barrier;
		committers[i].seed = bench_options.seed + i;
		if (pthread_create(&committers[i].thread, NULL, commit_on,
				   &committers[i]))
			bench_die("no thread");
	}
	for (i = 0; i < nr; i++) {
		pthread_join(committers[i].thread, NULL);
		done += committers[i].commits;
		if (!i || committers[i].start < start)
			start = committers[i].start;
		if (committers[i].end > end)
			end = committers[i].end;
	}
	pthread_barrier_destroy(&barrier);
	*fences += b->pool.media->counts.fences - before;
	*commits += done;
	return done / ((end - start) / 1e9);
}

static void measure_threads(struct bench_pool *b)
{
	struct bench_samples speed[NR_THREADS] = {}, ratio = {};
	u64 commits[NR_THREADS] = {}, fences[NR_THREADS] = {};
	unsigned int turns = bench_options.small ? 4 : 30, i, k;

	for (i = 0; i < turns; i++) {
		double one = 0, here;

		for (k = 0; k < NR_THREADS; k++) {
			here = run_threads(b, threads[k], &commits[k],
					   &fences[k]);
			bench_csv(thread_names[k], b->format->name, i, here,
				  "1/s", false);
			bench_add(&speed[k], here);
			if (!k)
				one = here;
			else if (threads[k] == 2)
				bench_add(&ratio, here / one);
		}
		kmemp_queue_run(&b->pool, false);
	}
	printf("%-8s", b->format->name);
	for (k = 0; k < NR_THREADS; k++)
		printf(" %9.0f", bench_quantile(&speed[k], 0.5));
	printf("  %6.2f %6.2f %6.2f ", bench_quantile(&ratio, 0.5),
	       bench_quantile(&ratio, 0.25), bench_quantile(&ratio, 0.75));
	for (k = 0; k < NR_THREADS; k++) {
		printf(" %8.3f", (double)fences[k] / commits[k]);
		bench_free(&speed[k]);
	}
	putchar('\n');
	bench_free(&ratio);
}

static void measure(void (*fn)(struct bench_pool *b))
{
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		struct bench_pool b = {};

		if (!bench_wanted(&crash_formats[i]))
			continue;
		bench_medium(&b.file, POOL_BYTES);
		bench_touch(&b.file, meta_bytes());
		bench_format(&b, &crash_formats[i], meta_bytes());
		bench_fill(&b);
		fn(&b);
		bench_close(&b);
		bench_medium_end(&b.file);
	}
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	/* Before a thread is kept to one CPU. */
	printf("%-8s %9s %9s %9s  %6s %6s %6s  %8s %8s %8s\n", "format",
	       "1 thread", "2", "4, 1/s", "2 / 1", "1/4", "3/4", "fences", "2",
	       "4");
	measure(measure_threads);
	bench_pin();
	printf("%-8s %9s %9s  %6s %6s %6s  %8s\n", "format", "durable",
	       "lazy, ns", "ratio", "1/4", "3/4", "lines");
	measure(measure_lazy);
	return 0;
}
