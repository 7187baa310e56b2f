// SPDX-License-Identifier: GPL-2.0
/*
 * Finding and opening what a command works on, see target.h.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <daxctl/libdaxctl.h>

#include <linux/kernel.h>

#include "kernel.h"
#include "kmemp.h"
#include "target.h"

#define DETACHED "its pool was unbound while in use and lives on detached; close its users, it comes back with the next boot"

/* "dax0.0" */
static bool is_dax_name(const char *name)
{
	int n = 0;

	return sscanf(name, "dax%*9[0-9].%*9[0-9]%n", &n) == 0 && n &&
	       !name[n];
}

/**
 * target_names_dax - is this the name of a DAX device?
 * @arg: as for target_find()
 *
 * Return: true for one that may be there or not.
 */
bool target_names_dax(const char *arg)
{
	return is_dax_name(strncmp(arg, "/dev/", 5) ? arg : arg + 5);
}

static int find_device(struct target *target, const char *name)
{
	struct daxctl_region *region;
	struct daxctl_dev *dev = NULL;

	if (daxctl_new(&target->ctx)) {
		complain(name, "libdaxctl: %m");
		return -ENOMEM;
	}
	for (region = daxctl_region_get_first(target->ctx); region && !dev;
	     region = daxctl_region_get_next(region))
		for (dev = daxctl_dev_get_first(region);
		     dev && strcmp(daxctl_dev_get_devname(dev), name);
		     dev = daxctl_dev_get_next(dev))
			;
	if (!dev) {
		complain(name, "no such DAX device; see: daxctl list, ndctl list -RN");
		daxctl_unref(target->ctx);
		return -ENODEV;
	}
	target->dev = dev;
	target->name = daxctl_dev_get_devname(dev);
	target->mode = target_dev_mode(dev);
	snprintf(target->path, sizeof(target->path), "/dev/%s", name);
	return 0;
}

/* A device node by whatever name: the kernel's name of it. */
static int find_node(struct target *target, const char *arg,
		     const struct stat *st)
{
	char link[64], real[PATH_MAX];
	const char *name;

	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u",
		 major(st->st_rdev), minor(st->st_rdev));
	name = realpath(link, real) ? strrchr(real, '/') + 1 : "";
	if (!is_dax_name(name)) {
		complain(arg, "is no DAX device; see: daxctl list");
		return -ENODEV;
	}
	return find_device(target, name);
}

/**
 * target_find - find what a command shall work on
 * @target: filled in
 * @arg: "dax0.0", "/dev/dax0.0", or the path of an image
 *
 * Return: 0, or a negative errno where the mistake was told.
 */
int target_find(struct target *target, const char *arg)
{
	const char *name = strncmp(arg, "/dev/", 5) ? arg : arg + 5;
	struct stat st;

	memset(target, 0, sizeof(*target));
	/* By name first: in system-ram mode there is no node to look at. */
	if (is_dax_name(name))
		return find_device(target, name);
	if (strlen(arg) >= sizeof(target->path)) {
		complain(arg, "the path is too long");
		return -ENAMETOOLONG;
	}
	if (stat(arg, &st)) {
		complain(arg, "%m; give a DAX device (daxctl list) or an image file");
		return -errno;
	}
	if (S_ISCHR(st.st_mode))
		return find_node(target, arg, &st);
	if (S_ISBLK(st.st_mode)) {
		complain(arg, "is a block device; a pool wants its namespace in devdax mode: ndctl create-namespace -f -e NAMESPACE -m devdax -M mem");
		return -ENODEV;
	}
	if (!S_ISREG(st.st_mode)) {
		complain(arg, "is neither a DAX device nor a regular file");
		return -ENODEV;
	}
	target->name = arg;
	target->mode = TARGET_IMAGE;
	strcpy(target->path, arg);
	return 0;
}

/**
 * target_put - let go of what target_find() found
 * @target: as found
 */
void target_put(struct target *target)
{
	if (target->ctx)
		daxctl_unref(target->ctx);
}

/**
 * target_run - find what a command shall work on, and let it work
 * @command: the command
 * @arg: as for target_find()
 * @fn: works on it, returns the exit code
 * @data: for @fn
 *
 * Return: the exit code.
 */
int target_run(const struct command *command, const char *arg,
	       int (*fn)(const struct target *target, void *data), void *data)
{
	struct target target;
	int status;

	if (target_find(&target, arg))
		return command->failed_status;
	status = fn(&target, data);
	target_put(&target);
	return status;
}

/**
 * target_command - a command whose one argument is what it works on
 * @command: the command
 * @argc: as for main()
 * @argv: as for main()
 * @verb: what it takes, and what it does
 * @data: for the functions of @verb
 *
 * Return: the exit code.
 */
int target_command(const struct command *command, int argc, char **argv,
		   const struct target_verb *verb, void *data)
{
	const char *arg;
	int status;

	status = options_take(command, argc, argv, verb->options, verb->take,
			      data);
	if (status != OPTIONS_END)
		return status;
	arg = options_target(command, argc, argv, verb->what);
	if (!arg)
		return command->usage_status;
	return target_run(command, arg, verb->run, data);
}

