// SPDX-License-Identifier: GPL-2.0
/*
 * Stores that are made on the wrong side of a fence, see moved.h: what was right
 * of a state stays so, since recovery is as it was. So a state that was judged
 * once, of whichever of these traces, is not recovered again.
 *
 * States are taken as of any trace; where they do not show it, windows are
 * exhausted, with words in any order; and where no batch is in flight one of the
 * superblock's pages turns bad, which the other has to make up for.
 */
#include <stdio.h>

#include "hunt.h"
#include "moved.h"

/* Merged states of a window up to which it is exhausted. */
#define MOST_STATES	64u
/* Traces that are played with one that is known not to be noticed. */
#define KNOWN_TRIES	16u

static bool wants(const struct mutant *mutant)
{
	return !mutant->caught && (mutant->tries < KNOWN_TRIES ||
				   !mutant_needless(mutant));
}

/* A state where a page is bad: what is open is lost, or that of the superblock. */
struct bad_page {
	const struct prey *prey;
	struct record_lines lines;
	struct crash_range range;
	u64 pages, site;
	bool others;	/* the superblock has open lines not of this site */
};

static bool is_super(const struct bad_page *bad, u64 pos)
{
	u64 page = pos >> KMEMP_PAGE_SHIFT;

	return !page || page == bad->pages - 1;
}

static bool survives(const struct bad_page *bad, u64 fail_page, bool all)
{
	struct record *record = bad->prey->record;
	u64 start = record->nr, seq;
	bool good;
	u32 i;

	for (i = 0; i < bad->lines.nr; i++) {
		const struct record_line *line = &bad->lines.line[i];

		if (all || is_super(bad, line->where * KMEMP_LINE_SIZE))
			crash_set_line(record, line, 0);
	}
	record->fail_page = fail_page;
	good = bad->prey->judge(record, bad->range, &seq);
	record->fail_page = 0;
	record_undo(record, start);
	return good;
}

static bool survives_either(const struct bad_page *bad, bool all)
{
	return survives(bad, 1, all) && survives(bad, bad->pages, all);
}

static bool has_open_super(const struct bad_page *bad)
{
	u32 i;

	for (i = 0; i < bad->lines.nr; i++)
		if (is_super(bad, bad->lines.line[i].where * KMEMP_LINE_SIZE))
			return true;
	return false;
}

static void follow(struct bad_page *bad, u64 nr)
{
	const struct record_event *event = &bad->prey->trace->events[nr];
	struct record *record = bad->prey->record;

	record_track(&bad->lines, event, record->base);
	record_play(record, bad->prey->trace, nr);
	if (event->kind == RECORD_STORE && is_super(bad, event->pos))
		bad->others |= event->site != bad->site;
	else if (!has_open_super(bad))
		bad->others = false;
	if (event->kind != RECORD_MARK)
		return;
	bad->range.hi = event->pos >> 1;
	if (event->pos & 1)
		bad->range.lo = bad->range.hi;
}

/*
 * At each mark that says that something is durable, and at the end, all that is
 * open is lost; at stores and fences where no batch is in flight, what @site has
 * open of the superblock, if all else of that is durable.
 */
static bool survives_bad_pages(const struct prey *prey, u64 site,
			       const struct record_lines *still_open)
{
	struct record *record = prey->record;
	struct bad_page bad = {
		.prey = prey, .range = prey->range, .site = site,
		.pages = record->media.size >> KMEMP_PAGE_SHIFT,
	};
	u64 start = record->nr, i, run = 0;
	bool good = true;

	if (still_open)
		record_lines_copy(&bad.lines, still_open, record->media.size);
	else
		record_lines_init(&bad.lines, record->media.size);
	bad.others = has_open_super(&bad);
	for (i = 0; good && i < prey->trace->nr; i++) {
		enum record_kind kind = prey->trace->events[i].kind;

		follow(&bad, i);
		run = kind == RECORD_STORE ? run + 1 : 0;
		if (bad.range.lo != bad.range.hi)
			continue;
		if (kind == RECORD_MARK)
			good = survives_either(&bad, true);
		else if (kind != RECORD_FLUSH && run % 16 < 2 && !bad.others &&
			 has_open_super(&bad))
			good = survives_either(&bad, false);
	}
	good = good && survives_either(&bad, true);
	record_lines_free(&bad.lines);
	record_undo(record, start);
	return good;
}

/* Ways to look at a trace, one after the other. */
enum look { EXPLORED, BAD_PAGES, EXHAUSTED, NR_LOOKS };

static bool looks_well(struct prey prey, u64 site,
		       const struct record_lines *still_open, enum look look)
{
	switch (look) {
	case EXPLORED:
		return hunt_explored_well(&prey, still_open);
	case BAD_PAGES:
		return survives_bad_pages(&prey, site, still_open);
	default:
		prey.bound = MOST_STATES;
		prey.words = SOME_WORDS;
		return prey.slow || hunt_explored_well(&prey, still_open);
	}
}

/* By which look it was noticed is set in @looks: the trace itself is due it. */
static void try(const struct prey *prey, const struct record_lines *still_open,
		struct mutant *mutant, bool *looks)
{
	struct prey other = *prey;
	struct moved moved;
	enum look look;

	if (!moved_make(&moved, prey->record, prey->trace, mutant->site,
			mutant->kind == MUTANT_EARLY))
		return;
	mutant->tries++;
	other.trace = &moved.trace;
	other.from = moved.from;
	for (look = EXPLORED; look < NR_LOOKS && !mutant->caught; look++) {
		mutant->caught = !looks_well(other, mutant->site, still_open, look);
		looks[look] |= mutant->caught;
	}
	snprintf(mutant->by, sizeof(mutant->by), "%s", prey->name);
	moved_free(&moved);
}

void hunt_moves(const struct prey *prey, const struct record_lines *still_open)
{
	u64 places[WINDOW_MOST_SITES], i;
	enum mutant_kind kind;
	bool looks[NR_LOOKS] = {};
	unsigned int nr = 0;
	enum look look;

	crash_forget();
	for (i = 0; i < prey->trace->nr; i++) {
		const struct record_event *event = &prey->trace->events[i];
		const u64 pcs[SEAL_PCS] = { event->pc, event->caller };

		if (event->kind != RECORD_STORE || !event->site ||
		    !hunt_is_new_place(event, places, &nr))
			continue;
		for (kind = MUTANT_LATE; kind <= MUTANT_EARLY; kind++) {
			struct mutant *mutant = mutant_get(kind, event->site,
							   pcs);

			if (wants(mutant))
				try(prey, still_open, mutant, looks);
		}
	}
	for (look = EXPLORED; look < NR_LOOKS; look++)
		if (looks[look])
			hunt_sound &= looks_well(*prey, 0, still_open, look);
	crash_forget();
}
