/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays a trace, and at each fence, at each mark and at its end recovers the
 * states that a crash may leave.
 */
#ifndef KMEMP_TEST_CRASH_EXPLORE_H
#define KMEMP_TEST_CRASH_EXPLORE_H

#include "gates.h"
#include "window.h"
#include "workloads.h"

/**
 * struct batch_lines - what a batch has stored
 * @pos: its first byte in each line
 * @nr: lines
 * @room: for so many
 */
struct batch_lines {
	u64 *pos;
	u32 nr, room;
};

/**
 * struct damage - the newest batch, if it is hit
 * @newest: its lines
 * @next: those of the one in flight
 * @seq: the newest
 * @flies: one is in flight
 * @alone: nothing is true beside it, so that it alone may vanish
 */
struct damage {
	struct batch_lines newest, next;
	u64 seq;
	bool flies, alone;
};

/* Which subsets of the words of a store are tried. */
enum words { NO_WORDS, SOME_WORDS, ALL_WORDS };

/**
 * struct explore - what is explored
 * @record: the medium, at the trace's beginning
 * @trace: the trace
 * @name: of the workload
 * @judge: of its states
 * @range: what recovery may end with, at the trace's beginning
 * @from: the first event that is cut at
 * @bound: merged states of a window up to which it is exhausted; 0: of each
 *	window only what the other gates ask for
 * @words: of stores, subsets of their words
 * @windows: the gate that its windows count for
 * @count: windows and outcomes count
 * @depth: how deep recoveries are cut in their turn
 * @lines: open lines, while it goes on
 * @window: the ones that differ, at a cut
 * @flies: a batch is in flight, and has been since it could be cut
 * @fell_back: a state without it was recovered
 * @went_on: a state with it was
 * @damage: to the newest batch
 */
struct explore {
	struct record *record;
	const struct record_trace *trace;
	const char *name;
	crash_judge_fn *judge;
	struct crash_range range;
	u64 from;
	u32 bound;
	enum words words;
	enum gate_kind windows;
	bool count;
	unsigned int depth;

	struct record_lines lines;
	struct window window;
	bool flies, fell_back, went_on;
	struct damage damage;
};

/* How many recoveries that store alike are cut. */
extern unsigned int explore_alike;

/* True: no state was recovered wrongly. The medium is as it was before. */
bool explore(struct explore *x);
/* The state that is on the medium. */
bool explore_state(struct explore *x);
/* units.c: all merged states of the window; *@all: none was left out. */
bool explore_units(struct explore *x, bool *all);
/* words.c: words of stores in any order; after explore_units(). */
bool explore_words(struct explore *x);
/* damage.c: follow event @nr of the trace, which has been played. */
void damage_follow(struct explore *x, u64 nr);
/*
 * All stores so far are there, but for a byte of the newest batch. @many are
 * tried in turn, when it has just become durable.
 */
bool damage_states(struct explore *x, bool many);
void damage_free(struct explore *x);
/* Recoveries are cut anew, not only those that store in another way. */
void explore_forget(void);

#endif
