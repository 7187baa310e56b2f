/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Volumes of bound pools, as kmemp_blk shows them in sysfs.
 */
#ifndef KMEMP_TOOLS_VOLUME_H
#define KMEMP_TOOLS_VOLUME_H

#include <linux/types.h>

/**
 * struct volume - one volume
 * @disk: its block device, "kmempblk0"
 * @name: its name in the pool
 * @pool: uuid of the pool, as text
 * @size: bytes
 * @mapped: bytes that take room in the pool
 * @fragments: pieces that these lie in
 * @block_size: bytes of a logical block
 */
struct volume {
	char disk[32];
	char name[256];
	char pool[37];
	u64 size;
	u64 mapped;
	u64 fragments;
	u64 block_size;
};

typedef int (*volume_fn)(void *arg, const struct volume *volume);

bool volume_module_present(void);
bool volume_pool_present(const char *pool);
int volume_pool_device(const char *pool, char *dev, size_t size);
int volume_list(const char *pool, volume_fn fn, void *arg);
int volume_find(const char *pool, const char *name, struct volume *volume);
int volume_request(const char *pool, const char *what, const char *text);

#endif /* KMEMP_TOOLS_VOLUME_H */
