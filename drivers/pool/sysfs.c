// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/bus/dax/devices/daxX.Y/persist/: what people and the tool see of a
 * bound pool. One value a file; sizes in bytes. The files exist only while the
 * host does, which is the device's driver data.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "host.h"

static struct kmemp_host *to_host(struct device *dev)
{
	return dev_get_drvdata(dev);
}

/* A number of struct kmemp_host_counts, and the file of the same name. */
#define COUNT_ATTR(name, member)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct kmemp_host_counts counts;				\
									\
	kmemp_host_count(to_host(dev), &counts);			\
	return sysfs_emit(buf, "%llu\n", counts.member);		\
}									\
static DEVICE_ATTR_RO(name)

COUNT_ATTR(pool_size, pool_bytes);
COUNT_ATTR(used, used_bytes);
COUNT_ATTR(withheld, withheld_bytes);
COUNT_ATTR(reserve, reserve_bytes);
COUNT_ATTR(free, free_bytes);
COUNT_ATTR(dram, dram_bytes);
COUNT_ATTR(bad_pages, nr_bad);

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", to_host(dev)->pool.format->name);
}
static DEVICE_ATTR_RO(type);

static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%pU\n", to_host(dev)->pool.super.uuid);
}
static DEVICE_ATTR_RO(uuid);

static ssize_t label_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", to_host(dev)->pool.super.label);
}
static DEVICE_ATTR_RO(label);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct kmemp_host_counts counts;
	const char *state = "partial";

	kmemp_host_count(to_host(dev), &counts);
	if (to_host(dev)->rescue)
		state = "rescue";
	else if (!counts.online_bytes)
		state = "offline";
	else if (counts.online_bytes == counts.window_bytes)
		state = "online";
	return sysfs_emit(buf, "%s\n", state);
}
static DEVICE_ATTR_RO(state);

static ssize_t extents_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	u64 nr;

	if (!kmemp_pool_nr_extents(&to_host(dev)->pool, &nr))
		return -EOPNOTSUPP;
	return sysfs_emit(buf, "%llu\n", nr);
}
static DEVICE_ATTR_RO(extents);

static ssize_t holders_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	kmemp_hold_names(to_host(dev), buf, PAGE_SIZE);
	return strlen(buf);
}
static DEVICE_ATTR_RO(holders);

static ssize_t persistence_domain_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[KMEMP_DOMAIN_NONE] = "none",
		[KMEMP_DOMAIN_VOLATILE] = "volatile",
		[KMEMP_DOMAIN_MEMORY] = "memory_controller",
		[KMEMP_DOMAIN_CPU_CACHE] = "cpu_cache",
	};

	return sysfs_emit(buf, "%s\n", names[to_host(dev)->domain]);
}
static DEVICE_ATTR_RO(persistence_domain);

/* Sizes are bytes, decimal, whole pages. */
static int parse_pages(const char *buf, u64 *pages)
{
	u64 bytes;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtou64(buf, 10, &bytes);
	if (ret)
		return ret;
	if (bytes % PAGE_SIZE)
		return -EINVAL;
	*pages = bytes >> PAGE_SHIFT;
	return 0;
}

static ssize_t data_min_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  to_host(dev)->pool.super.data_min << PAGE_SHIFT);
}

static ssize_t data_min_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct kmemp_host *host = to_host(dev);
	u64 pages;
	int ret;

	ret = parse_pages(buf, &pages);
	if (!ret)
		ret = kmemp_host_set_limits(host, &pages, NULL);
	return ret ?: count;
}
static DEVICE_ATTR_ADMIN_RW(data_min);

static ssize_t data_max_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  to_host(dev)->pool.super.data_max << PAGE_SHIFT);
}

static ssize_t data_max_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct kmemp_host *host = to_host(dev);
	u64 pages;
	int ret;

	ret = parse_pages(buf, &pages);
	if (!ret)
		ret = kmemp_host_set_limits(host, NULL, &pages);
	return ret ?: count;
}
static DEVICE_ATTR_ADMIN_RW(data_max);

static ssize_t check_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return kmemp_host_checked(to_host(dev), buf);
}

/* Begun by a write, so that who reads all files of sysfs begins nothing. */
static ssize_t check_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	bool begin;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtobool(buf, &begin);
	if (ret)
		return ret;
	if (!begin)
		return -EINVAL;
	return kmemp_host_check(to_host(dev)) ?: count;
}
static DEVICE_ATTR_ADMIN_RW(check);

static struct attribute *kmemp_host_attrs[] = {
	&dev_attr_type.attr,
	&dev_attr_uuid.attr,
	&dev_attr_label.attr,
	&dev_attr_state.attr,
	&dev_attr_pool_size.attr,
	&dev_attr_used.attr,
	&dev_attr_withheld.attr,
	&dev_attr_reserve.attr,
	&dev_attr_free.attr,
	&dev_attr_dram.attr,
	&dev_attr_bad_pages.attr,
	&dev_attr_extents.attr,
	&dev_attr_holders.attr,
	&dev_attr_persistence_domain.attr,
	&dev_attr_data_min.attr,
	&dev_attr_data_max.attr,
	&dev_attr_check.attr,
	NULL
};

static umode_t kmemp_host_visible(struct kobject *kobj, struct attribute *attr,
				  int n)
{
	const struct kmemp_host *host = to_host(kobj_to_dev(kobj));

	if (attr == &dev_attr_extents.attr && !host->pool.format->nr_extents)
		return 0;
	return attr->mode;
}

const struct attribute_group kmemp_host_attributes = {
	.name		= "persist",
	.attrs		= kmemp_host_attrs,
	.is_visible	= kmemp_host_visible,
};
EXPORT_SYMBOL_GPL(kmemp_host_attributes);
