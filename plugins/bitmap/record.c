// SPDX-License-Identifier: GPL-2.0
/*
 * Records: chains in ascending order of (kind, hash, name), spread over a trie
 * where there are many.
 *
 * Going along a chain each record is verified and must come after the one
 * before: so a walk ends, whatever stands there.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "bitmap.h"

#define HEADER		((u32)sizeof(struct kmemp_bitmap_record))
#define SEALED_FROM	((u32)offsetof(struct kmemp_bitmap_record, hash))
#define SEALED_TO	((u32)offsetof(struct kmemp_bitmap_record, seal))
#define DIGIT_BITS	9u

/**
 * struct place - where a record is, or would be
 * @link: position of the slot that names it; 0: the object itself does
 * @slot: what stands there
 * @head: link of the first record of the chain
 * @depth: pages of the trie that lead to the chain
 * @page: those pages
 * @index: slot taken in each
 */
struct place {
	u64 link;
	u64 slot;
	u64 head;
	u32 depth;
	u64 page[KMEMP_BITMAP_DEPTH];
	u16 index[KMEMP_BITMAP_DEPTH];
};

u32 kmemp_bm_record_digit(u8 kind, u64 hash, u32 depth)
{
	return depth ? hash << DIGIT_BITS * (depth - 1) >> (64 - DIGIT_BITS) :
		       kind;
}

static u64 record_slot(u64 page, u32 cell)
{
	return kmemp_slot_make(page, KMEMP_BITMAP_RECORD, cell);
}

static u32 cells_of(u32 name_len, u32 value_len)
{
	return DIV_ROUND_UP(HEADER + name_len + value_len, KMEMP_LINE_SIZE);
}

/* The seal of a record whose header is @disk. Its body is read in pieces. */
static int body_seal(const struct bitmap *bitmap, bool staged, u64 pos,
		     const struct kmemp_bitmap_record *disk, u32 *seal)
{
	u32 left = disk->name_len + le16_to_cpu(disk->value_len);
	u64 at = pos + HEADER;
	u8 piece[KMEMP_LINE_SIZE];
	u32 crc;
	int ret;

	crc = crc32c(kmemp_seal_seed(bitmap->pool, 0, 0, pos),
		     (const u8 *)disk + SEALED_FROM, SEALED_TO - SEALED_FROM);
	while (left) {
		u32 len = min_t(u32, left, KMEMP_LINE_SIZE -
					   at % KMEMP_LINE_SIZE);

		ret = kmemp_bm_read(bitmap, staged, at, piece, ALIGN(len, 8u));
		if (ret)
			return ret;
		crc = crc32c(crc, piece, len);
		at += len;
		left -= len;
	}
	*seal = ~crc;
	return 0;
}

/* The record that a slot names, verified. */
int kmemp_bm_record_load(const struct bitmap *bitmap, bool staged, u64 slot,
			 struct kmemp_bm_record *record)
{
	u64 page = kmemp_slot_page(slot), pos;
	u32 cell = kmemp_slot_tag(slot), seal;
	struct kmemp_bitmap_record disk;
	int ret;

	pos = kmemp_bm_pos(page, cell * KMEMP_LINE_SIZE);
	if (kmemp_slot_flags(slot) != KMEMP_BITMAP_RECORD || !cell ||
	    cell >= KMEMP_BITMAP_LINES)
		return kmemp_bm_damaged(bitmap, "slot of a record", 0, slot);
	ret = kmemp_bm_read(bitmap, staged, pos, &disk, sizeof(disk));
	if (ret)
		return ret;
	record->pos = pos;
	record->hash = le64_to_cpu(disk.hash);
	record->object = le64_to_cpu(disk.owner) & KMEMP_OBJ_MAX;
	record->kind = le64_to_cpu(disk.owner) >> KMEMP_BITMAP_KIND_SHIFT;
	record->name_len = disk.name_len;
	record->nr_cells = disk.nr_cells;
	record->value_len = le16_to_cpu(disk.value_len);
	if (record->value_len > KMEMP_MAX_VALUE ||
	    record->nr_cells != cells_of(record->name_len, record->value_len) ||
	    cell + record->nr_cells > KMEMP_BITMAP_LINES)
		return kmemp_bm_damaged(bitmap, "record", pos,
					le64_to_cpu(disk.owner));
	ret = body_seal(bitmap, staged, pos, &disk, &seal);
	if (ret)
		return ret;
	if (seal != le32_to_cpu(disk.seal))
		return kmemp_bm_damaged(bitmap, "record's seal", pos,
					le32_to_cpu(disk.seal));
	return kmemp_bm_load_slot(bitmap, staged, pos, &record->next);
}

