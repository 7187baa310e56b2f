// SPDX-License-Identifier: GPL-2.0
/*
 * Is what is made wrong noticed? Checks of seals are left out or made to cover a
 * line less, pages are given back before their time: for each there has to be a
 * workload, and in that a state, that is recovered wrongly. Flushes and fences
 * are dropped by crash_sites.
 *
 * Workloads are stopped at each fence too, with all lines there, without every
 * second one, and with half of each: recovery is cut with the same mutants.
 *
 *	crash_mutants [--list | FORMAT...]
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "explore.h"
#include "mutant.h"
#include "place.h"
#include "sites.h"
#include "tap.h"

/* Recoveries that were mutated, by the sites that store in them. */
#define MOST_WAYS	512u

static u64 ways[MOST_WAYS];
/* Without mutants every state is recovered well. */
static bool sound;
static unsigned int nr_ways, nr_hunts;

static void found_seal(u64 site, const u64 *pcs)
{
	mutant_get(MUTANT_UNCHECKED, site, pcs)->met = nr_hunts;
	mutant_get(MUTANT_SHORT, site, pcs)->met = nr_hunts;
}

/* A trace, with the state of the medium at its beginning. */
struct prey {
	const char *name;
	struct record *record;
	const struct record_trace *trace;
	struct crash_range range;
	crash_judge_fn *judge;
};

static bool explored_well(const struct prey *prey)
{
	struct explore x = {
		.record = prey->record, .trace = prey->trace, .name = prey->name,
		.judge = prey->judge, .range = prey->range,
	};
	bool good;

	record_lines_init(&x.lines, prey->record->media.size);
	good = explore(&x);
	record_lines_free(&x.lines);
	return good;
}

static void find_mutants(const struct prey *prey)
{
	crash_forget();
	seal_mutant.find = found_seal;
	sound &= explored_well(prey);
	seal_mutant.find = NULL;
	crash_forget();
}

static bool noticed(const struct mutant *mutant, const struct prey *prey)
{
	bool caught;

	/* What was judged before was by a check that was right. */
	crash_forget();
	seal_mutant.site = mutant->site;
	seal_mutant.shorten = mutant->kind == MUTANT_SHORT;
	caught = !explored_well(prey);
	seal_mutant.site = 0;
	crash_forget();
	return caught;
}

static void hunt(const struct prey *prey)
{
	unsigned int i;

	nr_hunts++;
	find_mutants(prey);
	for (i = 0; i < nr_mutants; i++) {
		if (mutants[i].caught || mutants[i].met != nr_hunts)
			continue;
		mutants[i].tries++;
		mutants[i].caught = noticed(&mutants[i], prey);
		snprintf(mutants[i].by, sizeof(mutants[i].by), "%s",
			 prey->name);
	}
}

/* -------------------------------------------------------------- recovery */

static bool is_new(const struct record *record, u64 start)
{
	u64 way = 0, last = 0, i;
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
static void hunt_recovery(const struct prey *prey, struct crash_range range)
{
	u64 start = prey->record->nr, seq;
	struct record_trace trace;
	struct prey recovery = *prey;
	char name[64];

	if (!prey->judge(prey->record, range, &seq)) {
		record_undo(prey->record, start);
		return;
	}
	if (!is_new(prey->record, start)) {
		record_undo(prey->record, start);
		return;
	}
	record_take(prey->record, start, &trace);
	record_undo(prey->record, start);
	snprintf(name, sizeof(name), "%s, recovered", prey->name);
	recovery.name = name;
	recovery.trace = &trace;
	recovery.range = range;
	if (range.hi < CRASH_FORMATTING)
		recovery.range = (struct crash_range){ seq, seq };
	hunt(&recovery);
	record_trace_free(&trace);
}

static void hunt_at(const struct prey *prey, struct crash_range range,
		    const struct record_lines *lines, u64 now)
{
	u64 start = prey->record->nr;
	struct window window;
	unsigned int way;
	u32 i;

	window_init(&window, prey->record, prey->trace, now, lines);
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
		hunt_recovery(prey, range);
		record_undo(prey->record, start);
	}
	window_free(&window);
}

static void hunt_recoveries(const struct prey *prey)
{
	struct crash_range range = prey->range;
	u64 start = prey->record->nr, i;
	struct record_lines lines;

	record_lines_init(&lines, prey->record->media.size);
	for (i = 0; i < prey->trace->nr; i++) {
		const struct record_event *event = &prey->trace->events[i];

		if (event->kind == RECORD_FENCE)
			hunt_at(prey, range, &lines, i);
		record_track(&lines, event, prey->record->base);
		record_play(prey->record, prey->trace, i);
		if (event->kind != RECORD_MARK)
			continue;
		range.hi = event->pos >> 1;
		if (event->pos & 1)
			range.lo = range.hi;
	}
	record_lines_free(&lines);
	record_undo(prey->record, start);
}

