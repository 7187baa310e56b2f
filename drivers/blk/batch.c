// SPDX-License-Identifier: GPL-2.0
/*
 * A change of a volume: a batch of its pool, begun, filled in and ended.
 */
#include <linux/errno.h>

#include "blk.h"

/**
 * kmemp_blk_begin - begin a change
 * @volume: the volume
 * @adds: it may need more pages than it frees, and fail for want of them
 *
 * Context: may sleep.
 *
 * Return: the batch, for kmemp_blk_end(), or NULL.
 */
struct kmemp_batch *kmemp_blk_begin(struct kmemp_volume *volume, bool adds)
{
	struct kmemp_batch *batch;

	batch = kmemp_batch_new(kmemp_host_pool(volume->pool->host));
	if (batch && !adds)
		kmemp_batch_set_overwrites(batch);
	return batch;
}

/**
 * kmemp_blk_end - make a change true, and let go of it
 * @batch: as begun
 * @error: of filling it in: it is not made then
 * @durable: at return; else it is queued
 *
 * Context: may sleep.
 *
 * Return: @error, or what kmemp_batch_commit() or kmemp_batch_queue() returns.
 */
int kmemp_blk_end(struct kmemp_batch *batch, int error, bool durable)
{
	if (!error)
		error = durable ? kmemp_batch_commit(batch) :
				  kmemp_batch_queue(batch);
	kmemp_batch_free(batch);
	return error;
}
