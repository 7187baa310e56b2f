// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool does when nobody waits: it commits what was queued, confirms its
 * newest batch and gives freed pages back when it has been idle for a moment,
 * and works its orphans down.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "host.h"

#define TICK		msecs_to_jiffies(100)

/**
 * kmemp_idle_arm - something is going on that will want to be confirmed
 * @host: the pool
 *
 * Context: any.
 */
void kmemp_idle_arm(struct kmemp_host *host)
{
	if (!READ_ONCE(host->leaving))
		queue_delayed_work(system_unbound_wq, &host->tick, TICK);
}

/* Once, and not in the path of those who are told -EIO again and again. */
static void say_failed(struct kmemp_host *host)
{
	const struct kmemp_verdict *verdict = &host->pool.verdict;

	if (host->failure_said)
		return;
	host->failure_said = true;
	pr_err("kmem %s: a commit has failed (%s): nothing is stored any more and what was not synchronised may be lost, reading goes on; close its users and reboot, then: kmemp check %s\n",
	       host->name, verdict->particulars, host->name);
}

/**
 * kmemp_idle_work - a moment has passed
 * @work: host->tick
 */
void kmemp_idle_work(struct work_struct *work)
{
	struct kmemp_host *host = container_of(to_delayed_work(work),
					       struct kmemp_host, tick);
	int ret = 0;

	mutex_lock(&host->commit);
	if (!host->closed)
		ret = kmemp_queue_run(&host->pool, false);
	if (ret < 0 && host->pool.failed)
		say_failed(host);
	mutex_unlock(&host->commit);
	if (ret > 0)
		kmemp_idle_arm(host);
}

/**
 * kmemp_idle_orphans - work the orphans down
 * @work: host->orphans
 */
void kmemp_idle_orphans(struct work_struct *work)
{
	struct kmemp_host *host = container_of(work, struct kmemp_host,
					       orphans);
	int ret;

	do {
		mutex_lock(&host->commit);
		ret = host->closed || READ_ONCE(host->leaving) ||
		      !kmemp_pool_keeps_objects(&host->pool) ? 0 :
		      kmemp_orphan_step(&host->pool);
		mutex_unlock(&host->commit);
		cond_resched();
	} while (ret > 0);
	WRITE_ONCE(host->orphans_error, ret);
	if (ret < 0)
		pr_err("kmem %s: removing in the background: error %d; it is taken up again at the next bind; see: kmemp check %s\n",
		       host->name, ret, host->name);
}

/**
 * kmemp_host_work_orphans - there are orphans to be worked down
 * @host: the pool
 */
void kmemp_host_work_orphans(struct kmemp_host *host)
{
	if (!READ_ONCE(host->leaving) && !host->rescue)
		queue_work(system_unbound_wq, &host->orphans);
}
EXPORT_SYMBOL_GPL(kmemp_host_work_orphans);

/**
 * kmemp_host_finish_orphans - until none is left
 * @host: the pool, held or known
 *
 * Context: may sleep for as long as it takes.
 *
 * Return: 0, or the error that ended it.
 */
int kmemp_host_finish_orphans(struct kmemp_host *host)
{
	kmemp_host_work_orphans(host);
	flush_work(&host->orphans);
	return READ_ONCE(host->orphans_error);
}
EXPORT_SYMBOL_GPL(kmemp_host_finish_orphans);
