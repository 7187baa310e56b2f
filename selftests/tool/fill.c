// SPDX-License-Identifier: GPL-2.0
/*
 * fill IMAGE [crash | wrong]
 *
 * Gives a pool that is new, and of a format that keeps objects, something of
 * everything: a volume, extents of each kind, records with names that no
 * terminal should see, many records, an orphan, a bad page. With "crash" it ends
 * as a crash does, with the last batches in the redo alone. With "wrong" a pool of
 * format bitmap has, under seals that are right, pages in use that nothing owns, a
 * page that is in use and said to be free, and wrong counts.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/kernel.h>

#include <kmem_persist/format_volume.h>
#include <kmem_persist/pool.h>

#include "bitmap/bitmap.h"
#include "core/core.h"
#include "media_file.h"
#include "pages.h"

#define RECORDS		200

static struct kmemp_pool pool;
static struct pages pages;

static void need(int ret, const char *what)
{
	if (ret)
		errx(1, "%s: error %d", what, ret);
}

static u64 take(u32 nr)
{
	u32 count = nr;
	u64 page = pages_take(&pages, &count);

	need(page && count == nr ? 0 : -1, "free pages");
	return page;
}

static struct kmemp_batch *begin(void)
{
	struct kmemp_batch *batch = kmemp_batch_new(&pool);

	need(batch ? 0 : -1, "batch");
	return batch;
}

static void commit(struct kmemp_batch *batch)
{
	need(kmemp_batch_commit(batch), "commit");
	kmemp_batch_free(batch);
}

static void map(struct kmemp_batch *batch, u64 object, u64 offset, u32 count,
		u8 flags, u8 tag)
{
	struct kmemp_extent extent = {
		.offset = offset,
		.page = take(count),
		.count = count,
		.flags = flags,
		.tag = tag,
	};

	need(extent.page ? 0 : -1, "pages");
	need(kmemp_batch_map(batch, object, &extent), "map");
}

static void put(struct kmemp_batch *batch, u64 object, const char *name)
{
	need(kmemp_batch_put(batch, object, 7, name, strlen(name), "value", 5),
	     "put");
}

static void add_volume(u64 object)
{
	struct kmemp_batch *batch = begin();
	struct kmemp_disk_volume volume = {
		.object = cpu_to_le64(object),
		.pages = cpu_to_le64(32768),
		.block_size = cpu_to_le32(KMEMP_PAGE_SIZE),
	};

	need(kmemp_batch_put(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, "db", 2,
			     &volume, sizeof(volume)), "volume");
	map(batch, object, 0, 512, 0, 0);
	map(batch, object, 1000, 3, 0, 0);
	map(batch, object, 2000, 1, KMEMP_EXTENT_UNWRITTEN, 5);
	commit(batch);
}

static void add_records(u64 object)
{
	struct kmemp_batch *batch = begin();
	char name[16];
	int i;

	put(batch, object, "\033[2Jgone\n");
	put(batch, object, "\xff\xfe");
	put(batch, object, "a \"b\" \\c");
	put(batch, object, "café");
	put(batch, object, "");
	for (i = 0; i < RECORDS; i++) {
		/* So many fit into one batch of every format. */
		if (i % 20 == 0) {
			commit(batch);
			batch = begin();
		}
		snprintf(name, sizeof(name), "r%d", i);
		put(batch, object, name);
	}
	commit(batch);
}

static void add_orphan(u64 object)
{
	struct kmemp_batch *batch = begin();

	map(batch, object, 0, 100, 0, 0);
	put(batch, object, "orphan");
	commit(batch);
	batch = begin();
	need(kmemp_orphan_put(batch, object, KMEMP_ORPHAN_REMOVE, 0), "orphan");
	commit(batch);
}

/* Where the line of an object stands. */
static u64 object_pos(struct bitmap *bitmap, u64 id)
{
	struct kmemp_bitmap_anchor anchor;
	struct kmemp_bm_path path;
	struct kmemp_bm_tree tree;

	need(kmemp_bm_anchor_read(bitmap, true, &anchor), "anchor");
	need(kmemp_bm_tree_decode(bitmap, le64_to_cpu(anchor.objects),
				  BITMAP_OBJECT_LEAF_BITS, &tree), "tree");
	need(kmemp_bm_tree_next(bitmap, true, &tree, id, &path), "object");
	return kmemp_bm_pos(path.page[0], id % KMEMP_BITMAP_LINES *
			    KMEMP_LINE_SIZE);
}

/* What a repair puts right, the other way round. */
static void make_wrong(u64 object)
{
	struct bitmap *bitmap = kmemp_pool_private(&pool);
	struct kmemp_bm_mend mend = {};
	struct kmemp_overlay overlay = {};
	struct kmemp_batch batch = { .pool = &pool };
	struct kmemp_extent extent;

	need(kmemp_pool_next_extent(&pool, object, 0, 1, &extent), "extent");
	kmemp_commit_begin(&pool);
	need(kmemp_bm_mend_begin(bitmap, &mend), "begin");
	kmemp_bm_mend_bits(bitmap, &mend, take(1000), 1000,
			   true);
	kmemp_bm_mend_bits(bitmap, &mend, take(1) + 50, 1,
			   true);
	kmemp_bm_mend_bits(bitmap, &mend, extent.page, 1, false);
	kmemp_bm_mend_object(bitmap, &mend, object_pos(bitmap, object), 1, 2);
	bitmap->anchor.data_pages = cpu_to_le64(3);
	need(kmemp_bm_mend_end(bitmap, &mend) == 1 ? 0 : -1, "end");
	need(kmemp_commit_batch_locked(&batch, &overlay), "wrong");
	kmemp_commit_end(&pool);
}

int main(int argc, char **argv)
{
	struct kmemp_media_file file;
	u64 volume, id;

	if (argc < 2)
		errx(2, "usage: fill IMAGE [crash | wrong]");
	need(kmemp_media_file_open(&file, argv[1], false), "image");
	need(kmemp_pool_open(&pool, &file.media, false), "pool");
	need(pages_init(&pages, &pool), "used pages");
	kmemp_pool_set_source(&pool, &pages_source, &pages);
	need(kmemp_pool_new_id(&pool, &volume), "id");
	add_volume(volume);
	add_records(volume);
	need(kmemp_pool_new_id(&pool, &id), "id");
	add_orphan(id);
	need(kmemp_pool_mark_bad(&pool, take(1)), "bad page");
	if (argc > 2 && !strcmp(argv[2], "crash"))
		return 0;
	if (argc > 2)
		make_wrong(volume);
	kmemp_pool_close(&pool);
	pages_destroy(&pages);
	kmemp_media_file_close(&file);
	return 0;
}
