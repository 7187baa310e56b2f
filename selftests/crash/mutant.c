// SPDX-License-Identifier: GPL-2.0
/*
 * See mutant.h.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "mutant.h"

#define MOST_MUTANTS	512u

struct mutant mutants[MOST_MUTANTS];
unsigned int nr_mutants;

const char *const mutant_kinds[NR_MUTANT_KINDS] = {
	"seal not checked", "seal a line too short", "page given back early",
	"wrong retire",
};

struct mutant *mutant_get(enum mutant_kind kind, u64 site, const u64 *pcs)
{
	struct mutant *mutant;
	unsigned int i;

	for (i = 0; i < nr_mutants; i++)
		if (mutants[i].kind == kind && mutants[i].site == site)
			return &mutants[i];
	if (nr_mutants == MOST_MUTANTS)
		abort();
	mutant = &mutants[nr_mutants++];
	memset(mutant, 0, sizeof(*mutant));
	mutant->kind = kind;
	mutant->site = site;
	if (pcs)
		memcpy(mutant->pcs, pcs, sizeof(mutant->pcs));
	return mutant;
}

void mutants_forget(void)
{
	nr_mutants = 0;
}

/* ---------------------------------------------- pages that are given back */

static const struct mutant *pages;

void mutant_of_pages(const struct mutant *mutant)
{
	pages = mutant;
}

/* The linker has every call come here; see crash.mk. */
void __wrap_kmemp_meta_put(struct kmemp_batch *batch, u64 page)
{
	struct kmemp_pool *pool = batch->pool;

	if (pages && pages->kind == MUTANT_GIVEN)
		pool->source->give(pool->source_arg, page, 1);
	else
		__real_kmemp_meta_put(batch, page);
}

void __wrap_kmemp_wait_settle(struct kmemp_pool *pool)
{
	if (pages && pages->kind == MUTANT_RETIRED)
		pool->retired = pool->newest;
	__real_kmemp_wait_settle(pool);
}
