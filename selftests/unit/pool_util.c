// SPDX-License-Identifier: GPL-2.0
/*
 * See pool_util.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/minmax.h>

#include "pool_util.h"

u64 test_seed = 1;

u32 rnd_of(u64 *seed, u32 below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

u32 rnd(u32 below)
{
	return rnd_of(&test_seed, below);
}

int test_format_part(struct record *record, u32 type, u64 pages)
{
	struct kmemp_format_params params = {
		.type = type,
		.pool_pages = pages,
		.label = "test",
		.data_min = KMEMP_DATA_MIN_DEFAULT,
	};
	struct kmemp_verdict verdict = {};

	memset(params.uuid, 0x11, sizeof(params.uuid));
	memset(params.seal_key, 0x22, sizeof(params.seal_key));
	memset(params.hash_key, 0x33, sizeof(params.hash_key));
	return kmemp_pool_format(&record->media, &params, &verdict);
}

int test_format(struct record *record, u32 type)
{
	return test_format_part(record, type, 0);
}

static int note_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct test_pool *t = arg;

	(void)use;
	for (; count; count--, page++) {
		if (page >= t->nr_pages)
			return -EUCLEAN;
		t->nr_free -= !t->used[page];
		t->used[page] = 1;
	}
	return 0;
}

/* First of @count free pages in [@from, @end); 0 for none. */
static u64 find_run(const struct test_pool *t, u64 from, u64 end, u64 count)
{
	const u8 *free, *stop, *last = t->used + end;

	while (from < end) {
		free = memchr(t->used + from, 0, end - from);
		if (!free || (u64)(last - free) < count)
			return 0;
		stop = memchr(free, 1, count);
		if (!stop)
			return free - t->used;
		from = stop - t->used;
	}
	return 0;
}

static u64 take_run(struct test_pool *t, u64 count)
{
	u64 start = 0;

	if (count > t->nr_free)
		return 0;
	/* Page 0 is the superblock's. */
	if (t->hint < t->nr_pages)
		start = find_run(t, max(t->hint, 1ULL), t->nr_pages, count);
	if (!start)
		start = find_run(t, 1, t->nr_pages, count);
	if (!start)
		return 0;
	memset(t->used + start, 1, count);
	t->nr_free -= count;
	t->hint = start + count;
	return start;
}

u64 test_take(struct test_pool *t, u64 count)
{
	u64 page;

	mutex_lock(&t->lock);
	page = take_run(t, count);
	mutex_unlock(&t->lock);
	return page;
}

void test_give(struct test_pool *t, u64 page, u64 count)
{
	mutex_lock(&t->lock);
	for (; count; count--, page++) {
		if (page >= t->nr_pages || !t->used[page]) {
			t->bad_gives++;
			continue;
		}
		t->used[page] = 0;
		t->nr_free++;
	}
	mutex_unlock(&t->lock);
}

static int source_take(void *arg, u64 *pages, u32 nr, bool adds)
{
	struct test_pool *t = arg;
	int ret = -ENOSPC;
	u32 i;

	mutex_lock(&t->lock);
	t->takes[adds]++;
	if (t->nr_free >= nr + (adds ? t->withheld : 0)) {
		for (i = 0; i < nr; i++)
			pages[i] = take_run(t, 1);
		ret = 0;
	}
	mutex_unlock(&t->lock);
	return ret;
}

static void source_put_back(void *arg, const u64 *pages, u32 nr)
{
	while (nr)
		test_give(arg, pages[--nr], 1);
}

static void source_give(void *arg, u64 page, u64 count)
{
	test_give(arg, page, count);
}

static void source_pending(void *arg)
{
	struct test_pool *t = arg;

	mutex_lock(&t->lock);
	t->pended++;
	mutex_unlock(&t->lock);
}

static const struct kmemp_page_source source = {
	.take = source_take,
	.put_back = source_put_back,
	.give = source_give,
	.pending = source_pending,
};

