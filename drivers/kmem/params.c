// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: which format a plain device gets at bind, for which device
 * that is meant even if something is there, and which one is to be bound as it
 * is, for what can still be read of it.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include <kmem_persist/pool.h>

#include "kmem.h"

#define TYPE_SIZE	32
#define DEVICE_SIZE	32

/**
 * struct permission - for one bind of one device, given at run time
 * @device: its name, empty for none
 * @used_by: the device that has used it up
 * @until: how long it counts for that, in jiffies: what is refused to daxctl's
 *	first probe must not be plain memory after the second
 */
struct permission {
	char device[DEVICE_SIZE];
	char used_by[DEVICE_SIZE];
	unsigned long until;
};

/* Guards what is below, which sysfs writes at any time. */
static DEFINE_MUTEX(params_lock);
static char format_type[TYPE_SIZE];
static struct permission format_force;
static struct permission rescue;

/* A word of [a-z0-9-]: a number or a name of a format. */
static bool type_valid(const char *type)
{
	for (; *type; type++)
		if (!islower(*type) && !isdigit(*type) && *type != '-')
			return false;
	return true;
}

/* Copy @val without the newline that echo appends. */
static int copy_word(const char *param, const char *val, char *word,
		     size_t size)
{
	size_t len = strcspn(val, "\n");

	if (len >= size || val[len + strspn(val + len, "\n")]) {
		pr_err("kmem: %s: value too long or of several lines\n",
		       param);
		return -EINVAL;
	}
	memcpy(word, val, len);
	word[len] = '\0';
	return 0;
}

static int format_type_set(const char *val, const struct kernel_param *kp)
{
	char type[TYPE_SIZE];
	u32 number;
	int ret;

	ret = copy_word("persist_format_type", val, type, sizeof(type));
	if (ret)
		return ret;
	if (!type_valid(type) ||
	    (isdigit(type[0]) && kstrtou32(type, 10, &number))) {
		pr_err("kmem: persist_format_type: neither the number nor the name of a format; examples: none, bitmap, log, 0, 1, 2; empty to format nothing\n");
		return -EINVAL;
	}
	mutex_lock(&params_lock);
	strscpy(format_type, type, sizeof(format_type));
	mutex_unlock(&params_lock);
	return 0;
}

static int format_type_get(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&params_lock);
	len = sysfs_emit(buf, "%s\n", format_type);
	mutex_unlock(&params_lock);
	return len;
}

static const struct kernel_param_ops format_type_ops = {
	.set = format_type_set,
	.get = format_type_get,
};

module_param_cb(persist_format_type, &format_type_ops, NULL, 0644);
MODULE_PARM_DESC(persist_format_type,
		 "format of a pool to be made of an empty persistent device at bind: number or name; default: none is made");

/* A name as the dax bus gives them: dax, two numbers, a dot between them. */
static bool device_valid(const char *device)
{
	unsigned int region, id;
	char canonical[DEVICE_SIZE];

	if (sscanf(device, "dax%u.%u", &region, &id) != 2)
		return false;
	snprintf(canonical, sizeof(canonical), "dax%u.%u", region, id);
	return !strcmp(device, canonical);
}

static int permission_set(const char *val, const struct kernel_param *kp)
{
	struct permission *permission = kp->arg;
	char device[DEVICE_SIZE];
	int ret;

	/* A load option would outlive the moment that it was meant for. */
	if (THIS_MODULE->state != MODULE_STATE_LIVE) {
		pr_err("kmem: %s is no load option; write the device's name to /sys/module/kmem/parameters/%s, then bind\n",
		       kp->name, kp->name);
		return -EPERM;
	}
	ret = copy_word(kp->name, val, device, sizeof(device));
	if (ret)
		return ret;
	if (device[0] && !device_valid(device)) {
		pr_err("kmem: %s: not the name of a device; example: dax0.0; empty for none\n",
		       kp->name);
		return -EINVAL;
	}
	mutex_lock(&params_lock);
	strscpy(permission->device, device, sizeof(permission->device));
	mutex_unlock(&params_lock);
	return 0;
}

