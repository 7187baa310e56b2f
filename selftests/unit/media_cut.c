// SPDX-License-Identifier: GPL-2.0
/*
 * A medium that can lose power, see media_cut.h.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "media_cut.h"

static struct media_cut *to_cut(struct kmemp_media *media)
{
	return container_of(media, struct media_cut, media);
}

static u8 *find_page(struct media_cut *cut, u64 page)
{
	unsigned int i;

	for (i = 0; i < cut->nr_pages; i++)
		if (cut->index[i] == page)
			return cut->data[i];
	return NULL;
}

/**
 * media_cut_page - the bytes of a page, to look at and to damage
 * @cut: the medium
 * @page: page index
 *
 * Return: its bytes.
 */
u8 *media_cut_page(struct media_cut *cut, u64 page)
{
	u8 *data = find_page(cut, page);

	if (data)
		return data;
	if (cut->nr_pages == CUT_PAGES)
		abort();
	cut->index[cut->nr_pages] = page;
	data = cut->data[cut->nr_pages++];
	memset(data, 0, KMEMP_PAGE_SIZE);
	return data;
}

static int cut_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct media_cut *cut = to_cut(media);
	unsigned int i;

	while (len) {
		u64 page = pos / KMEMP_PAGE_SIZE;
		size_t offset = pos % KMEMP_PAGE_SIZE;
		size_t n = min_t(size_t, len, KMEMP_PAGE_SIZE - offset);
		const u8 *data = find_page(cut, page);

		for (i = 0; i < cut->nr_bad; i++)
			if (cut->bad[i] == page)
				return -EIO;
		if (data)
			memcpy(dst, data + offset, n);
		else
			memset(dst, 0, n);
		dst = (u8 *)dst + n;
		pos += n;
		len -= n;
	}
	return 0;
}

static void store_word(struct media_cut *cut, u64 pos, const void *src,
		       size_t len)
{
	cut->words++;
	if (!cut->words_left)
		return;
	if (cut->words_left != CUT_NEVER)
		cut->words_left--;
	memcpy(media_cut_page(cut, pos / KMEMP_PAGE_SIZE) +
	       pos % KMEMP_PAGE_SIZE, src, len);
}

static void cut_write(struct kmemp_media *media, u64 pos, const void *src,
		      size_t len)
{
	while (len) {
		size_t n = min_t(size_t, len, 8 - pos % 8);

		store_word(to_cut(media), pos, src, n);
		src = (const u8 *)src + n;
		pos += n;
		len -= n;
	}
}

static void cut_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	__le64 raw = __cpu_to_le64(value);

	cut_write(media, pos, &raw, sizeof(raw));
}

static void cut_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	u8 word[8];

	memset(word, byte, sizeof(word));
	while (len) {
		size_t n = min_t(size_t, len, 8 - pos % 8);

		store_word(to_cut(media), pos, word, n);
		pos += n;
		len -= n;
	}
}

static void cut_flush(struct kmemp_media *media, u64 pos, size_t len)
{
}

static void cut_fence(struct kmemp_media *media)
{
}

static const struct kmemp_media_ops cut_ops = {
	.read = cut_read,
	.store64 = cut_store64,
	.write = cut_write,
	.write_fresh = cut_write,
	.fill = cut_fill,
	.flush = cut_flush,
	.fence = cut_fence,
};

/**
 * media_cut_init - a device of zeros
 * @cut: filled in
 * @pages: its size
 */
void media_cut_init(struct media_cut *cut, u64 pages)
{
	memset(cut, 0, sizeof(*cut));
	cut->media.ops = &cut_ops;
	cut->media.size = pages * KMEMP_PAGE_SIZE;
	cut->words_left = CUT_NEVER;
}

/**
 * media_cut_resize - change the size
 * @cut: the medium
 * @pages: new size; pages beyond it are lost
 */
void media_cut_resize(struct media_cut *cut, u64 pages)
{
	unsigned int i;

	cut->media.size = pages * KMEMP_PAGE_SIZE;
	for (i = 0; i < cut->nr_pages; i++)
		if (cut->index[i] >= pages)
			memset(cut->data[i], 0, KMEMP_PAGE_SIZE);
}

static bool has_pages_of(struct media_cut *a, const struct media_cut *b)
{
	static const u8 zeros[KMEMP_PAGE_SIZE];
	unsigned int i;
	u8 *data;

	for (i = 0; i < b->nr_pages; i++) {
		data = find_page(a, b->index[i]);
		if (memcmp(data ?: zeros, b->data[i], KMEMP_PAGE_SIZE))
			return false;
	}
	return true;
}

/**
 * media_cut_same - do two media hold the same bytes?
 * @a: a medium
 * @b: another
 *
 * Return: true if they do.
 */
bool media_cut_same(struct media_cut *a, struct media_cut *b)
{
	return a->media.size == b->media.size && has_pages_of(a, b) &&
	       has_pages_of(b, a);
}
