/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the crash tests share: batches that use every operation, and the
 * judgement of a state that a crash left.
 */
#ifndef KMEMP_TEST_CRASH_UTIL_H
#define KMEMP_TEST_CRASH_UTIL_H

#include "formats.h"
#include "pool_util.h"

#define CRASH_POOL_BYTES	(64ULL << 20)
#define CRASH_MOST_BATCHES	256

/* A mark carries a sequence, and whether it is being committed or is durable. */
#define CRASH_BEGIN(seq)	((seq) << 1)
#define CRASH_DURABLE(seq)	((seq) << 1 | 1)

struct crash_work {
	struct test_pool t;
	struct record *record;
};

/* What recovery of a state may end with: batches lo to hi. */
struct crash_range {
	u64 lo, hi;
};

/*
 * States that were looked at; images recovered for that, since what is the
 * same as before has the same outcome; of those, contents after recovery that
 * were new; outcomes where a batch was in flight; crashes within recovery;
 * repetitions.
 */
extern struct crash_stats {
	u64 states, images, outcomes, fell_back, went_on;
	u64 nested, repeated;
} crash_stats;

/* Of what the pool holds after each batch, from @crash_first on. */
extern u64 crash_digests[CRASH_MOST_BATCHES];
extern u64 crash_first;
extern u64 crash_newest;
/* The image that recovery left of the state that was judged last. */
extern u64 crash_after;
/* Say nothing of violations: they are looked for. */
extern bool crash_quiet;

/* Queue, and make durable every so-manieth; 0: commit each. */
extern unsigned int crash_lazy;
/* Claim that what is queued is durable: a fault that must be found. */
extern bool crash_promises;

/* A batch that the pool has no room for is dropped. */
extern bool crash_may_be_full;

/*
 * Hash of all that the pool holds, of the data too: of the first line of each
 * extent, which the workloads store before they map it.
 */
u64 crash_digest(struct test_pool *t, int *err);
/* Are these the bytes of a line of such data, stored at @pos? */
bool crash_is_data(u64 pos, const void *bytes, size_t len);
/* Commit with marks around, free the batch, keep its digest. */
void crash_commit(struct crash_work *work, struct kmemp_batch *batch);
/* Step @i of the workload: one batch. */
void crash_step(struct crash_work *work, unsigned int i);
/* @nr extents of one page each, of the lowest pages that are free. */
void crash_singles(struct crash_work *work, unsigned int nr);
/* Steps from the @i-th on, of which only the last is waited for. */
void crash_queue(struct crash_work *work, unsigned int i, unsigned int nr);
/* Recover what is on the medium and judge it. *@seq: the newest batch. */
bool crash_recover(struct record *record, struct crash_range range, u64 *seq);
/* The same; the very image that was judged before is not recovered again. */
bool crash_judge(struct record *record, struct crash_range range, u64 *seq);
/* Judge everything anew: the medium was changed behind the record's back. */
void crash_forget(void);
/* Of an open line only the first @words are there. */
void crash_set_line(struct record *record, const struct record_line *line,
		    unsigned int words);

#endif
