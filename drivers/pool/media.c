// SPDX-License-Identifier: GPL-2.0
/*
 * Media back end of the kernel: up to three mappings of one dax device.
 *
 * Head and tail outside the window are memremapped for as long as the pool
 * lives. The window is memremapped only until its memory has been added; from
 * then on the direct map reaches it (a second mapping would be refused, and a
 * range that is RAM in part cannot be memremapped at all). Under KASAN the
 * window keeps its first mapping: shadow for the direct map comes only when a
 * block goes online.
 */
#include <linux/export.h>
#include <linux/io.h>
#include <linux/libnvdimm.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "host.h"

/* One mapping: positions from @start to before @end. */
struct segment {
	u64 start;
	u64 end;
	void *addr;
};

enum { HEAD, WINDOW, TAIL, NR_SEGMENTS };

/**
 * struct kmemp_media_kernel - the medium of a dax device
 * @media: what the formats see
 * @segment: the mappings; empty where start == end
 * @start: physical address of position 0
 * @window_direct: the window is reached through the direct map
 * @flush_hints: see struct kmemp_device
 * @flush_arg: see there
 * @host: whose pages may be stored into; NULL until they are known, which is
 *	before any of them can be RAM
 */
struct kmemp_media_kernel {
	struct kmemp_media media;
	struct segment segment[NR_SEGMENTS];
	phys_addr_t start;
	bool window_direct;
	int (*flush_hints)(void *arg);
	void *flush_arg;
	struct kmemp_host *host;
};

static struct kmemp_media_kernel *to_kernel(struct kmemp_media *media)
{
	return container_of(media, struct kmemp_media_kernel, media);
}

/* Address of @pos, and in @len how many bytes of the range lie behind it. */
static void *locate(struct kmemp_media_kernel *medium, u64 pos, size_t *len)
{
	struct segment *seg = medium->segment;

	while (pos >= seg->end)
		seg++;
	*len = min_t(u64, *len, seg->end - pos);
	return seg->addr + (pos - seg->start);
}

/*
 * The flag is set by every path of the kernel that learns of bad memory, also
 * by those that leave the medium readable. The memmap of a block that was never
 * online is not initialised: nothing is known of its pages, the copy survives
 * poison.
 */
static bool known_bad(const struct kmemp_media_kernel *medium, u64 pos,
		      size_t len)
{
	const struct segment *window = &medium->segment[WINDOW];
	u64 page, last = pos + len - 1;
	struct page *p;

	if (!READ_ONCE(medium->window_direct) || pos >= window->end ||
	    last < window->start)
		return false;
	for (page = max(pos, window->start) >> PAGE_SHIFT;
	     page <= min(last, window->end - 1) >> PAGE_SHIFT; page++) {
		p = pfn_to_online_page(PHYS_PFN(medium->start) + page);
		if (p && PageHWPoison(p))
			return true;
	}
	return false;
}

static int dax_read(struct kmemp_media *media, u64 pos, void *dst,
		       size_t len)
{
	struct kmemp_media_kernel *medium = to_kernel(media);

	if (!len)
		return 0;
	if (known_bad(medium, pos, len))
		return -EIO;
	while (len) {
		size_t part = len;
		void *src = locate(medium, pos, &part);

		if (copy_mc_to_kernel(dst, src, part))
			return -EIO;
		pos += part;
		dst += part;
		len -= part;
	}
	return 0;
}

/*
 * A forged medium may map a page of its own metadata as data. When that is
 * freed, the page becomes RAM while the format still takes it for its own: the
 * store is dropped, and the pool commits nothing any more.
 */
static bool may_store(struct kmemp_media_kernel *medium, u64 pos, size_t len)
{
	struct kmemp_host *host = medium->host;
	u64 page = pos >> PAGE_SHIFT;

	if (!host || !len ||
	    kmemp_pages_owned(&host->pages, page,
			      (pos + len - 1) >> PAGE_SHIFT))
		return true;
	if (!READ_ONCE(medium->media.failed))
		pr_err("kmem %s: metadata at page %llu, which was freed as data: the medium is damaged or forged, nothing is stored any more; take the pool offline, then: kmemp check %s\n",
		       host->name, page, host->name);
	WRITE_ONCE(medium->media.failed, true);
	return false;
}

