// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds that were refused for want of a plugin are tried again when a plugin
 * registers.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "kmem.h"

static struct device_driver *kmem_drv;

static int try_device(struct device *dev, void *unused)
{
	if (!dev->driver &&
	    kmem_refusal_code(dev_name(dev)) == KMEMP_REFUSE_TYPE_UNKNOWN &&
	    device_driver_attach(kmem_drv, dev) == 0)
		dev_info(dev, "bound now that its format is there\n");
	return 0;
}

static void retry(struct work_struct *work)
{
	bus_for_each_dev(kmem_drv->bus, NULL, NULL, try_device);
}

static DECLARE_WORK(retry_work, retry);

/* The registering module is still in its init function: not from in here. */
static void format_registered(void)
{
	schedule_work(&retry_work);
}

/**
 * kmem_retry_init() - listen to plugins
 * @drv: registered
 */
void kmem_retry_init(struct device_driver *drv)
{
	kmem_drv = drv;
	kmemp_format_set_listener(format_registered);
}

/**
 * kmem_retry_exit() - stop listening
 */
void kmem_retry_exit(void)
{
	kmemp_format_set_listener(NULL);
	cancel_work_sync(&retry_work);
}
