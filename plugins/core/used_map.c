// SPDX-License-Identifier: GPL-2.0
/*
 * The saved used map: what a clean opening need not find out again.
 *
 * Which pages are in use decides how soon the others are RAM. A format finds it
 * out by walking what it keeps; a pool that was closed in good order, or whose
 * machine went down in good order, has it written down: runs of pages, in
 * ordinary free pages that nobody owns, named by the state line.
 *
 * A map that left out a page in use would give that page away. So it counts only
 * as long as nothing can have changed since it was saved: the state line names
 * it, the newest batch is the confirmed one and that of the map, and each seal
 * holds; else there is the walk. Whoever is about to let the format store
 * anything takes the name off the state line first (kmemp_used_map_drop()).
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"
#include "seal.h"
#include "super.h"

#define RUN_COUNT_MAX	((1ULL << KMEMP_USED_RUN_SHIFT) - 1)

/**
 * struct map_io - a saved used map that is written or read
 * @pool: whose
 * @page: its first page index
 * @nr: pages of it that are done
 * @seals: CRC32C of the seals so far, not inverted
 * @last: behind the last run
 * @disk: a page of it
 */
struct map_io {
	struct kmemp_pool *pool;
	u64 page;
	u32 nr;
	u32 seals;
	u64 last;
	struct kmemp_disk_used_map disk;
};

static u64 page_pos(const struct map_io *io)
{
	return (io->page + io->nr) << KMEMP_PAGE_SHIFT;
}

static __le32 seal_of(const struct map_io *io)
{
	const struct kmemp_super *super = &io->pool->super;
	u32 seal = kmemp_seal(io->pool, super->epoch, super->confirmed,
			      page_pos(io), &io->disk.nr,
			      sizeof(io->disk) - sizeof(io->disk.seal));

	return cpu_to_le32(seal);
}

static void add_seal(struct map_io *io)
{
	io->seals = crc32c(io->seals, &io->disk.seal, sizeof(io->disk.seal));
	io->nr++;
}

static struct map_io *new_io(struct kmemp_pool *pool)
{
	struct map_io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (io) {
		io->pool = pool;
		io->seals = ~0u;
	}
	return io;
}

/*
 * Reading
 */

/* May the state line's map be used now? */
static bool names_map(const struct kmemp_pool *pool)
{
	const struct kmemp_super *super = &pool->super;

	return super->map_pages && pool->newest == super->confirmed;
}

static int read_page(struct map_io *io)
{
	const struct kmemp_super *super = &io->pool->super;
	struct kmemp_disk_used_map *disk = &io->disk;

	if (kmemp_media_read(io->pool->media, page_pos(io), disk,
			     sizeof(*disk)) ||
	    disk->seal != seal_of(io) ||
	    le64_to_cpu(disk->sequence) != super->confirmed ||
	    le32_to_cpu(disk->nr) > KMEMP_USED_RUNS)
		return -ENOENT;
	return 0;
}

/* The runs of a page, in order, within the pool: to @fn, which may be NULL. */
static int read_runs(struct map_io *io, kmemp_used_fn fn, void *arg)
{
	u64 pages = io->pool->super.pool_pages;
	u32 i, nr = le32_to_cpu(io->disk.nr);
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		u64 run = le64_to_cpu(io->disk.run[i]);
		u64 page = run >> KMEMP_USED_RUN_SHIFT;
		u64 count = run & RUN_COUNT_MAX;

		if (!count || page < io->last || page >= pages ||
		    count > pages - page)
			return -ENOENT;
		io->last = page + count;
		if (fn)
			ret = fn(arg, page, count, KMEMP_USE_ANY);
	}
	return ret;
}

static int read_map(struct map_io *io, kmemp_used_fn fn, void *arg)
{
	const struct kmemp_super *super = &io->pool->super;
	int ret = 0;

	io->page = super->map_page;
	io->nr = 0;
	io->last = 0;
	io->seals = ~0u;
	while (io->nr < super->map_pages && !ret) {
		ret = read_page(io);
		if (!ret)
			ret = read_runs(io, fn, arg);
		add_seal(io);
	}
	if (!ret && ~io->seals != super->map_crc)
		ret = -ENOENT;
	return ret;
}

