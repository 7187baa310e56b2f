// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that wait: open only notes where in the log the items are that make
 * an object, in their order; what they say is taken in when it is needed, see
 * load.c.
 *
 * A note is four bytes: how many words its item lies behind the first of its
 * list.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "log.h"

/* Notes of a list: the first has few, the others more, up to a page. */
#define FIRST_NOTES	2u
#define MOST_NOTES	((KMEMP_PAGE_SIZE - sizeof(struct kmemp_log_notes)) /	\
			 sizeof(u32))

/**
 * kmemp_log_waiting - first object that waits, from an id on
 * @log: the log
 * @id: the id
 * @path: set to its item
 *
 * Context: as for a lookup.
 *
 * Return: the object, NULL if there is none.
 */
struct kmemp_log_object *kmemp_log_waiting(const struct kmemp_log *log, u64 id,
					   struct kmemp_log_path *path)
{
	const struct kmemp_log_item key = { .word = { id } };
	const struct kmemp_log_item *item;

	item = kmemp_log_tree_from(&log->waiting, &key, path);
	return item ? (void *)(unsigned long)item->word[3] : NULL;
}

/**
 * kmemp_log_waits - does an object wait?
 * @log: the log
 * @id: the object
 *
 * Context: as for a lookup.
 *
 * Return: true if what the index has of it does not count yet.
 */
bool kmemp_log_waits(const struct kmemp_log *log, u64 id)
{
	const struct kmemp_log_object *object;
	struct kmemp_log_path path;

	if (!log->waiting.root)
		return false;
	object = kmemp_log_waiting(log, id, &path);
	return object && object->id == id;
}

/**
 * kmemp_log_said_sum - what an item may come to in the index
 * @said: the item
 *
 * Return: see struct kmemp_log_sum.
 */
struct kmemp_log_sum kmemp_log_said_sum(const struct kmemp_log_said *said)
{
	struct kmemp_log_sum sum = {};

	switch (said->op) {
	case KMEMP_LOG_MAP:
		sum.extents = said->count;
		break;
	case KMEMP_LOG_UNMAP:
		sum.holes = said->count;
		break;
	case KMEMP_LOG_PUT:
		sum.record_bytes =
			kmemp_log_record_bytes(said->record.name_len,
					       said->record.value_len);
		break;
	}
	return sum;
}

static void add(struct kmemp_log_sum *to, const struct kmemp_log_sum *sum)
{
	to->extents += sum->extents;
	to->holes += sum->holes;
	to->record_bytes += sum->record_bytes;
}

static void subtract(struct kmemp_log_sum *from,
		     const struct kmemp_log_sum *sum)
{
	from->extents -= sum->extents;
	from->holes -= sum->holes;
	from->record_bytes -= sum->record_bytes;
}

static struct kmemp_log_notes *new_notes(u64 base, u32 room)
{
	struct kmemp_log_notes *notes;

	notes = kmalloc(sizeof(*notes) + room * sizeof(notes->at[0]),
			GFP_KERNEL);
	if (!notes)
		return NULL;
	notes->next = NULL;
	notes->base = base;
	notes->nr = 0;
	notes->room = room;
	return notes;
}

static int get_object(struct kmemp_log *log, u64 id,
		      struct kmemp_log_object **found)
{
	struct kmemp_log_item item = { .word = { id } };
	struct kmemp_log_object *object;
	struct kmemp_log_path path;
	int ret;

	object = kmemp_log_waiting(log, id, &path);
	if (!object || object->id != id) {
		object = kzalloc(sizeof(*object), GFP_KERNEL);
		if (!object)
			return -ENOMEM;
		object->id = id;
		item.word[3] = (unsigned long)object;
		ret = kmemp_log_tree_insert(&log->waiting, &log->nodes, &item);
		if (ret) {
			kfree(object);
			return ret;
		}
	}
	*found = object;
	return 0;
}

