// SPDX-License-Identifier: GPL-2.0
/*
 * What the core itself keeps in objects: ROOT and ORPHANS, and the records of
 * volumes. Decoding is shared by who uses them and by the check.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kmem_persist/format_volume.h>

#include "core.h"

/**
 * kmemp_volume_size_valid - may a volume be like this?
 * @pages: size
 * @block_size: logical block size in bytes
 *
 * Return: true if it may.
 */
bool kmemp_volume_size_valid(u64 pages, u32 block_size)
{
	return pages && pages <= KMEMP_VOLUME_MAX_PAGES &&
	       (block_size == 512 || block_size == KMEMP_PAGE_SIZE);
}
EXPORT_SYMBOL_GPL(kmemp_volume_size_valid);

/**
 * kmemp_volume_decode - read a volume's record
 * @record: of ROOT, kind KMEMP_ROOT_VOLUME
 * @info: filled in
 *
 * Return: false where anything in it is not as it must be.
 */
bool kmemp_volume_decode(const struct kmemp_record *record,
			 struct kmemp_volume_info *info)
{
	static const u8 zero[sizeof_field(struct kmemp_disk_volume, reserved)];
	struct kmemp_disk_volume disk;

	if (record->name_len > KMEMP_VOLUME_NAME ||
	    !kmemp_name_valid((const char *)record->name, record->name_len) ||
	    record->value_len != sizeof(disk))
		return false;
	memcpy(&disk, record->value, sizeof(disk));
	info->object = le64_to_cpu(disk.object);
	info->pages = le64_to_cpu(disk.pages);
	info->block_size = le32_to_cpu(disk.block_size);
	return info->object >= KMEMP_OBJ_FIRST &&
	       info->object <= KMEMP_OBJ_MAX &&
	       kmemp_volume_size_valid(info->pages, info->block_size) &&
	       !memcmp(disk.reserved, zero, sizeof(zero));
}
EXPORT_SYMBOL_GPL(kmemp_volume_decode);

static void find_loss(const struct kmemp_findings *findings, u64 object,
		      const char *text)
{
	findings->finding(findings->arg, KMEMP_LOSS, object, 0, text);
}

static void check_root(const struct kmemp_record *record, u64 mark,
		       const struct kmemp_findings *findings)
{
	struct kmemp_volume_info info;

	if (record->kind != KMEMP_ROOT_VOLUME)
		return;
	if (!kmemp_volume_decode(record, &info))
		find_loss(findings, KMEMP_OBJ_ROOT,
			  "the record of a volume is damaged: the volume cannot be used");
	else if (mark && info.object >= mark)
		find_loss(findings, info.object,
			  "a volume has an object id that was never given");
}

static void check_orphan(const struct kmemp_record *record,
			 const struct kmemp_findings *findings)
{
	struct kmemp_orphan orphan;

	if (kmemp_orphan_decode(record, &orphan))
		findings->finding(findings->arg, KMEMP_NOTE, orphan.object, 0,
				  "an orphan: what is left of it is removed after the next bind, or by a repair");
	else
		find_loss(findings, KMEMP_OBJ_ORPHANS,
			  "the record of an orphan is damaged: what it promised is not done");
}

static int check_records(struct kmemp_pool *pool, u64 object, u64 mark,
			 const struct kmemp_findings *findings, u8 *buffer)
{
	struct kmemp_record record = {};
	int ret;

	do {
		ret = kmemp_pool_next_record(pool, object, &record, buffer);
		if (ret)
			break;
		if (object == KMEMP_OBJ_ROOT)
			check_root(&record, mark, findings);
		else if (object == KMEMP_OBJ_ORPHANS)
			check_orphan(&record, findings);
	} while (kmemp_record_after(&record, buffer));
	if (ret == -EUCLEAN) {
		find_loss(findings, object,
			  "a record is damaged: it and those behind it cannot be read");
		ret = 0;
	}
	return ret == -ENOENT ? 0 : ret;
}

/**
 * kmemp_check_objects - verify what the core keeps in objects
 * @pool: opened, of a format that keeps objects
 * @findings: where to report
 *
 * Return: 0 when it ran to its end, whatever it found.
 */
int kmemp_check_objects(struct kmemp_pool *pool,
			const struct kmemp_findings *findings)
{
	u64 mark, id = 0;
	u8 *buffer;
	int ret;

	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	ret = kmemp_id_mark(pool, &mark);
	if (ret == -EUCLEAN) {
		find_loss(findings, KMEMP_OBJ_ROOT,
			  "the mark of object ids is damaged: nothing can be created");
		mark = 0;
		ret = 0;
	}
	/* All records: that a hash is its name's no format looks at. */
	while (!ret) {
		ret = kmemp_pool_next_object(pool, &id);
		if (!ret)
			ret = check_records(pool, id++, mark, findings, buffer);
	}
	kfree(buffer);
	/* The format has said which objects cannot be read. */
	return ret == -ENOENT || ret == -EUCLEAN ? 0 : ret;
}
