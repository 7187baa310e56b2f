// SPDX-License-Identifier: GPL-2.0
/*
 * Flushes and fences of format extent, each dropped in turn.
 */
#define CRASH_TYPE	KMEMP_TYPE_EXTENT
#include "crash_sites.c"
