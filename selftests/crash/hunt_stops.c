// SPDX-License-Identifier: GPL-2.0
/*
 * A recovery that is made with a mutant, whether power was lost or not, then the
 * pool goes on without it, and is cut there. See hunt.h.
 */
#include <string.h>

#include <linux/kernel.h>

#include "hunt.h"

/* A stop: what is open, and whether that can still be lost. */
struct stop {
	const struct prey *prey;
	struct window *window;
	const struct record_lines *still_open;
	u64 image, nr;		/* what a right recovery leaves, its events */
};

/* Recover, with a mutant, and go on without: does it end well? */
static bool ends_well(const struct stop *stop, const struct mutant *mutant)
{
	struct record *record = stop->prey->record;
	u64 saved[CRASH_MOST_BATCHES], start = record->nr;
	struct crash_work work = { .record = record };
	struct prey later = *stop->prey;
	struct record_trace trace;
	bool good, same;

	memcpy(saved, crash_digests, sizeof(saved));
	hunt_mutate(mutant);
	seals_watch(record, stop->window);
	good = !test_open(&work.t, record, false) &&
	       work.t.pool.newest >= stop->prey->range.lo &&
	       work.t.pool.newest <= stop->prey->range.hi;
	hunt_mutate(NULL);
	seals_watch(record, NULL);
	same = record->nr - start == stop->nr && record->image == stop->image;
	if (good && (!mutant || !same)) {
		later.range.lo = work.t.pool.newest;
		later.range.hi = later.range.lo;
		later.trace = &trace;
		later.judge = crash_judge;
		stop->prey->go_on(&work);
		test_close(&work.t);
		record_take(record, start, &trace);
		record_undo(record, start);
		crash_forget();
		good = hunt_explored_well(&later, stop->still_open);
		if (!mutant)
			hunt_moves(&later, stop->still_open);
		crash_forget();
		record_trace_free(&trace);
	}
	test_close(&work.t);
	record_undo(record, start);
	memcpy(crash_digests, saved, sizeof(saved));
	return good;
}

/* Which mutants take part in the recovery, and what it does without them. */
static bool recovers(struct stop *stop)
{
	struct record *record = stop->prey->record;
	u64 start = record->nr;
	struct test_pool t;
	bool is = false;

	hunt_nr++;
	seal_mutant.find = hunt_found_seal;
	seals_watch(record, stop->window);
	if (!test_open(&t, record, false)) {
		stop->image = record->image;
		stop->nr = record->nr - start;
		is = hunt_is_new(record, start, stop->still_open ? 1 : 2);
		test_close(&t);
	}
	seal_mutant.find = NULL;
	seals_watch(record, NULL);
	record_undo(record, start);
	return is;
}

void hunt_stopped(const struct prey *prey, struct window *window,
			 const struct record_lines *still_open)
{
	struct stop stop = {
		.prey = prey, .window = window, .still_open = still_open,
	};
	unsigned int i;

	if (!prey->go_on || !recovers(&stop))
		return;
	hunt_sound &= ends_well(&stop, NULL);
	for (i = 0; i < nr_mutants; i++) {
		if (!hunt_wants(&mutants[i]))
			continue;
		mutants[i].tries++;
		mutants[i].caught = !ends_well(&stop, &mutants[i]);
		snprintf(mutants[i].by, sizeof(mutants[i].by), "%s, stopped",
			 prey->name);
	}
}

void hunt_behind(const struct prey *prey,
			const struct record_lines *lines, u64 now)
{
	struct record *record = prey->record;
	u64 start = record->nr, size = record->media.size, i;
	struct record_lines ahead;
	struct window window;

	record_lines_copy(&ahead, lines, size);
	for (i = 0; i < lines->nr; i++) {
		ahead.line[i].since = lines->line[i].since;
		ahead.line[i].flushed_at = lines->line[i].flushed_at;
	}
	ahead.nr_events = lines->nr_events;
	for (i = now; i < prey->trace->nr; i++) {
		const struct record_event *event = &prey->trace->events[i];

		if (event->kind == RECORD_FENCE)
			break;
		record_track(&ahead, event, record->base);
		record_play(record, prey->trace, i);
	}
	window_init(&window, record, prey->trace, i, &ahead);
	record_undo(record, start);
	hunt_stopped(prey, &window, lines);
	hunt_stopped(prey, &window, NULL);
	window_free(&window);
	record_lines_free(&ahead);
}

bool hunt_is_new_place(const struct record_event *event, u64 *places,
			 unsigned int *nr)
{
	unsigned int i;

	for (i = 0; i < *nr; i++)
		if (places[i] == event->site)
			return false;
	if (*nr < WINDOW_MOST_SITES)
		places[(*nr)++] = event->site;
	return true;
}
