/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hunt for mutants: workloads, and recoveries of them, are explored with one
 * thing made wrong, until a state is found that is recovered wrongly.
 */
#ifndef KMEMP_TEST_CRASH_HUNT_H
#define KMEMP_TEST_CRASH_HUNT_H

#include "explore.h"
#include "mutant.h"

/**
 * struct prey - a trace, with the state of the medium at its beginning
 * @name: of the workload
 * @record: the medium
 * @trace: the trace
 * @range: what recovery may end with
 * @judge: of its states
 * @go_on: what a stopped workload goes on with, or NULL
 * @slow: recovery has much to do
 * @from: the first event that is cut at
 * @bound: see struct explore
 * @words: likewise
 */
struct prey {
	const char *name;
	struct record *record;
	const struct record_trace *trace;
	struct crash_range range;
	crash_judge_fn *judge;
	void (*go_on)(struct crash_work *work);
	bool slow;
	u64 from;
	u32 bound;
	enum words words;
};

/* Without mutants every state was recovered well. */
extern bool hunt_sound;
/* Which hunt this is, see struct mutant. */
extern unsigned int hunt_nr;

void hunt_forget(void);
/* Seals of a workload, and of recoveries of it. */
void hunt_scenario(const struct crash_scenario *scenario);
/* Stores of a workload in which recovery has much to do. */
void hunt_slow(const struct crash_scenario *scenario);
/* The workload itself is another one, where pages come back otherwise. */
void hunt_pages(const struct crash_scenario *scenario, enum mutant_kind kind);

/* A check of a seal takes part. */
void hunt_found_seal(u64 site, const u64 *pcs);
/* Is it to be tried in this hunt? */
bool hunt_wants(const struct mutant *mutant);
/* NULL: all is right again. */
void hunt_mutate(const struct mutant *mutant);
/* @still_open: lines that may be lost too, or NULL. */
bool hunt_explored_well(const struct prey *prey,
			const struct record_lines *still_open);
/*
 * hunt_moves.c: its stores, moved over fences, one site at a time. @still_open:
 * lines that may be lost too, or NULL.
 */
void hunt_moves(const struct prey *prey, const struct record_lines *still_open);
/* Has no recovery stored in this way? @way: kinds of recoveries, apart. */
bool hunt_is_new(const struct record *record, u64 start, u64 way);

/*
 * The state that is on the medium is opened, goes on and is cut. @window: what
 * checks miss; @still_open: lines that can be lost later, NULL: power was lost.
 */
void hunt_stopped(const struct prey *prey, struct window *window,
		  const struct record_lines *still_open);
/*
 * The same behind a store: what is stored up to the next fence is what checks
 * miss. @now events have been played.
 */
void hunt_behind(const struct prey *prey, const struct record_lines *lines,
		 u64 now);
/* Is this store of the source the first of its kind? If so it is added. */
bool hunt_is_new_place(const struct record_event *event, u64 *places,
		       unsigned int *nr);

#endif
