// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp_core: pools in the kernel, and the core that all formats share. No
 * driver and no format is in it.
 */
#include <linux/module.h>

#include "host.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init kmemp_core_init(void)
{
	int ret;

	ret = kmemp_hotplug_init();
	if (ret)
		return ret;
	ret = kmemp_power_init();
	if (ret)
		goto err_hotplug;
	ret = kmemp_poison_init();
	if (ret)
		goto err_power;
	kmemp_mce_init();
	return 0;

err_power:
	kmemp_power_exit();
err_hotplug:
	kmemp_hotplug_exit();
	return ret;
}
module_init(kmemp_core_init);

static void __exit kmemp_core_exit(void)
{
	kmemp_mce_exit();
	kmemp_poison_exit();
	kmemp_power_exit();
	kmemp_hotplug_exit();
}
module_exit(kmemp_core_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist: pools that are RAM and storage at once");
