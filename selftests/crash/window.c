// SPDX-License-Identifier: GPL-2.0
/*
 * See window.h.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sites.h"
#include "window.h"

/* Open lines from which on a store of several words is one step per line. */
#define COARSE	512u

static void *grown(void *old, u32 nr, size_t size)
{
	void *new = realloc(old, nr * size);

	if (!new)
		abort();
	return new;
}

/* Where a step comes from. */
struct source {
	u16 site;
	u64 store;
};

static void add_step(struct window_line *line, const u8 *content,
		     struct source from)
{
	if (!memcmp(line->content[line->nr], content, KMEMP_LINE_SIZE))
		return;
	if (line->nr + 1 == line->room) {
		line->room *= 2;
		line->content = grown(line->content, line->room,
				      sizeof(*line->content));
		line->site = grown(line->site, line->room, sizeof(*line->site));
		line->store = grown(line->store, line->room,
				    sizeof(*line->store));
	}
	line->store[line->nr] = from.store;
	line->site[line->nr++] = from.site;
	memcpy(line->content[line->nr], content, KMEMP_LINE_SIZE);
}

/* Bytes [@from, @end) of the line become @src, word by word. */
static void add_store(struct window_line *line, u32 from, u32 end,
		      const u8 *src, struct source source, bool coarse)
{
	u8 content[KMEMP_LINE_SIZE];
	u32 step;

	memcpy(content, line->content[line->nr], sizeof(content));
	for (; from < end; from = step) {
		step = coarse ? end : min(end, from / 8 * 8 + 8);
		memcpy(content + from, src, step - from);
		src += step - from;
		add_step(line, content, source);
	}
}

static void line_init(struct window_line *line, const struct record_line *open)
{
	memset(line, 0, sizeof(*line));
	line->where = open->where;
	line->room = 8;
	line->content = grown(NULL, line->room, sizeof(*line->content));
	line->site = grown(NULL, line->room, sizeof(*line->site));
	line->store = grown(NULL, line->room, sizeof(*line->store));
	memcpy(line->content[0], open->durable, KMEMP_LINE_SIZE);
}

/* What the line held when the trace began. */
static void at_start(const struct record *record,
		     const struct record_trace *trace, u64 now, u64 where,
		     u8 *content)
{
	u64 pos = where * KMEMP_LINE_SIZE;

	memcpy(content, record->base + pos, KMEMP_LINE_SIZE);
	while (now--) {
		const struct record_event *event = &trace->events[now];
		u64 from = max(pos, event->pos);
		u64 end = min(pos + KMEMP_LINE_SIZE, event->pos + event->len);

		if (event->kind == RECORD_STORE && from < end)
			memcpy(content + (from - pos), trace->bytes +
			       event->bytes + (from - event->pos), end - from);
	}
}

static void follow_store(struct window *window, const struct record_trace *trace,
			 u64 nr, const struct record_lines *lines)
{
	const struct record_event *event = &trace->events[nr];
	const u8 *bytes = trace->bytes + event->bytes + event->len;
	u64 pos = event->pos, end = pos + event->len;
	const struct source source = { site_of(event), nr };

	while (pos < end) {
		u64 where = pos / KMEMP_LINE_SIZE;
		u64 stop = min(end, (where + 1) * KMEMP_LINE_SIZE);
		u32 index = lines->index[where];

		/* Events are counted from 1 there. */
		if (index && nr + 1 >= lines->line[index - 1].since)
			add_store(&window->line[index - 1],
				  pos % KMEMP_LINE_SIZE,
				  stop - where * KMEMP_LINE_SIZE,
				  bytes + (pos - event->pos), source,
				  lines->nr > COARSE);
		pos = stop;
	}
}

static void add_site(struct window *window, u16 site)
{
	u32 i;

	for (i = 0; i < window->nr_sites; i++)
		if (window->sites[i] == site)
			return;
	if (window->nr_sites < WINDOW_MOST_SITES)
		window->sites[window->nr_sites++] = site;
}

static void line_free(struct window_line *line)
{
	free(line->content);
	free(line->site);
	free(line->store);
}

/* Lines that hold what is durable are in no state another way. */
static void settle(struct window *window, u32 nr)
{
	u32 i, k;

	for (i = 0; i < nr; i++) {
		struct window_line *line = &window->line[i];

		if (!line->nr) {
			line_free(line);
			continue;
		}
		for (k = 0; k < line->nr; k++)
			add_site(window, line->site[k]);
		window->line[window->nr] = *line;
		window->line[window->nr].group = window->nr;
		window->nr++;
	}
}

void window_init(struct window *window, const struct record *record,
		 const struct record_trace *trace, u64 now,
		 const struct record_lines *lines)
{
	const struct source before = { 0, (u64)-1 };
	u8 content[KMEMP_LINE_SIZE];
	u64 i;

	memset(window, 0, sizeof(*window));
	window->line = calloc(lines->nr + 1, sizeof(*window->line));
	if (!window->line)
		abort();
	for (i = 0; i < lines->nr; i++) {
		const struct record_line *open = &lines->line[i];

		line_init(&window->line[i], open);
		if (open->since)
			continue;
		at_start(record, trace, now, open->where, content);
		add_store(&window->line[i], 0, KMEMP_LINE_SIZE, content, before,
			  lines->nr > COARSE);
	}
	for (i = 0; i < now; i++)
		if (trace->events[i].kind == RECORD_STORE)
			follow_store(window, trace, i, lines);
	settle(window, lines->nr);
}

void window_free(struct window *window)
{
	u32 i;

	for (i = 0; i < window->nr; i++)
		line_free(&window->line[i]);
	free(window->line);
}

void window_set(const struct window *window, struct record *record, u32 i,
		u32 steps)
{
	const struct window_line *line = &window->line[i];
	u64 pos = line->where * KMEMP_LINE_SIZE;

	if (memcmp(record->base + pos, line->content[steps], KMEMP_LINE_SIZE))
		record_set(record, pos, line->content[steps], KMEMP_LINE_SIZE);
}

void window_set_words(const struct window *window, struct record *record, u32 i,
		      u32 first, u32 end, u8 mask)
{
	const struct window_line *line = &window->line[i];
	u8 bytes[KMEMP_LINE_SIZE];
	u32 word;

	for (word = 0; word < KMEMP_LINE_SIZE / 8; word++)
		memcpy(bytes + word * 8,
		       line->content[mask >> word & 1 ? end : first] + word * 8,
		       8);
	record_set(record, line->where * KMEMP_LINE_SIZE, bytes, sizeof(bytes));
}

void window_set_all(const struct window *window, struct record *record,
		    bool there)
{
	u32 i;

	for (i = 0; i < window->nr; i++)
		window_set(window, record, i, there ? window->line[i].nr : 0);
}

bool window_steps_of(const struct window_line *line, u16 site, u32 *first,
		     u32 *end)
{
	u32 k;

	*end = 0;
	for (k = line->nr; k--;) {
		if (line->site[k] != site)
			continue;
		*first = k;
		if (!*end)
			*end = k + 1;
	}
	return *end;
}
