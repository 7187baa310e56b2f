/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A medium for tests of the superblock: a large device of which only some
 * pages were ever stored to, that can lose power between two words and have
 * pages that cannot be read.
 *
 * Stores take effect in program order, in words of 8 bytes. What a cache does
 * to that order is another back end's matter.
 */
#ifndef KMEMP_UNIT_MEDIA_CUT_H
#define KMEMP_UNIT_MEDIA_CUT_H

#include <kmem_persist/format.h>
#include <kmem_persist/media.h>

#define CUT_PAGES	16
#define CUT_BAD		4
#define CUT_NEVER	(~0ULL)

/**
 * struct media_cut - the medium; a plain value, copied to save and restore it
 * @media: what the core sees
 * @nr_pages: entries of @index and @data
 * @index: page index; every other page is zeros
 * @data: content of the page
 * @nr_bad: entries of @bad
 * @bad: pages that cannot be read
 * @words_left: words that will still be stored
 * @words: words that were asked to be stored
 */
struct media_cut {
	struct kmemp_media media;
	unsigned int nr_pages;
	u64 index[CUT_PAGES];
	u8 data[CUT_PAGES][KMEMP_PAGE_SIZE];
	unsigned int nr_bad;
	u64 bad[CUT_BAD];
	u64 words_left;
	u64 words;
};

void media_cut_init(struct media_cut *cut, u64 pages);
u8 *media_cut_page(struct media_cut *cut, u64 page);
void media_cut_resize(struct media_cut *cut, u64 pages);
bool media_cut_same(struct media_cut *a, struct media_cut *b);

#endif /* KMEMP_UNIT_MEDIA_CUT_H */
