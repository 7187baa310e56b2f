// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of benchmarks, see bench_pool.h.
 */
#include <string.h>

#include <linux/kernel.h>

#include "bench_pool.h"
#include "bench_util.h"

/* What is there before, and is replaced at random. */
#define EXTENTS		16384u
#define RECORDS		4096u
#define VOLUME		5000u
#define NAMES		5001u
/* So many go into one batch in every format. */
#define AT_ONCE		32u

const char * const bench_kinds[] = { "replace", "add" };

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
	static __thread u64 news;
	u64 name[2] = { number, ~number }, value[16];
	unsigned int i;
	int ret;

	/* No word of it is what was there before. */
	for (i = 0; i < ARRAY_SIZE(value); i++)
		value[i] = ++news * 0x9e3779b97f4a7c15ULL;
	ret = kmemp_batch_put(batch, object, 1, name, sizeof(name), value,
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

/* Every other page is mapped, so that nothing merges. */
void bench_fill(struct bench_pool *b)
{
	u32 i, k;

	for (i = 0; i < EXTENTS; i += AT_ONCE) {
		struct kmemp_batch *batch = bench_batch(b);

		for (k = i; k < i + AT_ONCE; k++)
			bench_map(batch, VOLUME, 2 * k, bench_page(b), 1);
		bench_commit(batch);
	}
	for (i = 0; i < RECORDS; i += AT_ONCE) {
		struct kmemp_batch *batch = bench_batch(b);

		for (k = i; k < i + AT_ONCE; k++)
			bench_put(batch, NAMES, k);
		bench_commit(batch);
	}
}

struct kmemp_batch *bench_build(struct bench_pool *b, enum bench_kind kind)
{
	struct kmemp_batch *batch = bench_batch(b);
	u64 extent = bench_random(EXTENTS), record = bench_random(RECORDS);

	if (kind == BENCH_ADDS) {
		record = __atomic_fetch_add(&b->added, 1, __ATOMIC_RELAXED);
		extent = EXTENTS + record;
		record += RECORDS;
	}
	bench_map(batch, VOLUME, 2 * extent, bench_page(b), 1);
	bench_put(batch, NAMES, record);
	return batch;
}
