/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool on real memory, with a page source that costs next to nothing.
 */
#ifndef KMEMP_BENCH_POOL_H
#define KMEMP_BENCH_POOL_H

#include <linux/mutex.h>

#include <kmem_persist/pool.h>

#include "formats.h"
#include "media_file.h"

/**
 * struct bench_pool - a pool and its free pages
 * @file: its medium, perhaps a part of one
 * @pool: opened
 * @format: of it
 * @lock: of what follows
 * @free: pages that came back; the last one is taken first
 * @nr: how many
 * @room: for so many
 * @fresh: from here on none was ever taken
 * @end: none from here on
 * @gone: taken and not given back: data and metadata
 */
struct bench_pool {
	struct kmemp_media_file file;
	struct kmemp_pool pool;
	const struct crash_format *format;
	struct mutex lock;
	u64 *free;
	u64 nr, room;
	u64 fresh, end;
	u64 gone;
};

/* Is it the one that was asked for, or was none? */
bool bench_wanted(const struct crash_format *format);
/* Memory, huge pages if there are, all there; or the medium of the options. */
void bench_medium(struct kmemp_media_file *file, u64 bytes);
/* Part @i of @nr, for a pool or to store to. */
struct kmemp_media_file bench_part(const struct kmemp_media_file *file,
				   unsigned int i, unsigned int nr);
/* An empty pool on what @b->file is. */
void bench_format(struct bench_pool *b, const struct crash_format *format);
/* Open what is there: all pages before @fresh count as used. */
void bench_open(struct bench_pool *b, u64 fresh);
void bench_close(struct bench_pool *b);
/* A page for data. */
u64 bench_page(struct bench_pool *b);
/* @count pages in a row, never used before. */
u64 bench_run(struct bench_pool *b, u64 count);

struct kmemp_batch *bench_batch(struct bench_pool *b);
void bench_map(struct kmemp_batch *batch, u64 object, u64 offset, u64 page,
	       u32 count);
/* Names of 16 bytes, values of 128. */
void bench_put(struct kmemp_batch *batch, u64 object, u64 number);
/* Durable, and freed. */
void bench_commit(struct kmemp_batch *batch);
void bench_queue(struct kmemp_batch *batch);

#endif
