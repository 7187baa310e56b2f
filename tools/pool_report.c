// SPDX-License-Identifier: GPL-2.0
/*
 * A device and the pool that is bound on it, as JSON.
 */
#include <string.h>

#include <daxctl/libdaxctl.h>

#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "kernel.h"
#include "pool_report.h"
#include "report.h"
#include "volume.h"

/* sizeof(struct page), and the size of what it describes. */
#define PAGE_DESCRIPTOR		64
#define PAGE_BYTES		4096

/**
 * pool_report_device - add what the kernel says of a DAX device
 * @object: where to
 * @dev: the device
 * @mode: who has it
 */
void pool_report_device(struct json_object *object, struct daxctl_dev *dev,
			enum target_mode mode)
{
	const char *name = daxctl_dev_get_devname(dev);
	int node = daxctl_dev_get_target_node(dev);
	char domain[64];

	report_string(object, "chardev", name);
	report_size(object, "size", daxctl_dev_get_size(dev));
	if (node >= 0)
		report_number(object, "target_node", node);
	report_string(object, "mode", target_mode_name(mode));
	if (kernel_read(name, "persistence_domain", domain, sizeof(domain)))
		kernel_domain(name, domain, sizeof(domain));
	report_string(object, "persistence_domain", domain);
	if (!kernel_domain_persists(domain))
		report_string(object, "warning",
			      "no persistence domain: a power cut may lose what was written");
}

static int count_volume(void *arg, const struct volume *volume)
{
	u64 *count = arg;

	(*count)++;
	return 0;
}

/* Where kmemp_blk is not loaded nobody knows. */
static void report_volumes(struct json_object *object, const char *dev)
{
	char pool[sizeof_field(struct volume, pool)];
	u64 count = 0;

	if (!kernel_read(dev, "uuid", pool, sizeof(pool)) &&
	    volume_pool_present(pool) &&
	    !volume_list(pool, count_volume, &count))
		report_number(object, "volumes", count);
}

/* Formats that do not know how many they keep have no such file. */
static void report_bound_extents(struct json_object *object, const char *dev)
{
	const struct kmemp_format_ops *format;
	char type[KERNEL_VALUE_SIZE];
	u64 extents;

	if (kernel_read_number(dev, "extents", &extents) ||
	    kernel_read(dev, "type", type, sizeof(type)))
		return;
	format = kmemp_format_get_by_name(type);
	report_extents(object, format, extents);
	kmemp_format_put(format);
}

static void report_holders(struct json_object *object, const char *dev)
{
	struct json_object *array = json_object_new_array();
	char value[KERNEL_VALUE_SIZE], *line, *save;

	if (!kernel_read(dev, "holders", value, sizeof(value)))
		for (line = strtok_r(value, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			struct json_object *string = json_object_new_string(line);

			json_object_array_add(array, string);
		}
	json_object_object_add(object, "holders", array);
}

/**
 * pool_report_bound - add what the driver says of a bound pool
 * @object: where to
 * @dev: "dax0.0"
 */
void pool_report_bound(struct json_object *object, const char *dev)
{
	static const char *const strings[] = {
		"type", "uuid", "label", "state",
	};
	static const char *const sizes[] = {
		"pool_size", "used", "free", "reserve", "withheld", "data_min",
		"data_max",
	};
	char value[KERNEL_VALUE_SIZE];
	size_t i;
	u64 n;

	report_string(object, "content", "pool");
	for (i = 0; i < ARRAY_SIZE(strings); i++)
		if (!kernel_read(dev, strings[i], value, sizeof(value)) &&
		    value[0])
			report_string(object, strings[i], value);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (!kernel_read_number(dev, sizes[i], &n))
			report_size(object, sizes[i], n);
	if (!kernel_read_number(dev, "bad_pages", &n))
		report_number(object, "bad_pages", n);
	report_volumes(object, dev);
	report_bound_extents(object, dev);
	report_holders(object, dev);
}

/**
 * pool_report_dram - add what a bound pool costs in DRAM
 * @object: where to
 * @dev: the device
 */
void pool_report_dram(struct json_object *object, struct daxctl_dev *dev)
{
	struct daxctl_memory *memory = daxctl_dev_get_memory(dev);
	u64 n;

	/* A pool that is rescued has none. */
	if (memory && daxctl_memory_num_sections(memory) > 0) {
		n = daxctl_memory_get_block_size(memory) *
		    (u64)daxctl_memory_num_sections(memory);
		report_size(object, "dram_memmap",
			    n / PAGE_BYTES * PAGE_DESCRIPTOR);
	}
	if (!kernel_read_number(daxctl_dev_get_devname(dev), "dram", &n))
		report_size(object, "dram_pool", n);
}
