// SPDX-License-Identifier: GPL-2.0-only
/* Must compile everywhere: shows that the flags and include paths are right. */
#include <linux/module.h>
#include <linux/memory_hotplug.h>
#include <linux/memory-tiers.h>

int control_pass(u64 start, u64 size);
int control_pass(u64 start, u64 size)
{
	return remove_memory(start, size);
}
