// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a bound pool, from open to free. The dax driver calls these in
 * the order in which they stand here:
 *
 *	open		recover the pool, build the map, put the reserve aside
 *	publish		callback and notifier know it; only then is memory added
 *	added		the memory is there
 *	leave		may it go? no block can come online from then on
 *	detach		if it may not: it lives on without its device
 *	withdraw	its memory is gone, or was never added
 *	free
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "host.h"
#include "trace.h"

static int mark_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct kmemp_host *host = arg;
	u64 nr_pages = host->pages.nr_pages;

	if (!count || page >= nr_pages || count > nr_pages - page)
		return kmemp_complain(&host->pool, KMEMP_REFUSE_STRUCTURE,
				      "used run of %llu pages at page %llu of %llu",
				      count, page, nr_pages);
	kmemp_pages_mark_used(&host->pages, page, count, use);
	return 0;
}

static int open_pool(struct kmemp_host *host, const struct kmemp_device *device,
		     struct kmemp_verdict *verdict)
{
	struct kmemp_pool *pool = &host->pool;
	int ret;

	kmemp_media_of(host->medium)->readonly = device->rescue;
	ret = kmemp_pool_open(pool, kmemp_media_of(host->medium),
			      device->rescue);
	if (ret == -ENOMEDIUM)
		ret = kmemp_complain(pool, KMEMP_REFUSE_BAD_SUPER,
				     "the superblock has vanished");
	if (ret)
		goto err;
	ret = kmemp_pages_init(&host->pages, device, pool->super.pool_pages);
	if (ret) {
		kmemp_complain(pool, KMEMP_REFUSE_NO_MEMORY, "page map");
		goto err_pool;
	}
	if (device->rescue) {
		/* Nothing depends on what is in use: all of it is kept. */
		kmemp_pages_mark_used(&host->pages, 0, pool->super.pool_pages,
				      KMEMP_USE_DATA);
		return 0;
	}
	/* Complete or not at all: a page left out would become RAM. */
	ret = kmemp_pool_walk_used(pool, mark_used, host);
	if (ret) {
		kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
			       "used pages: error %d", ret);
		goto err_pages;
	}
	kmemp_media_guard(host->medium, host);
	kmemp_stock_withhold(host);
	kmemp_pool_set_source(pool, &kmemp_supply_source, host);
	kmemp_pool_set_window(pool, host->pages.window_first,
			      host->pages.window_end);
	return 0;

err_pages:
	kmemp_pages_destroy(&host->pages);
err_pool:
	kmemp_pool_close(pool);
err:
	*verdict = pool->verdict;
	return ret;
}

/**
 * kmemp_host_open - recover a pool and decide which pages may be RAM
 * @device: where it is
 * @medium: its mappings; the host's on success, the caller's on failure
 * @verdict: filled in when it is refused
 *
 * No memory of it may have been added. Context: may sleep.
 *
 * Return: the host or an ERR_PTR.
 */
struct kmemp_host *kmemp_host_open(const struct kmemp_device *device,
				   struct kmemp_media_kernel *medium,
				   struct kmemp_verdict *verdict)
{
	struct kmemp_host *host;
	int ret;

	host = kzalloc(sizeof(*host), GFP_KERNEL);
	if (!host)
		return ERR_PTR(kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY,
					    "host"));
	strscpy(host->name, dev_name(device->dev), sizeof(host->name));
	host->nid = device->nid;
	host->start = device->start;
	host->domain = device->domain;
	host->rescue = device->rescue;
	host->medium = medium;
	mutex_init(&host->limits);
	mutex_init(&host->commit);
	mutex_init(&host->stock_lock);
	mutex_init(&host->collect);
	mutex_init(&host->check);
	init_waitqueue_head(&host->supply);
	host->full_until = jiffies;
	INIT_LIST_HEAD(&host->holds);
	INIT_LIST_HEAD(&host->bad);
	INIT_LIST_HEAD(&host->announced);
	init_llist_head(&host->poisoned);
	INIT_DELAYED_WORK(&host->balance, kmemp_stock_work);
	INIT_DELAYED_WORK(&host->tick, kmemp_idle_work);
	INIT_WORK(&host->poison, kmemp_poison_work);
	INIT_WORK(&host->orphans, kmemp_idle_orphans);
	INIT_WORK(&host->announce, kmemp_front_announce);

	ret = init_srcu_struct(&host->readers);
	if (ret) {
		kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY, "host");
		goto err_host;
	}
	ret = open_pool(host, device, verdict);
	if (ret)
		goto err_srcu;
	trace_kmemp_open(host->name, host->pool.super.type,
			 host->pool.super.pool_pages, host->pages.nr_used);
	return host;

err_srcu:
	cleanup_srcu_struct(&host->readers);
err_host:
	kfree(host);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(kmemp_host_open);

