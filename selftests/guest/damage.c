// SPDX-License-Identifier: GPL-2.0
/*
 * damage DEVICE OFFSET BIT: flips one bit of a DAX device in devdax mode.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Device DAX wants mappings that are aligned to its page size. */
#define ALIGNMENT	(2ull << 20)

int main(int argc, char **argv)
{
	unsigned long long offset, start;
	unsigned char *base;
	int fd;

	if (argc != 4)
		return 2;
	offset = strtoull(argv[2], NULL, 0);
	start = offset / ALIGNMENT * ALIGNMENT;
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	base = mmap(NULL, ALIGNMENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    start);
	if (base == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	base[offset - start] ^= 1u << atoi(argv[3]);
	return 0;
}
