// SPDX-License-Identifier: GPL-2.0
/*
 * Is every flush and every fence of every format needed, and missed where it is
 * not there?
 *
 * Each is dropped in turn, by call site. A workload is played, with the site
 * and without it; where lines are open only because it was dropped, they are
 * lost, alone and together with others: a state has to be found that is
 * recovered wrongly, while the same state with the site there is recovered
 * well.
 *
 * Some show only later. So the workloads are also stopped on the way, with and
 * without power loss, recovered, and go on: that is played in the same way.
 * Opening, committing and retiring are threads of their own: no fence of one
 * completes flushes of another.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "place.h"
#include "tap.h"
#include "workloads.h"

#define MOST_SITES	64

struct site {
	u64 site;
	bool fence, caught;
	struct place place, caller;
	const char *why;	/* it is known not to be missed, or NULL */
	char by[64];
};

static struct site sites[MOST_SITES];
/* One line of an entry is lost, then one alone comes: see alike(). */
static bool tears;
static unsigned int nr_sites;

/* ------------------------------------------------ lines and their states */

/*
 * How many words are there of the lines that a dropped site left open, and of
 * all other open ones.
 */
static const struct kind {
	u8 missed, other;
} kinds[] = { { 0, 8 }, { 0, 0 }, { 0, 4 }, { 4, 8 },
	      { 4, 4 } };

struct hunt {
	struct record *record;
	struct record_lines with, without;	/* the site, dropped */
	struct crash_range range;
	crash_judge_fn *judge;
	struct site *site;
	u64 last;		/* line stored into last */
	bool alone;		/* try each line alone */
};

static const struct record_line *find_line(const struct record_lines *lines,
					   u64 where)
{
	return lines->index[where] ? &lines->line[lines->index[where] - 1] :
				     NULL;
}

/* Is this line's durable content another one because of the dropped site? */
static bool missed(const struct hunt *hunt, const struct record_line *line)
{
	const struct record_line *with = find_line(&hunt->with, line->where);

	return memcmp(line->durable, with ? with->durable :
		      hunt->record->base + line->where * KMEMP_LINE_SIZE,
		      KMEMP_LINE_SIZE);
}

/*
 * One state; @only: of the missed lines this one, or of the others this one is
 * whole. Put with the site dropped or with it there.
 */
static bool try(struct hunt *hunt, struct kind kind, s64 only, bool dropped,
		u64 fail_page)
{
	struct record *record = hunt->record;
	u64 start = record->nr;
	u64 seq;
	bool good;
	u32 i;

	for (i = 0; i < hunt->without.nr; i++) {
		const struct record_line *line = &hunt->without.line[i];
		const struct record_line *put = line;
		bool is_missed = missed(hunt, line);
		u8 words = is_missed ? kind.missed : kind.other;

		if ((s64)line->where == only)
			words = is_missed ? 0 : 8;
		if (!dropped)
			put = find_line(&hunt->with, line->where);
		if (put && words < 8)
			crash_set_line(record, put, words);
	}
	record->fail_page = fail_page;
	good = hunt->judge(record, hunt->range, &seq);
	record->fail_page = 0;
	record_undo(record, start);
	return good;
}

static bool shows(struct hunt *hunt, struct kind kind, s64 only, u64 fail_page)
{
	return !try(hunt, kind, only, true, fail_page) &&
	       try(hunt, kind, only, false, fail_page);
}

/* Does a state show that the site was dropped? */
static bool cut(struct hunt *hunt)
{
	u64 pages = hunt->record->media.size >> KMEMP_PAGE_SHIFT;
	u32 i, k, nr = 0;

	for (i = 0; i < hunt->without.nr; i++)
		nr += missed(hunt, &hunt->without.line[i]);
	if (!nr)
		return false;
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (shows(hunt, kinds[k], -1, 0))
			return true;
		if (hunt->range.lo == hunt->range.hi &&
		    (shows(hunt, kinds[k], -1, 1) ||
		     shows(hunt, kinds[k], -1, pages)))
			return true;
	}
	/* One of the others alone there; one of the missed alone missing. */
	if (find_line(&hunt->without, hunt->last) &&
	    shows(hunt, kinds[1], hunt->last, 0))
		return true;
	for (i = 0; hunt->alone && i < hunt->without.nr && i < 40; i++)
		if (shows(hunt, kinds[1], hunt->without.line[i].where, 0))
			return true;
	for (i = 0; nr > 1 && i < hunt->without.nr && i < 8; i++)
		if (shows(hunt, (struct kind){ 8, 8 },
			  hunt->without.line[i].where, 0))
			return true;
	return false;
}

/*
 * Where to cut: before fences and marks, and after the first stores behind a
 * flush, a fence or a mark.
 */
struct pace {
	u64 run;
	bool stored;
};

static bool cut_before(struct pace *pace, const struct record_event *event)
{
	bool now = pace->stored && (event->kind == RECORD_FENCE ||
				    event->kind == RECORD_MARK);

	if (now)
		pace->stored = false;
	return now;
}

