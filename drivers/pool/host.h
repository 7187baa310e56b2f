/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of drivers/pool know of each other.
 *
 * Locks, from the outside in:
 *
 *	lock			fields
 *	kmemp_callback_lock	the online-page callback's slot and user count
 *	  (hotplug.c, mutex)
 *	kmemp_hosts_lock	the list of hosts; its readers use RCU
 *	  (hosts.c, mutex)
 *	kmemp_fronts_lock	the front ends, and which pools they know; the
 *	  (front.c, mutex)	front ends' own locks (drivers/blk/blk.h) follow
 *	host->limits		who changes data_min and data_max, until the stock
 *	  (mutex)		follows
 *	host->check		who verifies the pool, and what was found; the
 *	  (mutex)		pool's own locks follow
 *	host->commit		host->closed, and the moment when the medium's
 *	  (mutex)		window changes over to the direct map: whoever
 *				asks the pool for something without a hold or a
 *				sysfs file that keeps it open. Outside of the
 *				pool's own locks (struct kmemp_pool).
 *	host->stock_lock	who moves pages between allocator and pool; never
 *	  (mutex)		taken where writeback may wait, since its holder
 *				reclaims memory
 *	host->collect		who gives back pages that readers may still look
 *	  (mutex)		at; taken with the pool's commit right, and waits
 *				for readers alone
 *	pages->lock		the bitmaps, counts and block states of pages.h;
 *	  (spinlock, leaf)	host->nr_holds, host->holds, host->added,
 *				host->leaving, host->bad, host->returns,
 *				host->kept. Never held over an allocation, a
 *				free, add_memory or a commit.
 *
 * The memory hotplug lock of the kernel is outside pages->lock (the notifier
 * and the callback run under it) and inside kmemp_callback_lock.
 */
#ifndef KMEMP_POOL_HOST_H
#define KMEMP_POOL_HOST_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <kmem_persist/host.h>

/**
 * enum kmemp_block - state of a memory block of a pool
 * @KMEMP_BLOCK_OFFLINE: the kernel does not use it; its map may be changed
 * @KMEMP_BLOCK_GOING_ONLINE: frozen; the callback reads the map
 * @KMEMP_BLOCK_ONLINE: what is not withheld belongs to the page allocator
 * @KMEMP_BLOCK_GOING_OFFLINE: frozen; parked pages have no reference
 */
enum kmemp_block {
	KMEMP_BLOCK_OFFLINE,
	KMEMP_BLOCK_GOING_ONLINE,
	KMEMP_BLOCK_ONLINE,
	KMEMP_BLOCK_GOING_OFFLINE,
};

/**
 * struct kmemp_pages - who owns which page
 * @lock: see above
 * @base_pfn: pfn of page index 0
 * @nr_pages: pages of the device
 * @pool_pages: pages of the pool, at most @nr_pages; only these are counted
 * @window_first: page index of the window's start
 * @window_end: page index behind the window
 * @block_pages: pages of a memory block
 * @block: state of each memory block
 * @used: pages that hold metadata or data, or are bad
 * @withheld: pages that the allocator never gets; contains @used
 * @owned: pages that a commit may store into; part of @used
 * @nr_used: bits of @used below @pool_pages
 * @nr_bad: of these, how many are bad
 * @bad: pages that turned bad since the pool was opened, the allocator's too
 * @nr_withheld: bits of @withheld below @pool_pages
 * @next_stock: no page below it is in stock
 */
struct kmemp_pages {
	spinlock_t lock;
	unsigned long base_pfn;
	u64 nr_pages;
	u64 pool_pages;
	u64 window_first;
	u64 window_end;
	u64 block_pages;
	u8 *block;
	unsigned long *used;
	unsigned long *withheld;
	unsigned long *owned;
	u64 nr_used;
	u64 nr_bad;
	struct xarray bad;
	u64 nr_withheld;
	u64 next_stock;
};

#define KMEMP_RETURN_RUNS	512

/**
 * struct kmemp_returns - freed pages that a reader may still look at
 * @run: page runs; still in use as far as struct kmemp_pages knows
 * @nr: how many
 */
struct kmemp_returns {
	struct kmemp_run run[KMEMP_RETURN_RUNS];
	unsigned int nr;
};

