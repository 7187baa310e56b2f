/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_STDDEF_H
#define SHIM_LINUX_STDDEF_H

#include <stddef.h>
/* __struct_group and the like, which the uapi headers use. */
#include_next <linux/stddef.h>

#define sizeof_field(type, member)	sizeof(((type *)0)->member)

#endif
