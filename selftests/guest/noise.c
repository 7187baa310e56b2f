// SPDX-License-Identifier: GPL-2.0
/*
 * noise SIZE [SEED]: writes SIZE bytes (K, M: KiB, MiB) to standard output that
 *	look random: other ones at each call, or those of SEED
 *
 * Where data only has to be unlike other data: the kernel's random numbers take
 * ten times as long under QEMU. Runs in the guest.
 */
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NR_WORDS	8192

/* Marsaglia's xorshift64 with a multiplier: one word of noise */
static uint64_t next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static uint64_t seed_of_call(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec +
		((uint64_t)getpid() << 48);
}

int main(int argc, char **argv)
{
	static uint64_t words[NR_WORDS];
	unsigned long long size;
	uint64_t state;
	char *unit;

	if (argc != 2 && argc != 3)
		errx(2, "usage: noise SIZE [SEED]");
	size = strtoull(argv[1], &unit, 10);
	if (!strcmp(unit, "M"))
		size <<= 20;
	else if (!strcmp(unit, "K"))
		size <<= 10;
	else if (*unit || unit == argv[1])
		errx(2, "%s is no size like 4096, 64K or 2M", argv[1]);
	/* an odd state: it never gets to zero, where it would stay */
	state = (argc == 3 ? strtoull(argv[2], NULL, 0) : seed_of_call()) * 2 + 1;
	while (size) {
		size_t chunk = size < sizeof(words) ? size : sizeof(words);
		ssize_t done;
		int i;

		for (i = 0; i < NR_WORDS; i++)
			words[i] = next(&state);
		for (size -= chunk; chunk; chunk -= done) {
			done = write(STDOUT_FILENO, (char *)words +
				     (sizeof(words) - chunk), chunk);
			if (done < 0)
				err(1, "standard output");
		}
	}
	return 0;
}
