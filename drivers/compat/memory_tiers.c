// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one memory type behind memory_tiers.h on kernels before 6.12; empty on
 * newer ones.
 */
#include "memory_tiers.h"

#ifndef KMEMP_HAVE_MT_FIND_ALLOC_MEMORY_TYPE

#include <linux/err.h>

/* the function itself is meant here, not what our callers get for its name */
#undef clear_node_memory_type

/*
 * Set by the first call and cleared by the last, both of which the API's
 * contract puts under the caller's lock; constant while a device is bound.
 */
static struct memory_dev_type *only_type;

/**
 * kmemp_find_alloc_memory_type() - the driver's memory type
 * @adist: abstract distance, the same in every call
 *
 * Context: may sleep; the caller's lock keeps calls apart.
 * Return: the type, or ERR_PTR(-ENOMEM).
 */
struct memory_dev_type *kmemp_find_alloc_memory_type(int adist)
{
	struct memory_dev_type *type = only_type;

	if (!type) {
		type = alloc_memory_type(adist);
		if (!IS_ERR(type))
			only_type = type;
	}
	return type;
}

/**
 * kmemp_put_memory_types() - drop the driver's reference to its memory type
 *
 * Nodes whose memory could not be removed keep theirs.
 *
 * Context: may sleep; no device is bound any more.
 */
void kmemp_put_memory_types(void)
{
	if (only_type)
		destroy_memory_type(only_type);
	only_type = NULL;
}

/**
 * kmemp_clear_node_memory_type() - undo init_node_memory_type()
 * @node: the NUMA node
 * @memtype: what was given to init_node_memory_type(), or NULL for whatever it was
 *
 * The old clear_node_memory_type() compares with NULL instead of ignoring it
 * (mm/memory-tiers.c, 6.1) and would drop a reference of nothing.
 *
 * Context: may sleep.
 */
void kmemp_clear_node_memory_type(int node, struct memory_dev_type *memtype)
{
	clear_node_memory_type(node, memtype ?: only_type);
}

#endif /* !KMEMP_HAVE_MT_FIND_ALLOC_MEMORY_TYPE */
