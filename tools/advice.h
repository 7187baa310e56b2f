/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When another format would serve a pool better.
 */
#ifndef KMEMP_TOOLS_ADVICE_H
#define KMEMP_TOOLS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include <kmem_persist/plugin.h>

bool advice_extents(char *text, size_t size,
		    const struct kmemp_format_ops *format, u64 extents);

#endif /* KMEMP_TOOLS_ADVICE_H */
