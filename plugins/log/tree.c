// SPDX-License-Identifier: GPL-2.0
/*
 * B+ trees in DRAM: items of four words, 31 to a node of 1 KiB.
 *
 * Two neighbours under one parent that fit into one node are made one, so that
 * an item takes about 64 bytes at worst; a tree that is filled in ascending
 * order is packed: 33. Nodes come from a list that is filled before anything is
 * changed.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "log.h"

#define HALF	(LOG_NODE_ITEMS / 2)
/* So many insertions are not worth a look at what there is. */
#define FEW	4u

/**
 * kmemp_log_nodes_add - have so many free nodes
 * @nodes: the list
 * @nr: how many there shall be
 * @gfp: how to allocate
 *
 * Return: 0; -ENOMEM, and those that there were memory for are kept.
 */
int kmemp_log_nodes_add(struct kmemp_log_nodes *nodes, u64 nr, gfp_t gfp)
{
	while (nodes->nr < nr) {
		struct kmemp_log_node *node = kmalloc(sizeof(*node), gfp);

		if (!node)
			return -ENOMEM;
		node->next = nodes->first;
		nodes->first = node;
		nodes->nr++;
	}
	return 0;
}

static struct kmemp_log_node *node_get(struct kmemp_log_nodes *nodes)
{
	struct kmemp_log_node *node = nodes->first;

	nodes->first = node->next;
	nodes->nr--;
	node->nr = 0;
	return node;
}

static void node_put(struct kmemp_log_nodes *nodes, struct kmemp_log_node *node)
{
	node->next = nodes->first;
	nodes->first = node;
	nodes->nr++;
}

/**
 * kmemp_log_nodes_move - move all free nodes to another list
 * @to: the list
 * @from: empty afterwards
 */
void kmemp_log_nodes_move(struct kmemp_log_nodes *to,
			  struct kmemp_log_nodes *from)
{
	while (from->nr)
		node_put(to, node_get(from));
}

/**
 * kmemp_log_nodes_trim - free all but so many free nodes
 * @nodes: the list
 * @keep: how many may stay
 */
void kmemp_log_nodes_trim(struct kmemp_log_nodes *nodes, u64 keep)
{
	while (nodes->nr > keep)
		kfree(node_get(nodes));
}

/* Of so many nodes, how many are split at most when so many items come? */
static u64 splits(u64 nodes, u64 items)
{
	return min(items, nodes + items / HALF + 1);
}

/**
 * kmemp_log_tree_need - nodes that a tree may take
 * @tree: the tree
 * @before: items that may be inserted before, with other nodes
 * @inserts: items that will be inserted
 *
 * On each level a node is split when it is full: each that is there once, then
 * one for each HALF items that came; on the next level comes what was split
 * off. Besides, each insertion wants to find as many as it could take alone.
 *
 * Return: how many.
 */
u64 kmemp_log_tree_need(const struct kmemp_log_tree *tree, u64 before,
			u64 inserts)
{
	u64 need = LOG_HEIGHT + 4, level;

	/* Of a few each may split a node of each level. */
	if (inserts <= FEW)
		return need + inserts * LOG_HEIGHT;
	for (level = 0; level < LOG_HEIGHT; level++) {
		before = splits(tree->nodes[level], before);
		inserts = splits(tree->nodes[level] + before, inserts);
		need += inserts;
	}
	return need;
}

static struct kmemp_log_node *child_of(const struct kmemp_log_item *item)
{
	return (struct kmemp_log_node *)(unsigned long)item->word[3];
}

static void free_below(struct kmemp_log_node *node, u32 level)
{
	u64 i;

	for (i = 0; level && i < node->nr; i++)
		free_below(child_of(&node->item[i]), level - 1);
	kfree(node);
}

/**
 * kmemp_log_tree_destroy - free a tree
 * @tree: empty afterwards
 */
void kmemp_log_tree_destroy(struct kmemp_log_tree *tree)
{
	if (tree->root)
		free_below(tree->root, tree->height - 1);
	memset(tree, 0, sizeof(*tree));
}

/* Without a branch: in a search nobody could foretell it. */
static bool below(const struct kmemp_log_item *a,
		  const struct kmemp_log_item *b)
{
	bool last = a->word[2] < b->word[2];
	bool middle = (a->word[1] < b->word[1]) |
		      ((a->word[1] == b->word[1]) & last);

	return (a->word[0] < b->word[0]) |
	       ((a->word[0] == b->word[0]) & middle);
}

