// SPDX-License-Identifier: GPL-2.0
/*
 * Windows, exhausted: all states of the open lines, but for those that recovery
 * cannot tell from one another.
 *
 * The lines under one seal are a unit: all there, none, each one missing, each
 * one half there. Any other line is a unit of its own: each number of its steps.
 * Each choice of each unit is taken with all else there and with nothing else
 * there. A unit none of whose choices changes either outcome (the batch that
 * recovery ends with, and each byte of the medium after it) is one that
 * recovery does not depend on, or stores anew: it takes part with any choice.
 * Of the others all combinations are taken. Where these are too many, a seal
 * that holds, one that has lost its first line and one that has lost its last
 * stand for all that do and do not hold; and where these are too many still, one
 * that holds and one of which nothing is there.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "explore.h"
#include "seals.h"

/**
 * struct unit - lines that are chosen together
 * @lines: indices in the window
 * @nr: how many
 * @choices: 0 is all there, 1 is nothing there
 * @few: of them those that stand for the others come first
 * @matters: recovery tells them apart
 */
struct unit {
	u32 *lines;
	u32 nr;
	u32 choices, few;
	bool matters;
};

struct units {
	struct explore *x;
	struct unit *unit;
	u32 nr;
	u64 dice;
};

static u32 roll(struct units *units, u32 sides)
{
	units->dice = units->dice * 6364136223846793005ULL + 1;
	return (units->dice >> 33) % sides;
}

/*
 * 2: the first line is missing, 3: the last one, then the others, then each one
 * is half there.
 */
static void choose_sealed(struct units *units, const struct unit *unit,
			  u32 choice)
{
	struct explore *x = units->x;
	u32 i, which;

	for (i = 0; i < unit->nr; i++)
		window_set(&x->window, x->record, unit->lines[i],
			   choice == 1 ? 0 : x->window.line[unit->lines[i]].nr);
	if (choice < 2)
		return;
	/* Of one line: missing is nothing there. */
	choice -= unit->nr > 1 ? 2 : 1;
	which = choice % unit->nr;
	/* The last one is the second choice. */
	if (which == 1)
		which = unit->nr - 1;
	else if (which > 1)
		which--;
	i = unit->lines[which];
	window_set(&x->window, x->record, i,
		   choice < unit->nr ? 0 : x->window.line[i].nr / 2);
}

static void choose(struct units *units, const struct unit *unit, u32 choice)
{
	struct explore *x = units->x;
	const struct window_line *line = &x->window.line[unit->lines[0]];

	if (unit->nr > 1 || line->sealed)
		choose_sealed(units, unit, choice);
	else
		window_set(&x->window, x->record, unit->lines[0],
			   choice < 2 ? (choice ? 0 : line->nr) : choice - 1);
}

static void size_unit(const struct window *window, struct unit *unit)
{
	const struct window_line *line = &window->line[unit->lines[0]];

	if (unit->nr > 1) {
		unit->choices = 2 + 2 * unit->nr;
		unit->few = 4;
	} else if (line->sealed) {
		/* All, nothing, half. */
		unit->choices = line->nr > 1 ? 3 : 2;
		unit->few = unit->choices;
	} else {
		unit->choices = line->nr + 1;
		unit->few = unit->choices;
	}
}

static void find_units(struct units *units)
{
	struct window *window = &units->x->window;
	u32 i, k;

	units->unit = calloc(window->nr, sizeof(*units->unit));
	if (!units->unit)
		abort();
	for (i = 0; i < window->nr; i++) {
		struct unit *unit;

		if (!window->line[i].read)
			continue;
		for (k = 0; k < units->nr; k++)
			if (window->line[units->unit[k].lines[0]].group ==
			    window->line[i].group)
				break;
		unit = &units->unit[k];
		if (k == units->nr)
			units->nr++;
		unit->lines = realloc(unit->lines, (unit->nr + 1) *
				      sizeof(*unit->lines));
		if (!unit->lines)
			abort();
		unit->lines[unit->nr++] = i;
	}
	for (k = 0; k < units->nr; k++)
		size_unit(window, &units->unit[k]);
}

