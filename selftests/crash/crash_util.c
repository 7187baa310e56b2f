// SPDX-License-Identifier: GPL-2.0
/*
 * See crash_util.h.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "crash_util.h"
#include "oracle.h"

u64 crash_digests[CRASH_MOST_BATCHES];
u64 crash_first;
u64 crash_newest;
/* The last line of data: no two are the same. */
static u64 crash_stored;
u64 crash_after;
struct crash_stats crash_stats;
bool crash_quiet;
unsigned int crash_lazy;
bool crash_promises;
bool crash_may_be_full;

static bool bad(const char *what, u64 a, u64 b)
{
	if (!crash_quiet)
		fprintf(stderr, "# %s: %llu, %llu\n", what, a, b);
	return false;
}

static u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* A line of data that tells which one it is, and where it belongs. */
static void make_data(u64 pos, u64 serial, u64 *data)
{
	unsigned int i;

	data[0] = serial;
	for (i = 1; i < KMEMP_LINE_SIZE / 8; i++)
		data[i] = mix(mix(serial, pos), i);
}

bool crash_is_data(u64 pos, const void *bytes, size_t len)
{
	u64 found[KMEMP_LINE_SIZE / 8], data[KMEMP_LINE_SIZE / 8];

	if (len != sizeof(found))
		return false;
	memcpy(found, bytes, sizeof(found));
	make_data(pos, found[0], data);
	return !memcmp(found, data, sizeof(data));
}

/* Which line of data is there? 0 where there is none, or not the whole of it. */
static u64 find_data(const struct record *record, u64 pos)
{
	u64 serial;

	memcpy(&serial, record->base + pos, sizeof(serial));
	return crash_is_data(pos, record->base + pos, KMEMP_LINE_SIZE) ?
	       serial : 0;
}

static u64 data_of_page(void *arg, u64 page)
{
	return find_data(arg, page << KMEMP_PAGE_SHIFT);
}

u64 crash_digest(struct test_pool *t, int *err)
{
	return test_digest_data(&t->pool, data_of_page, t->record, err);
}

/* ------------------------------------------------------------ workload */

void crash_commit(struct crash_work *work, struct kmemp_batch *batch)
{
	struct kmemp_pool *pool = &work->t.pool;
	u64 seq = crash_lazy ? crash_newest + 1 : pool->newest + 1;
	bool durable = !crash_lazy || seq % crash_lazy == 0;
	int ret, err;

	record_mark(work->record, CRASH_BEGIN(seq));
	ret = crash_lazy ? kmemp_batch_queue(batch) : kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	if (!ret && crash_lazy && durable)
		ret = kmemp_pool_sync(pool);
	if (ret == -ENOSPC && crash_may_be_full)
		return;
	if (ret) {
		fprintf(stderr, "# batch %llu: error %d\n", seq, ret);
		exit(2);
	}
	if (durable || crash_promises)
		record_mark(work->record, CRASH_DURABLE(seq));
	if (seq - crash_first >= CRASH_MOST_BATCHES)
		exit(2);
	crash_digests[seq - crash_first] = crash_digest(&work->t, &err);
	crash_newest = seq;
}

/* What front ends do before they queue a batch. */
static void store_data(struct crash_work *work, u64 page)
{
	struct kmemp_media *media = &work->record->media;
	u64 pos = page << KMEMP_PAGE_SHIFT;
	u64 data[KMEMP_LINE_SIZE / 8];

	make_data(pos, ++crash_stored, data);
	kmemp_media_write(media, pos, data, sizeof(data));
	kmemp_media_flush(media, pos, sizeof(data));
	/* The data is durable before the batch that maps it. */
	kmemp_media_fence(media);
}

static void map(struct crash_work *work, struct kmemp_batch *batch, u64 id,
		u64 offset, u32 count)
{
	struct kmemp_extent extent = {
		.offset = offset, .count = count,
		.page = test_take(&work->t, count),
	};

	if (!extent.page)
		exit(2);
	store_data(work, extent.page);
	if (kmemp_batch_map(batch, id, &extent))
		exit(2);
}

static void put(struct kmemp_batch *batch, u64 id, unsigned int n,
		unsigned int name_len, unsigned int value_len)
{
	u8 name[KMEMP_MAX_NAME], value[KMEMP_MAX_VALUE];

	memset(name, 'a' + n % 26, sizeof(name));
	memcpy(name, &n, name_len < sizeof(n) ? name_len : sizeof(n));
	memset(value, n * 7, sizeof(value));
	if (kmemp_batch_put(batch, id, 1 + n % 2, name, name_len, value,
			    value_len))
		exit(2);
}

