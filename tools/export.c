// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool holds, as files: volumes as their bytes, other objects as data
 * and a description.
 *
 *	DIR/volumes/NAME	a volume, with holes
 *	DIR/objects/ID.data	pages of another object, at their places
 *	DIR/objects/ID.json	its records and extents
 *
 * For a single one: FILE, and FILE.json where it is no volume.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export.h"
#include "kmemp.h"
#include "outfile.h"
#include "progress.h"

enum { VOLUMES, OBJECTS };

static const char *const dir_names[] = {
	[VOLUMES] = "volumes",
	[OBJECTS] = "objects",
};

static int write_failed(const struct export *export, const char *name, int ret)
{
	complain(export->path, "%s%scannot be written: %s%s", name ?: "",
		 name ? " " : "", strerror(-ret), ret == -EEXIST ?
		 "; to overwrite what is there, add --force" : "");
	return ret;
}

static int walk_wanted(struct export *export, struct walk *walk)
{
	int ret;

	walk->pool = export->pool;
	ret = export->object ? walk_object(walk, export->object) :
			       walk_pool(walk);
	if (ret == -EUCLEAN)
		complain(export->name, "cannot be read: %s",
			 export->pool->verdict.particulars);
	return ret;
}

static int count_part(void *arg, u64 object, const struct kmemp_extent *extent,
		      const u8 *data)
{
	if (data)
		progress_add((u64)extent->count << KMEMP_PAGE_SHIFT);
	return 0;
}

/**
 * export_read - read all that is wanted, and write nothing
 * @export: what is wanted
 * @written: filled in: pages of data
 *
 * With @salvage its data is not read.
 *
 * Return: 0, or a negative errno where it was told why it cannot be written;
 * what cannot be read is among the losses.
 */
int export_read(struct export *export, u64 *written)
{
	struct walk counted = {};
	struct walk walk = { .data = true, .extent = count_part };
	int ret;

	ret = walk_wanted(export, &counted);
	losses_free(&counted.losses);
	*written = counted.written;
	if (ret || export->salvage)
		return ret;
	progress_begin("reading", *written << KMEMP_PAGE_SHIFT);
	ret = walk_wanted(export, &walk);
	progress_end();
	export->losses = walk.losses;
	if (!ret && walk.losses.nr) {
		losses_refuse(&walk.losses, export->pool, export->name);
		ret = -EIO;
	}
	return ret;
}

/* A file for what @current is; where it goes depends on what is wanted. */
static int create(struct export *export, const char *suffix)
{
	char name[4096];

	if (export->object)
		snprintf(name, sizeof(name), "%s%s", export->path,
			 strcmp(suffix, ".data") ? suffix : "");
	else
		snprintf(name, sizeof(name), "%llu%s",
			 (unsigned long long)export->current, suffix);
	return outfile_create(export->object ? AT_FDCWD :
			      export->dirs[OBJECTS], name, export->force);
}

static int begin_json(struct export *export)
{
	int fd = create(export, ".json");
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	object_json_begin(&export->json, file, export->current);
	return 0;
}

