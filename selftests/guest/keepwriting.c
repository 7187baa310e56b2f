// SPDX-License-Identifier: GPL-2.0
/*
 * keepwriting DISK MODEL PIECES STOP open|often: write pieces of 64 KiB to DISK
 *	and to the file MODEL, 8 MiB and then from the start again, until there
 *	is a file STOP; sync each, read it back and compare
 *
 * "open" has DISK open all the time; "often" opens it for each piece, and for
 * half of the time it is not open. PIECES gets the number of them so far. Runs
 * in the guest, beside what is tested, to which it leaves most of the processor.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "noise.h"

#define PIECE		65536
#define NR_PLACES	128
#define PAUSE_US	10000

static _Alignas(4096) uint64_t piece[PIECE / sizeof(uint64_t)];
static _Alignas(4096) uint64_t found[PIECE / sizeof(uint64_t)];

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0600);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

/* A pause with the file open: of two files, one of which is DISK */
static void write_piece(const char *name, int flags, off_t pos)
{
	int fd = open_file(name, O_WRONLY | flags);

	if (pwrite(fd, piece, sizeof(piece), pos) != sizeof(piece) ||
	    fsync(fd))
		err(1, "%s: write", name);
	usleep(PAUSE_US);
	if (close(fd))
		err(1, "%s: close", name);
}

/* Past the page cache, which has what was written. */
static void read_back(const char *disk, off_t pos)
{
	int fd = open_file(disk, O_RDONLY | O_DIRECT);

	if (pread(fd, found, sizeof(found), pos) != sizeof(found))
		err(1, "%s: read", disk);
	close(fd);
	if (memcmp(piece, found, sizeof(piece)))
		errx(1, "%s: at %lld is not what was written", disk,
		     (long long)pos);
}

int main(int argc, char **argv)
{
	uint64_t state = 88172645463325252ULL;
	const char *disk, *model;
	unsigned long i;
	char text[32];
	size_t w;
	int fd;

	if (argc != 6 || (strcmp(argv[5], "open") && strcmp(argv[5], "often")))
		errx(2, "usage: keepwriting DISK MODEL PIECES STOP open|often");
	disk = argv[1];
	model = argv[2];
	/* another run's pieces are others */
	state ^= (uint64_t)getpid() << 20;
	fd = open_file(argv[3], O_WRONLY | O_CREAT | O_TRUNC);
	if (!strcmp(argv[5], "open"))
		open_file(disk, O_RDONLY);
	for (i = 0; access(argv[4], F_OK); i++) {
		off_t pos = (off_t)(i % NR_PLACES) * PIECE;
		int length;

		for (w = 0; w < PIECE / sizeof(*piece); w++)
			piece[w] = noise_next(&state);
		write_piece(disk, 0, pos);
		write_piece(model, O_CREAT, pos);
		read_back(disk, pos);
		/* of one length, so that a reader never sees half a line */
		length = snprintf(text, sizeof(text), "%8lu\n", i + 1);
		if (pwrite(fd, text, length, 0) != length)
			err(1, "%s", argv[3]);
	}
	return 0;
}
