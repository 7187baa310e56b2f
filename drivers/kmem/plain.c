// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device without a pool: all of it becomes System RAM, as by the kernel's own
 * kmem driver.
 *
 * Equal to drivers/dax/kmem.c of 6.1 and 6.12 in all that can be seen: resource
 * tree, nodes, zones, memory tiers, errors, words and level of each log line,
 * and what stays behind when memory cannot be removed. Users and their scripts
 * must not be able to tell which of the two modules is loaded;
 * selftests/guest/stock-equality.t compares them.
 *
 * Words: a *range* is one contiguous part of the device; its *span* is what is
 * left of it when both ends are moved inwards to memory block boundaries.
 *
 * Lock:	types_lock
 * guards:	memory_types
 * order:	leaf of ours; the kernel's memory_tier_lock is not taken inside
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dax_layout.h"
#include "kmem.h"
#include "memory_tiers.h"

/*
 * Abstract distance of a node whose platform gives no figures: the same as
 * stock's, five times that of DRAM, so that the node lands in the same tier.
 */
#define KMEM_DEFAULT_ADISTANCE	(MEMTIER_ADISTANCE_DRAM * 5)

static DEFINE_MUTEX(types_lock);
static LIST_HEAD(memory_types);

/*
 * Name of the memory in /proc/iomem. On the heap, not in the module's text:
 * when memory stays behind, the resource outlives us and so must the name.
 */
const char *kmem_ram_name;
static bool any_hotremove_failed;

/**
 * struct plain_memory - what a bound device has added
 * @name: owner of the reserved spans; leaked with them if they cannot be removed
 * @mgid: memory group of all spans, so that zones are chosen for them as one
 * @res: per range, the reserved span; NULL where nothing was added
 */
struct plain_memory {
	const char *name;
	int mgid;
	struct resource *res[];
};

/* false: nothing is left after alignment, and @span is the whole range */
static bool get_span(const struct dev_dax *dev_dax, int i, struct range *span)
{
	const struct range *range = &dev_dax->ranges[i].range;
	unsigned long block_bytes = memory_block_size_bytes();

	span->start = ALIGN(range->start, block_bytes);
	span->end = ALIGN_DOWN(range->end + 1, block_bytes) - 1;
	if (span->start < span->end)
		return true;

	*span = *range;
	return false;
}

/**
 * kmem_memory_type_get() - memory type of a node that gets dax memory
 * @node: the node
 *
 * To be made known by init_node_memory_type() before the memory is added: the
 * tier is chosen when the node comes online.
 *
 * Return: the type, shared by all nodes of the same distance, or an ERR_PTR.
 */
struct memory_dev_type *kmem_memory_type_get(int node)
{
	int adist = KMEM_DEFAULT_ADISTANCE;
	struct memory_dev_type *type;

	/* leaves the default where no platform driver knows the node */
	mt_calc_adistance(node, &adist);

	mutex_lock(&types_lock);
	type = mt_find_alloc_memory_type(adist, &memory_types);
	mutex_unlock(&types_lock);
	return type;
}

/* what all spans have together; says which ranges will not be used */
static unsigned long sum_spans(struct dev_dax *dev_dax)
{
	unsigned long total_bytes = 0;
	struct range span;
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		if (get_span(dev_dax, i, &span))
			total_bytes += range_len(&span);
		else
			dev_info(&dev_dax->dev,
				 "mapping%d: %#llx-%#llx too small after alignment\n",
				 i, span.start, span.end);
	}
	return total_bytes;
}

static int add_span(struct dev_dax *dev_dax, struct plain_memory *mem, int i,
		    const struct range *span)
{
	struct device *dev = &dev_dax->dev;
	mhp_t flags = MHP_NID_IS_MGID;
	struct resource *res;
	int ret;

	res = request_mem_region(span->start, range_len(span), mem->name);
	if (!res) {
		dev_warn(dev, "mapping%d: %#llx-%#llx could not reserve region\n",
			 i, span->start, span->end);
		return -EBUSY;
	}

	/*
	 * Not busy, or the memory could not be added below it; and nothing that
	 * the parent's flags may bring, which the add might not accept.
	 */
	res->flags = IORESOURCE_SYSTEM_RAM;

	if (kmemp_dax_memmap_on_memory(dev_dax))
		flags |= MHP_MEMMAP_ON_MEMORY;

	/* driver managed: a kernel booted by kexec must not take it for RAM */
	ret = add_memory_driver_managed(mem->mgid, span->start, range_len(span),
					kmem_ram_name, flags);
	if (ret) {
		dev_warn(dev, "mapping%d: %#llx-%#llx memory add failed\n",
			 i, span->start, span->end);
		goto err_res;
	}

	mem->res[i] = res;
	return 0;

err_res:
	/* not release_mem_region(): that wants the busy flag cleared above */
	remove_resource(res);
	kfree(res);
	return ret;
}

/* succeeds if any span was added: what is online cannot be taken back safely */
static int add_spans(struct dev_dax *dev_dax, struct plain_memory *mem)
{
	bool any_added = false;
	struct range span;
	int i, ret;

	for (i = 0; i < dev_dax->nr_range; i++) {
		if (!get_span(dev_dax, i, &span))
			continue;
		ret = add_span(dev_dax, mem, i, &span);
		if (!ret)
			any_added = true;
		else if (!any_added)
			return ret;
	}
	return 0;
}

