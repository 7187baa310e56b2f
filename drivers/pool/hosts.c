// SPDX-License-Identifier: GPL-2.0
/*
 * The bound and the detached pools.
 *
 * Looked up by pfn from the online-page callback, the memory notifier and by
 * who hears of bad memory: an RCU list. A host found by one of its own pfns
 * stays for as long as its memory does; who hears of bad memory keeps it by
 * rcu_read_lock(); the others look it up under kmemp_hosts_lock.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/rculist.h>
#include <linux/string.h>

#include "host.h"

static DEFINE_MUTEX(kmemp_hosts_lock);
static LIST_HEAD(kmemp_hosts);

/**
 * kmemp_host_by_pfn - the pool whose window a page frame lies in
 * @pfn: page frame number
 *
 * Return: the host or NULL.
 */
struct kmemp_host *kmemp_host_by_pfn(unsigned long pfn)
{
	struct kmemp_host *host, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(host, &kmemp_hosts, list) {
		const struct kmemp_pages *pages = &host->pages;

		if (pfn >= pages->base_pfn + pages->window_first &&
		    pfn < pages->base_pfn + pages->window_end) {
			found = host;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * kmemp_host_by_device_pfn - the pool whose device a page frame lies in
 * @pfn: page frame number, of the window or outside
 *
 * Context: within rcu_read_lock(), for as long as the host is looked at.
 *
 * Return: the host or NULL.
 */
struct kmemp_host *kmemp_host_by_device_pfn(unsigned long pfn)
{
	struct kmemp_host *host;

	list_for_each_entry_rcu(host, &kmemp_hosts, list) {
		const struct kmemp_pages *pages = &host->pages;

		if (pfn >= pages->base_pfn &&
		    pfn - pages->base_pfn < pages->nr_pages)
			return host;
	}
	return NULL;
}

/**
 * kmemp_host_by_node - the pool that a NUMA node belongs to
 * @nid: node
 *
 * Return: the host or NULL; not to be dereferenced without knowing that it
 * stays.
 */
struct kmemp_host *kmemp_host_by_node(int nid)
{
	struct kmemp_host *host, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(host, &kmemp_hosts, list) {
		if (host->nid == nid) {
			found = host;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * kmemp_host_on_node - does a NUMA node belong to a pool?
 * @nid: node
 *
 * Return: true if it does.
 */
bool kmemp_host_on_node(int nid)
{
	return kmemp_host_by_node(nid);
}
EXPORT_SYMBOL_GPL(kmemp_host_on_node);

/**
 * kmemp_host_owns - does a physical range overlap a pool's device?
 * @start: first byte
 * @size: bytes
 *
 * Return: true if it does.
 */
bool kmemp_host_owns(phys_addr_t start, u64 size)
{
	struct kmemp_host *host;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(host, &kmemp_hosts, list) {
		u64 host_size = host->pages.nr_pages << PAGE_SHIFT;

		if (start < host->start + host_size &&
		    host->start < start + size) {
			found = true;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_GPL(kmemp_host_owns);

/* kmemp_hosts_lock held: the pool of this uuid, or NULL */
static struct kmemp_host *by_uuid(const u8 *uuid)
{
	struct kmemp_host *host;

	lockdep_assert_held(&kmemp_hosts_lock);
	list_for_each_entry(host, &kmemp_hosts, list)
		if (!memcmp(host->pool.super.uuid, uuid, KMEMP_UUID_SIZE))
			return host;
	return NULL;
}

/**
 * kmemp_host_uuid_bound - is a pool of this uuid bound already?
 * @uuid: the uuid
 * @verdict: filled in if so
 *
 * Return: 0 or -EEXIST.
 */
int kmemp_host_uuid_bound(const u8 *uuid, struct kmemp_verdict *verdict)
{
	struct kmemp_host *other;
	int ret = 0;

	mutex_lock(&kmemp_hosts_lock);
	other = by_uuid(uuid);
	if (other)
		ret = kmemp_refuse(verdict, KMEMP_REFUSE_UUID_BOUND,
				   "%pU as %s", uuid, other->name);
	mutex_unlock(&kmemp_hosts_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_host_uuid_bound);

/**
 * kmemp_hosts_empty - is there no pool at all?
 *
 * Return: true if there is none.
 */
bool kmemp_hosts_empty(void)
{
	bool empty;

	mutex_lock(&kmemp_hosts_lock);
	empty = list_empty(&kmemp_hosts);
	mutex_unlock(&kmemp_hosts_lock);
	return empty;
}

/**
 * kmemp_hosts_confirm - all pools: recovery never ends below what is there now
 *
 * Before the machine goes down. What nobody uses any more is quick to open again.
 */
void kmemp_hosts_confirm(void)
{
	struct kmemp_used_source source;
	struct kmemp_host *host;

	mutex_lock(&kmemp_hosts_lock);
	list_for_each_entry(host, &kmemp_hosts, list) {
		kmemp_used_source(host, &source);
		mutex_lock(&host->commit);
		if (!host->closed && !kmemp_pool_confirm(&host->pool))
			kmemp_pool_save_used(&host->pool, &source);
		mutex_unlock(&host->commit);
	}
	mutex_unlock(&kmemp_hosts_lock);
}

/**
 * kmemp_hosts_add - make a pool known
 * @host: its map complete, its memory not added yet
 *
 * The driver binds one pool at a time and has checked node and uuid before.
 */
void kmemp_hosts_add(struct kmemp_host *host)
{
	mutex_lock(&kmemp_hosts_lock);
	list_add_tail_rcu(&host->list, &kmemp_hosts);
	mutex_unlock(&kmemp_hosts_lock);
}

/**
 * kmemp_hosts_del - forget a pool
 * @host: its memory is gone
 *
 * Nobody looks at it any more at return. Context: may sleep.
 */
void kmemp_hosts_del(struct kmemp_host *host)
{
	mutex_lock(&kmemp_hosts_lock);
	list_del_rcu(&host->list);
	mutex_unlock(&kmemp_hosts_lock);
	synchronize_rcu();
}

/**
 * kmemp_hold_take - use a pool
 * @uuid: of the pool
 * @hold: filled in but for @hold->who, which the caller has set
 *
 * While there is a hold, no memory block of the pool goes offline, and an
 * unbind leaves the pool behind, detached.
 *
 * Return: the pool, or NULL where none of this uuid is bound.
 */
struct kmemp_host *kmemp_hold_take(const u8 *uuid, struct kmemp_hold *hold)
{
	struct kmemp_host *host;

	mutex_lock(&kmemp_hosts_lock);
	host = by_uuid(uuid);
	if (host && !kmemp_hold_known(host, hold))
		host = NULL;
	mutex_unlock(&kmemp_hosts_lock);
	return host;
}
EXPORT_SYMBOL_GPL(kmemp_hold_take);

/**
 * kmemp_hold_known - the same for a pool that the caller knows
 * @host: that stays for as long as this runs
 * @hold: see kmemp_hold_take()
 *
 * Return: false for a pool that is about to go.
 */
bool kmemp_hold_known(struct kmemp_host *host, struct kmemp_hold *hold)
{
	bool held;

	spin_lock(&host->pages.lock);
	held = host->added && !host->leaving;
	if (held) {
		list_add_tail(&hold->list, &host->holds);
		host->nr_holds++;
	}
	spin_unlock(&host->pages.lock);
	return held;
}
EXPORT_SYMBOL_GPL(kmemp_hold_known);

/**
 * kmemp_hold_drop - use a pool no longer
 * @host: as kmemp_hold_take() returned it; may be gone at return
 * @hold: as given to it
 *
 * What was committed is confirmed soon after the last hold has ended.
 */
void kmemp_hold_drop(struct kmemp_host *host, struct kmemp_hold *hold)
{
	kmemp_idle_arm(host);
	spin_lock(&host->pages.lock);
	list_del(&hold->list);
	host->nr_holds--;
	spin_unlock(&host->pages.lock);
}
EXPORT_SYMBOL_GPL(kmemp_hold_drop);

/**
 * kmemp_hold_names - who holds a pool, for people
 * @host: the pool
 * @buf: where to, one a line
 * @size: its bytes
 *
 * Takes pages->lock.
 */
void kmemp_hold_names(struct kmemp_host *host, char *buf, size_t size)
{
	const struct kmemp_hold *hold;
	size_t len = 0;

	buf[0] = '\0';
	spin_lock(&host->pages.lock);
	list_for_each_entry(hold, &host->holds, list)
		len += scnprintf(buf + len, size - len, "%s\n", hold->who);
	spin_unlock(&host->pages.lock);
}

/**
 * kmemp_host_list_detached - the pools that live without a device
 * @buf: where to: "<uuid> <label or -> <start>-<end>", one a line
 * @size: its bytes
 *
 * Return: length of the text.
 */
size_t kmemp_host_list_detached(char *buf, size_t size)
{
	struct kmemp_host *host;
	size_t len = 0;

	mutex_lock(&kmemp_hosts_lock);
	list_for_each_entry(host, &kmemp_hosts, list) {
		const char *label = host->pool.super.label;

		if (!host->detached)
			continue;
		len += scnprintf(buf + len, size - len, "%pU %s %#llx-%#llx\n",
				 host->pool.super.uuid, label[0] ? label : "-",
				 (u64)host->start, (u64)host->start +
				 (host->pages.nr_pages << PAGE_SHIFT) - 1);
	}
	mutex_unlock(&kmemp_hosts_lock);
	return len;
}
EXPORT_SYMBOL_GPL(kmemp_host_list_detached);
