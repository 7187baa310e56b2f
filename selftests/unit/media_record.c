// SPDX-License-Identifier: GPL-2.0
/*
 * See media_record.h.
 */
#include <nmmintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <asm/byteorder.h>
#include <linux/errno.h>

#include "media_record.h"

static struct record *to_record(struct kmemp_media *media)
{
	return (struct record *)media;
}

static void *grow(void *old, u64 used, u64 *room, size_t size)
{
	void *new;

	if (used <= *room)
		return old;
	*room = used * 2;
	new = realloc(old, *room * size);
	if (!new)
		abort();
	return new;
}

static struct record_event *add(struct record *record, enum record_kind kind,
				u64 pos, size_t len)
{
	struct record_event *event;

	record->events = grow(record->events, record->nr + 1, &record->room,
			      sizeof(*event));
	event = &record->events[record->nr++];
	*event = (struct record_event){ .kind = kind, .pos = pos, .len = len,
		.thread = record->thread };
	return event;
}

/* Who asked for a store, a flush or a fence. */
struct where {
	u64 pc, caller;
};

/*
 * The caller of kmemp_media_*(), and its caller, since helpers have several.
 * The tests are built with frame pointers and without tail calls.
 */
#define HERE()	((struct where){ (u64)__builtin_return_address(1),	\
				 (u64)__builtin_return_address(2) })

static void set_site(struct record_event *event, struct where where)
{
	event->site = where.pc * 31 + where.caller;
	event->pc = where.pc;
	event->caller = where.caller;
}

/* Of a line: two CRCs that go side by side, so that it costs little. */
__attribute__((target("sse4.2")))
static u64 line_image(u64 line, const u8 *bytes)
{
	u64 a = line, b = ~line, word;
	unsigned int i;

	for (i = 0; i < KMEMP_LINE_SIZE; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		a = _mm_crc32_u64(a, word);
		b = _mm_crc32_u64(b, word * 0x9e3779b97f4a7c15ULL);
	}
	return (a << 32 | b) * 0xbf58476d1ce4e5b9ULL;
}

static void poke(struct record *record, u64 pos, const void *src, size_t len)
{
	while (len) {
		u64 line = pos / KMEMP_LINE_SIZE;
		u8 *bytes = record->base + line * KMEMP_LINE_SIZE;
		size_t at = pos % KMEMP_LINE_SIZE;
		size_t part = len < KMEMP_LINE_SIZE - at ? len :
			      KMEMP_LINE_SIZE - at;

		record->image -= line_image(line, bytes);
		memcpy(bytes + at, src, part);
		record->image += line_image(line, bytes);
		src = (const u8 *)src + part;
		pos += part;
		len -= part;
	}
}

static int do_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct record *record = to_record(media);
	u64 line = pos / KMEMP_LINE_SIZE;
	u64 last = (pos + len - 1) / KMEMP_LINE_SIZE;

	if (record->fail_page && len &&
	    pos >> KMEMP_PAGE_SHIFT <= record->fail_page - 1 &&
	    (pos + len - 1) >> KMEMP_PAGE_SHIFT >= record->fail_page - 1)
		return -EIO;
	if (record->reads && len)
		memset(record->reads + line, 1, last - line + 1);
	memcpy(dst, record->base + pos, len);
	if (record->on_read)
		record->on_read(pos, dst, len);
	return 0;
}

static void store(struct record *record, u64 pos, const void *src, size_t len,
		  struct where where)
{
	struct record_event *event;

	if (!record->off) {
		event = add(record, RECORD_STORE, pos, len);
		event->image = record->image;
		set_site(event, where);
		record->bytes = grow(record->bytes,
				     record->nr_bytes + 2 * len,
				     &record->bytes_room, 1);
		event->bytes = record->nr_bytes;
		memcpy(record->bytes + record->nr_bytes, record->base + pos,
		       len);
		memcpy(record->bytes + record->nr_bytes + len, src, len);
		record->nr_bytes += 2 * len;
	}
	poke(record, pos, src, len);
}

static void do_write(struct kmemp_media *media, u64 pos, const void *src,
		     size_t len)
{
	store(to_record(media), pos, src, len, HERE());
}

static void do_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	__le64 raw = cpu_to_le64(value);

	store(to_record(media), pos, &raw, sizeof(raw), HERE());
}

static void do_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	struct where where = HERE();
	u8 page[KMEMP_PAGE_SIZE];

	memset(page, byte, sizeof(page));
	while (len) {
		size_t part = len < sizeof(page) ? len : sizeof(page);

		store(to_record(media), pos, page, part, where);
		pos += part;
		len -= part;
	}
}

static void do_flush(struct kmemp_media *media, u64 pos, size_t len)
{
	struct record *record = to_record(media);
	struct where where = HERE();

	if (!record->off)
		set_site(add(record, RECORD_FLUSH, pos, len), where);
}

static void do_fence(struct kmemp_media *media)
{
	struct record *record = to_record(media);
	struct where where = HERE();

	if (!record->off)
		set_site(add(record, RECORD_FENCE, 0, 0), where);
}

static const struct kmemp_media_ops record_ops = {
	.read = do_read,
	.store64 = do_store64,
	.write = do_write,
	.write_fresh = do_write,
	.fill = do_fill,
	.flush = do_flush,
	.fence = do_fence,
};

int record_init(struct record *record, u64 size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	memset(record, 0, sizeof(*record));
	record->base = base;
	record->media.ops = &record_ops;
	record->media.size = size;
	return 0;
}