static bool cut_after(struct pace *pace, const struct record_event *event)
{
	if (event->kind == RECORD_MARK || event->kind == RECORD_FENCE)
		pace->stored = true;
	if (event->kind != RECORD_STORE) {
		pace->run = 0;
		return false;
	}
	pace->stored = true;
	return pace->run++ < 2 || pace->run % 4096 == 0;
}

static void follow(struct crash_range *range, const struct record_event *event)
{
	if (event->kind != RECORD_MARK)
		return;
	range->hi = event->pos >> 1;
	if (event->pos & 1)
		range->lo = range->hi;
}

static bool has_site(const struct record_trace *trace, u64 site)
{
	u64 i;

	for (i = 0; i < trace->nr; i++)
		if (trace->events[i].site == site &&
		    trace->events[i].kind != RECORD_STORE)
			return true;
	return false;
}

/* Play a trace without one site. @most: cuts after which it is given up. */
static bool caught(struct record *record, const struct record_trace *trace,
		   const struct record_lines *still_open,
		   struct crash_range range, crash_judge_fn *judge, struct site *site,
		   unsigned int most)
{
	struct hunt hunt = {
		.record = record, .range = range, .judge = judge, .site = site,
		.alone = tears,
	};
	u64 start = record->nr, i;
	struct pace pace = {};
	bool found = false;

	if (still_open) {
		record_lines_copy(&hunt.with, still_open, crash_device_bytes);
		record_lines_copy(&hunt.without, still_open, crash_device_bytes);
	} else {
		record_lines_init(&hunt.with, crash_device_bytes);
		record_lines_init(&hunt.without, crash_device_bytes);
	}
	for (i = 0; !found && i < trace->nr && most; i++) {
		const struct record_event *event = &trace->events[i];
		bool differs = hunt.without.nr;

		if (differs && cut_before(&pace, event)) {
			u64 before = crash_stats.states;

			found = cut(&hunt);
			most -= crash_stats.states > before;
		}
		record_track(&hunt.with, event, record->base);
		if (event->kind == RECORD_STORE || event->site != site->site)
			record_track(&hunt.without, event, record->base);
		record_play(record, trace, i);
		follow(&hunt.range, event);
		if (event->kind == RECORD_STORE)
			hunt.last = event->pos / KMEMP_LINE_SIZE;
		if (cut_after(&pace, event) && !found && most) {
			u64 before = crash_stats.states;

			found = cut(&hunt);
			most -= crash_stats.states > before;
		}
	}
	if (!found)
		found = cut(&hunt);
	record_lines_free(&hunt.with);
	record_lines_free(&hunt.without);
	record_undo(record, start);
	return found;
}

static bool is_known(const struct crash_known *known, const struct site *site)
{
	return !strcmp(known->function, site->place.function) &&
	       !strcmp(known->caller, site->caller.function) &&
	       known->fence == site->fence;
}

static void add_site(const struct record_event *event)
{
	const struct crash_known *known;
	struct site *site = &sites[nr_sites++];

	site->site = event->site;
	site->fence = event->kind == RECORD_FENCE;
	place_of(event->pc, &site->place);
	place_of(event->caller, &site->caller);
	for (known = crash_format->known; known->function; known++)
		if (is_known(known, site))
			site->why = known->why;
}

/* Which sites a trace has, and which of them it shows dropped. */
static void hunt_all(struct record *record, const struct record_trace *trace,
		     const struct record_lines *still_open,
		     struct crash_range range, crash_judge_fn *judge,
		     const char *by, bool stopped)
{
	unsigned int k, most = stopped ? 24 : 200;
	u64 i;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (!event->site || event->kind == RECORD_STORE)
			continue;
		for (k = 0; k < nr_sites; k++)
			if (sites[k].site == event->site)
				break;
		if (k == nr_sites && k < MOST_SITES)
			add_site(event);
	}
	for (k = 0; k < nr_sites; k++) {
		if (sites[k].caught || (sites[k].why && stopped) ||
		    !has_site(trace, sites[k].site))
			continue;
		sites[k].caught = caught(record, trace, still_open, range,
					 judge, &sites[k], most);
		if (sites[k].caught)
			snprintf(sites[k].by, sizeof(sites[k].by), "%s", by);
	}
}

/* -------------------------------------------------------- stop and go on */

/*
 * From the state that is on the medium: open, go on, and hunt in that. Lines
 * that are @still_open may be lost after it.
 */
static void again(const struct crash_scenario *scenario, struct record *record,
		  const struct record_lines *still_open, const char *by)
{
	u64 saved[CRASH_MOST_BATCHES], start = record->nr;
	struct crash_work work = { .record = record };
	struct record_trace trace;
	struct crash_range range;

	memcpy(saved, crash_digests, sizeof(saved));
	record->thread = CRASH_OPENER;
	if (!test_open(&work.t, record, false)) {
		range.lo = work.t.pool.newest;
		range.hi = range.lo;
		record->thread = CRASH_COMMITTER;
		scenario->go_on(&work);
		test_close(&work.t);
		record_take(record, start, &trace);
		record_undo(record, start);
		hunt_all(record, &trace, still_open, range, crash_judge, by,
			 true);
		record_trace_free(&trace);
	}
	record_undo(record, start);
	memcpy(crash_digests, saved, sizeof(saved));
}