static void del(struct kmemp_batch *batch, u64 id, unsigned int n,
		unsigned int name_len)
{
	u8 name[KMEMP_MAX_NAME];

	memset(name, 'a' + n % 26, sizeof(name));
	memcpy(name, &n, name_len < sizeof(n) ? name_len : sizeof(n));
	if (kmemp_batch_del(batch, id, 1 + n % 2, name, name_len))
		exit(2);
}

static struct kmemp_batch *build(struct crash_work *work, unsigned int i)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);
	unsigned int k;
	u64 id = 4096;

	switch (i % 16) {
	case 0:		/* create */
		put(batch, id, i, 5, 40);
		map(work, batch, id, 0, 1);
		break;
	case 1:		/* a second object, far away */
		put(batch, id + 5000, i, 200, 1000);
		map(work, batch, id + 5000, 1 << 20, 3);
		break;
	case 2:		/* remap */
		map(work, batch, id, 0, 1);
		put(batch, id, 0, 5, 41);
		break;
	case 3:		/* 2 MiB by one slot */
		map(work, batch, id, 512, 512);
		break;
	case 4:		/* split */
		kmemp_batch_unmap(batch, id, 700, 1);
		break;
	case 5:		/* overwrite pages of the split one */
		map(work, batch, id, 512, 2);
		map(work, batch, id, 1000, 20);
		break;
	case 6:		/* records enough for a trie */
	case 7:
	case 8:
		for (k = 0; k < 12; k++)
			put(batch, id, 100 + i % 16 * 20 + k, 9 + k, 4);
		break;
	case 9:		/* a long name grows over more cells */
		put(batch, id, 500, 255, 10);
		put(batch, id + 5000, 1, 200, 300);
		break;
	case 10:
		for (k = 0; k < 12; k++)
			del(batch, id, 100 + 6 * 20 + k, 9 + k);
		put(batch, id, 500, 255, 1024);
		break;
	case 11:	/* a whole leaf goes */
		kmemp_batch_unmap(batch, id, 512, 512);
		break;
	case 12:
		map(work, batch, id + 1, 3, 1);
		kmemp_batch_remove(batch, id + 5000);
		break;
	case 13:	/* maps and unmaps within one batch */
		map(work, batch, id + 2, 100, 4);
		kmemp_batch_unmap(batch, id + 2, 101, 1);
		break;
	case 14:
		kmemp_batch_remove(batch, id + 2);
		kmemp_batch_remove(batch, id + 1);
		break;
	case 15:
		kmemp_batch_remove(batch, id);
		break;
	}
	return batch;
}

void crash_step(struct crash_work *work, unsigned int i)
{
	crash_commit(work, build(work, i));
}

void crash_singles(struct crash_work *work, unsigned int nr)
{
	struct kmemp_batch *batch = kmemp_batch_new(&work->t.pool);

	work->t.hint = 0;
	/* Neighbours would be one extent. */
	while (nr--)
		map(work, batch, 4099, 2 * nr, 1);
	crash_commit(work, batch);
}

void crash_queue(struct crash_work *work, unsigned int i, unsigned int nr)
{
	struct kmemp_pool *pool = &work->t.pool;
	u64 seq = pool->newest + 1;
	int err;

	record_mark(work->record, CRASH_BEGIN(seq));
	while (nr--) {
		struct kmemp_batch *batch = build(work, i++);

		if (kmemp_batch_queue(batch))
			exit(2);
		kmemp_batch_free(batch);
	}
	if (kmemp_pool_sync(pool) || pool->newest != seq)
		exit(2);
	record_mark(work->record, CRASH_DURABLE(seq));
	crash_digests[seq - crash_first] = crash_digest(&work->t, &err);
	crash_newest = seq;
}

/* -------------------------------------------------------------- states */

/* With lazy batches a commit is of several: which was the last one? */
static u64 find_entry(struct crash_range range, u64 digest)
{
	u64 seq = range.hi;

	while (seq > range.lo && crash_digests[seq - crash_first] != digest)
		seq--;
	return seq;
}

/* ----------------------------------------------- what is known already */

/* Keys and what they stand for: 1 + 2 * batch, from @crash_first on, + good. */
struct memo {
	struct known {
		u64 key, value;
		u64 after;	/* the image that recovery left */
	} *known;
	u64 nr, room;
};

static struct memo judged, settled;

static struct known *memo_find(struct memo *memo, u64 key)
{
	u64 i;

	if (2 * memo->nr >= memo->room) {
		struct memo old = *memo;

		memo->room = old.room ? 2 * old.room : 1 << 12;
		memo->known = calloc(memo->room, sizeof(*memo->known));
		if (!memo->known)
			abort();
		memo->nr = 0;
		for (i = 0; i < old.room; i++)
			if (old.known[i].value)
				*memo_find(memo, old.known[i].key) =
					old.known[i];
		free(old.known);
	}
	i = key % memo->room;
	while (memo->known[i].value && memo->known[i].key != key)
		i = (i + 1) % memo->room;
	memo->nr += !memo->known[i].value;
	memo->known[i].key = key;
	return &memo->known[i];
}

