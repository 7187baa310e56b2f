// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes: read, and believed only when they are what their parent says.
 *
 * A node is sealed in its parent. Beyond that it is verified each time it is
 * read from the medium: a seal can be forged by who wrote that. Each key in a
 * node lies between those that its parent has for it and for the next child, so
 * that going through a tree in order ends, whatever stands there.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "extent.h"

#define CHILD_BYTES	((u32)sizeof(struct kmemp_extent_child))

/* Say what is wrong, and where. */
int kmemp_ext_damaged(const struct extent *extent, const char *what, u64 block,
		      u64 found)
{
	return kmemp_damaged(extent->pool, extent->findings, 0, what,
			     kmemp_ext_block_pos(block), found);
}

/* May metadata lie in this block? */
bool kmemp_ext_block_valid(const struct extent *extent, u64 block)
{
	u64 page = kmemp_ext_block_page(block);

	return page && page < kmemp_pool_pages(extent->pool) - 1;
}

int kmemp_ext_key_order(const struct kmemp_ext_key *a,
			const struct kmemp_ext_key *b)
{
	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->where < b->where ? -1 : a->where > b->where;
}

u32 kmemp_ext_node_nr(const void *node)
{
	const struct kmemp_extent_node *header = node;

	return le16_to_cpu(header->nr);
}

u32 kmemp_ext_node_bytes(const void *node)
{
	const struct kmemp_extent_node *header = node;

	return le16_to_cpu(header->bytes);
}

static const struct kmemp_extent_child *child_at(const void *node, u32 index)
{
	return (const void *)((const u8 *)node + EXTENT_HEADER +
			      index * CHILD_BYTES);
}

/* First key of a child of an inner node. */
static void get_key(const struct kmemp_extent_child *child,
		    struct kmemp_ext_key *key)
{
	key->object = le64_to_cpu(child->object);
	key->where = le64_to_cpu(child->where);
	key->kind = le16_to_cpu(child->kind);
}

