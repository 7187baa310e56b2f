// SPDX-License-Identifier: GPL-2.0
/*
 * See sample.h.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include <kmem_persist/format_volume.h>

#include "sample.h"

const struct sample_format sample_formats[] = {
	{ KMEMP_TYPE_NONE, "none", .bound = true },
	/* A slot has a check of 8 bits, over itself; seals have no sequence. */
	{ KMEMP_TYPE_BITMAP, "bitmap", .lines = 32 },
	{ KMEMP_TYPE_LOG, "log", .lines = 32, .bound = true },
	/* Root slots, three leaves and the node above, each whole. */
	{ KMEMP_TYPE_EXTENT, "extent", .lines = 88, .bound = true },
};

const unsigned int sample_nr_formats = ARRAY_SIZE(sample_formats);
const char *const sample_kinds[SAMPLE_KINDS] = {
	"clean", "crashed", "torn", "before", "earlier",
};

u64 sample_bytes = SAMPLE_BYTES;

/* A sample that cannot be made has nothing to show. */
static void must(int ret)
{
	if (ret) {
		fprintf(stderr, "# sample: error %d\n", ret);
		exit(2);
	}
}

void sample_map(struct test_pool *t, struct kmemp_batch *batch, u64 id,
		u64 offset, u32 count, u8 flags)
{
	struct kmemp_extent extent = {
		.offset = offset, .count = count, .flags = flags,
		.page = test_take(t, count),
	};

	must(!extent.page);
	must(kmemp_batch_map(batch, id, &extent));
}

static void put(struct kmemp_batch *batch, u64 id, u8 kind, unsigned int n,
		size_t name_len, size_t value_len)
{
	u8 name[KMEMP_MAX_NAME], value[KMEMP_MAX_VALUE];

	memset(name, 'a' + n % 26, sizeof(name));
	memset(value, n, sizeof(value));
	must(kmemp_batch_put(batch, id, kind, name, name_len, value,
			     value_len));
}

static void commit(struct kmemp_batch *batch)
{
	must(kmemp_batch_commit(batch));
	kmemp_batch_free(batch);
}

/* As the tool makes one. */
static void make_volume(struct test_pool *t)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	struct kmemp_disk_volume disk = {
		.pages = cpu_to_le64(4096),
		.block_size = cpu_to_le32(KMEMP_PAGE_SIZE),
	};
	u64 id;

	must(kmemp_pool_new_id(&t->pool, &id));
	disk.object = cpu_to_le64(id);
	must(kmemp_batch_put(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "data",
			     4, &disk, sizeof(disk)));
	sample_map(t, batch, id, 100, 40, 0);
	sample_map(t, batch, id, 512, 512, 0);
	commit(batch);

	/* Overwritten here and there; one page was discarded. */
	batch = kmemp_batch_new(&t->pool);
	sample_map(t, batch, id, 104, 1, 0);
	sample_map(t, batch, id, 700, 2, 0);
	must(kmemp_batch_unmap(batch, id, 900, 1));
	commit(batch);
}

/* Names and values of all lengths, some of one kind, one kind with many. */
static void make_records(struct test_pool *t)
{
	static const u16 sizes[][2] = {
		{ 0, 0 }, { 1, 8 }, { 17, 100 }, { 255, 0 }, { 64, 1024 },
	};
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		put(batch, 5000, i % 3, i, sizes[i][0], sizes[i][1]);
	for (i = 0; i < 20; i++)
		put(batch, 5001, 7, i, 9, 16);
	sample_map(t, batch, 5001, 1ULL << 30, 3, KMEMP_EXTENT_UNWRITTEN);
	commit(batch);
}

/* What is removed leaves its traces too. */
static void make_holes(struct test_pool *t)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);

	put(batch, 6000, 1, 1, 40, 300);
	sample_map(t, batch, 6000, 0, 5, 0);
	sample_map(t, batch, 6001, 0, 600, 0);
	commit(batch);
	batch = kmemp_batch_new(&t->pool);
	must(kmemp_batch_remove(batch, 6000));
	must(kmemp_orphan_put(batch, 6001, KMEMP_ORPHAN_TRUNCATE, 300));
	commit(batch);
}

