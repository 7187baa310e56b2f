// SPDX-License-Identifier: GPL-2.0
/*
 * lookover FILE BLOCKS ROUNDS EVERY: overwrites a file again and again
 *
 * In each round every one of its BLOCKS pages is written once, in an order of
 * its own, with an fsync after EVERY of them. Each write says what was written
 * where, in each of its words. Then the page cache is dropped and all of it
 * read: each page must be what was written to it last. Runs in the guest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE		4096
#define NR_WORDS	(PAGE / sizeof(uint64_t))

static uint64_t buf[NR_WORDS];

/* An odd factor: the words of a page differ, and those of two pages. */
static uint64_t word_of(unsigned int round, unsigned int block, unsigned int i)
{
	return ((uint64_t)round << 48 | (uint64_t)block << 16 | i) *
	       0x9e3779b97f4a7c15ULL;
}

static void shuffle(unsigned int *order, unsigned int nr)
{
	unsigned int i, other, block;

	for (i = nr - 1; i > 0; i--) {
		other = random() % (i + 1);
		block = order[i];
		order[i] = order[other];
		order[other] = block;
	}
}

static void write_block(int fd, unsigned int round, unsigned int block)
{
	unsigned int i;

	for (i = 0; i < NR_WORDS; i++)
		buf[i] = word_of(round, block, i);
	if (pwrite(fd, buf, PAGE, (off_t)block * PAGE) != PAGE)
		err(1, "write of page %u", block);
}

static void read_block(int fd, unsigned int round, unsigned int block)
{
	unsigned int i;

	if (pread(fd, buf, PAGE, (off_t)block * PAGE) != PAGE)
		err(1, "read of page %u", block);
	for (i = 0; i < NR_WORDS; i++)
		if (buf[i] != word_of(round, block, i))
			errx(1, "page %u is not what was written", block);
}

int main(int argc, char **argv)
{
	unsigned int nr, rounds, every, round, i, writes = 0;
	unsigned int *order;
	int fd;

	if (argc != 5)
		errx(2, "usage: lookover FILE BLOCKS ROUNDS EVERY");
	nr = strtoul(argv[2], NULL, 0);
	rounds = strtoul(argv[3], NULL, 0);
	every = strtoul(argv[4], NULL, 0);
	order = calloc(nr, sizeof(*order));
	if (!order || !nr || !rounds || !every)
		errx(2, "nothing to write");
	for (i = 0; i < nr; i++)
		order[i] = i;
	fd = open(argv[1], O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)nr * PAGE))
		err(1, "%s", argv[1]);
	for (round = 1; round <= rounds; round++) {
		shuffle(order, nr);
		for (i = 0; i < nr; i++) {
			write_block(fd, round, order[i]);
			if (++writes % every == 0 && fsync(fd))
				err(1, "fsync");
		}
	}
	/* else what is read is what is still in the page cache */
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		err(1, "dropping it from the page cache");
	for (i = 0; i < nr; i++)
		read_block(fd, rounds, i);
	return 0;
}
