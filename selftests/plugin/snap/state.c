// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool holds, in DRAM: two ordered tables. A batch is applied to a copy
 * of them, so that until it is durable nothing of it can be seen, and nothing
 * has to be undone.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "snap.h"

u32 snap_record_bytes(const struct kmemp_record *record)
{
	return SNAP_RECORD_BYTES +
	       ALIGN((u32)record->name_len + record->value_len, 8u);
}

static u64 end_of(const struct kmemp_extent *extent)
{
	return extent->offset + extent->count;
}

/* Index of the first extent that ends behind @offset, or is of a later object. */
u32 snap_find_extent(const struct snap_state *state, u64 object, u64 offset)
{
	u32 low = 0, high = state->nr_extents;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct snap_extent *extent = &state->extent[middle];

		if (extent->object < object ||
		    (extent->object == object && end_of(&extent->at) <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Order of @record, and of the position @object, @at. */
static int record_order(const struct snap_record *record, u64 object,
			const struct kmemp_record *at)
{
	const struct kmemp_record *is = &record->is;
	int order;
	u8 len;

	if (record->object != object)
		return record->object < object ? -1 : 1;
	if (is->kind != at->kind)
		return is->kind < at->kind ? -1 : 1;
	if (is->hash != at->hash)
		return is->hash < at->hash ? -1 : 1;
	len = min(is->name_len, at->name_len);
	order = len ? memcmp(is->name, at->name, len) : 0;
	return order ?: (int)is->name_len - at->name_len;
}

/* Index of the first record at or behind a position. */
u32 snap_find_record(const struct snap_state *state, u64 object,
		     const struct kmemp_record *at)
{
	u32 low = 0, high = state->nr_records;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (record_order(state->record[middle], object, at) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Have memory for so many; what was there is lost where it has to grow. */
int snap_state_room(struct snap_state *state, u32 extents, u32 records)
{
	if (extents > state->extent_room) {
		u32 room = extents + extents / 4;
		void *extent = kvmalloc_array(room, sizeof(*state->extent),
					      GFP_NOIO);

		if (!extent)
			return -ENOMEM;
		kvfree(state->extent);
		state->extent = extent;
		state->extent_room = room;
	}
	if (records > state->record_room) {
		u32 room = records + records / 4;
		void *record = kvmalloc_array(room, sizeof(*state->record),
					      GFP_NOIO);

		if (!record)
			return -ENOMEM;
		kvfree(state->record);
		state->record = record;
		state->record_room = room;
	}
	return 0;
}

/* --------------------------------------------------------------- extents */

static void insert_extent(struct snap_state *state, u32 i, u64 object,
			  const struct kmemp_extent *at)
{
	struct snap_extent *extent = &state->extent[i];

	memmove(extent + 1, extent, (state->nr_extents - i) * sizeof(*extent));
	extent->object = object;
	extent->at = *at;
	state->nr_extents++;
}

static void delete_extents(struct snap_state *state, u32 i, u32 end)
{
	memmove(&state->extent[i], &state->extent[end],
		(state->nr_extents - end) * sizeof(*state->extent));
	state->nr_extents -= end - i;
}

static void cut_head(struct kmemp_extent *at, u64 offset)
{
	u32 skip = offset - at->offset;

	at->offset += skip;
	at->page += skip;
	at->count -= skip;
}

/* The range holds nothing. Returns the index of what lies behind it. */
static u32 clear_range(struct snap_state *state, u64 object, u64 offset,
		       u64 end)
{
	u32 i = snap_find_extent(state, object, offset), last;
	struct snap_extent *extent = &state->extent[i];

	if (i < state->nr_extents && extent->object == object &&
	    extent->at.offset < offset) {
		if (end_of(&extent->at) > end) {
			/* A hole in the middle of one: it becomes two. */
			insert_extent(state, i, object, &extent->at);
			cut_head(&extent[1].at, end);
		}
		extent->at.count = offset - extent->at.offset;
		i++;
	}
	last = i;
	while (last < state->nr_extents &&
	       state->extent[last].object == object &&
	       end_of(&state->extent[last].at) <= end)
		last++;
	delete_extents(state, i, last);
	extent = &state->extent[i];
	if (i < state->nr_extents && extent->object == object &&
	    extent->at.offset < end)
		cut_head(&extent->at, end);
	return i;
}

/* Neighbours that go on one behind the other become one. */
static void join(struct snap_state *state, u32 i)
{
	struct snap_extent *a = &state->extent[i], *b = a + 1;

	if (i + 1 >= state->nr_extents || a->object != b->object ||
	    end_of(&a->at) != b->at.offset ||
	    a->at.page + a->at.count != b->at.page ||
	    a->at.flags != b->at.flags || a->at.tag != b->at.tag ||
	    a->at.count > U32_MAX - b->at.count)
		return;
	a->at.count += b->at.count;
	delete_extents(state, i + 1, i + 2);
}

static void map(struct snap_state *state, u64 object,
		const struct kmemp_extent *extent)
{
	u32 i = clear_range(state, object, extent->offset, end_of(extent));

	insert_extent(state, i, object, extent);
	join(state, i);
	if (i)
		join(state, i - 1);
}

/* --------------------------------------------------------------- records */

/* A record in memory of its own, of the list of fresh ones. NULL: none left. */
struct snap_record *snap_record_new(struct snap *snap, u64 object,
				    const struct kmemp_record *from)
{
	u32 bytes = (u32)from->name_len + from->value_len;
	struct snap_record *record;

	list_for_each_entry(record, &snap->spare, list)
		if (record->room >= bytes) {
			list_del(&record->list);
			goto found;
		}
	record = kmalloc(sizeof(*record) + bytes, GFP_NOIO);
	if (!record)
		return NULL;
	record->room = bytes;
found:
	list_add(&record->list, &snap->fresh);
	record->object = object;
	record->is = *from;
	record->is.name = record->data;
	record->is.value = record->data + from->name_len;
	memcpy(record->data, from->name, from->name_len);
	memcpy(record->data + from->name_len, from->value, from->value_len);
	return record;
}

/* The next state does not have it any more. */
static void drop_record(struct snap *snap, struct snap_record *record)
{
	if (list_empty(&record->list)) {
		list_add(&record->list, &snap->gone);
		return;
	}
	/* Nor had the one before. */
	list_del(&record->list);
	list_add(&record->list, &snap->spare);
}

static void delete_records(struct snap *snap, u32 i, u32 end)
{
	struct snap_state *state = &snap->next;
	u32 k;

	for (k = i; k < end; k++)
		drop_record(snap, state->record[k]);
	memmove(&state->record[i], &state->record[end],
		(state->nr_records - end) * sizeof(*state->record));
	state->nr_records -= end - i;
}

static bool record_is(const struct snap_state *state, u32 i, u64 object,
		      const struct kmemp_record *at)
{
	return i < state->nr_records &&
	       !record_order(state->record[i], object, at);
}

static int put(struct snap *snap, u64 object, const struct kmemp_record *from)
{
	struct snap_record *record = snap_record_new(snap, object, from);
	struct snap_state *state = &snap->next;
	u32 i;

	if (!record)
		return -ENOMEM;
	i = snap_find_record(state, object, from);
	if (record_is(state, i, object, from)) {
		drop_record(snap, state->record[i]);
	} else {
		memmove(&state->record[i + 1], &state->record[i],
			(state->nr_records - i) * sizeof(*state->record));
		state->nr_records++;
	}
	state->record[i] = record;
	return 0;
}

static void del(struct snap *snap, u64 object, const struct kmemp_record *at)
{
	u32 i = snap_find_record(&snap->next, object, at);

	if (record_is(&snap->next, i, object, at))
		delete_records(snap, i, i + 1);
}

/* --------------------------------------------------------------- batches */

static void remove_object(struct snap *snap, u64 object)
{
	static const struct kmemp_record first = { .name = (const u8 *)"" };
	struct snap_state *state = &snap->next;

	delete_extents(state, snap_find_extent(state, object, 0),
		       snap_find_extent(state, object + 1, 0));
	delete_records(snap, snap_find_record(state, object, &first),
		       snap_find_record(state, object + 1, &first));
}

static int apply(struct snap *snap, const struct kmemp_change *change)
{
	const struct kmemp_extent *extent = &change->extent;

	switch (change->op) {
	case KMEMP_PUT_RECORD:
		return put(snap, change->object, &change->record);
	case KMEMP_DEL_RECORD:
		del(snap, change->object, &change->record);
		break;
	case KMEMP_MAP:
		map(&snap->next, change->object, extent);
		break;
	case KMEMP_UNMAP:
		clear_range(&snap->next, change->object, extent->offset,
			    end_of(extent));
		break;
	case KMEMP_REMOVE:
		remove_object(snap, change->object);
		break;
	}
	return 0;
}

static void settle(struct list_head *list)
{
	struct snap_record *record, *next;

	list_for_each_entry_safe(record, next, list, list)
		INIT_LIST_HEAD(&record->list);
	INIT_LIST_HEAD(list);
}

static void free_records(struct list_head *list)
{
	struct snap_record *record, *next;

	list_for_each_entry_safe(record, next, list, list)
		kfree(record);
	INIT_LIST_HEAD(list);
}

/* A batch that was prepared, or the half of one, is not to be. */
static void forget_next(struct snap *snap)
{
	struct snap_record *record, *next;

	list_for_each_entry_safe(record, next, &snap->fresh, list) {
		list_del(&record->list);
		list_add(&record->list, &snap->spare);
	}
	settle(&snap->gone);
}

/* Make the state that the batch leads to. -ENOMEM: what it got is kept. */
int snap_prepare_state(struct snap *snap, const struct kmemp_batch *batch)
{
	struct snap_state *now = &snap->now, *next = &snap->next;
	int ret;
	u32 i;

	forget_next(snap);
	/* The new extent, and the rest of one that it falls into. */
	ret = snap_state_room(next, now->nr_extents + 2 * batch->nr_changes,
			      now->nr_records + batch->nr_changes);
	if (ret)
		return ret;
	next->nr_extents = now->nr_extents;
	next->nr_records = now->nr_records;
	if (now->nr_extents)
		memcpy(next->extent, now->extent,
		       now->nr_extents * sizeof(*now->extent));
	if (now->nr_records)
		memcpy(next->record, now->record,
		       now->nr_records * sizeof(*now->record));
	for (i = 0; i < batch->nr_changes && !ret; i++)
		ret = apply(snap, &batch->changes[i]);
	return ret;
}

/* What was prepared is durable. */
void snap_accept_state(struct snap *snap)
{
	kmemp_readers_exclude(snap->pool);
	swap(snap->now, snap->next);
	kmemp_readers_admit(snap->pool);
	/* No lookup is left that found one of these. */
	free_records(&snap->gone);
	free_records(&snap->spare);
	settle(&snap->fresh);
}

void snap_free_state(struct snap *snap)
{
	u32 i;

	forget_next(snap);
	free_records(&snap->spare);
	for (i = 0; i < snap->now.nr_records; i++)
		kfree(snap->now.record[i]);
	kvfree(snap->now.extent);
	kvfree(snap->now.record);
	kvfree(snap->next.extent);
	kvfree(snap->next.record);
}
