/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file that takes pages of an object, with holes for what is zero.
 */
#ifndef KMEMP_TOOLS_OUTFILE_H
#define KMEMP_TOOLS_OUTFILE_H

#include <linux/types.h>

int outfile_create(int dir, const char *name, bool force);
int outfile_write(int fd, u64 pos, const u8 *data, u32 nr_pages);
int outfile_close(int fd);

#endif /* KMEMP_TOOLS_OUTFILE_H */
