// SPDX-License-Identifier: GPL-2.0
/*
 * Is what is made wrong noticed? Checks of seals are left out or made to cover a
 * line less, pages are given back before their time: for each there has to be a
 * workload, and in that a state, that is recovered wrongly. Flushes and fences
 * are dropped by crash_sites. How it is looked for is told in hunt.c.
 *
 *	crash_mutants [--list | FORMAT...]
 */
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include "hunt.h"
#include "place.h"
#include "sites.h"
#include "tap.h"

/* Of those that are named no more are excused than the table says. */
static const struct crash_needless *excused_by(const struct mutant *mutant)
{
	static const struct crash_needless *counted[512];
	static unsigned int nr_counted;
	const struct crash_needless *known = mutant_needless(mutant);
	unsigned int i, nr = 0;

	if (!known || nr_counted == ARRAY_SIZE(counted))
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
			known = excused_by(mutant);
			excused += !!known;
			print_mutant(mutant, known);
		}
		printf("# %-28s %6u of %u, %u that are known not to be\n",
		       mutant_kinds[kind], caught, all, excused);
		full &= all && caught + excused == all;
	}
	tap_ok(hunt_sound, "%s: what is right is not noticed", crash_format->name);
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
	hunt_forget();
	crash_quiet = true;
	memset(&crash_stats, 0, sizeof(crash_stats));
	for (i = 0; i < crash_nr_scenarios; i++) {
		/* Slow ones are played for what they are made for. */
		if ((crash_scenarios[i].slow && !crash_scenarios[i].only) ||
		    !crash_scenario_fits(&crash_scenarios[i]))
			continue;
		hunt_scenario(&crash_scenarios[i]);
		hunt_pages(&crash_scenarios[i], MUTANT_GIVEN);
		hunt_pages(&crash_scenarios[i], MUTANT_DATA);
		hunt_pages(&crash_scenarios[i], MUTANT_RETIRED);
	}
	for (i = 0; i < crash_nr_scenarios; i++)
		if (crash_scenarios[i].slow &&
		    crash_scenario_fits(&crash_scenarios[i]))
			hunt_slow(&crash_scenarios[i]);
	report();
}

static bool is_wanted(const struct crash_format *format, int argc, char **argv)
{
	int i;

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
