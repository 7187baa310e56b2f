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
int kmemp_bm_line_slot(const struct bitmap *bitmap, u64 page, u32 index,
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

/* Words that are read at once behind the line where looking begins. */
#define SKIP_WORDS	(4 * KMEMP_LINE_WORDS)

/* The first of some words that is not 0, or how many there are. */
static u32 first_used(const u64 *words, u32 nr)
{
	u32 i = 0;

	while (i + 4 <= nr &&
	       !(words[i] | words[i + 1] | words[i + 2] | words[i + 3]))
		i += 4;
	while (i < nr && !words[i])
		i++;
	return i;
}

/* The first word of a page from *@index on that is not 0: -ENOENT for none. */
int kmemp_bm_skip_zeros(const struct bitmap *bitmap, bool staged, u64 page,
			u32 *index)
{
	u64 words[SKIP_WORDS];
	u32 i = *index, nr, used;
	int ret;

	while (i < KMEMP_BITMAP_SLOTS) {
		nr = KMEMP_LINE_WORDS - i % KMEMP_LINE_WORDS;
		if (i != *index && !(i % SKIP_WORDS))
			nr = SKIP_WORDS;
		ret = kmemp_bm_read(bitmap, staged, kmemp_bm_pos(page, i * 8),
				    words, nr * sizeof(*words));
		if (ret)
			return ret;
		used = first_used(words, nr);
		i += used;
		if (used < nr) {
			*index = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* The first used slot of a page from *@index on: -ENOENT for none. */
int kmemp_bm_next_slot(const struct bitmap *bitmap, bool staged, u64 page,
		       u32 *index, u64 *slot)
{
	int ret;

	if (*index >= KMEMP_BITMAP_SLOTS)
		return -ENOENT;
	/* Most often it is this one. */
	ret = kmemp_bm_load_slot(bitmap, staged,
				 kmemp_bm_pos(page, *index * 8), slot);
	if (ret || *slot)
		return ret;
	ret = kmemp_bm_skip_zeros(bitmap, staged, page, index);
	return ret ?: kmemp_bm_load_slot(bitmap, staged,
					 kmemp_bm_pos(page, *index * 8), slot);
}

/* Does a page, as staged, hold zeros alone? */
int kmemp_bm_page_empty(const struct bitmap *bitmap, u64 page, bool *empty)
{
	u32 index = 0;
	int ret = kmemp_bm_skip_zeros(bitmap, true, page, &index);

	*empty = ret == -ENOENT;
	return *empty ? 0 : ret;
}
