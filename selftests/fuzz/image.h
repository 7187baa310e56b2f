/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sample that is damaged, judged and put back, over and over.
 */
#ifndef KMEMP_TEST_IMAGE_H
#define KMEMP_TEST_IMAGE_H

#include "reseal.h"
#include "sample.h"

/**
 * struct image - a sample, and what is known of it
 * @format: its format
 * @kind: how it was left
 * @record: the medium; what was done to it since is remembered
 * @reseal: where its seals are
 * @lines: those that an open and a check read
 * @nr_lines: how many
 * @digest: of what it holds
 * @before: of what it may hold too, since of an image that is not clean the
 *	newest batch alone may vanish
 */
struct image {
	const struct sample_format *format;
	enum sample_kind kind;
	struct record record;
	struct reseal reseal;
	u64 *lines;
	u32 nr_lines;
	u64 digest, before;
};

/**
 * struct verdict - what became of a damaged image
 * @wrong: what must not be; NULL: nothing
 * @refused: open said no
 * @found: findings of the check
 * @noted: it has notes
 * @differs: contents are not those of the sample
 */
struct verdict {
	const char *wrong;
	bool refused;
	unsigned int found;
	bool noted, differs;
};

void image_make(struct image *image, const struct sample_format *format,
		enum sample_kind kind);
void image_free(struct image *image);
void image_restore(struct image *image);

/*
 * Open it, check it, look at all of it: an error, or what is consistent;
 * @sealed: or just what the sample held, unless something is reported.
 */
struct verdict image_judge(struct image *image, bool sealed);
/*
 * Open it for writing, and if it was found sound change it, empty it and open
 * it again. Returns what must not be, or NULL.
 */
const char *image_use(struct image *image, const struct verdict *verdict);

#endif
