// SPDX-License-Identifier: GPL-2.0
/*
 * Page bitmap: which pages are used, and so must never be RAM.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bitmap.h"

/* Pages of page bitmap that a pool needs. */
u64 kmemp_bm_bits_pages(u64 pool_pages)
{
	return DIV_ROUND_UP(pool_pages, (u64)KMEMP_BITMAP_PAGE_BITS);
}

static void bit_flip(struct kmemp_bitmap_bits *line, u32 bit)
{
	line->bits[bit / 64] ^= cpu_to_le64(1ULL << bit % 64);
}

static void format_line(struct kmemp_pool *pool, u64 pos, void *line)
{
	__le32 seal = cpu_to_le32(kmemp_seal(pool, 0, 0, pos, line,
					     KMEMP_LINE_SIZE - sizeof(seal)));

	memcpy((u8 *)line + KMEMP_LINE_SIZE - sizeof(seal), &seal,
	       sizeof(seal));
	kmemp_media_write_fresh(kmemp_pool_media(pool), pos, line,
				KMEMP_LINE_SIZE);
}

/* Bits of the line that begins with @bit, of an empty pool. */
static void set_first(struct kmemp_bitmap_bits *line, u64 bit, u64 used,
		      u64 pages)
{
	u32 k;

	/* Of a large pool nearly all have none. */
	if (bit >= used && bit + KMEMP_BITMAP_LINE_BITS < pages)
		return;
	for (k = 0; k < KMEMP_BITMAP_LINE_BITS; k++)
		if (bit + k < used || bit + k == pages - 1)
			bit_flip(line, k);
}

/*
 * Write the bitmap of an empty pool to consecutive pages, flushed: the first
 * @used pages and the last one are in use.
 */
int kmemp_bm_bits_format(struct kmemp_pool *pool, u64 first_page, u64 used)
{
	u64 pages = kmemp_pool_pages(pool), nr = kmemp_bm_bits_pages(pages);
	u64 i, bit = 0;
	u32 line;

	for (i = 0; i < nr; i++) {
		u64 page = first_page + i;
		struct kmemp_bitmap_header header = {
			.next = cpu_to_le64(i + 1 < nr ? page + 1 : 0),
			.first = cpu_to_le64(bit),
		};

		format_line(pool, kmemp_bm_pos(page, 0), &header);
		for (line = 1; line < KMEMP_BITMAP_LINES; line++) {
			struct kmemp_bitmap_bits bits = {};

			set_first(&bits, bit, used, pages);
			bit += KMEMP_BITMAP_LINE_BITS;
			format_line(pool, kmemp_bm_pos(page, line *
						       KMEMP_LINE_SIZE), &bits);
		}
		kmemp_media_flush(kmemp_pool_media(pool), kmemp_bm_pos(page, 0),
				  KMEMP_PAGE_SIZE);
	}
	return 0;
}

/* Follow the chain once, so that a bit is found without walking it. */
int kmemp_bm_bits_open(struct bitmap *bitmap, u64 first_page)
{
	u64 nr = kmemp_bm_bits_pages(kmemp_pool_pages(bitmap->pool));
	struct kmemp_bitmap_header header;
	u64 i, page = first_page;
	int ret;

	bitmap->bit_pages = kvmalloc_array(nr, sizeof(*bitmap->bit_pages),
					   GFP_KERNEL);
	if (!bitmap->bit_pages)
		return -ENOMEM;
	bitmap->nr_bit_pages = nr;
	for (i = 0; i < nr; i++) {
		if (!kmemp_bm_page_valid(bitmap, page)) {
			ret = kmemp_bm_damaged(bitmap, "page bitmap's chain",
					       0, page);
			goto err_pages;
		}
		ret = kmemp_bm_read_line(bitmap, false, kmemp_bm_pos(page, 0),
					 &header, "page bitmap's header");
		if (ret)
			goto err_pages;
		if (le64_to_cpu(header.first) != i * KMEMP_BITMAP_PAGE_BITS) {
			ret = kmemp_bm_damaged(bitmap, "page bitmap's header",
					       kmemp_bm_pos(page, 0),
					       le64_to_cpu(header.first));
			goto err_pages;
		}
		bitmap->bit_pages[i] = page;
		page = le64_to_cpu(header.next);
	}
	if (!page)
		return 0;
	ret = kmemp_bm_damaged(bitmap, "page bitmap's chain", 0, page);
err_pages:
	kvfree(bitmap->bit_pages);
	return ret;
}

static u64 line_pos(const struct bitmap *bitmap, u64 page)
{
	u64 nr = page / KMEMP_BITMAP_PAGE_BITS;
	u32 line = page % KMEMP_BITMAP_PAGE_BITS / KMEMP_BITMAP_LINE_BITS + 1;

	return kmemp_bm_pos(bitmap->bit_pages[nr], line * KMEMP_LINE_SIZE);
}

