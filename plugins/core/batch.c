// SPDX-License-Identifier: GPL-2.0
/*
 * Batch: an ordered list of changes that becomes true as a whole.
 *
 * Building one looks at its arguments alone; what it does to the pool is found
 * out when it is committed. Names and values are copied. All of a small one,
 * with what committing it takes, lies in the one block that is its draft.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "core.h"

/* Encoded: object and operation, then the extent, or a record's header. */
#define CHANGE_BYTES	8u
#define EXTENT_BYTES	((u32)sizeof(struct kmemp_disk_extent))
#define RECORD_BYTES	8u

static struct kmemp_change *change_at(struct kmemp_batch *batch, u32 index)
{
	return (struct kmemp_change *)&batch->changes[index];
}

/**
 * kmemp_change_bytes - what a change counts towards KMEMP_BATCH_BYTES
 * @change: the change
 *
 * Return: bytes.
 */
u32 kmemp_change_bytes(const struct kmemp_change *change)
{
	switch (change->op) {
	case KMEMP_MAP:
	case KMEMP_UNMAP:
		return CHANGE_BYTES + EXTENT_BYTES;
	case KMEMP_PUT_RECORD:
	case KMEMP_DEL_RECORD:
		return CHANGE_BYTES + RECORD_BYTES +
		       ALIGN(change->record.name_len, 8u) +
		       ALIGN((u32)change->record.value_len, 8u);
	case KMEMP_REMOVE:
		break;
	}
	return CHANGE_BYTES;
}

/**
 * kmemp_batch_new - begin a batch
 * @pool: the pool
 *
 * Return: an empty batch, to be freed by kmemp_batch_free(), or NULL.
 */
struct kmemp_batch *kmemp_batch_new(struct kmemp_pool *pool)
{
	struct kmemp_draft *draft;

	draft = kmalloc(sizeof(*draft), GFP_NOIO);
	if (!draft)
		return NULL;
	memset(draft, 0, offsetof(struct kmemp_draft, change));
	draft->batch.pool = pool;
	draft->batch.changes = draft->change;
	draft->batch.meta = draft->meta;
	draft->room = KMEMP_DRAFT_CHANGES;
	draft->meta_room = KMEMP_DRAFT_META;
	return &draft->batch;
}
EXPORT_SYMBOL_GPL(kmemp_batch_new);

/* Memory for a name and a value, @len > 0. */
static u8 *text_get(struct kmemp_draft *draft, size_t len)
{
	u8 *text = draft->text + draft->text_used;

	if (len > KMEMP_DRAFT_TEXT - draft->text_used)
		return kmalloc(len, GFP_NOIO);
	draft->text_used += len;
	return text;
}

/* What lies in the draft itself goes with it. */
static void text_free(struct kmemp_draft *draft, const u8 *text)
{
	if (text < draft->text || text >= draft->text + KMEMP_DRAFT_TEXT)
		kfree(text);
}

/**
 * kmemp_batch_free - let go of a batch
 * @batch: committed or not; NULL is ignored
 */
void kmemp_batch_free(struct kmemp_batch *batch)
{
	struct kmemp_draft *draft;
	u32 i;

	if (!batch)
		return;
	draft = kmemp_to_draft(batch);
	for (i = 0; i < batch->nr_changes; i++)
		if (kmemp_is_record(&batch->changes[i]))
			text_free(draft, batch->changes[i].record.name);
	if (batch->changes != draft->change)
		kvfree(batch->changes);
	if (batch->meta != draft->meta)
		kvfree(batch->meta);
	kfree(draft);
}
EXPORT_SYMBOL_GPL(kmemp_batch_free);

/* Append a change, or fail and leave the batch as it was. */
static int append(struct kmemp_batch *batch, const struct kmemp_change *change)
{
	struct kmemp_draft *draft = kmemp_to_draft(batch);
	u32 bytes = kmemp_change_bytes(change);

	if (bytes > KMEMP_BATCH_BYTES - batch->bytes)
		return -E2BIG;
	if (batch->nr_changes == draft->room) {
		u32 room = 2 * draft->room;
		struct kmemp_change *new;

		new = kvmalloc_array(room, sizeof(*new), GFP_NOIO);
		if (!new)
			return -ENOMEM;
		memcpy(new, batch->changes, batch->nr_changes * sizeof(*new));
		if (batch->changes != draft->change)
			kvfree(batch->changes);
		batch->changes = new;
		draft->room = room;
	}
	*change_at(batch, batch->nr_changes++) = *change;
	batch->bytes += bytes;
	return 0;
}

