/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mutants: one thing that is made wrong, and has to be noticed.
 */
#ifndef KMEMP_TEST_CRASH_MUTANT_H
#define KMEMP_TEST_CRASH_MUTANT_H

#include "media_record.h"
#include "seals.h"

enum mutant_kind {
	MUTANT_UNCHECKED,	/* a seal is not looked at */
	MUTANT_SHORT,		/* a seal does not cover its last line */
	MUTANT_GIVEN,		/* metadata that is freed is given back at once */
	MUTANT_RETIRED,		/* redo is thought to be retired when it is not */
	NR_MUTANT_KINDS,
};

/**
 * struct mutant - one of them
 * @kind: what is wrong
 * @site: where, of a check
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
/* Pages are handed back as this one does it, from here on; NULL: rightly. */
void mutant_of_pages(const struct mutant *mutant);
void mutants_forget(void);

/* What the linker puts in the place of the core's own, see crash.mk. */
struct kmemp_batch;
struct kmemp_pool;
void __real_kmemp_meta_put(struct kmemp_batch *batch, u64 page);
void __wrap_kmemp_meta_put(struct kmemp_batch *batch, u64 page);
void __real_kmemp_wait_settle(struct kmemp_pool *pool);
void __wrap_kmemp_wait_settle(struct kmemp_pool *pool);

#endif
