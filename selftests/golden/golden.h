/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Golden images: what the formats made of a sample when the files here were
 * written, as text. A line for each line of the medium that is not zero: its
 * position, then its eight words, "-" for a zero one.
 */
#ifndef KMEMP_TEST_GOLDEN_H
#define KMEMP_TEST_GOLDEN_H

#include <stdbool.h>

#include "sample.h"

#define GOLDEN		"selftests/golden/"
/* Those that are kept. */
#define GOLDEN_KINDS	(SAMPLE_CRASHED + 1)

/* Name of a sample's file; @what: "image" or "contents". */
void golden_path(char *path, size_t size, const struct sample_format *format,
		 enum sample_kind kind, const char *what);
bool golden_write(const struct record *record, FILE *to);
/* A medium as it was when the file was written. */
bool golden_read(struct record *record, FILE *from);

#endif
