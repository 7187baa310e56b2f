// SPDX-License-Identifier: GPL-2.0
/*
 * What a record is made of: a header, name and value, in cells of one page.
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

/* Cells that a record takes. */
u32 kmemp_bm_record_cells(u32 name_len, u32 value_len)
{
	return DIV_ROUND_UP(HEADER + name_len + value_len, KMEMP_LINE_SIZE);
}

/* Bytes that are read at a time of what is longer than its first line. */
#define PIECE		(4 * KMEMP_LINE_SIZE)

/* The seal of a record, of which the first line is at hand. */
static int body_seal(const struct bitmap *bitmap, bool staged, u64 pos,
		     const u8 *line, u32 len, u32 *seal)
{
	u32 part = min_t(u32, len, KMEMP_LINE_SIZE - HEADER);
	u64 at = pos + KMEMP_LINE_SIZE;
	u8 piece[PIECE];
	u32 crc;
	int ret;

	crc = crc32c(kmemp_seal_seed(bitmap->pool, 0, 0, pos),
		     line + SEALED_FROM, SEALED_TO - SEALED_FROM);
	crc = crc32c(crc, line + HEADER, part);
	for (len -= part; len; len -= part) {
		part = min_t(u32, len, PIECE);
		ret = kmemp_bm_read(bitmap, staged, at, piece, ALIGN(part, 8u));
		if (ret)
			return ret;
		crc = crc32c(crc, piece, part);
		at += part;
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
	u8 line[KMEMP_LINE_SIZE] __aligned(8);
	const struct kmemp_bitmap_record *disk = (const void *)line;
	int ret;

	pos = kmemp_bm_pos(page, cell * KMEMP_LINE_SIZE);
	if (kmemp_slot_flags(slot) != KMEMP_BITMAP_RECORD || !cell ||
	    cell >= KMEMP_BITMAP_LINES)
		return kmemp_bm_damaged(bitmap, "slot of a record", 0, slot);
	ret = kmemp_bm_read(bitmap, staged, pos, line, sizeof(line));
	if (ret)
		return ret;
	record->pos = pos;
	record->next = le64_to_cpu(disk->next);
	record->hash = le64_to_cpu(disk->hash);
	record->object = le64_to_cpu(disk->owner) & KMEMP_OBJ_MAX;
	record->kind = le64_to_cpu(disk->owner) >> KMEMP_BITMAP_KIND_SHIFT;
	record->name_len = disk->name_len;
	record->nr_cells = disk->nr_cells;
	record->value_len = le16_to_cpu(disk->value_len);
	if (record->value_len > KMEMP_MAX_VALUE ||
	    record->nr_cells != kmemp_bm_record_cells(record->name_len,
						      record->value_len) ||
	    cell + record->nr_cells > KMEMP_BITMAP_LINES)
		return kmemp_bm_damaged(bitmap, "record", pos,
					le64_to_cpu(disk->owner));
	ret = body_seal(bitmap, staged, pos, line,
			record->name_len + record->value_len, &seal);
	if (ret)
		return ret;
	if (seal != le32_to_cpu(disk->seal))
		return kmemp_bm_damaged(bitmap, "record's seal", pos,
					le32_to_cpu(disk->seal));
	return kmemp_bm_slot_check(bitmap, pos, record->next);
}

/* Bytes of a record's body, from any of them on. */
int kmemp_bm_record_read(const struct bitmap *bitmap, bool staged,
			 const struct kmemp_bm_record *record, u32 from,
			 u8 *dst, u32 len)
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
		ret = kmemp_bm_record_read(bitmap, staged, record, done, piece,
					   part);
		if (ret)
			return ret;
		*order = memcmp(piece, name + done, part);
		if (*order)
			return 0;
	}
	*order = (int)record->name_len - (int)name_len;
	return 0;
}

/* Order of a record and a key: by kind, hash and name. */
int kmemp_bm_record_compare(const struct bitmap *bitmap, bool staged,
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
		ret = kmemp_bm_record_read(bitmap, staged, last, 0, name,
					   last->name_len);
	if (!ret)
		ret = kmemp_bm_record_compare(bitmap, staged, next, &key,
					      &order);
	if (!ret && order <= 0)
		ret = kmemp_bm_damaged(bitmap, "order of a chain", next->pos,
				       next->hash);
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
int kmemp_bm_record_write(struct bitmap *bitmap, u64 object,
			  const struct kmemp_record *record, u64 pos, u64 next)
{
	struct kmemp_bitmap_record disk = {
		.next = cpu_to_le64(next),
		.hash = cpu_to_le64(record->hash),
		.owner = cpu_to_le64(object | (u64)record->kind <<
					      KMEMP_BITMAP_KIND_SHIFT),
		.name_len = record->name_len,
		.nr_cells = kmemp_bm_record_cells(record->name_len,
						  record->value_len),
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
