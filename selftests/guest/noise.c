// SPDX-License-Identifier: GPL-2.0
/*
 * noise SIZE [SEED]: writes SIZE bytes (K, M: KiB, MiB) to standard output that
 *	look random: other ones at each call, or those of SEED
 * noise -l: writes the files that standard input lists, "SIZE PATH" a line
 *
 * Where data only has to be unlike other data: the kernel's random numbers take
 * four times as long under QEMU, and a process for each file most of what writing
 * some files takes. Runs in the guest.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "noise.h"

#define NR_WORDS	8192

static uint64_t seed_of_call(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec +
		((uint64_t)getpid() << 48);
}

static size_t size_of(const char *text)
{
	char *unit;
	size_t size = strtoull(text, &unit, 10);

	if (!strcmp(unit, "M"))
		size <<= 20;
	else if (!strcmp(unit, "K"))
		size <<= 10;
	else if (*unit || unit == text)
		errx(2, "%s is no size like 4096, 64K or 2M", text);
	return size;
}

static void write_noise(int fd, const char *name, size_t size, uint64_t *state)
{
	static uint64_t words[NR_WORDS];

	while (size) {
		size_t chunk = size < sizeof(words) ? size : sizeof(words);
		ssize_t done;
		int i;

		for (i = 0; i < NR_WORDS; i++)
			words[i] = noise_next(state);
		for (size -= chunk; chunk; chunk -= done) {
			done = write(fd, (char *)words + (sizeof(words) - chunk),
				     chunk);
			if (done < 0)
				err(1, "%s", name);
		}
	}
}

static void write_files(uint64_t *state)
{
	char size[32], path[256];
	int items, fd;

	while ((items = scanf("%31s %255s", size, path)) == 2) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0)
			err(1, "%s", path);
		write_noise(fd, path, size_of(size), state);
		if (close(fd))
			err(1, "%s", path);
	}
	if (items != EOF)
		errx(2, "a line of the list is \"SIZE PATH\"");
}

int main(int argc, char **argv)
{
	uint64_t state;

	if (argc != 2 && argc != 3)
		errx(2, "usage: noise SIZE [SEED] | -l <LIST");
	/* an odd state: it never gets to zero, where it would stay */
	state = (argc == 3 ? strtoull(argv[2], NULL, 0) : seed_of_call()) * 2 + 1;
	if (!strcmp(argv[1], "-l"))
		write_files(&state);
	else
		write_noise(STDOUT_FILENO, "standard output", size_of(argv[1]),
			    &state);
	return 0;
}
