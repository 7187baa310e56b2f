/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structs that the dax bus shares with its drivers.
 *
 * The kernel keeps them in drivers/dax/bus.h and drivers/dax/dax-private.h,
 * which no header package ships, so they are declared here: members, order and
 * types as in 6.1 and 6.12. This is the only file that knows version numbers.
 *
 * Two things keep a wrong declaration from being built: the static_asserts that
 * dax_layout_btf.sh makes of the target kernel's BTF and, where there is no BTF,
 * the list of versions below whose source was read.
 */
#ifndef KMEMP_COMPAT_DAX_LAYOUT_H
#define KMEMP_COMPAT_DAX_LAYOUT_H

#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/range.h>
#include <linux/version.h>

/* 6.1 is 6001, 6.12 is 6012: a layout does not change within a series */
#define KMEMP_LINUX_SERIES \
	(LINUX_VERSION_MAJOR * 1000 + LINUX_VERSION_PATCHLEVEL)

/* the series whose drivers/dax/dax-private.h and bus.h were read */
#define KMEMP_DAX_LAYOUT_KNOWN \
	(KMEMP_LINUX_SERIES == 6001 || KMEMP_LINUX_SERIES == 6012)

struct dax_device;
struct dax_mapping;
struct dax_region;
struct dev_pagemap;

/**
 * struct dev_dax_range - a contiguous part of a dax device
 * @pgoff: first page of the part, counted within the device
 * @range: physical addresses, both ends included
 * @mapping: the part's own device in sysfs
 */
struct dev_dax_range {
	unsigned long pgoff;
	struct range range;
	struct dax_mapping *mapping;
};

/**
 * struct dev_dax - a device on the dax bus (drivers/dax/dax-private.h)
 * @region: the region it is carved from
 * @dax_dev: its character device's core
 * @align: alignment of allocations and mappings
 * @target_node: NUMA node of the memory once it is online, or negative
 * @dyn_id: whether @id comes from an allocator
 * @id: number within the region
 * @ida: allocates the numbers of mappings
 * @dev: the device
 * @pgmap: memmap given by the creator of a static device
 * @memmap_on_memory: wish that the memory holds its own memmap (since 6.8)
 * @nr_range: how many @ranges
 * @ranges: the parts, in order of pgoff
 */
struct dev_dax {
	struct dax_region *region;
	struct dax_device *dax_dev;
	unsigned int align;
	int target_node;
	bool dyn_id;
	int id;
	struct ida ida;
	struct device dev;
	struct dev_pagemap *pgmap;
#if KMEMP_LINUX_SERIES >= 6008
	bool memmap_on_memory;
#endif
	int nr_range;
	struct dev_dax_range *ranges;
};

static inline bool kmemp_dax_memmap_on_memory(const struct dev_dax *dev_dax)
{
#if KMEMP_LINUX_SERIES >= 6008
	return dev_dax->memmap_on_memory;
#else
	return false;
#endif
}

/* drivers/dax/bus.h, 6.12: which devices come to a driver unasked */
enum dax_driver_type {
	DAXDRV_KMEM_TYPE,
	DAXDRV_DEVICE_TYPE,
};

/**
 * struct dax_device_driver - a driver on the dax bus (drivers/dax/bus.h)
 * @drv: the driver
 * @ids: names of devices that were given to it through new_id
 * @type: what it is for. Before 6.3 there is @match_always in its place, which
 *	is 0 for a kmem driver like DAXDRV_KMEM_TYPE, so either can be named.
 * @match_always: whether it takes what nobody else was given (before 6.3)
 * @probe: takes a device
 * @remove: gives it up; cannot fail
 */
struct dax_device_driver {
	struct device_driver drv;
	struct list_head ids;
#if KMEMP_LINUX_SERIES >= 6003
	enum dax_driver_type type;
#else
	union {
		int match_always;
		enum dax_driver_type type;
	};
#endif
	int (*probe)(struct dev_dax *dev);
	void (*remove)(struct dev_dax *dev);
};

int __dax_driver_register(struct dax_device_driver *dax_drv,
			  struct module *module, const char *mod_name);
void dax_driver_unregister(struct dax_device_driver *dax_drv);

/* the bus takes the driver's name from the module's */
#define dax_driver_register(driver) \
	__dax_driver_register(driver, THIS_MODULE, KBUILD_MODNAME)

/* modalias of a dax device: the type, then what future kernels append */
#define MODULE_ALIAS_DAX_DEVICE(type) \
	MODULE_ALIAS("dax:t" __stringify(type) "*")

#include "dax_layout_btf.h"

#if !KMEMP_DAX_LAYOUT_CHECKED && !KMEMP_DAX_LAYOUT_KNOWN
#error "kmem-persist: dax structs not known and no BTF: give KMEMP_VMLINUX, install bpftool"
#endif

#endif /* KMEMP_COMPAT_DAX_LAYOUT_H */