/* Recover the state that is there; learn what is read and sealed. */
static bool learn(struct explore *x)
{
	u64 start = x->record->nr, seq;
	bool good;

	/* What was judged before would not be read again. */
	if (x->judge != crash_judge)
		crash_forget();
	seals_learn(true);
	good = x->judge == crash_judge ?
	       crash_recover(x->record, x->range, &seq) :
	       x->judge(x->record, x->range, &seq);
	seals_learn(false);
	record_undo(x->record, start);
	return good;
}

static bool learn_all(struct explore *x)
{
	u64 start = x->record->nr;
	bool good;

	if (!learn(x))
		return false;
	window_set_all(&x->window, x->record, false);
	good = learn(x);
	record_undo(x->record, start);
	return good;
}

/* Each choice of a unit, with all else there, or with nothing else there. */
static bool try_unit(struct units *units, struct unit *unit, bool others)
{
	struct explore *x = units->x;
	u64 start = x->record->nr, image = 0;
	u32 choice;
	bool good = true;

	for (choice = 0; good && choice < unit->choices; choice++) {
		window_set_all(&x->window, x->record, others);
		choose(units, unit, choice);
		good = explore_state(x);
		record_undo(x->record, start);
		if (choice && crash_after != image)
			unit->matters = true;
		image = crash_after;
	}
	return good;
}

/* How many of a unit's choices are combined with those of others. */
enum thrift { EVERY_CHOICE, FEW_CHOICES, HOLDS_OR_NOT };

static u32 choices_of(const struct units *units, const struct unit *unit,
		      enum thrift thrift)
{
	const struct window_line *line = units->x->window.line;

	if (thrift == EVERY_CHOICE)
		return unit->choices;
	if (thrift == HOLDS_OR_NOT &&
	    (unit->nr > 1 || line[unit->lines[0]].sealed))
		return 2;
	return unit->few;
}

/* How many states there are; @most + 1 for more than @most. */
static u64 count_states(const struct units *units, enum thrift thrift, u64 most)
{
	u64 nr = 1;
	u32 k;

	for (k = 0; k < units->nr && nr <= most; k++)
		if (units->unit[k].matters)
			nr *= choices_of(units, &units->unit[k], thrift);
	return nr <= most ? nr : most + 1;
}

/* State @nr of all, or where that is none of them, any. */
static bool try_state(struct units *units, u64 nr, enum thrift thrift, bool any)
{
	struct explore *x = units->x;
	u64 start = x->record->nr;
	bool good;
	u32 k;

	window_set_all(&x->window, x->record, true);
	for (k = 0; k < units->nr; k++) {
		const struct unit *unit = &units->unit[k];
		u32 choices = choices_of(units, unit, thrift);

		if (any || !unit->matters) {
			choose(units, unit, roll(units, unit->choices));
			continue;
		}
		choose(units, unit, nr % choices);
		nr /= choices;
	}
	good = explore_state(x);
	record_undo(x->record, start);
	return good;
}

static bool combine(struct units *units, bool *all)
{
	u32 bound = units->x->bound;
	enum thrift thrift = EVERY_CHOICE;
	bool good = true;
	u64 nr, i;

	while (thrift < HOLDS_OR_NOT &&
	       count_states(units, thrift, bound) > bound)
		thrift++;
	nr = count_states(units, thrift, bound);
	*all = nr <= bound;
	for (i = 0; good && i < nr; i++)
		good = try_state(units, i, thrift, !*all);
	return good;
}

bool explore_units(struct explore *x, bool *all)
{
	struct units units = { .x = x, .dice = x->record->image };
	bool good;
	u32 k;

	*all = false;
	good = learn_all(x);
	if (!good)
		return false;
	find_units(&units);
	for (k = 0; good && k < units.nr; k++)
		good = try_unit(&units, &units.unit[k], true) &&
		       try_unit(&units, &units.unit[k], false);
	if (good)
		good = combine(&units, all);
	for (k = 0; k < units.nr; k++)
		free(units.unit[k].lines);
	free(units.unit);
	return good;
}
