/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks of formats share: options, clocks, samples.
 */
#ifndef KMEMP_BENCH_UTIL_H
#define KMEMP_BENCH_UTIL_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/types.h>

/**
 * struct bench_options - what a run is told
 * @only: the one format to look at; NULL: all
 * @media: device in devdax mode, or file; NULL: memory
 * @csv: every sample goes here; NULL: nowhere
 * @seed: of what is at random
 * @small: some seconds are enough
 */
struct bench_options {
	const char *only;
	const char *media;
	FILE *csv;
	u64 seed;
	bool small;
};

extern struct bench_options bench_options;

/**
 * struct bench_samples - times that were taken
 * @value: nanoseconds for one operation
 * @nr: how many
 * @room: for so many
 */
struct bench_samples {
	double *value;
	size_t nr, room;
};

/* Say what failed, and end. */
void __noreturn bench_die(const char *fmt, ...) __printf(1, 2);
/* -f FORMAT, -m MEDIA, -o CSV, -r SEED, -s: small; stays on one CPU. */
void bench_start(int argc, char **argv);
void bench_pin(void);
double bench_now(void);
/* Of this thread alone, whatever else the machine does. */
double bench_cpu(void);
/* Each thread has a sequence of its own. */
void bench_seed(u64 seed);
u32 bench_random(u32 below);
/* How often this thread was made to wait for another. */
long bench_switches(void);

void bench_add(struct bench_samples *samples, double value);
/* @part from 0 to 1; sorts. */
double bench_quantile(struct bench_samples *samples, double part);
void bench_free(struct bench_samples *samples);
/* One line of the CSV: what was measured of which format, the how-manieth. */
void bench_csv(const char *what, const char *format, unsigned long i,
	       double value, const char *unit, bool disturbed);

#endif
