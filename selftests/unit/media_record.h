/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A medium in memory that remembers every store, flush and fence, and can be
 * put into the states that a crash may leave.
 *
 * The memory is what the CPU sees. A line that was stored into is *open* until
 * a flush of it and a later fence; what it may hold after a crash is, for each
 * of its words, any content since what is known to be durable. The tests take
 * for each open line: all of it there, none of it, or the first words of it.
 */
#ifndef KMEMP_TEST_MEDIA_RECORD_H
#define KMEMP_TEST_MEDIA_RECORD_H

#include <kmem_persist/format.h>
#include <kmem_persist/media.h>

enum record_kind { RECORD_STORE, RECORD_FLUSH, RECORD_FENCE, RECORD_MARK };

/*
 * One event. A store keeps what was there (@old) and what came (@new), both
 * @len bytes in the trace's own memory. A mark is the test's: @pos is its value.
 */
struct record_event {
	enum record_kind kind;
	u32 len;
	u64 pos;
	u64 bytes;	/* place of old, then new, in record->bytes */
	u64 image;	/* of the medium before a store */
	u64 site;	/* which store, flush or fence it is in the source */
	u64 pc, caller;	/* and where that is, for people */
	u32 thread;	/* a fence completes the flushes of its own only */
};

/* An open line: what is durable, and what has been flushed since. */
struct record_line {
	u64 where;
	u8 durable[KMEMP_LINE_SIZE];
	u8 flushed[KMEMP_LINE_SIZE];
	bool has_flushed;
	u32 thread;
	u64 since;	/* first event that may not be durable, 0: none of these */
	u64 flushed_at;	/* the same, once what was flushed is */
};

struct record {
	struct kmemp_media media;
	u8 *base;
	struct record_event *events;
	u64 nr, room;
	u8 *bytes;
	u64 nr_bytes, bytes_room;
	bool off;		/* do not remember */
	u32 thread;		/* who is at it: the test says so */
	u64 image;		/* of all that is stored, whatever the way there */
	u8 *reads;		/* a byte per line: it was read; NULL: not kept */
	/* Told of each read, after it; NULL: nobody is. */
	void (*on_read)(u64 pos, const void *dst, size_t len);
	u64 fail_page;		/* 1 + a page that cannot be read; 0: none */
};

int record_init(struct record *record, u64 size);
void record_free(struct record *record);
void record_mark(struct record *record, u64 value);
void record_undo(struct record *record, u64 nr);
void record_forget(struct record *record);
void record_set(struct record *record, u64 pos, const void *src, size_t len);

/* The open lines; @index: place in @line + 1, by number of the line. */
struct record_lines {
	struct record_line *line;
	u32 *index;
	u32 nr, room;
	u64 nr_events;	/* that were followed */
};

/* A part of what a medium remembers, to be played again. */
struct record_trace {
	struct record_event *events;
	u64 nr;
	u8 *bytes;
};

void record_take(const struct record *record, u64 from,
		 struct record_trace *trace);
void record_trace_free(struct record_trace *trace);
void record_play(struct record *record, const struct record_trace *trace,
		 u64 nr);

void record_lines_init(struct record_lines *lines, u64 size);
void record_lines_copy(struct record_lines *to, const struct record_lines *from,
		       u64 size);
void record_lines_free(struct record_lines *lines);
void record_track(struct record_lines *lines, const struct record_event *event,
		  const u8 *now);

#endif
