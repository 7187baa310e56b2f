// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has what a pool needs: the kernel's online-page callback, as virtio_mem or a
 * balloon would, or an address range.
 */
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool callback;
module_param(callback, bool, 0444);
MODULE_PARM_DESC(callback, "take the online-page callback");

static unsigned long long start;
module_param(start, ullong, 0444);
MODULE_PARM_DESC(start, "physical address of a range to reserve");

static unsigned long long size;
module_param(size, ullong, 0444);
MODULE_PARM_DESC(size, "its bytes; 0: none");

static void online_page(struct page *page, unsigned int order)
{
	generic_online_page(page, order);
}

static int __init occupy_init(void)
{
	int ret = 0;

	if (size && !request_mem_region(start, size, "occupy"))
		return -EBUSY;
	if (callback)
		ret = set_online_page_callback(online_page);
	if (ret && size)
		release_mem_region(start, size);
	return ret;
}

static void __exit occupy_exit(void)
{
	if (callback)
		restore_online_page_callback(online_page);
	if (size)
		release_mem_region(start, size);
}

module_init(occupy_init);
module_exit(occupy_exit);

MODULE_DESCRIPTION("Test: holds what a pool needs");
MODULE_LICENSE("GPL");
