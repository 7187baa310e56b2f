// SPDX-License-Identifier: GPL-2.0
/*
 * crashfiles files DIR PORT FIRST: write files FIRST, FIRST + 1, ... in DIR, each
 *	in place of the one of 40 before, and say "durable I" to PORT when file I
 *	and its name were synced
 * crashfiles sectors DEV: write seven sectors of DEV at a time, each full of the
 *	number of the write
 * crashfiles check DIR LAST: are the newest files there, LAST the newest of them?
 *
 * The first two go on until they are killed, or something fails. Runs in the guest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NR_NAMES	40
#define MAX_LENGTH	300000
#define SECTOR		512
#define NR_SECTORS	7
#define NR_PLACES	50

/* What file @i holds, of a length that depends on @i. */
static size_t content(char *buf, unsigned long i)
{
	char line[64];
	size_t length = i * 7919 % MAX_LENGTH + 1, at;
	int width = snprintf(line, sizeof(line), "file %lu of the crash test\n",
			     i);

	for (at = 0; at < length; at++)
		buf[at] = line[at % width];
	return length;
}

static void write_all(int fd, const char *buf, size_t length, const char *name)
{
	while (length) {
		ssize_t done = write(fd, buf, length);

		if (done <= 0)
			err(1, "%s", name);
		buf += done;
		length -= done;
	}
}

static void write_file(int dir, unsigned long i)
{
	static char buf[MAX_LENGTH];
	char name[32], new[40];
	size_t length = content(buf, i);
	int fd;

	snprintf(name, sizeof(name), "f%lu", i % NR_NAMES);
	snprintf(new, sizeof(new), "%s.new", name);
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		err(1, "%s", new);
	write_all(fd, buf, length, new);
	if (fsync(fd) || close(fd) || renameat(dir, new, dir, name) ||
	    syncfs(dir))
		err(1, "%s", name);
}

static void write_files(const char *path, const char *port, unsigned long i)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int fd = open(port, O_WRONLY);
	char line[40];

	if (dir < 0 || fd < 0)
		err(1, "%s", dir < 0 ? path : port);
	for (;; i++) {
		write_file(dir, i);
		write_all(fd, line, snprintf(line, sizeof(line), "durable %lu\n",
					     i), port);
	}
}

static void write_sectors(const char *dev)
{
	static _Alignas(4096) char buf[NR_SECTORS * SECTOR];
	int fd = open(dev, O_WRONLY | O_DIRECT);
	unsigned long i;
	char text[SECTOR + 1];
	int s;

	if (fd < 0)
		err(1, "%s", dev);
	for (i = 1;; i++) {
		snprintf(text, sizeof(text), "%0*lu", SECTOR, i);
		for (s = 0; s < NR_SECTORS; s++)
			memcpy(buf + s * SECTOR, text, SECTOR);
		if (pwrite(fd, buf, sizeof(buf), i % NR_PLACES * sizeof(buf)) !=
		    sizeof(buf))
			err(1, "%s", dev);
	}
}

/* Does the file of @i's name hold file @i, or the one that comes after it? */
static int file_right(int dir, unsigned long i)
{
	static char found[MAX_LENGTH + 1], want[MAX_LENGTH];
	size_t length = 0, of_i, of_next;
	char name[32];
	ssize_t got;
	int fd;

	snprintf(name, sizeof(name), "f%lu", i % NR_NAMES);
	fd = openat(dir, name, O_RDONLY);
	if (fd < 0) {
		warn("%s", name);
		return 0;
	}
	while ((got = read(fd, found + length, sizeof(found) - length)) > 0)
		length += got;
	close(fd);
	of_i = content(want, i);
	if (!got && length == of_i && !memcmp(found, want, length))
		return 1;
	of_next = content(want, i + NR_NAMES);
	if (!got && length == of_next && !memcmp(found, want, length))
		return 1;
	warnx("%s: %zu bytes, neither the %zu of file %lu nor the %zu of %lu",
	      name, length, of_i, i, of_next, i + NR_NAMES);
	return 0;
}

static int check_files(const char *path, unsigned long last)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY), status = 0;
	unsigned long i = last >= NR_NAMES ? last - NR_NAMES + 2 : 1;

	if (dir < 0)
		err(1, "%s", path);
	for (; i <= last; i++)
		if (!file_right(dir, i))
			status = 1;
	return status;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 5 && !strcmp(verb, "files"))
		write_files(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	else if (argc == 3 && !strcmp(verb, "sectors"))
		write_sectors(argv[2]);
	else if (argc == 4 && !strcmp(verb, "check"))
		return check_files(argv[2], strtoul(argv[3], NULL, 10));
	errx(2, "usage: crashfiles files DIR PORT FIRST | sectors DEV | check DIR LAST");
}
