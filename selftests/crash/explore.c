// SPDX-License-Identifier: GPL-2.0
/*
 * See explore.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "explore.h"
#include "seals.h"
#include "sites.h"

/* Lines of a window above which single ones are sampled. */
#define MANY_LINES	256u
#define MOST_ALIKE	4096u
/* Stores in a row after which not each is cut, and one in how many then is. */
#define DENSE_STORES	24u
#define SPARSE_STORES	16u

unsigned int explore_alike = 1;

/* ------------------------------------------------- crashes in a recovery */

/* Ways in which recoveries have stored, and how many of each were cut. */
static struct {
	u64 way;
	unsigned int nr;
} alike[MOST_ALIKE];
static unsigned int nr_alike;

void explore_forget(void)
{
	nr_alike = 0;
}

static bool is_new(const struct record *record, u64 start, unsigned int depth,
		   bool powered)
{
	u64 way = depth * 2 + powered, last = 0, i;
	bool stores = false;
	unsigned int k;

	for (i = start; i < record->nr; i++) {
		const struct record_event *event = &record->events[i];

		stores |= event->kind == RECORD_STORE;
		if (event->site == last)
			continue;
		last = event->site;
		way = (way ^ last) * 0x9e3779b97f4a7c15ULL;
		way ^= way >> 32;
	}
	if (!stores)
		return false;
	for (k = 0; k < nr_alike && alike[k].way != way; k++)
		;
	if (k == MOST_ALIKE)
		return false;
	if (k == nr_alike) {
		alike[k].way = way;
		alike[nr_alike++].nr = 0;
	}
	return alike[k].nr++ < explore_alike;
}

/* Power is lost in the recovery that was recorded since @start. */
static bool cut_recovery(struct explore *x, u64 start, struct crash_range range,
			 const struct record_lines *still_open)
{
	u64 size = x->record->media.size;
	struct record_trace trace;
	struct explore nested = {
		.record = x->record, .trace = &trace, .name = x->name,
		.judge = x->judge, .range = range, .bound = x->bound,
		.words = x->words,
		.windows = GATE_WINDOWS_RECOVERY, .count = x->count,
		.depth = x->depth - 1,
	};
	bool good;

	record_take(x->record, start, &trace);
	record_undo(x->record, start);
	if (still_open)
		record_lines_copy(&nested.lines, still_open, size);
	else
		record_lines_init(&nested.lines, size);
	crash_stats.nested++;
	good = explore(&nested);
	if (x->window.nr)
		seals_watch(x->record, &x->window);
	record_lines_free(&nested.lines);
	record_trace_free(&trace);
	return good;
}

/* --------------------------------------------------------------- states */

static void describe(const struct explore *x)
{
	u32 i, k;

	fprintf(stderr, "# %s, %s: batches %llu to %llu\n", crash_format->name,
		x->name, x->range.lo, x->range.hi);
	for (i = 0; i < x->window.nr && i < 100; i++) {
		const struct window_line *line = &x->window.line[i];

		for (k = line->nr; k; k--)
			if (!memcmp(line->content[k], x->record->base +
				    line->where * KMEMP_LINE_SIZE,
				    KMEMP_LINE_SIZE))
				break;
		fprintf(stderr, "#   line %llu (page %llu + %llu): %u of %u, by %s\n",
			line->where, line->where / 64, line->where % 64 * 64,
			k, line->nr, site_name(line->site[line->nr - 1]));
	}
}

/*
 * @still_open: the recovery of this state is cut as one after a stop that power
 * survived: what was open before it may be lost too.
 */
static bool judge(struct explore *x, const struct record_lines *still_open)
{
	struct crash_range range = x->range;
	u64 start = x->record->nr, seq, after;
	bool good;

	/* To be cut again it has to be recovered again. */
	if (still_open && x->judge == crash_judge)
		good = crash_recover(x->record, range, &seq);
	else
		good = x->judge(x->record, range, &seq);
	if (!good) {
		record_undo(x->record, start);
		if (!crash_quiet)
			describe(x);
		return false;
	}
	after = crash_after;
	x->fell_back |= seq == range.lo;
	x->went_on |= seq == range.hi;
	if (!still_open && range.hi != CRASH_FORMATTING)
		range = (struct crash_range){ seq, seq };
	if (x->depth && is_new(x->record, start, x->depth, still_open))
		good = cut_recovery(x, start, range, still_open);
	record_undo(x->record, start);
	crash_after = after;
	return good;
}

bool explore_state(struct explore *x)
{
	return judge(x, NULL);
}

/* ---------------------------------------------------------- site by site */

/* For sites by their place in the window: A whole, and nothing of B: [A][B]. */
static u8 *find_apart(const struct window *window)
{
	u32 nr = window->nr_sites, i, a, b;
	u8 *apart = malloc(nr * nr + 1);

	if (!apart)
		abort();
	memset(apart, 1, nr * nr);
	for (i = 0; i < window->nr; i++) {
		const struct window_line *line = &window->line[i];

		for (a = 0; a < nr; a++) {
			u32 first_a, end_a, first, end;

			if (!window_steps_of(line, window->sites[a], &first_a,
					     &end_a))
				continue;
			for (b = 0; b < nr; b++)
				if (a != b &&
				    window_steps_of(line, window->sites[b],
						    &first, &end) &&
				    first < end_a)
					apart[a * nr + b] = 0;
		}
	}
	return apart;
}