/**
 * kmem_plain_probe() - add all memory of a dax device to its node
 * @dev_dax: the device; its drvdata is ours from then on
 *
 * Context: may sleep; the device's lock is held by the driver core.
 * Return: 0; -EINVAL without a node or without a whole memory block; -EBUSY if
 * the first span belongs to somebody else; -ENOMEM; what add_memory returns.
 */
int kmem_plain_probe(struct dev_dax *dev_dax)
{
	struct device *dev = &dev_dax->dev;
	int node = dev_dax->target_node;
	struct memory_dev_type *type;
	struct plain_memory *mem;
	unsigned long total_bytes;
	int ret;

	/* a guessed node could mix slow memory with fast in one */
	if (node < 0) {
		dev_warn(dev, "rejecting DAX region with invalid node: %d\n", node);
		return -EINVAL;
	}

	type = kmem_memory_type_get(node);
	if (IS_ERR(type))
		return PTR_ERR(type);

	total_bytes = sum_spans(dev_dax);
	if (!total_bytes) {
		dev_warn(dev, "rejecting DAX region without any memory after alignment\n");
		return -EINVAL;
	}

	/* before the memory: the tier is chosen when the node comes online */
	init_node_memory_type(node, type);

	ret = -ENOMEM;
	mem = kzalloc(struct_size(mem, res, dev_dax->nr_range), GFP_KERNEL);
	if (!mem)
		goto err_node_type;

	mem->name = kstrdup(dev_name(dev), GFP_KERNEL);
	if (!mem->name)
		goto err_mem;

	ret = memory_group_register_static(node, PFN_UP(total_bytes));
	if (ret < 0)
		goto err_name;
	mem->mgid = ret;

	ret = add_spans(dev_dax, mem);
	if (ret)
		goto err_group;

	dev_set_drvdata(dev, mem);
	return 0;

err_group:
	memory_group_unregister(mem->mgid);
err_name:
	kfree(mem->name);
err_mem:
	kfree(mem);
err_node_type:
	clear_node_memory_type(node, type);
	return ret;
}

#ifdef CONFIG_MEMORY_HOTREMOVE
/* true: nothing of range @i is left in the system */
static bool remove_span(struct dev_dax *dev_dax, struct plain_memory *mem, int i)
{
	struct range span;

	/*
	 * Stock does not count such a range as removed and so keeps group and
	 * memory type of the device; a later bind of it sees the same node.
	 */
	if (!get_span(dev_dax, i, &span))
		return false;
	if (!mem->res[i])
		return true;

	if (remove_memory(span.start, range_len(&span))) {
		any_hotremove_failed = true;
		dev_err(&dev_dax->dev,
			"mapping%d: %#llx-%#llx cannot be hotremoved until the next reboot\n",
			i, span.start, span.end);
		return false;
	}

	remove_resource(mem->res[i]);
	kfree(mem->res[i]);
	mem->res[i] = NULL;
	return true;
}

/**
 * kmem_plain_remove() - take the memory of a dax device out of the system
 * @dev_dax: a device that kmem_plain_probe() accepted
 *
 * One attempt: the device goes in any case. Memory that is not offline stays
 * until reboot, together with its resource, its name and its memory type.
 *
 * Context: may sleep; the device's lock is held by the driver core.
 * Return: true if none of its memory is left.
 */
bool kmem_plain_remove(struct dev_dax *dev_dax)
{
	struct device *dev = &dev_dax->dev;
	struct plain_memory *mem = dev_get_drvdata(dev);
	bool all_gone = true, none_left = true;
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		all_gone &= remove_span(dev_dax, mem, i);
		none_left &= !mem->res[i];
	}
	if (!all_gone)
		return none_left;

	memory_group_unregister(mem->mgid);
	kfree(mem->name);
	kfree(mem);
	dev_set_drvdata(dev, NULL);
	/* blocks left behind could be onlined again and would need the type */
	clear_node_memory_type(dev_dax->target_node, NULL);
	return true;
}
#else
/**
 * kmem_plain_remove() - let a dax device go and keep its memory
 * @dev_dax: a device that kmem_plain_probe() accepted
 *
 * The kernel cannot remove memory, so it stays reserved until reboot.
 *
 * Return: false: its memory is still there.
 */
bool kmem_plain_remove(struct dev_dax *dev_dax)
{
	any_hotremove_failed = true;
	return false;
}
#endif /* CONFIG_MEMORY_HOTREMOVE */

/**
 * kmem_memory_stuck() - memory stays behind, and its name with it
 *
 * To be called before the module may be unloaded.
 */
void kmem_memory_stuck(void)
{
	any_hotremove_failed = true;
}

/**
 * kmem_plain_init() - before the driver is registered
 *
 * Return: 0 or -ENOMEM.
 */
int __init kmem_plain_init(void)
{
	kmem_ram_name = kstrdup_const("System RAM (kmem)", GFP_KERNEL);
	return kmem_ram_name ? 0 : -ENOMEM;
}

/**
 * kmem_plain_exit() - after the driver is unregistered
 */
void kmem_plain_exit(void)
{
	if (!any_hotremove_failed)
		kfree_const(kmem_ram_name);

	mutex_lock(&types_lock);
	mt_put_memory_types(&memory_types);
	mutex_unlock(&types_lock);
}