/* Where an item is. */
static int write_down(struct kmemp_log_object *object, u64 pos)
{
	struct kmemp_log_notes *notes = object->last;

	if (!notes || notes->nr == notes->room ||
	    (pos - notes->base) / LOG_WORD > U32_MAX) {
		u32 room = notes ? min_t(u32, 4 * notes->room, MOST_NOTES) :
				   FIRST_NOTES;
		struct kmemp_log_notes *more = new_notes(pos, room);

		if (!more)
			return -ENOMEM;
		if (notes)
			notes->next = more;
		else
			object->first = more;
		object->last = more;
		notes = more;
	}
	notes->at[notes->nr++] = (pos - notes->base) / LOG_WORD;
	return 0;
}

static void free_object(struct kmemp_log_object *object)
{
	while (object->first) {
		struct kmemp_log_notes *notes = object->first;

		object->first = notes->next;
		kfree(notes);
	}
	kfree(object);
}

/**
 * kmemp_log_forget - an object waits no more
 * @log: the log
 * @id: the object; need not wait
 *
 * Context: at open, or while the trees may be changed.
 */
void kmemp_log_forget(struct kmemp_log *log, u64 id)
{
	struct kmemp_log_object *object;
	struct kmemp_log_path path;

	object = kmemp_log_waiting(log, id, &path);
	if (!object || object->id != id)
		return;
	kmemp_log_tree_delete(&log->waiting, &log->nodes, &path);
	subtract(&log->said, &object->said);
	if (log->noted == object)
		log->noted = NULL;
	free_object(object);
}

/**
 * kmemp_log_note - note an item that was read
 * @log: the log, with nodes for an item
 * @said: the item
 *
 * An object that ends has nothing left to be indexed. Context: at open.
 *
 * Return: 0, -ENOMEM or -EUCLEAN.
 */
int kmemp_log_note(struct kmemp_log *log, const struct kmemp_log_said *said)
{
	const struct kmemp_log_sum sum = kmemp_log_said_sum(said);
	struct kmemp_log_object *object = log->noted;
	int ret = 0;

	if (said->op == KMEMP_LOG_REMOVE) {
		kmemp_log_forget(log, said->object);
		return 0;
	}
	if (!object || object->id != said->object)
		ret = get_object(log, said->object, &object);
	if (!ret)
		ret = write_down(object, said->pos);
	if (ret)
		return ret;
	log->noted = object;
	add(&object->said, &sum);
	add(&log->said, &sum);
	object->exists = said->op == KMEMP_LOG_MAP || said->op == KMEMP_LOG_PUT;
	return 0;
}

/**
 * kmemp_log_note_next - the first note of an object
 * @object: the object, which has one
 *
 * Return: log position of the item.
 */
u64 kmemp_log_note_next(const struct kmemp_log_object *object)
{
	const struct kmemp_log_notes *notes = object->first;

	return notes->base + (u64)notes->at[object->taken] * LOG_WORD;
}

/**
 * kmemp_log_note_taken - the item of the first note has been taken in
 * @log: the log
 * @object: the object
 * @said: the item
 */
void kmemp_log_note_taken(struct kmemp_log *log,
			  struct kmemp_log_object *object,
			  const struct kmemp_log_said *said)
{
	const struct kmemp_log_sum sum = kmemp_log_said_sum(said);
	struct kmemp_log_notes *notes = object->first;

	object->begun = true;
	subtract(&object->said, &sum);
	subtract(&log->said, &sum);
	if (++object->taken < notes->nr)
		return;
	object->taken = 0;
	object->first = notes->next;
	kfree(notes);
}

/**
 * kmemp_log_notes_destroy - free all that waits
 * @log: the log
 */
void kmemp_log_notes_destroy(struct kmemp_log *log)
{
	struct kmemp_log_object *object;
	struct kmemp_log_path path;
	u64 id = 0;

	while ((object = kmemp_log_waiting(log, id, &path))) {
		id = object->id + 1;
		free_object(object);
	}
	kmemp_log_tree_destroy(&log->waiting);
}
