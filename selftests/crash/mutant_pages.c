// SPDX-License-Identifier: GPL-2.0
/*
 * Mutants of pages and blocks: they are used anew too early, see mutant.h.
 *
 * - page given back early: bitmap and extent, a page that a batch frees, as soon
 *   as that batch is durable; log, the pages before the tail, one root too early
 * - data given back early: the same of data, every format
 * - wrong retire: bitmap, all redo is taken for retired; extent, blocks that a
 *   batch frees are written by the next; log, the tail passes what is said again
 *   before that is durable
 */
#include <string.h>

#include "mutant.h"
#include "mutant_pages.h"

static const struct mutant *pages;

void mutant_of_pages(const struct mutant *mutant)
{
	pages = mutant;
}

static bool is(enum mutant_kind kind)
{
	return pages && pages->kind == kind;
}

void __wrap_kmemp_meta_put(struct kmemp_batch *batch, u64 page)
{
	struct kmemp_pool *pool = batch->pool;

	if (is(MUTANT_GIVEN))
		pool->source->give(pool->source_arg, page, 1);
	else
		__real_kmemp_meta_put(batch, page);
}

void __wrap_kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
			   const struct kmemp_run *run, bool meta)
{
	if (is(MUTANT_DATA) && !meta)
		pool->source->give(pool->source_arg, run->page, run->count);
	else
		__real_kmemp_wait_add(pool, sequence, run, meta);
}

void __wrap_kmemp_wait_settle(struct kmemp_pool *pool)
{
	if (is(MUTANT_RETIRED))
		pool->retired = pool->newest;
	__real_kmemp_wait_settle(pool);
}

/* Log lets pages go with a root; the one that is written is that of before. */
void __wrap_kmemp_root_write(struct kmemp_pool *pool, struct kmemp_root *root)
{
	static struct kmemp_root last;
	struct kmemp_root now = *root;

	if (!is(MUTANT_GIVEN) || pool->format->type != KMEMP_TYPE_LOG ||
	    !pool->newest) {
		__real_kmemp_root_write(pool, root);
		last = *root;
		return;
	}
	memcpy(now.payload, last.payload, sizeof(now.payload));
	now.epoch = last.epoch;
	now.sequence = last.sequence;
	__real_kmemp_root_write(pool, &now);
	last = *root;
	root->generation = now.generation;
}

void __wrap_kmemp_log_tail_write(struct kmemp_log *log)
{
	if (is(MUTANT_RETIRED))
		log->safe = log->clean.at;
	__real_kmemp_log_tail_write(log);
}

void __wrap_kmemp_ext_space_free(struct kmemp_ext_space *space,
				 struct kmemp_batch *batch,
				 struct kmemp_ext_blocks *freed)
{
	__real_kmemp_ext_space_free(space, batch, freed);
	if (is(MUTANT_RETIRED))
		kmemp_ext_space_settle(space);
}