/**
 * kmemp_used_map_walk - the pages in use, as the saved map has them
 * @pool: opened, nothing committed since
 * @fn: called for each run
 * @arg: for @fn
 *
 * All of it is verified before @fn is called for the first time.
 *
 * Return: 0; -ENOENT: there is no map that counts, and @fn was not called; the
 * first nonzero return of @fn; -EUCLEAN where the medium changed meanwhile.
 */
int kmemp_used_map_walk(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg)
{
	struct map_io *io;
	int ret;

	if (!names_map(pool))
		return -ENOENT;
	io = new_io(pool);
	/* The walk does without. */
	if (!io)
		return -ENOENT;
	ret = read_map(io, NULL, NULL);
	if (!ret) {
		ret = read_map(io, fn, arg);
		if (ret == -ENOENT)
			ret = kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
					     "saved used map at page %llu has changed",
					     pool->super.map_page);
	}
	kfree(io);
	return ret;
}

/**
 * kmemp_used_map_drop - the saved map counts no more
 * @pool: the pool; writable
 *
 * Before anything of the format is stored. Durable at return. Context: with the
 * commit right.
 */
void kmemp_used_map_drop(struct kmemp_pool *pool)
{
	lockdep_assert_held(&pool->commit_lock);
	if (pool->super.map_pages)
		kmemp_state_write(pool->media, &pool->super);
}

/*
 * Writing
 */

/**
 * struct run_list - the runs of a map, as they will be written
 * @run: they, NULL: they are only counted
 * @room: runs there is memory for
 * @nr: how many there are
 */
struct run_list {
	__le64 *run;
	u64 room;
	u64 nr;
};

static void list_runs(struct run_list *list,
		      const struct kmemp_used_source *source)
{
	u64 page = 0, count, part;

	list->nr = 0;
	while (source->next(source->arg, &page, &count)) {
		for (; count; count -= part, page += part, list->nr++) {
			part = min(count, RUN_COUNT_MAX);
			if (list->nr < list->room)
				list->run[list->nr] =
					cpu_to_le64(page << KMEMP_USED_RUN_SHIFT |
						    part);
		}
	}
}

static int make_list(struct run_list *list,
		     const struct kmemp_used_source *source)
{
	list_runs(list, source);
	list->room = list->nr;
	list->run = kvmalloc_array(list->room + 1, sizeof(*list->run),
				   GFP_KERNEL);
	if (!list->run)
		return -ENOMEM;
	list_runs(list, source);
	/* Somebody took pages meanwhile: a map without them must not be. */
	return list->nr == list->room ? 0 : -EAGAIN;
}

static void write_page(struct map_io *io, const __le64 *run, u32 nr)
{
	struct kmemp_media *media = io->pool->media;
	u64 pos = page_pos(io);

	memset(&io->disk, 0, sizeof(io->disk));
	io->disk.nr = cpu_to_le32(nr);
	io->disk.sequence = cpu_to_le64(io->pool->super.confirmed);
	memcpy(io->disk.run, run, nr * sizeof(*run));
	io->disk.seal = seal_of(io);
	kmemp_media_write(media, pos, &io->disk, sizeof(io->disk));
	kmemp_media_flush(media, pos, sizeof(io->disk));
	add_seal(io);
}

static void write_list(struct map_io *io, const struct run_list *list)
{
	struct kmemp_super *super = &io->pool->super;
	u64 i;

	for (i = 0; i < list->nr; i += KMEMP_USED_RUNS)
		write_page(io, list->run + i,
			   min_t(u64, list->nr - i, KMEMP_USED_RUNS));
	/* The map, before the state line that names it. */
	kmemp_media_fence(io->pool->media);
	super->map_page = io->page;
	super->map_pages = io->nr;
	super->map_crc = ~io->seals;
	kmemp_state_write_map(io->pool->media, super);
}

