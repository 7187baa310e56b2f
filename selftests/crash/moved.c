// SPDX-License-Identifier: GPL-2.0
/*
 * See moved.h.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/minmax.h>

#include "moved.h"

#define NOWHERE		((u64)-1)

static void *grown(void *old, u64 nr, u64 *room, size_t size)
{
	if (nr <= *room)
		return old;
	*room = 2 * nr;
	old = realloc(old, *room * size);
	if (!old)
		abort();
	return old;
}

static struct record_event *emit(struct moved *moved,
				 const struct record_event *event)
{
	struct record_trace *trace = &moved->trace;

	trace->events = grown(trace->events, trace->nr + 1, &moved->room,
			      sizeof(*trace->events));
	trace->events[trace->nr] = *event;
	return &trace->events[trace->nr++];
}

/* What was there is filled in when it is known: see fill_old(). */
static void emit_store(struct moved *moved, const struct record_event *event,
		       const u8 *new)
{
	struct record_event *store = emit(moved, event);

	store->bytes = moved->nr_bytes;
	moved->nr_bytes += 2 * store->len;
	moved->trace.bytes = grown(moved->trace.bytes, moved->nr_bytes,
				   &moved->bytes_room, 1);
	memcpy(moved->trace.bytes + store->bytes + store->len, new, store->len);
}

static void emit_moved(struct moved *moved, const struct record_event *event,
		       const u8 *new)
{
	struct record_event flush = *event;

	flush.kind = RECORD_FLUSH;
	flush.site = 0;
	emit_store(moved, event, new);
	emit(moved, &flush);
}

/* The stores of a batch do not become a part of the one before it. */
static bool begins(const struct record_event *event)
{
	return event->kind == RECORD_MARK && !(event->pos & 1);
}

/* Where each store that moves goes: an event; NOWHERE: it stays. */
static u64 *find_places(const struct record_trace *trace, u64 site, bool early,
			u64 *first)
{
	u64 *places = malloc((trace->nr + 1) * sizeof(*places)), i, k;

	if (!places)
		abort();
	*first = NOWHERE;
	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		places[i] = NOWHERE;
		if (event->kind != RECORD_STORE || event->site != site)
			continue;
		for (k = i; early ? k-- > 0 : ++k < trace->nr;) {
			const struct record_event *at = &trace->events[k];

			if (early && begins(at))
				break;
			if (at->kind != RECORD_FENCE ||
			    at->thread != event->thread)
				continue;
			places[i] = k;
			if (*first == NOWHERE)
				*first = early ? k : i;
			break;
		}
	}
	return places;
}

/* Stores that come later here, up to @end, but write the same bytes. */
static void emit_under(struct moved *moved, const struct record_trace *trace,
		       const u64 *places, u64 nr, u64 end)
{
	const struct record_event *event = &trace->events[nr];
	u8 *new = malloc(event->len + 1);
	u64 i;

	if (!new)
		abort();
	memcpy(new, trace->bytes + event->bytes + event->len, event->len);
	for (i = nr + 1; i < end; i++) {
		const struct record_event *over = &trace->events[i];
		u64 from = max(event->pos, over->pos);
		u64 stop = min(event->pos + event->len, over->pos + over->len);

		if (places[i] < nr && from < stop)
			memcpy(new + (from - event->pos), trace->bytes +
			       over->bytes + over->len + (from - over->pos),
			       stop - from);
	}
	emit_store(moved, event, new);
	free(new);
}

static void make_early(struct moved *moved, const struct record_trace *trace,
		       const u64 *places)
{
	u64 i, k, end = 0;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		for (k = i + 1; event->kind == RECORD_FENCE && k < trace->nr &&
		     !begins(&trace->events[k]); k++) {
			const struct record_event *later = &trace->events[k];

			if (places[k] != i)
				continue;
			emit_moved(moved, later, trace->bytes + later->bytes +
				   later->len);
			end = max(end, k + 1);
		}
		if (places[i] != NOWHERE)
			continue;
		if (event->kind == RECORD_STORE)
			emit_under(moved, trace, places, i, end);
		else
			emit(moved, event);
	}
}

static void make_late(struct moved *moved, struct record *record,
		      const struct record_trace *trace, const u64 *places)
{
	u64 start = record->nr, i, k;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		record_play(record, trace, i);
		if (places[i] != NOWHERE)
			continue;
		if (event->kind == RECORD_STORE)
			emit_store(moved, event, trace->bytes + event->bytes +
				   event->len);
		else
			emit(moved, event);
		/* Bytes that were stored anew meanwhile hold what they held. */
		for (k = 0; event->kind == RECORD_FENCE && k < i; k++)
			if (places[k] == i)
				emit_moved(moved, &trace->events[k],
					   record->base + trace->events[k].pos);
	}
	record_undo(record, start);
}

/* What was there before each store, as record_undo() and windows need it. */
static void fill_old(struct moved *moved, struct record *record)
{
	const struct record_trace *trace = &moved->trace;
	u64 start = record->nr, i;

	for (i = 0; i < trace->nr; i++) {
		const struct record_event *event = &trace->events[i];

		if (event->kind != RECORD_STORE)
			continue;
		memcpy(trace->bytes + event->bytes, record->base + event->pos,
		       event->len);
		record_play(record, trace, i);
	}
	record_undo(record, start);
}

bool moved_make(struct moved *moved, struct record *record,
		const struct record_trace *trace, u64 site, bool early)
{
	u64 *places;

	memset(moved, 0, sizeof(*moved));
	places = find_places(trace, site, early, &moved->from);
	if (moved->from != NOWHERE) {
		if (early)
			make_early(moved, trace, places);
		else
			make_late(moved, record, trace, places);
		fill_old(moved, record);
	}
	free(places);
	return moved->trace.nr;
}

void moved_free(struct moved *moved)
{
	record_trace_free(&moved->trace);
}
