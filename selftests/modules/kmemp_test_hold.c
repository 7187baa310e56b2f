// SPDX-License-Identifier: GPL-2.0
/*
 * Holds the pool of a given uuid for as long as it is loaded, as a front end
 * does that is in use.
 */
#include <linux/module.h>
#include <linux/uuid.h>

#include <kmem_persist/host.h>

static char *uuid;
module_param(uuid, charp, 0);
MODULE_PARM_DESC(uuid, "of the pool");

static struct kmemp_hold hold = { .who = "kmemp_test_hold" };
static struct kmemp_host *host;

static int __init hold_init(void)
{
	uuid_t id;

	if (!uuid || uuid_parse(uuid, &id))
		return -EINVAL;
	host = kmemp_hold_take(id.b, &hold);
	return host ? 0 : -ENODEV;
}
module_init(hold_init);

static void __exit hold_exit(void)
{
	kmemp_hold_drop(host, &hold);
}
module_exit(hold_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("holds a pool (test)");
