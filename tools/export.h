/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a pool holds, as files.
 */
#ifndef KMEMP_TOOLS_EXPORT_H
#define KMEMP_TOOLS_EXPORT_H

#include "object_json.h"
#include "pool_volume.h"
#include "walk.h"

/**
 * struct export - one export
 * @pool: opened read-only
 * @name: of its medium, for messages
 * @object: the one that is wanted, 0 for all
 * @path: file or directory
 * @force: files that are there may be overwritten
 * @salvage: go on without what cannot be read
 * @losses: what could not be read
 * @volumes: files of volumes that were written
 * @objects: objects that are none
 * @pages: pages that were written to files, zeros included
 * @dirs: descriptors of the directories, -1 where there is none
 * @current: the object whose files are open, 0 for none
 * @is_volume: it is one
 * @data: its data file, -1 while there is none
 * @json: its description, if it is no volume
 */
struct export {
	struct kmemp_pool *pool;
	const char *name;
	u64 object;
	const char *path;
	bool force;
	bool salvage;
	struct losses losses;
	u64 volumes;
	u64 objects;
	u64 pages;
	int dirs[2];
	u64 current;
	bool is_volume;
	int data;
	struct object_json json;
};

int export_read(struct export *export, u64 *written);
int export_write(struct export *export, u64 written);

#endif /* KMEMP_TOOLS_EXPORT_H */
