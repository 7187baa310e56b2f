// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of the format's own structures.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "bitmap.h"

static int say_object(struct bitmap *bitmap, u64 id,
		      const struct kmemp_findings *findings)
{
	struct kmemp_bm_object object;
	int ret = kmemp_bm_object_load(bitmap, false, id, &object);

	if (ret)
		return ret;
	kmemp_say(findings, "object %llu: %llu pages, %llu records", id,
		  object.nr_pages, object.nr_records);
	if (object.map)
		kmemp_say(findings, "  map: root page %llu, height %u",
			  kmemp_slot_page(object.map),
			  kmemp_slot_tag(object.map));
	if (object.records)
		kmemp_say(findings, "  records: %s page %llu",
			  kmemp_slot_flags(object.records) == KMEMP_BITMAP_CHILD ?
			  "trie" : "chain", kmemp_slot_page(object.records));
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_bm_describe(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings)
{
	struct bitmap *bitmap = kmemp_pool_private(pool);
	struct kmemp_bitmap_anchor anchor;
	u64 id;
	int ret;

	ret = kmemp_bm_anchor_read(bitmap, false, &anchor);
	if (ret)
		return ret;
	kmemp_say(findings, "ring: page %llu, tail %u, %u bytes to redo",
		  bitmap->ring.start >> KMEMP_PAGE_SHIFT, bitmap->ring.tail,
		  bitmap->ring.used);
	kmemp_say(findings, "newest batch: %llu, epoch %llu",
		  bitmap->ring.sequence - 1, bitmap->ring.epoch);
	kmemp_say(findings,
		  "anchor: page %llu; page bitmap: %llu pages from %llu",
		  bitmap->anchor_pos >> KMEMP_PAGE_SHIFT, bitmap->nr_bit_pages,
		  le64_to_cpu(anchor.bitmap));
	kmemp_say(findings, "used pages: %llu, of data: %llu; objects: %llu",
		  le64_to_cpu(anchor.used_pages), le64_to_cpu(anchor.data_pages),
		  le64_to_cpu(anchor.nr_objects));
	for (id = 0; !(ret = kmemp_bm_object_next(bitmap, false, &id)); id++) {
		ret = say_object(bitmap, id, findings);
		if (ret)
			return ret;
	}
	return ret == -ENOENT ? 0 : ret;
}