static int overlaps(void *arg, const struct kernel_detached *pool)
{
	struct daxctl_dev *dev = arg;
	u64 start = daxctl_dev_get_resource(dev);
	u64 end = start + daxctl_dev_get_size(dev) - 1;

	return pool->start <= end && start <= pool->end;
}

/**
 * target_dev_mode - who has this device?
 * @dev: libdaxctl's
 *
 * Return: see enum target_mode.
 */
enum target_mode target_dev_mode(struct daxctl_dev *dev)
{
	if (daxctl_dev_get_memory(dev))
		return TARGET_SYSTEM_RAM;
	if (kernel_list_detached(overlaps, dev))
		return TARGET_DETACHED;
	return daxctl_dev_is_enabled(dev) ? TARGET_DEVDAX : TARGET_DISABLED;
}

/**
 * target_mode_name - as JSON shows it
 * @mode: the mode
 *
 * Return: its name.
 */
const char *target_mode_name(enum target_mode mode)
{
	static const char *const names[] = {
		[TARGET_IMAGE] = "image",
		[TARGET_DEVDAX] = "devdax",
		[TARGET_SYSTEM_RAM] = "system-ram",
		[TARGET_DETACHED] = "detached",
		[TARGET_DISABLED] = "disabled",
	};

	return names[mode];
}

/**
 * target_bound - may the kernel be asked about this pool?
 * @target: as found
 *
 * Return: 0, or -ENODEV where it was told why not, and what helps.
 */
int target_bound(const struct target *target)
{
	const char *name = target->name;

	if (target->mode != TARGET_IMAGE && kernel_has_pool(name))
		return 0;
	switch (target->mode) {
	case TARGET_DETACHED:
		complain(name, DETACHED);
		break;
	case TARGET_SYSTEM_RAM:
		complain(name, "no pool is bound here, it is nothing but RAM; make it one first: daxctl reconfigure-device --mode=devdax --force %s, then kmemp format",
			 name);
		break;
	default:
		complain(name, "no pool is bound here; bind it first: daxctl reconfigure-device --mode=system-ram %s",
			 target->mode == TARGET_IMAGE ? "DEV" : name);
		break;
	}
	return -ENODEV;
}

/**
 * target_rescued - is the pool of a device bound for rescue?
 * @dev: "dax0.0"
 *
 * Return: true if it is.
 */
bool target_rescued(const char *dev)
{
	char state[KERNEL_VALUE_SIZE];

	return !kernel_read(dev, "state", state, sizeof(state)) &&
	       !strcmp(state, "rescue");
}

/**
 * target_way_back - how to take a bound pool back
 * @dev: "dax0.0", of mode TARGET_SYSTEM_RAM
 * @text: filled in: what the device is now, and the commands
 * @size: bytes of @text
 */
void target_way_back(const char *dev, char *text, size_t size)
{
	/* daxctl looks for its memory, and there is none. */
	if (target_rescued(dev))
		snprintf(text, size, "bound for rescue; end that first: echo %s >/sys/bus/dax/drivers/kmem/unbind; daxctl reconfigure-device --mode=devdax %s",
			 dev, dev);
	else
		snprintf(text, size, "in use as system RAM; take it back first: daxctl reconfigure-device --mode=devdax --force %s",
			 dev);
}

/**
 * target_free - may this program look at the medium itself?
 * @target: as found
 *
 * Return: 0, or -EBUSY where it was told why not, and what helps.
 */
int target_free(const struct target *target)
{
	char text[256];

	switch (target->mode) {
	case TARGET_IMAGE:
	case TARGET_DEVDAX:
		return 0;
	case TARGET_SYSTEM_RAM:
		target_way_back(target->name, text, sizeof(text));
		complain(target->name, "is %s", text);
		break;
	case TARGET_DETACHED:
		complain(target->name, DETACHED);
		break;
	case TARGET_DISABLED:
		complain(target->name, "is disabled; enable it with: daxctl reconfigure-device --mode=devdax %s",
			 target->name);
		break;
	}
	return -EBUSY;
}

/* Two of us at one medium: the second one goes. */
static int lock(const struct target *target, struct kmemp_media_file *file,
		bool readonly)
{
	if (!flock(file->fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
		return 0;
	complain(target->name, "another program has locked it; try again when it is done");
	kmemp_media_file_close(file);
	return -EBUSY;
}

/**
 * target_open - map the medium
 * @target: as found, and free
 * @file: filled in
 * @readonly: no store will be made
 *
 * Return: 0, or a negative errno where the mistake was told.
 */
int target_open(const struct target *target, struct kmemp_media_file *file,
		bool readonly)
{
	int ret;

	ret = kmemp_media_file_open(file, target->path, readonly);
	if (ret == -ENOSPC)
		complain(target->name, "is smaller than a page; give it a size first: truncate -s 64M FILE");
	else if (ret)
		complain(target->name, "cannot %s %s: %s%s",
			 readonly ? "read" : "write", target->path,
			 strerror(-ret), ret == -EACCES || ret == -EPERM ?
			 "; run as root" : "");
	return ret ?: lock(target, file, readonly);
}
