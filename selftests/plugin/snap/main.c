// SPDX-License-Identifier: GPL-2.0
/*
 * Format snap: its ops. See snap.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "snap.h"

/* Both places of as many pages as so many bytes more may take. */
#define PAGES(bytes)	(2 * DIV_ROUND_UP(bytes, SNAP_PAYLOAD))

static int snap_format(struct kmemp_pool *pool)
{
	struct kmemp_root slot = { .generation = 0 };

	/* A payload of zeros is the empty snapshot. */
	kmemp_root_write(pool, &slot);
	return 0;
}

static void free_snap(struct snap *snap)
{
	snap_free_state(snap);
	kvfree(snap->pair);
	kvfree(snap);
}

static int snap_open(struct kmemp_pool *pool)
{
	struct snap *snap = kvzalloc(sizeof(*snap), GFP_KERNEL);
	int ret;

	if (!snap)
		return -ENOMEM;
	snap->pool = pool;
	INIT_LIST_HEAD(&snap->fresh);
	INIT_LIST_HEAD(&snap->gone);
	INIT_LIST_HEAD(&snap->spare);
	ret = snap_recover(snap);
	if (!ret)
		ret = kmemp_pool_recovered(pool, snap->slot.epoch,
					   snap->slot.sequence);
	if (ret) {
		free_snap(snap);
		return ret;
	}
	kmemp_pool_set_private(pool, snap);
	return 0;
}

static void snap_close(struct kmemp_pool *pool)
{
	free_snap(kmemp_pool_private(pool));
	kmemp_pool_set_private(pool, NULL);
}

/*
 * What the snapshot may grow by. What replaces something is counted in full: it
 * is not known what it replaces. A range that is mapped may fall into an extent,
 * of which two remain then; one that is unmapped, too.
 */
static u32 snap_reserve(const struct kmemp_change *changes, u32 nr_changes)
{
	u32 bytes = 0, i;

	for (i = 0; i < nr_changes; i++) {
		switch (changes[i].op) {
		case KMEMP_PUT_RECORD:
			bytes += snap_record_bytes(&changes[i].record);
			break;
		case KMEMP_MAP:
			bytes += 2 * SNAP_EXTENT_BYTES;
			break;
		case KMEMP_UNMAP:
			bytes += SNAP_EXTENT_BYTES;
			break;
		case KMEMP_DEL_RECORD:
		case KMEMP_REMOVE:
			break;
		}
	}
	return PAGES(bytes);
}

static u32 pairs_for(u64 bytes)
{
	return DIV_ROUND_UP(bytes, SNAP_PAYLOAD);
}

static int snap_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct snap *snap = kmemp_pool_private(pool);
	u32 pairs;
	int ret;

	ret = snap_prepare_state(snap, batch);
	if (ret)
		return ret;
	pairs = pairs_for(snap_bytes(&snap->next));
	ret = snap_pair_room(snap, pairs);
	if (!ret && pairs < snap->nr_pairs)
		batch->nr_puts = 2 * (snap->nr_pairs - pairs);
	return ret;
}

static int snap_commit(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct snap *snap = kmemp_pool_private(pool);
	u32 old = snap->nr_pairs, i, k;

	snap->bytes = snap_bytes(&snap->next);
	if (snap->bytes > SNAP_MOST_BYTES)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "snapshot of %llu bytes, at most %u",
				      snap->bytes, SNAP_MOST_BYTES);
	snap->nr_pairs = pairs_for(snap->bytes);
	for (i = old; i < snap->nr_pairs; i++)
		for (k = 0; k < 2; k++) {
			u64 page = kmemp_meta_get(batch);

			if (!page)
				return -EUCLEAN;
			snap->pair[i].page[k] = page;
		}
	snap_write(snap, batch->epoch, batch->sequence);
	snap_accept_state(snap);
	/* The snapshot before this one may be needed yet: the core waits. */
	for (i = snap->nr_pairs; i < old; i++)
		for (k = 0; k < 2; k++)
			kmemp_meta_put(batch, snap->pair[i].page[k]);
	kmemp_retired(pool, batch->sequence);
	return 0;
}

/* Nothing waits to be made true. */
static int snap_retire(struct kmemp_pool *pool)
{
	return 0;
}

static int snap_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg)
{
	const struct snap *snap = kmemp_pool_private(pool);
	int ret = 0;
	u32 i, k;

	for (i = 0; i < snap->nr_pairs; i++)
		for (k = 0; k < 2 && !ret; k++)
			ret = fn(arg, snap->pair[i].page[k], 1, KMEMP_USE_META);
	for (i = 0; i < snap->now.nr_extents && !ret; i++)
		ret = fn(arg, snap->now.extent[i].at.page,
			 snap->now.extent[i].at.count, KMEMP_USE_DATA);
	return ret;
}