int test_open(struct test_pool *t, struct record *record, bool readonly)
{
	int ret;

	memset(t, 0, sizeof(*t));
	mutex_init(&t->lock);
	t->record = record;
	ret = kmemp_pool_open(&t->pool, &record->media, readonly);
	if (ret)
		return ret;
	t->nr_pages = record->media.size >> KMEMP_PAGE_SHIFT;
	t->nr_free = t->nr_pages;
	t->used = calloc(t->nr_pages, 1);
	if (!t->used)
		abort();
	ret = kmemp_pool_walk_used(&t->pool, note_used, t);
	/* What lies behind a pool that is smaller than its device is not its. */
	if (!ret)
		ret = note_used(t, kmemp_pool_pages(&t->pool),
				t->nr_pages - kmemp_pool_pages(&t->pool),
				KMEMP_USE_META);
	if (ret) {
		free(t->used);
		kmemp_pool_close(&t->pool);
		return ret;
	}
	kmemp_pool_set_source(&t->pool, &source, t);
	t->open = true;
	return 0;
}

void test_close(struct test_pool *t)
{
	if (!t->open)
		return;
	kmemp_pool_close(&t->pool);
	free(t->used);
	t->open = false;
}

void test_begin(struct test_pool *t, struct record *record, u32 type,
		u64 bytes)
{
	if (record_init(record, bytes))
		abort();
	record->off = true;
	if (test_format(record, type) || test_open(t, record, false))
		abort();
}

void test_end(struct test_pool *t)
{
	test_close(t);
	record_free(t->record);
}

void test_crash(struct test_pool *t)
{
	t->pool.failed = true;
	test_close(t);
	if (test_open(t, t->record, false))
		abort();
}

int test_commit(struct kmemp_batch *batch)
{
	int ret = kmemp_batch_commit(batch);

	kmemp_batch_free(batch);
	return ret;
}

int test_queue(struct kmemp_batch *batch)
{
	int ret = kmemp_batch_queue(batch);

	kmemp_batch_free(batch);
	return ret;
}

void test_fill(struct test_pool *t, u64 id, unsigned int nr)
{
	struct kmemp_extent extent = { .count = 1 };
	unsigned int i, k;
	int ret = 0;

	for (i = 0; i < nr && !ret; ) {
		struct kmemp_batch *batch = kmemp_batch_new(&t->pool);

		for (k = 0; k < 50 && i < nr && !ret; k++, i++) {
			u64 between = test_take(t, 1);

			extent.offset = 2ULL * i;
			extent.page = test_take(t, 1);
			ret = kmemp_batch_map(batch, id, &extent);
			if (!ret)
				ret = kmemp_batch_put(batch, id, 1, &i,
						      sizeof(i), "value", 5);
			test_give(t, between, 1);
		}
		if (!ret)
			ret = test_commit(batch);
	}
	if (ret)
		abort();
}

static u64 mix(u64 hash, const void *data, size_t len)
{
	const u8 *p = data;

	/* A word at a time: digests are most of what a state costs. */
	while (len) {
		size_t part = len < sizeof(u64) ? len : sizeof(u64);
		u64 word = 0;

		memcpy(&word, p, part);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
		p += part;
		len -= part;
	}
	return hash;
}

static u64 mix_number(u64 hash, u64 value)
{
	return mix(hash, &value, sizeof(value));
}

/* An image that was hit may show ever more items; a test pool has few. */
#define MOST_ITEMS	200000

bool test_pass_record(struct kmemp_record *record, u8 *buffer)
{
	/* The next position: one zero byte longer, or the next hash. */
	record->name = buffer;
	if (record->name_len < KMEMP_MAX_NAME) {
		buffer[record->name_len++] = 0;
		return true;
	}
	record->name_len = 0;
	return ++record->hash || ++record->kind;
}

static u64 digest_records(struct kmemp_pool *pool, u64 id, u64 hash, int *err)
{
	struct kmemp_record record = {};
	u8 buffer[KMEMP_RECORD_BUFFER];
	unsigned int i;

	for (i = 0; i < MOST_ITEMS; i++) {
		*err = kmemp_pool_next_record(pool, id, &record, buffer);
		if (*err)
			break;
		hash = mix_number(hash, record.kind);
		hash = mix_number(hash, record.name_len);
		hash = mix(hash, record.name, record.name_len);
		hash = mix_number(hash, record.value_len);
		hash = mix(hash, record.value, record.value_len);
		if (!test_pass_record(&record, buffer)) {
			*err = -ENOENT;
			break;
		}
	}
	if (*err == -ENOENT)
		*err = 0;
	return hash;
}

