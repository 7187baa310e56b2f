// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes in sysfs, see volume.h. The interface is described in
 * Documentation/admin-guide.rst, section Volumes.
 */
#define _GNU_SOURCE	/* versionsort() */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "kernel.h"
#include "volume.h"

#define POOLS		"/sys/class/kmemp_blk"
#define DISKS		"/sys/block"
#define DISK_PREFIX	"kmempblk"
#define SECTOR_SHIFT	9

/**
 * volume_module_present - is kmemp_blk loaded?
 *
 * Return: true if it is.
 */
bool volume_module_present(void)
{
	return !access(POOLS, F_OK);
}

static void pool_path(char *path, size_t size, const char *pool,
		      const char *attr)
{
	snprintf(path, size, POOLS "/%.36s/%.32s", pool, attr);
}

/**
 * volume_pool_present - does kmemp_blk serve this pool?
 * @pool: uuid as text
 *
 * Return: true if it does.
 */
bool volume_pool_present(const char *pool)
{
	char path[PATH_MAX];

	pool_path(path, sizeof(path), pool, "");
	return !access(path, F_OK);
}

/**
 * volume_pool_device - the DAX device that a pool was bound by
 * @pool: uuid as text
 * @dev: filled in: "dax0.0"
 * @size: its bytes
 *
 * Return: 0 or a negative errno.
 */
int volume_pool_device(const char *pool, char *dev, size_t size)
{
	char path[PATH_MAX];

	pool_path(path, sizeof(path), pool, "device");
	return kernel_read_file(path, dev, size);
}

static int read_text(const char *disk, const char *attr, char *value,
		     size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DISKS "/%.31s/%s", disk, attr);
	return kernel_read_file(path, value, size);
}

static int read_number(const char *disk, const char *attr, u64 *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DISKS "/%.31s/%s", disk, attr);
	return kernel_read_file_number(path, value);
}

static int read_volume(struct volume *volume, const char *disk)
{
	int ret;

	snprintf(volume->disk, sizeof(volume->disk), "%.31s", disk);
	ret = read_text(disk, "volume/name", volume->name,
			sizeof(volume->name));
	if (!ret)
		ret = read_text(disk, "volume/pool", volume->pool,
				sizeof(volume->pool));
	if (!ret)
		ret = read_number(disk, "size", &volume->size);
	if (!ret)
		ret = read_number(disk, "volume/mapped", &volume->mapped);
	if (!ret)
		ret = read_number(disk, "volume/fragments",
				  &volume->fragments);
	if (!ret)
		ret = read_number(disk, "volume/block", &volume->block_size);
	volume->size <<= SECTOR_SHIFT;
	return ret;
}

static int is_volume(const struct dirent *entry)
{
	return !strncmp(entry->d_name, DISK_PREFIX, strlen(DISK_PREFIX));
}

/**
 * volume_list - go through volumes, in the order of their disks
 * @pool: uuid as text of the pool whose they are, NULL for all
 * @fn: called for each; its first nonzero return ends it
 * @arg: for @fn
 *
 * A volume that goes away meanwhile is none.
 *
 * Return: 0, the first nonzero return of @fn, or a negative errno.
 */
int volume_list(const char *pool, volume_fn fn, void *arg)
{
	struct dirent **entries;
	struct volume volume;
	int i, count, ret = 0;

	count = scandir(DISKS, &entries, is_volume, versionsort);
	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < count; i++) {
		if (!ret) {
			ret = read_volume(&volume, entries[i]->d_name);
			if (ret == -ENOENT || ret == -ENODEV)
				ret = 0;
			else if (!ret && (!pool || !strcmp(pool, volume.pool)))
				ret = fn(arg, &volume);
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

/**
 * struct find - what volume_find() looks for
 * @name: the name
 * @volume: filled in when found
 */
struct find {
	const char *name;
	struct volume *volume;
};

static int same_name(void *arg, const struct volume *volume)
{
	struct find *find = arg;

	if (strcmp(volume->name, find->name))
		return 0;
	*find->volume = *volume;
	return 1;
}

/**
 * volume_find - a volume by its name
 * @pool: uuid as text
 * @name: the name
 * @volume: filled in
 *
 * Return: 0, -ENOENT if there is none, or another negative errno.
 */
int volume_find(const char *pool, const char *name, struct volume *volume)
{
	struct find find = { name, volume };
	int ret;

	ret = volume_list(pool, same_name, &find);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ENOENT;
}

/**
 * volume_request - have kmemp_blk do something
 * @pool: uuid as text
 * @what: "create", "resize" or "remove"
 * @text: what the file of that name takes
 *
 * When a writer closes a disk, udev opens it soon after for a look at what is
 * on it now. So a volume is busy only when it is for a second.
 *
 * Return: 0 or a negative errno, which is the module's.
 */
int volume_request(const char *pool, const char *what, const char *text)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	char path[PATH_MAX];
	int ret, tries = 20;

	pool_path(path, sizeof(path), pool, what);
	while ((ret = kernel_write_file(path, text)) == -EBUSY && tries--)
		nanosleep(&pause, NULL);
	return ret;
}
