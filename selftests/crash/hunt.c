// SPDX-License-Identifier: GPL-2.0
/*
 * See hunt.h.
 *
 * Workloads are stopped at each fence too, with all lines there, without every
 * second one, and with half of each: recovery is cut with the same mutants. How
 * it is made with them is in hunt_stops.c.
 */
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include "hunt.h"

/* Recoveries that were mutated, by the sites that store in them. */
#define MOST_WAYS	512u
/* Traces that are played with a mutant that is known not to be noticed. */
#define KNOWN_TRIES	16u

static u64 ways[MOST_WAYS];
static unsigned int nr_ways;
bool hunt_sound;
unsigned int hunt_nr;

void hunt_forget(void)
{
	nr_ways = 0;
	hunt_nr = 0;
	hunt_sound = true;
}

void hunt_found_seal(u64 site, const u64 *pcs)
{
	mutant_get(MUTANT_UNCHECKED, site, pcs)->met = hunt_nr;
	mutant_get(MUTANT_SHORT, site, pcs)->met = hunt_nr;
}

/* A trace, with the state of the medium at its beginning. */
bool hunt_explored_well(const struct prey *prey,
			  const struct record_lines *still_open)
{
	struct explore x = {
		.record = prey->record, .trace = prey->trace, .name = prey->name,
		.judge = prey->judge, .range = prey->range,
		.from = prey->from, .bound = prey->bound, .words = prey->words,
	};
	bool good;

	if (still_open)
		record_lines_copy(&x.lines, still_open,
				  prey->record->media.size);
	else
		record_lines_init(&x.lines, prey->record->media.size);
	good = explore(&x);
	record_lines_free(&x.lines);
	return good;
}

static void find_mutants(const struct prey *prey)
{
	crash_forget();
	seal_mutant.find = hunt_found_seal;
	hunt_sound &= hunt_explored_well(prey, NULL);
	seal_mutant.find = NULL;
	crash_forget();
}

void hunt_mutate(const struct mutant *mutant)
{
	seal_mutant.site = mutant ? mutant->site : 0;
	seal_mutant.shorten = mutant && mutant->kind == MUTANT_SHORT;
}

static bool noticed(const struct mutant *mutant, const struct prey *prey)
{
	bool caught;

	/* What was judged before was by a check that was right. */
	crash_forget();
	hunt_mutate(mutant);
	caught = !hunt_explored_well(prey, NULL);
	hunt_mutate(NULL);
	crash_forget();
	return caught;
}

bool hunt_wants(const struct mutant *mutant)
{
	return !mutant->caught && mutant->met == hunt_nr &&
	       (mutant->tries < KNOWN_TRIES || !mutant_needless(mutant));
}

static void hunt(const struct prey *prey)
{
	unsigned int i;

	hunt_nr++;
	find_mutants(prey);
	for (i = 0; i < nr_mutants; i++) {
		if (!hunt_wants(&mutants[i]))
			continue;
		mutants[i].tries++;
		mutants[i].caught = noticed(&mutants[i], prey);
		snprintf(mutants[i].by, sizeof(mutants[i].by), "%s",
			 prey->name);
	}
	hunt_moves(prey, NULL);
}

/* -------------------------------------------------------------- recovery */

bool hunt_is_new(const struct record *record, u64 start, u64 way)
{
	u64 last = 0, i;
	bool stores = false;

	for (i = start; i < record->nr; i++) {
		const struct record_event *event = &record->events[i];

		stores |= event->kind == RECORD_STORE;
		if (event->site != last)
			way = (way ^ event->site) * 0x9e3779b97f4a7c15ULL;
		way ^= way >> 32;
		last = event->site;
	}
	for (i = 0; i < nr_ways; i++)
		if (ways[i] == way)
			return false;
	if (!stores || nr_ways == MOST_WAYS)
		return false;
	ways[nr_ways++] = way;
	return true;
}

