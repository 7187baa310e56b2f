// SPDX-License-Identifier: GPL-2.0
/*
 * hoard NODE: takes all memory that a NUMA node has left, and keeps it.
 *
 * Each page is filled with TAG, so that whoever looks at the medium sees whose
 * it is.  Prints the number of pages once it has them, then waits for SIGTERM,
 * reads all of them again and fails if one has changed.
 *
 * It stops where the kernel begins to keep pages for itself (the "min"
 * watermarks of the node): one step further is the out-of-memory killer's,
 * which would be a test of the kernel and not of us.
 */
#define _GNU_SOURCE
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TAG "kmemphog"
#define PAGE 4096UL
#define HUGE_PAGES 512UL

/*
 * Free pages are counted with a delay and lie on per-CPU lists, whole huge
 * pages too: the last ones are taken few at a time, in the end one by one
 */
#define LAST_PAGES 4096L
#define SLACK 512L
#define ONE_BY_ONE 256L

static uint64_t tag;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Free pages of the node above what the kernel keeps for itself. */
static long left(int node)
{
	char line[256], want[32];
	long value, free_pages = 0, min = 0;
	int here = 0;
	FILE *f;

	f = fopen("/proc/zoneinfo", "r");
	if (!f)
		die("/proc/zoneinfo");
	snprintf(want, sizeof(want), "Node %d, ", node);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Node ", 5))
			here = !strncmp(line, want, strlen(want));
		else if (here && sscanf(line, " pages free %ld", &value) == 1)
			free_pages += value;
		else if (here && sscanf(line, " min %ld", &value) == 1)
			min += value;
	}
	fclose(f);
	return free_pages - min - SLACK;
}

static void fill(uint64_t *mem, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages * PAGE / sizeof(*mem); i++)
		mem[i] = tag;
}

static unsigned long take(char *mem, int node, unsigned long room)
{
	unsigned long pages = 0;
	long more;

	while ((more = left(node)) >= LAST_PAGES && pages + more <= room) {
		more = more / 2 / HUGE_PAGES * HUGE_PAGES;
		fill((uint64_t *)(mem + pages * PAGE), more);
		pages += more;
	}
	if (madvise(mem + pages * PAGE, (room - pages) * PAGE, MADV_NOHUGEPAGE))
		die("madvise");
	/* asking takes as long as some hundred pages: several, but at the end */
	for (; more > 0 && pages < room; more = left(node)) {
		unsigned long some = more > ONE_BY_ONE ? more / 16 : 1;

		if (some > room - pages)
			some = room - pages;
		fill((uint64_t *)(mem + pages * PAGE), some);
		pages += some;
	}
	return pages;
}

static unsigned long count_changed(const uint64_t *mem, unsigned long pages)
{
	unsigned long i, changed = 0;

	for (i = 0; i < pages * PAGE / sizeof(*mem); i++)
		changed += mem[i] != tag;
	return changed;
}

int main(int argc, char **argv)
{
	unsigned long nodes, pages, changed;
	size_t room;
	sigset_t set;
	char *mem;
	int node, sig;
	FILE *f;

	node = argc == 2 ? atoi(argv[1]) : -1;
	if (node < 0 || node > 63) {
		fprintf(stderr, "usage: hoard NODE\n");
		return 2;
	}
	memcpy(&tag, TAG, sizeof(tag));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* if the kernel has to kill after all, then us */
	f = fopen("/proc/self/oom_score_adj", "w");
	if (!f || fputs("1000", f) == EOF || fclose(f))
		die("oom_score_adj");

	room = (left(node) + 2 * HUGE_PAGES) * PAGE;
	mem = mmap(NULL, room, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	nodes = 1UL << node;
	if (syscall(SYS_mbind, mem, room, MPOL_BIND, &nodes,
		    8 * sizeof(nodes), 0))
		die("mbind");
	pages = take(mem, node, room / PAGE);
	printf("%lu\n", pages);
	fflush(stdout);

	sigwait(&set, &sig);
	changed = count_changed((uint64_t *)mem, pages);
	if (changed)
		fprintf(stderr, "hoard: %lu words have changed\n", changed);
	return changed != 0;
}
