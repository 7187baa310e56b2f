// SPDX-License-Identifier: GPL-2.0
/*
 * State line: epoch and confirmed sequence, and what recovery makes of them.
 */
#include <linux/errno.h>
#include <linux/export.h>

#include "super.h"

static void store_state(struct kmemp_media *media, u64 page_pos,
			const struct kmemp_disk_state *disk)
{
	u64 pos = page_pos + KMEMP_SB_STATE_OFFSET;

	kmemp_media_write(media, pos, disk, sizeof(*disk));
	kmemp_media_flush(media, pos, sizeof(*disk));
}

/**
 * kmemp_state_write_map - write the state line, with the saved used map's name
 * @media: the medium
 * @super: with the new values; the line's generation is raised here
 *
 * Durable at return. A crash leaves the old or the new values.
 */
void kmemp_state_write_map(struct kmemp_media *media, struct kmemp_super *super)
{
	struct kmemp_disk_state disk;

	super->state_generation++;
	kmemp_super_encode_state(super, &disk);
	store_state(media, 0, &disk);
	/* The first page's line is whole before the copy's is torn. */
	kmemp_media_fence(media);
	store_state(media, kmemp_super_copy_pos(super), &disk);
	/* The copy's is whole before the next write tears the first page's. */
	kmemp_media_fence(media);
}

/**
 * kmemp_state_write - write the state line
 * @media: the medium
 * @super: with the new values; the line's generation is raised here
 *
 * See kmemp_state_write_map(). The saved used map counts for the moment of its
 * writing only, so its name is cleared.
 */
void kmemp_state_write(struct kmemp_media *media, struct kmemp_super *super)
{
	super->map_page = 0;
	super->map_pages = 0;
	super->map_crc = 0;
	kmemp_state_write_map(media, super);
}

/**
 * kmemp_pool_recovered - a format's open says what it found
 * @pool: the pool
 * @epoch: of the newest batch, 0 where there is none
 * @sequence: of the newest batch
 *
 * Called when what the format keeps is durable and what it drops is erased.
 * Confirms it, unless the pool is read-only.
 *
 * Return: 0; -EUCLEAN where a confirmed batch is missing, said; or -ENOMEM.
 */
int kmemp_pool_recovered(struct kmemp_pool *pool, u64 epoch, u64 sequence)
{
	struct kmemp_super *super = &pool->super;

	if (sequence < super->confirmed)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "newest batch %llu, confirmed was %llu",
				      sequence, super->confirmed);
	pool->newest = sequence;
	pool->epoch = epoch > super->epoch ? epoch : super->epoch;
	pool->retired = sequence;
	if (pool->readonly || sequence == super->confirmed)
		return 0;
	/* A state line that is torn has a whole one beside it. */
	if (kmemp_super_mend(pool->media, super) == -ENOMEM)
		return -ENOMEM;
	super->confirmed = sequence;
	kmemp_state_write(pool->media, super);
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_pool_recovered);

/**
 * kmemp_pool_confirmed - sequence that recovery may not end below
 * @pool: the pool
 *
 * Return: the sequence.
 */
u64 kmemp_pool_confirmed(const struct kmemp_pool *pool)
{
	return pool->super.confirmed;
}
EXPORT_SYMBOL_GPL(kmemp_pool_confirmed);

/**
 * kmemp_pool_epoch - epoch of the last opening that committed
 * @pool: the pool
 *
 * Return: the epoch of the state line; no batch can have a higher one.
 */
u64 kmemp_pool_epoch(const struct kmemp_pool *pool)
{
	return pool->super.epoch;
}
EXPORT_SYMBOL_GPL(kmemp_pool_epoch);
