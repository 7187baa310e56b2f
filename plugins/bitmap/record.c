// SPDX-License-Identifier: GPL-2.0
/*
 * Records of an object: put, deleted, and gone through in order. They lie in
 * cells (body.c), named by chains and a trie (chain.c).
 */
#include <linux/errno.h>

#include "bitmap.h"

static u32 cells_of(const struct kmemp_record *record)
{
	return kmemp_bm_record_cells(record->name_len, record->value_len);
}

static int insert(struct bitmap *bitmap, struct kmemp_bm_object *object,
		  const struct kmemp_record *record,
		  struct kmemp_bm_place *place)
{
	u32 cell, nr;
	u64 page;
	int ret;

	ret = kmemp_bm_cells_get(bitmap, cells_of(record), &page, &cell);
	if (!ret)
		ret = kmemp_bm_record_write(bitmap, object->id, record,
					    kmemp_bm_pos(page, cell *
							 KMEMP_LINE_SIZE),
					    place->slot);
	if (!ret)
		ret = kmemp_bm_link_store(bitmap, object, place->link,
					  kmemp_slot_make(page,
							  KMEMP_BITMAP_RECORD,
							  cell));
	if (ret)
		return ret;
	object->nr_records++;
	for (;;) {
		ret = kmemp_bm_chain_length(bitmap, object, place, &nr);
		if (ret || nr <= KMEMP_BITMAP_CHAIN ||
		    place->depth == KMEMP_BITMAP_DEPTH)
			return ret;
		ret = kmemp_bm_chain_spread(bitmap, object, place);
		if (ret)
			return ret;
		ret = kmemp_bm_chain_find(bitmap, true, object, record->kind,
					  record->hash, place);
		if (ret)
			return ret;
	}
}

static int free_cells(struct bitmap *bitmap,
		      const struct kmemp_bm_record *record)
{
	return kmemp_bm_cells_put(bitmap, record->pos >> KMEMP_PAGE_SHIFT,
				  record->pos % KMEMP_PAGE_SIZE /
				  KMEMP_LINE_SIZE, record->nr_cells);
}

/* Take a record out of its chain. */
static int unlink(struct bitmap *bitmap, struct kmemp_bm_object *object,
		  const struct kmemp_bm_record *record,
		  const struct kmemp_bm_place *place)
{
	int ret;

	ret = kmemp_bm_link_store(bitmap, object, place->link, record->next);
	if (!ret)
		ret = free_cells(bitmap, record);
	object->nr_records--;
	if (ret || record->next || place->link != place->head)
		return ret;
	return kmemp_bm_chain_prune(bitmap, object, place);
}

/* Make or replace a record. One that fills as many cells stays in place. */
int kmemp_bm_record_put(struct bitmap *bitmap, struct kmemp_bm_object *object,
			const struct kmemp_record *record)
{
	struct kmemp_bm_place place;
	struct kmemp_bm_record old;
	int ret, order;

	ret = kmemp_bm_record_find(bitmap, true, object, record, &place, &old,
				   &order);
	if (ret && ret != -ENOENT)
		return ret;
	if (ret || order)
		return insert(bitmap, object, record, &place);
	if (old.nr_cells == cells_of(record))
		return kmemp_bm_record_write(bitmap, object->id, record,
					     old.pos, old.next);
	ret = free_cells(bitmap, &old);
	if (ret)
		return ret;
	object->nr_records--;
	place.slot = old.next;
	return insert(bitmap, object, record, &place);
}

/* Delete a record, if there is one. */
int kmemp_bm_record_del(struct bitmap *bitmap, struct kmemp_bm_object *object,
			const struct kmemp_record *record)
{
	struct kmemp_bm_place place;
	struct kmemp_bm_record old;
	int ret, order;

	ret = kmemp_bm_record_find(bitmap, true, object, record, &place, &old,
				   &order);
	if (ret == -ENOENT || (!ret && order))
		return 0;
	return ret ?: unlink(bitmap, object, &old, &place);
}

/* The first record of an object at or after a position. */
int kmemp_bm_record_next(const struct bitmap *bitmap,
			 const struct kmemp_bm_object *object,
			 struct kmemp_record *key, u8 *buffer)
{
	struct kmemp_bm_record record;
	struct kmemp_bm_place place;
	int ret, order;

	ret = kmemp_bm_record_find(bitmap, false, object, key, &place, &record,
				   &order);
	if (ret == -ENOENT) {
		ret = kmemp_bm_chain_next(bitmap, false, object, &place,
					  &record);
		/* Order across chains: iteration goes on, or is refused. */
		if (!ret)
			ret = kmemp_bm_record_compare(bitmap, false, &record,
						      key, &order);
		if (!ret && order < 0)
			ret = kmemp_bm_damaged(bitmap, "order of a trie",
					       record.pos, record.hash);
	}
	if (!ret)
		ret = kmemp_bm_record_read(bitmap, false, &record, 0, buffer,
					   record.name_len + record.value_len);
	if (ret)
		return ret;
	key->hash = record.hash;
	key->kind = record.kind;
	key->name_len = record.name_len;
	key->value_len = record.value_len;
	key->name = buffer;
	key->value = buffer + record.name_len;
	return 0;
}

/* Delete all records of an object. */
int kmemp_bm_record_clear(struct bitmap *bitmap, struct kmemp_bm_object *object)
{
	struct kmemp_bm_record record;
	struct kmemp_bm_place place;
	int ret;

	while (object->records) {
		static const struct kmemp_record first;
		int order;

		ret = kmemp_bm_record_find(bitmap, true, object, &first, &place,
					   &record, &order);
		if (ret == -ENOENT)
			ret = kmemp_bm_chain_next(bitmap, true, object, &place,
						  &record);
		if (!ret)
			ret = unlink(bitmap, object, &record, &place);
		if (ret)
			return ret == -ENOENT ? -EUCLEAN : ret;
	}
	return 0;
}
