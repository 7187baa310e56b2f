// SPDX-License-Identifier: GPL-2.0
/*
 * Index of records. An item's words: object in the high 56 bits, kind; hash;
 * log position of the item that says it; length of the name, then of the value.
 * Names and values are read from the log.
 *
 * Records of one hash and different names are neighbours, in the order in which
 * they were written.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "log.h"

#define KIND_BITS	8
#define VALUE_SHIFT	8
#define NAME_AT		(LOG_WORD + sizeof(struct kmemp_log_record))

static struct kmemp_log_item key_of(u64 object, u8 kind, u64 hash)
{
	return (struct kmemp_log_item){
		.word = { object << KIND_BITS | kind, hash },
	};
}

static u8 name_len(const struct kmemp_log_item *item)
{
	return item->word[3];
}

static u16 value_len(const struct kmemp_log_item *item)
{
	return item->word[3] >> VALUE_SHIFT;
}

static bool same_key(const struct kmemp_log_item *a,
		     const struct kmemp_log_item *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

static u32 bytes_of(const struct kmemp_log_item *item)
{
	return kmemp_log_record_bytes(name_len(item), value_len(item));
}

static int read_name(const struct kmemp_log *log,
		     const struct kmemp_log_item *item, u8 *name)
{
	return kmemp_log_read(log, kmemp_log_skip(item->word[2], NAME_AT), name,
			      name_len(item));
}

static void delete(struct kmemp_log *log, struct kmemp_log_item *item,
		   struct kmemp_log_path *path)
{
	log->record_bytes -= bytes_of(item);
	kmemp_log_tree_delete(&log->records, &log->nodes, path);
}

/* The item of a record: *@found, NULL if there is none. */
static int find(struct kmemp_log *log, u64 object,
		const struct kmemp_record *record, struct kmemp_log_path *path,
		struct kmemp_log_item **found)
{
	struct kmemp_log_item key = key_of(object, record->kind, record->hash);
	struct kmemp_log_item *item;
	u8 name[KMEMP_MAX_NAME];
	int ret;

	*found = NULL;
	item = kmemp_log_tree_from(&log->records, &key, path);
	for (; item && same_key(item, &key);
	     item = kmemp_log_tree_next(&log->records, path)) {
		if (name_len(item) != record->name_len)
			continue;
		ret = read_name(log, item, name);
		if (ret)
			return ret;
		if (memcmp(name, record->name, record->name_len))
			continue;
		*found = item;
		break;
	}
	return 0;
}

/*
 * May the log position of an item grow where it stands? The one behind it, in
 * the same node, has another hash, and so is above it, whatever that becomes.
 * Of a node's last item the bound of the next node may be the hash as well.
 */
static bool stays(const struct kmemp_log_item *item,
		  const struct kmemp_log_path *path)
{
	return path->index[0] + 1 < path->node[0]->nr &&
	       !same_key(item, item + 1);
}

/**
 * kmemp_log_record_put - make or replace a record
 * @log: the log, with nodes for an item
 * @object: id
 * @record: the record
 * @pos: log position of the item that says it
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_record_put(struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record, u64 pos)
{
	struct kmemp_log_item new = key_of(object, record->kind, record->hash);
	struct kmemp_log_item *item;
	struct kmemp_log_path path;
	int ret;

	ret = find(log, object, record, &path, &item);
	if (ret)
		return ret;
	new.word[2] = pos;
	new.word[3] = record->name_len | record->value_len << VALUE_SHIFT;
	log->record_bytes += bytes_of(&new);
	if (item && stays(item, &path)) {
		log->record_bytes -= bytes_of(item);
		*item = new;
		return 0;
	}
	if (item)
		delete(log, item, &path);
	return kmemp_log_tree_insert(&log->records, &log->nodes, &new);
}

/**
 * kmemp_log_record_del - delete a record, if it is there
 * @log: the log
 * @object: id
 * @record: kind, hash and name
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_record_del(struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record)
{
	struct kmemp_log_item *item;
	struct kmemp_log_path path;
	int ret;

	ret = find(log, object, record, &path, &item);
	if (!ret && item)
		delete(log, item, &path);
	return ret;
}

/**
 * kmemp_log_record_clear - delete all records of an object
 * @log: the log
 * @object: id
 */
void kmemp_log_record_clear(struct kmemp_log *log, u64 object)
{
	struct kmemp_log_item key = key_of(object, 0, 0);
	struct kmemp_log_item *item;
	struct kmemp_log_path path;

	while ((item = kmemp_log_tree_from(&log->records, &key, &path)) &&
	       item->word[0] >> KIND_BITS == object)
		delete(log, item, &path);
}

/**
 * kmemp_log_record_is - is a record what an item of the log says?
 * @log: the log
 * @object: id
 * @record: kind and hash
 * @pos: log position of the item
 *
 * Return: true if it is; false if it was replaced or is gone.
 */
