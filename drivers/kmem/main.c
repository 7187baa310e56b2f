// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmem: the driver through which a DAX device becomes System RAM.
 *
 * Has the name of the kernel's own module so that daxctl, the dax bus and
 * modprobe.d drive it unchanged; this file registers it and decides which part
 * of the driver gets a device.
 */
#include <linux/module.h>

#include "dax_layout.h"
#include "kmem.h"

static int kmem_probe(struct dev_dax *dev_dax)
{
	int error = -EINVAL;

	switch (kmem_pool_probe(dev_dax, &error)) {
	case KMEM_PLAIN:
		error = kmem_plain_probe(dev_dax);
		if (error)
			kmem_pool_plain_gone(dev_dax);
		return error;
	case KMEM_POOL:
		return 0;
	case KMEM_REFUSED:
		break;
	}
	return error;
}

static void kmem_remove(struct dev_dax *dev_dax)
{
	if (!kmem_pool_remove(dev_dax) && kmem_plain_remove(dev_dax))
		kmem_pool_plain_gone(dev_dax);
}

static struct dax_device_driver kmem_driver = {
	.probe	= kmem_probe,
	.remove	= kmem_remove,
	.type	= DAXDRV_KMEM_TYPE,
};

static int __init kmem_init(void)
{
	int ret;

	ret = kmem_plain_init();
	if (ret)
		return ret;

	/* last: a kernel that matches by type probes devices from in here */
	ret = dax_driver_register(&kmem_driver);
	if (ret)
		goto err_plain;
	ret = kmem_refusals_init(&kmem_driver.drv);
	if (ret)
		goto err_driver;
	kmem_retry_init(&kmem_driver.drv);
	return 0;

err_driver:
	dax_driver_unregister(&kmem_driver);
	kmem_refusals_forget_all();
err_plain:
	kmem_plain_exit();
	return ret;
}

static void __exit kmem_exit(void)
{
	kmem_retry_exit();
	kmem_refusals_exit(&kmem_driver.drv);
	dax_driver_unregister(&kmem_driver);
	kmem_refusals_forget_all();
	kmem_plain_exit();
}

module_init(kmem_init);
module_exit(kmem_exit);

MODULE_DESCRIPTION("DAX devices as System RAM, from kmem-persist");
MODULE_LICENSE("GPL");
MODULE_ALIAS_DAX_DEVICE(0);
/* by this tag an installer's guard tells us from the kernel's own kmem */
MODULE_INFO(kmem_persist, "1");
