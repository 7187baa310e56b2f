/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool on real memory, with a page source that costs next to nothing. Data is
 * never stored, so that of a large pool only the metadata takes memory: both
 * have pages of their own.
 */
#ifndef KMEMP_BENCH_POOL_H
#define KMEMP_BENCH_POOL_H

#include <linux/mutex.h>

#include <kmem_persist/pool.h>

#include "formats.h"
#include "media_file.h"

/* Pages in a huge one. */
#define BENCH_HUGE	512u

enum bench_zone_kind { BENCH_META, BENCH_DATA };

/**
 * struct bench_zone - pages for one use
 * @free: pages that came back; the last one is taken first
 * @nr: how many
 * @room: for so many
 * @fresh: from here on none was ever taken
 * @end: none from here on
 */
struct bench_zone {
	u64 *free;
	u64 nr, room;
	u64 fresh, end;
};

/**
 * struct bench_pool - a pool and its free pages
 * @file: its medium, perhaps a part of one
 * @pool: opened
 * @format: of it
 * @lock: of @zones
 * @zones: by enum bench_zone_kind
 * @border: first page for data
 * @added: see bench_build()
 */
struct bench_pool {
	struct kmemp_media_file file;
	struct kmemp_pool pool;
	const struct crash_format *format;
	struct mutex lock;	/* of @zones */
	struct bench_zone zones[2];
	u64 border;
	u64 added;
};

/* Is it the one that was asked for, or was none? */
bool bench_wanted(const struct crash_format *format);
/*
 * Memory that is there when it is touched; or the medium of the options, whose
 * ends must be empty, and are so at the end.
 */
void bench_medium(struct kmemp_media_file *file, u64 bytes);
void bench_medium_end(struct kmemp_media_file *file);
/* Bytes that the medium may have. */
u64 bench_limit(void);
/* Part @i of @nr, for a pool or to store to. */
struct kmemp_media_file bench_part(const struct kmemp_media_file *file,
				   unsigned int i, unsigned int nr);
/* Have the first @bytes in memory. */
void bench_touch(const struct kmemp_media_file *file, u64 bytes);
/* An empty pool on what @b->file is, @meta bytes of it for metadata. */
void bench_format(struct bench_pool *b, const struct crash_format *format,
		  u64 meta);
/* Open what was closed or cut off; to be changed, it has to find free pages. */
void bench_open(struct bench_pool *b);
void bench_find_free(struct bench_pool *b);
void bench_close(struct bench_pool *b);
/* As after a power cut: nothing is stored any more, and memory is freed. */
void bench_cut(struct bench_pool *b);
/* A page for data. */
u64 bench_page(struct bench_pool *b);
/* @count pages for data in a row, never used before; a multiple of @align. */
u64 bench_run(struct bench_pool *b, u64 count, u64 align);

/**
 * struct bench_used - which pages of a pool are used, as a host notes it
 * @bits: one for each page
 * @pages: how many pages that may be
 */
struct bench_used {
	u64 *bits;
	u64 pages;
};

/* Memory for it, touched. */
void bench_used_init(struct bench_used *used, u64 pages);
void bench_used_free(struct bench_used *used);
/* Forget. */
void bench_used_clear(struct bench_used *used, u64 pages);
/* Note all that are used. */
void bench_used_walk(struct bench_used *used, struct bench_pool *b);
u64 bench_used_count(const struct bench_used *used, u64 pages);
/* Save them as the used map of the pool, whose used pages they are. */
void bench_used_save(const struct bench_used *used, struct bench_pool *b);

struct kmemp_batch *bench_batch(struct bench_pool *b);
void bench_map(struct kmemp_batch *batch, u64 object, u64 offset, u64 page,
	       u32 count);
/* Names of 16 bytes, values of 128. */
void bench_put(struct kmemp_batch *batch, u64 object, u64 number);
/* Durable, and freed. */
void bench_commit(struct kmemp_batch *batch);
/* Durable some time, and freed. */
void bench_queue(struct kmemp_batch *batch);

/* What a batch of bench_build() does: replaces what is there, or adds to it. */
enum bench_kind { BENCH_REPLACES, BENCH_ADDS, BENCH_NR_KINDS };

extern const char * const bench_kinds[];

/* A volume of single pages, and records, for BENCH_REPLACES. */
void bench_fill(struct bench_pool *b);
/* A batch that maps one page and puts one record. */
struct kmemp_batch *bench_build(struct bench_pool *b, enum bench_kind kind);

#endif
