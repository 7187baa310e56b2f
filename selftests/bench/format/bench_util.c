// SPDX-License-Identifier: GPL-2.0
/*
 * See bench_util.h.
 */
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench_util.h"

struct bench_options bench_options = { .seed = 1 };

static __thread u64 state;

void bench_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* On the highest of the CPUs that we may use: others gather on the first. */
void bench_pin(void)
{
	cpu_set_t may, one;
	int cpu = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(may), &may))
		bench_die("sched_getaffinity: %s", strerror(errno));
	while (cpu && !CPU_ISSET(cpu - 1, &may))
		cpu--;
	CPU_ZERO(&one);
	CPU_SET(cpu - 1, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		bench_die("sched_setaffinity: %s", strerror(errno));
}

void bench_start(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "f:m:o:r:s")) != -1) {
		switch (c) {
		case 'f':
			bench_options.only = optarg;
			break;
		case 'm':
			bench_options.media = optarg;
			break;
		case 'o':
			bench_options.csv = fopen(optarg, "we");
			if (!bench_options.csv)
				bench_die("%s: %s", optarg, strerror(errno));
			fputs("what,format,i,value,unit,disturbed\n",
			      bench_options.csv);
			break;
		case 'r':
			bench_options.seed = strtoull(optarg, NULL, 0);
			break;
		case 's':
			bench_options.small = true;
			break;
		default:
			bench_die("usage: %s [-f FORMAT] [-m MEDIA] [-o CSV] [-r SEED] [-s]",
				  argv[0]);
		}
	}
	bench_seed(bench_options.seed);
	/* Like the kernel's, memory that was freed is there the next time. */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static double clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

double bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double bench_cpu(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void bench_seed(u64 seed)
{
	state = seed;
}

u32 bench_random(u32 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

long bench_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

void bench_add(struct bench_samples *samples, double value)
{
	if (samples->nr == samples->room) {
		samples->room = samples->room ? 2 * samples->room : 1024;
		samples->value = realloc(samples->value, samples->room *
					 sizeof(*samples->value));
		if (!samples->value)
			bench_die("out of memory");
	}
	samples->value[samples->nr++] = value;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(struct bench_samples *samples, double part)
{
	size_t i = part * samples->nr;

	if (!samples->nr)
		return 0;
	qsort(samples->value, samples->nr, sizeof(*samples->value), order);
	return samples->value[i < samples->nr ? i : samples->nr - 1];
}

void bench_free(struct bench_samples *samples)
{
	free(samples->value);
	*samples = (struct bench_samples){};
}

void bench_csv(const char *what, const char *format, unsigned long i,
	       double value, const char *unit, bool disturbed)
{
	if (bench_options.csv)
		fprintf(bench_options.csv, "%s,%s,%lu,%.3f,%s,%d\n", what,
			format, i, value, unit, disturbed);
}
