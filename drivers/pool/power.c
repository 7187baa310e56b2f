// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine's going down means for pools.
 *
 * Hibernation and pools exclude each other: the image would hold pages of the
 * pool as they were, and restoring it would write them back over what has been
 * committed since. Reboot, power off and kexec unbind nothing: the pools are
 * confirmed.
 */
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "host.h"

static int kmemp_pm_event(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	if (action != PM_HIBERNATION_PREPARE && action != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	if (kmemp_hosts_empty())
		return NOTIFY_DONE;
	pr_warn("kmem: no hibernation while a pool is bound; see: kmemp list, daxctl reconfigure-device --mode=devdax\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block kmemp_pm_notifier = {
	.notifier_call = kmemp_pm_event,
};

static int kmemp_reboot_event(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	kmemp_hosts_confirm();
	return NOTIFY_DONE;
}

static struct notifier_block kmemp_reboot_notifier = {
	.notifier_call = kmemp_reboot_event,
};

/**
 * kmemp_power_init - listen to the system's sleep and its end
 *
 * Return: 0 or a negative errno.
 */
int __init kmemp_power_init(void)
{
	int ret = register_reboot_notifier(&kmemp_reboot_notifier);

	if (ret)
		return ret;
	ret = register_pm_notifier(&kmemp_pm_notifier);
	if (ret)
		unregister_reboot_notifier(&kmemp_reboot_notifier);
	return ret;
}

/**
 * kmemp_power_exit - stop listening
 */
void kmemp_power_exit(void)
{
	unregister_reboot_notifier(&kmemp_reboot_notifier);
	unregister_pm_notifier(&kmemp_pm_notifier);
}