/* Bytes of a record's body, from any of them on. */
static int read_body(const struct bitmap *bitmap, bool staged,
		     const struct kmemp_bm_record *record, u32 from, u8 *dst,
		     u32 len)
{
	u64 at = record->pos + HEADER + from;
	u8 piece[KMEMP_LINE_SIZE];
	int ret;

	while (len) {
		u32 skip = at % KMEMP_LINE_SIZE;
		u32 part = min_t(u32, len, KMEMP_LINE_SIZE - skip);

		ret = kmemp_bm_read(bitmap, staged, at - skip, piece,
				    sizeof(piece));
		if (ret)
			return ret;
		memcpy(dst, piece + skip, part);
		at += part;
		dst += part;
		len -= part;
	}
	return 0;
}

/* Order of a record and a name: as memcmp(), the shorter one first. */
static int compare_name(const struct bitmap *bitmap, bool staged,
			const struct kmemp_bm_record *record, const u8 *name,
			u32 name_len, int *order)
{
	u32 common = min_t(u32, record->name_len, name_len), done, part;
	u8 piece[KMEMP_LINE_SIZE];
	int ret;

	for (done = 0; done < common; done += part) {
		part = min_t(u32, common - done, sizeof(piece));
		ret = read_body(bitmap, staged, record, done, piece, part);
		if (ret)
			return ret;
		*order = memcmp(piece, name + done, part);
		if (*order)
			return 0;
	}
	*order = (int)record->name_len - (int)name_len;
	return 0;
}

static int compare(const struct bitmap *bitmap, bool staged,
		   const struct kmemp_bm_record *record,
		   const struct kmemp_record *key, int *order)
{
	*order = record->kind < key->kind ? -1 :
		 record->kind > key->kind ? 1 :
		 record->hash < key->hash ? -1 : record->hash > key->hash;
	if (*order)
		return 0;
	return compare_name(bitmap, staged, record, key->name, key->name_len,
			    order);
}

