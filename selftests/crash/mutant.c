// SPDX-License-Identifier: GPL-2.0
/*
 * See mutant.h.
 */
#include <stdlib.h>
#include <string.h>

#include "mutant.h"
#include "place.h"

#define MOST_MUTANTS	512u

struct mutant mutants[MOST_MUTANTS];
unsigned int nr_mutants;

const char *const mutant_kinds[NR_MUTANT_KINDS] = {
	"seal not checked", "seal a line too short", "page given back early",
	"data given back early", "wrong retire", "store behind its fence",
	"store before the fence",
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

static bool is_at(const struct mutant *mutant, const char *function)
{
	struct place place;
	unsigned int i;

	for (i = 0; i < SEAL_PCS && mutant->pcs[i]; i++) {
		place_of(mutant->pcs[i], &place);
		if (!strcmp(place.function, function))
			return true;
	}
	return false;
}

const struct crash_needless *mutant_needless(const struct mutant *mutant)
{
	const struct crash_needless *known;

	for (known = crash_format->needless; known->kind; known++)
		if (!strcmp(known->kind, mutant_kinds[mutant->kind]) &&
		    (!known->function || is_at(mutant, known->function)))
			return known;
	return NULL;
}

void mutants_forget(void)
{
	nr_mutants = 0;
}
