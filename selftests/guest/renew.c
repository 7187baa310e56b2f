// SPDX-License-Identifier: GPL-2.0
/*
 * renew SECONDS.FRACTION HEX - for a guest that goes on from a saved state: sets
 * its clock and seeds its random numbers, which other guests continue too.
 */
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <fcntl.h>

struct seed {
	struct rand_pool_info info;
	unsigned char bytes[64];
};

static int die(const char *what)
{
	fprintf(stderr, "renew: ");
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec now = { 0 };
	struct seed seed = { 0 };
	unsigned int byte;
	double time;
	const char *p;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: renew SECONDS.FRACTION HEX\n");
		return 2;
	}
	time = atof(argv[1]);
	now.tv_sec = time;
	now.tv_nsec = (time - now.tv_sec) * 1e9;
	if (clock_settime(CLOCK_REALTIME, &now))
		return die("clock_settime");

	for (p = argv[2]; sscanf(p, "%2x", &byte) == 1 && p[1]; p += 2) {
		if (seed.info.buf_size == sizeof(seed.bytes))
			break;
		seed.bytes[seed.info.buf_size++] = byte;
	}
	seed.info.entropy_count = seed.info.buf_size * 8;
	fd = open("/dev/urandom", O_WRONLY);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed) ||
	    ioctl(fd, RNDRESEEDCRNG))
		return die("/dev/urandom");
	return 0;
}
