// SPDX-License-Identifier: GPL-2.0
/*
 * Cache: where the maps of objects begin, as lookups have found them.
 *
 * Without it each lookup of a page goes from the anchor down to the object's
 * line, and checks two seals. What is kept changes only when a map becomes
 * higher or lower, or begins or ends.
 *
 * Lookups fill an entry and read it, many at a time, without a lock; who
 * commits empties it. Its state says who may touch what is in it:
 *
 *	EMPTY	a lookup may make it FILLING, which is its own to fill
 *	READY	nobody writes; stays until a commit changes that map
 *	STALE	nobody reads or fills: a commit that changes the map is on its
 *		way. It becomes EMPTY when that has stored, and so has waited for
 *		all lookups that began before: none of them still fills it.
 */
#include <asm/barrier.h>
#include <linux/atomic.h>

#include "bitmap.h"

enum { EMPTY, FILLING, READY, STALE };

/*
 * Ids are given out in turn, so that few share an entry; who finds it taken is
 * looked up on the medium each time.
 */
static struct kmemp_bm_cached *entry_of(struct bitmap *bitmap, u64 id)
{
	return &bitmap->cache[id % BITMAP_CACHED];
}

/* Where the map of an object begins. In a lookup: no commit stores meanwhile. */
bool kmemp_bm_cache_get(struct bitmap *bitmap, u64 id, u64 *map)
{
	const struct kmemp_bm_cached *entry = entry_of(bitmap, id);

	/* Who made it READY had filled it. */
	if (smp_load_acquire(&entry->state) != READY || entry->id != id)
		return false;
	*map = entry->map;
	return true;
}

/* What a lookup has found, and still is so since it has not ended. */
void kmemp_bm_cache_keep(struct bitmap *bitmap, u64 id, u64 map)
{
	struct kmemp_bm_cached *entry = entry_of(bitmap, id);

	if (cmpxchg(&entry->state, EMPTY, FILLING) != EMPTY)
		return;
	entry->id = id;
	entry->map = map;
	/* Unless it has become STALE meanwhile. */
	cmpxchg(&entry->state, FILLING, READY);
}

/* A commit will change it; before its stores. */
void kmemp_bm_cache_forget(struct bitmap *bitmap, u64 id)
{
	struct kmemp_bm_cached *entry = entry_of(bitmap, id);

	/* Who made it READY had filled it. */
	if (smp_load_acquire(&entry->state) == READY && entry->id != id)
		return;
	xchg(&entry->state, STALE);
	bitmap->cache_stale = true;
}

/* The commit has stored. */
void kmemp_bm_cache_settle(struct bitmap *bitmap)
{
	u32 i;

	if (!bitmap->cache_stale)
		return;
	bitmap->cache_stale = false;
	for (i = 0; i < BITMAP_CACHED; i++)
		if (READ_ONCE(bitmap->cache[i].state) == STALE)
			/* Who fills it next finds what was stored. */
			smp_store_release(&bitmap->cache[i].state, EMPTY);
}
