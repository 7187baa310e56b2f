// SPDX-License-Identifier: GPL-2.0
/*
 * lookfiles: writes the files that standard input lists, "KIB PATH" a line,
 *	each full of noise of its own
 *
 * One process for all of them: a process for each is most of what writing some
 * files takes under QEMU. Runs in the guest.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define NR_WORDS	8192

static uint64_t words[NR_WORDS];

/* Marsaglia's xorshift64 with a multiplier, as in noise.c */
static void make_noise(uint64_t *state)
{
	uint64_t x = *state;
	int i;

	for (i = 0; i < NR_WORDS; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		words[i] = x * 0x2545f4914f6cdd1dULL;
	}
	*state = x;
}

static void write_file(const char *path, size_t size, uint64_t *state)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		err(1, "%s", path);
	while (size) {
		size_t chunk = size < sizeof(words) ? size : sizeof(words);

		make_noise(state);
		if (write(fd, words, chunk) != (ssize_t)chunk)
			err(1, "%s", path);
		size -= chunk;
	}
	if (close(fd))
		err(1, "%s", path);
}

int main(void)
{
	unsigned int kib, nr = 0;
	uint64_t state;
	char path[256];
	int items;

	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		err(1, "getrandom");
	/* not zero, where it would stay */
	state |= 1;
	while ((items = scanf("%u %255s", &kib, path)) == 2) {
		write_file(path, (size_t)kib << 10, &state);
		nr++;
	}
	if (items != EOF || !nr)
		errx(2, "usage: lookfiles <LIST, lines of KIB PATH");
	return 0;
}
