// SPDX-License-Identifier: GPL-2.0
/*
 * Words of one store in any order: a copy is made by the compiler or by stores
 * past the cache, neither of which promises one.
 *
 * Of a store of several words to one line: each word missing, each alone, every
 * second one, or all subsets; with all else there, and with nothing else there.
 * What is behind it in the line is missing. Lines that recovery does not read
 * are left out; of those under one seal the first alone is taken, since that has
 * the header that is looked at before the seal is, and the others' words change
 * whether the seal holds and nothing else.
 */
#include <string.h>

#include <linux/kernel.h>

#include "explore.h"

#define WORDS	(KMEMP_LINE_SIZE / 8)

static u8 words_of(const struct window_line *line, u32 first, u32 end)
{
	u8 mask = 0;
	u32 word;

	for (word = 0; word < WORDS; word++)
		if (memcmp(line->content[first] + word * 8,
			   line->content[end] + word * 8, 8))
			mask |= 1u << word;
	return mask;
}

/* Subset @nr of the words in @mask, of those that are tried; false: no more. */
static bool subset(u8 mask, enum words words, u32 nr, u8 *part)
{
	if (words == ALL_WORDS) {
		*part = nr & mask;
		return nr <= 0xff;
	}
	if (nr < WORDS)
		*part = mask & ~(1u << nr);
	else if (nr < 2 * WORDS)
		*part = mask & 1u << (nr - WORDS);
	else
		*part = mask & (nr % 2 ? 0x55 : 0xaa);
	return nr < 2 * WORDS + 2;
}

static bool try_store(struct explore *x, u32 i, u32 first, u32 end, bool others)
{
	u8 mask = words_of(&x->window.line[i], first, end), part, last = mask;
	u64 start = x->record->nr;
	bool good = true;
	u32 nr;

	for (nr = 0; good && subset(mask, x->words, nr, &part); nr++) {
		if (part == last)
			continue;
		last = part;
		window_set_all(&x->window, x->record, others);
		window_set_words(&x->window, x->record, i, first, end, part);
		good = explore_state(x);
		record_undo(x->record, start);
	}
	return good;
}

static bool try_line(struct explore *x, u32 i)
{
	const struct window_line *line = &x->window.line[i];
	bool good = true;
	u32 first, end;

	for (first = 0; good && first < line->nr; first = end) {
		for (end = first + 1; end < line->nr &&
		     line->store[end] == line->store[first]; end++)
			;
		if (end == first + 1)
			continue;
		good = try_store(x, i, first, end, true) &&
		       try_store(x, i, first, end, false);
		if (x->count)
			gate_count(GATE_WORDS, good, "%s, line %llu", x->name,
				   line->where);
	}
	return good;
}

static bool is_first_of_seal(const struct window *window, u32 i)
{
	u32 k;

	for (k = 0; k < window->nr; k++)
		if (window->line[k].group == window->line[i].group &&
		    window->line[k].where < window->line[i].where)
			return false;
	return true;
}

bool explore_words(struct explore *x)
{
	bool good = true;
	u32 i;

	if (x->words == NO_WORDS)
		return true;
	for (i = 0; good && i < x->window.nr; i++)
		if (x->window.line[i].read && is_first_of_seal(&x->window, i))
			good = try_line(x, i);
	return good;
}
