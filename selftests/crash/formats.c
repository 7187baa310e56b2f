// SPDX-License-Identifier: GPL-2.0
/*
 * See formats.h.
 */
#include <kmem_persist/format.h>
#include <linux/kernel.h>

#include "formats.h"

static const struct crash_known bitmap_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{ "kmemp_ring_retire", "kmemp_bm_prepare", true, 1,
	  "the last of two: the fence of the same commit follows, its entry would have to reach round to the old tail" },
	{}
};

static const struct crash_known log_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{}
};

static const struct crash_known extent_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{}
};

const struct crash_format crash_formats[] = {
	{ KMEMP_TYPE_BITMAP, "bitmap", .known = bitmap_known },
	{ KMEMP_TYPE_LOG, "log", .known = log_known },
	{ KMEMP_TYPE_EXTENT, "extent", .roots = true, .known = extent_known },
};

const unsigned int crash_nr_formats = ARRAY_SIZE(crash_formats);
const struct crash_format *crash_format = crash_formats;