/* It was made beforehand: a volume may have no object yet. */
static int open_volume(struct export *export, const char *name)
{
	export->data = openat(export->object ? AT_FDCWD :
			      export->dirs[VOLUMES], export->object ?
			      export->path : name,
			      O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return export->data < 0 ? -errno : 0;
}

static int end_object(struct export *export)
{
	FILE *file = export->json.file;
	int ret = 0;

	if (!export->current)
		return 0;
	if (file) {
		object_json_end(&export->json);
		if (fflush(file) || ferror(file) || fsync(fileno(file)))
			ret = errno ? -errno : -EIO;
		fclose(file);
		export->json.file = NULL;
	}
	if (export->data >= 0) {
		int err = outfile_close(export->data);

		ret = ret ?: err;
		export->data = -1;
	}
	export->current = 0;
	return ret ? write_failed(export, NULL, ret) : 0;
}

/* Objects come one after the other; the files of one are open. */
static int turn_to(struct export *export, u64 object)
{
	char name[POOL_VOLUME_NAME];
	int ret;

	if (export->current == object)
		return 0;
	ret = end_object(export);
	if (ret)
		return ret;
	export->current = object;
	export->is_volume = !pool_volume_name(export->pool, object, name);
	if (export->is_volume)
		ret = open_volume(export, name);
	else
		ret = begin_json(export);
	if (ret)
		return write_failed(export, export->is_volume ? name : NULL,
				    ret);
	if (!export->is_volume)
		export->objects++;
	return 0;
}

static int write_record(void *arg, u64 object,
			const struct kmemp_record *record)
{
	struct export *export = arg;
	int ret;

	ret = turn_to(export, object);
	if (!ret && !export->is_volume)
		object_json_record(&export->json, record);
	return ret;
}

static int write_extent(void *arg, u64 object,
			const struct kmemp_extent *extent, const u8 *data)
{
	struct export *export = arg;
	int ret;

	ret = turn_to(export, object);
	if (ret)
		return ret;
	if (!export->is_volume)
		object_json_extent(&export->json, extent);
	if (!data)
		return 0;
	if (export->data < 0) {
		export->data = create(export, ".data");
		if (export->data < 0)
			return write_failed(export, NULL, export->data);
	}
	ret = outfile_write(export->data, extent->offset << KMEMP_PAGE_SHIFT,
			    data, extent->count);
	if (ret)
		return write_failed(export, NULL, ret);
	export->pages += extent->count;
	progress_add((u64)extent->count << KMEMP_PAGE_SHIFT);
	return 0;
}

static int make_volume(struct export *export, int dir, const char *name,
		       const struct kmemp_volume_info *info)
{
	int fd, ret, err;

	fd = outfile_create(dir, name, export->force);
	if (fd < 0)
		return write_failed(export, export->object ? NULL : name, fd);
	ret = ftruncate(fd, info->pages << KMEMP_PAGE_SHIFT) ? -errno : 0;
	err = outfile_close(fd);
	ret = ret ?: err;
	if (ret)
		return write_failed(export, export->object ? NULL : name, ret);
	export->volumes++;
	return 0;
}

/* An empty file of its size for each volume. */
static int make_volumes(struct export *export)
{
	struct kmemp_record record = { .kind = KMEMP_ROOT_VOLUME };
	struct kmemp_volume_info info;
	char name[POOL_VOLUME_NAME];
	u8 buffer[KMEMP_RECORD_BUFFER];
	int ret = 0;

	do {
		/* What of this cannot be read is a loss of ROOT. */
		if (kmemp_pool_next_record(export->pool, KMEMP_OBJ_ROOT,
					   &record, buffer) ||
		    record.kind != KMEMP_ROOT_VOLUME)
			break;
		if (!kmemp_volume_decode(&record, &info))
			continue;
		memcpy(name, record.name, record.name_len);
		name[record.name_len] = '\0';
		ret = make_volume(export, export->dirs[VOLUMES], name, &info);
	} while (!ret && kmemp_record_after(&record, buffer));
	return ret;
}

static int open_dirs(struct export *export)
{
	char path[4096];
	int i;

	if (mkdir(export->path, 0700) && errno != EEXIST)
		return write_failed(export, NULL, -errno);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", export->path,
			 dir_names[i]);
		if (mkdir(path, 0700) && !(errno == EEXIST && export->force))
			return write_failed(export, dir_names[i], -errno);
		export->dirs[i] = open(path, O_RDONLY | O_DIRECTORY |
				       O_CLOEXEC | O_NOFOLLOW);
		if (export->dirs[i] < 0)
			return write_failed(export, dir_names[i], -errno);
	}
	return 0;
}

static int prepare(struct export *export)
{
	struct kmemp_volume_info info;
	char name[POOL_VOLUME_NAME];
	int ret;

	if (!export->object) {
		ret = open_dirs(export);
		return ret ?: make_volumes(export);
	}
	ret = pool_volume_of(export->pool, export->object, &info, name);
	return ret ? 0 : make_volume(export, AT_FDCWD, export->path, &info);
}

/**
 * export_write - write it
 * @export: read
 * @written: pages of data, for the progress shown
 *
 * Return: 0, or a negative errno where it was told what failed.
 */
int export_write(struct export *export, u64 written)
{
	struct walk walk = {
		.data = true,
		.record = write_record,
		.extent = write_extent,
		.arg = export,
	};
	int i, ret, err;

	export->dirs[VOLUMES] = -1;
	export->dirs[OBJECTS] = -1;
	export->data = -1;
	ret = prepare(export);
	progress_begin("writing", written << KMEMP_PAGE_SHIFT);
	if (!ret)
		ret = walk_wanted(export, &walk);
	progress_end();
	err = end_object(export);
	losses_free(&export->losses);
	export->losses = walk.losses;
	for (i = 0; i < 2; i++)
		if (export->dirs[i] >= 0)
			close(export->dirs[i]);
	if (!ret && !err && walk.losses.nr && !export->salvage) {
		complain(export->name, "a page has turned bad meanwhile; what was written is not complete; try again");
		return -EIO;
	}
	return ret ?: err;
}
