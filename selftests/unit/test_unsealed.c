// SPDX-License-Identifier: GPL-2.0
/*
 * Media as somebody would forge them who can make every seal: in this program
 * all checksums and seals are one number, so that whatever is stored into a
 * word of metadata passes for true. Each format opens such pools, reads,
 * checks, changes and closes them, or refuses: without a crash, an access out
 * of bounds, a loop without end, and without a store where it may only read.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "fail_batch.h"
#include "fail_ops.h"
#include "formats.h"
#include "seals.h"
#include "tap.h"

#define POOL_BYTES	(64ULL << 20)

u32 __wrap_crc32c(u32 crc, const void *address, unsigned int length)
{
	return 0x5ea1;
}

static struct record record;
static struct test_pool t;
/* Places of words of metadata that are not 0, or that follow such a one. */
static u64 *words;
static u64 nr_words;
/* The first word of each page, by number, and the number of all. */
static u64 *first;
static u64 nr_pages;
static unsigned long nr_opened, nr_changed;

static void find_words(void)
{
	u8 *data = calloc(t.nr_pages, 1);
	struct kmemp_extent extent;
	u64 id = 0, offset, page, i;

	for (; !kmemp_pool_next_object(&t.pool, &id); id++)
		for (offset = 0; !kmemp_pool_next_extent(&t.pool, id, offset,
							 1 << 20, &extent);
		     offset = extent.offset + extent.count)
			memset(data + extent.page, 1, extent.count);
	words = calloc(t.nr_pages, sizeof(*words) * 16);
	first = calloc(t.nr_pages + 1, sizeof(*first));
	nr_words = 0;
	nr_pages = 0;
	for (page = 0; page < t.nr_pages; page++) {
		const u64 *word = (u64 *)(record.base +
					  (page << KMEMP_PAGE_SHIFT));

		for (i = 0; t.used[page] && !data[page] && i < 512; i++)
			if (nr_words < 16 * t.nr_pages &&
			    (word[i] || (i && word[i - 1])))
				words[nr_words++] =
					(page << KMEMP_PAGE_SHIFT) + 8 * i;
		if (nr_words > first[nr_pages])
			first[++nr_pages] = nr_words;
	}
	free(data);
}

static void forge(void)
{
	/* A page of many words is no more worth than one of few. */
	u64 page = rnd(nr_pages), nr = first[page + 1] - first[page];
	u64 pos = words[first[page] + rnd(nr)];
	u64 other = words[rnd(nr_words)], word, value;

	/* Blocks and pages begin with what the rest depends on. */
	if (!rnd(3))
		pos = (pos & ~1023ULL) + 8 * rnd(8);
	memcpy(&word, record.base + pos, sizeof(word));
	switch (rnd(8)) {
	case 0:
		value = 0;
		break;
	case 1:
		value = ~0ULL >> rnd(64);
		break;
	case 2:
		memcpy(&value, record.base + other, sizeof(value));
		break;
	case 3:
		value = word + (1ULL << 8 * rnd(8));
		break;
	case 4:
		value = word - (1ULL << 8 * rnd(8));
		break;
	case 5:
		value = word & ~(0xffULL << 8 * rnd(8));
		break;
	default:
		value = word ^ 1ULL << rnd(64);
		break;
	}
	record_set(&record, pos, &value, sizeof(value));
	if (pos < KMEMP_PAGE_SIZE)
		record_set(&record, POOL_BYTES - KMEMP_PAGE_SIZE + pos, &value,
			   sizeof(value));
}

/* Everything that can be done to an open pool. */
static void use(void)
{
	unsigned int i;

	/* It may have become one of another format. */
	if (!kmemp_pool_keeps_objects(&t.pool))
		return;
	nr_opened++;
	for (i = 0; i < fail_nr_ops; i++) {
		const struct fail_op *op = &fail_ops[i];

		if (op->opens || op->closes || (rnd(4) && !op->look))
			continue;
		nr_changed += !op->run(&t) && !op->look;
	}
}

/* Return: whether a read-only opening stored nothing. */
static bool try_one(void)
{
	u64 nr;

	forge();
	if (!rnd(3))
		forge();
	nr = record.nr;
	if (!test_open(&t, &record, true)) {
		test_check(&t.pool, false);
		test_close(&t);
	}
	if (record.nr != nr)
		return false;
	if (!test_open(&t, &record, false)) {
		use();
		test_close(&t);
	}
	record_undo(&record, 0);
	return true;
}

static void run_format(bool clean)
{
	unsigned long tries = 250 * tap_scale(), i;
	bool good = true;

	test_begin(&t, &record, crash_format->type, POOL_BYTES);
	fail_fill(&t);
	find_words();
	t.pool.failed = !clean;
	test_close(&t);
	record.off = false;
	nr_opened = 0;
	nr_changed = 0;
	for (i = 0; i < tries && good; i++)
		good = try_one();
	tap_ok(good, "%s, %s: %lu forged pools of %llu words, %lu opened, %lu changes",
	       crash_format->name, clean ? "closed" : "crashed", i, nr_words,
	       nr_opened, nr_changed);
	free(words);
	free(first);
	record_free(&record);
}

int main(void)
{
	long before = shim_nr_allocated;
	unsigned int i;

	for (i = 0; i < 2 * crash_nr_formats; i++) {
		crash_format = &crash_formats[i / 2];
		run_format(i % 2 == 0);
	}
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}
