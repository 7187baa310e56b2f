// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into the tool: bad pages of an image.
 *
 * POISON=FILE:PAGE,...: reading or writing one of these pages raises the signal
 * that poison raises. CRASH=FILE:PAGE,...: the first store into one of them is
 * the program's end, as if it had been killed there. FLIP=FILE:PAGE,...: a bit
 * of these pages is another one whenever FILE is mapped for reading only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE	4096UL

typedef void *(*mmap_fn)(void *, size_t, int, int, int, off_t);

static mmap_fn real_mmap(void)
{
	return (mmap_fn)dlsym(RTLD_NEXT, "mmap");
}

/* The pages behind "FILE:" in the variable, if @fd is that file. */
static const char *pages_of(const char *variable, int fd)
{
	const char *value = getenv(variable), *colon;
	struct stat wanted, found;
	char path[4096];

	colon = value ? strrchr(value, ':') : NULL;
	if (!colon || (size_t)(colon - value) >= sizeof(path))
		return NULL;
	memcpy(path, value, colon - value);
	path[colon - value] = '\0';
	if (stat(path, &wanted) || fstat(fd, &found) ||
	    wanted.st_ino != found.st_ino || wanted.st_dev != found.st_dev)
		return NULL;
	return colon + 1;
}

static void hit(char *base, const char *pages, int empty)
{
	char *end;

	while (*pages) {
		char *page = base + strtoul(pages, &end, 10) * PAGE;

		if (empty < 0)
			mprotect(page, PAGE, PROT_READ);
		else
			real_mmap()(page, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_FIXED, empty, 0);
		pages = *end ? end + 1 : end;
	}
}

/* The descriptor may be for reading only: by the file's name. */
static void flip(const char *pages)
{
	const char *value = getenv("FLIP");
	char path[4096] = "", byte, *end;
	int fd;

	memcpy(path, value, strrchr(value, ':') - value);
	fd = open(path, O_RDWR | O_CLOEXEC);
	while (*pages) {
		off_t pos = strtoul(pages, &end, 10) * PAGE + 100;

		if (pread(fd, &byte, 1, pos) != 1)
			abort();
		byte ^= 4;
		if (pwrite(fd, &byte, 1, pos) != 1)
			abort();
		pages = *end ? end + 1 : end;
	}
	close(fd);
}

void *mmap(void *address, size_t len, int prot, int flags, int fd, off_t offset)
{
	char *base = real_mmap()(address, len, prot, flags, fd, offset);
	const char *pages;

	if (fd < 0 || base == MAP_FAILED)
		return base;
	pages = pages_of("POISON", fd);
	if (pages)
		hit(base, pages, memfd_create("empty", MFD_CLOEXEC));
	pages = prot & PROT_WRITE ? pages_of("CRASH", fd) : NULL;
	if (pages)
		hit(base, pages, -1);
	pages = prot & PROT_WRITE ? NULL : pages_of("FLIP", fd);
	if (pages)
		flip(pages);
	return base;
}