/* First item of a node, from @low on, that is not below the key. */
static u32 search(const struct kmemp_log_node *node, u32 low,
		  const struct kmemp_log_item *key)
{
	u32 left = node->nr - low;

	while (left) {
		u32 half = left / 2;
		u32 lower = below(&node->item[low + half], key);

		low += lower * (half + 1);
		left = lower ? left - half - 1 : half;
	}
	return low;
}

/* Down to the leaf of a key, which lies in it or would. */
static void descend(const struct kmemp_log_tree *tree,
		    const struct kmemp_log_item *key,
		    struct kmemp_log_path *path)
{
	struct kmemp_log_node *node = tree->root;
	u32 level;

	for (level = tree->height - 1; level; level--) {
		u32 i = search(node, 1, key);

		/* The last whose bound is not above the key. */
		if (i == node->nr || below(key, &node->item[i]))
			i--;
		path->node[level] = node;
		path->index[level] = i;
		node = child_of(&node->item[i]);
	}
	path->node[0] = node;
	path->index[0] = search(node, 0, key);
}

/* Where a path is behind the last item of its leaf: to the next leaf. */
static struct kmemp_log_item *settle(const struct kmemp_log_tree *tree,
				     struct kmemp_log_path *path)
{
	u32 level = 0;

	if (path->index[0] < path->node[0]->nr)
		return &path->node[0]->item[path->index[0]];
	do {
		if (++level == tree->height)
			return NULL;
	} while (path->index[level] + 1 == path->node[level]->nr);
	path->index[level]++;
	for (; level; level--) {
		const struct kmemp_log_node *node = path->node[level];

		path->node[level - 1] = child_of(&node->item[path->index[level]]);
		path->index[level - 1] = 0;
	}
	return &path->node[0]->item[0];
}

/**
 * kmemp_log_tree_from - first item that is not below a key
 * @tree: the tree
 * @key: the first three words
 * @path: set to the item
 *
 * Return: the item, or NULL.
 */
struct kmemp_log_item *
kmemp_log_tree_from(const struct kmemp_log_tree *tree,
		    const struct kmemp_log_item *key,
		    struct kmemp_log_path *path)
{
	if (!tree->root)
		return NULL;
	descend(tree, key, path);
	return settle(tree, path);
}

/**
 * kmemp_log_tree_next - the item behind one
 * @tree: the tree
 * @path: to an item, moved
 *
 * Return: the item, or NULL.
 */
struct kmemp_log_item *
kmemp_log_tree_next(const struct kmemp_log_tree *tree,
		    struct kmemp_log_path *path)
{
	path->index[0]++;
	return settle(tree, path);
}

/**
 * kmemp_log_tree_before - the item before a place
 * @tree: the tree, not empty
 * @path: as kmemp_log_tree_from() set it, whatever that returned; moved if
 *	there is one
 *
 * Return: the item, or NULL.
 */
struct kmemp_log_item *
kmemp_log_tree_before(const struct kmemp_log_tree *tree,
		      struct kmemp_log_path *path)
{
	u32 level = 0;

	while (!path->index[level])
		if (++level == tree->height)
			return NULL;
	path->index[level]--;
	for (; level; level--) {
		struct kmemp_log_node *node;

		node = child_of(&path->node[level]->item[path->index[level]]);
		path->node[level - 1] = node;
		path->index[level - 1] = node->nr - 1;
	}
	return &path->node[0]->item[path->index[0]];
}

static void insert_at(struct kmemp_log_node *node, u32 index,
		      const struct kmemp_log_item *item)
{
	memmove(&node->item[index + 1], &node->item[index],
		(node->nr - index) * sizeof(*item));
	node->item[index] = *item;
	node->nr++;
}

/* Insert into a full node: a new one on its right takes a part. */
static void split(struct kmemp_log_node *node, struct kmemp_log_node *right,
		  u32 index, const struct kmemp_log_item *item, bool append)
{
	/* What is filled in ascending order stays packed. */
	u32 keep = append ? LOG_NODE_ITEMS : HALF + 1;

	right->nr = node->nr - keep;
	memcpy(right->item, &node->item[keep],
	       right->nr * sizeof(*right->item));
	node->nr = keep;
	if (index > keep || append)
		insert_at(right, index - keep, item);
	else
		insert_at(node, index, item);
}

static bool at_end(const struct kmemp_log_tree *tree,
		   const struct kmemp_log_path *path)
{
	u32 level;

	for (level = 1; level < tree->height; level++)
		if (path->index[level] + 1 != path->node[level]->nr)
			return false;
	return path->index[0] == path->node[0]->nr;
}

