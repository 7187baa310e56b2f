// SPDX-License-Identifier: GPL-2.0
/*
 * What a durable commit takes, of a batch that maps one page and puts one
 * record of 16 + 128 bytes, beside the floor: storing and flushing as many
 * bytes, 160, to fresh lines under one fence.
 *
 * A sample is the time of LOOP operations, divided by it. Formats and floor
 * take turns, BLOCK samples each, so that whatever the machine does besides
 * hits them alike; a ratio is taken within a turn. Samples in which this thread
 * had to leave its CPU to another are told, and not counted.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "bench_pool.h"
#include "bench_util.h"

#define POOL_BYTES	(768ULL << 20)
#define LOOP		32u
#define BLOCK		8u
#define PAYLOAD		160u
#define PAYLOAD_LINES	3u

struct figures {
	struct bench_samples time, ratio;
	struct kmemp_media_counts counts;
	unsigned long commits, disturbed;
};

static struct bench_pool *pools;
static struct kmemp_media_file floor_part;
static u64 floor_pos;

/* Of each pool, for metadata, and for the floor. */
static u64 touched(void)
{
	return bench_options.small ? 32 << 20 : 128 << 20;
}

static void one_floor(void)
{
	static const u8 payload[PAYLOAD] = { 1 };

	if (floor_pos + PAYLOAD_LINES * KMEMP_LINE_SIZE > touched())
		floor_pos = 0;
	kmemp_media_write(&floor_part.media, floor_pos, payload, PAYLOAD);
	kmemp_media_flush(&floor_part.media, floor_pos, PAYLOAD);
	/* What was just stored, before the next time. */
	kmemp_media_fence(&floor_part.media);
	floor_pos += PAYLOAD_LINES * KMEMP_LINE_SIZE;
}

/* A sample: nanoseconds for one. */
static double loop(struct bench_pool *b, enum bench_kind kind, bool *disturbed)
{
	long switches = bench_switches();
	double start = bench_now(), end;
	unsigned int i;

	for (i = 0; i < LOOP; i++) {
		if (b)
			bench_commit(bench_build(b, kind));
		else
			one_floor();
	}
	end = bench_now();
	*disturbed = bench_switches() != switches;
	return (end - start) / LOOP;
}

static double block(struct bench_pool *b, enum bench_kind kind,
		    struct figures *figures)
{
	static unsigned long number;
	const char *name = b ? b->format->name : "floor";
	struct bench_samples here = {};
	double median;
	unsigned int i;

	for (i = 0; i < BLOCK; i++) {
		bool disturbed;
		double value = loop(b, kind, &disturbed);

		bench_csv(bench_kinds[kind], name, number++, value, "ns",
			  disturbed);
		if (disturbed) {
			figures->disturbed++;
			continue;
		}
		bench_add(&here, value);
		bench_add(&figures->time, value);
	}
	median = bench_quantile(&here, 0.5);
	bench_free(&here);
	return median;
}

static void count(struct kmemp_media_counts *sum,
		  const struct kmemp_media_counts *before,
		  const struct kmemp_media_counts *after)
{
	sum->stores += after->stores - before->stores;
	sum->bytes += after->bytes - before->bytes;
	sum->lines += after->lines - before->lines;
	sum->fences += after->fences - before->fences;
}

static void turn(struct bench_pool *b, enum bench_kind kind, struct figures *figures,
		 struct figures *floor)
{
	double under = block(NULL, kind, floor), time;
	struct kmemp_media_counts before = b->pool.media->counts;

	time = block(b, kind, figures);
	count(&figures->counts, &before, &b->pool.media->counts);
	figures->commits += BLOCK * LOOP;
	if (under && time)
		bench_add(&figures->ratio, time / under);
}

static void print(enum bench_kind kind, const char *name, struct figures *f)
{
	double n = f->commits;

	printf("%-8s %-8s %8.0f %8.0f", bench_kinds[kind], name,
	       bench_quantile(&f->time, 0.5), bench_quantile(&f->time, 0.99));
	if (f->ratio.nr)
		printf("  %5.2f %5.2f %5.2f  %7.3f %7.2f %7.0f %7.2f",
		       bench_quantile(&f->ratio, 0.5),
		       bench_quantile(&f->ratio, 0.25),
		       bench_quantile(&f->ratio, 0.75),
		       f->counts.fences / n, f->counts.lines / n,
		       f->counts.bytes / n, f->counts.stores / n);
	printf("  %zu of %zu\n", f->time.nr, f->time.nr + f->disturbed);
}

static void measure(enum bench_kind kind)
{
	struct figures *figures = calloc(crash_nr_formats + 1,
					 sizeof(*figures));
	unsigned int turns = bench_options.small ? 20 : 200, i, k;

	for (i = 0; i < turns; i++) {
		for (k = 0; k < crash_nr_formats; k++) {
			if (!bench_wanted(&crash_formats[k]))
				continue;
			turn(&pools[k], kind, &figures[k],
			     &figures[crash_nr_formats]);
			kmemp_queue_run(&pools[k].pool, false);
		}
	}
	print(kind, "floor", &figures[crash_nr_formats]);
	for (k = 0; k < crash_nr_formats; k++)
		if (bench_wanted(&crash_formats[k]))
			print(kind, crash_formats[k].name, &figures[k]);
	for (k = 0; k <= crash_nr_formats; k++) {
		bench_free(&figures[k].time);
		bench_free(&figures[k].ratio);
	}
	free(figures);
}

int main(int argc, char **argv)
{
	struct kmemp_media_file file;
	unsigned int parts = crash_nr_formats + 1, i;
	enum bench_kind kind;

	bench_start(argc, argv);
	bench_pin();
	bench_medium(&file, parts * POOL_BYTES);
	floor_part = bench_part(&file, crash_nr_formats, parts);
	bench_touch(&floor_part, touched());
	pools = calloc(crash_nr_formats, sizeof(*pools));
	for (i = 0; i < crash_nr_formats; i++) {
		if (!bench_wanted(&crash_formats[i]))
			continue;
		pools[i].file = bench_part(&file, i, parts);
		bench_touch(&pools[i].file, touched());
		bench_format(&pools[i], &crash_formats[i], touched());
		bench_fill(&pools[i]);
	}
	printf("%-8s %-8s %8s %8s  %5s %5s %5s  %7s %7s %7s %7s  samples\n",
	       "kind", "format", "median", "99th ns", "ratio", "1/4", "3/4",
	       "fences", "lines", "bytes", "stores");
	for (kind = 0; kind < BENCH_NR_KINDS; kind++)
		measure(kind);
	for (i = 0; i < crash_nr_formats; i++)
		if (bench_wanted(&crash_formats[i]))
			bench_close(&pools[i]);
	free(pools);
	bench_medium_end(&file);
	return 0;
}
