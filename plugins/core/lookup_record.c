// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups of records and objects: what is staged, over what a format finds.
 *
 * A stage has its records in order of entry, and few: iterating goes through
 * all of them for each step, getting one by name through a hash table.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/**
 * kmemp_record_order - which of two records comes first
 * @a: kind, hash and name
 * @b: kind, hash and name
 *
 * Return: < 0, 0 or > 0, as for memcmp().
 */
int kmemp_record_order(const struct kmemp_record *a,
		       const struct kmemp_record *b)
{
	u32 len = min(a->name_len, b->name_len);
	int order = 0;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (len)
		order = memcmp(a->name, b->name, len);
	return order ?: (int)a->name_len - (int)b->name_len;
}

/**
 * kmemp_record_after - the position behind a record
 * @record: the record, replaced by the position
 * @buffer: KMEMP_RECORD_BUFFER bytes for its name, which may lie there already
 *
 * Return: false where no record can come after it.
 */
bool kmemp_record_after(struct kmemp_record *record, u8 *buffer)
{
	if (record->name_len < KMEMP_MAX_NAME) {
		/* The name, and a byte more. */
		if (record->name_len && record->name != buffer)
			memmove(buffer, record->name, record->name_len);
		buffer[record->name_len++] = 0;
		record->name = buffer;
		return true;
	}
	record->name_len = 0;
	return ++record->hash || ++record->kind;
}
EXPORT_SYMBOL_GPL(kmemp_record_after);

/* To the buffer of a caller, from memory that is valid under pool->readers. */
static void copy_record(struct kmemp_record *record,
			const struct kmemp_record *from, u8 *buffer)
{
	u8 *value = buffer + KMEMP_MAX_NAME + 1;

	*record = *from;
	if (from->name_len)
		memcpy(buffer, from->name, from->name_len);
	if (from->value_len)
		memcpy(value, from->value, from->value_len);
	record->name = buffer;
	record->value = value;
}

/* The last word of the stages on a record, or NULL. */
static const struct kmemp_change *find_staged(const struct kmemp_pool *pool,
					      u64 object,
					      const struct kmemp_record *key)
{
	const struct kmemp_queue *queue = pool->queue;

	if (!queue)
		return NULL;
	return kmemp_stage_find_record(queue->open, object, key) ?:
	       kmemp_stage_find_record(queue->busy, object, key);
}

static const struct kmemp_change *next_staged(const struct kmemp_pool *pool,
					      u64 object,
					      const struct kmemp_record *from)
{
	const struct kmemp_queue *queue = pool->queue;
	const struct kmemp_change *open, *busy;

	if (!queue)
		return NULL;
	open = kmemp_stage_next_record(queue->open, object, from);
	busy = kmemp_stage_next_record(queue->busy, object, from);
	if (!open || !busy)
		return open ?: busy;
	/* Of the same record the open stage has the last word. */
	return kmemp_record_order(&busy->record, &open->record) < 0 ? busy :
								       open;
}

/*
 * As the format finds it. Found under another hash than its name's it could be
 * found and never be deleted.
 */
static int find_record(struct kmemp_pool *pool, u64 object,
		       struct kmemp_record *record, u8 *buffer)
{
	int ret = pool->format->next_record(pool, object, record, buffer);

	if (!ret && record->hash != kmemp_name_hash(pool, record->name,
						    record->name_len))
		ret = kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				     "object %llu: hash of a record", object);
	return ret;
}

static int lookup_record(struct kmemp_pool *pool, u64 object,
			 struct kmemp_record *record, u8 *buffer)
{
	for (;;) {
		const struct kmemp_change *staged;
		int ret;

		/* First, since the position may lie in the buffer. */
		staged = next_staged(pool, object, record);
		ret = find_record(pool, object, record, buffer);
		if (ret && ret != -ENOENT)
			return ret;
		if (!staged || (!ret && kmemp_record_order(record,
							   &staged->record) < 0))
			return ret;
		if (staged->op == KMEMP_PUT_RECORD) {
			copy_record(record, &staged->record, buffer);
			return 0;
		}
		*record = staged->record;
		if (!kmemp_record_after(record, buffer))
			return -ENOENT;
	}
}

