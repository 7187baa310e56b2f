/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mutants: one thing that is made wrong, and has to be noticed.
 */
#ifndef KMEMP_TEST_CRASH_MUTANT_H
#define KMEMP_TEST_CRASH_MUTANT_H

#include "formats.h"
#include "media_record.h"
#include "seals.h"

enum mutant_kind {
	MUTANT_UNCHECKED,	/* a seal is not looked at */
	MUTANT_SHORT,		/* a seal does not cover its last line */
	MUTANT_GIVEN,		/* metadata that is freed is given back at once */
	MUTANT_DATA,		/* data likewise */
	MUTANT_RETIRED,		/* what is old is not needed any more, too early */
	MUTANT_LATE,		/* a store is made behind the fence that is its */
	MUTANT_EARLY,		/* before the fence that it has to wait for */
	NR_MUTANT_KINDS,
};

/**
 * struct mutant - one of them
 * @kind: what is wrong
 * @site: where, of a check or a store
 * @pcs: the addresses there, innermost first; 0: no more
 * @met: in which trace it was last
 * @tries: traces that were played with it
 * @caught: and noticed
 * @by: the workload
 */
struct mutant {
	enum mutant_kind kind;
	u64 site, pcs[SEAL_PCS];
	unsigned int met, tries;
	bool caught;
	char by[64];
};

extern struct mutant mutants[];
extern unsigned int nr_mutants;
extern const char *const mutant_kinds[NR_MUTANT_KINDS];

/* The one of this kind and site, which is added if it is new. */
struct mutant *mutant_get(enum mutant_kind kind, u64 site, const u64 *pcs);
/* What says of this one that no state shows it, or NULL. */
const struct crash_needless *mutant_needless(const struct mutant *mutant);
void mutants_forget(void);
/* mutant_pages.c: pages are handed back as this one does it; NULL: rightly. */
void mutant_of_pages(const struct mutant *mutant);

#endif
