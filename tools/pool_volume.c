// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes of a pool that this program has opened itself: records of ROOT.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "pool_volume.h"

/**
 * pool_volume_find - a volume by its name
 * @pool: opened
 * @name: the name
 * @info: filled in
 *
 * Return: 0; -ENOENT: there is none; -EUCLEAN: its record is damaged; -EIO.
 */
int pool_volume_find(struct kmemp_pool *pool, const char *name,
		     struct kmemp_volume_info *info)
{
	struct kmemp_record record = {
		.kind = KMEMP_ROOT_VOLUME,
		.name = (const u8 *)name,
	};
	u8 buffer[KMEMP_RECORD_BUFFER];
	size_t len = strlen(name);
	int ret;

	if (!len || len > KMEMP_VOLUME_NAME ||
	    !kmemp_pool_keeps_objects(pool))
		return -ENOENT;
	record.name_len = len;
	ret = kmemp_pool_get_record(pool, KMEMP_OBJ_ROOT, &record, buffer);
	if (!ret && !kmemp_volume_decode(&record, info))
		ret = -EUCLEAN;
	return ret;
}

/**
 * pool_volume_of - the volume whose pages an object holds
 * @pool: opened
 * @object: id
 * @info: filled in
 * @name: filled in, POOL_VOLUME_NAME bytes
 *
 * Damaged records are no volumes.
 *
 * Return: 0; -ENOENT: it is none; -EIO or -EUCLEAN where that is not known.
 */
int pool_volume_of(struct kmemp_pool *pool, u64 object,
		   struct kmemp_volume_info *info, char *name)
{
	struct kmemp_record record = { .kind = KMEMP_ROOT_VOLUME };
	u8 buffer[KMEMP_RECORD_BUFFER];
	int ret;

	do {
		ret = kmemp_pool_next_record(pool, KMEMP_OBJ_ROOT, &record,
					     buffer);
		if (ret)
			return ret;
		if (record.kind != KMEMP_ROOT_VOLUME)
			return -ENOENT;
		if (kmemp_volume_decode(&record, info) &&
		    info->object == object) {
			memcpy(name, record.name, record.name_len);
			name[record.name_len] = '\0';
			return 0;
		}
	} while (kmemp_record_after(&record, buffer));
	return -ENOENT;
}

/**
 * pool_volume_name - name of the volume whose pages an object holds
 * @pool: opened
 * @object: id
 * @name: filled in, POOL_VOLUME_NAME bytes
 *
 * Return: see pool_volume_of().
 */
int pool_volume_name(struct kmemp_pool *pool, u64 object, char *name)
{
	struct kmemp_volume_info info;

	return pool_volume_of(pool, object, &info, name);
}
