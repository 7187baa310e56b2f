// SPDX-License-Identifier: GPL-2.0
/*
 * What a check found wrong and redundant, put right: bits of the page bitmap, and
 * counts.
 *
 * It is staged, and becomes true with the commit that follows. A step stages as
 * much as one entry of the ring can hold.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "bitmap.h"

/* Far fewer than an entry can hold, at 72 bytes each. */
#define STEP_LINES	1024u
/* The anchor, and lines at both ends of a run. */
#define FEW_LINES	8u

int kmemp_bm_mend_begin(struct bitmap *bitmap, struct kmemp_bm_mend *mend)
{
	int ret;

	mend->lines = STEP_LINES;
	ret = kmemp_patch_prepare(&bitmap->patch, STEP_LINES + FEW_LINES);
	return ret ?: kmemp_bm_anchor_read(bitmap, true, &bitmap->anchor);
}

/* May so many lines be staged yet? If not, the next step does it. */
static bool spend(struct kmemp_bm_mend *mend, u64 lines)
{
	if (mend->error)
		return false;
	if (mend->lines < lines) {
		mend->more = true;
		return false;
	}
	mend->lines -= lines;
	mend->staged = true;
	return true;
}

/* Pages that shall be used, or not; they are the other thing now. */
void kmemp_bm_mend_bits(struct bitmap *bitmap, struct kmemp_bm_mend *mend,
			u64 page, u64 count, bool use)
{
	while (count) {
		u64 nr = min_t(u64, count, KMEMP_BITMAP_LINE_BITS);

		if (!spend(mend, 2))
			return;
		mend->error = kmemp_bm_bits_change(bitmap, page, nr, use) ?:
			      kmemp_bm_bits_settle(bitmap);
		page += nr;
		count -= nr;
	}
}

void kmemp_bm_mend_object(struct bitmap *bitmap, struct kmemp_bm_mend *mend,
			  u64 pos, u64 nr_pages, u64 nr_records)
{
	struct kmemp_bitmap_object disk;

	if (!spend(mend, 1))
		return;
	mend->error = kmemp_bm_read_line(bitmap, true, pos, &disk, "object");
	if (mend->error)
		return;
	disk.nr_pages = cpu_to_le64(nr_pages);
	disk.nr_records = cpu_to_le64(nr_records);
	mend->error = kmemp_bm_write_line(bitmap, pos, &disk);
}

/* The last thing of a step; @bitmap->anchor is as it shall be. */
int kmemp_bm_mend_end(struct bitmap *bitmap, struct kmemp_bm_mend *mend)
{
	if (!mend->error && mend->staged)
		mend->error = kmemp_bm_write_line(bitmap, bitmap->anchor_pos,
						  &bitmap->anchor);
	return mend->error ?: mend->staged;
}