/* All is there but what @site stored, and what comes behind it in its lines. */
static bool without(struct explore *x, u16 site)
{
	u64 start = x->record->nr;
	u32 i, first, end;
	bool good;

	for (i = 0; i < x->window.nr; i++)
		if (window_steps_of(&x->window.line[i], site, &first, &end))
			window_set(&x->window, x->record, i, first);
	good = explore_state(x);
	record_undo(x->record, start);
	return good;
}

/* Nothing is there but what @site stored, and what is before it in its lines. */
static bool alone(struct explore *x, u16 site)
{
	u64 start = x->record->nr;
	u32 i, first, end;
	bool good;

	window_set_all(&x->window, x->record, false);
	for (i = 0; i < x->window.nr; i++)
		if (window_steps_of(&x->window.line[i], site, &first, &end))
			window_set(&x->window, x->record, i, end);
	good = explore_state(x);
	record_undo(x->record, start);
	return good;
}

static bool site_pairs(struct explore *x)
{
	const struct window *window = &x->window;
	u8 *apart = find_apart(window);
	u32 nr = window->nr_sites, a, b;
	bool good = true;

	for (b = 0; good && b < nr; b++) {
		good = without(x, window->sites[b]) &&
		       alone(x, window->sites[b]);
		for (a = 0; good && a < nr; a++)
			if (a != b && apart[a * nr + b] && x->count)
				site_pair_seen(window->sites[a],
					       window->sites[b]);
	}
	for (a = 0; x->count && a < nr; a++)
		for (b = 0; b < nr; b++)
			if (a != b && apart[a * nr + b])
				site_pair_meets(window->sites[a],
						window->sites[b]);
	free(apart);
	return good;
}

/* ----------------------------------------------------------------- cuts */

/* Of very many lines some: missing, half there, alone there. */
static bool single_lines(struct explore *x)
{
	u32 step = x->window.nr / 24 + 1, i, way;
	bool good = true;

	for (i = 0; good && i < x->window.nr; i += step) {
		u32 nr = x->window.line[i].nr;

		for (way = 0; good && way < 3; way++) {
			u64 start = x->record->nr;

			if (way == 2)
				window_set_all(&x->window, x->record, false);
			window_set(&x->window, x->record, i,
				   way == 0 ? 0 : way == 1 ? nr / 2 : nr);
			good = explore_state(x);
			record_undo(x->record, start);
		}
	}
	return good;
}

static bool cut_lines(struct explore *x, u64 now)
{
	u64 start = x->record->nr;
	bool good, all = false;

	window_set_all(&x->window, x->record, false);
	good = explore_state(x);
	record_undo(x->record, start);
	good = good && site_pairs(x);
	if (!good)
		return false;
	if (!x->bound || x->window.nr > MANY_LINES)
		good = single_lines(x);
	else
		good = explore_units(x, &all) && explore_words(x);
	if (good && x->bound && x->count)
		gate_count(x->windows, all, "%s, event %llu of %llu: %u lines",
			   x->name, now, x->trace->nr, x->window.nr);
	return good;
}

/* @now events have been played. */
static bool cut(struct explore *x, u64 now)
{
	bool good;

	window_init(&x->window, x->record, x->trace, now, &x->lines);
	seals_watch(x->record, &x->window);
	good = explore_state(x);
	if (good && x->depth && x->lines.nr)
		good = judge(x, &x->lines);
	if (good && x->window.nr)
		good = cut_lines(x, now);
	seals_watch(x->record, NULL);
	window_free(&x->window);
	memset(&x->window, 0, sizeof(x->window));
	return good;
}

static void mark(struct explore *x, u64 value, bool cuts)
{
	u64 seq = value >> 1;

	if (!(value & 1)) {
		x->range.hi = seq;
		x->flies = cuts && seq != CRASH_FORMATTING;
		x->fell_back = false;
		x->went_on = false;
		return;
	}
	if (x->count && x->flies)
		gate_count(GATE_OUTCOMES, x->fell_back && x->went_on,
			   "%s, batch %llu: only states %s it", x->name, seq,
			   x->went_on ? "with" : "without");
	x->flies = false;
	x->range = (struct crash_range){ seq, seq };
}

bool explore(struct explore *x)
{
	u64 start = x->record->nr, i, run = 0;
	bool good = true, stored = false;

	for (i = 0; good && i < x->trace->nr; i++) {
		const struct record_event *event = &x->trace->events[i];
		bool cuts = i >= x->from;

		if (cuts && stored && (event->kind == RECORD_FENCE ||
				       event->kind == RECORD_MARK)) {
			good = cut(x, i);
			stored = false;
		}
		record_track(&x->lines, event, x->record->base);
		record_play(x->record, x->trace, i);
		if (event->kind == RECORD_MARK)
			mark(x, event->pos, cuts);
		damage_follow(x, i);
		if (good && cuts && event->kind == RECORD_MARK)
			good = damage_states(x, event->pos & 1);
		if (event->kind == RECORD_FENCE)
			run = 0;
		if (event->kind != RECORD_STORE)
			continue;
		stored = true;
		/* Caches that survive: all stores so far. */
		if (good && cuts &&
		    (run < DENSE_STORES || run % SPARSE_STORES == 0))
			good = explore_state(x) && damage_states(x, false);
		run++;
	}
	if (good)
		good = cut(x, x->trace->nr);
	damage_free(x);
	record_undo(x->record, start);
	return good;
}
