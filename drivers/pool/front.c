// SPDX-License-Identifier: GPL-2.0
/*
 * Front ends: who makes volumes and files of a pool's objects.
 *
 * A pool that holds something of a front end asks for its module when it is
 * bound. Each front end is told of each pool, and asked to let go of it when it
 * is about to go. If one of them cannot, the pool stays (kmemp_host_detach()),
 * and all are told of it again.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kmod.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "host.h"

static DEFINE_MUTEX(kmemp_fronts_lock);
static LIST_HEAD(kmemp_fronts);
/* The pools that front ends have been told of. */
static LIST_HEAD(kmemp_announced);

/**
 * kmemp_front_register - a front end comes
 * @front: its @appear is called for each pool before this returns
 *
 * Context: may sleep.
 */
void kmemp_front_register(struct kmemp_front *front)
{
	struct kmemp_host *host;

	mutex_lock(&kmemp_fronts_lock);
	list_add_tail(&front->list, &kmemp_fronts);
	list_for_each_entry(host, &kmemp_announced, announced)
		front->appear(host);
	mutex_unlock(&kmemp_fronts_lock);
}
EXPORT_SYMBOL_GPL(kmemp_front_register);

/**
 * kmemp_front_unregister - a front end goes
 * @front: nothing of it holds a pool; its @leave is called for each pool
 *
 * Context: may sleep.
 */
void kmemp_front_unregister(struct kmemp_front *front)
{
	struct kmemp_host *host;

	mutex_lock(&kmemp_fronts_lock);
	list_for_each_entry(host, &kmemp_announced, announced)
		front->leave(host);
	list_del(&front->list);
	mutex_unlock(&kmemp_fronts_lock);
}
EXPORT_SYMBOL_GPL(kmemp_front_unregister);

/* Is there a record of ROOT of this kind? */
static bool has_root(struct kmemp_host *host, enum kmemp_root_kind kind,
		     u8 *buffer)
{
	struct kmemp_record record = { .kind = kind };

	return !kmemp_pool_next_record(&host->pool, KMEMP_OBJ_ROOT, &record,
				       buffer) && record.kind == kind;
}

/* A module that is not there costs its volumes, not the pool. */
static void load(struct kmemp_host *host)
{
	u8 *buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_KERNEL);
	unsigned int kind;

	if (!buffer)
		return;
	for (kind = KMEMP_ROOT_FS; kind <= KMEMP_ROOT_STORE; kind++)
		if (has_root(host, kind, buffer) &&
		    request_module("kmemp-front-%u", kind))
			pr_warn("kmem %s: the pool has objects of a front end whose module cannot be loaded; try: modprobe kmemp-front-%u\n",
				host->name, kind);
	kfree(buffer);
}

/**
 * kmemp_front_announce - tell the front ends of a pool
 * @work: host->announce
 */
void kmemp_front_announce(struct work_struct *work)
{
	struct kmemp_host *host = container_of(work, struct kmemp_host,
					       announce);
	struct kmemp_front *front;

	if (kmemp_pool_keeps_objects(&host->pool))
		load(host);
	mutex_lock(&kmemp_fronts_lock);
	if (list_empty(&host->announced))
		list_add_tail(&host->announced, &kmemp_announced);
	/* Also those that let go of it before another did not. */
	list_for_each_entry(front, &kmemp_fronts, list)
		front->appear(host);
	mutex_unlock(&kmemp_fronts_lock);
}

/**
 * kmemp_front_withdraw - the pool is about to go
 * @host: the pool
 *
 * Return: true when no front end knows it any more; false: it is in use, and is
 * to be announced again.
 */
bool kmemp_front_withdraw(struct kmemp_host *host)
{
	struct kmemp_front *front;
	bool left;

	cancel_work_sync(&host->announce);
	mutex_lock(&kmemp_fronts_lock);
	spin_lock(&host->pages.lock);
	left = !host->nr_holds;
	spin_unlock(&host->pages.lock);
	if (left && !list_empty(&host->announced)) {
		list_for_each_entry_reverse(front, &kmemp_fronts, list)
			left &= front->leave(host);
		if (left)
			list_del_init(&host->announced);
	}
	mutex_unlock(&kmemp_fronts_lock);
	return left;
}
