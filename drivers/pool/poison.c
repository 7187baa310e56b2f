// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that turn bad while a pool is bound.
 *
 * Each source ends in the kernel's memory_failure(), whose tracepoint tells us
 * the page frame. It runs where nothing may sleep, so the report is queued and
 * recorded on the medium by a work item. A page that the pool withholds is
 * marked used and is never given again; a page that is the allocator's stays
 * with the kernel, which has taken it out of use, until its block goes
 * offline: from then on the pool keeps it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "host.h"
#include "trace.h"

/* A bad page on its way: in host->poisoned, then perhaps in host->bad. */
struct bad_page {
	struct llist_node node;
	struct list_head list;
	u64 page;
	bool returned;	/* by who used it; still marked used, nothing is there */
};

/* Looked up by name: the tracepoint is not exported, its list is. */
static struct tracepoint *kmemp_failure_point;

static void report(struct kmemp_host *host, u64 page, bool returned, gfp_t gfp)
{
	struct bad_page *bad = kmalloc(sizeof(*bad), gfp);

	if (bad) {
		bad->page = page;
		bad->returned = returned;
		llist_add(&bad->node, &host->poisoned);
		queue_work(system_unbound_wq, &host->poison);
		return;
	}
	pr_err_ratelimited("kmem %s: bad page %llu could not be recorded: out of memory\n",
			   host->name, page);
}

/* Signature: include/ras/ras_event.h of 6.1 and 6.12. */
static void kmemp_memory_failure(void *unused, unsigned long pfn, int type,
				 int result)
{
	struct kmemp_host *host = kmemp_host_by_pfn(pfn);

	/* Behind the pool is ordinary RAM; the kernel has done what it can. */
	if (!host || pfn - host->pages.base_pfn >= host->pages.pool_pages)
		return;
	report(host, pfn - host->pages.base_pfn, false, GFP_ATOMIC);
}

/**
 * kmemp_poison_report - a bad page is not used any more
 * @host: the pool
 * @page: page index; marked used, and to stay so
 * @gfp: for the report
 */
void kmemp_poison_report(struct kmemp_host *host, u64 page, gfp_t gfp)
{
	report(host, page, true, gfp);
}

/*
 * Withhold the page now if it can be; else remember it until its block goes
 * offline. In one step: the stock may be released meanwhile, and blocks go
 * offline and come back. And before it is recorded, so that the commit which
 * records it cannot take it for metadata. Returns whether something uses it.
 */
static bool keep_bad(struct kmemp_host *host, struct bad_page *bad)
{
	struct kmemp_pages *pages = &host->pages;
	bool used, kept;

	spin_lock(&pages->lock);
	used = !bad->returned && test_bit(bad->page, pages->used);
	kept = kmemp_pages_keep_bad(pages, bad->page);
	pages->nr_bad += bad->returned;
	if (!kept)
		list_add_tail(&bad->list, &host->bad);
	spin_unlock(&pages->lock);
	if (kept)
		kfree(bad);
	return used;
}

/*
 * A format that keeps objects maps the page to itself, which it cannot while
 * something else is there. Reads of that fail; when it has been overwritten or
 * removed the page comes back here.
 */
static int record(struct kmemp_host *host, u64 page, bool used)
{
	int ret;

	mutex_lock(&host->commit);
	if (host->closed)
		ret = -ESHUTDOWN;
	else if (used && !host->pool.format->mark_bad)
		ret = -EBUSY;
	else
		ret = kmemp_pool_mark_bad(&host->pool, page);
	mutex_unlock(&host->commit);
	return ret;
}

/**
 * kmemp_poison_work - record the reported pages
 * @work: host->poison
 */
void kmemp_poison_work(struct work_struct *work)
{
	struct kmemp_host *host = container_of(work, struct kmemp_host, poison);
	struct bad_page *bad, *next;

	llist_for_each_entry_safe(bad, next, llist_del_all(&host->poisoned),
				  node) {
		u64 page = bad->page;
		int ret;

		ret = record(host, page, keep_bad(host, bad));
		trace_kmemp_poison(host->name, page, ret);
		if (ret == -EBUSY)
			pr_err("kmem %s: page %llu is bad and in use: reading what it holds fails until that is overwritten or removed; see: kmemp check %s\n",
			       host->name, page, host->name);
		else if (ret)
			pr_err("kmem %s: page %llu is bad, which could not be recorded: error %d; see: kmemp check %s\n",
			       host->name, page, ret, host->name);
		else
			pr_warn("kmem %s: page %llu is bad and out of use from now on\n",
				host->name, page);
	}
	mod_delayed_work(system_unbound_wq, &host->balance, 0);
}

/**
 * kmemp_poison_block_offline - keep the bad pages of blocks that went offline
 * @host: the pool
 * @pfn: of the first block
 * @nr: pages
 */
void kmemp_poison_block_offline(struct kmemp_host *host, unsigned long pfn,
				unsigned long nr)
{
	struct kmemp_pages *pages = &host->pages;
	u64 first = pfn - pages->base_pfn;
	struct bad_page *bad, *next;
	LIST_HEAD(here);

	spin_lock(&pages->lock);
	list_for_each_entry_safe(bad, next, &host->bad, list)
		if (bad->page >= first && bad->page - first < nr)
			list_move(&bad->list, &here);
	spin_unlock(&pages->lock);
	list_for_each_entry_safe(bad, next, &here, list) {
		kmemp_pages_mark_used(pages, bad->page, 1, KMEMP_USE_BAD);
		kfree(bad);
	}
}

/**
 * kmemp_poison_forget - free what is still remembered
 * @host: about to be freed
 */
void kmemp_poison_forget(struct kmemp_host *host)
{
	struct bad_page *bad, *next;

	llist_for_each_entry_safe(bad, next, llist_del_all(&host->poisoned),
				  node)
		kfree(bad);
	list_for_each_entry_safe(bad, next, &host->bad, list)
		kfree(bad);
	INIT_LIST_HEAD(&host->bad);
}

static void find_point(struct tracepoint *point, void *unused)
{
	if (!strcmp(point->name, "memory_failure_event"))
		kmemp_failure_point = point;
}

/**
 * kmemp_poison_init - listen to memory failures
 *
 * Return: 0, also on a kernel without memory failure handling; or what
 * registering returned.
 */
int __init kmemp_poison_init(void)
{
	for_each_kernel_tracepoint(find_point, NULL);
	if (!kmemp_failure_point) {
		pr_notice("kmem: this kernel does not report bad memory\n");
		return 0;
	}
	return tracepoint_probe_register(kmemp_failure_point,
					 kmemp_memory_failure, NULL);
}

/**
 * kmemp_poison_exit - stop listening
 */
void kmemp_poison_exit(void)
{
	if (!kmemp_failure_point)
		return;
	tracepoint_probe_unregister(kmemp_failure_point, kmemp_memory_failure,
				    NULL);
	tracepoint_synchronize_unregister();
}