/* Seal the line at hand, once for all that was changed in it. */
int kmemp_bm_bits_settle(struct bitmap *bitmap)
{
	u64 pos = bitmap->bits_pos;

	bitmap->bits_pos = 0;
	return pos ? kmemp_bm_write_line(bitmap, pos, &bitmap->bits) : 0;
}

/* Have the line at hand that has the bit of a page. */
static int have_line(struct bitmap *bitmap, u64 page)
{
	u64 pos = line_pos(bitmap, page);
	int ret;

	if (bitmap->bits_pos == pos)
		return 0;
	ret = kmemp_bm_bits_settle(bitmap);
	if (!ret)
		ret = kmemp_bm_read_line(bitmap, true, pos, &bitmap->bits,
					 "page bitmap");
	if (!ret)
		bitmap->bits_pos = pos;
	return ret;
}

/*
 * The bits of @nr pages from @page on, which stand in one word. It is staged at
 * once, so that lines are in the order in which they were changed.
 */
static int flip(struct bitmap *bitmap, u64 page, u32 nr, bool use)
{
	u32 bit = page % KMEMP_BITMAP_PAGE_BITS % KMEMP_BITMAP_LINE_BITS;
	u64 mask = U64_MAX >> (64 - nr) << bit % 64, wrong;
	__le64 *word = &bitmap->bits.bits[bit / 64];
	u64 pos = bitmap->bits_pos;

	wrong = (use ? le64_to_cpu(*word) : ~le64_to_cpu(*word)) & mask;
	if (wrong) {
		for (; !(wrong >> bit % 64 & 1); bit++, page++)
			;
		bitmap->bits_pos = 0;
		return kmemp_bm_damaged(bitmap, use ? "page in use already" :
						      "page not in use", pos,
					page);
	}
	*word ^= cpu_to_le64(mask);
	return kmemp_bm_store(bitmap, pos + bit / 64 * 8, le64_to_cpu(*word));
}

/*
 * Pages come into use or go out of it. One that is already as it shall become
 * has two owners, or none: the batch must not become true. A line is sealed by
 * kmemp_bm_bits_settle(), or when another one is at hand.
 */
int kmemp_bm_bits_change(struct bitmap *bitmap, u64 page, u64 count, bool use)
{
	u64 used = le64_to_cpu(bitmap->anchor.used_pages);
	u32 nr;
	int ret;

	bitmap->anchor.used_pages = cpu_to_le64(use ? used + count :
						      used - count);
	for (; count; count -= nr, page += nr) {
		nr = min_t(u64, count, 64 - page % KMEMP_BITMAP_PAGE_BITS % 64);
		ret = have_line(bitmap, page);
		if (!ret)
			ret = flip(bitmap, page, nr, use);
		if (ret)
			return ret;
	}
	return 0;
}

/* Runs of set bits, across lines. */
struct run {
	kmemp_used_fn fn;
	void *arg;
	u64 page;
	u64 count;
};

static int run_end(struct run *run)
{
	int ret = 0;

	if (run->count)
		ret = run->fn(run->arg, run->page, run->count, KMEMP_USE_ANY);
	run->count = 0;
	return ret;
}

static int run_add(struct run *run, u64 page, u64 count, bool used)
{
	if (!used)
		return run_end(run);
	if (!run->count)
		run->page = page;
	run->count += count;
	return 0;
}

/* Most words are of one kind: a large pool has too many bits to look at each. */
static int run_line(struct run *run, u64 page, u64 pages,
		    const struct kmemp_bitmap_bits *line)
{
	u32 i, k, nr;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(line->bits) && page < pages && !ret; i++) {
		u64 word = le64_to_cpu(line->bits[i]);

		nr = min_t(u64, 64, pages - page);
		if (!word || (word == U64_MAX && nr == 64)) {
			ret = run_add(run, page, nr, word);
			page += nr;
		} else {
			for (k = 0; k < nr && !ret; k++, page++)
				ret = run_add(run, page, 1, word >> k & 1);
		}
	}
	return ret;
}

/* Every line is verified: a flipped bit must not give a live page to RAM. */
int kmemp_bm_bits_for_each(struct bitmap *bitmap, kmemp_used_fn fn, void *arg)
{
	u64 page, pages = kmemp_pool_pages(bitmap->pool);
	struct run run = { .fn = fn, .arg = arg };
	int ret;

	for (page = 0; page < pages; page += KMEMP_BITMAP_LINE_BITS) {
		struct kmemp_bitmap_bits line;

		ret = kmemp_bm_read_line(bitmap, false, line_pos(bitmap, page),
					 &line, "page bitmap");
		if (!ret)
			ret = run_line(&run, page, pages, &line);
		if (ret)
			return ret;
	}
	return run_end(&run);
}
