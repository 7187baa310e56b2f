// SPDX-License-Identifier: GPL-2.0
/*
 * crashfiles files DIR PORT FIRST: write files FIRST, FIRST + 1, ... in DIR, each
 *	in place of the one of 40 before, and say "durable I" to PORT when file I
 *	and its name were synced
 * crashfiles check DIR LAST: are the newest files there, LAST the newest of them?
 * crashfiles sectors DEV: write seven sectors of DEV at a time, each full of the
 *	number of the write
 * crashfiles untorn DEV: is each of these sectors full of one number, that of a
 *	write which goes there?
 * crashfiles some DIR COUNT FILE: write COUNT files in DIR, sync each by itself,
 *	and put the number of it into FILE
 * crashfiles all DIR COUNT: are these files there?
 *
 * "files" and "sectors" go on until they are killed, or something fails. Runs
 * in the guest.
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
#define MIN_BUFFER	64
#define MAX_BUFFER	(MAX_LENGTH + MIN_BUFFER)
#define CHUNK		65536
#define SECTOR		512
#define NR_SECTORS	7
#define NR_PLACES	50

/* What file @i holds, of a length that depends on @i. */
static size_t content(char *buf, unsigned long i)
{
	size_t length = i * 7919 % MAX_LENGTH + 1, done;

	/* twice as much at a time; what is behind the length is never looked at */
	done = snprintf(buf, MIN_BUFFER, "file %lu of the crash test\n", i);
	for (; done < length; done *= 2)
		memcpy(buf + done, buf, done < length - done ? done :
		       length - done);
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
	static char buf[MAX_BUFFER];
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

/* A sector that is torn anywhere between two words holds two numbers. */
struct sector {
	unsigned long words[SECTOR / sizeof(unsigned long)];
};

static void write_sectors(const char *dev)
{
	static _Alignas(4096) struct sector buf[NR_SECTORS];
	int fd = open(dev, O_WRONLY | O_DIRECT);
	unsigned long i;
	size_t s, w;

	if (fd < 0)
		err(1, "%s", dev);
	for (i = 1;; i++) {
		for (s = 0; s < NR_SECTORS; s++)
			for (w = 0; w < SECTOR / sizeof(i); w++)
				buf[s].words[w] = i;
		if (pwrite(fd, buf, sizeof(buf), i % NR_PLACES * sizeof(buf)) !=
		    sizeof(buf))
			err(1, "%s", dev);
	}
}

static int check_sectors(const char *dev)
{
	static _Alignas(4096) struct sector buf[NR_PLACES * NR_SECTORS];
	int fd = open(dev, O_RDONLY | O_DIRECT), status = 0;
	size_t s, w;

	if (fd < 0 || pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
		err(1, "%s", dev);
	for (s = 0; s < NR_PLACES * NR_SECTORS; s++) {
		const unsigned long *words = buf[s].words;

		for (w = 1; w < SECTOR / sizeof(*words); w++)
			if (words[w] != words[0])
				break;
		/* 0: no write has come here yet */
		if (w == SECTOR / sizeof(*words) &&
		    (!words[0] || words[0] % NR_PLACES == s / NR_SECTORS))
			continue;
		warnx("sector %zu begins with %lu, word %zu is %lu", s,
		      words[0], w, words[w % (SECTOR / sizeof(*words))]);
		status = 1;
	}
	return status;
}

/* Does a file hold file @i, and nothing else? */
static int is_file(const char *found, size_t length, unsigned long i)
{
	static char want[MAX_BUFFER];

	return length == content(want, i) && !memcmp(found, want, length);
}

/* Reads a file as a whole; a length of none if that cannot be done. */
static ssize_t read_file(int dir, const char *name, char *buf, size_t room)
{
	size_t length = 0;
	ssize_t got;
	int fd;

	fd = openat(dir, name, O_RDONLY);
	if (fd < 0) {
		warn("%s", name);
		return -1;
	}
	while ((got = read(fd, buf + length, room - length)) > 0)
		length += got;
	if (got < 0)
		warn("%s", name);
	close(fd);
	return got < 0 ? -1 : (ssize_t)length;
}

/* Does the file of @i's name hold file @i, or the one that comes after it? */
static int file_right(int dir, unsigned long i)
{
	static char found[MAX_LENGTH + 1];
	char name[32];
	ssize_t length;

	snprintf(name, sizeof(name), "f%lu", i % NR_NAMES);
	length = read_file(dir, name, found, sizeof(found));
	if (length < 0)
		return 0;
	if (is_file(found, length, i) || is_file(found, length, i + NR_NAMES))
		return 1;
	warnx("%s: %zd bytes, neither file %lu nor file %lu", name, length, i,
	      i + NR_NAMES);
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

static int write_some(const char *path, unsigned long count, const char *at)
{
	static char buf[MAX_BUFFER];
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int fd_at = open(at, O_WRONLY | O_CREAT, 0600);
	char name[32];
	unsigned long i;

	if (dir < 0 || fd_at < 0)
		err(1, "%s", dir < 0 ? path : at);
	for (i = 1; i <= count; i++) {
		size_t length = content(buf, i), done, chunk;
		int fd;

		snprintf(name, sizeof(name), "w%lu", i);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			err(1, "%s", name);
		for (done = 0; done < length; done += chunk) {
			chunk = length - done < CHUNK ? length - done : CHUNK;
			write_all(fd, buf + done, chunk, name);
		}
		if (fsync(fd) || close(fd))
			err(1, "%s", name);
		/* of one length, so that a reader never sees half a line */
		length = snprintf(name, sizeof(name), "%8lu\n", i);
		if (pwrite(fd_at, name, length, 0) != (ssize_t)length)
			err(1, "%s", at);
	}
	return 0;
}

static int check_all(const char *path, unsigned long count)
{
	static char found[MAX_LENGTH + 1];
	int dir = open(path, O_RDONLY | O_DIRECTORY), status = 0;
	char name[32];
	unsigned long i;
	ssize_t length;

	if (dir < 0)
		err(1, "%s", path);
	for (i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "w%lu", i);
		length = read_file(dir, name, found, sizeof(found));
		if (length >= 0 && is_file(found, length, i))
			continue;
		warnx("%s: %zd bytes, not what was written", name, length);
		status = 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 5 && !strcmp(verb, "files"))
		write_files(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	else if (argc == 4 && !strcmp(verb, "check"))
		return check_files(argv[2], strtoul(argv[3], NULL, 10));
	else if (argc == 3 && !strcmp(verb, "sectors"))
		write_sectors(argv[2]);
	else if (argc == 3 && !strcmp(verb, "untorn"))
		return check_sectors(argv[2]);
	else if (argc == 5 && !strcmp(verb, "some"))
		return write_some(argv[2], strtoul(argv[3], NULL, 10), argv[4]);
	else if (argc == 4 && !strcmp(verb, "all"))
		return check_all(argv[2], strtoul(argv[3], NULL, 10));
	errx(2, "usage: crashfiles files DIR PORT FIRST | check DIR LAST | sectors DEV | untorn DEV | some DIR COUNT FILE | all DIR COUNT");
}
