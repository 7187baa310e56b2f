// SPDX-License-Identifier: GPL-2.0
/*
 * The tool's own medium: what cannot be read is -EIO, what cannot be stored
 * ends the guarded call, and images of any size and kind are taken or refused.
 *
 * A page beyond the end of a file raises the signal that poison raises.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kernel.h>

#include <kmem_persist/format.h>

#include "media_file.h"
#include "tap.h"

static char path[32];
static struct kmemp_media_file file;

static int store(void *arg)
{
	kmemp_media_store64(&file.media, *(u64 *)arg, 1);
	return 7;
}

static int fill(void *arg)
{
	kmemp_media_fill(&file.media, *(u64 *)arg, 0xff, KMEMP_PAGE_SIZE);
	return 7;
}

static void test_faults(int fd)
{
	u8 buf[2 * KMEMP_PAGE_SIZE] = { 1 };
	u64 good = 0, lost = 3 * KMEMP_PAGE_SIZE, value = 5;
	unsigned int i, n = 0;

	if (ftruncate(fd, 4 * KMEMP_PAGE_SIZE) ||
	    kmemp_media_file_open(&file, path, false) ||
	    ftruncate(fd, 2 * KMEMP_PAGE_SIZE))
		abort();
	tap_ok(!kmemp_media_load64(&file.media, good, &value) && !value,
	       "a page that is there");
	for (i = 0; i < 10; i++)
		n += kmemp_media_load64(&file.media, lost, &value) == -EIO;
	tap_ok(n == 10, "8 bytes that cannot be read, ten times (%u)", n);
	tap_ok(kmemp_media_read(&file.media, KMEMP_PAGE_SIZE, buf,
				sizeof(buf)) == -EIO,
	       "a range whose second page cannot be read");
	tap_ok(!kmemp_media_read(&file.media, 0, buf, sizeof(buf)),
	       "and a good one after it");
	tap_ok(kmemp_media_file_guard(store, &good) == 7,
	       "a guarded store that succeeds");
	tap_ok(kmemp_media_file_guard(store, &lost) == -EIO &&
	       kmemp_media_file_guard(fill, &lost) == -EIO,
	       "guarded stores that fail");
	tap_ok(kmemp_media_file_guard(fill, &good) == 7 &&
	       kmemp_media_load64(&file.media, lost, &value) == -EIO,
	       "and reads and stores after them");
	kmemp_media_file_close(&file);
}

static void test_sizes(int fd)
{
	static const struct {
		off_t bytes;
		int ret;
		u64 size;
	} sizes[] = {
		{ 0, -ENOSPC, 0 }, { 4095, -ENOSPC, 0 }, { 4096, 0, 4096 },
		{ 8191, 0, 4096 }, { 1LL << 40, 0, 1ULL << 40 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int ret;

		if (ftruncate(fd, 0) || ftruncate(fd, sizes[i].bytes))
			continue;
		ret = kmemp_media_file_open(&file, path, true);
		tap_ok(ret == sizes[i].ret &&
		       (ret || file.media.size == sizes[i].size),
		       "a file of %lld bytes", (long long)sizes[i].bytes);
		if (!ret)
			kmemp_media_file_close(&file);
	}
	tap_ok(kmemp_media_file_open(&file, "/dev/null", true) == -ENODEV,
	       "a device that is no DAX device");
	tap_ok(kmemp_media_file_open(&file, "/tmp", true) == -ENODEV,
	       "a directory");
	tap_ok(kmemp_media_file_open(&file, "/nonexistent", true) == -ENOENT,
	       "no file");
}

int main(void)
{
	int fd;

	strcpy(path, "/tmp/kmemp-media.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		abort();
	test_faults(fd);
	test_sizes(fd);
	close(fd);
	unlink(path);
	return tap_done();
}
