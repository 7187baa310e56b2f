/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in. The C library's <errno.h> takes its numbers from a
 * header of this very name, so the real one comes first.
 */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>
#include <errno.h>

#endif
