// SPDX-License-Identifier: GPL-2.0
/*
 * How far a long job is: on a terminal one line that is written over, else one
 * line for each tenth.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "kmemp.h"
#include "progress.h"

/* Nobody waits for less. */
#define LEAST_BYTES	(1 << 20)

static bool quiet;

/* The job that is under way; there is one. */
static struct {
	const char *what;
	u64 total;
	u64 done;
	unsigned int shown;
	bool terminal;
	struct timespec begun;
	double drawn;
} job;

/**
 * progress_set_quiet - nothing is shown from now on
 */
void progress_set_quiet(void)
{
	quiet = true;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - job.begun.tv_sec) +
	       (now.tv_nsec - job.begun.tv_nsec) / 1e9;
}

static void draw(unsigned int percent)
{
	double time = seconds();

	/* A terminal shows no more than a few of them a second. */
	if (job.terminal && percent < 100 && time - job.drawn < 0.2)
		return;
	job.drawn = time;
	fprintf(stderr, "%s%s: %3u %% of %llu MiB%s", job.terminal ? "\r" : "",
		job.what, percent, (unsigned long long)(job.total >> 20),
		job.terminal ? "" : "\n");
	if (job.terminal && time > 0.5)
		fprintf(stderr, ", %.0f MiB/s ",
			job.done / time / (double)(1 << 20));
	fflush(stderr);
}

/**
 * progress_begin - a job begins
 * @what: it does
 * @total_bytes: of it
 */
void progress_begin(const char *what, u64 total_bytes)
{
	job.what = what;
	job.total = total_bytes < LEAST_BYTES ? 0 : total_bytes;
	job.done = 0;
	job.shown = 0;
	job.drawn = 0;
	job.terminal = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &job.begun);
}

/**
 * progress_add - a part of it is done
 * @bytes: of this part
 */
void progress_add(u64 bytes)
{
	unsigned int step = job.terminal ? 1 : 10, percent;

	job.done += bytes;
	if (quiet || !job.total)
		return;
	percent = job.done >= job.total ? 100 :
		  (unsigned int)(job.done * 100.0 / job.total);
	percent -= percent % step;
	if (percent == job.shown && !job.terminal)
		return;
	if (job.shown < 100)
		draw(percent);
	job.shown = percent;
}

/**
 * progress_end - the job is over, done or not
 *
 * Messages that follow get a line of their own.
 */
void progress_end(void)
{
	if (!quiet && job.terminal && job.drawn > 0)
		fputc('\n', stderr);
	job.total = 0;
	job.drawn = 0;
}
