/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gates: what of all that there is to see was seen. Each is a fraction, with a
 * list of what is missing.
 */
#ifndef KMEMP_TEST_CRASH_GATES_H
#define KMEMP_TEST_CRASH_GATES_H

#include <stdbool.h>

#include <linux/types.h>

enum gate_kind {
	GATE_OUTCOMES,		/* of batches in flight, both */
	GATE_HIT,		/* newest batches that damage made vanish */
	GATE_WORDS,		/* of stores, in any order */
	GATE_WINDOWS_1,		/* of workloads of one operation, exhausted */
	GATE_WINDOWS_2,		/* of two */
	GATE_WINDOWS_MORE,	/* of more */
	GATE_WINDOWS_RECOVERY,	/* of recoveries that were cut */
	GATE_MUTANTS,		/* caught */
	NR_GATES,
};

/* One more that there is to see; what it is, for when it is @missing. */
void __printf(3, 4) gate_count(enum gate_kind kind, bool seen,
			       const char *fmt, ...);
/* Print a gate; @percent of it have to be there. False: they are not. */
bool gate_report(enum gate_kind kind, unsigned int percent, const char *what);
void gate_forget(void);

#endif
