// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait for one commit; threads that queue, commit, sync and look
 * up at once, each in an object of its own, of which it knows at any time what
 * it holds; and one that runs the queue; and threads that look for the first time
 * at the same objects, beside commits. Built with ThreadSanitizer: a race ends
 * the program with an error.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "formats.h"
#include "pool_util.h"
#include "tap.h"

#define POOL_BYTES	(96ULL << 20)
#define THREADS		4u
#define PAGES		64u
#define RECORDS		8u

struct worker {
	pthread_t thread;
	u64 id, random;
	u64 page[PAGES];	/* as it should be, 0 for a hole */
	u8 value[RECORDS];	/* 0 for none */
	unsigned long steps, errors, wrong;
};

static struct record record;
static struct test_pool t;
static bool stop;

static bool map_is(struct worker *w)
{
	u64 offset = 0, found[PAGES] = {}, i;
	struct kmemp_extent extent;
	int ret;

	while (!(ret = kmemp_pool_next_extent(&t.pool, w->id, offset, PAGES,
					      &extent))) {
		offset = extent.offset + extent.count;
		if (offset > PAGES)
			return false;
		for (i = 0; i < extent.count; i++)
			found[extent.offset + i] = extent.page + i;
	}
	return ret == -ENOENT && !memcmp(found, w->page, sizeof(found));
}

static bool records_are(struct worker *w)
{
	u8 buffer[KMEMP_RECORD_BUFFER], found[RECORDS] = {}, name;
	struct kmemp_record key = {};
	int ret;

	while (!(ret = kmemp_pool_next_record(&t.pool, w->id, &key, buffer))) {
		if (key.name_len != 1 || key.name[0] >= RECORDS)
			return false;
		found[key.name[0]] = key.value[0];
		key.hash++;
		key.name_len = 0;
	}
	if (ret != -ENOENT || memcmp(found, w->value, sizeof(found)))
		return false;
	name = rnd_of(&w->random, RECORDS);
	key = (struct kmemp_record){ .kind = 1, .name_len = 1, .name = &name };
	ret = kmemp_pool_get_record(&t.pool, w->id, &key, buffer);
	return w->value[name] ? !ret && key.value[0] == w->value[name] :
				ret == -ENOENT;
}

/* A change, in the batch and in what should be. */
static int change(struct worker *w, struct kmemp_batch *batch)
{
	u32 from = rnd_of(&w->random, PAGES), count = 1 + rnd_of(&w->random, 4), i;
	u8 name = rnd_of(&w->random, RECORDS), value = 1 + rnd_of(&w->random, 255);
	struct kmemp_extent extent = { .offset = from };

	count = min(count, PAGES - from);
	switch (rnd_of(&w->random, 8)) {
	case 0 ... 3:
		extent.count = count;
		extent.page = test_take(&t, count);
		if (!extent.page)
			return -ENOSPC;
		for (i = 0; i < count; i++)
			w->page[from + i] = extent.page + i;
		return kmemp_batch_map(batch, w->id, &extent);
	case 4:
		memset(w->page + from, 0, count * sizeof(w->page[0]));
		return kmemp_batch_unmap(batch, w->id, from, count);
	case 5:
		w->value[name] = 0;
		return kmemp_batch_del(batch, w->id, 1, &name, 1);
	default:
		w->value[name] = value;
		return kmemp_batch_put(batch, w->id, 1, &name, 1, &value, 1);
	}
}

static void step(struct worker *w)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	u32 i, nr = 1 + rnd_of(&w->random, 3), what = rnd_of(&w->random, 32);
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = change(w, batch);
	/* Large ones and removals are committed alone. */
	if (!ret && what == 0) {
		ret = kmemp_batch_remove(batch, w->id);
		memset(w->page, 0, sizeof(w->page));
		memset(w->value, 0, sizeof(w->value));
	}
	if (!ret)
		ret = what % 4 ? kmemp_batch_queue(batch) :
				 kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	if (!ret && what == 5)
		ret = kmemp_pool_sync(&t.pool);
	w->errors += !!ret;
	w->wrong += !map_is(w) || !records_are(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned long i;

	for (i = 0; i < w->steps && !w->wrong && !w->errors; i++)
		step(w);
	return NULL;
}