/**
 * kmemp_pool_next_record - first record at or after a position
 * @pool: the pool
 * @object: id
 * @record: position (kind, hash, name); replaced by what is found
 * @buffer: KMEMP_RECORD_BUFFER bytes that name and value are copied to; the
 *	position's name may lie in it
 *
 * What was queued counts. Name and value are copies in @buffer.
 *
 * Return: 0, -ENOENT, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_pool_next_record(struct kmemp_pool *pool, u64 object,
			   struct kmemp_record *record, u8 *buffer)
{
	int ret;

	/* Asked to load, it has moved the position past what is deleted alone. */
	do {
		down_read(&pool->readers);
		ret = lookup_record(pool, object, record, buffer);
		up_read(&pool->readers);
	} while (kmemp_load_asked(pool, object, &ret));
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_next_record);

/**
 * kmemp_pool_get_record - look a record up
 * @pool: the pool
 * @object: id
 * @record: kind and name; replaced by what is found
 * @buffer: KMEMP_RECORD_BUFFER bytes, apart from the name
 *
 * What was queued counts. Name and value are copies in @buffer.
 *
 * Return: 0, -ENOENT, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_pool_get_record(struct kmemp_pool *pool, u64 object,
			  struct kmemp_record *record, u8 *buffer)
{
	const struct kmemp_change *staged;
	struct kmemp_record found = *record;
	int ret;

	found.hash = kmemp_name_hash(pool, record->name, record->name_len);
	do {
		down_read(&pool->readers);
		staged = find_staged(pool, object, &found);
		if (!staged) {
			ret = find_record(pool, object, &found, buffer);
		} else if (staged->op == KMEMP_PUT_RECORD) {
			copy_record(&found, &staged->record, buffer);
			ret = 0;
		} else {
			ret = -ENOENT;
		}
		up_read(&pool->readers);
	} while (kmemp_load_asked(pool, object, &ret));
	if (ret)
		return ret;
	if (found.kind != record->kind || found.name_len != record->name_len ||
	    memcmp(found.name, record->name, record->name_len))
		return -ENOENT;
	*record = found;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_pool_get_record);

/* Of an object that stages change, is anything left? */
static int object_exists(struct kmemp_pool *pool, u64 object, u8 *buffer)
{
	struct kmemp_record record = {};
	struct kmemp_extent extent;
	int ret;

	ret = kmemp_lookup_extent(pool, object, 0, 1, &extent);
	if (ret == -ENOENT)
		ret = lookup_record(pool, object, &record, buffer);
	return ret;
}

/* Where it returns -EAGAIN, *@asked is to be loaded. */
static int lookup_object(struct kmemp_pool *pool, u64 *id, u8 *buffer,
			 u64 *asked)
{
	const struct kmemp_queue *queue = pool->queue;
	u64 found, staged;
	int ret;

	for (;; *id = staged + 1) {
		found = *id;
		ret = pool->format->next_object(pool, &found);
		*asked = found;
		if (ret && ret != -ENOENT)
			return ret;
		staged = min(kmemp_stage_next_object(queue->open, *id),
			     kmemp_stage_next_object(queue->busy, *id));
		if (staged == U64_MAX || (!ret && found < staged))
			break;
		ret = object_exists(pool, staged, buffer);
		if (ret == -ENOENT)
			continue;
		*asked = staged;
		if (ret == -EAGAIN)
			return ret;
		found = staged;
		break;
	}
	*id = found;
	return ret;
}

/**
 * kmemp_pool_next_object - first object at or after an id
 * @pool: the pool
 * @id: the id, replaced by the one found
 *
 * What was queued counts.
 *
 * Return: 0, -ENOENT, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_pool_next_object(struct kmemp_pool *pool, u64 *id)
{
	u8 *buffer = NULL;
	u64 asked;
	int ret;

	/* Before the lock, which those wait for who free memory. */
	if (pool->queue) {
		buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_NOIO);
		if (!buffer)
			return -ENOMEM;
	}
	do {
		down_read(&pool->readers);
		if (buffer) {
			ret = lookup_object(pool, id, buffer, &asked);
		} else {
			ret = pool->format->next_object(pool, id);
			asked = *id;
		}
		up_read(&pool->readers);
	} while (kmemp_load_asked(pool, asked, &ret));
	kfree(buffer);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_next_object);
