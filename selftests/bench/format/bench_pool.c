// SPDX-License-Identifier: GPL-2.0
/*
 * See bench_pool.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/errno.h>

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
	file->media.size = bytes;
	plain_ops = *file->media.ops;
	plain_ops.read = plain_read;
	file->media.ops = &plain_ops;
	if (bench_options.media)
		return;
	madvise(file->base, bytes, MADV_HUGEPAGE);
	memset(file->base, 0, bytes);
}

struct kmemp_media_file bench_part(const struct kmemp_media_file *file,
				   unsigned int i, unsigned int nr)
{
	struct kmemp_media_file part = *file;

	part.media.size /= nr;
	part.media.size -= part.media.size % (2 << 20);
	part.base += i * part.media.size;
	return part;
}

static void push(struct bench_pool *b, u64 page)
{
	if (b->nr == b->room) {
		b->room = b->room ? 2 * b->room : 4096;
		b->free = realloc(b->free, b->room * sizeof(*b->free));
		if (!b->free)
			bench_die("out of memory");
	}
	b->free[b->nr++] = page;
	b->gone--;
}

static int source_take(void *arg, u64 *pages, u32 nr, bool adds)
{
	struct bench_pool *b = arg;
	int ret = -ENOSPC;
	u32 i;

	mutex_lock(&b->lock);
	if (b->nr + b->end - b->fresh >= nr) {
		for (i = 0; i < nr; i++)
			pages[i] = b->nr ? b->free[--b->nr] : b->fresh++;
		b->gone += nr;
		ret = 0;
	}
	mutex_unlock(&b->lock);
	return ret;
}

static void source_put_back(void *arg, const u64 *pages, u32 nr)
{
	struct bench_pool *b = arg;

	mutex_lock(&b->lock);
	while (nr)
		push(b, pages[--nr]);
	mutex_unlock(&b->lock);
}

static void source_give(void *arg, u64 page, u64 count)
{
	struct bench_pool *b = arg;

	mutex_lock(&b->lock);
	while (count)
		push(b, page + --count);
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

	if (page + count < b->end && page + count > b->fresh)
		b->fresh = page + count;
	return 0;
}

void bench_open(struct bench_pool *b, u64 fresh)
{
	int ret;

	memset(&b->pool, 0, sizeof(b->pool));
	ret = kmemp_pool_open(&b->pool, &b->file.media, false);
	if (ret)
		bench_die("%s: open: %s", b->format->name, strerror(-ret));
	b->end = kmemp_pool_pages(&b->pool) - 1;
	b->fresh = fresh;
	if (!fresh && kmemp_pool_walk_used(&b->pool, note_highest, b))
		bench_die("%s: used pages", b->format->name);
	kmemp_pool_set_source(&b->pool, &source, b);
}

void bench_format(struct bench_pool *b, const struct crash_format *format)
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
	mutex_init(&b->lock);
	if (kmemp_pool_format(&b->file.media, &params, &verdict))
		bench_die("%s: format: %s", format->name, verdict.particulars);
	bench_open(b, 0);
}

void bench_close(struct bench_pool *b)
{
	kmemp_pool_close(&b->pool);
	free(b->free);
	b->free = NULL;
	b->nr = 0;
	b->room = 0;
}

u64 bench_page(struct bench_pool *b)
{
	u64 page;

	if (source_take(b, &page, 1, true) &&
	    (kmemp_pool_retire(&b->pool) || source_take(b, &page, 1, true)))
		bench_die("%s: the pool is full", b->format->name);
	return page;
}

u64 bench_run(struct bench_pool *b, u64 count)
{
	u64 page;

	mutex_lock(&b->lock);
	page = b->fresh;
	if (b->end - b->fresh < count)
		bench_die("%s: the pool is full", b->format->name);
	b->fresh += count;
	b->gone += count;
	mutex_unlock(&b->lock);
	return page;
}

struct kmemp_batch *bench_batch(struct bench_pool *b)
{
	struct kmemp_batch *batch = kmemp_batch_new(&b->pool);

	if (!batch)
		bench_die("out of memory");
	return batch;
}

void bench_map(struct kmemp_batch *batch, u64 object, u64 offset, u64 page,
	       u32 count)
{
	const struct kmemp_extent extent = {
		.offset = offset, .page = page, .count = count,
	};
	int ret = kmemp_batch_map(batch, object, &extent);

	if (ret)
		bench_die("map: %s", strerror(-ret));
}

void bench_put(struct kmemp_batch *batch, u64 object, u64 number)
{
	u64 name[2] = { number, ~number }, value[16] = { number };
	int ret = kmemp_batch_put(batch, object, 1, name, sizeof(name), value,
				  sizeof(value));

	if (ret)
		bench_die("put: %s", strerror(-ret));
}

void bench_commit(struct kmemp_batch *batch)
{
	int ret = kmemp_batch_commit(batch);

	if (ret)
		bench_die("commit: %s", strerror(-ret));
	kmemp_batch_free(batch);
}

void bench_queue(struct kmemp_batch *batch)
{
	int ret = kmemp_batch_queue(batch);

	if (ret)
		bench_die("queue: %s", strerror(-ret));
	kmemp_batch_free(batch);
}