/* Does @next come after @last in a chain? Equal hashes are compared by name. */
int kmemp_bm_record_order(const struct bitmap *bitmap, bool staged,
			  const struct kmemp_bm_record *last,
			  const struct kmemp_bm_record *next)
{
	u8 name[KMEMP_MAX_NAME];
	struct kmemp_record key = {
		.hash = last->hash,
		.kind = last->kind,
		.name_len = last->name_len,
		.name = name,
	};
	int ret = 0, order;

	if (last->hash == next->hash && last->kind == next->kind)
		ret = read_body(bitmap, staged, last, 0, name, last->name_len);
	if (!ret)
		ret = compare(bitmap, staged, next, &key, &order);
	if (!ret && order <= 0)
		ret = kmemp_bm_damaged(bitmap, "order of a chain", next->pos,
				       next->hash);
	return ret;
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

static int store_link(struct bitmap *bitmap, struct kmemp_bm_object *object,
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
static int find_chain(const struct bitmap *bitmap, bool staged,
		      const struct kmemp_bm_object *object, u8 kind, u64 hash,
		      struct place *place)
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
static int find(const struct bitmap *bitmap, bool staged,
		const struct kmemp_bm_object *object,
		const struct kmemp_record *key, struct place *place,
		struct kmemp_bm_record *record, int *order)
{
	struct kmemp_bm_record last = {};
	int ret;

	ret = find_chain(bitmap, staged, object, key->kind, key->hash, place);
	while (!ret && place->slot) {
		ret = chain_step(bitmap, staged, object->id, place->slot,
				 &last, record);
		if (!ret)
			ret = compare(bitmap, staged, record, key, order);
		if (ret || *order >= 0)
			return ret;
		last = *record;
		place->link = record->pos;
		place->slot = record->next;
	}
	return ret ?: -ENOENT;
}

/* Spread a chain over a new page; it is then one level deeper. */
static int spread(struct bitmap *bitmap, struct kmemp_bm_object *object,
		  struct place *place)
{
	struct kmemp_bm_record record, last = {};
	u32 index, filled = KMEMP_BITMAP_SLOTS;
	u64 page, slot;
	int ret;

	ret = load_link(bitmap, true, object, place->head, &slot);
	if (!ret)
		ret = kmemp_bm_page_get(bitmap, &page);
	if (!ret)
		ret = store_link(bitmap, object, place->head,
				 kmemp_slot_make(page, KMEMP_BITMAP_CHILD, 0));
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

static int chain_length(const struct bitmap *bitmap,
			const struct kmemp_bm_object *object,
			const struct place *place, u32 *nr)
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

/* Some bytes of a record's body as it will be. */
static void make_body(const struct kmemp_record *record, u32 from, u8 *piece,
		      u32 len)
{
	u32 of_name = from < record->name_len ?
		      min(len, record->name_len - from) : 0;

	if (of_name)
		memcpy(piece, record->name + from, of_name);
	from += of_name;
	if (len > of_name)
		memcpy(piece + of_name, record->value + from - record->name_len,
		       len - of_name);
}

/* Stage header and body; @next is kept where the record stays in place. */
static int write_record(struct bitmap *bitmap, u64 pos, u64 object,
			const struct kmemp_record *record, u64 next)
{
	struct kmemp_bitmap_record disk = {
		.next = cpu_to_le64(next),
		.hash = cpu_to_le64(record->hash),
		.owner = cpu_to_le64(object | (u64)record->kind <<
					      KMEMP_BITMAP_KIND_SHIFT),
		.name_len = record->name_len,
		.nr_cells = cells_of(record->name_len, record->value_len),
		.value_len = cpu_to_le16(record->value_len),
	};
	u32 len = record->name_len + record->value_len, done, part, crc;
	u8 piece[KMEMP_LINE_SIZE];
	int ret;

	crc = crc32c(kmemp_seal_seed(bitmap->pool, 0, 0, pos),
		     (const u8 *)&disk + SEALED_FROM, SEALED_TO - SEALED_FROM);
	crc = crc32c(crc, record->name, record->name_len);
	crc = crc32c(crc, record->value, record->value_len);
	disk.seal = cpu_to_le32(~crc);
	ret = kmemp_bm_write(bitmap, pos, &disk, sizeof(disk));
	for (done = 0; !ret && done < len; done += part) {
		part = min_t(u32, len - done, sizeof(piece));
		memset(piece, 0, sizeof(piece));
		make_body(record, done, piece, part);
		ret = kmemp_bm_write(bitmap, pos + HEADER + done, piece,
				     ALIGN(part, 8u));
	}
	return ret;
}

static int insert(struct bitmap *bitmap, struct kmemp_bm_object *object,
		  const struct kmemp_record *record, struct place *place)
{
	u32 cell, nr;
	u64 page;
	int ret;

	ret = kmemp_bm_cells_get(bitmap, cells_of(record->name_len,
						  record->value_len),
				 &page, &cell);
	if (!ret)
		ret = write_record(bitmap, kmemp_bm_pos(page, cell *
							KMEMP_LINE_SIZE),
				   object->id, record, place->slot);
	if (!ret)
		ret = store_link(bitmap, object, place->link,
				 record_slot(page, cell));
	if (ret)
		return ret;
	object->nr_records++;
	for (;;) {
		ret = chain_length(bitmap, object, place, &nr);
		if (ret || nr <= KMEMP_BITMAP_CHAIN ||
		    place->depth == KMEMP_BITMAP_DEPTH)
			return ret;
		ret = spread(bitmap, object, place);
		if (ret)
			return ret;
		ret = find_chain(bitmap, true, object, record->kind,
				 record->hash, place);
		if (ret)
			return ret;
	}
}

static int free_cells(struct bitmap *bitmap, const struct kmemp_bm_record *record)
{
	return kmemp_bm_cells_put(bitmap, record->pos >> KMEMP_PAGE_SHIFT,
				  record->pos % KMEMP_PAGE_SIZE / KMEMP_LINE_SIZE,
				  record->nr_cells);
}

/* Take a record out of its chain, and pages of the trie that get empty. */
static int unlink(struct bitmap *bitmap, struct kmemp_bm_object *object,
		  const struct kmemp_bm_record *record, const struct place *place)
{
	u32 depth = place->depth;
	bool empty;
	int ret;

	ret = store_link(bitmap, object, place->link, record->next);
	if (!ret)
		ret = free_cells(bitmap, record);
	object->nr_records--;
	if (ret || record->next || place->link != place->head)
		return ret;
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
		ret = store_link(bitmap, object, above, 0);
		if (ret)
			return ret;
	}
	return 0;
}

/* Make or replace a record. One that fills as many cells stays in place. */
int kmemp_bm_record_put(struct bitmap *bitmap, struct kmemp_bm_object *object,
			const struct kmemp_record *record)
{
	struct kmemp_bm_record old;
	struct place place;
	int ret, order;

	ret = find(bitmap, true, object, record, &place, &old, &order);
	if (ret && ret != -ENOENT)
		return ret;
	if (ret || order)
		return insert(bitmap, object, record, &place);
	if (old.nr_cells == cells_of(record->name_len, record->value_len))
		return write_record(bitmap, old.pos, object->id, record,
				    old.next);
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
	struct kmemp_bm_record old;
	struct place place;
	int ret, order;

	ret = find(bitmap, true, object, record, &place, &old, &order);
	if (ret == -ENOENT || (!ret && order))
		return 0;
	return ret ?: unlink(bitmap, object, &old, &place);
}

/* The first used slot of a trie page from *@index on; -ENOENT for none. */
static int scan(const struct bitmap *bitmap, bool staged, u64 page, u32 *index,
		u64 *slot)
{
	int ret;

	for (; *index < KMEMP_BITMAP_SLOTS; ++*index) {
		ret = kmemp_bm_load_slot(bitmap, staged,
					 kmemp_bm_pos(page, *index * 8), slot);
		if (ret || *slot)
			return ret;
	}
	return -ENOENT;
}

/*
 * The first record of the chain behind @place, in the order of the trie. No
 * page of a trie is empty: from slot 0 on there is always something.
 */
static int next_chain(const struct bitmap *bitmap, bool staged,
		      struct place *place)
{
	u32 index;
	int ret;

	for (;;) {
		if (!place->depth)
			return -ENOENT;
		index = place->index[place->depth - 1] + 1;
		ret = scan(bitmap, staged, place->page[place->depth - 1],
			   &index, &place->slot);
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
		ret = scan(bitmap, staged, place->page[level + 1], &index,
			   &place->slot);
	}
	if (ret == -ENOENT)
		return kmemp_bm_damaged(bitmap, "empty page", place->link, 0);
	return ret;
}

/* A record of another object in the trie is caught by chain_step(). */
static int first_of_chain(const struct bitmap *bitmap, bool staged,
			  const struct kmemp_bm_object *object,
			  const struct place *place,
			  struct kmemp_bm_record *record)
{
	struct kmemp_bm_record none = {};

	return chain_step(bitmap, staged, object->id, place->slot, &none,
			  record);
}

/* The first record of an object at or after a position. */
int kmemp_bm_record_next(const struct bitmap *bitmap,
			 const struct kmemp_bm_object *object,
			 struct kmemp_record *key, u8 *buffer)
{
	struct kmemp_bm_record record;
	struct place place;
	int ret, order;

	ret = find(bitmap, false, object, key, &place, &record, &order);
	if (ret == -ENOENT) {
		ret = next_chain(bitmap, false, &place);
		if (!ret)
			ret = first_of_chain(bitmap, false, object, &place,
					     &record);
		/* Order across chains: iteration goes on, or is refused. */
		if (!ret)
			ret = compare(bitmap, false, &record, key, &order);
		if (!ret && order < 0)
			ret = kmemp_bm_damaged(bitmap, "order of a trie",
					       record.pos, record.hash);
	}
	if (!ret)
		ret = read_body(bitmap, false, &record, 0, buffer,
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
	struct place place;
	int ret;

	while (object->records) {
		static const struct kmemp_record first;
		int order;

		ret = find(bitmap, true, object, &first, &place, &record,
			   &order);
		if (ret == -ENOENT) {
			ret = next_chain(bitmap, true, &place);
			if (!ret)
				ret = first_of_chain(bitmap, true, object,
						     &place, &record);
		}
		if (!ret)
			ret = unlink(bitmap, object, &record, &place);
		if (ret)
			return ret == -ENOENT ? -EUCLEAN : ret;
	}
	return 0;
}
