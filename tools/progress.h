/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a long job is, on standard error.
 */
#ifndef KMEMP_TOOLS_PROGRESS_H
#define KMEMP_TOOLS_PROGRESS_H

#include <linux/types.h>

void progress_set_quiet(void);
void progress_begin(const char *what, u64 total_bytes);
void progress_add(u64 bytes);
void progress_end(void);

#endif /* KMEMP_TOOLS_PROGRESS_H */
