/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Volumes of a pool that this program has opened itself.
 */
#ifndef KMEMP_TOOLS_POOL_VOLUME_H
#define KMEMP_TOOLS_POOL_VOLUME_H

#include <kmem_persist/format_volume.h>
#include <kmem_persist/pool.h>

/* Room for a name, terminated. */
#define POOL_VOLUME_NAME	(KMEMP_VOLUME_NAME + 1)

int pool_volume_name(struct kmemp_pool *pool, u64 object, char *name);
int pool_volume_find(struct kmemp_pool *pool, const char *name,
		     struct kmemp_volume_info *info);
int pool_volume_of(struct kmemp_pool *pool, u64 object,
		   struct kmemp_volume_info *info, char *name);

#endif /* KMEMP_TOOLS_POOL_VOLUME_H */
