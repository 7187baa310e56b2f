// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that turn bad while a pool is bound.
 *
 * Two sources: the kernel's memory_failure(), whose tracepoint tells us the
 * page frame, and machine checks (mce.c); a page that both tell of counts once.
 * They come where nothing may sleep, so the report is queued and recorded on
 * the medium by a work item. A page that the pool withholds is marked used and
 * is never given again; a page that is the allocator's stays with the kernel,
 * which has taken it out of use, until its block goes offline: from then on the
 * pool keeps it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "host.h"
#include "trace.h"

/**
 * enum bad_source - who says that a page is bad
 * @MEMORY_FAILURE: the kernel, which has taken it out of its own use
 * @MACHINE_CHECK: the hardware; what is the allocator's is the kernel's to judge
 * @RETURNED: who used it; still marked used, nothing is there
 */
enum bad_source {
	MEMORY_FAILURE,
	MACHINE_CHECK,
	RETURNED,
};

/* A bad page on its way: in host->poisoned, then perhaps in host->bad. */
struct bad_page {
	struct llist_node node;
	struct list_head list;
	u64 page;
	enum bad_source source;
};

/* Looked up by name: the tracepoint is not exported, its list is. */
static struct tracepoint *kmemp_failure_point;

static void report(struct kmemp_host *host, u64 page, enum bad_source source,
		   gfp_t gfp)
{
	struct bad_page *bad = kmalloc(sizeof(*bad), gfp);

	if (bad) {
		bad->page = page;
		bad->source = source;
		llist_add(&bad->node, &host->poisoned);
		queue_work(system_unbound_wq, &host->poison);
		return;
	}
	pr_err_ratelimited("kmem %s: bad page %llu could not be recorded: out of memory\n",
			   host->name, page);
}

/* Behind the pool is ordinary RAM; the kernel has done what it can. */
static void hear(unsigned long pfn, enum bad_source source)
{
	struct kmemp_host *host;

	/* A pool that goes waits for us before it cancels the work. */
	rcu_read_lock();
	host = kmemp_host_by_device_pfn(pfn);
	if (host && pfn - host->pages.base_pfn < host->pages.pool_pages)
		report(host, pfn - host->pages.base_pfn, source, GFP_ATOMIC);
	rcu_read_unlock();
}

/* Signature: include/ras/ras_event.h of 6.1 and 6.12. */
static void kmemp_memory_failure(void *unused, unsigned long pfn, int type,
				 int result)
{
	hear(pfn, MEMORY_FAILURE);
}

/**
 * kmemp_poison_machine_check - the hardware names a bad address
 * @addr: physical, a pool's or not
 */
void kmemp_poison_machine_check(u64 addr)
{
	hear(PHYS_PFN(addr), MACHINE_CHECK);
}

/**
 * kmemp_poison_report - a bad page is not used any more
 * @host: the pool
 * @page: page index; marked used, and to stay so
 * @gfp: for the report
 */
void kmemp_poison_report(struct kmemp_host *host, u64 page, gfp_t gfp)
{
	report(host, page, RETURNED, gfp);
}

/*
 * Withhold the page now if it can be; else remember it until its block goes
 * offline. In one step: the stock may be released meanwhile, and blocks go
 * offline and come back. And before it is recorded, so that the commit which
 * records it cannot take it for metadata. Tells whether something uses it.
 * Returns false where there is nothing to record: a machine check in RAM, of
 * which the kernel tells us when it takes the page out of use.
 */
static bool keep_bad(struct kmemp_host *host, struct bad_page *bad, bool *used)
{
	struct kmemp_pages *pages = &host->pages;
	bool returned = bad->source == RETURNED;
	bool kept, later;

	spin_lock(&pages->lock);
	*used = !returned && test_bit(bad->page, pages->used);
	kept = kmemp_pages_keep_bad(pages, bad->page);
	later = !kept && bad->source == MEMORY_FAILURE;
	pages->nr_bad += returned;
	if (later)
		list_add_tail(&bad->list, &host->bad);
	spin_unlock(&pages->lock);
	if (!later)
		kfree(bad);
	return kept || later;
}

/*
 * Is it on the medium already? Only of a format that keeps objects is it to be
 * known: the others look by themselves.
 */
static bool is_recorded(struct kmemp_host *host, u64 page)
{
	struct kmemp_extent extent;

	return !kmemp_pool_next_extent(&host->pool, KMEMP_OBJ_BAD, page, 1,
				       &extent) && extent.offset == page;
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
	else if (used && !host->pool.format->mark_bad &&
		 !is_recorded(host, page))
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
		bool returned = bad->source == RETURNED;
		u64 page = bad->page;
		int known, ret;
		bool used;

		known = xa_insert(&host->pages.bad, page, xa_mk_value(1),
				  GFP_KERNEL);
		if (known == -EBUSY && !returned) {
			/* The other source was first. */
			kfree(bad);
			continue;
		}
		if (!keep_bad(host, bad, &used)) {
			xa_erase(&host->pages.bad, page);
			continue;
		}
		ret = record(host, page, used);
		/* It may be given to others when it is freed. */
		if (ret == -EBUSY && known == -ENOMEM)
			ret = known;
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
