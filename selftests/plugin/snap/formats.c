// SPDX-License-Identifier: GPL-2.0
/*
 * What conformance and the crash tests are run with.
 */
#include <linux/kernel.h>

#include <formats.h>

#include "snap.h"

const struct crash_format crash_formats[] = {
	{ SNAP_TYPE, "snap", .roots = true },
};

const unsigned int crash_nr_formats = ARRAY_SIZE(crash_formats);
const struct crash_format *crash_format = crash_formats;
