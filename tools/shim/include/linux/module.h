/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in: a module is linked in, and its init function runs
 * before main().
 */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#include <linux/export.h>
#include <linux/types.h>

struct module;

#define THIS_MODULE		((struct module *)NULL)
#define __init
#define __exit
#define MODULE_LICENSE(s)	struct shim_module_info
#define MODULE_DESCRIPTION(s)	struct shim_module_info
#define MODULE_AUTHOR(s)	struct shim_module_info
#define MODULE_ALIAS(s)		struct shim_module_info

#define module_init(fn)							\
	static void __attribute__((constructor)) shim_init_##fn(void)	\
	{								\
		fn();							\
	}
#define module_exit(fn)							\
	static void __attribute__((destructor)) shim_exit_##fn(void)	\
	{								\
		fn();							\
	}

static inline bool try_module_get(struct module *module)
{
	(void)module;
	return true;
}

static inline void module_put(struct module *module)
{
	(void)module;
}

#endif