static int snap_next_object(struct kmemp_pool *pool, u64 *id)
{
	static const struct kmemp_record first = { .name = (const u8 *)"" };
	const struct snap *snap = kmemp_pool_private(pool);
	const struct snap_state *now = &snap->now;
	u32 extent = snap_find_extent(now, *id, 0);
	u32 record = snap_find_record(now, *id, &first);
	u64 found = U64_MAX;

	if (extent < now->nr_extents)
		found = now->extent[extent].object;
	if (record < now->nr_records)
		found = min(found, now->record[record]->object);
	if (found == U64_MAX)
		return -ENOENT;
	*id = found;
	return 0;
}

static int snap_next_record(struct kmemp_pool *pool, u64 object,
			    struct kmemp_record *record, u8 *buffer)
{
	const struct snap *snap = kmemp_pool_private(pool);
	u32 i = snap_find_record(&snap->now, object, record);
	const struct snap_record *found;

	if (i == snap->now.nr_records)
		return -ENOENT;
	found = snap->now.record[i];
	if (found->object != object)
		return -ENOENT;
	memcpy(buffer, found->data,
	       (u32)found->is.name_len + found->is.value_len);
	*record = found->is;
	record->name = buffer;
	record->value = buffer + record->name_len;
	return 0;
}

static int snap_next_extent(struct kmemp_pool *pool, u64 object, u64 offset,
			    u64 max_pages, struct kmemp_extent *extent)
{
	const struct snap *snap = kmemp_pool_private(pool);
	u32 i = snap_find_extent(&snap->now, object, offset);

	if (i == snap->now.nr_extents || snap->now.extent[i].object != object)
		return -ENOENT;
	*extent = snap->now.extent[i].at;
	return 0;
}

/* What open refused is not here to be found: the seals, once more. */
static int snap_check(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings)
{
	struct snap *snap = kmemp_pool_private(pool);
	u32 i, len;
	int ret;

	if (!snap->slot.mirrored)
		kmemp_report(findings, KMEMP_NOTE, 0, KMEMP_SB_ROOT_OFFSET,
			     "a root slot is not the same in both pages");
	for (i = 0; i < snap->nr_pairs; i++) {
		ret = snap_read_page(snap, i, &len);
		if (!ret)
			continue;
		kmemp_report(findings, KMEMP_LOSS, 0,
			     snap->pair[i].page[snap->place] <<
			     KMEMP_PAGE_SHIFT, "page %u of the snapshot: %s", i,
			     ret == -EIO ? "cannot be read" : "damaged");
	}
	return 0;
}

static int snap_describe(struct kmemp_pool *pool,
			 const struct kmemp_findings *findings)
{
	const struct snap *snap = kmemp_pool_private(pool);
	u32 i;

	kmemp_say(findings, "snapshot %llu: %llu bytes, %u extents, %u records",
		  snap->slot.sequence, snap->bytes, snap->now.nr_extents,
		  snap->now.nr_records);
	for (i = 0; i < snap->nr_pairs; i++)
		kmemp_say(findings, "page %u at %llu, next at %llu", i,
			  snap->pair[i].page[snap->place],
			  snap->pair[i].page[!snap->place]);
	return 0;
}

static const struct kmemp_format_ops snap_ops = {
	.type = SNAP_TYPE,
	.name = "snap",
	.owner = THIS_MODULE,
	/*
	 * Of a batch of KMEMP_BATCH_BYTES: an extent takes 24 bytes of them,
	 * and twice 32 here; records take less more than that.
	 */
	.standing = PAGES(KMEMP_BATCH_BYTES / 24 * 64),
	/* A page that falls out of its extent: an extent, in both places. */
	.shatter_bytes = 2 * (SNAP_EXTENT_BYTES + 1),
	.format = snap_format,
	.open = snap_open,
	.close = snap_close,
	.reserve = snap_reserve,
	.prepare = snap_prepare,
	.commit = snap_commit,
	.retire = snap_retire,
	.for_each_used = snap_walk_used,
	.next_object = snap_next_object,
	.next_record = snap_next_record,
	.next_extent = snap_next_extent,
	.check = snap_check,
	.describe = snap_describe,
};

static int __init snap_init(void)
{
	return kmemp_format_register(&snap_ops);
}
module_init(snap_init);

static void __exit snap_exit(void)
{
	kmemp_format_unregister(&snap_ops);
}
module_exit(snap_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist format snap: all that a pool holds, written anew by each commit");
/* SNAP_TYPE in decimal, as from a superblock; by name. */
MODULE_ALIAS("kmemp-format-2147483649");
MODULE_ALIAS("kmemp-format-snap");
