// SPDX-License-Identifier: GPL-2.0
/*
 * See each_format.h.
 */
#include <linux/slab.h>

#include "each_format.h"
#include "formats.h"
#include "tap.h"

int each_format(const each_format_fn *tests)
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
