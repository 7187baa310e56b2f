/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test program that is the same for every format.
 */
#ifndef KMEMP_TEST_EACH_FORMAT_H
#define KMEMP_TEST_EACH_FORMAT_H

typedef void (*each_format_fn)(void);

/* All of @tests, up to NULL, for each format in turn; the exit status. */
int each_format(const each_format_fn *tests);

#endif