static void dax_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	struct kmemp_media_kernel *medium = to_kernel(media);
	size_t len = sizeof(value);

	if (may_store(medium, pos, len))
		WRITE_ONCE(*(__le64 *)locate(medium, pos, &len),
			   cpu_to_le64(value));
}

static void dax_write(struct kmemp_media *media, u64 pos, const void *src,
			 size_t len)
{
	if (!may_store(to_kernel(media), pos, len))
		return;
	while (len) {
		size_t part = len;
		void *dst = locate(to_kernel(media), pos, &part);

		memcpy(dst, src, part);
		pos += part;
		src += part;
		len -= part;
	}
}

/* Below this, stores around the cache cost more than clwb behind them. */
#define NONTEMPORAL_BYTES	512

static void dax_write_fresh(struct kmemp_media *media, u64 pos,
			       const void *src, size_t len)
{
	if (len < NONTEMPORAL_BYTES) {
		dax_write(media, pos, src, len);
		return;
	}
	if (!may_store(to_kernel(media), pos, len))
		return;
	while (len) {
		size_t part = len;
		void *dst = locate(to_kernel(media), pos, &part);

		memcpy_flushcache(dst, src, part);
		pos += part;
		src += part;
		len -= part;
	}
}

static void dax_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	if (!may_store(to_kernel(media), pos, len))
		return;
	while (len) {
		size_t part = len;
		void *dst = locate(to_kernel(media), pos, &part);

		memset(dst, byte, part);
		pos += part;
		len -= part;
	}
}

static void dax_flush(struct kmemp_media *media, u64 pos, size_t len)
{
	while (len) {
		size_t part = len;
		void *addr = locate(to_kernel(media), pos, &part);

		arch_wb_cache_pmem(addr, part);
		pos += part;
		len -= part;
	}
}

static void dax_fence(struct kmemp_media *media)
{
	struct kmemp_media_kernel *medium = to_kernel(media);

	/* Waits for the lines that this CPU has flushed: sfence on x86. */
	pmem_wmb();
	if (medium->flush_hints && medium->flush_hints(medium->flush_arg))
		WRITE_ONCE(media->failed, true);
}

static const struct kmemp_media_ops dax_ops = {
	.read		= dax_read,
	.store64	= dax_store64,
	.write		= dax_write,
	.write_fresh	= dax_write_fresh,
	.fill		= dax_fill,
	.flush		= dax_flush,
	.fence		= dax_fence,
};

static void unmap_segment(struct segment *seg)
{
	if (seg->addr)
		memunmap(seg->addr);
	seg->addr = NULL;
}

/**
 * kmemp_media_map - map a dax device
 * @device: the device; nothing of it may be RAM yet
 *
 * Context: may sleep.
 *
 * Return: the medium, to be given to kmemp_media_unmap(), or NULL.
 */
struct kmemp_media_kernel *kmemp_media_map(const struct kmemp_device *device)
{
	u64 first = device->window_start - device->start;
	u64 behind = first + device->window_size;
	struct kmemp_media_kernel *medium;
	int i;

	if (!device->window_size)
		first = behind = device->size;
	medium = kzalloc(sizeof(*medium), GFP_KERNEL);
	if (!medium)
		return NULL;
	medium->media.ops = &dax_ops;
	medium->media.size = device->size;
	medium->start = device->start;
	medium->flush_hints = device->flush_hints;
	medium->flush_arg = device->flush_arg;
	medium->segment[HEAD] = (struct segment){ 0, first };
	medium->segment[WINDOW] = (struct segment){ first, behind };
	medium->segment[TAIL] = (struct segment){ behind, device->size };

	for (i = 0; i < NR_SEGMENTS; i++) {
		struct segment *seg = &medium->segment[i];

		if (seg->start == seg->end)
			continue;
		seg->addr = memremap(device->start + seg->start,
				     seg->end - seg->start, MEMREMAP_WB);
		if (!seg->addr)
			goto err_segments;
	}
	return medium;

err_segments:
	kmemp_media_unmap(medium);
	return NULL;
}
EXPORT_SYMBOL_GPL(kmemp_media_map);

/**
 * kmemp_media_of - the medium as formats see it
 * @medium: as mapped
 *
 * Return: the medium.
 */
