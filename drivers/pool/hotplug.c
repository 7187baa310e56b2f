// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks of pools coming and going: the online-page callback and the
 * memory notifier.
 *
 * There is one callback in the kernel. It is taken with the first pool and kept
 * until the last pool's memory is gone, since whoever onlines a block calls it;
 * for memory that is not a pool's it does what the kernel does by itself.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>

#include "host.h"
#include "trace.h"

/* Guards kmemp_callback_users and the slot; never held in the callback. */
static DEFINE_MUTEX(kmemp_callback_lock);
static unsigned int kmemp_callback_users;

/*
 * A pfn of a pool is found here only after the pool's map is complete: memory
 * is added after kmemp_hosts_add(), never before.
 */
static void kmemp_online_page(struct page *page, unsigned int order)
{
	struct kmemp_host *host = kmemp_host_by_pfn(page_to_pfn(page));

	if (host)
		kmemp_pages_online(&host->pages, page, order);
	else
		generic_online_page(page, order);
}

/**
 * kmemp_host_reserve_callback - one more pool needs the online-page callback
 * @verdict: filled in when it is refused
 *
 * Return: 0, or -EBUSY where another driver has it.
 */
int kmemp_host_reserve_callback(struct kmemp_verdict *verdict)
{
	int ret = 0;

	mutex_lock(&kmemp_callback_lock);
	if (!kmemp_callback_users &&
	    set_online_page_callback(kmemp_online_page))
		ret = kmemp_refuse(verdict, KMEMP_REFUSE_CALLBACK, "%s", "");
	else
		kmemp_callback_users++;
	mutex_unlock(&kmemp_callback_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_host_reserve_callback);

/**
 * kmemp_host_release_callback - one pool less does
 *
 * The kernel calls the callback under its memory hotplug lock, which
 * restoring it takes: nobody is in it at return.
 */
void kmemp_host_release_callback(void)
{
	mutex_lock(&kmemp_callback_lock);
	if (!--kmemp_callback_users)
		restore_online_page_callback(kmemp_online_page);
	mutex_unlock(&kmemp_callback_lock);
}
EXPORT_SYMBOL_GPL(kmemp_host_release_callback);

/* May these blocks come? Decides and freezes them in one step. */
static int online_begin(struct kmemp_host *host, unsigned long pfn,
			unsigned long nr)
{
	struct kmemp_pages *pages = &host->pages;
	bool leaving;

	spin_lock(&pages->lock);
	leaving = host->leaving;
	if (!leaving)
		kmemp_pages_set_blocks(pages, pfn, nr,
				       KMEMP_BLOCK_GOING_ONLINE);
	spin_unlock(&pages->lock);
	if (!leaving)
		return 0;
	pr_warn("kmem %s: memory block stays offline: the pool is being unbound\n",
		host->name);
	return -EBUSY;
}

/* May these blocks go? Decides and freezes them in one step. */
static int offline_begin(struct kmemp_host *host, unsigned long pfn,
			 unsigned long nr)
{
	struct kmemp_pages *pages = &host->pages;
	bool held;

	spin_lock(&pages->lock);
	held = host->nr_holds;
	if (!held)
		kmemp_pages_set_blocks(pages, pfn, nr,
				       KMEMP_BLOCK_GOING_OFFLINE);
	spin_unlock(&pages->lock);
	if (!held) {
		kmemp_pages_offline_begin(pages, pfn, nr);
		return 0;
	}
	return -EBUSY;
}

static void say_held(struct kmemp_host *host)
{
	char names[128];

	kmemp_hold_names(host, names, sizeof(names));
	strreplace(names, '\n', ' ');
	pr_warn("kmem %s: memory block stays online: pool in use by %s; see: kmemp info %s\n",
		host->name, names, host->name);
}

static int pool_event(struct kmemp_host *host, unsigned long action,
		      unsigned long pfn, unsigned long nr)
{
	struct kmemp_pages *pages = &host->pages;
	int ret = 0;

	switch (action) {
	case MEM_GOING_ONLINE:
		ret = online_begin(host, pfn, nr);
		break;
	case MEM_ONLINE:
		kmemp_pages_online_end(pages, pfn, nr, true);
		break;
	case MEM_CANCEL_ONLINE:
		kmemp_pages_online_end(pages, pfn, nr, false);
		break;
	case MEM_GOING_OFFLINE:
		ret = offline_begin(host, pfn, nr);
		if (ret)
			say_held(host);
		break;
	case MEM_OFFLINE:
		kmemp_pages_offline_end(pages, pfn, nr, true);
		kmemp_poison_block_offline(host, pfn, nr);
		break;
	case MEM_CANCEL_OFFLINE:
		kmemp_pages_offline_end(pages, pfn, nr, false);
		break;
	default:
		/* what later kernels announce beside these */
		return 0;
	}
	trace_kmemp_block(host->name, action, pfn, nr, ret);
	/* A frozen block may have kept the stock from its target. */
	if (action != MEM_GOING_ONLINE && action != MEM_GOING_OFFLINE)
		mod_delayed_work(system_unbound_wq, &host->balance, 0);
	return ret;
}

/* Memory of a pool's node that is not the pool's must not come online. */
static int foreign_event(unsigned long action, unsigned long pfn)
{
	int nid;

	if (action != MEM_GOING_ONLINE)
		return 0;
	nid = pfn_to_nid(pfn);
	if (!kmemp_host_on_node(nid))
		return 0;
	pr_warn("kmem: memory at %#llx stays offline: node %d belongs to a pool; see: kmemp list\n",
		(u64)PFN_PHYS(pfn), nid);
	return -EBUSY;
}

static int kmemp_memory_event(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	const struct memory_notify *arg = data;
	struct kmemp_host *host = kmemp_host_by_pfn(arg->start_pfn);
	int ret;

	if (host)
		ret = pool_event(host, action, arg->start_pfn, arg->nr_pages);
	else
		ret = foreign_event(action, arg->start_pfn);
	return notifier_from_errno(ret);
}

static struct notifier_block kmemp_memory_notifier = {
	.notifier_call = kmemp_memory_event,
};

/**
 * kmemp_hotplug_init - listen to memory blocks
 *
 * Return: 0 or a negative errno.
 */
int __init kmemp_hotplug_init(void)
{
	return register_memory_notifier(&kmemp_memory_notifier);
}

/**
 * kmemp_hotplug_exit - stop listening; no pool is left
 */
void kmemp_hotplug_exit(void)
{
	unregister_memory_notifier(&kmemp_memory_notifier);
}