static bool object_valid(u64 object)
{
	return object && object <= KMEMP_OBJ_MAX && object != KMEMP_OBJ_SHARING;
}

/**
 * kmemp_name_hash - hash of a record's name, second part of its key
 * @pool: whose hash key it is seeded with
 * @name: bytes
 * @len: how many
 *
 * Return: the hash.
 */
u64 kmemp_name_hash(const struct kmemp_pool *pool, const void *name, size_t len)
{
	siphash_key_t key;
	__le64 raw[2];
	u64 hash;

	memcpy(raw, pool->super.hash_key, sizeof(raw));
	key.key[0] = le64_to_cpu(raw[0]);
	key.key[1] = le64_to_cpu(raw[1]);
	hash = siphash(name, len, &key);
	memzero_explicit(&key, sizeof(key));
	memzero_explicit(raw, sizeof(raw));
	return hash;
}
EXPORT_SYMBOL_GPL(kmemp_name_hash);

/**
 * kmemp_same_record - are two changes about one record?
 * @a: of an object
 * @b: of the same object
 *
 * Return: true if kind and name are the same.
 */
bool kmemp_same_record(const struct kmemp_change *a,
		       const struct kmemp_change *b)
{
	return a->record.hash == b->record.hash &&
	       a->record.kind == b->record.kind &&
	       a->record.name_len == b->record.name_len &&
	       !memcmp(a->record.name, b->record.name, a->record.name_len);
}

/* The last change of the same record that this one makes needless. */
static struct kmemp_change *find_superseded(struct kmemp_batch *batch,
					    const struct kmemp_change *change)
{
	u32 i;

	for (i = batch->nr_changes; i; i--) {
		struct kmemp_change *old = change_at(batch, i - 1);

		if (old->object != change->object)
			continue;
		if (old->op == KMEMP_REMOVE)
			return NULL;
		if (kmemp_is_record(old) && kmemp_same_record(old, change))
			return old;
	}
	return NULL;
}

static int add_record(struct kmemp_batch *batch, enum kmemp_change_op op,
		      u64 object, u8 kind, const void *name, size_t name_len,
		      const void *value, size_t value_len)
{
	struct kmemp_change change = { .object = object, .op = op };
	struct kmemp_draft *draft = kmemp_to_draft(batch);
	struct kmemp_change *old;
	int ret = 0;
	u8 *copy;

	if (!object_valid(object))
		return -EINVAL;
	if (name_len > KMEMP_MAX_NAME || value_len > KMEMP_MAX_VALUE)
		return -ENAMETOOLONG;
	copy = text_get(draft, name_len + value_len + 1);
	if (!copy)
		return -ENOMEM;
	if (name_len)
		memcpy(copy, name, name_len);
	if (value_len)
		memcpy(copy + name_len, value, value_len);
	change.record.hash = kmemp_name_hash(batch->pool, copy, name_len);
	change.record.kind = kind;
	change.record.name_len = name_len;
	change.record.value_len = value_len;
	change.record.name = copy;
	change.record.value = copy + name_len;

	old = find_superseded(batch, &change);
	if (old) {
		u32 bytes = batch->bytes - kmemp_change_bytes(old);

		if (kmemp_change_bytes(&change) > KMEMP_BATCH_BYTES - bytes) {
			ret = -E2BIG;
			goto err_copy;
		}
		batch->bytes = bytes + kmemp_change_bytes(&change);
		text_free(draft, old->record.name);
		*old = change;
		return 0;
	}
	ret = append(batch, &change);
	if (ret)
		goto err_copy;
	return 0;

err_copy:
	text_free(draft, copy);
	return ret;
}

/**
 * kmemp_batch_set_overwrites - say that a batch needs no room for good
 * @batch: the batch; all it maps replaces what is mapped, all it puts replaces
 *	records, or it removes
 *
 * Its metadata pages then come from the reserve right away. Without it that is
 * looked up, and only when pages are short.
 */
void kmemp_batch_set_overwrites(struct kmemp_batch *batch)
{
	kmemp_to_draft(batch)->overwrites = true;
}
EXPORT_SYMBOL_GPL(kmemp_batch_set_overwrites);

