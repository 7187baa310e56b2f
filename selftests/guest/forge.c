// SPDX-License-Identifier: GPL-2.0
/*
 * forge FILE OFFSET MIN MAX
 *
 * Makes the medium that no tool of ours would make: in FILE, a pool of format
 * bitmap, the first object of a front end gets metadata pages of the pool
 * itself as data, one after the other from page offset OFFSET on; those from
 * page MIN to before page MAX. Every seal is right. Prints how many. Runs on
 * the host, over the very sources of the format.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include <kmem_persist/format.h>
#include <kmem_persist/pool.h>

#include "media_file.h"

/* What the pool has in use; a byte a page. */
static unsigned char *used;
static u64 nr_pages;

enum { FREE, METADATA, DATA };

static int note_used(void *arg, u64 page, u64 count, enum kmemp_use use)
{
	(void)arg;
	(void)use;
	while (count--)
		used[page++] = METADATA;
	return 0;
}

static int take(void *arg, u64 *pages, u32 nr, bool adds)
{
	u64 page = nr_pages;

	(void)arg;
	(void)adds;
	while (nr) {
		if (!page)
			return -ENOSPC;
		if (used[--page] == FREE) {
			used[page] = METADATA;
			pages[--nr] = page;
		}
	}
	return 0;
}

static void give(void *arg, u64 page, u64 count)
{
	(void)arg;
	while (count--)
		used[page++] = FREE;
}

static const struct kmemp_page_source source = { .take = take, .give = give };

/* The bitmap does not tell data from metadata: the objects do. */
static void note_data(struct kmemp_pool *pool, u64 *first)
{
	u64 id;
	int ret;

	*first = 0;
	for (id = 1; !(ret = kmemp_pool_next_object(pool, &id)); id++) {
		struct kmemp_extent extent;
		u64 offset = 0;

		if (id >= KMEMP_OBJ_FIRST && !*first)
			*first = id;
		while (!kmemp_pool_next_extent(pool, id, offset,
					       KMEMP_MAX_OBJECT_PAGES,
					       &extent)) {
			u64 i;

			for (i = 0; i < extent.count; i++)
				used[extent.page + i] = DATA;
			offset = extent.offset + extent.count;
		}
	}
	if (ret != -ENOENT || !*first)
		errx(1, "no object, or its list ends with error %d", ret);
}

static unsigned long forge(struct kmemp_pool *pool, u64 object, u64 offset,
			   u64 page, u64 max)
{
	unsigned long nr = 0;

	for (; page < max && page < nr_pages; page++) {
		struct kmemp_extent extent = {
			.offset = offset + nr,
			.page = page,
			.count = 1,
		};
		struct kmemp_batch *batch;

		if (used[page] != METADATA)
			continue;
		batch = kmemp_batch_new(pool);
		if (!batch || kmemp_batch_map(batch, object, &extent) ||
		    kmemp_batch_commit(batch))
			errx(1, "page %llu cannot be mapped", page);
		kmemp_batch_free(batch);
		nr++;
	}
	return nr;
}

int main(int argc, char **argv)
{
	static struct kmemp_media_file file;
	static struct kmemp_pool pool;
	u64 object;
	int ret;

	if (argc != 5)
		errx(2, "usage: forge FILE OFFSET MIN MAX");
	ret = kmemp_media_file_open(&file, argv[1], false);
	if (!ret)
		ret = kmemp_pool_open(&pool, &file.media, false);
	if (ret)
		errx(1, "%s: error %d", argv[1], ret);
	nr_pages = kmemp_pool_pages(&pool);
	used = calloc(nr_pages, 1);
	if (!used || kmemp_pool_walk_used(&pool, note_used, NULL))
		errx(1, "the used pages cannot be found");
	note_data(&pool, &object);
	kmemp_pool_set_source(&pool, &source, NULL);
	printf("%lu\n", forge(&pool, object, strtoull(argv[2], NULL, 0),
			      strtoull(argv[3], NULL, 0),
			      strtoull(argv[4], NULL, 0)));
	kmemp_pool_close(&pool);
	kmemp_media_file_close(&file);
	free(used);
	return 0;
}
