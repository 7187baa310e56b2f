// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of a pool that is in use.
 *
 * The medium is opened a second time, read-only, as after a crash of one
 * moment between two commits: nothing of what the pool itself knows is believed,
 * and lookups and commits, which run on, are not met. What commits store into
 * is copied before (snapshot.c); what they free stays as it is, by the host.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "core.h"
#include "snapshot.h"

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

static int check_view(struct kmemp_pool *view, struct kmemp_snapshot *snapshot,
		      const struct kmemp_findings *findings)
{
	int ret;

	ret = kmemp_pool_open(view, &snapshot->media, true);
	if (!ret) {
		ret = kmemp_pool_check(view, findings);
		kmemp_pool_close(view);
	} else if (view->verdict.code && ret != -ENOMEM) {
		ret = report_refused(view, findings);
	}
	return kmemp_snapshot_lost(snapshot) ? -EBUSY : ret;
}

/**
 * kmemp_pool_check_live - verify a pool that is in use, storing nothing
 * @pool: opened for writing
 * @media: another back end on its medium, read-only
 * @findings: where to report
 *
 * What was queued is committed before. Commits go on meanwhile: the commit right
 * is taken for the moment that is looked at, and for the end. From before the
 * call until it returns, whoever has the pages keeps those that are given back
 * (struct kmemp_page_source) as they are: nothing is stored into them. Context:
 * may sleep; not within writeback.
 *
 * Return: 0 when it ran to its end, whatever it found; -EBUSY where commits
 * stored into more than there was memory to copy: what was reported counts for
 * nothing; or another negative errno.
 */
int kmemp_pool_check_live(struct kmemp_pool *pool, struct kmemp_media *media,
			  const struct kmemp_findings *findings)
{
	struct kmemp_snapshot snapshot;
	struct kmemp_pool *view;
	int ret;

	view = kzalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	ret = kmemp_snapshot_init(&snapshot, pool->media, media);
	if (ret)
		goto err_view;
	/* Of a pool whose commit has failed what was durable before is looked at. */
	kmemp_pool_sync(pool);
	mutex_lock(&pool->commit_lock);
	kmemp_snapshot_begin(&snapshot);
	mutex_unlock(&pool->commit_lock);
	ret = check_view(view, &snapshot, findings);
	mutex_lock(&pool->commit_lock);
	kmemp_snapshot_end(&snapshot);
	mutex_unlock(&pool->commit_lock);
	kmemp_snapshot_destroy(&snapshot);
err_view:
	/* It held the keys. */
	kfree_sensitive(view);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_check_live);
