/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bound pool in the kernel: what the dax driver and the front ends may do
 * with it. Kernel only; formats and tools know nothing of it.
 *
 * Words: the *window* is the memory-block-aligned part of the device, which is
 * RAM where it is not withheld; a *withheld* page is one that the page
 * allocator never hands out: used, or in the reserve, or outside the window.
 */
#ifndef KMEM_PERSIST_HOST_H
#define KMEM_PERSIST_HOST_H

#include <linux/list.h>
#include <linux/types.h>

#include <kmem_persist/pool.h>

struct attribute_group;
struct device;
struct kmemp_host;

/**
 * enum kmemp_domain - what a power cut spares
 * @KMEMP_DOMAIN_NONE: the region promises nothing
 * @KMEMP_DOMAIN_VOLATILE: DRAM: survives a new kernel, not a power cut
 * @KMEMP_DOMAIN_MEMORY: what has reached the memory controller
 * @KMEMP_DOMAIN_CPU_CACHE: the CPU's caches too
 */
enum kmemp_domain {
	KMEMP_DOMAIN_NONE,
	KMEMP_DOMAIN_VOLATILE,
	KMEMP_DOMAIN_MEMORY,
	KMEMP_DOMAIN_CPU_CACHE,
};

/**
 * struct kmemp_device - what the driver knows of a dax device
 * @dev: the device
 * @nid: NUMA node of its memory
 * @start: first physical byte (the raw start), a multiple of the page size
 * @size: bytes
 * @window_start: first physical byte of the window
 * @window_size: its bytes; 0: not one whole memory block, or a rescue
 * @domain: see there
 * @rescue: the pool is only read, and none of it becomes RAM; no window then
 * @flush_hints: makes what has reached the memory controller durable, where
 *	that takes more than a fence; NULL elsewhere. May sleep.
 * @flush_arg: for @flush_hints
 */
struct kmemp_device {
	struct device *dev;
	int nid;
	phys_addr_t start;
	u64 size;
	phys_addr_t window_start;
	u64 window_size;
	enum kmemp_domain domain;
	bool rescue;
	int (*flush_hints)(void *arg);
	void *flush_arg;
};

/**
 * struct kmemp_host_counts - a moment in the life of a pool, in bytes
 * @pool_bytes: the pool
 * @used_bytes: pages that hold metadata or data, or are bad
 * @withheld_bytes: what the page allocator cannot have; used included
 * @reserve_bytes: what a commit may need, part of what is withheld
 * @free_bytes: what data may still take
 * @online_bytes: memory blocks that are online
 * @window_bytes: all memory blocks
 * @dram_bytes: DRAM the pool costs beside the memmap of its pages
 * @nr_bad: pages recorded as bad
 */
struct kmemp_host_counts {
	u64 pool_bytes;
	u64 used_bytes;
	u64 withheld_bytes;
	u64 reserve_bytes;
	u64 free_bytes;
	u64 online_bytes;
	u64 window_bytes;
	u64 dram_bytes;
	u64 nr_bad;
};

/* media.c: the medium, before it is known to be a pool */
struct kmemp_media_kernel;

struct kmemp_media_kernel *kmemp_media_map(const struct kmemp_device *device);
struct kmemp_media *kmemp_media_of(struct kmemp_media_kernel *medium);
void kmemp_media_unmap(struct kmemp_media_kernel *medium);

/* host.c: in the order of a pool's life */
struct kmemp_host *kmemp_host_open(const struct kmemp_device *device,
				   struct kmemp_media_kernel *medium,
				   struct kmemp_verdict *verdict);
int kmemp_host_reserve_callback(struct kmemp_verdict *verdict);
void kmemp_host_release_callback(void);
void kmemp_host_publish(struct kmemp_host *host);
void kmemp_host_added(struct kmemp_host *host);
bool kmemp_host_leave(struct kmemp_host *host);
void kmemp_host_detach(struct kmemp_host *host);
void kmemp_host_withdraw(struct kmemp_host *host);
void kmemp_host_free(struct kmemp_host *host);

bool kmemp_host_owns(phys_addr_t start, u64 size);
bool kmemp_host_on_node(int nid);
int kmemp_host_uuid_bound(const u8 *uuid, struct kmemp_verdict *verdict);
void kmemp_host_count(struct kmemp_host *host,
		      struct kmemp_host_counts *counts);
struct kmemp_pool *kmemp_host_pool(struct kmemp_host *host);
const char *kmemp_host_name(const struct kmemp_host *host);
const u8 *kmemp_host_uuid(const struct kmemp_host *host);
void kmemp_host_describe(struct kmemp_host *host, char *buf, size_t size);
size_t kmemp_host_list_detached(char *buf, size_t size);

/* hosts.c: for front ends */
/**
 * struct kmemp_hold - reference of a front end to a pool
 * @list: holds of the pool
 * @who: what the operator sees, must outlive the hold
 */
struct kmemp_hold {
	struct list_head list;
	const char *who;
};

struct kmemp_host *kmemp_hold_take(const u8 *uuid, struct kmemp_hold *hold);
bool kmemp_hold_known(struct kmemp_host *host, struct kmemp_hold *hold);
void kmemp_hold_drop(struct kmemp_host *host, struct kmemp_hold *hold);

/* front.c */
/**
 * struct kmemp_front - a front end
 * @list: of all
 * @appear: a pool can be used; it stays until @leave returns. From here on
 *	kmemp_hold_known() may be called.
 * @leave: the pool is about to go: keep out whoever would still come, let go
 *	of it and return true; false where somebody has come already: the pool
 *	stays
 *
 * Both in process context, one at a time. Either may see a pool again that has
 * come, or left, already.
 */
struct kmemp_front {
	struct list_head list;
	void (*appear)(struct kmemp_host *host);
	bool (*leave)(struct kmemp_host *host);
};

void kmemp_front_register(struct kmemp_front *front);
void kmemp_front_unregister(struct kmemp_front *front);

/* supply.c, media.c: pages of data */
/* Most pages that one writer takes at a time; a small part of the reserve. */
#define KMEMP_DATA_PAGES	64u

/* What huge pages map; a chunk of this size is aligned to it in memory. */
#define KMEMP_CHUNK_PAGES	512u

int kmemp_data_take(struct kmemp_host *host, u64 *pages, u32 nr, bool adds);
void kmemp_data_return(struct kmemp_host *host, const u64 *pages, u32 nr);
int kmemp_data_take_chunk(struct kmemp_host *host, u64 *page);
void kmemp_data_return_chunk(struct kmemp_host *host, u64 page);
int kmemp_data_enter(struct kmemp_host *host);
void kmemp_data_exit(struct kmemp_host *host, int index);
int kmemp_data_read(struct kmemp_host *host, u64 pos, void *dst, size_t len);
void kmemp_data_write(struct kmemp_host *host, u64 pos, const void *src,
		      size_t len);
int kmemp_data_fence(struct kmemp_host *host);

/* idle.c */
void kmemp_host_work_orphans(struct kmemp_host *host);
int kmemp_host_finish_orphans(struct kmemp_host *host);

/* sysfs.c */
extern const struct attribute_group kmemp_host_attributes;

#endif /* KMEM_PERSIST_HOST_H */
