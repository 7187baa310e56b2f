// SPDX-License-Identifier: GPL-2.0
/*
 * Hibernation and pools exclude each other.
 *
 * The image would hold pages of the pool as they were, and restoring it would
 * write them back over what has been committed since.
 */
#include <linux/notifier.h>
#include <linux/printk.h>
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

/**
 * kmemp_power_init - listen to the system's sleep
 *
 * Return: 0 or a negative errno.
 */
int __init kmemp_power_init(void)
{
	return register_pm_notifier(&kmemp_pm_notifier);
}

/**
 * kmemp_power_exit - stop listening
 */
void kmemp_power_exit(void)
{
	unregister_pm_notifier(&kmemp_pm_notifier);
}
