// SPDX-License-Identifier: GPL-2.0
/*
 * writepages DISK PAGE...: write these pages of DISK, one after the other, past
 *	the page cache, and sync each; ends at the first that fails
 *
 * Each word of a page is the page's number. Runs in the guest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE	4096

int main(int argc, char **argv)
{
	static _Alignas(PAGE) uint64_t page[PAGE / sizeof(uint64_t)];
	int fd, i;

	if (argc < 3)
		errx(2, "usage: writepages DISK PAGE...");
	fd = open(argv[1], O_WRONLY | O_DIRECT);
	if (fd < 0)
		err(1, "%s", argv[1]);
	for (i = 2; i < argc; i++) {
		uint64_t nr = strtoull(argv[i], NULL, 10);
		size_t w;

		for (w = 0; w < PAGE / sizeof(*page); w++)
			page[w] = nr;
		if (pwrite(fd, page, PAGE, (off_t)nr * PAGE) != PAGE ||
		    fsync(fd))
			err(1, "%s: page %s", argv[1], argv[i]);
	}
	return 0;
}