/* The host's work item, and somebody who only looks. */
static void *run(void *arg)
{
	unsigned long *errors = arg;
	bool now = false;

	while (!READ_ONCE(stop)) {
		u64 id = 1;
		int ret;

		while (!(ret = kmemp_pool_next_object(&t.pool, &id)))
			id++;
		*errors += ret != -ENOENT;
		*errors += kmemp_queue_run(&t.pool, now) < 0;
		now = !now;
	}
	return NULL;
}

static bool all_there(struct worker *workers)
{
	bool good = true;
	u32 i;

	for (i = 0; i < THREADS; i++)
		good &= map_is(&workers[i]) && records_are(&workers[i]);
	return good;
}

/* ------------------------------------------------ one fence for many */

#define WAITERS		8u

static struct kmemp_media_ops hooked;
static const struct kmemp_media_ops *unhooked;
static bool hook, fail_then, failing;

static struct waiter {
	pthread_t thread;
	u64 id;
	int ret;
} waiters[WAITERS];

static int commit_one(u64 id)
{
	struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
	struct kmemp_extent extent = { .page = test_take(&t, 1), .count = 1 };
	int ret;

	ret = kmemp_batch_map(batch, id, &extent);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret;
}

static void *wait_for_commit(void *arg)
{
	struct waiter *w = arg;

	w->ret = commit_one(w->id);
	return NULL;
}

/*
 * A commit is at its fence: all waiters come, and are seen to be staged. The
 * fence after that may fail.
 */
static void hook_fence(struct kmemp_media *media)
{
	struct kmemp_extent extent;
	u32 i;

	for (i = 0; hook && i < WAITERS; i++)
		pthread_create(&waiters[i].thread, NULL, wait_for_commit,
			       &waiters[i]);
	for (i = 0; hook && i < WAITERS; i++)
		while (kmemp_pool_next_extent(&t.pool, waiters[i].id, 0, 1,
					      &extent))
			sched_yield();
	WRITE_ONCE(media->failed, failing);
	failing = hook && fail_then;
	hook = false;
	unhooked->fence(media);
}

/* How many waiters returned @ret. */
static u32 group(u64 id, int ret)
{
	u32 i, nr = 0;

	for (i = 0; i < WAITERS; i++)
		waiters[i].id = id + 1 + i;
	hook = true;
	if (commit_one(id))
		exit(2);
	for (i = 0; i < WAITERS; i++) {
		pthread_join(waiters[i].thread, NULL);
		nr += waiters[i].ret == ret;
	}
	return nr;
}

static void test_group(void)
{
	u64 fences;

	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	unhooked = record.media.ops;
	hooked = *unhooked;
	hooked.fence = hook_fence;
	record.media.ops = &hooked;
	if (commit_one(5000))
		exit(2);
	fences = record.media.counts.fences;
	tap_ok(group(6000, 0) == WAITERS &&
	       record.media.counts.fences == fences + 2,
	       "who waits for a commit is committed by the next, with one fence");
	fail_then = true;
	tap_ok(group(7000, -EIO) == WAITERS && kmemp_pool_sync(&t.pool) == -EIO,
	       "where it fails each of them is told");
	fail_then = false;
	failing = false;
	test_end(&t);
}

/* --------------------------------------------- all that there is, at once */

static void test_all(void)
{
	unsigned long errors = 0, wrong = 0, run_errors = 0;
	static struct worker workers[THREADS];
	u64 steps = 300 * tap_scale(), fences;
	pthread_t runner;
	u32 i;

	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	fences = record.media.counts.fences;
	memset(workers, 0, sizeof(workers));
	stop = false;
	for (i = 0; i < THREADS; i++) {
		workers[i].id = KMEMP_OBJ_FIRST + i;
		workers[i].random = i + 1;
		workers[i].steps = steps;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	pthread_create(&runner, NULL, run, &run_errors);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		errors += workers[i].errors;
		wrong += workers[i].wrong;
	}
	WRITE_ONCE(stop, true);
	pthread_join(runner, NULL);
	tap_diag("%llu batches of %u threads, %llu fences", steps * THREADS,
		 THREADS, record.media.counts.fences - fences);
	tap_ok(!errors && !run_errors, "%lu batches failed, %lu runs", errors,
	       run_errors);
	tap_ok(!wrong && all_there(workers),
	       "each thread sees at any time what it has made");
	tap_ok(!test_check(&t.pool, true) && test_partition(&t) &&
	       test_agrees(&t) && !t.bad_gives,
	       "pages given and taken are exactly those in use");
	test_close(&t);
	if (test_open(&t, &record, false))
		exit(2);
	tap_ok(all_there(workers), "and all is there after closing");
	test_end(&t);
}

