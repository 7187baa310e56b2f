// SPDX-License-Identifier: GPL-2.0
/*
 * What the debug kernel is there to notice, done on purpose. Lockdep ends with the
 * first report of its own and with the first of KASAN's.
 */
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *what;
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "sleep, order, freed or behind");

static DEFINE_MUTEX(one);
static DEFINE_MUTEX(other);
static DEFINE_SPINLOCK(spin);

static int sleep_locked(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
	return 0;
}

static int lock_in_both_orders(void)
{
	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);

	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
	return 0;
}

static int read_freed(void)
{
	u8 *byte = kmalloc(64, GFP_KERNEL);

	if (!byte)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(byte);
	kfree(byte);
	READ_ONCE(*byte);
	return 0;
}

static int read_behind(void)
{
	u8 *byte = kmalloc(60, GFP_KERNEL);

	if (!byte)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(byte);
	READ_ONCE(byte[60]);
	kfree(byte);
	return 0;
}

static int __init mistakes_init(void)
{
	if (what && !strcmp(what, "sleep"))
		return sleep_locked();
	if (what && !strcmp(what, "order"))
		return lock_in_both_orders();
	if (what && !strcmp(what, "freed"))
		return read_freed();
	if (what && !strcmp(what, "behind"))
		return read_behind();
	return -EINVAL;
}
module_init(mistakes_init);

static void __exit mistakes_exit(void)
{
}
module_exit(mistakes_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: mistakes that a debug kernel reports");
