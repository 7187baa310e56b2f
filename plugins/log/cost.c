// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch may take: log pages, which are in hand before it is queued, and
 * nodes of trees.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "log.h"

#define PAYLOAD		(KMEMP_PAGE_SIZE - sizeof(struct kmemp_log_page))
/* Nodes that are kept for the next commits. */
#define KEEP_NODES	256u
/* The shortest record. */
#define RECORD_LEAST	(LOG_WORD + sizeof(struct kmemp_log_record))
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

static u64 nodes_need(const struct kmemp_log *log, struct cost cost,
		      u32 budget)
{
	u64 bytes = entry_bytes(&cost) + budget + OVER_BYTES;

	if (budget) {
		cost.extents += budget / LOG_EXTENT_BYTES + 1;
		cost.puts += budget / LOG_EXTENT_BYTES + 1;
	}
	/* Objects that wait may be indexed before. */
	return kmemp_log_tree_need(&log->extents,
				   2 * log->said.extents + log->said.holes,
				   cost.extents) +
	       kmemp_log_tree_need(&log->records,
				   log->said.record_bytes / RECORD_LEAST,
				   cost.puts) +
	       kmemp_log_tree_need(&log->pages, 0, bytes / PAYLOAD + 1);
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

/*
 * What the commit of a batch cleans. What it will come to is indexed before, and
 * nothing is cleaned where that made the log short enough. Without memory for
 * it the batch is committed all the same, and a later one cleans, as long as
 * there are pages for that.
 */
static int plan_cleaning(struct kmemp_log *log, const struct cost *cost)
{
	u32 budget = LOG_PACE * entry_bytes(cost);
	int ret;

	log->budget = 0;
	if (!kmemp_log_clean_due(log, false))
		return 0;
	log->rate = kmemp_log_clean_rate(log, false);
	ret = kmemp_log_clean_ahead(log, budget, log->rate, LOG_NO_RESERVES);
	if (ret == -ENOMEM) {
		if (!kmemp_log_clean_urgent(log))
			return 0;
		ret = kmemp_log_clean_ahead(log, budget, log->rate, GFP_NOIO);
	}
	if (!ret && kmemp_log_clean_due(log, false))
		log->budget = budget;
	return ret;
}

/* See struct kmemp_format_ops. */
int kmemp_log_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	const struct cost cost = batch_cost(batch->changes, batch->nr_changes);
	struct kmemp_log *log = kmemp_pool_private(pool);
	u64 need;
	int ret;

	mutex_lock(&log->index);
	ret = plan_cleaning(log, &cost);
	if (!ret) {
		need = nodes_need(log, cost, log->budget);
		kmemp_log_nodes_trim(&log->nodes, max_t(u64, need, KEEP_NODES));
		ret = kmemp_log_nodes_add(&log->nodes, need, GFP_NOIO);
	}
	mutex_unlock(&log->index);
	return ret;
}
