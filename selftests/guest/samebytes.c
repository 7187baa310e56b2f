// SPDX-License-Identifier: GPL-2.0
/*
 * samebytes FILE FILE: do two sparse files hold the same bytes?
 *
 * As cmp, but looks only at what is data in one of them: the image of an
 * NVDIMM is mostly holes. Runs on the host.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buf[2][1 << 20];

/* First byte at or after @pos that may not be zero. */
static off_t next_data(int fd, off_t pos, off_t size)
{
	off_t data = lseek(fd, pos, SEEK_DATA);

	if (data < 0 && errno == ENXIO)
		return size;
	return data < 0 ? pos : data;
}

int main(int argc, char **argv)
{
	off_t size[2], pos = 0;
	int fd[2], i;

	if (argc != 3)
		errx(2, "usage: samebytes FILE FILE");
	for (i = 0; i < 2; i++) {
		fd[i] = open(argv[1 + i], O_RDONLY);
		size[i] = fd[i] < 0 ? -1 : lseek(fd[i], 0, SEEK_END);
		if (size[i] < 0)
			err(2, "%s", argv[1 + i]);
	}
	if (size[0] != size[1])
		errx(1, "sizes differ");
	while (1) {
		off_t a = next_data(fd[0], pos, size[0]);
		off_t b = next_data(fd[1], pos, size[0]);
		ssize_t len[2], at;

		pos = a < b ? a : b;
		if (pos == size[0])
			return 0;
		for (i = 0; i < 2; i++)
			len[i] = pread(fd[i], buf[i], sizeof(buf[i]), pos);
		if (len[0] <= 0 || len[0] != len[1])
			err(2, "read");
		for (at = 0; at < len[0]; at++)
			if (buf[0][at] != buf[1][at])
				errx(1, "differ at byte %lld",
				     (long long)(pos + at));
		pos += len[0];
	}
}
