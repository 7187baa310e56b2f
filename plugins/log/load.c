// SPDX-License-Identifier: GPL-2.0
/*
 * Taking an object that waits into the index, when it is first looked up,
 * changed or cleaned: its items, in their order, by the code that a commit uses.
 *
 * Some items at a time: lookups of other objects wait for no more than these.
 * Until the last one is taken in the object goes on to wait, and nobody looks
 * at what the index has of it. So where memory is short nothing is lost, and
 * somebody else may go on.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "log.h"

/* Extents and records that are taken in while lookups wait. */
#define STEP_ITEMS	256u
/* Nodes that are asked for at once, and kept for the next object. */
#define LOAD_NODES	48u

static int bad_item(const struct kmemp_log *log, u64 pos, u64 found)
{
	return kmemp_log_damaged(log, "item",
				 kmemp_log_page_of(log,
						   pos >> KMEMP_PAGE_SHIFT),
				 pos % KMEMP_PAGE_SIZE, found);
}

/**
 * kmemp_log_say_noted - read the item that is noted first
 * @log: the log
 * @object: an object that waits, with a note left
 * @cursor: set before the item's extents, or behind it
 * @said: filled in
 *
 * It was valid at open; what it has become must neither lead astray nor make
 * the sums wrong.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_log_say_noted(struct kmemp_log *log,
			const struct kmemp_log_object *object,
			struct kmemp_log_cursor *cursor,
			struct kmemp_log_said *said)
{
	struct kmemp_log_sum sum;
	int ret;

	cursor->pos = kmemp_log_note_next(object);
	cursor->end = U64_MAX;
	ret = kmemp_log_say(log, cursor, said);
	if (ret)
		return ret;
	sum = kmemp_log_said_sum(said);
	if (!said->op || said->op == KMEMP_LOG_REMOVE ||
	    said->object != object->id || sum.extents > object->said.extents ||
	    sum.holes > object->said.holes ||
	    sum.record_bytes > object->said.record_bytes)
		return bad_item(log, cursor->pos, said->op);
	return 0;
}

/**
 * kmemp_log_item_nodes - nodes that an item may need
 * @log: the log
 * @said: the item
 *
 * Return: how many.
 */
u64 kmemp_log_item_nodes(const struct kmemp_log *log,
			 const struct kmemp_log_said *said)
{
	switch (said->op) {
	case KMEMP_LOG_MAP:
		return kmemp_log_tree_need(&log->extents, 0, 2 * said->count);
	case KMEMP_LOG_UNMAP:
		return kmemp_log_tree_need(&log->extents, 0, said->count);
	case KMEMP_LOG_PUT:
		return kmemp_log_tree_need(&log->records, 0, 1);
	}
	return 0;
}

/*
 * Some items of an object. 0: it waits no more; 1: call again, with so many
 * nodes in hand; or an error.
 */
static int step(struct kmemp_log *log, struct kmemp_log_object *object,
		u64 *nodes)
{
	struct kmemp_log_cursor cursor;
	struct kmemp_log_said said;
	u32 items = 0;
	int ret = 0;

	/* A batch may have been prepared: its nodes are not touched. */
	kmemp_readers_exclude(log->pool);
	swap(log->nodes, log->load);
	while (object->first && items < STEP_ITEMS) {
		ret = kmemp_log_say_noted(log, object, &cursor, &said);
		if (ret)
			break;
		*nodes = kmemp_log_item_nodes(log, &said);
		if (log->nodes.nr < *nodes)
			break;
		ret = kmemp_log_take_item(log, &cursor, &said);
		if (ret)
			break;
		items += said.count;
		kmemp_log_note_taken(log, object, &said);
	}
	ret = ret ?: !!object->first;
	if (!ret) {
		kmemp_log_forget(log, object->id);
		WRITE_ONCE(log->indexed, !log->waiting.root);
	}
	swap(log->nodes, log->load);
	kmemp_readers_admit(log->pool);
	*nodes += LOAD_NODES;
	return ret;
}

/* As step(), of an object that need not wait. */
static int step_of(struct kmemp_log *log, u64 id, u64 *nodes)
{
	struct kmemp_log_object *object;
	struct kmemp_log_path path;
	int ret;

	object = kmemp_log_waiting(log, id, &path);
	if (!object || object->id != id)
		return 0;
	ret = step(log, object, nodes);
	if (!ret)
		kmemp_log_nodes_trim(&log->load, LOAD_NODES);
	return ret;
}

/**
 * kmemp_log_load_locked - have an object indexed
 * @log: the log
 * @id: the object
 * @gfp: how to allocate, @log->index being held
 *
 * Context: with the commit right and @log->index, or where nobody else is.
 *
 * Return: 0, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_log_load_locked(struct kmemp_log *log, u64 id, gfp_t gfp)
{
	u64 nodes = 0;
	int ret;

	do {
		ret = kmemp_log_nodes_add(&log->load, nodes, gfp);
		if (!ret)
			ret = step_of(log, id, &nodes);
	} while (ret > 0);
	return ret;
}

/**
 * kmemp_log_load_all - have all objects indexed
 * @log: the log
 *
 * Context: with the commit right and @log->index.
 *
 * Return: 0, -ENOMEM, -EIO or -EUCLEAN.
 */
int kmemp_log_load_all(struct kmemp_log *log)
{
	const struct kmemp_log_object *object;
	struct kmemp_log_path path;
	int ret = 0;

	while (!ret && (object = kmemp_log_waiting(log, 0, &path)))
		ret = kmemp_log_load_locked(log, object->id, GFP_KERNEL);
	return ret;
}

/* See struct kmemp_format_ops. */
int kmemp_log_load_object(struct kmemp_pool *pool, u64 id)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	struct kmemp_log_nodes nodes = {};
	u64 want = 0;
	int ret;

	/* It never becomes false again. */
	if (READ_ONCE(log->indexed))
		return 0;
	do {
		/*
		 * A commit that memory waits for may wait for the lock, or for
		 * this lookup: not under the one, nor for ever.
		 */
		ret = kmemp_log_nodes_add(&nodes, want, GFP_NOIO |
					  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (ret)
			break;
		mutex_lock(&log->index);
		kmemp_log_nodes_move(&log->load, &nodes);
		ret = step_of(log, id, &want);
		mutex_unlock(&log->index);
	} while (ret > 0);
	kmemp_log_nodes_trim(&nodes, 0);
	return ret;
}
