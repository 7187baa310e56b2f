// SPDX-License-Identifier: GPL-2.0
/*
 * A commit: built in DRAM by prepare, written by commit.
 *
 * Nothing is stored before the whole batch has been built, so that damage that
 * is met on the way, or want of memory, leaves the medium as it was.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define CHILD_BYTES	((u32)sizeof(struct kmemp_extent_child))
#define RECORD_BYTES	((u32)sizeof(struct kmemp_extent_record))

/* Dirty nodes whose memory is kept for the next batches. */
#define KEEP		32u

static int build_tree(struct extent *extent, const struct kmemp_batch *batch)
{
	struct kmemp_ext_build *build = &extent->build;
	int ret;
	u32 i;

	kmemp_ext_dirty_drop(extent);
	build->root = extent->root;
	build->nr_values = 0;
	build->freed.nr = 0;
	ret = kmemp_ext_walk_space(extent);
	for (i = 0; i < batch->nr_changes && !ret; i++)
		ret = kmemp_ext_change(extent, batch, i);
	build->root.nr_blocks += build->nr_dirty + build->nr_values;
	build->root.nr_blocks -= build->freed.nr;
	return ret;
}

/*
 * See struct kmemp_format_ops. It fails for want of memory only: what else is
 * wrong is the commit's to say.
 */
int kmemp_ext_prepare(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct extent *extent = kmemp_pool_private(pool);
	struct kmemp_ext_build *build = &extent->build;
	int ret;

	ret = build_tree(extent, batch);
	if (!ret)
		ret = kmemp_ext_space_room(&extent->space, build->nr_dirty +
					   build->nr_values + build->freed.nr);
	if (ret == -ENOMEM) {
		kmemp_ext_dirty_drop(extent);
		return ret;
	}
	build->error = ret;
	batch->nr_puts = build->freed.nr;
	return 0;
}

/* Store a block of which only the first @bytes mean something. */
static void store(struct extent *extent, struct kmemp_ext_ref *ref,
		  const void *data, u32 bytes)
{
	struct kmemp_media *media = kmemp_pool_media(extent->pool);
	u64 pos = kmemp_ext_block_pos(ref->block);

	ref->seal = kmemp_seal(extent->pool, 0, ref->birth, pos, data, bytes);
	kmemp_media_write(media, pos, data, bytes);
	kmemp_media_flush(media, pos, bytes);
}

static int new_block(struct extent *extent, struct kmemp_batch *batch,
		     struct kmemp_ext_ref *ref)
{
	memset(ref, 0, sizeof(*ref));
	ref->block = kmemp_ext_space_take(&extent->space, batch);
	ref->birth = batch->sequence;
	return kmemp_ext_block_valid(extent, ref->block) ? 0 : -EUCLEAN;
}

/* The values of a leaf that are new, to blocks of their own. */
static int write_values(struct extent *extent, struct kmemp_batch *batch,
			struct kmemp_ext_dirty *leaf)
{
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	struct kmemp_ext_ref ref;
	int ret;
	u32 len;

	if (!extent->build.nr_values)
		return 0;
	kmemp_ext_iter_init(&iter, leaf->raw);
	while (kmemp_ext_iter_next(&iter, &item)) {
		u32 at = item.data - leaf->raw;
		struct kmemp_extent_record *record = (void *)(leaf->raw + at);
		struct kmemp_extent_value *value = (void *)(record + 1);
		const struct kmemp_change *change;

		if (!kmemp_ext_value_get(&item, &ref, &len) || ref.birth)
			continue;
		change = &batch->changes[ref.block];
		ret = new_block(extent, batch, &ref);
		if (ret)
			return ret;
		store(extent, &ref, change->record.value, len);
		record->seal = cpu_to_le32(ref.seal);
		value->block = cpu_to_le64(ref.block);
		value->birth = cpu_to_le64(ref.birth);
	}
	return 0;
}

static int write_node(struct extent *extent, struct kmemp_batch *batch,
		      struct kmemp_ext_ref *ref);

/* What is below an inner node, which names it then. */
static int write_links(struct extent *extent, struct kmemp_batch *batch,
		       struct kmemp_ext_dirty *dirty)
{
	struct kmemp_extent_node *header = (void *)dirty->raw;
	int ret;
	u32 i;

