// SPDX-License-Identifier: GPL-2.0
/*
 * Repair: what is redundant and wrong, and not mended by opening the pool.
 */
#include <linux/errno.h>
#include <linux/export.h>

#include "core.h"

/* A repair reports to nobody: who wants to know has checked before. */
static void no_finding(void *arg, enum kmemp_severity severity, u64 object,
		       u64 pos, const char *text)
{
}

/* Return: 1: call again; 0: nothing is left; or what made the pool fail. */
static int repair_step(struct kmemp_pool *pool)
{
	static const struct kmemp_findings findings = { .finding = no_finding };
	struct kmemp_overlay overlay = {};
	struct kmemp_batch batch = { .pool = pool };
	int ret;

	/* So that the format has room for all that a step may stage. */
	ret = kmemp_retire_locked(pool);
	if (!ret)
		ret = pool->format->repair(pool, &findings);
	if (ret > 0)
		ret = kmemp_commit_batch_locked(&batch, &overlay) ?: 1;
	/* What is staged for good must not be committed with anything else. */
	return kmemp_judge(pool, ret);
}

/**
 * kmemp_pool_repair - put right what is redundant, and what opening leaves
 * @pool: opened for writing, used by nobody else; closed if this fails
 *
 * Counts, and pages in use that nothing owns: what a format can tell to be wrong
 * without a guess at data. Durable at return. Takes the commit right.
 *
 * Return: 0, -EROFS, -EIO or -EUCLEAN.
 */
int kmemp_pool_repair(struct kmemp_pool *pool)
{
	int ret;

	if (!pool->format->repair)
		return 0;
	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		ret = kmemp_queue_flush_locked(pool);
	if (!ret)
		do {
			ret = repair_step(pool);
		} while (ret > 0);
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_repair);
