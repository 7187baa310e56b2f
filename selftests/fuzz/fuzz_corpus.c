// SPDX-License-Identifier: GPL-2.0
/*
 * What the fuzzer has found once, tried again: all of selftests/fuzz/corpus, or
 * the files that are named. --pin FILE: make it fit to be kept there.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damage.h"
#include "tap.h"

#define CORPUS	"selftests/fuzz/corpus"
#define INPUT	(DAMAGE_HEADER + DAMAGE_PATCHES * DAMAGE_PATCH)

static size_t load(const char *path, u8 *input, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file)
		return 0;
	size = fread(input, 1, room, file);
	fclose(file);
	return size;
}

static void try(const char *path)
{
	u8 input[INPUT];
	size_t size = load(path, input, sizeof(input));
	const char *wrong = damage_try(input, size);

	tap_ok(size && !wrong, "%s%s%s", path, wrong ? ": " : "", wrong ?: "");
}

static int pin(const char *path)
{
	u8 input[INPUT];
	size_t size = load(path, input, sizeof(input));
	FILE *file = size ? fopen(path, "w") : NULL;

	if (!file) {
		perror(path);
		return 1;
	}
	damage_pin(input, size);
	return fwrite(input, 1, size, file) != size || fclose(file);
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

	if (argc == 3 && !strcmp(argv[1], "--pin"))
		return pin(argv[2]);
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