static void fill(struct test_pool *t)
{
	must(kmemp_pool_mark_bad(&t->pool, 9000));
	if (!kmemp_pool_keeps_objects(&t->pool))
		return;
	make_volume(t);
	make_records(t);
	make_holes(t);
}

/* The last thing that it did. */
static void change(struct test_pool *t)
{
	struct kmemp_batch *batch;

	if (!kmemp_pool_keeps_objects(&t->pool)) {
		must(kmemp_pool_mark_bad(&t->pool, 9100));
		return;
	}
	batch = kmemp_batch_new(&t->pool);
	put(batch, 5000, 1, 1, 1, 9);
	put(batch, 7000, 2, 3, 30, 700);
	sample_map(t, batch, 7000, 0, 2, 0);
	must(kmemp_batch_unmap(batch, 5001, 1ULL << 30, 1));
	commit(batch);
}

void sample_make(struct record *record, u32 type, enum sample_kind kind)
{
	struct test_pool t;
	u64 before, after;

	must(record_init(record, sample_bytes));
	record->off = true;
	must(test_format(record, type));
	must(test_open(&t, record, false));
	fill(&t);
	test_close(&t);
	if (kind == SAMPLE_EARLIER)
		return;
	/* Another opening, another epoch. */
	must(test_open(&t, record, false));
	if (kmemp_pool_keeps_objects(&t.pool)) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);

		put(batch, 5000, 2, 2, 17, 101);
		commit(batch);
	}
	record->off = kind == SAMPLE_CLEAN;
	before = record->nr;
	change(&t);
	after = record->nr;
	test_close(&t);
	if (kind == SAMPLE_BEFORE)
		after = before;
	else if (kind == SAMPLE_TORN)
		after = before + (after - before) / 2;
	if (kind != SAMPLE_CLEAN)
		record_undo(record, after);
	record_forget(record);
	record->off = true;
}

static void print_bytes(FILE *to, const char *what, const u8 *bytes, size_t len)
{
	size_t i, run;

	fprintf(to, " %s %zu:", what, len);
	/* Runs of one byte as byte*length. */
	for (i = 0; i < len; i += run) {
		for (run = 1; i + run < len && bytes[i + run] == bytes[i];)
			run++;
		fprintf(to, " %02x", bytes[i]);
		if (run > 1)
			fprintf(to, "*%zu", run);
	}
}

static int print_records(struct kmemp_pool *pool, u64 id, FILE *to)
{
	struct kmemp_record record = {};
	u8 buffer[KMEMP_RECORD_BUFFER];
	int ret;

	do {
		ret = kmemp_pool_next_record(pool, id, &record, buffer);
		if (ret)
			break;
		fprintf(to, "  record kind %u", record.kind);
		print_bytes(to, "name", record.name, record.name_len);
		print_bytes(to, "value", record.value, record.value_len);
		fputc('\n', to);
	} while (kmemp_record_after(&record, buffer));
	return ret == -ENOENT ? 0 : ret;
}

static int print_extents(struct kmemp_pool *pool, u64 id, FILE *to)
{
	struct kmemp_extent extent;
	u64 offset = 0;
	int ret;

	while (!(ret = kmemp_pool_next_extent(pool, id, offset, 1ULL << 30,
					      &extent))) {
		fprintf(to, "  extent %llu + %u at page %llu, flags %u, tag %u\n",
			extent.offset, extent.count, extent.page, extent.flags,
			extent.tag);
		offset = extent.offset + extent.count;
	}
	return ret == -ENOENT ? 0 : ret;
}

static int print_bad(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	if (use == KMEMP_USE_BAD)
		fprintf(arg, "bad page %llu + %llu\n", page, count);
	return 0;
}

int sample_print(struct kmemp_pool *pool, FILE *to)
{
	u64 id = 0;
	int ret;

	fprintf(to, "sequence %llu\n", pool->newest);
	if (!kmemp_pool_keeps_objects(pool))
		return kmemp_pool_walk_used(pool, print_bad, to);
	for (; !(ret = kmemp_pool_next_object(pool, &id)); id++) {
		fprintf(to, "object %llu\n", id);
		ret = print_records(pool, id, to);
		if (!ret)
			ret = print_extents(pool, id, to);
		if (ret)
			break;
	}
	return ret == -ENOENT ? 0 : ret;
}
