/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <linux/memory-tiers.h> as of 6.12, on kernels before it too.
 *
 * Before, a driver's abstract distance could not be calculated from the
 * platform's figures: the driver's default stands for every node, hence one
 * memory type is all that is ever needed, and the list stays empty.
 */
#ifndef KMEMP_COMPAT_MEMORY_TIERS_H
#define KMEMP_COMPAT_MEMORY_TIERS_H

#include <linux/memory-tiers.h>

#ifndef KMEMP_HAVE_MT_FIND_ALLOC_MEMORY_TYPE

#include <linux/notifier.h>

struct memory_dev_type *kmemp_find_alloc_memory_type(int adist);
void kmemp_put_memory_types(void);
void kmemp_clear_node_memory_type(int node, struct memory_dev_type *memtype);

static inline int mt_calc_adistance(int node, int *adist)
{
	return NOTIFY_DONE;
}

static inline struct memory_dev_type *
mt_find_alloc_memory_type(int adist, struct list_head *memory_types)
{
	return kmemp_find_alloc_memory_type(adist);
}

static inline void mt_put_memory_types(struct list_head *memory_types)
{
	kmemp_put_memory_types();
}

#define clear_node_memory_type(node, memtype) \
	kmemp_clear_node_memory_type(node, memtype)

#endif /* !KMEMP_HAVE_MT_FIND_ALLOC_MEMORY_TYPE */
#endif /* KMEMP_COMPAT_MEMORY_TIERS_H */
