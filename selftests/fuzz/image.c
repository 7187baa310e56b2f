// SPDX-License-Identifier: GPL-2.0
/*
 * See image.h.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "image.h"

/* More steps than any image of this size has work for. */
#define MOST_STEPS	100000

static u64 digest_of(struct record *record)
{
	struct test_pool t;
	u64 digest;
	int err;

	if (test_open(&t, record, true))
		exit(2);
	digest = test_digest(&t.pool, &err);
	test_close(&t);
	if (err)
		exit(2);
	return digest;
}

static u64 digest_of_kind(u32 type, enum sample_kind kind)
{
	struct record record;
	u64 digest;

	sample_make(&record, type, kind);
	digest = digest_of(&record);
	record_free(&record);
	return digest;
}

static void list_lines(struct image *image)
{
	u64 lines = image->record.media.size / KMEMP_LINE_SIZE, line;

	image->lines = malloc(lines * sizeof(*image->lines));
	if (!image->lines)
		abort();
	for (line = 0; line < lines; line++)
		if (image->record.reads[line])
			image->lines[image->nr_lines++] = line;
	free(image->record.reads);
	image->record.reads = NULL;
}

void image_make(struct image *image, const struct sample_format *format,
		enum sample_kind kind)
{
	memset(image, 0, sizeof(*image));
	image->format = format;
	image->kind = kind;
	sample_make(&image->record, format->type, kind);
	image->digest = digest_of(&image->record);
	image->before = image->digest;
	/* Of a batch in flight it is not known whether it is there. */
	if (kind == SAMPLE_CRASHED || kind == SAMPLE_TORN)
		image->before = digest_of_kind(format->type, SAMPLE_BEFORE);
	if (kind != SAMPLE_CLEAN && image->before == image->digest)
		image->before = digest_of_kind(format->type, SAMPLE_EARLIER);
	reseal_learn(&image->reseal, &image->record);
	list_lines(image);
	image->record.off = false;
}

void image_free(struct image *image)
{
	reseal_free(&image->reseal);
	record_free(&image->record);
	free(image->lines);
}

void image_restore(struct image *image)
{
	record_undo(&image->record, 0);
	record_forget(&image->record);
}

/* An error that says what is wrong: damage, or that there is no pool. */
static bool clear(int err)
{
	return !err || err == -EUCLEAN || err == -EIO || err == -ENOMEDIUM;
}

static const char *judge_contents(struct image *image, struct test_pool *t,
				  bool sealed, struct verdict *verdict)
{
	u64 digest;
	int err;

	verdict->found = test_check(&t->pool, false);
	verdict->noted = test_notes;
	digest = test_digest(&t->pool, &err);
	verdict->differs = err || digest != image->digest;
	if (!clear(err))
		return "contents end in an error that says nothing";
	if (verdict->found)
		return NULL;
	if (err)
		return "contents cannot be read, and check finds nothing";
	if (kmemp_pool_keeps_objects(&t->pool) && !test_partition(t))
		return "pages owned twice, or in use and free, and check finds nothing";
	if (sealed && verdict->differs && digest != image->before)
		return "contents are wrong, and check finds nothing";
	return NULL;
}

struct verdict image_judge(struct image *image, bool sealed)
{
	u64 events = image->record.nr, was = image->record.image;
	long before = shim_nr_allocated;
	struct verdict verdict = {};
	struct test_pool t;
	int ret;

	ret = test_open(&t, &image->record, true);
	if (ret) {
		verdict.refused = true;
		if (!clear(ret) && !t.pool.verdict.code)
			verdict.wrong = "refused without a reason";
	} else {
		verdict.wrong = judge_contents(image, &t, sealed, &verdict);
		test_close(&t);
	}
	for (; events < image->record.nr; events++)
		if (image->record.events[events].kind == RECORD_STORE)
			verdict.wrong = "stored into while it was only read";
	if (image->record.image != was)
		verdict.wrong = "changed while it was only read";
	if (shim_nr_allocated != before)
		verdict.wrong = "memory is lost";
	return verdict;
}

static int create(struct test_pool *t)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	struct kmemp_extent extent = { .count = 3, .page = test_take(t, 3) };
	int ret = -ENOSPC;

	if (extent.page)
		ret = kmemp_batch_map(batch, 123456, &extent);
	if (!ret)
		ret = kmemp_batch_put(batch, 123456, 1, "fuzz", 4, "value", 5);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	if (ret && extent.page)
		test_give(t, extent.page, 3);
	kmemp_batch_free(batch);
	return ret;
}

/* As the front ends remove what may be large. */
static int promise_removal(struct test_pool *t, u64 id)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret;

	ret = kmemp_orphan_put(batch, id, KMEMP_ORPHAN_REMOVE, 0);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static int remove_now(struct test_pool *t, u64 id)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t->pool);
	int ret;

	ret = kmemp_batch_remove(batch, id);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static int empty(struct test_pool *t)
{
	unsigned int steps = MOST_STEPS;
	u64 id = KMEMP_OBJ_FIRST;
	int ret;

	for (; !(ret = kmemp_pool_next_object(&t->pool, &id)); id++) {
		ret = promise_removal(t, id);
		if (ret)
			return ret;
	}
	if (ret != -ENOENT)
		return ret;
	while ((ret = kmemp_orphan_step(&t->pool)) == 1)
		if (!--steps)
			return -ELOOP;
	id = KMEMP_OBJ_ROOT;
	while (!ret && !kmemp_pool_next_object(&t->pool, &id))
		ret = remove_now(t, id);
	return ret;
}

/* All that waits or is done in the background. */
static int settle(struct test_pool *t)
{
	unsigned int steps = MOST_STEPS;
	int ret;

	while ((ret = kmemp_queue_run(&t->pool, true)) == 1)
		if (!--steps)
			return -ELOOP;
	return ret ?: kmemp_pool_retire(&t->pool);
}

static bool is_empty(struct test_pool *t)
{
	u64 id = 0;

	return kmemp_pool_next_object(&t->pool, &id) == -ENOENT;
}

/* What an image that nothing was found wrong with has to be capable of. */
static const char *use_sound(struct image *image, struct test_pool *t)
{
	if (create(t) || settle(t))
		return "nothing can be created in a pool that was found sound";
	if (empty(t) || settle(t))
		return "a pool that was found sound cannot be emptied";
	if (!is_empty(t))
		return "an emptied pool is not empty";
	if (t->bad_gives)
		return "pages are given back that were not in use";
	test_close(t);
	if (test_open(t, &image->record, false))
		return "an emptied pool does not open";
	if (!is_empty(t) || test_check(&t->pool, false))
		return "an emptied pool is not sound";
	return NULL;
}

const char *image_use(struct image *image, const struct verdict *verdict)
{
	bool sound = !verdict->refused && !verdict->found;
	long before = shim_nr_allocated;
	const char *wrong = NULL;
	struct test_pool t;

	if (test_open(&t, &image->record, false)) {
		if (sound && t.pool.verdict.code != KMEMP_REFUSE_RO_COMPAT)
			wrong = "opens for reading alone, and check finds nothing";
	} else if (kmemp_pool_keeps_objects(&t.pool)) {
		if (sound)
			wrong = use_sound(image, &t);
		else if (!create(&t) && !settle(&t) && !empty(&t))
			settle(&t);
	}
	test_close(&t);
	if (shim_nr_allocated != before)
		return "memory is lost by writing";
	return wrong;
}
