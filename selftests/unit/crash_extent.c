// SPDX-License-Identifier: GPL-2.0
/*
 * Crashes of format extent: the same workloads, cut in the same way.
 */
#define CRASH_TYPE	KMEMP_TYPE_EXTENT
#include "crash_bitmap.c"
