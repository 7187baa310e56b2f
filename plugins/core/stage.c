// SPDX-License-Identifier: GPL-2.0
/*
 * Stage: batches in order of entry, concatenated to one that a format commits.
 *
 * What a batch that was staged did is promised, or waited for; its commit must
 * not fail for want of anything. So a batch is let in only while the whole
 * stays within the bounds of one commit, found without a look at the pool:
 * each page that a stage maps or unmaps counts as an extent that it touches.
 * And all memory is there before the first one comes.
 *
 * Records coalesce: a later put of the same record takes the place of the
 * earlier one. Nothing in a stage ends an object, so there is nothing in
 * between that could tell the difference.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* The changes of a batch are added to those there before they coalesce. */
#define ROOM	(KMEMP_STAGE_ITEMS + KMEMP_STAGE_CHANGES)

static_assert(ROOM <= U16_MAX);

/**
 * kmemp_stage_init - have memory for a stage
 * @stage: zeroed
 * @pool: whose
 *
 * Return: 0 or -ENOMEM, with what was allocated for kmemp_stage_destroy().
 */
int kmemp_stage_init(struct kmemp_stage *stage, struct kmemp_pool *pool)
{
	struct kmemp_batch *batch = &stage->draft.batch;

	batch->pool = pool;
	stage->draft.room = ROOM;
	batch->changes = kvcalloc(ROOM, sizeof(*batch->changes), GFP_NOIO);
	/* None is without a page; and two more while one is inserted. */
	stage->overlay.stretch = kvmalloc_array(KMEMP_STAGE_ITEMS + 2,
						sizeof(*stage->overlay.stretch),
						GFP_NOIO);
	stage->chain = kvcalloc(ROOM, sizeof(*stage->chain), GFP_NOIO);
	/* Not 0, since that may be the standing reserve. */
	batch->meta = kvmalloc_array(pool->format->standing + 1,
				     sizeof(*batch->meta), GFP_NOIO);
	if (!batch->changes || !stage->overlay.stretch || !stage->chain ||
	    !batch->meta)
		return -ENOMEM;
	return 0;
}

/**
 * kmemp_stage_destroy - free what kmemp_stage_init() allocated
 * @stage: zeroed or initialised; what is in it is lost
 */
void kmemp_stage_destroy(struct kmemp_stage *stage)
{
	struct kmemp_batch *batch = &stage->draft.batch;
	u32 i;

	for (i = 0; i < batch->nr_changes; i++)
		if (kmemp_is_record(&batch->changes[i]))
			kfree(batch->changes[i].record.name);
	kvfree(batch->changes);
	kmemp_overlay_free(&stage->overlay);
	kvfree(stage->chain);
	kvfree(batch->meta);
	memset(stage, 0, sizeof(*stage));
}

/* What counts towards KMEMP_STAGE_ITEMS. */
static u64 change_items(const struct kmemp_change *change)
{
	return kmemp_is_record(change) ? 1 : change->extent.count;
}

/**
 * kmemp_stage_takes - is a batch small enough to be staged?
 * @batch: the batch
 *
 * Return: true if an empty stage has room for it.
 */
bool kmemp_stage_takes(const struct kmemp_batch *batch)
{
	u64 items = 0;
	u32 i;

	if (batch->nr_changes > KMEMP_STAGE_CHANGES)
		return false;
	for (i = 0; i < batch->nr_changes; i++) {
		if (batch->changes[i].op == KMEMP_REMOVE)
			return false;
		items += change_items(&batch->changes[i]);
	}
	return items <= KMEMP_STAGE_ITEMS;
}

static u32 head_of(u64 object, const struct kmemp_record *record)
{
	return (object * 31 + record->kind + record->hash) % KMEMP_STAGE_HEADS;
}

/* Index of the change of this record, or the number of changes. */
static u32 find_record(const struct kmemp_stage *stage,
		       const struct kmemp_change *key)
{
	const struct kmemp_batch *batch = &stage->draft.batch;
	u32 i;

	for (i = stage->heads[head_of(key->object, &key->record)]; i;
	     i = stage->chain[i - 1])
		if (batch->changes[i - 1].object == key->object &&
		    kmemp_same_record(&batch->changes[i - 1], key))
			return i - 1;
	return batch->nr_changes;
}

/* Room for another batch, apart from metadata. */
static bool has_room(const struct kmemp_stage *stage,
		     const struct kmemp_batch *batch, u32 *bytes, u32 *items)
{
	const struct kmemp_batch *all = &stage->draft.batch;
	u64 sum = stage->items;
	u32 i;

	*bytes = all->bytes + batch->bytes;
	for (i = 0; i < batch->nr_changes; i++) {
		const struct kmemp_change *change = &batch->changes[i];
		u32 old = kmemp_is_record(change) ? find_record(stage, change) :
						    all->nr_changes;

		if (old < all->nr_changes)
			*bytes -= kmemp_change_bytes(&all->changes[old]);
		else
			sum += change_items(change);
	}
	*items = sum;
	return *bytes <= KMEMP_BATCH_BYTES && sum <= KMEMP_STAGE_ITEMS;
}

