/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formats that conformance and the crash tests are run with: a format joins
 * by a line of crash_formats[].
 */
#ifndef KMEMP_TEST_CRASH_FORMATS_H
#define KMEMP_TEST_CRASH_FORMATS_H

#include <stdbool.h>

#include <linux/types.h>

/**
 * struct crash_known - flushes or fences that no workload shows to be missed
 * @function: that has them
 * @caller: of it
 * @fence: fences, not flushes
 * @nr: how many there are; one more, and the test fails
 * @why: the reason
 */
struct crash_known {
	const char *function, *caller;
	bool fence;
	unsigned int nr;
	const char *why;
};

/**
 * struct crash_needless - mutants that no state shows
 * @kind: as the mutant is printed: what is wrong
 * @function: where; of a check of a seal, one of those that ask for it. NULL:
 *	there is no place
 * @nr: how many there may be
 * @why: the reason
 */
struct crash_needless {
	const char *kind, *function;
	unsigned int nr;
	const char *why;
};

/**
 * struct crash_format - a format under test
 * @type: its number
 * @name: its name
 * @reader: program that knows the documents alone, and its arguments: prints what
 *	a pool holds (selftests/docs/reader); NULL: there is none
 * @roots: a root slot is what makes a batch true
 * @vanishes: of a newest batch that was hit nothing is left
 * @known: ends with an empty one
 * @needless: likewise
 */
struct crash_format {
	u32 type;
	const char *name;
	const char *reader;
	bool roots, vanishes;
	const struct crash_known *known;
	const struct crash_needless *needless;
};

extern const struct crash_format crash_formats[];
extern const unsigned int crash_nr_formats;
/* The one that is tested now. */
extern const struct crash_format *crash_format;

#endif
