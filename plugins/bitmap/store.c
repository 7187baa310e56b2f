// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and staging words, lines and pages.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "bitmap.h"

/* Say what is wrong, and where. */
int kmemp_bm_damaged(const struct bitmap *bitmap, const char *what, u64 pos,
		     u64 found)
{
	return kmemp_damaged(bitmap->pool, bitmap->findings, bitmap->object,
			     what, pos, found);
}

/* May metadata lie in this page, or an object map it? */
bool kmemp_bm_page_valid(const struct bitmap *bitmap, u64 page)
{
	return page && page < kmemp_pool_pages(bitmap->pool) - 1;
}

int kmemp_bm_read(const struct bitmap *bitmap, bool staged, u64 pos, void *dst,
		  size_t len)
{
	int ret = kmemp_patch_read(&bitmap->patch, staged, pos, dst, len);

	if (ret && bitmap->findings)
		bitmap->findings->finding(bitmap->findings->arg, KMEMP_LOSS,
					  bitmap->object, pos,
					  "cannot be read");
	return ret;
}

int kmemp_bm_write(struct bitmap *bitmap, u64 pos, const void *src, size_t len)
{
	int ret = kmemp_patch_write(&bitmap->patch, pos, src, len);

	/* kmemp_bm_prepare() was wrong. */
	if (WARN_ON_ONCE(ret == -ENOMEM))
		return -EUCLEAN;
	return ret;
}

/* A slot whose check is right, and which names a page of the pool, or 0. */
int kmemp_bm_slot_check(const struct bitmap *bitmap, u64 pos, u64 slot)
{
	if (slot && (!kmemp_slot_valid(slot) ||
		     !kmemp_bm_page_valid(bitmap, kmemp_slot_page(slot))))
		return kmemp_bm_damaged(bitmap, "slot", pos, slot);
	return 0;
}

int kmemp_bm_load_slot(const struct bitmap *bitmap, bool staged, u64 pos,
		       u64 *slot)
{
	__le64 raw;
	int ret = kmemp_bm_read(bitmap, staged, pos, &raw, sizeof(raw));

	if (ret)
		return ret;
	*slot = le64_to_cpu(raw);
	return kmemp_bm_slot_check(bitmap, pos, *slot);
}

/*
 * Slot @index of a page, of all in turn: @line is kept from one to the next. In
 * a line that cannot be read there is none.
 */
int kmemp_bm_next_slot(const struct bitmap *bitmap, u64 page, u32 index,
		       __le64 *line, u64 *slot)
{
	u64 pos = kmemp_bm_pos(page, index * 8);

	if (index % KMEMP_LINE_WORDS == 0 &&
	    kmemp_bm_read(bitmap, false, pos, line, KMEMP_LINE_SIZE))
		memset(line, 0, KMEMP_LINE_SIZE);
	*slot = le64_to_cpu(line[index % KMEMP_LINE_WORDS]);
	return kmemp_bm_slot_check(bitmap, pos, *slot);
}

int kmemp_bm_store(struct bitmap *bitmap, u64 pos, u64 word)
{
	__le64 raw = cpu_to_le64(word);

	return kmemp_bm_write(bitmap, pos, &raw, sizeof(raw));
}

#define LINE_SEAL	(KMEMP_LINE_SIZE - sizeof(__le32))

static u32 line_seal(const struct bitmap *bitmap, u64 pos, const void *line)
{
	return kmemp_seal(bitmap->pool, 0, 0, pos, line, LINE_SEAL);
}

/* A line that ends with a seal. */
int kmemp_bm_read_line(const struct bitmap *bitmap, bool staged, u64 pos,
		       void *line, const char *what)
{
	__le32 seal;
	int ret = kmemp_bm_read(bitmap, staged, pos, line, KMEMP_LINE_SIZE);

	if (ret)
		return ret;
	memcpy(&seal, (u8 *)line + LINE_SEAL, sizeof(seal));
	if (le32_to_cpu(seal) != line_seal(bitmap, pos, line))
		return kmemp_bm_damaged(bitmap, what, pos, le32_to_cpu(seal));
	return 0;
}

/* Stage a line, sealing it. */
int kmemp_bm_write_line(struct bitmap *bitmap, u64 pos, void *line)
{
	__le32 seal = cpu_to_le32(line_seal(bitmap, pos, line));

	memcpy((u8 *)line + LINE_SEAL, &seal, sizeof(seal));
	return kmemp_bm_write(bitmap, pos, line, KMEMP_LINE_SIZE);
}

int kmemp_bm_anchor_read(const struct bitmap *bitmap, bool staged,
			 struct kmemp_bitmap_anchor *anchor)
{
	return kmemp_bm_read_line(bitmap, staged, bitmap->anchor_pos, anchor,
				  "anchor");
}

/* A page of zeros for metadata. */
int kmemp_bm_page_get(struct bitmap *bitmap, u64 *page)
{
	int ret;

	*page = kmemp_meta_get(bitmap->batch);
	if (!kmemp_bm_page_valid(bitmap, *page))
		return -EUCLEAN;
	ret = kmemp_bm_bits_change(bitmap, *page, 1, true);
	if (ret)
		return ret;
	ret = kmemp_patch_zero(&bitmap->patch, *page);
	return WARN_ON_ONCE(ret) ? -EUCLEAN : 0;
}

/* Redo may still store into it: it waits in the core until the ring retires. */
int kmemp_bm_page_put(struct bitmap *bitmap, u64 page)
{
	int ret = kmemp_bm_bits_change(bitmap, page, 1, false);

	if (!ret)
		kmemp_meta_put(bitmap->batch, page);
	return ret;
}

/* Does a page, as staged, hold zeros alone? */
int kmemp_bm_page_empty(const struct bitmap *bitmap, u64 page, bool *empty)
{
	u8 line[KMEMP_LINE_SIZE];
	u32 offset;
	int ret;

	*empty = false;
	for (offset = 0; offset < KMEMP_PAGE_SIZE; offset += sizeof(line)) {
		ret = kmemp_bm_read(bitmap, true, kmemp_bm_pos(page, offset), line,
				    sizeof(line));
		if (ret)
			return ret;
		if (memchr_inv(line, 0, sizeof(line)))
			return 0;
	}
	*empty = true;
	return 0;
}
