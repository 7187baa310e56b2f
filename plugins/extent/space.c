// SPDX-License-Identifier: GPL-2.0
/*
 * Space: which blocks may be written.
 *
 * Of each page of metadata that is not full it is known which blocks the newest
 * tree has, and which are free. The others were freed by the newest batch: the
 * tree before it has them, and recovery may need that one until the next batch
 * is durable, or this one is confirmed. A page of which the newest tree has
 * nothing any more is given to the core, which waits for the same.
 *
 * Memory for what a commit will note is in hand before it.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "extent.h"

#define ALL		((1u << KMEMP_EXTENT_BLOCKS) - 1)
/* A chain for each 16 MiB of the pool, within bounds. */
#define HEAD_PAGES	4096u
#define LEAST_HEADS	64u
#define MOST_HEADS	(1u << 20)

struct chunk {
	struct list_head list;
	struct kmemp_ext_page page[(KMEMP_PAGE_SIZE -
				    sizeof(struct list_head)) /
				   sizeof(struct kmemp_ext_page)];
};

int kmemp_ext_space_init(struct kmemp_ext_space *space, u64 pool_pages)
{
	memset(space, 0, sizeof(*space));
	INIT_LIST_HEAD(&space->free_pages);
	INIT_LIST_HEAD(&space->chunks);
	space->nr_heads = LEAST_HEADS;
	while (space->nr_heads < MOST_HEADS &&
	       space->nr_heads < pool_pages / HEAD_PAGES)
		space->nr_heads *= 2;
	space->heads = kvcalloc(space->nr_heads, sizeof(*space->heads),
				GFP_KERNEL);
	return space->heads ? 0 : -ENOMEM;
}

void kmemp_ext_space_destroy(struct kmemp_ext_space *space)
{
	while (!list_empty(&space->chunks)) {
		struct chunk *chunk = list_first_entry(&space->chunks,
						       struct chunk, list);

		list_del(&chunk->list);
		kfree(chunk);
	}
	kvfree(space->freed.block);
	kvfree(space->heads);
}

static void to_spare(struct kmemp_ext_space *space, struct kmemp_ext_page *page)
{
	page->chain = space->spare;
	space->spare = page;
	space->nr_spare++;
}

/* Have memory to note @nr more pages. */
int kmemp_ext_space_room(struct kmemp_ext_space *space, u32 nr)
{
	while (space->nr_spare < nr) {
		struct chunk *chunk = kmalloc(sizeof(*chunk), GFP_NOIO);
		u32 i;

		if (!chunk)
			return -ENOMEM;
		list_add(&chunk->list, &space->chunks);
		for (i = 0; i < ARRAY_SIZE(chunk->page); i++)
			to_spare(space, &chunk->page[i]);
	}
	return 0;
}

/* The chain link that leads to a page, or to the end of its chain. */
static struct kmemp_ext_page **find(struct kmemp_ext_space *space, u64 page)
{
	u64 hash = page * 0x9e3779b97f4a7c15ULL >> 40;
	struct kmemp_ext_page **link;

	link = &space->heads[hash & (space->nr_heads - 1)];
	while (*link && (*link)->page != page)
		link = &(*link)->chain;
	return link;
}

static struct kmemp_ext_page *add(struct kmemp_ext_space *space, u64 index,
				  u8 live)
{
	struct kmemp_ext_page **link = find(space, index);
	struct kmemp_ext_page *page = space->spare;

	/* kmemp_ext_space_room() was not asked for enough. */
	if (WARN_ON_ONCE(!page))
		return NULL;
	space->spare = page->chain;
	space->nr_spare--;
	page->chain = NULL;
	page->page = index;
	page->live = live;
	page->free = 0;
	*link = page;
	return page;
}

static void set_free(struct kmemp_ext_space *space, struct kmemp_ext_page *page,
		     u8 free)
{
	u8 changed;

	if (free && !page->free)
		list_add(&page->list, &space->free_pages);
	if (!free && page->free)
		list_del(&page->list);
	for (changed = free & ~page->free; changed; changed &= changed - 1)
		space->nr_free++;
	for (changed = page->free & ~free; changed; changed &= changed - 1)
		space->nr_free--;
	page->free = free;
}

