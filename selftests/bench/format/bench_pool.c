// SPDX-License-Identifier: GPL-2.0
/*
 * See bench_pool.h.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "bench_pool.h"
#include "bench_util.h"

bool bench_wanted(const struct crash_format *format)
{
	return !bench_options.only ||
	       !strcmp(bench_options.only, format->name);
}

/*
 * The tool's read is guarded against poison, which costs more than the kernel's
 * that survives it. Ours is not: a bad page ends the run.
 */
static int plain_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	memcpy(dst, ((struct kmemp_media_file *)media)->base + pos, len);
	return 0;
}

static struct kmemp_media_ops plain_ops;

/* Where a device is looked at for what is not to be lost. */
static unsigned char *end_of(const struct kmemp_media_file *file)
{
	return file->base + file->media.size - KMEMP_PROBE_BYTES;
}

static bool empty(const struct kmemp_media_file *file)
{
	return !memchr_inv(file->base, 0, KMEMP_PROBE_BYTES) &&
	       !memchr_inv(end_of(file), 0, KMEMP_PROBE_BYTES);
}

void bench_medium(struct kmemp_media_file *file, u64 bytes)
{
	int ret;

	if (bench_options.media)
		ret = kmemp_media_file_open(file, bench_options.media, false);
	else
		ret = kmemp_media_file_anon(file, bytes);
	if (ret)
		bench_die("medium: %s", strerror(-ret));
	if (file->media.size < bytes)
		bench_die("medium: %llu MiB are needed", bytes >> 20);
	if (bench_options.media && !empty(file))
		bench_die("%s: not empty: its first and last 2 MiB are to be zero",
			  bench_options.media);
	file->media.size = bytes;
	plain_ops = *file->media.ops;
	plain_ops.read = plain_read;
	file->media.ops = &plain_ops;
	if (!bench_options.media)
		madvise(file->base, bytes, MADV_HUGEPAGE);
}

void bench_medium_end(struct kmemp_media_file *file)
{
	if (bench_options.media) {
		memset(file->base, 0, KMEMP_PROBE_BYTES);
		memset(end_of(file), 0, KMEMP_PROBE_BYTES);
	}
	kmemp_media_file_close(file);
}

u64 bench_limit(void)
{
	struct kmemp_media_file file;
	u64 size;
	int ret;

	if (!bench_options.media)
		return ~0ULL;
	ret = kmemp_media_file_open(&file, bench_options.media, true);
	if (ret)
		bench_die("medium: %s", strerror(-ret));
	size = file.media.size;
	kmemp_media_file_close(&file);
	return size;
}

struct kmemp_media_file bench_part(const struct kmemp_media_file *file,
				   unsigned int i, unsigned int nr)
{
	struct kmemp_media_file part = *file;

	part.media.size /= nr;
	part.media.size -= part.media.size % (BENCH_HUGE * KMEMP_PAGE_SIZE);
	part.base += i * part.media.size;
	return part;
}

void bench_touch(const struct kmemp_media_file *file, u64 bytes)
{
	memset(file->base, 0, bytes);
}

static void push(struct bench_zone *zone, u64 page)
{
	if (zone->nr == zone->room) {
		zone->room = zone->room ? 2 * zone->room : 4096;
		zone->free = realloc(zone->free,
				     zone->room * sizeof(*zone->free));
		if (!zone->free)
			bench_die("out of memory");
	}
	zone->free[zone->nr++] = page;
}

static int take(struct bench_pool *b, enum bench_zone_kind kind, u64 *pages,
		u32 nr)
{
	struct bench_zone *zone = &b->zones[kind];
	int ret = -ENOSPC;
	u32 i;

	mutex_lock(&b->lock);
	if (zone->nr + zone->end - zone->fresh >= nr) {
		for (i = 0; i < nr; i++)
			pages[i] = zone->nr ? zone->free[--zone->nr] :
					      zone->fresh++;
		ret = 0;
	}
	mutex_unlock(&b->lock);
	return ret;
}

static int source_take(void *arg, u64 *pages, u32 nr, bool adds)
{
	return take(arg, BENCH_META, pages, nr);
}

static void source_put_back(void *arg, const u64 *pages, u32 nr)
{
	struct bench_pool *b = arg;

	mutex_lock(&b->lock);
	while (nr)
		push(&b->zones[BENCH_META], pages[--nr]);
	mutex_unlock(&b->lock);
}