/* Metadata pages that the stage needs with the batch. */
static u32 meta_need(struct kmemp_stage *stage, const struct kmemp_batch *batch)
{
	struct kmemp_batch *all = &stage->draft.batch;
	struct kmemp_change *changes = (struct kmemp_change *)all->changes;

	/* Behind the last change: nobody looks there. */
	memcpy(changes + all->nr_changes, batch->changes,
	       batch->nr_changes * sizeof(*changes));
	return all->pool->format->reserve(changes,
					  all->nr_changes + batch->nr_changes);
}

static void add_change(struct kmemp_stage *stage,
		       const struct kmemp_change *change)
{
	struct kmemp_batch *all = &stage->draft.batch;
	struct kmemp_change *changes = (struct kmemp_change *)all->changes;
	u32 at = all->nr_changes;

	if (kmemp_is_record(change)) {
		u32 old = find_record(stage, change);
		u16 *head = &stage->heads[head_of(change->object,
						  &change->record)];

		if (old < at) {
			kfree(changes[old].record.name);
			changes[old] = *change;
			return;
		}
		stage->chain[at] = *head;
		*head = at + 1;
	}
	changes[at] = *change;
	all->nr_changes++;
}

/**
 * kmemp_stage_add - append a batch
 * @stage: the stage
 * @batch: for which kmemp_stage_takes(), with its metadata pages in hand; if
 *	they are more than the stage needs with it, some are left to it, and
 *	nothing else
 * @overlay: of the batch
 *
 * Lookups see it at once. Context: under the queue's lock.
 *
 * Return: 0; -EAGAIN: the stage is too full; -EINVAL: a page would be mapped
 * twice.
 */
int kmemp_stage_add(struct kmemp_stage *stage, struct kmemp_batch *batch,
		    const struct kmemp_overlay *overlay)
{
	struct kmemp_batch *all = &stage->draft.batch;
	struct kmemp_pool *pool = all->pool;
	u32 i, bytes, items, need;

	lockdep_assert_held(&pool->queue->lock);
	if (!has_room(stage, batch, &bytes, &items))
		return -EAGAIN;
	if (kmemp_overlay_clashes(&stage->overlay, overlay))
		return -EINVAL;
	need = meta_need(stage, batch);
	/* More than the sum: a format whose reserve() is not subadditive. */
	if (need > pool->format->standing ||
	    need > all->nr_meta + batch->nr_meta)
		return -EAGAIN;

	kmemp_readers_exclude(pool);
	for (i = 0; i < batch->nr_changes; i++)
		add_change(stage, &batch->changes[i]);
	for (i = 0; i < overlay->nr; i++)
		kmemp_overlay_replace(&stage->overlay, &overlay->stretch[i]);
	kmemp_readers_admit(pool);
	while (all->nr_meta < need)
		all->meta[all->nr_meta++] = batch->meta[--batch->nr_meta];
	all->bytes = bytes;
	stage->items = items;
	batch->nr_changes = 0;
	batch->bytes = 0;
	kmemp_to_draft(batch)->mapped = 0;
	return 0;
}

/**
 * kmemp_stage_empty - forget what is durable
 * @stage: committed; its metadata pages have been returned
 *
 * Context: with the commit right, and not the open stage.
 */
void kmemp_stage_empty(struct kmemp_stage *stage)
{
	struct kmemp_batch *batch = &stage->draft.batch;
	u32 i, nr = batch->nr_changes;

	lockdep_assert_held(&batch->pool->commit_lock);
	kmemp_readers_exclude(batch->pool);
	batch->nr_changes = 0;
	stage->overlay.nr = 0;
	memset(stage->heads, 0, sizeof(stage->heads));
	kmemp_readers_admit(batch->pool);
	for (i = 0; i < nr; i++)
		if (kmemp_is_record(&batch->changes[i]))
			kfree(batch->changes[i].record.name);
	batch->bytes = 0;
	stage->items = 0;
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
	const struct kmemp_batch *batch = &stage->draft.batch;
	struct kmemp_change key = { .object = object, .record = *record };
	u32 i;

	if (!batch->nr_changes)
		return NULL;
	i = find_record(stage, &key);
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
	const struct kmemp_batch *batch = &stage->draft.batch;
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
	const struct kmemp_batch *batch = &stage->draft.batch;
	u64 best = U64_MAX;
	u32 i;

	for (i = 0; i < batch->nr_changes; i++)
		if (batch->changes[i].object >= id)
			best = min(best, batch->changes[i].object);
	return best;
}
