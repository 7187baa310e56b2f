// SPDX-License-Identifier: GPL-2.0
/*
 * volrand [OPTION]... FILE BLOCK SIZE [BYTES]: write BYTES (all, by default)
 *	of the first SIZE of FILE, blocks of BLOCK bytes in random order, none
 *	twice (K, M: KiB, MiB)
 *
 *	-d	past the page cache
 *	-f	sync after each block; -F: at the end
 *	-v	then read all of them past the page cache, and compare
 *	-h	in order, and each other block only: BYTES is half of SIZE
 *	-l	do it again and again until SIGTERM, then print the longest
 *		sync in ms
 *	-j N	N processes side by side
 *	-i STEP	each of them STEP behind the one before
 *	-r SEED	another order, other bytes
 *
 * fio could do all of that, but to load it takes three seconds under QEMU. Runs
 * in the guest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_BLOCK	65536

static bool given[128];		/* options, by their letters */
static const char *name;
static size_t block, count, places;
static uint64_t seed = 1;
static volatile sig_atomic_t stop;

static _Alignas(4096) uint64_t buf[MAX_BLOCK / sizeof(uint64_t)];
static _Alignas(4096) uint64_t want[MAX_BLOCK / sizeof(uint64_t)];

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

static size_t number_of(const char *text)
{
	char *unit;
	size_t value = strtoull(text, &unit, 10);

	if (!strcmp(unit, "M"))
		value <<= 20;
	else if (!strcmp(unit, "K"))
		value <<= 10;
	else if (*unit || unit == text)
		errx(2, "%s is no number like 4096, 64K or 2M", text);
	return value;
}

/* What the block at @pos holds; of no other place, process or seed. */
static void content(uint64_t *data, off_t pos, unsigned int job)
{
	uint64_t state = ((seed << 8 | job) << 40 | pos) * 2 + 1;
	size_t w;

	for (w = 0; w < block / sizeof(*data); w++)
		data[w] = next(&state);
}

static off_t *make_order(off_t base, unsigned int job)
{
	off_t *order = calloc(places, sizeof(*order));
	uint64_t state = seed << 8 | (job + 1);
	size_t i;

	if (!order)
		err(1, "order");
	for (i = 0; i < places; i++) {
		size_t at = given['h'] ? i : next(&state) % (i + 1);

		order[i] = order[at];
		order[at] = base + (off_t)i * block * (given['h'] ? 2 : 1);
	}
	return order;
}

static long sync_file(int fd)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (fsync(fd))
		err(1, "%s: sync", name);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000 +
		(to.tv_nsec - from.tv_nsec) / 1000000;
}

static void check(const off_t *order, unsigned int job)
{
	int fd = open(name, O_RDONLY | O_DIRECT);
	size_t i;

	if (fd < 0)
		err(1, "%s", name);
	for (i = 0; i < count; i++) {
		content(want, order[i], job);
		if (pread(fd, buf, block, order[i]) != (ssize_t)block)
			err(1, "%s: read at %lld", name, (long long)order[i]);
		if (memcmp(buf, want, block))
			errx(1, "%s: at %lld is not what was written", name,
			     (long long)order[i]);
	}
	close(fd);
}

static void run(off_t base, unsigned int job)
{
	off_t *order = make_order(base, job);
	int fd = open(name, O_WRONLY | (given['d'] ? O_DIRECT : 0));
	long took, longest = 0;
	size_t i;

	if (fd < 0)
		err(1, "%s", name);
	do {
		for (i = 0; i < count && !stop; i++) {
			content(buf, order[i], job);
			if (pwrite(fd, buf, block, order[i]) != (ssize_t)block)
				err(1, "%s: write at %lld", name,
				    (long long)order[i]);
			took = given['f'] ? sync_file(fd) : 0;
			longest = took > longest ? took : longest;
		}
	} while (given['l'] && !stop);
	if (given['F'])
		sync_file(fd);
	if (close(fd))
		err(1, "%s: close", name);
	if (given['v'])
		check(order, job);
	if (given['l'])
		printf("%ld\n", longest);
	free(order);
}

static void explain(void)
{
	errx(2, "usage: volrand [-dfFvhl] [-j N] [-i STEP] [-r SEED] FILE BLOCK SIZE [BYTES]");
}

int main(int argc, char **argv)
{
	const struct sigaction act = { .sa_handler = on_term };
	size_t jobs = 1, step = 0, i;
	int opt, status;

	while ((opt = getopt(argc, argv, "dfFvhlj:i:r:")) != -1) {
		if (opt == '?')
			explain();
		given[opt] = true;
		if (opt == 'j')
			jobs = number_of(optarg);
		if (opt == 'i')
			step = number_of(optarg);
		if (opt == 'r')
			seed = number_of(optarg);
	}
	argv += optind;
	argc -= optind;
	if (argc != 3 && argc != 4)
		explain();
	name = argv[0];
	block = number_of(argv[1]);
	if (!block || block % 512 || block > MAX_BLOCK)
		errx(2, "blocks are of 512 to %d bytes", MAX_BLOCK);
	places = number_of(argv[2]) / block / (given['h'] ? 2 : 1);
	count = argc == 4 ? number_of(argv[3]) / block : places;
	if (!count || count > places)
		errx(2, "there is no place for %zu blocks", count);
	sigaction(SIGTERM, &act, NULL);
	for (i = 0; i + 1 < jobs; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			run(i * step, i);
			return 0;
		}
	run(i * step, i);
	while (wait(&status) > 0)
		if (status)
			errx(1, "another process failed");
	return 0;
}
