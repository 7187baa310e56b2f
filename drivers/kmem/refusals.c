// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refused binds: said once in the kernel log, and kept in
 * /sys/bus/dax/drivers/kmem/refusals until the device binds: the log may have
 * scrolled away by the time somebody asks `kmemp info`.
 * What was said in the same bind is not said again.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include <kmem_persist/host.h>

#include "kmem.h"

/**
 * struct refusal - why a device was refused
 * @list: of all refused devices
 * @device: its name
 * @verdict: why
 * @said: when it was logged, in jiffies
 */
struct refusal {
	struct list_head list;
	char device[32];
	struct kmemp_verdict verdict;
	unsigned long said;
};

/* Guards the list. */
static DEFINE_MUTEX(refusals_lock);
static LIST_HEAD(refusals);

static struct refusal *find(const char *device)
{
	struct refusal *refusal;

	lockdep_assert_held(&refusals_lock);
	list_for_each_entry(refusal, &refusals, list)
		if (!strcmp(refusal->device, device))
			return refusal;
	return NULL;
}

/* false: the same was said just before */
static bool keep(const char *device, const struct kmemp_verdict *verdict)
{
	struct refusal *refusal;
	bool fresh = true;

	mutex_lock(&refusals_lock);
	refusal = find(device);
	if (!refusal) {
		refusal = kzalloc(sizeof(*refusal), GFP_KERNEL);
		/* The log has it; the file is a convenience. */
		if (!refusal)
			goto out;
		strscpy(refusal->device, device, sizeof(refusal->device));
		list_add_tail(&refusal->list, &refusals);
	} else if (refusal->verdict.code == verdict->code &&
		   !strcmp(refusal->verdict.particulars,
			   verdict->particulars) &&
		   time_before(jiffies, refusal->said + KMEM_SAME_BIND)) {
		fresh = false;
	}
	refusal->verdict = *verdict;
	refusal->said = jiffies;
out:
	mutex_unlock(&refusals_lock);
	return fresh;
}

/**
 * kmem_refusal_say() - log why a device is refused, and keep it
 * @dev: the device
 * @verdict: why
 */
void kmem_refusal_say(struct device *dev, const struct kmemp_verdict *verdict)
{
	char *text;

	if (!keep(dev_name(dev), verdict))
		return;
	text = kmalloc(KMEMP_VERDICT_TEXT, GFP_KERNEL);
	if (!text) {
		dev_err(dev, "refused: %s\n",
			kmemp_refusal_info(verdict->code)->what);
		return;
	}
	kmemp_verdict_text(verdict, dev_name(dev), text, KMEMP_VERDICT_TEXT);
	dev_err(dev, "refused: %s\n", text);
	kfree(text);
}

/**
 * kmem_refusal_forget() - a device has been bound after all
 * @device: its name
 */
void kmem_refusal_forget(const char *device)
{
	struct refusal *refusal;

	mutex_lock(&refusals_lock);
	refusal = find(device);
	if (refusal) {
		list_del(&refusal->list);
		kfree(refusal);
	}
	mutex_unlock(&refusals_lock);
}

/**
 * kmem_refusal_code() - why was a device refused?
 * @device: its name
 *
 * Return: the last refusal, KMEMP_REFUSE_NOTHING for none.
 */
enum kmemp_refusal kmem_refusal_code(const char *device)
{
	enum kmemp_refusal code = KMEMP_REFUSE_NOTHING;
	struct refusal *refusal;

	mutex_lock(&refusals_lock);
	refusal = find(device);
	if (refusal)
		code = refusal->verdict.code;
	mutex_unlock(&refusals_lock);
	return code;
}

static ssize_t refusals_show(struct device_driver *drv, char *buf)
{
	struct refusal *refusal;
	size_t len = 0;
	char *text;

	text = kmalloc(KMEMP_VERDICT_TEXT, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	mutex_lock(&refusals_lock);
	list_for_each_entry(refusal, &refusals, list) {
		kmemp_verdict_text(&refusal->verdict, refusal->device, text,
				   KMEMP_VERDICT_TEXT);
		len += sysfs_emit_at(buf, len, "%s %s %s\n", refusal->device,
				     kmemp_refusal_info(refusal->verdict.code)->name,
				     text);
	}
	mutex_unlock(&refusals_lock);
	kfree(text);
	return len;
}
static DRIVER_ATTR_RO(refusals);

static ssize_t detached_show(struct device_driver *drv, char *buf)
{
	return kmemp_host_list_detached(buf, PAGE_SIZE);
}
static DRIVER_ATTR_RO(detached);

/**
 * kmem_refusals_init() - make the driver's files
 * @drv: registered
 *
 * Return: 0 or a negative errno.
 */
int kmem_refusals_init(struct device_driver *drv)
{
	int ret;

	ret = driver_create_file(drv, &driver_attr_refusals);
	if (ret)
		return ret;
	ret = driver_create_file(drv, &driver_attr_detached);
	if (ret)
		driver_remove_file(drv, &driver_attr_refusals);
	return ret;
}

/**
 * kmem_refusals_exit() - remove them
 * @drv: still registered
 */
void kmem_refusals_exit(struct device_driver *drv)
{
	driver_remove_file(drv, &driver_attr_detached);
	driver_remove_file(drv, &driver_attr_refusals);
}

/**
 * kmem_refusals_forget_all() - forget everything
 *
 * No device is probed any more: the driver is unregistered.
 */
void kmem_refusals_forget_all(void)
{
	struct refusal *refusal, *next;

	list_for_each_entry_safe(refusal, next, &refusals, list)
		kfree(refusal);
	INIT_LIST_HEAD(&refusals);
}
