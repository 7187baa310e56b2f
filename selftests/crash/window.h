/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a crash may leave of the lines that are open at one moment.
 *
 * A line holds the first so many of its stores since it was durable, in order;
 * a store of several words is as many steps. A state is one choice per line. The
 * words of one store may also come in any order: see words.c.
 */
#ifndef KMEMP_TEST_CRASH_WINDOW_H
#define KMEMP_TEST_CRASH_WINDOW_H

#include "media_record.h"

#define WINDOW_MOST_SITES	512u

/**
 * struct window_line - an open line
 * @where: its number
 * @nr: steps
 * @content: of each number of steps, @nr + 1 of them
 * @site: of each step, from 0 on; an index, see sites.h
 * @store: of each step, which event of the trace it is a part of
 * @read: recovery reads it, in one of the states it was asked for
 * @group: lines with the same number are under one seal; or its own index
 * @sealed: it is under a seal
 */
struct window_line {
	u64 where;
	u32 nr, room;
	u8 (*content)[KMEMP_LINE_SIZE];
	u16 *site;
	u64 *store;
	bool read, sealed;
	u32 group;
};

/**
 * struct window - the open lines at a moment
 * @line: those that hold something else than what is durable
 * @nr: how many
 * @sites: indices of the sites that stored into them
 * @nr_sites: how many
 */
struct window {
	struct window_line *line;
	u32 nr;
	u16 sites[WINDOW_MOST_SITES];
	u32 nr_sites;
};

/* Of @trace, @now of whose events have been played. */
void window_init(struct window *window, const struct record *record,
		 const struct record_trace *trace, u64 now,
		 const struct record_lines *lines);
void window_free(struct window *window);
/* Line @i has its first @steps. */
void window_set(const struct window *window, struct record *record, u32 i,
		u32 steps);
/*
 * Of a store of line @i, its steps @first to @end, words are there: a bit of
 * @mask for each; what is before it in the line is there, what is behind is not.
 */
void window_set_words(const struct window *window, struct record *record, u32 i,
		      u32 first, u32 end, u8 mask);
/* All lines have all their steps, or none. */
void window_set_all(const struct window *window, struct record *record,
		    bool there);
/* The first step of a site in a line, and behind its last; false: none. */
bool window_steps_of(const struct window_line *line, u16 site, u32 *first,
		     u32 *end);

#endif
