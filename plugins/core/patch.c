// SPDX-License-Identifier: GPL-2.0
/*
 * Patch: the lines that were stored into since the ring was last retired, see
 * <kmem_persist/ring.h>.
 *
 * A line enters with its contents from the medium when it is first written,
 * and stays until the patch is emptied: while it is here it is also the list of
 * what retiring has to flush. A word that is written with what it holds already
 * is not stored: what it holds is durable, or in an entry that redo still has.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ring.h"

/* Some thousand lines are usual: most are looked for in vain, in few steps. */
#define PATCH_HEADS	16384u
#define PATCH_CHUNKS	(KMEMP_PATCH_LINES / KMEMP_PATCH_CHUNK)
/* Chunks that are kept for the next batches when the patch is emptied. */
#define PATCH_KEEP	16u

static u32 head_of(u64 where, bool page)
{
	return ((where * 0x9e3779b97f4a7c15ULL) >> 40 ^ page) % PATCH_HEADS;
}

/* The line's index + 1, and the line; 0 where it is not here. */
static inline u32 find_index(const struct kmemp_patch *patch, u64 where,
			     bool page, struct kmemp_patch_line **line)
{
	u32 next = patch->heads[head_of(where, page)];

	while (next) {
		*line = kmemp_patch_line(patch, next - 1);
		if ((*line)->where == where && (*line)->page == page)
			break;
		next = (*line)->chain;
	}
	return next;
}

static struct kmemp_patch_line *find(const struct kmemp_patch *patch,
				     u64 where, bool page)
{
	struct kmemp_patch_line *line;

	return find_index(patch, where, page, &line) ? line : NULL;
}

/* Likewise; 0 where there is no memory for it. */
static u32 add(struct kmemp_patch *patch, u64 where, bool page,
	       struct kmemp_patch_line **line)
{
	u32 *head = &patch->heads[head_of(where, page)];

	if (patch->nr == patch->room)
		return 0;
	*line = kmemp_patch_line(patch, patch->nr);
	(*line)->where = where;
	(*line)->page = page;
	(*line)->staged = false;
	(*line)->dirty = 0;
	(*line)->chain = *head;
	*head = ++patch->nr;
	return *head;
}

/* To the end of the list, so that a page is zeroed before it is stored into. */
static void stage(struct kmemp_patch *patch, u32 index)
{
	struct kmemp_patch_line *line = kmemp_patch_line(patch, index - 1);

	if (line->staged)
		return;
	line->staged = true;
	line->next = 0;
	patch->staged++;
	patch->zeroed += line->page;
	if (patch->last)
		kmemp_patch_line(patch, patch->last - 1)->next = index;
	else
		patch->first = index;
	patch->last = index;
}

/* What lines that are not here will hold, or hold. */
static int read_below(const struct kmemp_patch *patch, u64 pos, void *dst,
		      size_t len)
{
	const struct kmemp_patch_line *page;

	if (patch->zeroed) {
		page = find(patch, pos >> KMEMP_PAGE_SHIFT, true);
		if (page && page->staged) {
			memset(dst, 0, len);
			return 0;
		}
	}
	return kmemp_media_read(kmemp_pool_media(patch->pool), pos, dst, len);
}

/**
 * kmemp_patch_init - make an empty patch
 * @patch: filled in
 * @pool: whose
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_patch_init(struct kmemp_patch *patch, struct kmemp_pool *pool)
{
	memset(patch, 0, sizeof(*patch));
	patch->pool = pool;
	patch->heads = kvcalloc(PATCH_HEADS, sizeof(*patch->heads), GFP_KERNEL);
	if (!patch->heads)
		return -ENOMEM;
	patch->chunks = kvcalloc(PATCH_CHUNKS, sizeof(*patch->chunks),
				 GFP_KERNEL);
	if (!patch->chunks) {
		kvfree(patch->heads);
		return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_patch_init);

static void shrink(struct kmemp_patch *patch, u32 chunks)
{
	while (patch->room > chunks * KMEMP_PATCH_CHUNK) {
		patch->room -= KMEMP_PATCH_CHUNK;
		kfree(patch->chunks[patch->room / KMEMP_PATCH_CHUNK]);
	}
}

/**
 * kmemp_patch_destroy - free a patch
 * @patch: as initialised
 */
