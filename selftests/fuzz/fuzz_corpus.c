// SPDX-License-Identifier: GPL-2.0
/*
 * What the fuzzer has found once, tried again: all of selftests/fuzz/corpus, or
 * the files that are named.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damage.h"
#include "tap.h"

#define CORPUS	"selftests/fuzz/corpus"

static void try(const char *path)
{
	u8 input[DAMAGE_HEADER + DAMAGE_PATCHES * DAMAGE_PATCH];
	FILE *file = fopen(path, "r");
	const char *wrong;
	size_t size;

	if (!file) {
		tap_ok(false, "%s: cannot be read", path);
		return;
	}
	size = fread(input, 1, sizeof(input), file);
	fclose(file);
	wrong = damage_try(input, size);
	tap_ok(!wrong, "%s%s%s", path, wrong ? ": " : "", wrong ?: "");
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names;
	char path[512];
	int i, nr;

	damage_loud = argc > 1;
	for (i = 1; i < argc; i++)
		try(argv[i]);
	if (argc > 1)
		return tap_done();
	nr = scandir(CORPUS, &names, no_dots, alphasort);
	tap_ok(nr > 0, "there are %d inputs", nr);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", CORPUS, names[i]->d_name);
		try(path);
		free(names[i]);
	}
	if (nr > 0)
		free(names);
	return tap_done();
}
