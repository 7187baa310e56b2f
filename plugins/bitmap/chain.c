// SPDX-License-Identifier: GPL-2.0
/*
 * Chains of records in ascending order of (kind, hash, name), and the trie over
 * which they are spread where there are many.
 *
 * Going along a chain each record is verified and must come after the one
 * before: so a walk ends, whatever stands there.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "bitmap.h"

#define DIGIT_BITS	9u

/* Index of a record in a page of the trie. */
u32 kmemp_bm_record_digit(u8 kind, u64 hash, u32 depth)
{
	return depth ? hash << DIGIT_BITS * (depth - 1) >> (64 - DIGIT_BITS) :
		       kind;
}

static int load_link(const struct bitmap *bitmap, bool staged,
		     const struct kmemp_bm_object *object, u64 link, u64 *slot)
{
	if (link)
		return kmemp_bm_load_slot(bitmap, staged, link, slot);
	*slot = object->records;
	if (*slot && (!kmemp_slot_valid(*slot) ||
		      !kmemp_bm_page_valid(bitmap, kmemp_slot_page(*slot))))
		return kmemp_bm_damaged(bitmap, "object's records", 0, *slot);
	return 0;
}

/* Let what names a record, or a page of the trie, name another one. */
int kmemp_bm_link_store(struct bitmap *bitmap, struct kmemp_bm_object *object,
			u64 link, u64 slot)
{
	if (link)
		return kmemp_bm_store(bitmap, link, slot);
	object->records = slot;
	return 0;
}

/* The next record of a chain: of the object, and after the last one. */
static int chain_step(const struct bitmap *bitmap, bool staged, u64 object,
		      u64 slot, const struct kmemp_bm_record *last,
		      struct kmemp_bm_record *record)
{
	int ret = kmemp_bm_record_load(bitmap, staged, slot, record);

	if (!ret && record->object != object)
		ret = kmemp_bm_damaged(bitmap, "owner of a record", record->pos,
				       record->object);
	if (!ret && last->pos)
		ret = kmemp_bm_record_order(bitmap, staged, last, record);
	return ret;
}

/* Down the trie to the chain that (kind, hash) belongs to. */
int kmemp_bm_chain_find(const struct bitmap *bitmap, bool staged,
			const struct kmemp_bm_object *object, u8 kind, u64 hash,
			struct kmemp_bm_place *place)
{
	int ret;

	memset(place, 0, sizeof(*place));
	ret = load_link(bitmap, staged, object, 0, &place->slot);
	while (!ret && kmemp_slot_flags(place->slot) == KMEMP_BITMAP_CHILD) {
		u32 index = kmemp_bm_record_digit(kind, hash, place->depth);

		if (place->depth == KMEMP_BITMAP_DEPTH)
			return kmemp_bm_damaged(bitmap, "depth of a trie",
						place->link, place->slot);
		place->page[place->depth] = kmemp_slot_page(place->slot);
		place->index[place->depth] = index;
		place->link = kmemp_bm_pos(kmemp_slot_page(place->slot),
					   index * 8);
		place->depth++;
		ret = load_link(bitmap, staged, object, place->link,
				&place->slot);
	}
	place->head = place->link;
	return ret;
}

/* The first record of the chain at or after @key; -ENOENT: none, its end. */
int kmemp_bm_record_find(const struct bitmap *bitmap, bool staged,
			 const struct kmemp_bm_object *object,
			 const struct kmemp_record *key,
			 struct kmemp_bm_place *place,
			 struct kmemp_bm_record *record, int *order)
{
	struct kmemp_bm_record last = {};
	int ret;

	ret = kmemp_bm_chain_find(bitmap, staged, object, key->kind, key->hash,
				  place);
	while (!ret && place->slot) {
		ret = chain_step(bitmap, staged, object->id, place->slot,
				 &last, record);
		if (!ret)
			ret = kmemp_bm_record_compare(bitmap, staged, record,
						      key, order);
		if (ret || *order >= 0)
			return ret;
		last = *record;
		place->link = record->pos;
		place->slot = record->next;
	}
	return ret ?: -ENOENT;
}

/* Spread a chain over a new page; it is then one level deeper. */
int kmemp_bm_chain_spread(struct bitmap *bitmap, struct kmemp_bm_object *object,
			  struct kmemp_bm_place *place)
{
	struct kmemp_bm_record record, last = {};
	u32 index, filled = KMEMP_BITMAP_SLOTS;
	u64 page, slot;
	int ret;

