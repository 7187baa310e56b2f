// SPDX-License-Identifier: GPL-2.0
/*
 * Orphans: objects whose end is decided and too large for one batch.
 *
 * The batch that decides it puts a record into ORPHANS; steps of bounded size
 * follow, each a batch of its own, and the last one deletes the record. Every
 * step starts from what is there, so that any of them may be the last before a
 * crash.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* So that a step delays no one else's commit for long. */
#define STEP_EXTENTS		64u
#define STEP_PAGES		(KMEMP_BATCH_PAGES / 4)

/**
 * kmemp_orphan_put - promise the end of an object, or of what lies behind
 * @batch: that makes it visible
 * @object: id
 * @op: what is to be done
 * @from: for KMEMP_ORPHAN_TRUNCATE: first page offset that goes
 *
 * Return: see kmemp_batch_put().
 */
int kmemp_orphan_put(struct kmemp_batch *batch, u64 object,
		     enum kmemp_orphan_op op, u64 from)
{
	__le64 name = cpu_to_le64(object);
	struct kmemp_disk_orphan orphan = {
		.op = op,
		.from = cpu_to_le64(from),
	};

	return kmemp_batch_put(batch, KMEMP_OBJ_ORPHANS, op, &name,
			       sizeof(name), &orphan, sizeof(orphan));
}
EXPORT_SYMBOL_GPL(kmemp_orphan_put);

/**
 * kmemp_orphan_decode - read an orphan's record
 * @record: of ORPHANS
 * @orphan: filled in
 *
 * Return: false where anything in it is not as it must be.
 */
bool kmemp_orphan_decode(const struct kmemp_record *record,
			 struct kmemp_orphan *orphan)
{
	static const u8 zero[sizeof_field(struct kmemp_disk_orphan, reserved)];
	struct kmemp_disk_orphan disk;
	__le64 name;

	if (record->name_len != sizeof(name) ||
	    record->value_len != sizeof(disk))
		return false;
	memcpy(&name, record->name, sizeof(name));
	memcpy(&disk, record->value, sizeof(disk));
	orphan->object = le64_to_cpu(name);
	orphan->op = disk.op;
	orphan->from = le64_to_cpu(disk.from);
	return record->kind == disk.op && orphan->object >= KMEMP_OBJ_FIRST &&
	       orphan->object <= KMEMP_OBJ_MAX &&
	       !memcmp(disk.reserved, zero, sizeof(zero)) &&
	       (orphan->op == KMEMP_ORPHAN_REMOVE ||
		orphan->op == KMEMP_ORPHAN_TRUNCATE) &&
	       (orphan->op == KMEMP_ORPHAN_TRUNCATE || !orphan->from) &&
	       orphan->from < KMEMP_MAX_OBJECT_PAGES;
}

static int find(struct kmemp_pool *pool, struct kmemp_orphan *orphan, u8 *buffer)
{
	struct kmemp_record record = {};
	int ret;

	ret = kmemp_pool_next_record(pool, KMEMP_OBJ_ORPHANS, &record, buffer);
	if (!ret && !kmemp_orphan_decode(&record, orphan))
		ret = kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				     "a record of the orphans is damaged");
	return ret;
}

/* Up to @STEP_EXTENTS records of the object into the batch, to be deleted. */
static int drop_records(struct kmemp_batch *batch, u64 object, u8 *buffer,
			u32 *count)
{
	struct kmemp_record record = {};
	int ret = 0;

	for (*count = 0; *count < STEP_EXTENTS; (*count)++) {
		ret = kmemp_pool_next_record(batch->pool, object, &record,
					     buffer);
		if (ret)
			break;
		ret = kmemp_batch_del(batch, object, record.kind, record.name,
				      record.name_len);
		if (ret)
			break;
		if (!kmemp_record_after(&record, buffer))
			break;
	}
	return ret == -ENOENT || ret == -E2BIG ? 0 : ret;
}

static int finish(struct kmemp_batch *batch, const struct kmemp_orphan *orphan)
{
	__le64 name = cpu_to_le64(orphan->object);
	int ret = 0;

	if (orphan->op == KMEMP_ORPHAN_REMOVE)
		ret = kmemp_batch_remove(batch, orphan->object);
	if (!ret)
		ret = kmemp_batch_del(batch, KMEMP_OBJ_ORPHANS, orphan->op,
				      &name, sizeof(name));
	return ret;
}

static int fill_step(struct kmemp_batch *batch, const struct kmemp_orphan *orphan,
		     u8 *buffer)
{
	u64 offset = orphan->from;
	u32 count;
	int ret;

	ret = kmemp_pool_measure(batch->pool, orphan->object, &offset,
				 KMEMP_MAX_OBJECT_PAGES, STEP_EXTENTS,
				 STEP_PAGES, &count);
	if (ret)
		return ret;
	if (count)
		return kmemp_batch_unmap(batch, orphan->object, offset, count);
	if (orphan->op == KMEMP_ORPHAN_REMOVE) {
		ret = drop_records(batch, orphan->object, buffer, &count);
		if (ret || count)
			return ret;
	}
	return finish(batch, orphan);
}

/**
 * kmemp_orphan_step - do a bounded part of what is promised
 * @pool: the pool
 *
 * Context: may sleep; one caller at a time.
 *
 * Return: 1: call again; 0: nothing is left; or what a commit returns.
 */
int kmemp_orphan_step(struct kmemp_pool *pool)
{
	struct kmemp_batch *batch;
	struct kmemp_orphan orphan = {};
	u8 *buffer;
	int ret;

	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_NOIO);
	if (!buffer)
		return -ENOMEM;
	ret = find(pool, &orphan, buffer);
	if (ret)
		goto out;
	batch = kmemp_batch_new(pool);
	if (!batch) {
		ret = -ENOMEM;
		goto out;
	}
	ret = fill_step(batch, &orphan, buffer);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	if (!ret)
		ret = 1;
out:
	kfree(buffer);
	return ret == -ENOENT ? 0 : ret;
}
EXPORT_SYMBOL_GPL(kmemp_orphan_step);