/**
 * kmemp_used_map_save - write down which pages are in use
 * @pool: writable, of a format that keeps objects
 * @source: who knows them
 *
 * For the next opening, if nothing is stored before it. Where there is no room,
 * or no memory, or something has been committed since the pool retired, nothing
 * is saved. Durable at return. Context: with the commit right.
 */
void kmemp_used_map_save(struct kmemp_pool *pool,
			 const struct kmemp_used_source *source)
{
	struct run_list list = {};
	struct map_io *io;
	u64 pages;

	lockdep_assert_held(&pool->commit_lock);
	/*
	 * Who takes pages while they are listed has none of them mapped: its
	 * commit comes after us, and makes the map void before it stores.
	 */
	if (pool->newest != pool->super.confirmed || kmemp_wait_runs(pool) ||
	    !source->begin(source->arg))
		return;
	io = new_io(pool);
	if (io && !make_list(&list, source) && list.nr) {
		pages = (list.nr + KMEMP_USED_RUNS - 1) / KMEMP_USED_RUNS;
		if (pages <= U32_MAX)
			io->page = source->room(source->arg, pages);
		if (io->page)
			write_list(io, &list);
	}
	kvfree(list.run);
	kfree(io);
}

/**
 * kmemp_pool_save_used - save the used map of a pool that may yet be used
 * @pool: the pool
 * @source: who knows which pages are in use
 *
 * What was queued is committed first, and what waits is given back. Takes the
 * commit right. What is committed afterwards makes the map void.
 *
 * Return: 0, -EROFS, -EIO or -EUCLEAN.
 */
int kmemp_pool_save_used(struct kmemp_pool *pool,
			 const struct kmemp_used_source *source)
{
	int ret;

	if (!pool->format->commit)
		return 0;
	ret = kmemp_pool_retire(pool);
	if (ret)
		return ret;
	kmemp_commit_begin(pool);
	ret = kmemp_writable(pool);
	if (!ret)
		kmemp_used_map_save(pool, source);
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_save_used);

/*
 * Checking
 */

/**
 * struct leftout - what a check of the map looks for
 * @map: a bit for each page that the map has
 * @pages: of the pool
 * @page: the first one in use that the map has not, 0 for none
 */
struct leftout {
	u8 *map;
	u64 pages;
	u64 page;
};

static int set_bits(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct leftout *leftout = arg;

	for (; count--; page++)
		leftout->map[page / 8] |= 1 << page % 8;
	return 0;
}

/* What the format uses, again and again perhaps. */
static int check_bits(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	struct leftout *leftout = arg;

	for (; count-- && page < leftout->pages; page++)
		if (!leftout->page && !(leftout->map[page / 8] & 1 << page % 8))
			leftout->page = page;
	return 0;
}

/**
 * kmemp_used_map_check - has the saved map all that the format uses?
 * @pool: opened read-only
 * @findings: where to report
 *
 * Return: 0 when it ran to its end; -ENOMEM; what the format's walk returns.
 */
int kmemp_used_map_check(struct kmemp_pool *pool,
			 const struct kmemp_findings *findings)
{
	struct leftout leftout = { .pages = pool->super.pool_pages };
	int ret;

	if (!names_map(pool))
		return 0;
	leftout.map = kvzalloc(leftout.pages / 8 + 1, GFP_KERNEL);
	if (!leftout.map)
		return -ENOMEM;
	ret = kmemp_used_map_walk(pool, set_bits, &leftout);
	if (ret == -ENOENT)
		findings->finding(findings->arg, KMEMP_NOTE, 0,
				  pool->super.map_page << KMEMP_PAGE_SHIFT,
				  "the saved used map is damaged; the next bind does without");
	else if (!ret)
		ret = pool->format->for_each_used(pool, check_bits, &leftout);
	if (leftout.page)
		findings->finding(findings->arg, KMEMP_FATAL, 0,
				  leftout.page << KMEMP_PAGE_SHIFT,
				  "the saved used map leaves out a page that is in use");
	kvfree(leftout.map);
	return ret == -ENOENT ? 0 : ret;
}
