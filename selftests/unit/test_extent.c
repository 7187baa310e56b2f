// SPDX-License-Identifier: GPL-2.0
/*
 * What is format extent's alone: the size of its tree, neighbours that merge,
 * records whose names have one hash, blocks that are used again.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "extent/extent.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)
#define TIB_PAGES	(1ULL << 28)
#define LARGE		512u
#define OBJECT		4096u

static const struct kmemp_ext_root *tree(const struct test_pool *t)
{
	const struct extent *extent = t->pool.private;

	return &extent->root;
}

static int map_at(struct test_pool *t, u64 offset, u64 page, u32 count)
{
	struct kmemp_extent extent = {
		.offset = offset, .page = page, .count = count,
	};
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret = kmemp_batch_map(batch, OBJECT, &extent);

	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

/*
 * A pool of 1 TiB that is full of extents of 2 MiB, none of which goes on where
 * another ends. Its data is never touched, and so takes no memory.
 */
static void test_large(void)
{
	u64 nr = TIB_PAGES / LARGE - 64, i, k, bytes;
	const struct kmemp_ext_root *root;
	struct record record;
	struct test_pool t;
	unsigned int fences;
	int ret = 0;

	record_init(&record, TIB_PAGES << KMEMP_PAGE_SHIFT);
	record.off = true;
	if (test_format(&record, KMEMP_TYPE_EXTENT) ||
	    test_open(&t, &record, false))
		exit(2);
	/* Data behind metadata: the test's map knows of neither. */
	memset(t.used + 63 * LARGE, 1, TIB_PAGES - 63 * LARGE);
	fences = record.media.counts.fences;
	for (i = 0; i < nr && !ret; i += k) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		for (k = 0; k < 512 && i + k < nr && !ret; k++) {
			/* Backwards, so that none goes on. */
			struct kmemp_extent extent = {
				.offset = (i + k) * LARGE,
				.page = TIB_PAGES - (i + k + 2) * LARGE,
				.count = LARGE,
			};

			ret = kmemp_batch_map(batch, OBJECT, &extent);
		}
		if (!ret)
			ret = kmemp_batch_commit(batch);
		kmemp_batch_free(batch);
	}
	fences = record.media.counts.fences - fences;
	root = tree(&t);
	bytes = root->nr_blocks * KMEMP_EXTENT_BLOCK;
	tap_ok(!ret && root->nr_extents == nr,
	       "%llu extents of 2 MiB, by 512 in a batch (%d)", nr, ret);
	tap_ok(fences == (nr + 511) / 512 + 2,
	       "one fence for each batch, two for the epoch: %u", fences);
	tap_ok(root->depth <= 4 && bytes < 16 << 20,
	       "depth %u, %llu KiB of metadata", root->depth, bytes >> 10);
	test_close(&t);
	ret = test_open(&t, &record, true);
	tap_ok(!ret && !test_check(&t.pool, true), "all of it verifies (%d)",
	       ret);
	test_end(&t);
}

/* Neighbours merge, also with what lies behind, and come apart again. */
static void test_neighbours(void)
{
	struct kmemp_extent found;
	struct record record;
	struct test_pool t;
	u64 page, i;
	int ret = 0;

	test_begin(&t, &record, KMEMP_TYPE_EXTENT, POOL_BYTES);
	page = test_take(&t, 1000);
	for (i = 0; i < 1000 && !ret; i += 2)
		ret = map_at(&t, i, page + i, 1);
	tap_ok(!ret && tree(&t)->nr_extents == 500 && tree(&t)->depth == 2,
	       "every other page: %llu extents", tree(&t)->nr_extents);
	for (i = 1; i < 1000 && !ret; i += 2)
		ret = map_at(&t, i, page + i, 1);
	tap_ok(!ret && tree(&t)->nr_extents == 1 && tree(&t)->depth == 1 &&
	       tree(&t)->nr_blocks == 1, "those between: one extent, one node");
	ret = map_at(&t, 500, test_take(&t, 1), 1);
	tap_ok(!ret && tree(&t)->nr_extents == 3, "one replaced: three");
	ret = kmemp_pool_next_extent(&t.pool, OBJECT, 501, 1 << 20, &found);
	tap_ok(!ret && found.offset == 501 && found.page == page + 501 &&
	       found.count == 499, "what is behind it begins where it should");
	/* Those before may be the last of their leaves, those behind are apart. */
	page = test_take(&t, 600);
	for (i = 0; i < 600 && !ret; i += 3)
		ret = map_at(&t, 2000 + i, page + i, 1);
	for (i = 1; i < 600 && !ret; i += 3)
		ret = map_at(&t, 2000 + i, page + i, 1);
	tap_ok(!ret && tree(&t)->nr_extents == 3 + 200,
	       "each goes on where one before it ends, over leaves: %llu",
	       tree(&t)->nr_extents);
	tap_ok(!test_check(&t.pool, true), "full check finds nothing");
	test_end(&t);
}

/* ------------------------------------------------- names of one hash */

#define SAME	300u

/* What the core would never make: it gives every name the hash 7. */
static int put_same(struct test_pool *t, unsigned int n, unsigned int op)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	struct kmemp_change *change;
	u8 name[64], value[700];
	int ret;

	memset(name, 'n', sizeof(name));
	name[40] = n >> 8;
	name[41] = n;
	memset(value, n, sizeof(value));
	ret = kmemp_batch_put(batch, OBJECT, 3, name, 42, value,
			      n % 16 ? 20 : sizeof(value));
	if (!ret && op == KMEMP_DEL_RECORD) {
		kmemp_batch_free(batch);
		batch = kmemp_batch_new(&t->pool);
		ret = kmemp_batch_del(batch, OBJECT, 3, name, 42);
	}
	change = (struct kmemp_change *)batch->changes;
	change->record.hash = 7;
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

