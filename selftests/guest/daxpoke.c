// SPDX-License-Identifier: GPL-2.0
/*
 * daxpoke DEVICE OFFSET [HEX]: prints 8 bytes of a device in devdax mode, or
 * stores some. A devdax device can only be mapped.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT	(2UL << 20)

int main(int argc, char **argv)
{
	unsigned long offset;
	unsigned char *map, *at;
	unsigned int byte;
	int fd, i;

	if (argc < 3)
		errx(2, "usage: daxpoke DEVICE OFFSET [HEX]");
	offset = strtoul(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	map = mmap(NULL, UNIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   offset / UNIT * UNIT);
	if (map == MAP_FAILED)
		err(1, "mmap");
	at = map + offset % UNIT;
	if (argc == 3) {
		for (i = 0; i < 8; i++)
			printf("%02x", at[i]);
		putchar('\n');
		return 0;
	}
	for (i = 0; sscanf(argv[3] + 2 * i, "%2x", &byte) == 1; i++)
		at[i] = byte;
	return 0;
}