static void set_all(struct record *record, const struct record_lines *lines,
		    unsigned int words, u64 but)
{
	u32 i;

	for (i = 0; i < lines->nr; i++)
		if (lines->line[i].where != but)
			crash_set_line(record, &lines->line[i], words);
}

static void stop_at(const struct crash_scenario *scenario, struct record *record,
		    const struct record_lines *lines, u64 last)
{
	static const struct {
		const char *name;
		unsigned int words, but;
	} ways[] = {
		{ "power lost, all there", 8, 0 },
		{ "power lost, nothing there", 0, 0 },
		{ "power lost, half there", 4, 0 },
		{ "power lost, but the last there", 0, 1 },
	};
	u64 start = record->nr;
	char name[64];
	u32 k;

	/* An entry with its header, but without one of its other lines. */
	for (k = 1; tears && k < 8; k++) {
		const struct record_line *line = find_line(lines, last + k);

		if (!line)
			continue;
		crash_set_line(record, line, 0);
		snprintf(name, sizeof(name), "%s, a line lost", scenario->name);
		again(scenario, record, NULL, name);
		record_undo(record, start);
	}
	if (tears)
		return;

	snprintf(name, sizeof(name), "%s, stopped", scenario->name);
	again(scenario, record, lines, name);
	for (k = 0; lines->nr && k < ARRAY_SIZE(ways); k++) {
		set_all(record, lines, ways[k].words, ways[k].but ? last : 0);
		snprintf(name, sizeof(name), "%s, %s", scenario->name,
			 ways[k].name);
		again(scenario, record, NULL, name);
		record_undo(record, start);
	}
}

static unsigned int missing(void)
{
	unsigned int k, nr = 0;

	for (k = 0; k < nr_sites; k++)
		nr += !sites[k].caught;
	return nr;
}

static void print_site(const struct site *site)
{
	printf("# %s in %s, %s, called by %s: %s%s\n",
	       site->fence ? "fence" : "flush", site->place.function,
	       site->place.line, site->caller.function,
	       site->caught ? "missed by " : "not missed",
	       site->caught ? site->by : site->why ? ", known" : "");
}

static void run(const struct crash_scenario *scenario, bool stop)
{
	struct crash_range range;
	struct record_lines lines;
	struct record_trace trace;
	struct record record;
	struct pace pace = {};
	unsigned int k;
	u64 i, last = 0;

	crash_scenario_record(scenario, &record, &trace, &range);
	crash_quiet = true;
	tears = scenario->tears;
	hunt_all(&record, &trace, NULL, range, scenario->judge, scenario->name,
		 false);
	record_lines_init(&lines, crash_device_bytes);
	for (i = 0; stop && scenario->go_on && i < trace.nr; i++) {
		const struct record_event *event = &trace.events[i];

		if (cut_before(&pace, event))
			stop_at(scenario, &record, &lines, last);
		record_track(&lines, event, record.base);
		record_play(&record, &trace, i);
		if (event->kind == RECORD_STORE)
			last = event->pos / KMEMP_LINE_SIZE;
		if (cut_after(&pace, event))
			stop_at(scenario, &record, &lines, last);
	}
	record_lines_free(&lines);
	record_trace_free(&trace);
	record_free(&record);
	printf("# %s, %s: %llu states so far, %u of %u sites not caught\n",
	       crash_format->name, scenario->name, crash_stats.states,
	       missing(), nr_sites);
	for (k = 0; k < nr_sites; k++)
		if (!sites[k].caught)
			print_site(&sites[k]);
	fflush(stdout);
}

/* Sites that are neither caught nor known. */
static unsigned int unknown(void)
{
	const struct crash_known *known;
	unsigned int k, nr = missing();

	for (known = crash_format->known; known->function; known++) {
		unsigned int excused = 0;

		for (k = 0; k < nr_sites; k++)
			if (!sites[k].caught && sites[k].why == known->why &&
			    excused < known->nr)
				excused++;
		nr -= excused;
	}
	return nr;
}

static void run_format(const struct crash_format *format)
{
	unsigned int i;

	crash_format = format;
	memset(sites, 0, sizeof(sites));
	nr_sites = 0;
	/* What is for one format alone is long, and has no sites of its own. */
	for (i = 0; i < crash_nr_scenarios; i++)
		if (crash_scenario_fits(&crash_scenarios[i]) &&
		    !crash_scenarios[i].only)
			run(&crash_scenarios[i], true);
	tap_ok(nr_sites && !unknown(),
	       "%s: sites caught: %u of %u, %u that are known not to be",
	       format->name, nr_sites - missing(), nr_sites,
	       missing() - unknown());
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < crash_nr_formats; i++)
		run_format(&crash_formats[i]);
	return tap_done();
}