	ret = load_link(bitmap, true, object, place->head, &slot);
	if (!ret)
		ret = kmemp_bm_page_get(bitmap, &page);
	if (!ret)
		ret = kmemp_bm_link_store(bitmap, object, place->head,
					  kmemp_slot_make(page,
							  KMEMP_BITMAP_CHILD,
							  0));
	while (!ret && slot) {
		ret = chain_step(bitmap, true, object->id, slot, &last,
				 &record);
		if (ret)
			break;
		index = kmemp_bm_record_digit(record.kind, record.hash,
					      place->depth);
		if (index != filled) {
			/* The chain before it ends, its own begins. */
			if (last.pos)
				ret = kmemp_bm_store(bitmap, last.pos, 0);
			if (!ret)
				ret = kmemp_bm_store(bitmap,
						     kmemp_bm_pos(page, index * 8),
						     slot);
			filled = index;
		}
		last = record;
		slot = record.next;
	}
	return ret;
}

/* Records of a chain, as far as they matter. */
int kmemp_bm_chain_length(const struct bitmap *bitmap,
			  const struct kmemp_bm_object *object,
			  const struct kmemp_bm_place *place, u32 *nr)
{
	struct kmemp_bm_record record;
	u64 slot;
	int ret;

	*nr = 0;
	ret = load_link(bitmap, true, object, place->head, &slot);
	while (!ret && slot && ++*nr <= KMEMP_BITMAP_CHAIN) {
		ret = kmemp_bm_record_load(bitmap, true, slot, &record);
		slot = record.next;
	}
	return ret;
}

/* The chain of a place has ended: pages of the trie that get empty go. */
int kmemp_bm_chain_prune(struct bitmap *bitmap, struct kmemp_bm_object *object,
			 const struct kmemp_bm_place *place)
{
	u32 depth = place->depth;
	bool empty;
	int ret;

	while (depth) {
		u64 above;

		depth--;
		ret = kmemp_bm_page_empty(bitmap, place->page[depth], &empty);
		if (ret || !empty)
			return ret;
		ret = kmemp_bm_page_put(bitmap, place->page[depth]);
		if (ret)
			return ret;
		above = depth ? kmemp_bm_pos(place->page[depth - 1],
					     place->index[depth - 1] * 8) : 0;
		ret = kmemp_bm_link_store(bitmap, object, above, 0);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The first record of the chain behind @place, in the order of the trie. No
 * page of a trie is empty: from slot 0 on there is always something.
 */
static int next_chain(const struct bitmap *bitmap, bool staged,
		      struct kmemp_bm_place *place)
{
	u32 index;
	int ret;

	for (;;) {
		if (!place->depth)
			return -ENOENT;
		index = place->index[place->depth - 1] + 1;
		ret = kmemp_bm_next_slot(bitmap, staged,
					 place->page[place->depth - 1], &index,
					 &place->slot);
		if (ret != -ENOENT)
			break;
		place->depth--;
	}
	while (!ret) {
		u32 level = place->depth - 1;

		place->index[level] = index;
		place->link = kmemp_bm_pos(place->page[level], index * 8);
		place->head = place->link;
		if (kmemp_slot_flags(place->slot) != KMEMP_BITMAP_CHILD)
			return 0;
		if (place->depth == KMEMP_BITMAP_DEPTH)
			return kmemp_bm_damaged(bitmap, "depth of a trie",
						place->link, place->slot);
		place->page[place->depth] = kmemp_slot_page(place->slot);
		place->depth++;
		index = 0;
		ret = kmemp_bm_next_slot(bitmap, staged, place->page[level + 1],
					 &index, &place->slot);
	}
	if (ret == -ENOENT)
		return kmemp_bm_damaged(bitmap, "empty page", place->link, 0);
	return ret;
}

/*
 * The first record behind the chain of @place, which it leads to then; -ENOENT:
 * there is none. One of another object is caught by chain_step().
 */
int kmemp_bm_chain_next(const struct bitmap *bitmap, bool staged,
			const struct kmemp_bm_object *object,
			struct kmemp_bm_place *place,
			struct kmemp_bm_record *record)
{
	const struct kmemp_bm_record none = {};
	int ret = next_chain(bitmap, staged, place);

	return ret ?: chain_step(bitmap, staged, object->id, place->slot,
				 &none, record);
}