static void forget(struct kmemp_ext_space *space, struct kmemp_ext_page **link)
{
	struct kmemp_ext_page *page = *link;

	set_free(space, page, 0);
	*link = page->chain;
	to_spare(space, page);
}

static u8 bit_of(u64 block)
{
	return 1u << block % KMEMP_EXTENT_BLOCKS;
}

/* Begin to derive: nothing is in use. */
void kmemp_ext_space_forget(struct kmemp_ext_space *space)
{
	u32 i;

	for (i = 0; i < space->nr_heads; i++)
		while (space->heads[i])
			forget(space, &space->heads[i]);
	space->freed.nr = 0;
	space->known = false;
}

/* The tree has this block. -EUCLEAN where it has it twice. */
int kmemp_ext_space_note(struct kmemp_ext_space *space, u64 block)
{
	u64 index = kmemp_ext_block_page(block);
	struct kmemp_ext_page **link = find(space, index);
	int ret;

	if (!*link) {
		ret = kmemp_ext_space_room(space, 1);
		if (ret)
			return ret;
		add(space, index, 0);
		link = find(space, index);
	}
	if ((*link)->live & bit_of(block))
		return -EUCLEAN;
	(*link)->live |= bit_of(block);
	if ((*link)->live == ALL)
		forget(space, link);
	return 0;
}

/* All blocks of the tree have been noted: the others are free. */
void kmemp_ext_space_derive(struct kmemp_ext_space *space)
{
	struct kmemp_ext_page *page;
	u32 i;

	for (i = 0; i < space->nr_heads; i++)
		for (page = space->heads[i]; page; page = page->chain)
			set_free(space, page, ALL & ~page->live);
	space->known = true;
}

/* A block to write: 0 where there is none left. */
u64 kmemp_ext_space_take(struct kmemp_ext_space *space,
			 struct kmemp_batch *batch)
{
	struct kmemp_ext_page *page;
	u64 block;
	u32 nr = 0;

	if (list_empty(&space->free_pages)) {
		u64 index = kmemp_meta_get(batch);

		page = index ? add(space, index, 0) : NULL;
		if (!page)
			return 0;
		set_free(space, page, ALL);
	}
	page = list_first_entry(&space->free_pages, struct kmemp_ext_page,
				list);
	while (!(page->free & 1u << nr))
		nr++;
	set_free(space, page, page->free & ~(1u << nr));
	page->live |= 1u << nr;
	block = page->page * KMEMP_EXTENT_BLOCKS + nr;
	if (page->live == ALL)
		forget(space, find(space, page->page));
	return block;
}

/* What the newest batch has freed may be written. */
void kmemp_ext_space_settle(struct kmemp_ext_space *space)
{
	u32 i;

	for (i = 0; i < space->freed.nr; i++) {
		u64 block = space->freed.block[i];
		struct kmemp_ext_page *page;

		page = *find(space, kmemp_ext_block_page(block));
		if (page)
			set_free(space, page, page->free | bit_of(block));
	}
	space->freed.nr = 0;
}

/*
 * A batch has freed blocks, which was the newest: those of the one before it
 * have been settled. @freed becomes empty.
 */
void kmemp_ext_space_free(struct kmemp_ext_space *space,
			  struct kmemp_batch *batch,
			  struct kmemp_ext_blocks *freed)
{
	u32 i;

	for (i = 0; i < freed->nr; i++) {
		u64 index = kmemp_ext_block_page(freed->block[i]);
		struct kmemp_ext_page **link = find(space, index);
		struct kmemp_ext_page *page = *link ?: add(space, index, ALL);

		if (!page)
			continue;
		page->live &= ~bit_of(freed->block[i]);
		if (page->live)
			continue;
		forget(space, find(space, index));
		kmemp_meta_put(batch, index);
	}
	/* A page that is gone does not come back before these are settled. */
	swap(space->freed, *freed);
	freed->nr = 0;
}
