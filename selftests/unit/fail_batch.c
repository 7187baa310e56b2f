// SPDX-License-Identifier: GPL-2.0
/*
 * See fail_batch.h.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>

#include <kmem_persist/format_volume.h>

#include "fail_batch.h"

#define ID		FAIL_ID

static void map(struct fail_batch *w, u64 id, u64 offset, u32 count)
{
	struct kmemp_extent extent = { .offset = offset, .count = count };

	if (w->ret)
		return;
	extent.page = test_take(w->t, count);
	w->page[w->nr] = extent.page;
	w->count[w->nr++] = count;
	w->ret = kmemp_batch_map(w->batch, id, &extent);
}

static void unmap(struct fail_batch *w, u64 id, u64 offset, u32 count)
{
	if (!w->ret)
		w->ret = kmemp_batch_unmap(w->batch, id, offset, count);
}

static void put(struct fail_batch *w, u64 id, u32 n, u32 name_len, u32 value_len)
{
	u8 name[KMEMP_MAX_NAME], value[KMEMP_MAX_VALUE];

	memset(name, 'n', sizeof(name));
	memcpy(name, &n, sizeof(n));
	memset(value, n, sizeof(value));
	if (!w->ret)
		w->ret = kmemp_batch_put(w->batch, id, 1, name, name_len, value,
					 value_len);
}

static void del(struct fail_batch *w, u64 id, u32 n, u32 name_len)
{
	u8 name[KMEMP_MAX_NAME];

	memset(name, 'n', sizeof(name));
	memcpy(name, &n, sizeof(n));
	if (!w->ret)
		w->ret = kmemp_batch_del(w->batch, id, 1, name, name_len);
}

int fail_batch(struct test_pool *t, void (*build)(struct fail_batch *w),
	       int (*end)(struct kmemp_batch *batch))
{
	struct fail_batch w = { .t = t, .batch = kmemp_batch_new(&t->pool) };

	if (!w.batch)
		return -ENOMEM;
	build(&w);
	if (!w.ret)
		w.ret = end(w.batch);
	while (w.ret && !t->pool.failed && w.nr--)
		test_give(t, w.page[w.nr], w.count[w.nr]);
	kmemp_batch_free(w.batch);
	return w.ret;
}

void fail_build_new(struct fail_batch *w)
{
	map(w, ID + 9, 1 << 20, 3);
	put(w, ID + 9, 1, 20, 100);
}

void fail_build_replace(struct fail_batch *w)
{
	map(w, ID, 100, 7);
	map(w, ID, 511, 2);
	put(w, ID, 5, 200, 1000);
}

void fail_build_split(struct fail_batch *w)
{
	unmap(w, ID, 300, 1);
	unmap(w, ID + 1, 2 * 100, 100);
}

void fail_build_delete(struct fail_batch *w)
{
	unsigned int i;

	for (i = 3; i < 20; i++)
		del(w, ID, i, 4 + 10 * i);
}

void fail_build_remove(struct fail_batch *w)
{
	w->ret = kmemp_batch_remove(w->batch, ID) ?:
		 kmemp_batch_remove(w->batch, ID + 7);
	map(w, ID, 3, 1);
}

void fail_build_mix(struct fail_batch *w)
{
	fail_build_new(w);
	fail_build_split(w);
	fail_build_replace(w);
	del(w, ID, 6, 64);
}

/* Too much to be staged. */
void fail_build_many(struct fail_batch *w)
{
	unsigned int i;

	for (i = 0; i < 140; i++)
		map(w, ID + 2, 3 * i, 1);
	unmap(w, ID + 1, 0, 1000);
}

/* Much that is soon no more true. */
void fail_build_churn(struct fail_batch *w)
{
	unsigned int i;

	for (i = 0; i < 60; i++)
		put(w, ID + 7, 100 + i, 4, 1000);
}

static void build_volume(struct fail_batch *w)
{
	const struct kmemp_disk_volume volume = {
		.object = cpu_to_le64(ID),
		.pages = cpu_to_le64(10000),
		.block_size = cpu_to_le32(512),
	};

	if (!w->ret)
		w->ret = kmemp_batch_put(w->batch, KMEMP_OBJ_ROOT,
					 KMEMP_ROOT_VOLUME, "v", 1, &volume,
					 sizeof(volume));
}

static void build_large(struct fail_batch *w)
{
	map(w, ID, 0, 600);
	put(w, ID + 7, 1, 4, 4);
}

static void build_records(struct fail_batch *w)
{
	unsigned int i;

	for (i = 1; i < 24; i++)
		put(w, ID, i, 4 + 10 * i, 7 * i);
}

/* Neighbours would be one extent. */
static void build_singles(struct fail_batch *w)
{
	unsigned int i;

	for (i = 0; i < FAIL_SINGLES / 3; i++)
		map(w, ID + 1, w->t->pool.newest % 7 + 7 * i, 1);
}

void fail_fill(struct test_pool *t)
{
	u64 id;

	if (kmemp_pool_new_id(&t->pool, &id) ||
	    kmemp_pool_mark_bad(&t->pool, test_take(t, 1)) ||
	    fail_batch(t, build_volume, kmemp_batch_commit) ||
	    fail_batch(t, build_large, kmemp_batch_commit) ||
	    fail_batch(t, build_records, kmemp_batch_commit) ||
	    fail_batch(t, build_singles, kmemp_batch_commit) ||
	    fail_batch(t, build_singles, kmemp_batch_commit) ||
	    fail_batch(t, build_singles, kmemp_batch_commit))
		abort();
}
