// SPDX-License-Identifier: GPL-2.0
/*
 * oddwrites DISK MODEL COUNT: write COUNT times 1 to 200 sectors of 512 bytes
 *	to places of DISK's first 15 MiB, past the page cache, and to the file
 *	MODEL
 *
 * Every third time it is one sector. In turn all sectors go by one write, and
 * each by one of its own. The same places and sizes at each call. Runs in the
 * guest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "noise.h"

#define SECTOR		512
#define MAX_SECTORS	200
#define NR_PLACES	30000

static _Alignas(4096) uint64_t data[MAX_SECTORS * SECTOR / sizeof(uint64_t)];

static void write_sectors(int fd, size_t from, size_t nr, size_t at,
			  const char *name)
{
	size_t length = nr * SECTOR;

	if (pwrite(fd, (char *)data + from * SECTOR, length,
		   (off_t)at * SECTOR) != (ssize_t)length)
		err(1, "%s: %zu sectors at %zu", name, nr, at);
}

int main(int argc, char **argv)
{
	uint64_t state = 88172645463325252ULL;
	unsigned long i, count;
	int disk, model;
	size_t w, s;

	if (argc != 4)
		errx(2, "usage: oddwrites DISK MODEL COUNT");
	disk = open(argv[1], O_WRONLY | O_DIRECT);
	model = open(argv[2], O_WRONLY);
	if (disk < 0 || model < 0)
		err(1, "%s", argv[disk < 0 ? 1 : 2]);
	count = strtoul(argv[3], NULL, 10);
	srandom(7);
	for (i = 1; i <= count; i++) {
		size_t at = random() % NR_PLACES;
		size_t nr = i % 3 ? random() % MAX_SECTORS + 1 : 1;

		for (w = 0; w < nr * SECTOR / sizeof(*data); w++)
			data[w] = noise_next(&state);
		write_sectors(model, 0, nr, at, argv[2]);
		if (i % 2)
			write_sectors(disk, 0, nr, at, argv[1]);
		for (s = 0; i % 2 == 0 && s < nr; s++)
			write_sectors(disk, s, 1, at + s, argv[1]);
	}
	return 0;
}