static int digest_run(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	u64 *hash = arg;

	*hash = mix_number(mix_number(mix_number(*hash, page), count), use);
	return 0;
}

u64 test_digest(struct kmemp_pool *pool, int *err)
{
	return test_digest_data(pool, NULL, NULL, err);
}

u64 test_digest_data(struct kmemp_pool *pool, u64 (*data)(void *arg, u64 page),
		     void *arg, int *err)
{
	u64 hash = 0xcbf29ce484222325ULL, id = 0, items = 0;
	struct kmemp_extent extent;

	if (!kmemp_pool_keeps_objects(pool)) {
		*err = kmemp_pool_walk_used(pool, digest_run, &hash);
		return hash;
	}
	for (; !(*err = kmemp_pool_next_object(pool, &id)); id++) {
		u64 offset = 0;

		hash = mix_number(hash, id);
		hash = digest_records(pool, id, hash, err);
		if (*err)
			return 0;
		while (!(*err = kmemp_pool_next_extent(pool, id, offset,
						       1ULL << 30, &extent))) {
			hash = mix_number(hash, extent.offset);
			hash = mix_number(hash, extent.page);
			hash = mix_number(hash, extent.count);
			hash = mix_number(hash, extent.flags << 8 | extent.tag);
			if (data)
				hash = mix_number(hash, data(arg, extent.page));
			offset = extent.offset + extent.count;
			if (++items > MOST_ITEMS) {
				*err = -EUCLEAN;
				return 0;
			}
		}
		if (*err != -ENOENT)
			return 0;
	}
	if (*err == -ENOENT)
		*err = 0;
	return hash;
}

unsigned int test_notes;

struct findings {
	unsigned int nr;
	bool loud;
};

static void on_finding(void *arg, enum kmemp_severity severity, u64 object,
		       u64 pos, const char *text)
{
	struct findings *f = arg;

	if (severity == KMEMP_NOTE) {
		test_notes++;
		return;
	}
	if (f->nr++ < 5 && f->loud)
		fprintf(stderr, "# finding: object %llu, page %llu + %llu: %s\n",
			object, pos >> 12, pos & 4095, text);
}

static void on_line(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

unsigned int test_check(struct kmemp_pool *pool, bool loud)
{
	struct findings f = { .loud = loud };
	const struct kmemp_findings findings = {
		.finding = on_finding,
		.line = on_line,
		.arg = &f,
	};
	int ret;

	test_notes = 0;
	ret = kmemp_pool_check(pool, &findings);
	if (!ret)
		ret = kmemp_pool_describe(pool, &findings);
	return f.nr + !!ret;
}

bool test_partition(struct test_pool *t)
{
	u8 *mapped = calloc(t->nr_pages, 1);
	struct kmemp_extent extent;
	bool good = true;
	u64 id = 0, i;

	for (; good && !kmemp_pool_next_object(&t->pool, &id); id++) {
		u64 offset = 0;

		while (good && !kmemp_pool_next_extent(&t->pool, id, offset,
						       1ULL << 30, &extent)) {
			for (i = 0; i < extent.count; i++) {
				u64 page = extent.page + i;

				if (!t->used[page] || mapped[page])
					good = false;
				mapped[page] = 1;
			}
			offset = extent.offset + extent.count;
		}
	}
	free(mapped);
	return good;
}

bool test_agrees(struct test_pool *t)
{
	struct test_pool other;
	u64 i, differ = 0;

	if (kmemp_pool_retire(&t->pool))
		return false;
	if (test_open(&other, t->record, true))
		return false;
	for (i = 0; i < t->nr_pages; i++)
		differ += t->used[i] != other.used[i];
	test_close(&other);
	return !differ;
}
