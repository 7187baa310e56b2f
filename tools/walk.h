/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk through all that a pool holds, around what cannot be read.
 */
#ifndef KMEMP_TOOLS_WALK_H
#define KMEMP_TOOLS_WALK_H

#include <kmem_persist/pool.h>

#include "losses.h"

/* An extent is handed on in parts that end at multiples of these pages. */
#define WALK_PAGES	512u

/**
 * struct walk - a walk and what it met
 * @pool: opened
 * @data: read the pages too
 * @record: called for each record; NULL for nobody
 * @extent: called for each part of an extent, with its bytes where @data is set
 *	and the extent is not unwritten, else with NULL
 * @arg: for both; their first nonzero return ends the walk
 * @losses: what could not be read is added
 * @objects: filled in: objects with a record or an extent
 * @records: filled in
 * @pages: filled in: pages of the parts that were handed on
 * @written: filled in: those of them that are not unwritten
 */
struct walk {
	struct kmemp_pool *pool;
	bool data;
	int (*record)(void *arg, u64 object, const struct kmemp_record *record);
	int (*extent)(void *arg, u64 object, const struct kmemp_extent *extent,
		      const u8 *data);
	void *arg;
	struct losses losses;
	u64 objects;
	u64 records;
	u64 pages;
	u64 written;
};

int walk_pool(struct walk *walk);
int walk_object(struct walk *walk, u64 id);

#endif /* KMEMP_TOOLS_WALK_H */