static void memo_empty(struct memo *memo)
{
	free(memo->known);
	memset(memo, 0, sizeof(*memo));
}

void crash_forget(void)
{
	memo_empty(&judged);
	memo_empty(&settled);
}

/* The medium, and all that a verdict over it depends on. */
static u64 question(const struct record *record, struct crash_range range)
{
	u64 hash = mix(record->image, record->fail_page);
	u64 seq;

	hash = mix(mix(hash, range.lo), range.hi);
	for (seq = range.lo; seq <= range.hi; seq++)
		hash = mix(hash, crash_digests[seq - crash_first]);
	return mix(hash, crash_lazy);
}

/* ------------------------------------------------------------ judgement */

/*
 * A pool that was recovered: its contents, in DRAM as recovery left it. What
 * depends on the medium alone is looked at once for each medium.
 */
static bool judge_contents(struct test_pool *t, struct crash_range range,
			   u64 *seq, bool known)
{
	unsigned int findings = 0;
	u64 digest;
	bool good;
	int err;

	*seq = t->pool.newest;
	digest = crash_digest(t, &err);
	if (crash_lazy)
		*seq = find_entry(range, digest);
	if (!known)
		findings = test_check(&t->pool,
				      !crash_quiet && !t->record->fail_page);
	good = test_partition(t);
	if (*seq < range.lo || *seq > range.hi)
		return bad("batches lost or invented", *seq, range.lo);
	if (err || digest != crash_digests[*seq - crash_first])
		return bad("contents differ from batch", *seq, err);
	if (findings && !t->record->fail_page)
		return bad("check finds", findings, *seq);
	if (!good)
		return bad("pages owned twice, or in use and free", *seq, 0);
	return true;
}

/* A pool that has been recovered is opened again without a store. */
static bool judge_again(struct record *record)
{
	u64 events = record->nr;
	struct test_pool t;
	int ret;

	ret = test_open(&t, record, false);
	if (ret)
		return bad("second open failed", -ret, 0);
	test_close(&t);
	for (; events < record->nr; events++)
		if (record->events[events].kind == RECORD_STORE)
			return bad("second open stores to",
				   record->events[events].pos, 0);
	return true;
}

static bool judge(struct record *record, struct crash_range range, u64 *seq)
{
	struct test_pool t;
	struct known *known;
	bool good;
	int ret;

	crash_stats.images++;
	oracle_keep(record, crash_stats.images);
	ret = test_open(&t, record, false);
	if (ret) {
		if (!crash_quiet)
			fprintf(stderr, "# refused: %s\n",
				t.pool.verdict.particulars);
		return bad("open failed", -ret, range.lo);
	}
	crash_after = record->image;
	known = memo_find(&settled, mix(crash_after, record->fail_page));
	good = judge_contents(&t, range, seq, known->value);
	if (good && !oracle_agrees(&t))
		good = bad("the reader of the documents differs", *seq, 0);
	test_close(&t);
	if (!good || known->value)
		return good;
	crash_stats.outcomes++;
	good = judge_again(record);
	known->value = good;
	return good;
}

static void count(struct crash_range range, u64 seq)
{
	if (range.hi == range.lo)
		return;
	crash_stats.fell_back += seq == range.lo;
	crash_stats.went_on += seq == range.hi;
}

bool crash_recover(struct record *record, struct crash_range range, u64 *seq)
{
	bool good;

	crash_stats.states++;
	*seq = 0;
	good = judge(record, range, seq);
	if (good)
		count(range, *seq);
	return good;
}

bool crash_judge(struct record *record, struct crash_range range, u64 *seq)
{
	struct known *known = memo_find(&judged, question(record, range));
	bool good;

	if (!known->value) {
		good = crash_recover(record, range, seq);
		known->value = 1 + 2 * (*seq - crash_first) + good;
		known->after = crash_after;
		return good;
	}
	crash_stats.states++;
	crash_after = known->after;
	*seq = crash_first + (known->value - 1) / 2;
	good = (known->value - 1) % 2;
	if (good)
		count(range, *seq);
	return good;
}

void crash_set_line(struct record *record, const struct record_line *line,
		     unsigned int words)
{
	u64 pos = line->where * KMEMP_LINE_SIZE;
	u8 bytes[KMEMP_LINE_SIZE];

	memcpy(bytes, record->base + pos, sizeof(bytes));
	memcpy(bytes + words * 8, line->durable + words * 8,
	       sizeof(bytes) - words * 8);
	record_set(record, pos, bytes, sizeof(bytes));
}