/**
 * kmemp_host_publish - let the kernel's memory hotplug know the pool
 * @host: opened
 *
 * The callback is reserved. From here on its memory can be added: whoever
 * onlines it, also within the add, gets only pages that are not withheld.
 */
void kmemp_host_publish(struct kmemp_host *host)
{
	kmemp_hosts_add(host);
}
EXPORT_SYMBOL_GPL(kmemp_host_publish);

/**
 * kmemp_host_added - all memory of the pool has been added
 * @host: published; one that is rescued has none
 */
void kmemp_host_added(struct kmemp_host *host)
{
	if (!host->rescue) {
		mutex_lock(&host->commit);
		kmemp_media_window_added(host->medium);
		mutex_unlock(&host->commit);
	}
	/* Only now: holders copy from the window without the commit lock. */
	spin_lock(&host->pages.lock);
	host->added = true;
	spin_unlock(&host->pages.lock);
	kmemp_host_work_orphans(host);
	queue_work(system_unbound_wq, &host->announce);
}
EXPORT_SYMBOL_GPL(kmemp_host_added);

/**
 * kmemp_host_leave - may the pool be closed now?
 * @host: added, its sysfs files gone
 *
 * It may when nobody holds it and all its blocks are offline. Then the pool is
 * closed at return, its data is safe, and no block can come online.
 *
 * Return: true when it is closed.
 */
bool kmemp_host_leave(struct kmemp_host *host)
{
	struct kmemp_pages *pages = &host->pages;
	u64 nr_blocks = (pages->window_end - pages->window_first) /
			pages->block_pages;
	struct kmemp_used_source source;
	bool free;
	u64 i;

	if (!kmemp_front_withdraw(host))
		return false;
	spin_lock(&pages->lock);
	free = !host->nr_holds;
	for (i = 0; i < nr_blocks; i++)
		free &= pages->block[i] == KMEMP_BLOCK_OFFLINE;
	if (free)
		/* A block that comes after this meets it under the lock. */
		WRITE_ONCE(host->leaving, true);
	spin_unlock(&pages->lock);
	if (!free)
		return false;

	/* Who balances the stock now sees @leaving, or has ended. */
	mutex_lock(&host->stock_lock);
	mutex_unlock(&host->stock_lock);
	kmemp_used_source(host, &source);
	mutex_lock(&host->commit);
	kmemp_pool_close_saving(&host->pool, &source);
	host->closed = true;
	mutex_unlock(&host->commit);
	return true;
}
EXPORT_SYMBOL_GPL(kmemp_host_leave);

/**
 * kmemp_host_detach - the device goes, the pool stays until reboot
 * @host: added, kmemp_host_leave() was not possible
 *
 * Holders go on reading and writing, memory stays online; nothing of the host
 * belongs to the device any more. The module stays loaded.
 */
void kmemp_host_detach(struct kmemp_host *host)
{
	char names[128];

	__module_get(THIS_MODULE);
	WRITE_ONCE(host->detached, true);
	/* The driver has said why its memory stays. */
	if (host->closed)
		return;
	/* Its front ends may have let go of it before it turned out to stay. */
	queue_work(system_unbound_wq, &host->announce);
	kmemp_hold_names(host, names, sizeof(names));
	strreplace(names, '\n', ' ');
	pr_warn("kmem %s: unbound while in use (%s): pool %pU lives on detached, no data is lost; close its users, then reboot to bind it again\n",
		host->name, names[0] ? names : "memory online",
		host->pool.super.uuid);
}
EXPORT_SYMBOL_GPL(kmemp_host_detach);

/**
 * kmemp_host_withdraw - memory hotplug has nothing to do with it any more
 * @host: published, its memory gone or never added
 */
void kmemp_host_withdraw(struct kmemp_host *host)
{
	kmemp_hosts_del(host);
}
EXPORT_SYMBOL_GPL(kmemp_host_withdraw);

/**
 * kmemp_host_free - the end; closes the pool unless kmemp_host_leave() did
 * @host: opened, or published and withdrawn
 */
void kmemp_host_free(struct kmemp_host *host)
{
	WRITE_ONCE(host->leaving, true);
	cancel_work_sync(&host->announce);
	cancel_work_sync(&host->orphans);
	cancel_work_sync(&host->poison);
	cancel_delayed_work_sync(&host->tick);
	cancel_delayed_work_sync(&host->balance);
	if (!host->closed)
		kmemp_pool_close(&host->pool);
	kmemp_poison_forget(host);
	kmemp_pages_destroy(&host->pages);
	kmemp_media_unmap(host->medium);
	cleanup_srcu_struct(&host->readers);
	kfree(host->checked);
	mutex_destroy(&host->check);
	mutex_destroy(&host->collect);
	mutex_destroy(&host->stock_lock);
	mutex_destroy(&host->commit);
	mutex_destroy(&host->limits);
	kfree(host);
}
EXPORT_SYMBOL_GPL(kmemp_host_free);

