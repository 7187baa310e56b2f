// SPDX-License-Identifier: GPL-2.0
/*
 * Machine checks that name an address of a pool.
 *
 * The kernel's memory_failure() does not announce pages that have no online
 * memmap, as head and tail have none, nor what lies in blocks that are offline.
 * And where one of our own copies runs into poison and survives it, nobody
 * calls it. All of these pass through the decode chain, which a work item of
 * the kernel calls: it may sleep.
 */
#include <linux/notifier.h>

#include <asm/mce.h>

#include "host.h"

/* What drivers/acpi/nfit/mce.c of 6.1 and 6.12 asks of an error. */
static int kmemp_machine_check(struct notifier_block *nb, unsigned long val,
			       void *data)
{
	struct mce *mce = data;

	if (mce_is_memory_error(mce) && !mce_is_correctable(mce) &&
	    mce_usable_address(mce))
		kmemp_poison_machine_check(mce->addr);
	return NOTIFY_DONE;
}

static struct notifier_block kmemp_mce_notifier = {
	.notifier_call = kmemp_machine_check,
	.priority = MCE_PRIO_NFIT,
};

/**
 * kmemp_mce_init - listen to machine checks
 */
void __init kmemp_mce_init(void)
{
	mce_register_decode_chain(&kmemp_mce_notifier);
}

/**
 * kmemp_mce_exit - stop listening
 */
void kmemp_mce_exit(void)
{
	mce_unregister_decode_chain(&kmemp_mce_notifier);
}
