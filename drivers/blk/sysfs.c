// SPDX-License-Identifier: GPL-2.0
/*
 * What people and the tool see and write:
 *
 *	/sys/class/kmemp_blk/<uuid>/	create, remove, resize, device, label
 *	/sys/block/kmempblkN/volume/	name, pool, pool_name, mapped,
 *					fragments, mended, block
 */
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "blk.h"

/* The longest line: two numbers and a name. */
#define LINE	(2 * 21 + KMEMP_VOLUME_NAME + 2)

static struct kmemp_blk_pool *to_pool(struct device *dev)
{
	return container_of(dev, struct kmemp_blk_pool, dev);
}

static struct kmemp_volume *to_volume(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

/* A line as written: no byte 0 in it, a newline at most at its end. */
static int copy_line(char *line, const char *buf, size_t count)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (count && buf[count - 1] == '\n')
		count--;
	if (!count || count >= LINE || memchr(buf, '\0', count))
		return -EINVAL;
	memcpy(line, buf, count);
	line[count] = '\0';
	return 0;
}

/* The number up to the next space, which is taken away too. */
static int take_number(char **line, u64 *number)
{
	char *word = strsep(line, " ");

	if (!*line)
		return -EINVAL;
	return kstrtou64(word, 10, number);
}

static int take_pages(char **line, u64 *pages)
{
	u64 bytes;
	int ret = take_number(line, &bytes);

	if (ret)
		return ret;
	if (bytes & ~PAGE_MASK)
		return -EINVAL;
	*pages = bytes >> PAGE_SHIFT;
	return 0;
}

/*
 * Nothing is changed before it is known what volumes there are. Who comes while
 * they are looked up waits for the lock; who comes while the device is still
 * being added tries again, and does not wait in here: if device_add() fails half
 * way, it waits for who is in a file.
 */
static int begin(struct device *dev, char *line, const char *buf, size_t count)
{
	if (!READ_ONCE(to_pool(dev)->added))
		return restart_syscall();
	return copy_line(line, buf, count);
}

static ssize_t create_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	char line[LINE], *rest = line;
	u64 pages, block;
	int ret;

	ret = begin(dev, line, buf, count);
	if (!ret)
		ret = take_pages(&rest, &pages);
	if (!ret)
		ret = take_number(&rest, &block);
	if (!ret && block > U32_MAX)
		ret = -EINVAL;
	if (!ret)
		ret = kmemp_volume_create(to_pool(dev), rest, pages, block);
	return ret ?: count;
}
static DEVICE_ATTR_WO(create);

static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	char line[LINE];
	int ret;

	ret = begin(dev, line, buf, count);
	if (!ret)
		ret = kmemp_volume_remove(to_pool(dev), line);
	return ret ?: count;
}
static DEVICE_ATTR_WO(remove);

static ssize_t resize_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	char line[LINE], *rest = line;
	u64 pages;
	int ret;

	ret = begin(dev, line, buf, count);
	if (!ret)
		ret = take_pages(&rest, &pages);
	if (!ret)
		ret = kmemp_volume_resize(to_pool(dev), rest, pages);
	return ret ?: count;
}
static DEVICE_ATTR_WO(resize);

static ssize_t device_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", kmemp_host_name(to_pool(dev)->host));
}
/* "device" is the name that the driver core gives the link to a parent. */
static struct device_attribute dev_attr_dax = __ATTR(device, 0444, device_show,
						     NULL);

static ssize_t label_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  kmemp_host_pool(to_pool(dev)->host)->super.label);
}
static DEVICE_ATTR_RO(label);

static struct attribute *kmemp_blk_pool_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_remove.attr,
	&dev_attr_resize.attr,
	&dev_attr_dax.attr,
	&dev_attr_label.attr,
	NULL
};

static const struct attribute_group kmemp_blk_pool_group = {
	.attrs = kmemp_blk_pool_attrs,
};

const struct attribute_group *kmemp_blk_pool_groups[] = {
	&kmemp_blk_pool_group,
	NULL
};

static ssize_t name_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", to_volume(dev)->name);
}
static DEVICE_ATTR_RO(name);

static const struct kmemp_super *super_of(struct kmemp_volume *volume)
{
	return &kmemp_host_pool(volume->pool->host)->super;
}

static ssize_t pool_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%pU\n", super_of(to_volume(dev))->uuid);
}
static DEVICE_ATTR_RO(pool);

static ssize_t pool_name_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	const struct kmemp_super *super = super_of(to_volume(dev));

	if (super->label[0])
		return sysfs_emit(buf, "%s\n", super->label);
	return sysfs_emit(buf, "%pU\n", super->uuid);
}
static DEVICE_ATTR_RO(pool_name);

static ssize_t mapped_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	u64 pages, fragments;
	int ret = kmemp_volume_count(to_volume(dev), &pages, &fragments);

	return ret ?: sysfs_emit(buf, "%llu\n", pages << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(mapped);

static ssize_t fragments_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	u64 pages, fragments;
	int ret = kmemp_volume_count(to_volume(dev), &pages, &fragments);

	return ret ?: sysfs_emit(buf, "%llu\n", fragments);
}
static DEVICE_ATTR_RO(fragments);

static ssize_t mended_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(to_volume(dev)->nr_mended));
}
static DEVICE_ATTR_RO(mended);

static ssize_t block_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", to_volume(dev)->block_size);
}
static DEVICE_ATTR_RO(block);

static struct attribute *kmemp_volume_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_pool.attr,
	&dev_attr_pool_name.attr,
	&dev_attr_mapped.attr,
	&dev_attr_fragments.attr,
	&dev_attr_mended.attr,
	&dev_attr_block.attr,
	NULL
};

static const struct attribute_group kmemp_volume_group = {
	.name	= "volume",
	.attrs	= kmemp_volume_attrs,
};

const struct attribute_group *kmemp_volume_groups[] = {
	&kmemp_volume_group,
	NULL
};