bool kmemp_log_record_is(const struct kmemp_log *log, u64 object,
			 const struct kmemp_record *record, u64 pos)
{
	struct kmemp_log_item key = key_of(object, record->kind, record->hash);
	const struct kmemp_log_item *item;
	struct kmemp_log_path path;

	key.word[2] = pos;
	item = kmemp_log_tree_from(&log->records, &key, &path);
	return item && same_key(item, &key) && item->word[2] == pos;
}

static int order(const u8 *a, u32 a_len, const u8 *b, u32 b_len)
{
	u32 len = min(a_len, b_len);
	int ret = len ? memcmp(a, b, len) : 0;

	return ret ?: (int)a_len - (int)b_len;
}

/*
 * Of the records with the key of *@item the one with the lowest name that is
 * not below @from, into *@best; *@item: the first with another key.
 */
static int lowest_name(const struct kmemp_log *log, struct kmemp_log_path *path,
		       const struct kmemp_log_item **item,
		       const struct kmemp_record *from,
		       struct kmemp_log_item *best, bool *found)
{
	const struct kmemp_log_item key = **item;
	u8 name[KMEMP_MAX_NAME], lowest[KMEMP_MAX_NAME];
	int ret;

	*found = false;
	for (; *item && same_key(*item, &key);
	     *item = kmemp_log_tree_next(&log->records, path)) {
		u8 len = name_len(*item);

		ret = read_name(log, *item, name);
		if (ret)
			return ret;
		if ((from && order(name, len, from->name, from->name_len) < 0) ||
		    (*found && order(name, len, lowest, name_len(best)) > 0))
			continue;
		memcpy(lowest, name, len);
		*best = **item;
		*found = true;
	}
	return 0;
}

/* Read what an item of the index stands for. */
static int load(const struct kmemp_log *log, const struct kmemp_log_item *item,
		struct kmemp_record *record, u8 *buffer)
{
	struct {
		__le64 word;
		struct kmemp_log_record record;
	} head;
	u8 *value = buffer + KMEMP_MAX_NAME + 1;
	u64 pos = item->word[2];
	int ret;

	ret = kmemp_log_read(log, pos, &head, sizeof(head));
	if (ret)
		return ret;
	if (le64_to_cpu(head.word) !=
	    (item->word[0] >> KIND_BITS |
	     (u64)KMEMP_LOG_PUT << KMEMP_LOG_OP_SHIFT) ||
	    head.record.kind != (u8)item->word[0] ||
	    le64_to_cpu(head.record.hash) != item->word[1] ||
	    head.record.name_len != name_len(item) ||
	    le16_to_cpu(head.record.value_len) != value_len(item))
		return kmemp_log_damaged(log, "record",
					 kmemp_log_page_of(log, pos >>
							   KMEMP_PAGE_SHIFT),
					 pos % KMEMP_PAGE_SIZE,
					 le64_to_cpu(head.word));
	record->kind = item->word[0];
	record->hash = item->word[1];
	record->name_len = name_len(item);
	record->value_len = value_len(item);
	record->name = buffer;
	record->value = value;
	ret = read_name(log, item, buffer);
	pos = kmemp_log_skip(pos, NAME_AT + name_len(item));
	return ret ?: kmemp_log_read(log, pos, value, value_len(item));
}

/**
 * kmemp_log_record_next - first record at or after a position
 * @log: the log
 * @object: id
 * @record: the position, replaced
 * @buffer: KMEMP_RECORD_BUFFER bytes; the position's name may lie there
 *
 * Return: 0, -ENOENT, -EIO or -EUCLEAN.
 */
int kmemp_log_record_next(const struct kmemp_log *log, u64 object,
			  struct kmemp_record *record, u8 *buffer)
{
	struct kmemp_log_item key = key_of(object, record->kind, record->hash);
	const struct kmemp_log_item *item;
	struct kmemp_log_item best;
	struct kmemp_log_path path;
	bool found = false;
	int ret;

	item = kmemp_log_tree_from(&log->records, &key, &path);
	while (item && item->word[0] >> KIND_BITS == object && !found) {
		/* Only where the hash is the same the name counts. */
		ret = lowest_name(log, &path, &item,
				  same_key(item, &key) ? record : NULL, &best,
				  &found);
		if (ret)
			return ret;
	}
	return found ? load(log, &best, record, buffer) : -ENOENT;
}

/**
 * kmemp_log_record_check - can what the index names be read?
 * @log: the log
 * @item: of the index
 * @buffer: KMEMP_RECORD_BUFFER bytes
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_record_check(const struct kmemp_log *log,
			   const struct kmemp_log_item *item, u8 *buffer)
{
	struct kmemp_record record;

	return load(log, item, &record, buffer);
}
