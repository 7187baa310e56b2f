/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in. A warning that only logs in the kernel ends the program
 * here: in a test it is a failure.
 */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <stdio.h>
#include <stdlib.h>

#define WARN_ON_ONCE(cond) ({						\
	int shim_warn = !!(cond);					\
	if (shim_warn) {						\
		fprintf(stderr, "WARNING: %s:%d: %s\n", __FILE__,	\
			__LINE__, #cond);				\
		abort();						\
	}								\
	shim_warn; })
#define WARN_ON(cond)	WARN_ON_ONCE(cond)

#endif
