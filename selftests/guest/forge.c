// SPDX-License-Identifier: GPL-2.0
/*
 * forge FILE STEP SPLIT
 *
 * Makes the medium that no tool of ours would make. FILE is a pool of format
 * bitmap; of the first object of a front end the pages at multiples of STEP
 * are looked at, as far as they are extents of one page. Those at page offsets
 * below SPLIT get, instead of their pages, metadata: the pages in which the
 * map has the slots of those from SPLIT on. Every check is right. Prints how
 * many. Runs on the host, over the very sources of the format.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include <kmem_persist/format.h>
#include <kmem_persist/pool.h>
#include <kmem_persist/ring.h>

#include "media_file.h"

#define MAX_PAGES	1000u

/* Extents of one page, in order of their offsets. */
static struct kmemp_extent found[MAX_PAGES];
static unsigned int nr_found;

static u64 first_object(struct kmemp_pool *pool)
{
	u64 id = KMEMP_OBJ_FIRST;
	int ret = kmemp_pool_next_object(pool, &id);

	if (ret)
		errx(1, "no object: error %d", ret);
	return id;
}

static void find_extents(struct kmemp_pool *pool, u64 step)
{
	u64 object = first_object(pool), offset = 0;
	struct kmemp_extent extent;

	while (!kmemp_pool_next_extent(pool, object, offset,
				       KMEMP_MAX_OBJECT_PAGES, &extent)) {
		offset = extent.offset + extent.count;
		if (extent.count == 1 && extent.offset % step == 0 &&
		    nr_found < MAX_PAGES)
			found[nr_found++] = extent;
	}
}

/* Where the map has the slot of an extent: a word that only a slot can be. */
static __le64 *find_slot(const struct kmemp_media_file *file,
			 const struct kmemp_extent *extent)
{
	__le64 slot = cpu_to_le64(kmemp_slot_make(extent->page, extent->flags,
						  extent->tag));
	__le64 *word = (__le64 *)file->base;
	__le64 *end = word + file->media.size / sizeof(*word);

	/* Not in the ring, which lies at the beginning. */
	for (word += 512 * KMEMP_PAGE_SIZE / sizeof(*word); word < end; word++)
		if (*word == slot)
			return word;
	errx(1, "page %llu: its slot is not there", extent->page);
}

static u64 page_of(const struct kmemp_media_file *file, const __le64 *word)
{
	return (u64)((const unsigned char *)word - file->base) >>
	       KMEMP_PAGE_SHIFT;
}

int main(int argc, char **argv)
{
	static struct kmemp_media_file file;
	static struct kmemp_pool pool;
	unsigned int i, k = 0, nr = 0;
	u64 split;
	int ret;

	if (argc != 4)
		errx(2, "usage: forge FILE STEP SPLIT");
	split = strtoull(argv[3], NULL, 0);
	ret = kmemp_media_file_open(&file, argv[1], false);
	if (!ret)
		ret = kmemp_pool_open(&pool, &file.media, false);
	if (ret)
		errx(1, "%s: error %d", argv[1], ret);
	find_extents(&pool, strtoull(argv[2], NULL, 0) ?: 1);
	kmemp_pool_close(&pool);
	while (k < nr_found && found[k].offset < split)
		k++;
	for (i = 0; k < nr_found && found[i].offset < split; i++, k++) {
		u64 page = page_of(&file, find_slot(&file, &found[k]));

		*find_slot(&file, &found[i]) =
			cpu_to_le64(kmemp_slot_make(page, found[i].flags,
						    found[i].tag));
		nr++;
	}
	printf("%u\n", nr);
	kmemp_media_file_close(&file);
	return 0;
}
