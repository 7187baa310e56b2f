// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges: writers of the same page, one after the other.
 *
 * From looking the old page up until their change is queued, so that two
 * writes of 512 bytes into one page lose nothing. Writers of different pages
 * never wait for each other. There are as many ranges as tasks that write: a
 * list does.
 */
#include "blk.h"

static bool try_lock(struct kmemp_volume *volume, struct kmemp_range *range)
{
	const struct kmemp_range *other;
	bool free = true;

	spin_lock(&volume->range_lock);
	list_for_each_entry(other, &volume->ranges, list) {
		if (other->first <= range->last &&
		    range->first <= other->last) {
			free = false;
			break;
		}
	}
	if (free)
		list_add(&range->list, &volume->ranges);
	spin_unlock(&volume->range_lock);
	return free;
}

/**
 * kmemp_range_lock - have some pages of a volume to oneself
 * @volume: the volume
 * @range: filled in; the caller's until kmemp_range_unlock()
 * @first: page offset
 * @nr: pages, > 0
 *
 * One range at a time. Context: may sleep; data pages are in hand.
 */
void kmemp_range_lock(struct kmemp_volume *volume, struct kmemp_range *range,
		      u64 first, u64 nr)
{
	range->first = first;
	range->last = first + nr - 1;
	wait_event(volume->range_free, try_lock(volume, range));
}

/**
 * kmemp_range_unlock - end of kmemp_range_lock()
 * @volume: the volume
 * @range: as locked
 */
void kmemp_range_unlock(struct kmemp_volume *volume, struct kmemp_range *range)
{
	spin_lock(&volume->range_lock);
	list_del(&range->list);
	spin_unlock(&volume->range_lock);
	wake_up_all(&volume->range_free);
}
