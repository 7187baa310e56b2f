// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch may take: log pages, which are in hand before it is queued, and
 * nodes of trees.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "log.h"

#define PAYLOAD		(KMEMP_PAGE_SIZE - sizeof(struct kmemp_log_page))
/* Nodes that are kept for the next commits. */
#define KEEP_NODES	256u
/* Cleaning may say one item more than its budget has, and end a line. */
#define OVER_BYTES	(LOG_WORD + sizeof(struct kmemp_log_record) +	\
			 KMEMP_MAX_NAME + KMEMP_MAX_VALUE + 1 +		\
			 LOG_EXTENT_BYTES + KMEMP_LINE_SIZE)

/**
 * struct cost - of a batch
 * @bytes: of its items
 * @records: of these, that may stay for as long as records do
 * @extents: items that the index of extents may get
 * @puts: items that the index of records may get
 */
struct cost {
	u64 bytes;
	u64 records;
	u64 extents;
	u64 puts;
};

static struct cost batch_cost(const struct kmemp_change *changes,
			      u32 nr_changes)
{
	struct cost cost = {};
	u32 i, bytes;

	for (i = 0; i < nr_changes; i++) {
		const struct kmemp_change *change = &changes[i];

		switch (change->op) {
		case KMEMP_PUT_RECORD:
			bytes = kmemp_log_record_bytes(change->record.name_len,
						       change->record.value_len);
			cost.bytes += bytes;
			cost.records += bytes;
			cost.puts++;
			break;
		case KMEMP_DEL_RECORD:
			cost.bytes += kmemp_log_record_bytes(change->record.name_len,
							     0);
			break;
		case KMEMP_MAP:
			/* It, and the end of what it was laid into. */
			cost.extents++;
			fallthrough;
		case KMEMP_UNMAP:
			cost.extents++;
			cost.bytes += LOG_EXTENT_BYTES;
			break;
		case KMEMP_REMOVE:
			cost.bytes += LOG_WORD;
			break;
		}
	}
	return cost;
}

static u64 entry_bytes(const struct cost *cost)
{
	return ALIGN(sizeof(struct kmemp_log_entry) + cost->bytes,
		     (u64)KMEMP_LINE_SIZE);
}

/*
 * See struct kmemp_format_ops. What a record may make the log grow by later is
 * in hand, and goes back when it has become part of what is withheld.
 */
u32 kmemp_log_reserve(const struct kmemp_change *changes, u32 nr_changes)
{
	const struct cost cost = batch_cost(changes, nr_changes);

	return DIV_ROUND_UP(entry_bytes(&cost) * (1 + LOG_PACE) + OVER_BYTES +
			    2 * cost.records, PAYLOAD);
}

/**
 * kmemp_log_budget - what a commit cleans
 * @log: the log
 * @batch: that is committed
 *
 * Return: bytes of work.
 */
u32 kmemp_log_budget(const struct kmemp_log *log,
		     const struct kmemp_batch *batch)
{
	struct cost cost;

	if (!kmemp_log_clean_due(log, false))
		return 0;
	cost = batch_cost(batch->changes, batch->nr_changes);
	return LOG_PACE * entry_bytes(&cost);
}

static u64 nodes_need(const struct kmemp_log *log, struct cost cost,
		      u32 budget)
{
	u64 bytes = entry_bytes(&cost) + budget + OVER_BYTES;

	if (budget) {
		cost.extents += budget / LOG_EXTENT_BYTES + 1;
		cost.puts += budget / LOG_EXTENT_BYTES + 1;
	}
	return kmemp_log_tree_need(&log->extents, cost.extents) +
	       kmemp_log_tree_need(&log->records, cost.puts) +
	       kmemp_log_tree_need(&log->pages, bytes / PAYLOAD + 1);
}

/**
 * kmemp_log_step_nodes - nodes that cleaning by itself may need
 * @log: the log
 * @budget: bytes of work
 *
 * Return: how many.
 */
u64 kmemp_log_step_nodes(const struct kmemp_log *log, u32 budget)
{
	return nodes_need(log, (struct cost){}, budget);
}

/* See struct kmemp_format_ops. */
int kmemp_log_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct kmemp_log *log = kmemp_pool_private(pool);
	u64 need = nodes_need(log, batch_cost(batch->changes,
					      batch->nr_changes),
			      kmemp_log_budget(log, batch));

	kmemp_log_nodes_trim(&log->nodes, max_t(u64, need, KEEP_NODES));
	return kmemp_log_nodes_add(&log->nodes, need, GFP_NOIO);
}
