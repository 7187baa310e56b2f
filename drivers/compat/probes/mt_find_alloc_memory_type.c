// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types kept in the driver's list and chosen by abstract distance:
 * mt_calc_adistance() and friends came with 6.7, the list helpers with 6.10.
 */
#include <linux/module.h>
#include <linux/memory-tiers.h>

struct memory_dev_type *probe(int node, struct list_head *types);
struct memory_dev_type *probe(int node, struct list_head *types)
{
	int adist = 0;

	mt_calc_adistance(node, &adist);
	mt_put_memory_types(types);
	return mt_find_alloc_memory_type(adist, types);
}
