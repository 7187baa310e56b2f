// SPDX-License-Identifier: GPL-2.0
/*
 * See seals.h. The tests are linked so that every call of crc32c() comes here.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/crc32c.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "seals.h"

#define NOBODY		((u32)-1)
/* Reads and CRCs back to which a CRC is traced. */
#define MOST_READS	16u
#define MOST_CHAINS	16u

static struct {
	struct record *record;
	struct window *window;
	bool on;
	u32 *index;		/* place in the window + 1, by line */
	u64 nr_lines;
	struct {
		u64 pos;
		const u8 *dst;
		size_t len;
	} reads[MOST_READS];
	unsigned int nr_reads;
	struct {
		u32 crc, line;	/* what came out; a line under it, NOBODY */
	} chains[MOST_CHAINS];
	unsigned int nr_chains;
} learn;

struct seal_mutant seal_mutant;

static void on_read(u64 pos, const void *dst, size_t len)
{
	unsigned int last = (learn.nr_reads - 1) % MOST_READS, slot;
	u64 line;

	/* What is read piece by piece may be under one seal. */
	if (learn.nr_reads &&
	    learn.reads[last].pos + learn.reads[last].len == pos &&
	    learn.reads[last].dst + learn.reads[last].len == dst) {
		learn.reads[last].len += len;
	} else {
		slot = learn.nr_reads++ % MOST_READS;
		learn.reads[slot].pos = pos;
		learn.reads[slot].dst = dst;
		learn.reads[slot].len = len;
	}
	for (line = pos / KMEMP_LINE_SIZE; line * KMEMP_LINE_SIZE < pos + len;
	     line++)
		if (learn.index[line])
			learn.window->line[learn.index[line] - 1].read = true;
}

static bool holds(u64 pos, const void *bytes, size_t len)
{
	return !memcmp(learn.record->base + pos, bytes, len);
}

/* Where the bytes were read from, by their address or as a copy; 0: nowhere. */
static u64 source(const u8 *bytes, size_t len)
{
	unsigned int i, nr = min(learn.nr_reads, MOST_READS);

	for (i = 0; i < nr; i++) {
		unsigned int slot = (learn.nr_reads - 1 - i) % MOST_READS;
		const u8 *dst = learn.reads[slot].dst;
		u64 pos = learn.reads[slot].pos;
		size_t room = learn.reads[slot].len;

		if (bytes >= dst && bytes + len <= dst + room &&
		    holds(pos + (bytes - dst), bytes, len))
			return pos + (bytes - dst);
		if (len >= 16 && len <= room && holds(pos, bytes, len))
			return pos;
	}
	return (u64)-1;
}

static void join(u32 a, u32 b)
{
	struct window *window = learn.window;
	u32 from = window->line[b].group, to = window->line[a].group, i;

	for (i = 0; from != to && i < window->nr; i++)
		if (window->line[i].group == from)
			window->line[i].group = to;
}

static void seal(u32 *first, u64 pos, size_t len)
{
	u64 line;

	for (line = pos / KMEMP_LINE_SIZE; line * KMEMP_LINE_SIZE < pos + len;
	     line++) {
		u32 index = learn.index[line];

		if (!index)
			continue;
		learn.window->line[--index].sealed = true;
		if (*first == NOBODY)
			*first = index;
		else
			join(*first, index);
	}
}

/* Lines that are not all there are given as if they were. */
static u32 crc_mutated(u32 crc, const u8 *address, size_t len, u64 pos)
{
	static u8 bytes[KMEMP_PAGE_SIZE];
	u64 last = (pos + len - 1) / KMEMP_LINE_SIZE, line;

	if (len > sizeof(bytes))
		return __real_crc32c(crc, address, len);
	memcpy(bytes, address, len);
	for (line = seal_mutant.shorten ? last : pos / KMEMP_LINE_SIZE;
	     line <= last; line++) {
		u64 from = max(pos, line * KMEMP_LINE_SIZE);
		u64 end = min(pos + len, (line + 1) * KMEMP_LINE_SIZE);
		const struct window_line *is;

		if (!learn.index[line])
			continue;
		is = &learn.window->line[learn.index[line] - 1];
		memcpy(bytes + (from - pos), is->content[is->nr] +
		       from % KMEMP_LINE_SIZE, end - from);
	}
	return __real_crc32c(crc, bytes, len);
}

/* Is a line among these that is not all there? */
static bool lacks(u64 pos, size_t len)
{
	u64 line;

	for (line = pos / KMEMP_LINE_SIZE; line * KMEMP_LINE_SIZE < pos + len;
	     line++) {
		const struct window_line *is;

		if (!learn.index[line])
			continue;
		is = &learn.window->line[learn.index[line] - 1];
		if (!holds(line * KMEMP_LINE_SIZE, is->content[is->nr],
			   KMEMP_LINE_SIZE))
			return true;
	}
	return false;
}

static void learn_seal(u32 crc, u32 result, u64 pos, size_t len)
{
	unsigned int i, nr = min(learn.nr_chains, MOST_CHAINS);
	u32 line = NOBODY;

	for (i = 0; i < nr; i++)
		if (learn.chains[i].crc == crc)
			line = learn.chains[i].line;
	seal(&line, pos, len);
	i = learn.nr_chains++ % MOST_CHAINS;
	learn.chains[i].crc = result;
	learn.chains[i].line = line;
}

u32 __wrap_crc32c(u32 crc, const void *address, unsigned int length)
{
	u32 result = __real_crc32c(crc, address, length);
	u64 pos, pcs[SEAL_PCS], site;

	if (!learn.record || !length ||
	    !(learn.on || seal_mutant.site || seal_mutant.find))
		return result;
	pos = source(address, length);
	if (pos == (u64)-1)
		return result;
	if (learn.on)
		learn_seal(crc, result, pos, length);
	if (!lacks(pos, length))
		return result;
	pcs[0] = (u64)__builtin_return_address(0);
	pcs[1] = (u64)__builtin_return_address(1);
	pcs[2] = (u64)__builtin_return_address(2);
	pcs[3] = (u64)__builtin_return_address(3);
	site = ((pcs[0] * 31 + pcs[1]) * 31 + pcs[2]) * 31 + pcs[3];
	if (seal_mutant.find)
		seal_mutant.find(site, pcs);
	return seal_mutant.site == site ?
	       crc_mutated(crc, address, length, pos) : result;
}

static void set_reads(void)
{
	learn.nr_reads = 0;
	learn.nr_chains = 0;
	learn.record->on_read = learn.on || seal_mutant.site ||
				seal_mutant.find ? on_read : NULL;
}

void seals_learn(bool on)
{
	learn.on = on;
	set_reads();
}

static void resize(u64 lines)
{
	if (learn.nr_lines == lines)
		return;
	free(learn.index);
	learn.index = calloc(lines, sizeof(*learn.index));
	learn.nr_lines = lines;
	if (!learn.index)
		abort();
}

void seals_watch(struct record *record, struct window *window)
{
	u32 i;

	for (i = 0; learn.window && i < learn.window->nr; i++)
		learn.index[learn.window->line[i].where] = 0;
	if (learn.record)
		learn.record->on_read = NULL;
	learn.record = window ? record : NULL;
	learn.window = window;
	if (!window)
		return;
	resize(record->media.size / KMEMP_LINE_SIZE);
	for (i = 0; i < window->nr; i++)
		learn.index[window->line[i].where] = i + 1;
	set_reads();
}