	for (i = 0; i < dirty->nr; i++) {
		struct kmemp_ext_link *link = &dirty->link[i];

		if (!link->ref.dirty && !dirty->moved)
			continue;
		if (link->ref.dirty) {
			ret = write_node(extent, batch, &link->ref);
			if (ret)
				return ret;
		}
		kmemp_ext_link_set(dirty->raw, i, link);
	}
	header->nr = cpu_to_le16(dirty->nr);
	header->bytes = cpu_to_le16(EXTENT_HEADER + dirty->nr * CHILD_BYTES);
	return 0;
}

/* A dirty node, what is below it first: @ref names it then. */
static int write_node(struct extent *extent, struct kmemp_batch *batch,
		      struct kmemp_ext_ref *ref)
{
	struct kmemp_ext_dirty *dirty = ref->dirty;
	struct kmemp_extent_node *header;
	u8 *node = dirty->raw;
	int ret;

	ret = dirty->level ? write_links(extent, batch, dirty) :
			     write_values(extent, batch, dirty);
	if (!ret)
		ret = new_block(extent, batch, ref);
	if (ret)
		return ret;
	header = (void *)node;
	header->birth = cpu_to_le64(ref->birth);
	header->epoch = cpu_to_le64(batch->epoch);
	header->block = cpu_to_le64(ref->block);
	header->level = dirty->level;
	memset(header->reserved, 0, sizeof(header->reserved));
	store(extent, ref, node, kmemp_ext_node_bytes(node));
	dirty->ref = *ref;
	return 0;
}

void kmemp_ext_root_encode(const struct kmemp_ext_root *root,
			   struct kmemp_root *slot)
{
	struct kmemp_extent_root *disk = (void *)slot->payload;

	memset(disk, 0, sizeof(*disk));
	disk->block = cpu_to_le64(root->ref.block);
	disk->birth = cpu_to_le64(root->ref.birth);
	disk->seal = cpu_to_le32(root->ref.seal);
	disk->depth = cpu_to_le16(root->depth);
	disk->nr_blocks = cpu_to_le64(root->nr_blocks);
	disk->nr_extents = cpu_to_le64(root->nr_extents);
	disk->nr_records = cpu_to_le64(root->nr_records);
	disk->data_pages = cpu_to_le64(root->data_pages);
}

/* Blocks, the root slot, and the fence. */
static int write_tree(struct extent *extent, struct kmemp_batch *batch)
{
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_root *root = &build->root;
	u64 need = build->nr_dirty + build->nr_values;
	int ret = 0;

	/* kmemp_ext_reserve() was wrong. */
	if (WARN_ON_ONCE(need > extent->space.nr_free +
				(u64)batch->nr_meta * KMEMP_EXTENT_BLOCKS))
		return -EUCLEAN;
	if (root->depth && root->ref.dirty)
		ret = write_node(extent, batch, &root->ref);
	if (ret)
		return ret;
	kmemp_ext_root_encode(root, &extent->slot);
	extent->slot.epoch = batch->epoch;
	extent->slot.sequence = batch->sequence;
	kmemp_root_write(extent->pool, &extent->slot);
	/*
	 * The blocks of this batch and its root slot, in both pages, are
	 * durable before the next batch stores its root over that of the one
	 * before, and before blocks and pages that the one before freed are
	 * stored into.
	 */
	kmemp_media_fence(kmemp_pool_media(extent->pool));
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_ext_commit(struct kmemp_pool *pool, struct kmemp_batch *batch)
{
	struct extent *extent = kmemp_pool_private(pool);
	struct kmemp_ext_space *space = &extent->space;
	struct kmemp_ext_build *build = &extent->build;
	struct kmemp_ext_dirty *dirty;
	int ret = build->error;

	/* The newest batch was confirmed: the tree before it is not needed. */
	if (!ret && kmemp_pool_confirmed(pool) == batch->sequence - 1)
		kmemp_ext_space_settle(space);
	if (!ret)
		ret = write_tree(extent, batch);
	if (!ret) {
		kmemp_readers_exclude(pool);
		extent->root = build->root;
		list_for_each_entry(dirty, &build->used, list)
			kmemp_ext_cache_keep(extent, dirty);
		kmemp_readers_admit(pool);
	}
	kmemp_ext_dirty_drop(extent);
	kmemp_ext_dirty_trim(extent, KEEP);
	if (ret)
		return ret;
	/* Nobody looks at the tree before any more, nor will recovery. */
	kmemp_ext_space_settle(space);
	kmemp_ext_space_free(space, batch, &build->freed);
	kmemp_retired(pool, batch->sequence);
	return 0;
}
