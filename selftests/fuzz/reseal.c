// SPDX-License-Identifier: GPL-2.0
/*
 * See reseal.h. The tests are linked so that every call of crc32c() comes here.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "core/seal.h"
#include "reseal.h"

/* Each round gets behind one more seal of a path, at worst. */
#define MOST_ROUNDS	16

/*
 * A seal while it is computed: key, then epoch, sequence and position, then the
 * sealed pieces, each call going on where the one before it ended.
 */
static struct {
	struct reseal *learn;
	const struct reseal *mend;
	struct record *record;
	u32 key, crc;
	u64 pos;
	bool on;
	unsigned long mended;
} watch;

static int compare_place(const void *a, const void *b)
{
	u64 x = ((const struct seal_place *)a)->pos;
	u64 y = ((const struct seal_place *)b)->pos;

	return x < y ? -1 : x > y;
}

static void note(struct reseal *reseal, u64 pos, u32 value)
{
	if (reseal->nr == reseal->room) {
		reseal->room = reseal->room ? 2 * reseal->room : 1024;
		reseal->seals = realloc(reseal->seals, reseal->room *
					sizeof(*reseal->seals));
		if (!reseal->seals)
			abort();
	}
	reseal->seals[reseal->nr++] = (struct seal_place){
		.pos = pos, .value = value,
	};
}

static bool set(struct record *record, u64 where, u32 value)
{
	__le32 raw = cpu_to_le32(value);

	if (!memcmp(record->base + where, &raw, sizeof(raw)))
		return false;
	record_set(record, where, &raw, sizeof(raw));
	return true;
}

static void mend(u64 pos, u32 value)
{
	struct seal_place key = { .pos = pos }, *place;
	unsigned int i;

	if (!watch.mend->nr)
		return;
	place = bsearch(&key, watch.mend->seals, watch.mend->nr, sizeof(key),
			compare_place);
	for (i = 0; place && i < ARRAY_SIZE(place->where); i++)
		if (place->where[i])
			watch.mended += set(watch.record, place->where[i],
					    value);
}

/* The seal that was begun is complete: another one begins, or nothing does. */
static void end_seal(void)
{
	if (watch.on && watch.learn)
		note(watch.learn, watch.pos, ~watch.crc);
	else if (watch.on && watch.mend)
		mend(watch.pos, ~watch.crc);
	watch.on = false;
}

u32 __wrap_crc32c(u32 crc, const void *address, unsigned int length)
{
	u32 result = __real_crc32c(crc, address, length);
	__le64 where[3];

	if (!watch.record)
		return result;
	if (crc == ~0u && length == KMEMP_KEY_SIZE) {
		end_seal();
		watch.key = result;
	} else if (crc == watch.key && length == sizeof(where)) {
		memcpy(where, address, sizeof(where));
		watch.pos = le64_to_cpu(where[2]);
		watch.crc = result;
		/* The superblock page's are mended by name. */
		watch.on = watch.pos >= KMEMP_PAGE_SIZE;
	} else if (watch.on && crc == watch.crc) {
		watch.crc = result;
	}
	return result;
}

/*
 * Where an open looks for what may follow, most often there is nothing: that is
 * not worth damaging, unless the check reads it too.
 */
static void forget_empty(struct record *record)
{
	u64 lines = record->media.size / KMEMP_LINE_SIZE, line;
	u64 page = KMEMP_PAGE_SIZE / KMEMP_LINE_SIZE;

	for (line = page; line < lines - page; line++)
		if (record->reads[line] &&
		    !memchr_inv(record->base + line * KMEMP_LINE_SIZE, 0,
				KMEMP_LINE_SIZE))
			record->reads[line] = 0;
}

static void no_finding(void *arg, enum kmemp_severity severity, u64 object,
		       u64 pos, const char *text)
{
}

static void look(struct record *record)
{
	static const struct kmemp_findings silent = { .finding = no_finding };
	struct test_pool t;

	watch.record = record;
	if (!test_open(&t, record, true)) {
		if (watch.learn)
			forget_empty(record);
		/* Every seal: what describes the pool has none of its own. */
		kmemp_pool_check(&t.pool, &silent);
		test_close(&t);
	}
	end_seal();
	watch.record = NULL;
}

struct word {
	u32 value;
	u64 where;
};

static int compare_word(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->where < y->where ? -1 : x->where > y->where;
}

