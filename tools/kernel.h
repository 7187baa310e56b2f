/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's drivers say about pools, in sysfs.
 */
#ifndef KMEMP_TOOLS_KERNEL_H
#define KMEMP_TOOLS_KERNEL_H

#include <linux/types.h>

#define KERNEL_VALUE_SIZE	4096

bool kernel_has_pool(const char *dev);
bool kernel_has_pools(void);
int kernel_read(const char *dev, const char *attr, char *value, size_t size);
int kernel_read_number(const char *dev, const char *attr, u64 *value);
int kernel_write_number(const char *dev, const char *attr, u64 value);
int kernel_read_file(const char *path, char *value, size_t size);
int kernel_read_file_number(const char *path, u64 *value);
int kernel_write_file(const char *path, const char *text);
bool kernel_refusal(const char *dev, char *text, size_t size);

/**
 * struct kernel_detached - a pool that lives on without its device
 * @uuid: of the pool, as text
 * @label: of the pool, "-" for none
 * @start: first physical address
 * @end: last physical address
 */
struct kernel_detached {
	char uuid[37];
	char label[256];
	u64 start;
	u64 end;
};

typedef int (*kernel_detached_fn)(void *arg,
				  const struct kernel_detached *pool);

int kernel_list_detached(kernel_detached_fn fn, void *arg);
void kernel_domain(const char *dev, char *domain, size_t size);
bool kernel_domain_persists(const char *domain);

#endif /* KMEMP_TOOLS_KERNEL_H */
