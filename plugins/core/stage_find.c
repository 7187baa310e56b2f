// SPDX-License-Identifier: GPL-2.0
/*
 * Finding things in a stage: a record by its name through a hash table, what
 * comes next in order by going through all changes.
 */
#include <linux/kernel.h>

#include "core.h"

static u32 head_of(u64 object, const struct kmemp_record *record)
{
	return (object * 31 + record->kind + record->hash) % KMEMP_STAGE_HEADS;
}

/**
 * kmemp_stage_head - where the hash chain of a record begins
 * @stage: the stage
 * @object: id
 * @record: kind and hash
 *
 * Return: index of a change + 1, or 0, to be read or written.
 */
u16 *kmemp_stage_head(struct kmemp_stage *stage, u64 object,
		      const struct kmemp_record *record)
{
	return &stage->heads[head_of(object, record)];
}

/**
 * kmemp_stage_find - the change that is about the same record
 * @stage: the stage
 * @key: of the same record
 *
 * Return: its index, or the number of changes.
 */
u32 kmemp_stage_find(const struct kmemp_stage *stage,
		     const struct kmemp_change *key)
{
	const struct kmemp_batch *batch = &stage->batch;
	u32 i;

	for (i = stage->heads[head_of(key->object, &key->record)]; i;
	     i = stage->links[i - 1].next)
		if (batch->changes[i - 1].object == key->object &&
		    kmemp_same_record(&batch->changes[i - 1], key))
			return i - 1;
	return batch->nr_changes;
}

/**
 * kmemp_stage_find_record - what a stage does to a record
 * @stage: the stage
 * @object: id
 * @record: kind, hash and name
 *
 * Context: under pool->readers.
 *
 * Return: the change, or NULL if there is none.
 */
const struct kmemp_change *
kmemp_stage_find_record(const struct kmemp_stage *stage, u64 object,
			const struct kmemp_record *record)
{
	const struct kmemp_batch *batch = &stage->batch;
	struct kmemp_change key = { .object = object, .record = *record };
	u32 i;

	if (!batch->nr_changes)
		return NULL;
	i = kmemp_stage_find(stage, &key);
	return i < batch->nr_changes ? &batch->changes[i] : NULL;
}

/**
 * kmemp_stage_next_record - first record at or after a position that changes
 * @stage: the stage
 * @object: id
 * @from: the position
 *
 * Goes through all changes. Context: under pool->readers.
 *
 * Return: the change, or NULL if there is none.
 */
const struct kmemp_change *
kmemp_stage_next_record(const struct kmemp_stage *stage, u64 object,
			const struct kmemp_record *from)
{
	const struct kmemp_batch *batch = &stage->batch;
	const struct kmemp_change *best = NULL;
	u32 i;

	for (i = 0; i < batch->nr_changes; i++) {
		const struct kmemp_change *change = &batch->changes[i];

		if (change->object == object && kmemp_is_record(change) &&
		    kmemp_record_order(&change->record, from) >= 0 &&
		    (!best || kmemp_record_order(&change->record,
						 &best->record) < 0))
			best = change;
	}
	return best;
}

/**
 * kmemp_stage_next_object - first object at or after an id that changes
 * @stage: the stage
 * @id: the id
 *
 * Goes through all changes. Context: under pool->readers.
 *
 * Return: its id, or U64_MAX if there is none.
 */
u64 kmemp_stage_next_object(const struct kmemp_stage *stage, u64 id)
{
	const struct kmemp_batch *batch = &stage->batch;
	u64 best = U64_MAX;
	u32 i;

	for (i = 0; i < batch->nr_changes; i++)
		if (batch->changes[i].object >= id)
			best = min(best, batch->changes[i].object);
	return best;
}
