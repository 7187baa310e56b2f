// SPDX-License-Identifier: GPL-2.0
/*
 * conformance [OPERATIONS]
 *
 * What every format with objects owes, against a plain model: random batches,
 * the same ones for each, reopened now and then, in order or after a crash; once
 * durable one by one, once queued. OPERATIONS: go on until so many have been
 * done over each format, with less checking in between. A format joins by one
 * line in formats.c, of selftests/crash or its own folder.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "formats.h"
#include "model.h"
#include "tap.h"

#define POOL_BYTES	(80ULL << 20)

/* A batch, and the model as it will be if it is committed. */
struct step {
	struct kmemp_batch *batch;
	struct test_pool *t;
	struct model *next;
	u64 taken[16], count[16];
	unsigned int nr;
	u8 touched[MODEL_OBJECTS];
};

static int do_map(struct step *step, unsigned int o, unsigned int r)
{
	static const u32 counts[] = { 1, 1, 1, 2, 7, 64, 512, 700, 1024 };
	u32 count = counts[rnd(ARRAY_SIZE(counts))], i;
	u32 from = rnd(MODEL_PAGES - count + 1);
	struct kmemp_extent extent = {
		.count = count,
		.flags = rnd(4) ? 0 : KMEMP_EXTENT_UNWRITTEN,
		.tag = rnd(3),
	};
	int ret;

	if (count >= 512 && rnd(2))
		from &= ~511u;
	if (from + count > MODEL_PAGES)
		from = MODEL_PAGES - count;
	extent.offset = model_regions[r] + from;
	extent.page = test_take(step->t, count);
	if (!extent.page)
		return -ENOSPC;
	step->taken[step->nr] = extent.page;
	step->count[step->nr++] = count;
	ret = kmemp_batch_map(step->batch, model_ids[o], &extent);
	for (i = 0; i < count && !ret; i++)
		step->next->object[o].page[r][from + i] = (struct model_page){
			extent.page + i, extent.flags, extent.tag };
	return ret;
}

/* Pages that exist, moved to another place by one batch. */
static int do_move(struct step *step, unsigned int o, unsigned int r)
{
	struct model_object *object = &step->next->object[o];
	u32 from = rnd(MODEL_PAGES), to = rnd(MODEL_PAGES);
	struct model_page page = object->page[r][from];
	struct kmemp_extent extent = {
		.offset = model_regions[r] + to, .page = page.page, .count = 1,
		.flags = page.flags, .tag = page.tag,
	};
	int ret;

	if (!page.page || from == to)
		return 0;
	ret = kmemp_batch_unmap(step->batch, model_ids[o],
				model_regions[r] + from, 1);
	if (!ret)
		ret = kmemp_batch_map(step->batch, model_ids[o], &extent);
	object->page[r][to] = page;
	memset(&object->page[r][from], 0, sizeof(page));
	return ret;
}

static int do_record(struct step *step, unsigned int o)
{
	unsigned int n = rnd(MODEL_RECORDS), i;
	struct model_record *record = &step->next->object[o].record[n];
	u8 name[KMEMP_MAX_NAME + 1];
	unsigned int len = model_name(n, name);

	record->there = rnd(3);
	if (!record->there)
		return kmemp_batch_del(step->batch, model_ids[o],
				       model_kind(n), name, len);
	record->value_len = rnd(4) ? rnd(80) : rnd(KMEMP_MAX_VALUE + 1);
	for (i = 0; i < record->value_len; i++)
		record->value[i] = rnd(256);
	return kmemp_batch_put(step->batch, model_ids[o], model_kind(n), name,
			       len, record->value, record->value_len);
}

