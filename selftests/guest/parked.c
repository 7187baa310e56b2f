// SPDX-License-Identifier: GPL-2.0
/*
 * parked START END [NODE]: which pages between two physical addresses are parked.
 *
 * An oracle that is not ours: the kernel's own /proc/kpageflags, where a parked
 * page is PageOffline (KPF_OFFLINE) in an online block. Prints runs as page
 * indices from START, "first count", then "total n".
 *
 * With NODE it prints "ok", or what is wrong with that node's numbers: managed
 * and MemTotal must be what is present less what is parked, page by page. They
 * are read one after the other, so the node's must be the same before and after:
 * else pages were just on their way, and it looks again.
 */
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_SHIFT	12
#define CHUNK		4096
#define TRIES		20
#define PAUSE_US	200000

struct node {
	unsigned long present, managed, total;
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* How many pages are parked; each run of them is printed, if that is asked for */
static unsigned long parked(int fd, unsigned long start, unsigned long pages,
			    int print)
{
	unsigned long i, first = 0, run = 0, total = 0;
	static uint64_t flags[CHUNK];

	for (i = 0; i <= pages; i++) {
		int is = 0;

		if (i < pages) {
			if (i % CHUNK == 0 &&
			    pread(fd, flags, sizeof(flags),
				  8 * (start + i)) < 8)
				die("/proc/kpageflags");
			is = flags[i % CHUNK] >> KPF_OFFLINE & 1;
		}
		if (is) {
			if (!run++)
				first = i;
			total++;
		} else if (run) {
			if (print)
				printf("%lu %lu\n", first, run);
			run = 0;
		}
	}
	return total;
}

/* The sums over the node's zones, and its MemTotal in pages */
static void read_node(int nr, struct node *node)
{
	unsigned long value;
	char line[256];
	int here = 0, of;
	FILE *f;

	memset(node, 0, sizeof(*node));
	f = fopen("/proc/zoneinfo", "r");
	if (!f)
		die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d,", &of) == 1)
			here = of == nr;
		else if (here && sscanf(line, " present %lu", &value) == 1)
			node->present += value;
		else if (here && sscanf(line, " managed %lu", &value) == 1)
			node->managed += value;
	}
	fclose(f);

	snprintf(line, sizeof(line), "/sys/devices/system/node/node%d/meminfo",
		 nr);
	f = fopen(line, "r");
	if (!f)
		die(line);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Node %*d MemTotal: %lu", &value) == 1)
			node->total = value >> (PAGE_SHIFT - 10);
	fclose(f);
}

static void accounts(int fd, unsigned long start, unsigned long pages, int nr)
{
	struct node before, after;
	unsigned long count;
	int try;

	read_node(nr, &after);
	for (try = 0; try < TRIES; try++) {
		if (try)
			usleep(PAUSE_US);
		before = after;
		count = parked(fd, start, pages, 0);
		read_node(nr, &after);
		if (!memcmp(&before, &after, sizeof(after)) &&
		    after.managed == after.present - count &&
		    after.total == after.managed) {
			puts("ok");
			return;
		}
	}
	printf("present %lu managed %lu, %lu MemTotal %lu parked %lu\n",
	       after.present, before.managed, after.managed, after.total, count);
}

int main(int argc, char **argv)
{
	unsigned long start, pages;
	int fd;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: parked START END [NODE]\n");
		return 2;
	}
	start = strtoul(argv[1], NULL, 0) >> PAGE_SHIFT;
	pages = (strtoul(argv[2], NULL, 0) >> PAGE_SHIFT) - start;
	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0)
		die("/proc/kpageflags");
	if (argc == 4)
		accounts(fd, start, pages, atoi(argv[3]));
	else
		printf("total %lu\n", parked(fd, start, pages, 1));
	return 0;
}