/**
 * struct kmemp_host - a bound pool, or a detached one
 * @list: of all hosts
 * @name: of the device at bind, for messages
 * @nid: its node
 * @start: first physical byte
 * @domain: what a power cut spares
 * @rescue: only read, and none of it is RAM
 * @medium: the mappings
 * @limits: see above
 * @commit: see above
 * @pool: what is on it
 * @stock_lock: see above
 * @pages: who owns which page
 * @holds: front ends that use the pool
 * @nr_holds: how many
 * @added: its memory is there, the medium stays mapped as it is
 * @leaving: being unbound: no block may come online, no page moves
 * @closed: the pool has been closed; under @commit
 * @detached: unbound while in use; lives until reboot
 * @readers: who looked an extent up and still copies from its pages
 * @collect: see above
 * @returns: freed pages, until @readers have gone
 * @collecting: the same, while they are waited for; under @collect
 * @supply: writers that wait for pages
 * @wanted: pages that they want to add
 * @full_until: who adds need not wait until then, in jiffies: it was in vain
 * @balance: moves pages until the reserve is what it should be
 * @tick: runs the pool's queue
 * @failure_said: that a commit has failed; under @commit
 * @orphans: works the orphans down
 * @orphans_error: how that ended
 * @announce: makes the pool known to front ends
 * @announced: of the pools that front ends know; under kmemp_fronts_lock
 * @bad: pages that turned bad in the allocator's hands, to be kept when their
 *	block next comes online
 * @poisoned: reports that wait for @poison
 * @poison: records them
 * @check: see above
 * @kept: pages that were given back since it is verified, a bit each; under
 *	pages.lock; NULL: it is not, or a writer has needed them
 * @checked: findings of the last check, a line each; NULL: there was none
 * @nr_found: how many there were, which may be more
 * @damaged: one of them is worse than a note
 */
struct kmemp_host {
	struct list_head list;
	char name[32];
	int nid;
	phys_addr_t start;
	enum kmemp_domain domain;
	bool rescue;
	struct kmemp_media_kernel *medium;
	struct mutex limits;
	struct mutex commit;
	struct kmemp_pool pool;
	struct mutex stock_lock;
	struct kmemp_pages pages;
	struct list_head holds;
	unsigned int nr_holds;
	bool added;
	bool leaving;
	bool closed;
	bool detached;
	struct srcu_struct readers;
	struct mutex collect;
	struct kmemp_returns returns;
	struct kmemp_returns collecting;
	wait_queue_head_t supply;
	atomic_t wanted;
	unsigned long full_until;
	struct delayed_work balance;
	struct delayed_work tick;
	bool failure_said;
	struct work_struct orphans;
	int orphans_error;
	struct work_struct announce;
	struct list_head announced;
	struct list_head bad;
	struct llist_head poisoned;
	struct work_struct poison;
	struct mutex check;
	unsigned long *kept;
	char *checked;
	unsigned int nr_found;
	bool damaged;
};

/* hosts.c */
struct kmemp_host *kmemp_host_by_pfn(unsigned long pfn);
struct kmemp_host *kmemp_host_by_device_pfn(unsigned long pfn);
struct kmemp_host *kmemp_host_by_node(int nid);
bool kmemp_hosts_empty(void);
void kmemp_hosts_confirm(void);
void kmemp_hosts_add(struct kmemp_host *host);
void kmemp_hosts_del(struct kmemp_host *host);
void kmemp_hold_names(struct kmemp_host *host, char *buf, size_t size);

/* media.c */
void kmemp_media_window_added(struct kmemp_media_kernel *medium);
void kmemp_media_guard(struct kmemp_media_kernel *medium,
		       struct kmemp_host *host);

/* pages.c */
int kmemp_pages_init(struct kmemp_pages *pages,
		     const struct kmemp_device *device, u64 pool_pages);
void kmemp_pages_destroy(struct kmemp_pages *pages);
void kmemp_pages_mark_used(struct kmemp_pages *pages, u64 page, u64 count,
			   enum kmemp_use use);
bool kmemp_pages_take(struct kmemp_pages *pages, u64 *out, u32 nr, u64 keep);
bool kmemp_pages_take_run(struct kmemp_pages *pages, u64 page, u64 nr,
			  u64 keep);