/* All words of the lines that were read, by value. */
static struct word *find_words(const struct record *record, u64 *nr)
{
	u64 lines = record->media.size / KMEMP_LINE_SIZE, line, n = 0;
	struct word *words;
	u64 pos;

	for (line = 0; line < lines; line++)
		n += !!record->reads[line];
	words = malloc((n + 1) * (KMEMP_LINE_SIZE / 4) * sizeof(*words));
	if (!words)
		abort();
	*nr = 0;
	for (line = 0; line < lines; line++) {
		if (!record->reads[line])
			continue;
		for (pos = line * KMEMP_LINE_SIZE;
		     pos < (line + 1) * KMEMP_LINE_SIZE; pos += 4) {
			__le32 raw;

			memcpy(&raw, record->base + pos, sizeof(raw));
			words[*nr].value = le32_to_cpu(raw);
			words[(*nr)++].where = pos;
		}
	}
	qsort(words, *nr, sizeof(*words), compare_word);
	return words;
}

static void place(struct seal_place *seal, const struct word *words, u64 nr)
{
	u64 low = 0, high = nr;
	unsigned int i;

	while (low < high) {
		u64 middle = (low + high) / 2;

		if (words[middle].value < seal->value)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = 0; i < ARRAY_SIZE(seal->where) && low + i < nr &&
	     words[low + i].value == seal->value; i++)
		seal->where[i] = words[low + i].where;
}

void reseal_learn(struct reseal *reseal, struct record *record)
{
	struct word *words;
	u32 i, kept = 0;
	u64 nr;

	memset(reseal, 0, sizeof(*reseal));
	free(record->reads);
	record->reads = calloc(record->media.size / KMEMP_LINE_SIZE, 1);
	if (!record->reads)
		abort();
	watch.learn = reseal;
	look(record);
	watch.learn = NULL;
	words = find_words(record, &nr);
	if (reseal->nr)
		qsort(reseal->seals, reseal->nr, sizeof(*reseal->seals),
		      compare_place);
	for (i = 0; i < reseal->nr; i++) {
		struct seal_place seal = reseal->seals[i];

		place(&seal, words, nr);
		if (!seal.where[0] ||
		    (kept && reseal->seals[kept - 1].pos == seal.pos))
			continue;
		reseal->seals[kept++] = seal;
	}
	reseal->nr = kept;
	free(words);
}

/* A superblock page, by the key that it holds. */
static void mend_super(struct record *record, u64 page)
{
	const u8 *base = record->base + page;
	const struct kmemp_disk_static *disk = (const void *)base;
	const struct kmemp_disk_state *state = (const void *)(base +
						KMEMP_SB_STATE_OFFSET);
	unsigned int i;

	watch.mended += set(record,
			    page + offsetof(struct kmemp_disk_static, crc),
			    kmemp_crc(disk, offsetof(struct kmemp_disk_static,
						     crc)));
	watch.mended += set(record, page + KMEMP_SB_STATE_OFFSET +
			    offsetof(struct kmemp_disk_state, seal),
			    kmemp_seal_keyed(disk->seal_key, 0,
					     le64_to_cpu(state->generation),
					     KMEMP_SB_STATE_OFFSET, state,
					     offsetof(struct kmemp_disk_state,
						      seal)));
	for (i = 0; i < KMEMP_SB_NR_ROOTS; i++) {
		u64 offset = KMEMP_SB_ROOT_OFFSET + i * KMEMP_SB_ROOT_STRIDE;
		const struct kmemp_disk_root *root = (const void *)(base +
								    offset);

		/* A slot that is empty stays so. */
		if (!root->generation)
			continue;
		watch.mended += set(record, page + offset +
				    offsetof(struct kmemp_disk_root, seal),
				    kmemp_seal_keyed(disk->seal_key, 0,
						     le64_to_cpu(root->generation),
						     offset, root,
						     offsetof(struct kmemp_disk_root,
							      seal)));
	}
}

void reseal_mend(const struct reseal *reseal, struct record *record)
{
	unsigned int round;

	watch.mend = reseal;
	for (round = 0; round < MOST_ROUNDS; round++) {
		watch.mended = 0;
		mend_super(record, 0);
		mend_super(record, record->media.size - KMEMP_PAGE_SIZE);
		look(record);
		if (!watch.mended)
			break;
	}
	watch.mend = NULL;
}

void reseal_free(struct reseal *reseal)
{
	free(reseal->seals);
	memset(reseal, 0, sizeof(*reseal));
}