static int do_change(struct step *step)
{
	unsigned int o = rnd(MODEL_OBJECTS), r = rnd(MODEL_REGIONS);
	u32 what = rnd(16), from, count;

	step->touched[o] |= what < 7 ? MODEL_REGION(r) :
			    what == 7 ? MODEL_ALL : MODEL_ITS_RECORDS;
	switch (what) {
	case 0 ... 4:
		return do_map(step, o, r);
	case 5 ... 6:
		count = 1 + rnd(rnd(2) ? 8 : MODEL_PAGES);
		from = rnd(MODEL_PAGES - count + 1);
		model_clear(step->next, o, r, from, count);
		return kmemp_batch_unmap(step->batch, model_ids[o],
					 model_regions[r] + from, count);
	case 7:
		if (rnd(4))
			return do_move(step, o, r);
		memset(&step->next->object[o], 0, sizeof(step->next->object[o]));
		return kmemp_batch_remove(step->batch, model_ids[o]);
	default:
		return do_record(step, o);
	}
}

/* One batch. On any error nothing of it may be there. */
static int random_batch(struct test_pool *t, struct model *model,
			struct model *next, bool lazy, u64 *operations)
{
	struct step step = { .t = t, .next = next };
	unsigned int changes = 1 + rnd(6), i;
	int ret = 0;

	step.batch = kmemp_batch_new(&t->pool);
	if (!step.batch)
		return -ENOMEM;
	for (i = 0; i < changes && !ret; i++)
		ret = do_change(&step);
	*operations += i;
	if (!ret)
		ret = lazy && rnd(8) ? kmemp_batch_queue(step.batch) :
				       kmemp_batch_commit(step.batch);
	/* What a later change of the batch unmapped comes back by itself. */
	if (ret)
		model_copy(next, model, step.touched);
	else
		model_copy(model, next, step.touched);
	for (i = 0; ret && i < step.nr; i++)
		test_give(t, step.taken[i], step.count[i]);
	kmemp_batch_free(step.batch);
	return ret;
}

/* In order, or as after a crash; what was queued is made durable before. */
static bool reopen(struct test_pool *t, bool crash)
{
	if (crash) {
		if (kmemp_pool_sync(&t->pool))
			return false;
		test_crash(t);
		return true;
	}
	test_close(t);
	return !test_open(t, t->record, false);
}

static void test_random(u32 type, const char *name, bool lazy, u64 most)
{
	unsigned long steps = 1500 * tap_scale(), i, errors = 0, full = 0;
	unsigned int compare = most ? 100 : lazy ? 5 : 50;
	unsigned int check = most ? 1000 : 100;
	struct model *model = calloc(2, sizeof(*model));
	bool same = true, sound = true, exact = true;
	struct record record;
	struct test_pool t;
	u64 operations = 0;
	int ret;

	test_begin(&t, &record, type, POOL_BYTES);
	for (i = 0; (most ? operations < most : i < steps) &&
		    same && sound && exact; i++) {
		/* Also where one format had no room for the last one. */
		test_seed = i + 1;
		rnd(1);
		ret = random_batch(&t, &model[0], &model[1], lazy, &operations);
		full += ret == -ENOSPC;
		errors += ret && ret != -ENOSPC && ret != -E2BIG;
		if (errors == 1 && ret)
			fprintf(stderr, "# step %lu: error %d: %s\n", i, ret,
				t.pool.verdict.particulars);
		if (errors)
			break;
		if (i % compare == 4)
			same = model_compare(&model[0], &t.pool);
		if (i % check == check - 1) {
			sound = !test_check(&t.pool, true) &&
				test_partition(&t);
			exact = test_agrees(&t) && !t.bad_gives;
		}
		if (i % 100 == 99)
			same &= reopen(&t, i % 200 < 100) &&
				model_compare(&model[0], &t.pool);
	}
	tap_ok(!errors, "%s: %llu operations in %lu random batches%s, %lu of them without room",
	       name, operations, i, lazy ? ", most of them queued" : "", full);
	tap_ok(same, "%s: holds what the model holds, also after reopening", name);
	tap_ok(sound, "%s: full check finds nothing", name);
	tap_ok(exact, "%s: pages given and taken are exactly those in use", name);
	test_end(&t);
	free(model);
}

int main(int argc, char **argv)
{
	u64 most = argc > 1 ? strtoull(argv[1], NULL, 10) / 2 : 0;
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < 2 * crash_nr_formats; i++)
		test_random(crash_formats[i / 2].type,
			    crash_formats[i / 2].name, i % 2, most);
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
