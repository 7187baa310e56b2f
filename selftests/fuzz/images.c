// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged images of every format: bytes changed, fields set with the seals made
 * right again, lines and pages swapped, old ones put back, ends cut off. Each is
 * refused, found by the check, or holds what it held. A format's name as
 * argument: that one alone; N in the environment: so many times as much.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/kernel.h>

#include "image.h"
#include "pool_util.h"
#include "tap.h"

/* As the sample was left before the last commit, and before that. */
static struct record older[2];

/* Bytes whose change nothing has reported. */
static struct {
	u64 *pos;
	u32 nr, room;
} silent;

static u64 any_line(const struct image *image)
{
	return image->lines[rnd(image->nr_lines)] * KMEMP_LINE_SIZE;
}

/* --------------------------------------------------------------- damage */

static void change_byte(struct image *image, u64 pos, unsigned int how)
{
	u8 old = image->record.base[pos];
	u8 new = how < 8 ? (u8)(old ^ 1 << how) : how == 8 ? 0 : how == 9 ? 0xff :
		 (u8)rnd(256);

	if (new == old)
		new = ~old;
	record_set(&image->record, pos, &new, 1);
}

static u64 load(const struct image *image, u64 pos, size_t len)
{
	__le64 raw = 0;

	memcpy(&raw, image->record.base + pos, len);
	return le64_to_cpu(raw);
}

/* A field, whatever it is: a word of any size. In both superblock pages. */
static void set_field(struct image *image)
{
	u64 copy = image->record.media.size - KMEMP_PAGE_SIZE;
	size_t len = 1UL << rnd(4);
	u64 pos = any_line(image) + rnd(KMEMP_LINE_SIZE / len) * len;
	u64 value;
	__le64 raw;

	switch (rnd(8)) {
	case 0:
		value = 0;
		break;
	case 1:
		value = 1;
		break;
	case 2:
		value = ~0ULL;
		break;
	case 3:		/* itself, as a page */
		value = pos >> KMEMP_PAGE_SHIFT;
		break;
	case 4:		/* itself, as a block of 1 KiB or a position */
		value = pos >> (rnd(2) ? 10 : 0);
		break;
	case 5:		/* its neighbour */
		value = load(image, pos ^ len, len);
		break;
	case 6:
		value = load(image, pos, len) + 1;
		break;
	default:
		value = load(image, pos, len) - 1;
		break;
	}
	raw = cpu_to_le64(value);
	record_set(&image->record, pos, &raw, len);
	if (pos < KMEMP_PAGE_SIZE)
		record_set(&image->record, copy + pos, &raw, len);
	reseal_mend(&image->reseal, &image->record);
}

static void exchange(struct image *image, u64 a, u64 b, size_t len)
{
	u8 bytes[KMEMP_PAGE_SIZE];

	memcpy(bytes, image->record.base + a, len);
	record_set(&image->record, a, image->record.base + b, len);
	record_set(&image->record, b, bytes, len);
}

static void swap_pages(struct image *image)
{
	u64 a = any_line(image), b = any_line(image);

	exchange(image, a & ~(u64)(KMEMP_PAGE_SIZE - 1),
	     b & ~(u64)(KMEMP_PAGE_SIZE - 1), KMEMP_PAGE_SIZE);
}

static void swap_lines(struct image *image)
{
	exchange(image, any_line(image), any_line(image), KMEMP_LINE_SIZE);
}

/* Something that was stored since is as it was. */
static void put_back(struct image *image)
{
	size_t len = rnd(3) ? rnd(2) ? KMEMP_LINE_SIZE : 1024 : KMEMP_PAGE_SIZE;
	const struct record *from = &older[rnd(2)];
	unsigned int tries = 1000;
	u64 pos;

	do {
		pos = any_line(image) & ~(u64)(len - 1);
	} while (!memcmp(image->record.base + pos, from->base + pos, len) &&
		 --tries);
	record_set(&image->record, pos, from->base + pos, len);
}

/* From one of its words on there is nothing: a copy that did not end. */
static void cut_off(struct image *image)
{
	u64 cut = any_line(image) + rnd(KMEMP_LINE_SIZE / 8) * 8;
	static const u8 zero[KMEMP_LINE_SIZE];
	u32 i;

	for (i = 0; i < image->nr_lines; i++) {
		u64 pos = image->lines[i] * KMEMP_LINE_SIZE;
		u64 end = pos + KMEMP_LINE_SIZE;

		pos = max(pos, cut);
		if (pos < end)
			record_set(&image->record, pos, zero, end - pos);
	}
}

/* --------------------------------------------------------------- verdict */

struct tally {
	unsigned long nr, refused, found, wrong;
	unsigned long other, noted;	/* hold something else; and it is said */
};

/* Judge what was done to it, and undo that; true: it was reported. */
static bool judge(struct image *image, bool sealed, bool use,
		  struct tally *tally)
{
	struct verdict verdict = image_judge(image, sealed);
	const char *wrong = verdict.wrong;
	u64 pos = image->record.nr ? image->record.events[0].pos : 0;
	u32 len = image->record.nr ? image->record.events[0].len : 0;

