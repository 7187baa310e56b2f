// SPDX-License-Identifier: GPL-2.0
/*
 * What a commit does to the medium, counted one by one: fences, lines flushed,
 * of these such as hold nothing new, bytes stored. No clock: the same numbers
 * on every machine.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "bench_pool.h"
#include "bench_util.h"

#define POOL_BYTES	(256ULL << 20)
#define META_BYTES	(64ULL << 20)
#define COMMITS		2000u

/* A byte per line: was something stored to it since it was flushed? */
static u8 *news;
static u64 needless;
static struct kmemp_media_ops below;

static void note_store(u64 pos, size_t len)
{
	u64 line = pos / KMEMP_LINE_SIZE;

	memset(news + line, 1, (pos + len - 1) / KMEMP_LINE_SIZE - line + 1);
}

static void note_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	below.store64(media, pos, value);
	note_store(pos, sizeof(value));
}

static void note_write(struct kmemp_media *media, u64 pos, const void *src,
		       size_t len)
{
	below.write(media, pos, src, len);
	note_store(pos, len);
}

static void note_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	below.fill(media, pos, byte, len);
	note_store(pos, len);
}

static void note_flush(struct kmemp_media *media, u64 pos, size_t len)
{
	u64 line = pos / KMEMP_LINE_SIZE;

	below.flush(media, pos, len);
	for (; line <= (pos + len - 1) / KMEMP_LINE_SIZE; line++) {
		needless += !news[line];
		news[line] = 0;
	}
}

static struct kmemp_media_ops noting;

struct counted {
	struct bench_samples fences, lines, bytes;
	unsigned long more_fences;
	u64 needless;
};

static void count_one(struct bench_pool *b, enum bench_kind kind,
		      struct counted *counted)
{
	struct kmemp_batch *batch = bench_build(b, kind);
	const struct kmemp_media_counts before = b->file.media.counts;
	const struct kmemp_media_counts *after = &b->file.media.counts;

	bench_commit(batch);
	bench_add(&counted->fences, after->fences - before.fences);
	bench_add(&counted->lines, after->lines - before.lines);
	bench_add(&counted->bytes, after->bytes - before.bytes);
	counted->more_fences += after->fences - before.fences != 1;
}

static void print(enum bench_kind kind, const char *format, struct counted *c)
{
	printf("%-8s %-8s %7.0f %8lu", bench_kinds[kind], format,
	       bench_quantile(&c->fences, 0.5), c->more_fences);
	printf("  %5.0f %5.0f %5.0f", bench_quantile(&c->lines, 0),
	       bench_quantile(&c->lines, 0.5), bench_quantile(&c->lines, 0.99));
	printf("  %8.3f", (double)c->needless / COMMITS);
	printf("  %6.0f %6.0f %6.0f\n", bench_quantile(&c->bytes, 0),
	       bench_quantile(&c->bytes, 0.5), bench_quantile(&c->bytes, 0.99));
}

static void count(struct bench_pool *b, enum bench_kind kind)
{
	struct counted counted = {};
	unsigned int i;

	needless = 0;
	for (i = 0; i < COMMITS; i++)
		count_one(b, kind, &counted);
	counted.needless = needless;
	print(kind, b->format->name, &counted);
	bench_free(&counted.fences);
	bench_free(&counted.lines);
	bench_free(&counted.bytes);
}

static void count_format(const struct crash_format *format)
{
	struct bench_pool b = {};
	enum bench_kind kind;

	bench_medium(&b.file, POOL_BYTES);
	below = *b.file.media.ops;
	noting = below;
	noting.store64 = note_store64;
	noting.write = note_write;
	noting.write_fresh = note_write;
	noting.fill = note_fill;
	noting.flush = note_flush;
	b.file.media.ops = &noting;
	news = calloc(POOL_BYTES / KMEMP_LINE_SIZE, 1);
	if (!news)
		bench_die("out of memory");
	bench_format(&b, format, META_BYTES);
	bench_fill(&b);
	for (kind = 0; kind < BENCH_NR_KINDS; kind++)
		count(&b, kind);
	bench_close(&b);
	free(news);
	bench_medium_end(&b.file);
}

int main(int argc, char **argv)
{
	unsigned int i;

	bench_start(argc, argv);
	printf("%u commits of each kind\n", COMMITS);
	printf("%-8s %-8s %7s %8s  %5s %5s %5s  %8s  %6s %6s %6s\n", "kind",
	       "format", "fences", "not 1 in", "lines", "median", "99th",
	       "needless", "bytes", "median", "99th");
	for (i = 0; i < crash_nr_formats; i++)
		if (bench_wanted(&crash_formats[i]))
			count_format(&crash_formats[i]);
	return 0;
}
