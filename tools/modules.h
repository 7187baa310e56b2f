/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which kernel modules would be loaded, by the running kernel's own index; and
 * loading them.
 */
#ifndef KMEMP_TOOLS_MODULES_H
#define KMEMP_TOOLS_MODULES_H

#include <linux/types.h>

const char *modules_kmem(void);
bool modules_have_format(const char *name);
int modules_load(const char *name);

#endif /* KMEMP_TOOLS_MODULES_H */