	if (!wrong && use)
		wrong = image_use(image, &verdict);
	if (wrong && tally->wrong < 3)
		fprintf(stderr, "# %s, %s: page %llu + %llu, %u bytes: %s\n",
			image->format->name, sample_kinds[image->kind],
			pos >> KMEMP_PAGE_SHIFT, pos % KMEMP_PAGE_SIZE, len,
			wrong);
	tally->nr++;
	tally->refused += verdict.refused;
	tally->found += !!verdict.found;
	tally->wrong += !!wrong;
	if (!wrong && !verdict.refused && !verdict.found && verdict.differs) {
		tally->other++;
		tally->noted += verdict.noted;
	}
	image_restore(image);
	return verdict.refused || verdict.found;
}

static void report(const struct image *image, const char *what,
		   const struct tally *tally)
{
	tap_ok(!tally->wrong,
	       "%s, %s: %lu %s: %lu refused, %lu found by the check",
	       image->format->name, sample_kinds[image->kind], tally->nr, what,
	       tally->refused, tally->found);
	if (tally->other)
		tap_diag("%lu hold something else that is sound, %lu of these with a note",
			 tally->other, tally->noted);
}

static void damage_many(struct image *image, const char *what,
			unsigned long nr, bool sealed,
			void (*damage)(struct image *image))
{
	struct tally tally = {};
	unsigned long i;

	for (i = 0; i < nr * tap_scale(); i++) {
		damage(image);
		judge(image, sealed, i % 4 == 0, &tally);
	}
	report(image, what, &tally);
}

static void note_silent(u64 pos)
{
	if (silent.nr == silent.room) {
		silent.room = silent.room ? 2 * silent.room : 256;
		silent.pos = realloc(silent.pos, silent.room *
				     sizeof(*silent.pos));
		if (!silent.pos)
			abort();
	}
	silent.pos[silent.nr++] = pos;
}

/* What may hold anything without a word being said must mean nothing. */
static void test_silent(struct image *image)
{
	struct tally tally = {};
	struct verdict verdict;
	unsigned int round;
	bool same = true;
	u32 i;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < silent.nr; i++)
			change_byte(image, silent.pos[i], 10);
		verdict = image_judge(image, true);
		same &= !verdict.differs && !verdict.refused && !verdict.found;
		judge(image, true, true, &tally);
	}
	tap_ok(same && !tally.wrong,
	       "%s, %s: %u bytes whose change nothing reports mean nothing",
	       image->format->name, sample_kinds[image->kind], silent.nr);
}

/* Single bytes: each line has its turn, with N all of its bytes in each way. */
static void test_bytes(struct image *image, unsigned long nr)
{
	unsigned long all = image->nr_lines * KMEMP_LINE_SIZE * 11UL, i;
	unsigned long stride = max(all / (nr * tap_scale()), 1UL);
	struct tally tally = {};

	silent.nr = 0;
	for (i = rnd(stride); i < all; i += 1 + rnd(2 * stride - 1)) {
		u64 pos = image->lines[i / (KMEMP_LINE_SIZE * 11)] *
			  KMEMP_LINE_SIZE + i / 11 % KMEMP_LINE_SIZE;

		change_byte(image, pos, i % 11);
		if (!judge(image, true, false, &tally))
			note_silent(pos);
	}
	report(image, "bytes changed", &tally);
}

static void test_short(struct image *image)
{
	u64 size = image->record.media.size, pages = size >> KMEMP_PAGE_SHIFT;
	struct tally tally = {};
	unsigned int i;

	for (i = 0; i < 40; i++) {
		image->record.media.size = (i < 4 ? i : i < 8 ? pages - i + 3 :
					    rnd(pages)) << KMEMP_PAGE_SHIFT;
		judge(image, true, true, &tally);
	}
	image->record.media.size = size;
	tap_ok(!tally.wrong && tally.refused == tally.nr,
	       "%s, %s: %lu times too short a device: refused",
	       image->format->name, sample_kinds[image->kind], tally.nr);
}

static void test_image(const struct sample_format *format,
		       enum sample_kind kind)
{
	bool clean = kind == SAMPLE_CLEAN;
	/* What is old or lost looks like a crash, where there was one. */
	bool noticed = format->bound && clean;
	unsigned long part = clean ? 4 : 1;
	struct image image;

	image_make(&image, format, kind);
	test_bytes(&image, 300 * part);
	if (clean)
		test_silent(&image);
	damage_many(&image, "fields set, seals made right", 60 * part, false,
		    set_field);
	damage_many(&image, "pairs of pages swapped", 15 * part, noticed,
		    swap_pages);
	damage_many(&image, "pairs of lines swapped", 20 * part, noticed,
		    swap_lines);
	damage_many(&image, "old ones put back", 20 * part, noticed, put_back);
	damage_many(&image, "cut off", 10 * part, clean, cut_off);
	test_short(&image);
	image_free(&image);
}

int main(int argc, char **argv)
{
	unsigned int i, k;

	for (i = 0; i < sample_nr_formats; i++) {
		if (argc > 1 && strcmp(argv[1], sample_formats[i].name))
			continue;
		sample_make(&older[0], sample_formats[i].type, SAMPLE_BEFORE);
		sample_make(&older[1], sample_formats[i].type, SAMPLE_EARLIER);
		for (k = SAMPLE_CLEAN; k <= SAMPLE_TORN; k++)
			test_image(&sample_formats[i], k);
		record_free(&older[0]);
		record_free(&older[1]);
	}
	free(silent.pos);
	return tap_done();
}