/* ------------------------------------- the same objects, for the first time */

#define LOOKERS		3u
#define STILL		6u
#define STILL_ID	(KMEMP_OBJ_FIRST + 100)
#define STILL_ITEMS	400u

struct looker {
	pthread_t thread;
	u64 sums[STILL];
	int error;
};

static u64 mix(u64 sum, u64 number)
{
	return (sum ^ number) * 0x100000001b3ULL;
}

static u64 sum_of(u64 id, int *error)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record key = {};
	struct kmemp_extent extent;
	u64 offset = 0, sum = 1;
	int ret;

	while (!(ret = kmemp_pool_next_extent(&t.pool, id, offset, 1, &extent))) {
		offset = extent.offset + extent.count;
		sum = mix(mix(sum, extent.offset), extent.page);
	}
	*error = *error ?: ret == -ENOENT ? 0 : ret;
	while (!(ret = kmemp_pool_next_record(&t.pool, id, &key, buffer))) {
		sum = mix(sum, key.value[0]);
		key.hash++;
		key.name_len = 0;
	}
	*error = *error ?: ret == -ENOENT ? 0 : ret;
	return sum;
}

static void *look(void *arg)
{
	struct looker *looker = arg;
	u32 i;

	for (i = 0; i < STILL; i++)
		looker->sums[i] = sum_of(STILL_ID + i, &looker->error);
	return NULL;
}

/* Items of all of them in turn, so that there are many. */
static void fill_still(void)
{
	u32 i, k;

	for (i = 0; i < STILL_ITEMS; i++) {
		struct kmemp_batch *batch = kmemp_batch_new(&t.pool);
		u8 name = i, value = i / 2;
		int ret = 0;

		for (k = 0; k < STILL && !ret; k++) {
			struct kmemp_extent extent = {
				.offset = i * 7 % 300, .count = 1,
				.page = test_take(&t, 1),
			};

			ret = kmemp_batch_map(batch, STILL_ID + k, &extent);
			if (!ret && i % 4 == 0)
				ret = kmemp_batch_put(batch, STILL_ID + k, 1,
						      &name, 1, &value, 1);
		}
		if (ret || test_commit(batch))
			exit(2);
	}
}

static void look_once(struct worker *workers, struct looker *lookers,
		      unsigned long *errors)
{
	unsigned long run_errors = 0;
	pthread_t runner;
	u32 i;

	test_close(&t);
	if (test_open(&t, &record, false))
		exit(2);
	stop = false;
	memset(lookers, 0, LOOKERS * sizeof(*lookers));
	for (i = 0; i < LOOKERS; i++)
		pthread_create(&lookers[i].thread, NULL, look, &lookers[i]);
	for (i = 0; i < THREADS; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	pthread_create(&runner, NULL, run, &run_errors);
	for (i = 0; i < LOOKERS; i++) {
		pthread_join(lookers[i].thread, NULL);
		*errors += !!lookers[i].error;
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		*errors += workers[i].errors;
	}
	WRITE_ONCE(stop, true);
	pthread_join(runner, NULL);
	*errors += run_errors;
}

static void test_first(void)
{
	static struct worker workers[THREADS];
	struct looker lookers[LOOKERS];
	unsigned long errors = 0, wrong = 0;
	u64 sums[STILL];
	int error = 0;
	u32 i, k, round;

	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	memset(workers, 0, sizeof(workers));
	fill_still();
	for (i = 0; i < STILL; i++)
		sums[i] = sum_of(STILL_ID + i, &error);
	for (i = 0; i < THREADS; i++) {
		workers[i].id = KMEMP_OBJ_FIRST + i;
		workers[i].random = i + 1;
		workers[i].steps = 40;
	}
	for (round = 0; round < 5; round++) {
		look_once(workers, lookers, &errors);
		for (i = 0; i < LOOKERS; i++)
			for (k = 0; k < STILL; k++)
				wrong += lookers[i].sums[k] != sums[k];
	}
	tap_ok(!error && !errors && !wrong && all_there(workers),
	       "who looks first, at once with others, beside commits, sees all");
	tap_ok(!test_check(&t.pool, true) && test_partition(&t) &&
	       test_agrees(&t) && !t.bad_gives, "and nothing is lost by that");
	test_end(&t);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		tap_diag("%s", crash_format->name);
		test_group();
		test_all();
		test_first();
	}
	return tap_done();
}
