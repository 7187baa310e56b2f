/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces in which the stores of one site are made on the wrong side of a fence.
 */
#ifndef KMEMP_TEST_CRASH_MOVED_H
#define KMEMP_TEST_CRASH_MOVED_H

#include "media_record.h"

/**
 * struct moved - such a trace
 * @trace: the trace; what the medium holds in the end is what it was to hold
 * @from: the first event that is another one
 * @room: for so many events
 * @nr_bytes: of the trace
 * @bytes_room: for so many
 */
struct moved {
	struct record_trace trace;
	u64 from, room, nr_bytes, bytes_room;
};

/*
 * Each store of @site, with a flush, comes behind the fence that was to make it
 * durable; @early: before the fence that it was to wait for, unless a batch begins
 * between. False: there is none. The medium is as at the beginning of @trace.
 */
bool moved_make(struct moved *moved, struct record *record,
		const struct record_trace *trace, u64 site, bool early);
void moved_free(struct moved *moved);

#endif
