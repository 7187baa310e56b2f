// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of pools, see kernel.h. The interface is described in
 * kmem-persist(7).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "kernel.h"

#define DAX_DEVICES	"/sys/bus/dax/devices"
#define DAX_DRIVER	"/sys/bus/dax/drivers/kmem"

static void pool_path(char *path, size_t size, const char *dev,
		      const char *attr)
{
	snprintf(path, size, DAX_DEVICES "/%.64s/persist/%.32s", dev, attr);
}

/**
 * kernel_has_pool - is a pool bound on this device?
 * @dev: "dax0.0"
 *
 * Return: true if it is.
 */
bool kernel_has_pool(const char *dev)
{
	char path[PATH_MAX];

	pool_path(path, sizeof(path), dev, "");
	return !access(path, F_OK);
}

/**
 * kernel_has_pools - is a pool bound on any device?
 *
 * Return: true if one is.
 */
bool kernel_has_pools(void)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(DAX_DEVICES);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = kernel_has_pool(entry->d_name);
	closedir(dir);
	return found;
}

/**
 * kernel_read_file - one value
 * @path: file of sysfs
 * @value: filled in, without the newline at its end
 * @size: its bytes
 *
 * Return: 0 or a negative errno.
 */
int kernel_read_file(const char *path, char *value, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, value + len, size - 1 - len);
		if (n > 0)
			len += n;
	} while (n > 0 && len < size - 1);
	n = n < 0 ? -errno : 0;
	close(fd);
	while (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return n;
}

/**
 * kernel_read_file_number - one number
 * @path: file of sysfs
 * @value: filled in
 *
 * Return: 0 or a negative errno.
 */
int kernel_read_file_number(const char *path, u64 *value)
{
	char text[64], *end;
	int ret;

	ret = kernel_read_file(path, text, sizeof(text));
	if (ret)
		return ret;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text || *end ? -EPROTO : 0;
}

/**
 * kernel_write_file - write one value, in one piece
 * @path: file of sysfs
 * @text: the value
 *
 * Return: 0 or a negative errno, which is the driver's.
 */
int kernel_write_file(const char *path, const char *text)
{
	ssize_t len = strlen(text), written;
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	written = write(fd, text, len);
	if (written != len)
		ret = written < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

/**
 * kernel_read - one value of a bound pool
 * @dev: "dax0.0"
 * @attr: name of the value
 * @value: filled in, without the newline at its end
 * @size: its bytes
 *
 * Return: 0 or a negative errno.
 */
int kernel_read(const char *dev, const char *attr, char *value, size_t size)
{
	char path[PATH_MAX];

	pool_path(path, sizeof(path), dev, attr);
	return kernel_read_file(path, value, size);
}

/**
 * kernel_read_number - one number of a bound pool
 * @dev: "dax0.0"
 * @attr: name of the value
 * @value: filled in
 *
 * Return: 0 or a negative errno.
 */
int kernel_read_number(const char *dev, const char *attr, u64 *value)
{
	char path[PATH_MAX];

	pool_path(path, sizeof(path), dev, attr);
	return kernel_read_file_number(path, value);
}

/**
 * kernel_write_number - change a number of a bound pool
 * @dev: "dax0.0"
 * @attr: name of the value
 * @value: the number
 *
 * Return: 0 or a negative errno, which is the driver's.
 */
int kernel_write_number(const char *dev, const char *attr, u64 value)
{
	char path[PATH_MAX], text[32];

	pool_path(path, sizeof(path), dev, attr);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);
	return kernel_write_file(path, text);
}

/* The lines of a file of the driver; none where there is no such driver. */
static FILE *driver_lines(const char *attr)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DAX_DRIVER "/%s", attr);
	return fopen(path, "re");
}

/**
 * kernel_refusal - why was this device last refused?
 * @dev: "dax0.0"
 * @text: filled in: "<code> <text>"
 * @size: its bytes
 *
 * Return: true if it was.
 */