u64 kmemp_pages_give(struct kmemp_pages *pages, u64 page, u64 count);
u32 kmemp_pages_put_back(struct kmemp_pages *pages, const u64 *list, u32 nr);
bool kmemp_pages_in_use(const struct kmemp_pages *pages, u64 first, u64 last);
bool kmemp_pages_owned(const struct kmemp_pages *pages, u64 first, u64 last);
void kmemp_pages_disown(struct kmemp_pages *pages, u64 page, u64 count);
bool kmemp_pages_turned_bad(struct kmemp_pages *pages, u64 first, u64 last);
bool kmemp_pages_keep_bad(struct kmemp_pages *pages, u64 page);
u64 kmemp_pages_dram_bytes(const struct kmemp_pages *pages);

/* park.c */
u64 kmemp_pages_withhold_offline(struct kmemp_pages *pages, u64 count);
u64 kmemp_pages_release(struct kmemp_pages *pages, u64 count);
bool kmemp_pages_park(struct kmemp_pages *pages, struct page *page);

/* blocks.c */
void kmemp_pages_online(struct kmemp_pages *pages, struct page *page,
			unsigned int order);
void kmemp_pages_set_blocks(struct kmemp_pages *pages, unsigned long pfn,
			    unsigned long nr, enum kmemp_block state);
void kmemp_pages_online_end(struct kmemp_pages *pages, unsigned long pfn,
			    unsigned long nr, bool done);
void kmemp_pages_offline_begin(struct kmemp_pages *pages, unsigned long pfn,
			       unsigned long nr);
void kmemp_pages_offline_end(struct kmemp_pages *pages, unsigned long pfn,
			     unsigned long nr, bool done);
u64 kmemp_pages_online_count(struct kmemp_pages *pages);

static inline bool kmemp_pages_in_window(const struct kmemp_pages *pages,
					 u64 page)
{
	return page >= pages->window_first && page < pages->window_end;
}

static inline u64 kmemp_pages_block(const struct kmemp_pages *pages, u64 page)
{
	return (page - pages->window_first) / pages->block_pages;
}

/* used_map.c */
void kmemp_used_source(struct kmemp_host *host,
		       struct kmemp_used_source *source);

/* stock.c */
void kmemp_stock_withhold(struct kmemp_host *host);
int kmemp_stock_balance(struct kmemp_host *host);
void kmemp_stock_grow(struct kmemp_host *host, u32 nr);
bool kmemp_stock_grow_chunk(struct kmemp_host *host, u64 *page);
void kmemp_stock_work(struct work_struct *work);
u64 kmemp_stock_target(struct kmemp_host *host);

/* supply.c */
extern const struct kmemp_page_source kmemp_supply_source;
void kmemp_supply_collect(struct kmemp_host *host);
void kmemp_supply_release(struct kmemp_host *host);

/* idle.c */
void kmemp_idle_arm(struct kmemp_host *host);
void kmemp_idle_work(struct work_struct *work);
void kmemp_idle_orphans(struct work_struct *work);

/* front.c */
void kmemp_front_announce(struct work_struct *work);
bool kmemp_front_withdraw(struct kmemp_host *host);

/* hotplug.c */
int kmemp_hotplug_init(void);
void kmemp_hotplug_exit(void);

/* poison.c */
void kmemp_poison_work(struct work_struct *work);
void kmemp_poison_report(struct kmemp_host *host, u64 page, gfp_t gfp);
void kmemp_poison_machine_check(u64 addr);
void kmemp_poison_block_offline(struct kmemp_host *host, unsigned long pfn,
				unsigned long nr);
void kmemp_poison_forget(struct kmemp_host *host);
int kmemp_poison_init(void);
void kmemp_poison_exit(void);

/* mce.c */
#ifdef CONFIG_X86_MCE
void kmemp_mce_init(void);
void kmemp_mce_exit(void);
#else
static inline void kmemp_mce_init(void) {}
static inline void kmemp_mce_exit(void) {}
#endif

/* check.c */
int kmemp_host_check(struct kmemp_host *host);
ssize_t kmemp_host_checked(struct kmemp_host *host, char *buf);

/* host.c */
int kmemp_host_set_limits(struct kmemp_host *host, const u64 *data_min,
			  const u64 *data_max);

/* power.c */
int kmemp_power_init(void);
void kmemp_power_exit(void);

#endif /* KMEMP_POOL_HOST_H */