struct kmemp_media *kmemp_media_of(struct kmemp_media_kernel *medium)
{
	return &medium->media;
}
EXPORT_SYMBOL_GPL(kmemp_media_of);

/**
 * kmemp_media_window_added - reach the window through the direct map
 * @medium: whose window is memory now
 *
 * Nobody else may use the medium meanwhile.
 */
void kmemp_media_window_added(struct kmemp_media_kernel *medium)
{
	struct segment *window = &medium->segment[WINDOW];

	if (!IS_ENABLED(CONFIG_KASAN)) {
		unmap_segment(window);
		window->addr = __va(medium->start + window->start);
	}
	WRITE_ONCE(medium->window_direct, true);
}

/**
 * kmemp_media_guard - from now on, store only into pages in use
 * @medium: of a pool whose used pages are known
 * @host: the pool
 *
 * Nobody else may use the medium meanwhile.
 */
void kmemp_media_guard(struct kmemp_media_kernel *medium,
		       struct kmemp_host *host)
{
	medium->host = host;
}

/**
 * kmemp_media_unmap - let go of a dax device
 * @medium: as mapped
 */
void kmemp_media_unmap(struct kmemp_media_kernel *medium)
{
	int i;

	if (medium->window_direct && !IS_ENABLED(CONFIG_KASAN))
		medium->segment[WINDOW].addr = NULL;
	for (i = 0; i < NR_SEGMENTS; i++)
		unmap_segment(&medium->segment[i]);
	kfree(medium);
}
EXPORT_SYMBOL_GPL(kmemp_media_unmap);

/**
 * kmemp_data_read - copy data from the medium
 * @host: the pool
 * @pos: byte position
 * @dst: where to
 * @len: bytes
 *
 * Context: within kmemp_data_enter(), so that the pages are what they were when
 * they were looked up.
 *
 * Return: 0, or -EIO for bytes that cannot be read, or that are not the pool's:
 * a forged extent must not show what others have in RAM.
 */
int kmemp_data_read(struct kmemp_host *host, u64 pos, void *dst, size_t len)
{
	u64 first = pos >> PAGE_SHIFT;
	u64 last = (pos + len - 1) >> PAGE_SHIFT;

	if (!len)
		return 0;
	if (kmemp_pages_turned_bad(&host->pages, first, last))
		return -EIO;
	if (!kmemp_pages_in_use(&host->pages, first, last)) {
		pr_err_ratelimited("kmem %s: page %llu is mapped and not in use; take the pool offline, then: kmemp check %s\n",
				   host->name, pos >> PAGE_SHIFT, host->name);
		return -EIO;
	}
	return kmemp_media_read(&host->medium->media, pos, dst, len);
}
EXPORT_SYMBOL_GPL(kmemp_data_read);

/**
 * kmemp_data_write - store data to pages that nothing refers to yet
 * @host: the pool
 * @pos: byte position
 * @src: where from
 * @len: bytes; position and length inside the device
 *
 * Durable after kmemp_data_fence() by the same task, also where it has moved to
 * another CPU in between: the switch takes locks, and instructions with a LOCK
 * prefix order what was flushed before as a fence does (Intel SDM, CLWB). Not
 * counted among the medium's stores: those are the commit's.
 */
void kmemp_data_write(struct kmemp_host *host, u64 pos, const void *src,
		      size_t len)
{
	struct kmemp_media_kernel *medium = host->medium;

	if (WARN_ON_ONCE(pos > medium->media.size ||
			 len > medium->media.size - pos))
		return;
	/* It flushes what it cannot store around the cache. */
	while (len) {
		size_t part = len;
		void *dst = locate(medium, pos, &part);

		memcpy_flushcache(dst, src, part);
		pos += part;
		src += part;
		len -= part;
	}
}
EXPORT_SYMBOL_GPL(kmemp_data_write);

/**
 * kmemp_data_fence - what this task has stored is durable
 * @host: the pool
 *
 * Return: 0; -EIO where the platform could not make it so.
 */
int kmemp_data_fence(struct kmemp_host *host)
{
	struct kmemp_media *media = &host->medium->media;

	/* Data, before the batch that publishes it: the caller's to name. */
	dax_fence(media);
	return READ_ONCE(media->failed) ? -EIO : 0;
}
EXPORT_SYMBOL_GPL(kmemp_data_fence);