/**
 * kmemp_host_count - numbers of a pool, of one moment
 * @host: opened
 * @counts: filled in
 */
void kmemp_host_count(struct kmemp_host *host,
		      struct kmemp_host_counts *counts)
{
	struct kmemp_pages *pages = &host->pages;
	u64 online = kmemp_pages_online_count(pages);
	u64 target = kmemp_stock_target(host);
	u64 max = READ_ONCE(host->pool.super.data_max);
	u64 reserve, free;

	spin_lock(&pages->lock);
	reserve = kmemp_pool_reserve(&host->pool, pages->nr_used);
	free = pages->pool_pages - min(pages->pool_pages,
				       pages->nr_used + reserve);
	if (max)
		free = min(free, max - min(max, pages->nr_used));
	*counts = (struct kmemp_host_counts) {
		.pool_bytes = pages->pool_pages << PAGE_SHIFT,
		.used_bytes = pages->nr_used << PAGE_SHIFT,
		.withheld_bytes = pages->nr_withheld << PAGE_SHIFT,
		.reserve_bytes = (max(target, pages->nr_used) -
				  pages->nr_used) << PAGE_SHIFT,
		.free_bytes = free << PAGE_SHIFT,
		.online_bytes = online << PAGE_SHIFT,
		.window_bytes = (pages->window_end - pages->window_first) <<
				PAGE_SHIFT,
		.dram_bytes = kmemp_pages_dram_bytes(pages) + sizeof(*host),
		.nr_bad = pages->nr_bad,
	};
	spin_unlock(&pages->lock);
}
EXPORT_SYMBOL_GPL(kmemp_host_count);

/**
 * kmemp_host_pool - what is on it
 * @host: held, or made known to a front end
 *
 * Return: the pool.
 */
struct kmemp_pool *kmemp_host_pool(struct kmemp_host *host)
{
	return &host->pool;
}
EXPORT_SYMBOL_GPL(kmemp_host_pool);

/**
 * kmemp_host_name - its device at bind
 * @host: the pool
 *
 * Return: "dax0.0".
 */
const char *kmemp_host_name(const struct kmemp_host *host)
{
	return host->name;
}
EXPORT_SYMBOL_GPL(kmemp_host_name);

/**
 * kmemp_host_uuid - uuid of a pool
 * @host: opened
 *
 * Return: KMEMP_UUID_SIZE bytes; gone when kmemp_host_leave() has closed it.
 */
const u8 *kmemp_host_uuid(const struct kmemp_host *host)
{
	return host->pool.super.uuid;
}
EXPORT_SYMBOL_GPL(kmemp_host_uuid);

/**
 * kmemp_host_describe - one line about a pool, for the kernel log
 * @host: opened
 * @buf: where to
 * @size: its bytes
 */
void kmemp_host_describe(struct kmemp_host *host, char *buf, size_t size)
{
	const struct kmemp_super *super = &host->pool.super;
	struct kmemp_host_counts counts;

	kmemp_host_count(host, &counts);
	scnprintf(buf, size, "pool %pU%s%s, format %s, %llu MiB, %llu KiB used, %llu KiB withheld%s",
		  super->uuid, super->label[0] ? " " : "", super->label,
		  host->pool.format->name, counts.pool_bytes >> 20,
		  counts.used_bytes >> 10, counts.withheld_bytes >> 10,
		  super->damaged ? ", a superblock page cannot be mended" : "");
}
EXPORT_SYMBOL_GPL(kmemp_host_describe);

/**
 * kmemp_host_set_limits - change what data is guaranteed and allowed
 * @host: added
 * @data_min: pages guaranteed to data; NULL: as it is
 * @data_max: ceiling of data in pages, 0 for none; NULL: as it is
 *
 * On return the guarantee is kept by withheld pages, or nothing has changed.
 *
 * Return: 0; -EINVAL; -EROFS; -ENOSPC where the node cannot give the pages.
 */
int kmemp_host_set_limits(struct kmemp_host *host, const u64 *data_min,
			  const u64 *data_max)
{
	const struct kmemp_super *super = &host->pool.super;
	u64 old_min, old_max;
	int ret;

	mutex_lock(&host->limits);
	old_min = super->data_min;
	old_max = super->data_max;
	ret = kmemp_pool_set_limits(&host->pool, data_min ? *data_min : old_min,
				    data_max ? *data_max : old_max);
	if (ret)
		goto out;
	ret = kmemp_stock_balance(host);
	if (ret && data_min && *data_min > old_min) {
		kmemp_pool_set_limits(&host->pool, old_min, old_max);
		kmemp_stock_balance(host);
	} else {
		ret = 0;
	}
out:
	mutex_unlock(&host->limits);
	return ret;
}