void kmemp_patch_destroy(struct kmemp_patch *patch)
{
	shrink(patch, 0);
	kvfree(patch->chunks);
	kvfree(patch->heads);
}
EXPORT_SYMBOL_GPL(kmemp_patch_destroy);

/**
 * kmemp_patch_prepare - have memory for more lines
 * @patch: the patch
 * @lines: that may be written anew before the next call
 *
 * Return: 0; -ENOMEM; -ENOSPC where the ring has to be retired first.
 */
int kmemp_patch_prepare(struct kmemp_patch *patch, u32 lines)
{
	if (lines > KMEMP_PATCH_LINES - patch->nr)
		return -ENOSPC;
	while (patch->room - patch->nr < lines) {
		struct kmemp_patch_line *chunk;

		chunk = kmalloc_array(KMEMP_PATCH_CHUNK, sizeof(*chunk),
				      GFP_NOIO);
		if (!chunk)
			return -ENOMEM;
		patch->chunks[patch->room / KMEMP_PATCH_CHUNK] = chunk;
		patch->room += KMEMP_PATCH_CHUNK;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_patch_prepare);

/**
 * kmemp_patch_read - read what the medium holds or will hold
 * @patch: the patch
 * @staged: what it will hold; only with the commit right
 * @pos: byte position, a multiple of 8
 * @dst: where to
 * @len: bytes, a multiple of 8
 *
 * Return: 0 or -EIO.
 */
int kmemp_patch_read(const struct kmemp_patch *patch, bool staged, u64 pos,
		     void *dst, size_t len)
{
	int ret;

	if (!staged && !patch->overlay)
		return kmemp_media_read(kmemp_pool_media(patch->pool), pos, dst,
					len);
	while (len) {
		size_t part = pos % KMEMP_LINE_SIZE;
		size_t chunk = min_t(size_t, len, KMEMP_LINE_SIZE - part);
		u64 where = pos / KMEMP_LINE_SIZE;
		const struct kmemp_patch_line *line = find(patch, where, false);

		if (line) {
			memcpy(dst, (const u8 *)line->words + part, chunk);
		} else {
			ret = read_below(patch, pos, dst, chunk);
			if (ret)
				return ret;
		}
		pos += chunk;
		dst = (u8 *)dst + chunk;
		len -= chunk;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_patch_read);

/**
 * kmemp_patch_write - stage stores
 * @patch: the patch, prepared
 * @pos: byte position, a multiple of 8
 * @src: where from
 * @len: bytes, a multiple of 8
 *
 * Return: 0; -EIO; -ENOMEM where it was not prepared.
 */
int kmemp_patch_write(struct kmemp_patch *patch, u64 pos, const void *src,
		      size_t len)
{
	int ret;

	while (len) {
		u64 where = pos / KMEMP_LINE_SIZE;
		u32 word = pos % KMEMP_LINE_SIZE / 8;
		struct kmemp_patch_line *line;
		u32 index = find_index(patch, where, false, &line);

		if (!index) {
			__le64 words[KMEMP_LINE_WORDS];

			ret = read_below(patch, where * KMEMP_LINE_SIZE, words,
					 sizeof(words));
			if (ret)
				return ret;
			index = add(patch, where, false, &line);
			if (!index)
				return -ENOMEM;
			memcpy(line->words, words, sizeof(words));
		}
		for (; word < KMEMP_LINE_WORDS && len; word++) {
			if (memcmp(&line->words[word], src, 8)) {
				memcpy(&line->words[word], src, 8);
				line->dirty |= 1u << word;
				stage(patch, index);
			}
			src = (const u8 *)src + 8;
			pos += 8;
			len -= 8;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_patch_write);

/**
 * kmemp_patch_zero - stage the zeroing of a page
 * @patch: the patch, prepared
 * @page: page index
 *
 * Return: 0; -ENOMEM where it was not prepared.
 */
int kmemp_patch_zero(struct kmemp_patch *patch, u64 page)
{
	struct kmemp_patch_line *line;
	u32 index, i;

	index = find_index(patch, page, true, &line);
	if (!index)
		index = add(patch, page, true, &line);
	if (!index)
		return -ENOMEM;
	stage(patch, index);
	/* Only redo of a damaged ring gets here with lines of the page. */
	for (i = 0; i < KMEMP_PAGE_LINES; i++) {
		index = find_index(patch, page * KMEMP_PAGE_LINES + i, false,
				   &line);
		if (!index)
			continue;
		memset(line->words, 0, sizeof(line->words));
		line->dirty = 0xff;
		stage(patch, index);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_patch_zero);

/* Words that stand side by side are one store: redo makes up for torn ones. */
static void apply_line(struct kmemp_media *media,
		       const struct kmemp_patch_line *line)
{
	u64 pos = line->where * KMEMP_LINE_SIZE;
	u32 word = 0, end;

	while (word < KMEMP_LINE_WORDS && line->dirty >> word) {
		if (!(line->dirty & 1u << word)) {
			word++;
			continue;
		}
		for (end = word + 1; line->dirty & 1u << end; end++)
			;
		kmemp_media_write(media, pos + word * 8, &line->words[word],
				  (end - word) * 8);
		word = end;
	}
}

/**
 * kmemp_patch_apply - store what is staged to the medium
 * @patch: the patch
 *
 * Not flushed: see kmemp_patch_flush().
 */
void kmemp_patch_apply(struct kmemp_patch *patch)
{
	struct kmemp_media *media = kmemp_pool_media(patch->pool);
	u32 index = patch->first;

	while (index) {
		struct kmemp_patch_line *line = kmemp_patch_line(patch,
								 index - 1);

		if (line->page)
			kmemp_media_fill(media, line->where << KMEMP_PAGE_SHIFT,
					 0, KMEMP_PAGE_SIZE);
		else
			apply_line(media, line);
		line->dirty = 0;
		line->staged = false;
		index = line->next;
	}
	patch->first = 0;
	patch->last = 0;
	patch->staged = 0;
	patch->zeroed = 0;
}

/**
 * kmemp_patch_flush - flush every line of the patch once
 * @patch: the patch, applied
 */
void kmemp_patch_flush(struct kmemp_patch *patch)
{
	struct kmemp_media *media = kmemp_pool_media(patch->pool);
	u32 i;

	for (i = 0; i < patch->nr; i++) {
		const struct kmemp_patch_line *line = kmemp_patch_line(patch, i);

		if (line->page)
			kmemp_media_flush(media,
					  line->where << KMEMP_PAGE_SHIFT,
					  KMEMP_PAGE_SIZE);
		else if (!find(patch, line->where / KMEMP_PAGE_LINES, true))
			kmemp_media_flush(media, line->where * KMEMP_LINE_SIZE,
					  KMEMP_LINE_SIZE);
	}
}

/**
 * kmemp_patch_empty - forget all lines
 * @patch: the patch, applied and flushed
 */
void kmemp_patch_empty(struct kmemp_patch *patch)
{
	u32 i;

	for (i = 0; i < patch->nr; i++) {
		const struct kmemp_patch_line *line = kmemp_patch_line(patch, i);

		patch->heads[head_of(line->where, line->page)] = 0;
	}
	patch->nr = 0;
	patch->first = 0;
	patch->last = 0;
	patch->staged = 0;
	patch->zeroed = 0;
	shrink(patch, PATCH_KEEP);
}
