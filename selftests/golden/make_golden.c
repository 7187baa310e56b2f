// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the golden images and what they hold, all of them or those of the
 * formats that are named.
 */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static void must(bool good, const char *path)
{
	if (!good) {
		perror(path);
		exit(1);
	}
}

static void make(const struct sample_format *format, enum sample_kind kind)
{
	struct record record;
	struct test_pool t;
	char path[256];
	FILE *to;

	sample_make(&record, format->type, kind);
	golden_path(path, sizeof(path), format, kind, "image");
	to = fopen(path, "w");
	must(to && golden_write(&record, to) && !fclose(to), path);
	golden_path(path, sizeof(path), format, kind, "contents");
	to = fopen(path, "w");
	must(to && !test_open(&t, &record, true) &&
	     !sample_print(&t.pool, to) && !fclose(to), path);
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
