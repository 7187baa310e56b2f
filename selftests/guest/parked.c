// SPDX-License-Identifier: GPL-2.0
/*
 * parked START END: which pages between two physical addresses are parked.
 *
 * An oracle that is not ours: the kernel's own /proc/kpageflags, where a parked
 * page is PageOffline (KPF_OFFLINE) in an online block. Prints runs as page
 * indices from START, "first count", then "total n".
 */
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE_SHIFT	12
#define CHUNK		4096

int main(int argc, char **argv)
{
	unsigned long start, pages, i, first = 0, run = 0, total = 0;
	static uint64_t flags[CHUNK];
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: parked START END\n");
		return 2;
	}
	start = strtoul(argv[1], NULL, 0) >> PAGE_SHIFT;
	pages = (strtoul(argv[2], NULL, 0) >> PAGE_SHIFT) - start;
	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0) {
		perror("/proc/kpageflags");
		return 2;
	}
	for (i = 0; i <= pages; i++) {
		int is = 0;

		if (i < pages) {
			if (i % CHUNK == 0 &&
			    pread(fd, flags, sizeof(flags),
				  8 * (start + i)) < 8) {
				perror("/proc/kpageflags");
				return 2;
			}
			is = flags[i % CHUNK] >> KPF_OFFLINE & 1;
		}
		if (is) {
			if (!run++)
				first = i;
			total++;
		} else if (run) {
			printf("%lu %lu\n", first, run);
			run = 0;
		}
	}
	printf("total %lu\n", total);
	return 0;
}
