// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzers' side. libFuzzer finds inputs that reach new code, the mutator
 * makes such as have a meaning; AFL++ calls the same, and changes inputs its own
 * ways. FORMAT in the environment keeps it to one format.
 *
 *	fuzz --list
 *	FORMAT=... fuzz --seeds DIR
 *
 * --list: names of the formats. --seeds: inputs to begin with, in DIR: each
 * sound image as it is, and with one change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "damage.h"
#include "libfuzzer.h"

static const struct sample_format *only;

static void write_seed(const char *dir, const u8 *input, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%02x-%zu", dir, input[0], size);
	file = fopen(path, "w");
	if (!file || fwrite(input, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(2);
	}
}

static void write_seeds(const char *dir)
{
	u8 input[DAMAGE_HEADER + DAMAGE_PATCH];
	u64 state = 1;

	input[1] = only->type;
	for (input[0] = 0; input[0] < 2 * DAMAGE_USE; input[0]++) {
		write_seed(dir, input, DAMAGE_HEADER);
		damage_random(&state, input + DAMAGE_HEADER);
		write_seed(dir, input, sizeof(input));
	}
}

/* Before the first input, so that what makes them is not what it reaches. */
static void make_images(void)
{
	u8 input[DAMAGE_HEADER] = { 0, only->type };

	for (; input[0] <= DAMAGE_KIND; input[0]++)
		damage_image(input, sizeof(input));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FORMAT");
	unsigned int i;

	if (*argc == 2 && !strcmp((*argv)[1], "--list")) {
		for (i = 0; i < sample_nr_formats; i++)
			puts(sample_formats[i].name);
		exit(0);
	}
	if (!name || !*name)
		return 0;
	for (i = 0; i < sample_nr_formats; i++)
		if (!strcmp(sample_formats[i].name, name))
			only = &sample_formats[i];
	if (!only) {
		fprintf(stderr, "fuzz: no format %s\n", name);
		exit(2);
	}
	if (*argc == 3 && !strcmp((*argv)[1], "--seeds")) {
		write_seeds((*argv)[2]);
		exit(0);
	}
	make_images();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 nothing[DAMAGE_HEADER] = {
		DAMAGE_USE, only ? only->type : sample_formats[0].type,
	};
	const char *wrong;

	/* libFuzzer wants the first input to reach something, whatever it is. */
	if (size < DAMAGE_HEADER || (only && data[1] != only->type)) {
		data = nothing;
		size = sizeof(nothing);
	}
	wrong = damage_try(data, size);
	if (wrong) {
		fprintf(stderr, "fuzz: %s\n", wrong);
		abort();
	}
	return 0;
}

static u64 state;

static u64 pick(u64 below)
{
	return damage_rnd(&state, below);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	size_t patches;

	state = seed;
	if (size < DAMAGE_HEADER) {
		if (max_size < DAMAGE_HEADER + DAMAGE_PATCH)
			return 0;
		size = DAMAGE_HEADER;
		data[0] = pick(256);
		data[1] = only ? only->type :
			  sample_formats[pick(sample_nr_formats)].type;
	}
	patches = (size - DAMAGE_HEADER) / DAMAGE_PATCH;
	switch (pick(10)) {
	case 0:
		data[0] ^= 1 << pick(5);
		break;
	case 8:
	case 9:		/* few: the first that is refused hides the others */
		data[0] |= DAMAGE_RESEAL;
		damage_random(&state, data + DAMAGE_HEADER);
		size = DAMAGE_HEADER + DAMAGE_PATCH;
		break;
	case 1:
		return LLVMFuzzerMutate(data, size, max_size);
	case 2:
	case 3:
		if (patches)
			damage_random(&state, data + DAMAGE_HEADER +
				   pick(patches) * DAMAGE_PATCH);
		break;
	case 4:
		if (patches)
			size -= DAMAGE_PATCH;
		break;
	default:
		if (DAMAGE_HEADER + (patches + 1) * DAMAGE_PATCH > max_size)
			break;
		damage_random(&state, data + DAMAGE_HEADER + patches * DAMAGE_PATCH);
		size = DAMAGE_HEADER + (patches + 1) * DAMAGE_PATCH;
		break;
	}
	if (only)
		data[1] = only->type;
	return size;
}