static int permission_get(char *buf, const struct kernel_param *kp)
{
	const struct permission *permission = kp->arg;
	int len;

	mutex_lock(&params_lock);
	len = sysfs_emit(buf, "%s\n", permission->device);
	mutex_unlock(&params_lock);
	return len;
}

static const struct kernel_param_ops permission_ops = {
	.set = permission_set,
	.get = permission_get,
};

module_param_cb(persist_format_force, &permission_ops, &format_force, 0600);
MODULE_PARM_DESC(persist_format_force,
		 "name of one device that the next bind formats whatever it holds; run time only");

module_param_cb(persist_rescue, &permission_ops, &rescue, 0600);
MODULE_PARM_DESC(persist_rescue,
		 "name of one device whose pool the next bind opens read-only, none of it being RAM; run time only");

/**
 * kmem_params_format_wanted() - shall a plain device be made a pool?
 *
 * Return: true if persist_format_type is set.
 */
bool kmem_params_format_wanted(void)
{
	bool wanted;

	mutex_lock(&params_lock);
	wanted = format_type[0];
	mutex_unlock(&params_lock);
	return wanted;
}

static bool permitted(struct permission *permission, const char *device)
{
	bool ret;

	mutex_lock(&params_lock);
	if (permission->device[0] && !strcmp(permission->device, device)) {
		strscpy(permission->used_by, device,
			sizeof(permission->used_by));
		permission->until = jiffies + KMEM_SAME_BIND;
		permission->device[0] = '\0';
	}
	ret = !strcmp(permission->used_by, device) &&
	      time_before(jiffies, permission->until);
	mutex_unlock(&params_lock);
	return ret;
}

/**
 * kmem_params_forced() - was this device named to be formatted, whatever it is?
 * @device: its name
 *
 * Uses the permission up: it counts for this bind, with all probes of it.
 *
 * Return: true if it was.
 */
bool kmem_params_forced(const char *device)
{
	return permitted(&format_force, device);
}

/**
 * kmem_params_rescue() - was this device named to be rescued?
 * @device: its name
 *
 * Uses the permission up, as kmem_params_forced() does.
 *
 * Return: true if it was.
 */
bool kmem_params_rescue(const char *device)
{
	return permitted(&rescue, device);
}

static void forget(struct permission *permission, const char *device)
{
	lockdep_assert_held(&params_lock);
	if (!strcmp(permission->used_by, device))
		permission->used_by[0] = '\0';
}

/**
 * kmem_params_bound() - a bind has come to its end
 * @device: the bound device
 */
void kmem_params_bound(const char *device)
{
	mutex_lock(&params_lock);
	forget(&format_force, device);
	forget(&rescue, device);
	mutex_unlock(&params_lock);
}

/**
 * kmem_format_load() - find a format by its number, loading its plugin
 * @type: as in the superblock
 *
 * Return: the format, with a reference, or NULL.
 */
const struct kmemp_format_ops *kmem_format_load(u32 type)
{
	const struct kmemp_format_ops *ops = kmemp_format_get(type);

	if (!ops) {
		request_module("kmemp-format-%u", type);
		ops = kmemp_format_get(type);
	}
	return ops;
}

/**
 * kmem_params_format() - the format that persist_format_type names
 * @name: the name or number, as it stands there
 * @size: bytes of @name
 *
 * Return: the format, with a reference, or NULL where there is none or its
 * plugin cannot be loaded.
 */
const struct kmemp_format_ops *kmem_params_format(char *name, size_t size)
{
	const struct kmemp_format_ops *ops;
	u32 number;

	mutex_lock(&params_lock);
	strscpy(name, format_type, size);
	mutex_unlock(&params_lock);
	if (!name[0])
		return NULL;
	if (!kstrtou32(name, 10, &number))
		return kmem_format_load(number);
	ops = kmemp_format_get_by_name(name);
	if (!ops) {
		request_module("kmemp-format-%s", name);
		ops = kmemp_format_get_by_name(name);
	}
	return ops;
}