/**
 * kmemp_batch_put - make or replace a record
 * @batch: the batch
 * @object: id
 * @kind: of the record
 * @name: bytes
 * @name_len: 0 to KMEMP_MAX_NAME
 * @value: bytes
 * @value_len: 0 to KMEMP_MAX_VALUE
 *
 * Return: 0; -E2BIG: the batch is full, commit it first; -EINVAL: no such
 * object id; -ENAMETOOLONG; -ENOMEM.
 */
int kmemp_batch_put(struct kmemp_batch *batch, u64 object, u8 kind,
		    const void *name, size_t name_len, const void *value,
		    size_t value_len)
{
	return add_record(batch, KMEMP_PUT_RECORD, object, kind, name, name_len,
			  value, value_len);
}
EXPORT_SYMBOL_GPL(kmemp_batch_put);

/**
 * kmemp_batch_del - delete a record; no error if there is none
 * @batch: the batch
 * @object: id
 * @kind: of the record
 * @name: bytes
 * @name_len: 0 to KMEMP_MAX_NAME
 *
 * Return: see kmemp_batch_put().
 */
int kmemp_batch_del(struct kmemp_batch *batch, u64 object, u8 kind,
		    const void *name, size_t name_len)
{
	return add_record(batch, KMEMP_DEL_RECORD, object, kind, name, name_len,
			  NULL, 0);
}
EXPORT_SYMBOL_GPL(kmemp_batch_del);

/**
 * kmemp_batch_map - map an extent, replacing what its range held
 * @batch: the batch
 * @object: id
 * @extent: its pages are in use by nobody, or by ranges that this batch
 *	unmaps or replaces
 *
 * Return: 0; -E2BIG: the batch is full; -EINVAL: an argument is out of range;
 * -ENOMEM.
 */
int kmemp_batch_map(struct kmemp_batch *batch, u64 object,
		    const struct kmemp_extent *extent)
{
	struct kmemp_change change = {
		.object = object,
		.op = KMEMP_MAP,
		.extent = *extent,
	};
	u64 pages = batch->pool->super.pool_pages;
	int ret;

	/* Neither superblock page can be mapped. */
	if (!object_valid(object) || !extent->count ||
	    extent->offset >= KMEMP_MAX_OBJECT_PAGES ||
	    extent->count > KMEMP_MAX_OBJECT_PAGES - extent->offset ||
	    !extent->page || extent->page >= pages - 1 ||
	    extent->count > pages - 1 - extent->page ||
	    extent->flags & ~KMEMP_EXTENT_FLAGS)
		return -EINVAL;
	if (extent->count > KMEMP_BATCH_PAGES - kmemp_to_draft(batch)->mapped)
		return -E2BIG;
	ret = append(batch, &change);
	if (!ret)
		kmemp_to_draft(batch)->mapped += extent->count;
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_batch_map);

/**
 * kmemp_batch_unmap - make a range of an object hold nothing
 * @batch: the batch
 * @object: id
 * @offset: first page offset
 * @count: pages
 *
 * Return: see kmemp_batch_map().
 */
int kmemp_batch_unmap(struct kmemp_batch *batch, u64 object, u64 offset,
		      u32 count)
{
	struct kmemp_change change = {
		.object = object,
		.op = KMEMP_UNMAP,
		.extent = { .offset = offset, .count = count },
	};

	if (!object_valid(object) || !count ||
	    offset >= KMEMP_MAX_OBJECT_PAGES ||
	    count > KMEMP_MAX_OBJECT_PAGES - offset)
		return -EINVAL;
	return append(batch, &change);
}
EXPORT_SYMBOL_GPL(kmemp_batch_unmap);

/**
 * kmemp_batch_remove - end an object with all its records and extents
 * @batch: the batch
 * @object: id
 *
 * Return: see kmemp_batch_map(). Where the object has more than one batch may
 * touch, committing says -E2BIG: take it away in steps.
 */
int kmemp_batch_remove(struct kmemp_batch *batch, u64 object)
{
	struct kmemp_change change = { .object = object, .op = KMEMP_REMOVE };

	if (!object_valid(object))
		return -EINVAL;
	return append(batch, &change);
}
EXPORT_SYMBOL_GPL(kmemp_batch_remove);