bool kernel_refusal(const char *dev, char *text, size_t size)
{
	size_t len = strlen(dev);
	bool found = false;
	char line[1024];
	FILE *f;

	f = driver_lines("refusals");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, dev, len) && line[len] == ' ';
		if (found)
			snprintf(text, size, "%s", line + len + 1);
	}
	fclose(f);
	return found;
}

/* "<uuid> <label or -> <start>-<end>"; a label may contain spaces. */
static bool parse_detached(char *line, struct kernel_detached *pool)
{
	unsigned long long start, end;
	char *label, *range;

	line[strcspn(line, "\n")] = '\0';
	label = strchr(line, ' ');
	range = strrchr(line, ' ');
	if (!label || range <= label)
		return false;
	*label++ = '\0';
	*range++ = '\0';
	if (strlen(line) >= sizeof(pool->uuid) ||
	    strlen(label) >= sizeof(pool->label) ||
	    sscanf(range, "%llx-%llx", &start, &end) != 2)
		return false;
	strcpy(pool->uuid, line);
	strcpy(pool->label, label);
	pool->start = start;
	pool->end = end;
	return true;
}

/**
 * kernel_list_detached - pools that were unbound while in use
 * @fn: called for each; its first nonzero return ends it
 * @arg: for @fn
 *
 * Return: 0 or the first nonzero return of @fn.
 */
int kernel_list_detached(kernel_detached_fn fn, void *arg)
{
	struct kernel_detached pool;
	char line[1024];
	int ret = 0;
	FILE *f;

	f = driver_lines("detached");
	if (!f)
		return 0;
	while (!ret && fgets(line, sizeof(line), f))
		if (parse_detached(line, &pool))
			ret = fn(arg, &pool);
	fclose(f);
	return ret;
}

static bool is_nd_region(const char *dir)
{
	char path[PATH_MAX + 16], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/subsystem", dir);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return len >= 3 && !strcmp(target + len - 3, "/nd") &&
	       !strncmp(strrchr(dir, '/'), "/region", 7);
}

/* As nvdimm_has_flush() judges it: DIMMs without hints are under ADR. */
static void region_domain(const char *dir, char *domain, size_t size)
{
	char path[PATH_MAX + 32], mappings[32];

	snprintf(path, sizeof(path), "%s/persistence_domain", dir);
	if (!kernel_read_file(path, domain, size) && domain[0])
		return;
	snprintf(path, sizeof(path), "%s/mappings", dir);
	snprintf(domain, size, "%s",
		 !kernel_read_file(path, mappings, sizeof(mappings)) &&
		 atoi(mappings) > 0 ? "memory_controller" : "none");
}

/**
 * kernel_domain - how far must a store come to be persistent?
 * @dev: "dax0.0"
 * @domain: filled in: "memory_controller", "cpu_cache", "none", or "volatile"
 *	for what is no part of an nvdimm or CXL pmem region
 * @size: its bytes
 *
 * The same answer as the driver's, before there is a pool to ask it.
 */
void kernel_domain(const char *dev, char *domain, size_t size)
{
	char path[PATH_MAX], dir[PATH_MAX], *slash;

	snprintf(domain, size, "volatile");
	snprintf(path, sizeof(path), DAX_DEVICES "/%.64s", dev);
	if (!realpath(path, dir))
		return;
	while ((slash = strrchr(dir, '/')) && slash != dir) {
		if (is_nd_region(dir)) {
			region_domain(dir, domain, size);
			return;
		}
		*slash = '\0';
	}
}

/**
 * kernel_domain_persists - does a persistence domain keep what was written?
 * @domain: as kernel_domain() or the driver names it
 *
 * Return: true if it does.
 */
bool kernel_domain_persists(const char *domain)
{
	return !strcmp(domain, "memory_controller") ||
	       !strcmp(domain, "cpu_cache");
}
