// SPDX-License-Identifier: GPL-2.0
/*
 * A file that takes pages of an object, see outfile.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/string.h>

#include <kmem_persist/format.h>

#include "outfile.h"

/**
 * outfile_create - make an empty file
 * @dir: descriptor of its directory
 * @name: its name there, or a path
 * @force: it may be there already, and loses what it held
 *
 * Return: its descriptor or a negative errno.
 */
int outfile_create(int dir, const char *name, bool force)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			(force ? O_TRUNC : O_EXCL), 0600);

	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, u64 pos, const u8 *data, size_t len)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		pos += n;
		len -= n;
	}
	return 0;
}

static bool is_zero(const u8 *data, u32 page)
{
	return !memchr_inv(data + (size_t)page * KMEMP_PAGE_SIZE, 0,
			   KMEMP_PAGE_SIZE);
}

/**
 * outfile_write - write pages, but none that are zero
 * @fd: of a file that is a hole there
 * @pos: where, in bytes
 * @data: the pages
 * @nr_pages: how many
 *
 * Return: 0 or a negative errno.
 */
int outfile_write(int fd, u64 pos, const u8 *data, u32 nr_pages)
{
	u32 from = 0, to;
	int ret = 0;

	while (!ret && from < nr_pages) {
		if (is_zero(data, from)) {
			from++;
			continue;
		}
		for (to = from + 1; to < nr_pages && !is_zero(data, to); to++)
			;
		ret = write_all(fd, pos + ((u64)from << KMEMP_PAGE_SHIFT),
				data + (size_t)from * KMEMP_PAGE_SIZE,
				(size_t)(to - from) * KMEMP_PAGE_SIZE);
		from = to;
	}
	return ret;
}

/**
 * outfile_close - have it on its disk
 * @fd: the file
 *
 * Return: 0 or a negative errno.
 */
int outfile_close(int fd)
{
	int ret = fsync(fd) ? -errno : 0;

	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}