void record_free(struct record *record)
{
	munmap(record->base, record->media.size);
	free(record->events);
	free(record->bytes);
	free(record->reads);
}

void record_mark(struct record *record, u64 value)
{
	add(record, RECORD_MARK, value, 0);
}

/* Take back all events but the first @nr. */
void record_undo(struct record *record, u64 nr)
{
	while (record->nr > nr) {
		const struct record_event *event;

		event = &record->events[--record->nr];
		if (event->kind != RECORD_STORE)
			continue;
		memcpy(record->base + event->pos, record->bytes + event->bytes,
		       event->len);
		record->nr_bytes = event->bytes;
		record->image = event->image;
	}
}

/* Forget all events, keep what they did. */
void record_forget(struct record *record)
{
	record->nr = 0;
	record->nr_bytes = 0;
}

/* Copy the events from the @from-th on. */
void record_take(const struct record *record, u64 from,
		 struct record_trace *trace)
{
	trace->nr = record->nr - from;
	trace->events = malloc((trace->nr + 1) * sizeof(*trace->events));
	trace->bytes = malloc(record->nr_bytes + 1);
	if (!trace->events || !trace->bytes)
		abort();
	if (trace->nr)
		memcpy(trace->events, record->events + from,
		       trace->nr * sizeof(*trace->events));
	if (record->nr_bytes)
		memcpy(trace->bytes, record->bytes, record->nr_bytes);
}

void record_trace_free(struct record_trace *trace)
{
	free(trace->events);
	free(trace->bytes);
}

/* Do one event of a trace again, if it is a store. */
void record_play(struct record *record, const struct record_trace *trace,
		 u64 nr)
{
	const struct record_event *event = &trace->events[nr];

	if (event->kind == RECORD_STORE)
		store(record, event->pos,
		      trace->bytes + event->bytes + event->len, event->len,
		      (struct where){ event->pc, event->caller });
}

/* Store bytes; the site is nobody's. */
void record_set(struct record *record, u64 pos, const void *src, size_t len)
{
	store(record, pos, src, len, (struct where){});
}

void record_lines_init(struct record_lines *lines, u64 size)
{
	memset(lines, 0, sizeof(*lines));
	lines->index = calloc(size / KMEMP_LINE_SIZE, sizeof(*lines->index));
	if (!lines->index)
		abort();
}

void record_lines_free(struct record_lines *lines)
{
	free(lines->line);
	free(lines->index);
}

static struct record_line *find(struct record_lines *lines, u64 where)
{
	return lines->index[where] ? &lines->line[lines->index[where] - 1] :
				     NULL;
}

static struct record_line *append(struct record_lines *lines, u64 where)
{
	if (lines->nr == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 64;
		lines->line = realloc(lines->line, lines->room *
				      sizeof(*lines->line));
		if (!lines->line)
			abort();
	}
	lines->index[where] = ++lines->nr;
	return &lines->line[lines->nr - 1];
}

void record_lines_copy(struct record_lines *to, const struct record_lines *from,
		       u64 size)
{
	u32 i;

	record_lines_init(to, size);
	for (i = 0; i < from->nr; i++) {
		struct record_line *line = append(to, from->line[i].where);

		/* Its events are of another trace. */
		*line = from->line[i];
		line->since = 0;
		line->flushed_at = 0;
	}
}

static void close_line(struct record_lines *lines, u32 i)
{
	lines->index[lines->line[i].where] = 0;
	lines->line[i] = lines->line[--lines->nr];
	if (i < lines->nr)
		lines->index[lines->line[i].where] = i + 1;
}

/*
 * Follow one event: which lines are open after it. @now is the memory before a
 * store.
 */
void record_track(struct record_lines *lines, const struct record_event *event,
		  const u8 *now)
{
	u64 where = event->pos / KMEMP_LINE_SIZE;
	u64 end = (event->pos + event->len + KMEMP_LINE_SIZE - 1) /
		  KMEMP_LINE_SIZE;
	struct record_line *line;
	u32 i;

	lines->nr_events++;
	switch (event->kind) {
	case RECORD_STORE:
		for (; where < end; where++) {
			if (find(lines, where))
				continue;
			line = append(lines, where);
			line->where = where;
			line->has_flushed = false;
			line->since = lines->nr_events;
			memcpy(line->durable, now + where * KMEMP_LINE_SIZE,
			       KMEMP_LINE_SIZE);
		}
		break;
	case RECORD_FLUSH:
		for (; where < end; where++) {
			line = find(lines, where);
			if (!line)
				continue;
			memcpy(line->flushed, now + where * KMEMP_LINE_SIZE,
			       KMEMP_LINE_SIZE);
			line->has_flushed = true;
			line->flushed_at = lines->nr_events;
			line->thread = event->thread;
		}
		break;
	case RECORD_FENCE:
		for (i = 0; i < lines->nr; i++) {
			line = &lines->line[i];
			if (!line->has_flushed ||
			    line->thread != event->thread)
				continue;
			line->has_flushed = false;
			line->since = line->flushed_at;
			memcpy(line->durable, line->flushed, KMEMP_LINE_SIZE);
			if (!memcmp(line->durable, now + line->where *
				    KMEMP_LINE_SIZE, KMEMP_LINE_SIZE))
				close_line(lines, i--);
		}
		break;
	case RECORD_MARK:
		break;
	}
}