/* ------------------------------------------------------------- workloads */

static void hunt_scenario(const struct crash_scenario *scenario)
{
	struct record_trace trace;
	struct record record;
	struct prey prey = {
		.name = scenario->name, .record = &record, .trace = &trace,
		.judge = scenario->judge,
	};

	crash_scenario_record(scenario, &record, &trace, &prey.range);
	hunt(&prey);
	hunt_recoveries(&prey);
	record_trace_free(&trace);
	record_free(&record);
	crash_forget();
}

/* The workload itself is another one, where pages come back otherwise. */
static void hunt_pages(const struct crash_scenario *scenario,
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
	mutant->caught = !explored_well(&prey);
	snprintf(mutant->by, sizeof(mutant->by), "%s", prey.name);
	record_trace_free(&trace);
	record_free(&record);
	crash_forget();
}

/* ---------------------------------------------------------------- report */

static bool is_at(const struct mutant *mutant, const char *function)
{
	struct place place;
	unsigned int i;

	for (i = 0; i < SEAL_PCS && mutant->pcs[i]; i++) {
		place_of(mutant->pcs[i], &place);
		if (!strcmp(place.function, function))
			return true;
	}
	return false;
}

static const struct crash_needless *needless(const struct mutant *mutant)
{
	static const struct crash_needless *counted[512];
	static unsigned int nr_counted;
	const struct crash_needless *known;
	unsigned int i, nr = 0;

	for (known = crash_format->needless; known->kind; known++)
		if (!strcmp(known->kind, mutant_kinds[mutant->kind]) &&
		    is_at(mutant, known->function))
			break;
	if (!known->kind || nr_counted == ARRAY_SIZE(counted))
		return NULL;
	for (i = 0; i < nr_counted; i++)
		nr += counted[i] == known;
	counted[nr_counted++] = known;
	return nr < known->nr ? known : NULL;
}

static void print_mutant(const struct mutant *mutant,
			 const struct crash_needless *known)
{
	struct place place;
	unsigned int i;

	printf("#   %s: %s", known ? "known" : "missing",
	       mutant_kinds[mutant->kind]);
	for (i = 0; i < SEAL_PCS && mutant->pcs[i]; i++) {
		place_of(mutant->pcs[i], &place);
		printf("%s%s (%s)", i ? " < " : ", ", place.function,
		       place.line);
	}
	if (known)
		printf(": %s", known->why);
	putchar('\n');
}

static void report(void)
{
	unsigned int i, kind, full = 1;

	for (kind = 0; kind < NR_MUTANT_KINDS; kind++) {
		unsigned int all = 0, caught = 0, excused = 0;

		for (i = 0; i < nr_mutants; i++) {
			const struct mutant *mutant = &mutants[i];
			const struct crash_needless *known;

			if (mutant->kind != kind || !mutant->tries)
				continue;
			all++;
			caught += mutant->caught;
			if (mutant->caught)
				continue;
			known = needless(mutant);
			excused += !!known;
			print_mutant(mutant, known);
		}
		printf("# %-28s %6u of %u, %u that are known not to be\n",
		       mutant_kinds[kind], caught, all, excused);
		full &= all && caught + excused == all;
	}
	tap_ok(sound, "%s: what is right is not noticed", crash_format->name);
	tap_ok(full, "%s: every mutant is caught", crash_format->name);
	printf("# %s: %llu states, %llu unique images\n", crash_format->name,
	       crash_stats.states, crash_stats.images);
	fflush(stdout);
}

static void run_format(const struct crash_format *format)
{
	unsigned int i;

	crash_format = format;
	mutants_forget();
	site_forget();
	nr_ways = 0;
	nr_hunts = 0;
	sound = true;
	crash_quiet = true;
	memset(&crash_stats, 0, sizeof(crash_stats));
	for (i = 0; i < crash_nr_scenarios; i++) {
		if (crash_scenarios[i].slow ||
		    !crash_scenario_fits(&crash_scenarios[i]))
			continue;
		hunt_scenario(&crash_scenarios[i]);
		hunt_pages(&crash_scenarios[i], MUTANT_GIVEN);
		hunt_pages(&crash_scenarios[i], MUTANT_RETIRED);
	}
	report();
}

static bool is_wanted(const struct crash_format *format, int argc, char **argv)
{
	int i;

	if (!format->needless)
		return false;
	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], format->name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "--list");
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++) {
		if (!is_wanted(&crash_formats[i], list ? 1 : argc, argv))
			continue;
		if (list)
			puts(crash_formats[i].name);
		else
			run_format(&crash_formats[i]);
	}
	return list ? 0 : tap_done();
}