/* In order of names, each of those that are there, once. */
static bool same_walk(struct test_pool *t, const bool *there)
{
	const struct kmemp_format_ops *ops = t->pool.format;
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = { .kind = 3, .hash = 7 };
	unsigned int n;

	for (n = 0; n < SAME; n++) {
		if (!there[n])
			continue;
		if (ops->next_record(&t->pool, OBJECT, &record, buffer) ||
		    record.hash != 7 || record.name_len != 42 ||
		    record.name[40] != n >> 8 || record.name[41] != (u8)n ||
		    record.value_len != (n % 16 ? 20 : 700) ||
		    record.value[record.value_len - 1] != (u8)n)
			return false;
		/* The name, and a byte more. */
		buffer[record.name_len++] = 0;
		record.name = buffer;
	}
	return ops->next_record(&t->pool, OBJECT, &record, buffer) == -ENOENT;
}

static void test_same_hash(void)
{
	bool there[SAME] = {}, good = true;
	struct record record;
	struct test_pool t;
	unsigned int i, n;
	int ret = 0;

	test_begin(&t, &record, KMEMP_TYPE_EXTENT, POOL_BYTES);
	for (i = 0; i < 2000 && !ret && good; i++) {
		n = i < SAME ? i * 7 % SAME : i * 7919 % SAME;
		there[n] = i < SAME || i % 3;
		ret = put_same(&t, n, there[n] ? KMEMP_PUT_RECORD :
						 KMEMP_DEL_RECORD);
		/* The core's own finding is of the hashes; it is the only one. */
		if (i % 50 == 49)
			good = same_walk(&t, there) &&
			       test_check(&t.pool, false) == 1;
	}
	tap_ok(!ret && good, "%u records of one hash, over leaves (%d)", SAME,
	       ret);
	for (n = 0; n < SAME && !ret; n++)
		ret = put_same(&t, n, KMEMP_DEL_RECORD);
	tap_ok(!ret && !tree(&t)->depth && !tree(&t)->nr_blocks,
	       "all of them deleted: an empty tree");
	tap_ok(test_agrees(&t) && !t.bad_gives, "and no page in use");
	test_end(&t);
}

/* ------------------------------------------------------------ blocks */

#define NR_BLOCKS	(POOL_BYTES / KMEMP_EXTENT_BLOCK)

struct live {
	struct kmemp_ext_walk walk;
	u8 *block;
};

static int live_node(struct kmemp_ext_walk *walk,
		     const struct kmemp_ext_ref *ref, u32 level,
		     const void *node)
{
	(void)level;
	(void)node;
	container_of(walk, struct live, walk)->block[ref->block] = 1;
	return 0;
}

/* The blocks of the newest tree. */
static void note_live(struct test_pool *t, u8 *block)
{
	struct live live = {
		.walk = {
			.extent = t->pool.private,
			.root = tree(t),
			.node = live_node,
		},
		.block = block,
	};

	memset(block, 0, NR_BLOCKS);
	if (kmemp_ext_walk(&live.walk))
		exit(2);
}

/*
 * No batch stores into a block that either of the two trees before it has,
 * unless the newest was confirmed: then the one before that may go.
 */
static void test_reuse(void)
{
	u8 *newest = calloc(NR_BLOCKS, 1), *before = calloc(NR_BLOCKS, 1);
	unsigned int step, wrong = 0, reused = 0, early = 0;
	u8 *ever = calloc(NR_BLOCKS, 1);
	struct record record;
	struct test_pool t;
	u64 pages, e, i;

	test_begin(&t, &record, KMEMP_TYPE_EXTENT, POOL_BYTES);
	record.off = false;
	pages = t.nr_free;
	for (step = 0; step < 600; step++) {
		bool confirmed = step % 5 == 4;

		if (confirmed && kmemp_pool_confirm(&t.pool))
			exit(2);
		record_forget(&record);
		if (map_at(&t, step * 37 % 200 * 2, test_take(&t, 1), 1))
			exit(2);
		for (e = 0; e < record.nr; e++) {
			const struct record_event *event = &record.events[e];
			u64 block = event->pos / KMEMP_EXTENT_BLOCK;

			if (event->kind != RECORD_STORE || block < 4 ||
			    block >= NR_BLOCKS - 4)
				continue;
			wrong += newest[block] || (before[block] && !confirmed);
			early += before[block] && !newest[block];
			reused += ever[block];
		}
		swap(newest, before);
		note_live(&t, newest);
		for (i = 0; i < NR_BLOCKS; i++)
			ever[i] |= newest[i];
	}
	tap_ok(!wrong, "nothing is stored into blocks that recovery may need (%u)",
	       wrong);
	tap_ok(reused > 600 && early,
	       "blocks are used again: %u, %u of them because they were confirmed",
	       reused, early);
	record.off = true;
	tap_ok(pages - t.nr_free < 200 + 40, "%llu pages for 200 extents",
	       pages - t.nr_free);
	free(newest);
	free(before);
	free(ever);
	test_end(&t);
}

int main(void)
{
	long nr = shim_nr_allocated;

	test_neighbours();
	test_same_hash();
	test_reuse();
	test_large();
	tap_ok(shim_nr_allocated == nr, "nothing leaked");
	return tap_done();
}
