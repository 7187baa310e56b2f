/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_SORT_H
#define SHIM_LINUX_SORT_H

#include <stdlib.h>

/* The kernel's takes a swap function besides, NULL for the usual one. */
#define sort(base, num, size, cmp, swap)	qsort(base, num, size, cmp)

#endif