/* The last child that begins before @key, or the first one. */
u32 kmemp_ext_link_choose(const void *node, u32 nr,
			  const struct kmemp_ext_key *key)
{
	u32 low = 0, high = nr;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;
		struct kmemp_ext_key first;

		get_key(child_at(node, middle), &first);
		if (kmemp_ext_key_order(&first, key) < 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void get_link(const struct kmemp_extent_child *child,
		     struct kmemp_ext_link *link)
{
	get_key(child, &link->key);
	link->ref.block = le64_to_cpu(child->block);
	link->ref.birth = le64_to_cpu(child->birth);
	link->ref.seal = le32_to_cpu(child->seal);
	link->ref.dirty = NULL;
}

/* A child of an inner node. */
void kmemp_ext_link_get(const void *node, u32 index,
			struct kmemp_ext_link *link)
{
	get_link(child_at(node, index), link);
}

/* All of them. */
void kmemp_ext_links_get(const void *node, u32 nr, struct kmemp_ext_link *link)
{
	u32 i;

	for (i = 0; i < nr; i++)
		get_link(child_at(node, i), &link[i]);
}

/* Let a child stand in a node as it is. */
void kmemp_ext_link_set(void *node, u32 index,
			const struct kmemp_ext_link *link)
{
	struct kmemp_extent_child *child = (void *)((u8 *)node + EXTENT_HEADER);

	child[index] = (struct kmemp_extent_child){
		.object = cpu_to_le64(link->key.object),
		.where = cpu_to_le64(link->key.where),
		.block = cpu_to_le64(link->ref.block),
		.birth = cpu_to_le64(link->ref.birth),
		.seal = cpu_to_le32(link->ref.seal),
		.kind = cpu_to_le16(link->key.kind),
	};
}

static bool child_valid(const struct extent *extent, const void *node,
			u32 index, const struct kmemp_ext_link *link)
{
	const struct kmemp_extent_node *header = node;
	const struct kmemp_extent_child *child = child_at(node, index);

	return kmemp_ext_block_valid(extent, link->ref.block) &&
	       link->ref.birth &&
	       link->ref.birth <= le64_to_cpu(header->birth) &&
	       link->key.object && link->key.object <= KMEMP_OBJ_MAX &&
	       link->key.kind <= 256 && !child->reserved;
}

static int check_inner(const struct extent *extent, u64 block,
		       const void *node)
{
	u32 i, nr = kmemp_ext_node_nr(node);
	struct kmemp_ext_link link, last = {};
	int order;

	if (nr > KMEMP_EXTENT_FANOUT ||
	    kmemp_ext_node_bytes(node) != EXTENT_HEADER + nr * CHILD_BYTES)
		return kmemp_ext_damaged(extent, "number of children", block,
					 nr);
	for (i = 0; i < nr; i++) {
		kmemp_ext_link_get(node, i, &link);
		if (!child_valid(extent, node, i, &link))
			return kmemp_ext_damaged(extent, "child", block,
						 link.ref.block);
		order = i ? kmemp_ext_key_order(&last.key, &link.key) : -1;
		/* Only records can have equal keys. */
		if (order > 0 || (!order && !link.key.kind))
			return kmemp_ext_damaged(extent, "order of children",
						 block, link.key.object);
		last = link;
	}
	return 0;
}

/* The keys of a node's first and last item. */
void kmemp_ext_key_range(const void *node, u32 level,
			 struct kmemp_ext_key *first,
			 struct kmemp_ext_key *last)
{
	struct kmemp_ext_iter iter;
	struct kmemp_ext_item item;
	struct kmemp_ext_link link;

	if (level) {
		kmemp_ext_link_get(node, 0, &link);
		*first = link.key;
		kmemp_ext_link_get(node, kmemp_ext_node_nr(node) - 1, &link);
		*last = link.key;
		return;
	}
	kmemp_ext_iter_init(&iter, node);
	kmemp_ext_iter_next(&iter, &item);
	*first = item.key;
	do
		*last = item.key;
	while (kmemp_ext_iter_next(&iter, &item));
}

/* Does a node with these keys lie where its parent has it? */
int kmemp_ext_bounds_check(const struct extent *extent, u64 block,
			   const struct kmemp_ext_key *first,
			   const struct kmemp_ext_key *last,
			   const struct kmemp_ext_bounds *bounds)
{
	if (bounds->first && kmemp_ext_key_order(bounds->first, first))
		return kmemp_ext_damaged(extent, "first key of a node", block,
					 first->object);
	if (bounds->end) {
		int order = kmemp_ext_key_order(last, bounds->end);

		if (order > 0 || (!order && !last->kind))
			return kmemp_ext_damaged(extent, "last key of a node",
						 block, last->object);
	}
	return 0;
}

static int check_node(const struct extent *extent,
		      const struct kmemp_ext_ref *ref, u32 level,
		      const struct kmemp_ext_bounds *bounds, const void *node)
{
	const struct kmemp_extent_node *header = node;
	struct kmemp_ext_key first, last;
	int ret;

	if (le64_to_cpu(header->birth) != ref->birth ||
	    le64_to_cpu(header->block) != ref->block ||
	    header->level != level || !header->nr ||
	    memchr_inv(header->reserved, 0, sizeof(header->reserved)))
		return kmemp_ext_damaged(extent, "header of a node", ref->block,
					 header->level);
	ret = level ? check_inner(extent, ref->block, node) :
		      kmemp_ext_leaf_check(extent, ref->block, node);
	if (ret || (!bounds->first && !bounds->end))
		return ret;
	kmemp_ext_key_range(node, level, &first, &last);
	return kmemp_ext_bounds_check(extent, ref->block, &first, &last,
				      bounds);
}

/*
 * Read a node: -EBADMSG, and nothing said, where it is not the one that was
 * sealed; -EUCLEAN where it is, and makes no sense.
 */
int kmemp_ext_node_load(const struct extent *extent,
			const struct kmemp_ext_ref *ref, u32 level,
			const struct kmemp_ext_bounds *bounds, void *node)
{
	struct kmemp_media *media = kmemp_pool_media(extent->pool);
	u64 pos = kmemp_ext_block_pos(ref->block);
	u32 bytes;
	int ret;

	ret = kmemp_media_read(media, pos, node, KMEMP_LINE_SIZE);
	if (ret)
		return ret;
	bytes = kmemp_ext_node_bytes(node);
	if (bytes <= EXTENT_HEADER || bytes > KMEMP_EXTENT_BLOCK || bytes % 8)
		return -EBADMSG;
	if (bytes > KMEMP_LINE_SIZE)
		ret = kmemp_media_read(media, pos + KMEMP_LINE_SIZE,
				       (u8 *)node + KMEMP_LINE_SIZE,
				       bytes - KMEMP_LINE_SIZE);
	if (ret)
		return ret;
	if (kmemp_seal(extent->pool, 0, ref->birth, pos, node, bytes) !=
	    ref->seal)
		return -EBADMSG;
	return check_node(extent, ref, level, bounds, node);
}

/* Say what was wrong with a block that cannot be torn. */
int kmemp_ext_judge(const struct extent *extent, const char *what,
		    const struct kmemp_ext_ref *ref, int ret)
{
	if (ret == -EBADMSG)
		return kmemp_ext_damaged(extent, what, ref->block, ref->seal);
	if (ret == -EIO && extent->findings)
		extent->findings->finding(extent->findings->arg, KMEMP_LOSS, 0,
					  kmemp_ext_block_pos(ref->block),
					  "cannot be read");
	return ret;
}

/* The same, where nothing can be torn. */
int kmemp_ext_node_read(const struct extent *extent,
			const struct kmemp_ext_ref *ref, u32 level,
			const struct kmemp_ext_bounds *bounds, void *node)
{
	int ret = kmemp_ext_node_load(extent, ref, level, bounds, node);

	return kmemp_ext_judge(extent, "seal of a node", ref, ret);
}