static void source_give(void *arg, u64 page, u64 count)
{
	struct bench_pool *b = arg;

	mutex_lock(&b->lock);
	while (count--) {
		u64 one = page + count;

		push(&b->zones[one < b->border ? BENCH_META : BENCH_DATA], one);
	}
	mutex_unlock(&b->lock);
}

static const struct kmemp_page_source source = {
	.take = source_take,
	.put_back = source_put_back,
	.give = source_give,
};

static int note_highest(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct bench_pool *b = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(b->zones); i++) {
		struct bench_zone *zone = &b->zones[i];

		if (page < zone->end && page + count > zone->fresh)
			zone->fresh = min(page + count, zone->end);
	}
	return 0;
}

/* Pages behind all that are used; some before them are forgotten. */
void bench_find_free(struct bench_pool *b)
{
	struct bench_zone *zones = b->zones;

	zones[BENCH_META].end = b->border;
	zones[BENCH_META].fresh = 1;
	zones[BENCH_DATA].end = kmemp_pool_pages(&b->pool) - 1;
	zones[BENCH_DATA].fresh = b->border;
	if (kmemp_pool_walk_used(&b->pool, note_highest, b))
		bench_die("%s: used pages", b->format->name);
}

void bench_open(struct bench_pool *b)
{
	int ret;

	memset(&b->pool, 0, sizeof(b->pool));
	ret = kmemp_pool_open(&b->pool, &b->file.media, false);
	if (ret)
		bench_die("%s: open: %s", b->format->name, strerror(-ret));
	kmemp_pool_set_source(&b->pool, &source, b);
}

void bench_format(struct bench_pool *b, const struct crash_format *format,
		  u64 meta)
{
	struct kmemp_format_params params = {
		.type = format->type,
		.label = "bench",
		.data_min = KMEMP_DATA_MIN_DEFAULT,
	};
	struct kmemp_verdict verdict = {};

	memset(params.seal_key, 0x22, sizeof(params.seal_key));
	memset(params.hash_key, 0x33, sizeof(params.hash_key));
	b->format = format;
	b->border = meta >> KMEMP_PAGE_SHIFT;
	mutex_init(&b->lock);
	if (kmemp_pool_format(&b->file.media, &params, &verdict))
		bench_die("%s: format: %s", format->name, verdict.particulars);
	bench_open(b);
	bench_find_free(b);
}

void bench_close(struct bench_pool *b)
{
	unsigned int i;

	kmemp_pool_close(&b->pool);
	for (i = 0; i < ARRAY_SIZE(b->zones); i++) {
		free(b->zones[i].free);
		b->zones[i].free = NULL;
		b->zones[i].nr = 0;
		b->zones[i].room = 0;
	}
}

static void lose_store64(struct kmemp_media *media, u64 pos, u64 value)
{
}

static void lose_write(struct kmemp_media *media, u64 pos, const void *src,
		       size_t len)
{
}

static void lose_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
}

static void lose_flush(struct kmemp_media *media, u64 pos, size_t len)
{
}

static void lose_fence(struct kmemp_media *media)
{
}

static const struct kmemp_media_ops lose_ops = {
	.read = plain_read,
	.store64 = lose_store64,
	.write = lose_write,
	.write_fresh = lose_write,
	.fill = lose_fill,
	.flush = lose_flush,
	.fence = lose_fence,
};

void bench_cut(struct bench_pool *b)
{
	b->file.media.ops = &lose_ops;
	/* So that nobody wonders where his stores are. */
	b->pool.failed = true;
	bench_close(b);
	b->file.media.ops = &plain_ops;
}

u64 bench_page(struct bench_pool *b)
{
	u64 page;

	if (take(b, BENCH_DATA, &page, 1) &&
	    (kmemp_pool_retire(&b->pool) || take(b, BENCH_DATA, &page, 1)))
		bench_die("%s: the pool is full", b->format->name);
	return page;
}

u64 bench_run(struct bench_pool *b, u64 count, u64 align)
{
	struct bench_zone *zone = &b->zones[BENCH_DATA];
	u64 page;

	mutex_lock(&b->lock);
	page = ALIGN(zone->fresh, align);
	if (page + count > zone->end)
		bench_die("%s: the pool is full", b->format->name);
	zone->fresh = page + count;
	mutex_unlock(&b->lock);
	return page;
}
