/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workloads that are recorded and cut, for every format.
 */
#ifndef KMEMP_TEST_CRASH_WORKLOADS_H
#define KMEMP_TEST_CRASH_WORKLOADS_H

#include "crash_util.h"

/* Who stores: no fence of one completes flushes of another. */
enum { CRASH_OPENER, CRASH_COMMITTER, CRASH_RETIRER };

/* In place of a sequence while the pool is being formatted. */
#define CRASH_FORMATTING	(1ULL << 62)

typedef bool crash_judge_fn(struct record *record, struct crash_range range,
			    u64 *seq);

/**
 * struct crash_scenario - a workload
 * @name: its name
 * @prepare: leaves a medium, and a pool opened where @play is to go on
 * @play: what is recorded and cut
 * @go_on: what a stopped one goes on with, opened again; NULL: it is not
 * @judge: of its states
 * @slow: recovery has much to do
 * @roots: for formats whose root slots make a batch true
 * @only: for this one alone; 0: for all
 * @tears: one line of an entry is lost, then one alone comes
 * @inside: for formats of this tree, of which is known how a root is made
 * @foreign: there was a pool of another format, which recovery may find
 * @bytes: of the device; 0: CRASH_POOL_BYTES
 * @pages: of the pool; 0: all
 * @old_pages: of the one before; 0: all
 */
struct crash_scenario {
	const char *name;
	void (*prepare)(struct crash_work *work);
	void (*play)(struct crash_work *work);
	void (*go_on)(struct crash_work *work);
	crash_judge_fn *judge;
	bool slow, roots, tears, foreign, inside;
	u32 only;
	u64 bytes;
	u64 pages, old_pages;
};

extern const struct crash_scenario crash_scenarios[];
extern const unsigned int crash_nr_scenarios;
/* Of the device of the scenario that was recorded. */
extern u64 crash_device_bytes;

/* workloads_edge.c: batches up to the last sequence. */
void crash_worn_prepare(struct crash_work *work);
void crash_worn_play(struct crash_work *work);
/* A pool that has just what data_min guarantees it, and is full. */
void crash_min_prepare(struct crash_work *work);
void crash_min_play(struct crash_work *work);
bool crash_min_judge(struct record *record, struct crash_range range, u64 *seq);

/* It has something to show of the format that is tested. */
bool crash_scenario_fits(const struct crash_scenario *scenario);
/* The medium is at the trace's beginning. @range: the newest batch there. */
void crash_scenario_record(const struct crash_scenario *scenario,
			   struct record *record, struct record_trace *trace,
			   struct crash_range *range);

#endif
