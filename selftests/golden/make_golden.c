// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the golden images and what they hold, all of them or those of the
 * formats that are named.
 */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

static void finish(FILE *file, bool good, const char *path)
{
	good &= !fclose(file);
	if (!good) {
		fprintf(stderr, "%s: cannot be written\n", path);
		exit(1);
	}
}

static void make(const struct sample_format *format, enum sample_kind kind)
{
	struct record record;
	struct test_pool t;
	char path[256];
	FILE *file;

	sample_make(&record, format->type, kind);
	golden_path(path, sizeof(path), format, kind, "image");
	file = create(path);
	finish(file, golden_write(&record, file), path);
	golden_path(path, sizeof(path), format, kind, "contents");
	file = create(path);
	finish(file, !test_open(&t, &record, true) &&
		     !sample_print(&t.pool, file), path);
	test_close(&t);
	record_free(&record);
}

static bool is_named(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int i, kind;

	for (i = 0; i < sample_nr_formats; i++)
		for (kind = 0; kind < GOLDEN_KINDS; kind++)
			if (is_named(sample_formats[i].name, argc, argv))
				make(&sample_formats[i], kind);
	return 0;
}
