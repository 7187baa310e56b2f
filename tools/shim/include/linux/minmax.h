/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define min(a, b) ({							\
	typeof(a) shim_a = (a);						\
	typeof(b) shim_b = (b);						\
	(void)(&shim_a == &shim_b);					\
	shim_a < shim_b ? shim_a : shim_b; })
#define max(a, b) ({							\
	typeof(a) shim_a = (a);						\
	typeof(b) shim_b = (b);						\
	(void)(&shim_a == &shim_b);					\
	shim_a > shim_b ? shim_a : shim_b; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define swap(a, b) \
	do { typeof(a) shim_a = (a); (a) = (b); (b) = shim_a; } while (0)

#endif
