// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of a pool that is in use.
 *
 * The medium is opened a second time, read-only, as after a crash of this
 * moment: nothing of what the pool itself knows is believed, and lookups, which
 * run on, are not met. No commit runs meanwhile, so that the medium is at rest.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core.h"

static int report_refused(struct kmemp_pool *view,
			  const struct kmemp_findings *findings)
{
	const struct kmemp_verdict *verdict = &view->verdict;
	char text[KMEMP_VERDICT_SIZE + 64];

	scnprintf(text, sizeof(text), "the next bind would refuse it: %s, %s",
		  kmemp_refusal_info(verdict->code)->name,
		  verdict->particulars);
	findings->finding(findings->arg, KMEMP_FATAL, 0, 0, text);
	return 0;
}

/**
 * kmemp_pool_check_live - verify a pool that is in use, storing nothing
 * @pool: opened for writing
 * @media: another back end on its medium, read-only
 * @findings: where to report
 *
 * What was queued is committed before. Commits wait until it is done. Takes the
 * commit right. Context: may sleep; not within writeback.
 *
 * Return: 0 when it ran to its end, whatever it found, or a negative errno.
 */
int kmemp_pool_check_live(struct kmemp_pool *pool, struct kmemp_media *media,
			  const struct kmemp_findings *findings)
{
	struct kmemp_pool *view;
	unsigned int noio;
	int ret;

	view = kzalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	/* Of a pool whose commit has failed what was durable before is looked at. */
	kmemp_pool_sync(pool);
	/*
	 * Writeback may wait for this commit right. What is allocated is of the
	 * pool's size, and so not from the last reserves.
	 */
	noio = memalloc_noio_save();
	mutex_lock(&pool->commit_lock);
	ret = kmemp_pool_open(view, media, true);
	if (!ret)
		ret = kmemp_pool_check(view, findings);
	else if (view->verdict.code && ret != -ENOMEM)
		ret = report_refused(view, findings);
	mutex_unlock(&pool->commit_lock);
	memalloc_noio_restore(noio);
	if (view->format)
		kmemp_pool_close(view);
	/* It held the keys. */
	kfree_sensitive(view);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_check_live);
