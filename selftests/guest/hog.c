// SPDX-License-Identifier: GPL-2.0
/*
 * hog NODE [MIB]: takes all memory that a node has, and is killed for it; or
 * takes that much of it, says so, and goes on writing to it.
 *
 * A child binds itself to the node and touches page after page; it offers
 * itself to the OOM killer, so that nothing else is killed. Each page is
 * written in full, so that a page that was handed out wrongly is overwritten.
 * Prints how many KiB it got. Exit status 0 only if the node was really full.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
/* More than any test's node has. */
#define ROOM	(64UL << 30)

static unsigned char *bind_room(unsigned int node)
{
	unsigned long mask = 1UL << node;
	unsigned char *room;
	int fd;

	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (fd < 0 || write(fd, "1000", 4) != 4)
		exit(3);
	close(fd);
	room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED ||
	    syscall(SYS_mbind, room, ROOM, MPOL_BIND, &mask,
		    8 * sizeof(mask), 0))
		exit(3);
	return room;
}

static void take(unsigned int node, volatile unsigned long *taken)
{
	unsigned char *room = bind_room(node);
	unsigned long i;

	for (i = 0; i < ROOM; i += PAGE) {
		memset(room + i, 0xee, PAGE);
		*taken = i / 1024 + PAGE / 1024;
	}
	exit(4);
}

static void keep(unsigned int node, unsigned long mib)
{
	unsigned char *room = bind_room(node);
	unsigned char byte = 0xee;
	unsigned long i;

	memset(room, byte, mib << 20);
	printf("%lu\n", mib << 10);
	fflush(stdout);
	/* leaves the processor to others now and then */
	for (i = 0;; i = (i + 1) % mib) {
		memset(room + (i << 20), ++byte, 1 << 20);
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	volatile unsigned long *taken;
	int status;
	pid_t pid;

	if (argc == 3)
		keep(strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0));
	if (argc != 2) {
		fprintf(stderr, "usage: hog NODE [MIB]\n");
		return 2;
	}
	taken = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (taken == MAP_FAILED)
		return 2;
	pid = fork();
	if (pid < 0)
		return 2;
	if (!pid)
		take(strtoul(argv[1], NULL, 0), taken);
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	printf("%lu\n", *taken);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1;
}
