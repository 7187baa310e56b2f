/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test program that is the same for every format. Here, and not in a file of
 * its own, since who includes tap.h has the count of assertions.
 */
#ifndef KMEMP_TEST_EACH_FORMAT_H
#define KMEMP_TEST_EACH_FORMAT_H

#include <linux/slab.h>

#include "formats.h"
#include "tap.h"

typedef void (*each_format_fn)(void);

/* All of @tests, up to NULL, for each format in turn; the exit status. */
static inline int each_format(const each_format_fn *tests)
{
	long before = shim_nr_allocated;
	unsigned int i, k;

	for (i = 0; i < crash_nr_formats; i++) {
		crash_format = &crash_formats[i];
		tap_diag("%s", crash_format->name);
		for (k = 0; tests[k]; k++)
			tests[k]();
	}
	tap_ok(shim_nr_allocated == before, "nothing leaked");
	return tap_done();
}

#endif
