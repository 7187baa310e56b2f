/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small pools with something of every kind in them, for tests of images: the
 * same bytes each time.
 */
#ifndef KMEMP_TEST_SAMPLE_H
#define KMEMP_TEST_SAMPLE_H

#include <stdio.h>

#include "pool_util.h"

#define SAMPLE_BYTES	(64ULL << 20)

/* Of the next one that is made: what a kernel binds has to be larger. */
extern u64 sample_bytes;

/**
 * struct sample_format - a format under test; one joins by a line
 * @type: its number
 * @name: its name
 * @lines: that a commit of test_batches.c flushes at most; 0: it keeps no
 *	objects
 * @bound: its seals tell where and when a line was written: one that is out of
 *	place or out of date is noticed
 */
struct sample_format {
	u32 type;
	const char *name;
	unsigned int lines;
	bool bound;
};

extern const struct sample_format sample_formats[];
extern const unsigned int sample_nr_formats;

/**
 * enum sample_kind - how a sample was left
 * @SAMPLE_CLEAN: closed
 * @SAMPLE_CRASHED: stopped behind a commit
 * @SAMPLE_TORN: stopped within one, half of whose stores are there
 * @SAMPLE_BEFORE: stopped before it, behind the only other one of its opening
 * @SAMPLE_EARLIER: closed before that
 */
enum sample_kind {
	SAMPLE_CLEAN,
	SAMPLE_CRASHED,
	SAMPLE_TORN,
	SAMPLE_BEFORE,
	SAMPLE_EARLIER,
	SAMPLE_KINDS,
};

extern const char *const sample_kinds[SAMPLE_KINDS];

/* Make one; nothing is remembered of how it came about. */
void sample_make(struct record *record, u32 type, enum sample_kind kind);
/* What a pool holds, as text; the error that ended it. */
int sample_print(struct kmemp_pool *pool, FILE *to);
/* Map @count pages at @offset of @id, whatever they hold. */
void sample_map(struct test_pool *t, struct kmemp_batch *batch, u64 id,
		u64 offset, u32 count, u8 flags);

#endif
