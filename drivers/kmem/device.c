// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a dax device is, and whether a pool can live on it.
 */
#include <linux/cc_platform.h>
#include <linux/crash_dump.h>
#include <linux/device.h>
#include <linux/libnvdimm.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include <kmem_persist/host.h>

#include "dax_layout.h"
#include "kmem.h"

/* DRAM that the memmap of the window takes: one struct page per page. */
static u64 memmap_bytes(const struct kmemp_device *device)
{
	return (device->window_size >> PAGE_SHIFT) * sizeof(struct page);
}

/*
 * The nvdimm region of a device: the dax device's parent is a device on the nd
 * bus, whose parent is the region (drivers/dax/pmem.c of 6.1 and 6.12). CXL's
 * persistent memory comes that way too. NULL: DRAM.
 */
static struct nd_region *region_of(struct dev_dax *dev_dax)
{
	struct device *parent = dev_dax->dev.parent;

	if (!parent || !parent->bus || strcmp(parent->bus->name, "nd") ||
	    !parent->parent)
		return NULL;
	return to_nd_region(parent->parent);
}

/*
 * A detached pool may outlive its region's driver, whose data the hints are in
 * (nvdimm_flush() in drivers/nvdimm/region_devs.c).
 */
static int flush_hints(void *arg)
{
	struct nd_region *region = arg;

	if (!READ_ONCE(nd_region_dev(region)->driver))
		return -EIO;
	return nvdimm_flush(region, NULL);
}

static void describe_domain(struct dev_dax *dev_dax,
			    struct kmemp_device *device)
{
	struct nd_region *region = region_of(dev_dax);
	int hints;

	device->domain = KMEMP_DOMAIN_VOLATILE;
	/* Volatile regions lie on the nd bus too; the test is not exported. */
	if (!region || strcmp(nd_region_dev(region)->type->name, "nd_pmem"))
		return;
	/* As drivers/nvdimm/pmem.c of 6.1 judges it: < 0 is no guarantee. */
	hints = nvdimm_has_flush(region);
	if (hints < 0)
		device->domain = KMEMP_DOMAIN_NONE;
	else if (!nvdimm_has_cache(region))
		device->domain = KMEMP_DOMAIN_CPU_CACHE;
	else
		device->domain = KMEMP_DOMAIN_MEMORY;
	if (hints > 0) {
		get_device(nd_region_dev(region));
		device->flush_hints = flush_hints;
		device->flush_arg = region;
	}
}

/**
 * kmem_device_describe() - where a device is and what it promises
 * @dev_dax: the device
 * @device: filled in; for kmem_device_release()
 * @verdict: filled in when it can be no pool at all
 *
 * Return: 0, or a negative errno for a device of several ranges or one whose
 * ends are not page aligned.
 */
int kmem_device_describe(struct dev_dax *dev_dax, struct kmemp_device *device,
			 struct kmemp_verdict *verdict)
{
	unsigned long block = memory_block_size_bytes();
	const struct range *range = &dev_dax->ranges[0].range;
	u64 start, end;

	memset(device, 0, sizeof(*device));
	if (dev_dax->nr_range != 1)
		return kmemp_refuse(verdict, KMEMP_REFUSE_MULTI_RANGE,
				    "%d ranges", dev_dax->nr_range);
	device->dev = &dev_dax->dev;
	device->nid = dev_dax->target_node;
	device->start = range->start;
	device->size = range_len(range);
	if (!PAGE_ALIGNED(device->start) || !PAGE_ALIGNED(device->size))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "%#llx-%#llx is not page aligned",
				    (u64)range->start, (u64)range->end);
	start = ALIGN(range->start, block);
	end = ALIGN_DOWN(range->end + 1, block);
	device->window_start = start;
	device->window_size = end > start ? end - start : 0;
	describe_domain(dev_dax, device);
	return 0;
}

/**
 * kmem_device_release() - let go of what describing took
 * @device: as described
 */
void kmem_device_release(struct kmemp_device *device)
{
	if (device->flush_arg)
		put_device(nd_region_dev(device->flush_arg));
	device->flush_arg = NULL;
}

static bool node_has_memory(int nid)
{
	return node_online(nid) && NODE_DATA(nid) &&
	       node_present_pages(nid);
}

/**
 * kmem_device_check() - can this device be a pool?
 * @dev_dax: the device
 * @device: as described
 * @verdict: filled in when it cannot
 *
 * Reads nothing of the medium. Context: within kmem_pool_probe().
 *
 * Return: 0 or a negative errno.
 */
int kmem_device_check(struct dev_dax *dev_dax,
		      const struct kmemp_device *device,
		      struct kmemp_verdict *verdict)
{
	int nid = device->nid;

	if (is_kdump_kernel())
		return kmemp_refuse(verdict, KMEMP_REFUSE_KDUMP, "%s", "");
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return kmemp_refuse(verdict, KMEMP_REFUSE_ENCRYPTION, "%s", "");
	if (kmemp_host_owns(device->start, device->size))
		return kmemp_refuse(verdict, KMEMP_REFUSE_DETACHED, "%s", "");
	if (nid < 0)
		return kmemp_refuse(verdict, KMEMP_REFUSE_NO_NODE,
				    "target_node %d", nid);
	if (kmemp_host_on_node(nid))
		return kmemp_refuse(verdict, KMEMP_REFUSE_NODE_TAKEN,
				    "node %d", nid);
	if (node_has_memory(nid))
		return kmemp_refuse(verdict, KMEMP_REFUSE_NODE_SHARED,
				    "node %d has %lu pages", nid,
				    node_present_pages(nid));
	if (kmem_pool_plain_on_node(nid))
		return kmemp_refuse(verdict, KMEMP_REFUSE_NODE_SHARED,
				    "node %d has another device bound to kmem",
				    nid);
	if (!device->window_size ||
	    device->size >> PAGE_SHIFT < KMEMP_MIN_POOL_PAGES)
		return kmemp_refuse(verdict, KMEMP_REFUSE_TOO_SMALL,
				    "%llu MiB, memory blocks of %lu MiB",
				    device->size >> 20,
				    memory_block_size_bytes() >> 20);
	if (si_mem_available() << PAGE_SHIFT < memmap_bytes(device))
		return kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY,
				    "%llu MiB needed, %ld MiB available",
				    memmap_bytes(device) >> 20,
				    si_mem_available() >> (20 - PAGE_SHIFT));
	return 0;
}
