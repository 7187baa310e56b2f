// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of the format's own structures.
 */
#include <linux/kernel.h>

#include "extent.h"

/**
 * struct text - a dump
 * @walk: through the tree
 * @findings: where it goes
 */
struct text {
	struct kmemp_ext_walk walk;
	const struct kmemp_findings *findings;
};

static int say_node(struct kmemp_ext_walk *walk,
		    const struct kmemp_ext_ref *ref, u32 level,
		    const void *node)
{
	const struct text *text = container_of(walk, struct text, walk);
	u64 pos = kmemp_ext_block_pos(ref->block);
	struct kmemp_ext_item item;
	struct kmemp_ext_link link;

	if (level) {
		kmemp_ext_link_get(node, 0, &link);
		item.key = link.key;
	} else {
		kmemp_ext_item_at(node, 0, &item);
	}
	kmemp_say(text->findings,
		  "%*s%s at page %llu + %llu: level %u, birth %llu, %u %s, %u bytes, from object %llu kind %u at %llu",
		  2 * (int)(walk->root->depth - level), "",
		  level ? "node" : "leaf", pos >> KMEMP_PAGE_SHIFT,
		  pos % KMEMP_PAGE_SIZE, level, ref->birth,
		  kmemp_ext_node_nr(node), level ? "children" : "objects",
		  kmemp_ext_node_bytes(node), item.key.object, item.key.kind,
		  item.key.where);
	return 0;
}

/* See struct kmemp_format_ops. */
int kmemp_ext_describe(struct kmemp_pool *pool,
		       const struct kmemp_findings *findings)
{
	const struct extent *extent = kmemp_pool_private(pool);
	const struct kmemp_ext_root *root = &extent->root;
	struct text text = {
		.walk = {
			.extent = kmemp_pool_private(pool),
			.root = root,
			.node = say_node,
		},
		.findings = findings,
	};

	kmemp_say(findings, "newest batch: %llu, epoch %llu; root slot %llu",
		  extent->slot.sequence, extent->slot.epoch,
		  extent->slot.generation % KMEMP_SB_NR_ROOTS);
	kmemp_say(findings, "tree: depth %u, %llu blocks of %u bytes",
		  root->depth, root->nr_blocks, KMEMP_EXTENT_BLOCK);
	kmemp_say(findings, "extents: %llu, of %llu pages; records: %llu",
		  root->nr_extents, root->data_pages, root->nr_records);
	return kmemp_ext_walk(&text.walk);
}
