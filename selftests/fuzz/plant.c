// SPDX-License-Identifier: GPL-2.0
/*
 * plant IMAGE START SIZE FORMAT N
 *
 * Runs on the host, over the formats' own sources: makes the pool of SIZE bytes
 * that stands at START of a guest's NVDIMM, damaged in the N-th way (0: not at
 * all). Prints what opening it for writing makes of it in user space.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/kernel.h>

#include "damage.h"

#define INPUT	(DAMAGE_HEADER + DAMAGE_PATCH)

static const struct sample_format *find_format(const char *name)
{
	unsigned int i;

	for (i = 0; i < sample_nr_formats; i++)
		if (!strcmp(sample_formats[i].name, name))
			return &sample_formats[i];
	errx(2, "no format %s", name);
}

/* One patch: of two the first that is refused would hide the other. */
static size_t make_input(const struct sample_format *format, u64 n, u8 *input)
{
	u64 state = n;

	input[0] = n % SAMPLE_BEFORE;
	input[1] = format->type;
	if (!n)
		return DAMAGE_HEADER;
	/* Most are refused where the seals are as they were. */
	if (n % 4)
		input[0] |= DAMAGE_RESEAL;
	damage_random(&state, input + DAMAGE_HEADER);
	return INPUT;
}

/* Only what is not there: the guest's memory stays as sparse as it is. */
static void store(const struct record *record, u8 *to)
{
	u64 pos;

	for (pos = 0; pos < record->media.size; pos += KMEMP_PAGE_SIZE)
		if (memcmp(to + pos, record->base + pos, KMEMP_PAGE_SIZE))
			memcpy(to + pos, record->base + pos, KMEMP_PAGE_SIZE);
}

int main(int argc, char **argv)
{
	const struct sample_format *format;
	struct image *image;
	struct test_pool t;
	u8 input[INPUT], *to;
	bool sealed;
	u64 start;
	int fd;

	if (argc != 6)
		errx(2, "usage: plant IMAGE START SIZE FORMAT N");
	start = strtoull(argv[2], NULL, 0);
	sample_bytes = strtoull(argv[3], NULL, 0);
	format = find_format(argv[4]);
	image = damage_make(input, make_input(format, strtoull(argv[5], NULL, 0),
					      input), &sealed);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || !image)
		err(1, "%s", argv[1]);
	to = mmap(NULL, sample_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  start);
	if (to == MAP_FAILED)
		err(1, "%s", argv[1]);
	store(&image->record, to);
	if (test_open(&t, &image->record, false)) {
		puts("refused");
		return 0;
	}
	puts("bound");
	test_close(&t);
	return 0;
}