static void grow(struct kmemp_log_tree *tree, struct kmemp_log_nodes *nodes,
		 struct kmemp_log_path *path)
{
	struct kmemp_log_node *root = node_get(nodes);

	root->nr = 0;
	if (tree->root) {
		root->item[0].word[3] = (unsigned long)tree->root;
		root->nr = 1;
	}
	path->node[tree->height] = root;
	path->index[tree->height] = 0;
	tree->root = root;
	tree->nodes[tree->height++] = 1;
}

/**
 * kmemp_log_tree_insert - insert an item
 * @tree: the tree, with no item of the same key
 * @nodes: see kmemp_log_tree_need()
 * @item: the item
 *
 * Return: 0; -EUCLEAN where nodes were short, which is a bug.
 */
int kmemp_log_tree_insert(struct kmemp_log_tree *tree,
			  struct kmemp_log_nodes *nodes,
			  const struct kmemp_log_item *item)
{
	struct kmemp_log_item up = *item;
	struct kmemp_log_path path;
	u32 level, index;
	bool append;

	if (WARN_ON_ONCE(nodes->nr < tree->height + 2 ||
			 tree->height == LOG_HEIGHT))
		return -EUCLEAN;
	if (!tree->root)
		grow(tree, nodes, &path);
	descend(tree, item, &path);
	append = at_end(tree, &path);
	tree->items++;
	index = path.index[0];
	for (level = 0; path.node[level]->nr == LOG_NODE_ITEMS; level++) {
		struct kmemp_log_node *right = node_get(nodes);

		if (level + 1 == tree->height)
			grow(tree, nodes, &path);
		split(path.node[level], right, index, &up, append);
		tree->nodes[level]++;
		up = right->item[0];
		up.word[3] = (unsigned long)right;
		index = path.index[level + 1] + 1;
	}
	insert_at(path.node[level], index, &up);
	return 0;
}

static void remove_at(struct kmemp_log_node *node, u32 index)
{
	node->nr--;
	memmove(&node->item[index], &node->item[index + 1],
		(node->nr - index) * sizeof(*node->item));
}

/* Child @index + 1 of @parent becomes part of child @index, if both fit. */
static bool join(struct kmemp_log_node *parent, u32 index, bool inner)
{
	struct kmemp_log_node *left = child_of(&parent->item[index]);
	struct kmemp_log_node *right = child_of(&parent->item[index + 1]);
	u64 child;

	if (left->nr + right->nr > LOG_NODE_ITEMS)
		return false;
	if (inner && right->nr) {
		/* Its first bound stands in the parent. */
		child = right->item[0].word[3];
		right->item[0] = parent->item[index + 1];
		right->item[0].word[3] = child;
	}
	memcpy(&left->item[left->nr], right->item,
	       right->nr * sizeof(*left->item));
	left->nr += right->nr;
	return true;
}

static void drop_top(struct kmemp_log_tree *tree, struct kmemp_log_nodes *nodes)
{
	while (tree->root) {
		struct kmemp_log_node *root = tree->root;

		if (tree->height == 1 ? root->nr : root->nr > 1)
			return;
		tree->root = tree->height > 1 ? child_of(&root->item[0]) : NULL;
		tree->nodes[--tree->height] = 0;
		node_put(nodes, root);
	}
}

/**
 * kmemp_log_tree_delete - delete an item
 * @tree: the tree
 * @nodes: takes what becomes free
 * @path: to the item; meaningless afterwards
 */
void kmemp_log_tree_delete(struct kmemp_log_tree *tree,
			   struct kmemp_log_nodes *nodes,
			   struct kmemp_log_path *path)
{
	u32 level;

	remove_at(path->node[0], path->index[0]);
	tree->items--;
	for (level = 0; level + 1 < tree->height; level++) {
		struct kmemp_log_node *parent = path->node[level + 1];
		u32 index = path->index[level + 1];
		struct kmemp_log_node *gone;

		if (!path->node[level]->nr) {
			/* Its left neighbour's bound holds for what follows. */
			gone = path->node[level];
		} else if (index && join(parent, index - 1, level)) {
			gone = path->node[level];
		} else if (index + 1 < parent->nr &&
			   join(parent, index, level)) {
			gone = child_of(&parent->item[++index]);
		} else {
			break;
		}
		remove_at(parent, index);
		node_put(nodes, gone);
		tree->nodes[level]--;
	}
	drop_top(tree, nodes);
}
