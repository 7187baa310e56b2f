// SPDX-License-Identifier: GPL-2.0
/*
 * Object ids: never given twice.
 *
 * A record of ROOT says from which id on none was ever given. It is raised by
 * KMEMP_ID_STEP at a time, durably, before the first of them is given: a crash
 * skips ids and repeats none.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "core.h"

/**
 * kmemp_id_mark - ids from which on were never given
 * @pool: the pool
 * @mark: filled in
 *
 * Return: 0; -EUCLEAN: it is damaged; -EIO; -ENOMEM.
 */
int kmemp_id_mark(struct kmemp_pool *pool, u64 *mark)
{
	struct kmemp_record record = {
		.kind = KMEMP_ROOT_SETTING,
		.name = (const u8 *)KMEMP_SETTING_NEXT_ID,
		.name_len = sizeof(KMEMP_SETTING_NEXT_ID) - 1,
	};
	u8 *buffer;
	int ret;

	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	ret = kmemp_pool_get_record(pool, KMEMP_OBJ_ROOT, &record, buffer);
	*mark = KMEMP_OBJ_FIRST;
	if (!ret && record.value_len == sizeof(__le64)) {
		__le64 value;

		memcpy(&value, record.value, sizeof(value));
		*mark = le64_to_cpu(value);
	} else if (!ret) {
		*mark = 0;
	}
	kfree(buffer);
	if (ret && ret != -ENOENT)
		return ret;
	if (*mark < KMEMP_OBJ_FIRST || *mark > KMEMP_OBJ_MAX)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "the mark of object ids is damaged");
	return 0;
}

/* Given again, the id of an object would add to that object. */
static int begin(struct kmemp_pool *pool)
{
	u64 mark, id;
	int ret = kmemp_id_mark(pool, &mark);

	if (ret)
		return ret;
	id = mark;
	ret = kmemp_pool_next_object(pool, &id);
	if (!ret)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "object %llu, ids end below %llu", id,
				      mark);
	if (ret != -ENOENT)
		return ret;
	pool->id_mark = mark;
	pool->next_id = mark;
	return 0;
}

static int raise_mark(struct kmemp_pool *pool)
{
	u64 mark = pool->id_mark + KMEMP_ID_STEP;
	__le64 value = cpu_to_le64(mark);
	struct kmemp_batch *batch;
	int ret;

	if (mark > KMEMP_OBJ_MAX)
		return -ENOSPC;
	batch = kmemp_batch_new(pool);
	if (!batch)
		return -ENOMEM;
	ret = kmemp_batch_put(batch, KMEMP_OBJ_ROOT, KMEMP_ROOT_SETTING,
			      KMEMP_SETTING_NEXT_ID,
			      sizeof(KMEMP_SETTING_NEXT_ID) - 1, &value,
			      sizeof(value));
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	if (!ret)
		pool->id_mark = mark;
	return ret;
}

/**
 * kmemp_pool_new_id - an object id that was never given before
 * @pool: the pool
 * @id: filled in
 *
 * Context: may sleep and commit.
 *
 * Return: 0 or what a commit returns; -EUCLEAN where the pool's own mark of
 * ids contradicts its objects.
 */
int kmemp_pool_new_id(struct kmemp_pool *pool, u64 *id)
{
	int ret = 0;

	mutex_lock(&pool->id_lock);
	if (!pool->next_id)
		ret = begin(pool);
	if (!ret && pool->next_id == pool->id_mark)
		ret = raise_mark(pool);
	if (!ret)
		*id = pool->next_id++;
	mutex_unlock(&pool->id_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_new_id);