/* The state that is on the medium is recovered, and that is the prey. */
static void hunt_recovery(const struct prey *prey)
{
	struct crash_range range = prey->range;
	u64 start = prey->record->nr, seq;
	struct record_trace trace;
	struct prey recovery = *prey;
	char name[64];

	if (!prey->judge(prey->record, range, &seq)) {
		record_undo(prey->record, start);
		return;
	}
	if (!hunt_is_new(prey->record, start, 0)) {
		record_undo(prey->record, start);
		return;
	}
	record_take(prey->record, start, &trace);
	record_undo(prey->record, start);
	snprintf(name, sizeof(name), "%s, recovered", prey->name);
	recovery.name = name;
	recovery.trace = &trace;
	if (range.hi != CRASH_FORMATTING)
		recovery.range = (struct crash_range){ seq, seq };
	hunt(&recovery);
	record_trace_free(&trace);
}

static void hunt_at(const struct prey *prey, const struct record_lines *lines,
		    u64 now)
{
	u64 start = prey->record->nr;
	struct window window;
	unsigned int way;
	u32 i;

	window_init(&window, prey->record, prey->trace, now, lines);
	hunt_stopped(prey, &window, lines);
	for (way = 0; way < 4; way++) {
		for (i = 0; i < window.nr; i++) {
			u32 nr = window.line[i].nr;

			if (way == 1 || way == 2)
				window_set(&window, prey->record, i,
					   i % 2 == way - 1 ? nr : 0);
			if (way == 3)
				window_set(&window, prey->record, i, nr / 2);
		}
		crash_forget();
		if (!prey->slow)
			hunt_recovery(prey);
		hunt_stopped(prey, &window, NULL);
		record_undo(prey->record, start);
	}
	window_free(&window);
}

static void hunt_recoveries(const struct prey *whole)
{
	/* As it is at the stop. */
	struct prey at = *whole, *prey = &at;
	u64 start = prey->record->nr, places[WINDOW_MOST_SITES], i;
	struct record_lines lines;
	unsigned int nr = 0;

	record_lines_init(&lines, prey->record->media.size);
	for (i = 0; i < prey->trace->nr; i++) {
		const struct record_event *event = &prey->trace->events[i];

		if (event->kind == RECORD_FENCE)
			hunt_at(prey, &lines, i);
		record_track(&lines, event, prey->record->base);
		record_play(prey->record, prey->trace, i);
		if (prey->go_on && event->kind == RECORD_STORE &&
		    hunt_is_new_place(event, places, &nr))
			hunt_behind(prey, &lines, i + 1);
		if (event->kind != RECORD_MARK)
			continue;
		at.range.hi = event->pos >> 1;
		if (event->pos & 1)
			at.range.lo = at.range.hi;
	}
	record_lines_free(&lines);
	record_undo(prey->record, start);
}

/* ------------------------------------------------------------- workloads */

void hunt_scenario(const struct crash_scenario *scenario)
{
	struct record_trace trace;
	struct record record;
	struct prey prey = {
		.name = scenario->name, .record = &record, .trace = &trace,
		.judge = scenario->judge, .go_on = scenario->go_on,
		.slow = scenario->slow,
	};

	crash_scenario_record(scenario, &record, &trace, &prey.range);
	if (!prey.slow)
		hunt(&prey);
	if (!scenario->foreign)
		hunt_recoveries(&prey);
	record_trace_free(&trace);
	record_free(&record);
	crash_forget();
}

void hunt_slow(const struct crash_scenario *scenario)
{
	struct record_trace trace;
	struct record record;
	struct prey prey = {
		.name = scenario->name, .record = &record, .trace = &trace,
		.judge = scenario->judge, .slow = true,
	};

	crash_scenario_record(scenario, &record, &trace, &prey.range);
	hunt_moves(&prey, NULL);
	record_trace_free(&trace);
	record_free(&record);
	crash_forget();
}

void hunt_pages(const struct crash_scenario *scenario,
		       enum mutant_kind kind)
{
	struct record_trace trace;
	struct record record;
	struct prey prey = {
		.name = scenario->name, .record = &record, .trace = &trace,
		.judge = scenario->judge,
	};
	struct mutant *mutant = mutant_get(kind, 0, NULL);

	if (mutant->caught)
		return;
	mutant_of_pages(mutant);
	crash_scenario_record(scenario, &record, &trace, &prey.range);
	mutant_of_pages(NULL);
	mutant->tries++;
	mutant->caught = !hunt_explored_well(&prey, NULL);
	snprintf(mutant->by, sizeof(mutant->by), "%s", prey.name);
	record_trace_free(&trace);
	record_free(&record);
	crash_forget();
}
