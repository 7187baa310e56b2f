// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch takes, frees and drops.
 *
 * The overlay of a batch says, for each range of an object that it touches,
 * what will be there. Pages that were mapped in those ranges and pages that
 * will be are two lists of runs; what is in the first only is freed, what is in
 * the second only is taken. A page that moves from one place to another inside
 * a batch is in both, and neither freed nor taken. Pages that a change brings
 * and a later one replaces are in neither: they are dropped, and return to
 * where pages come from like those that are freed.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "core.h"

static int runs_grow(struct kmemp_runs *runs, u32 room)
{
	struct kmemp_run *new;

	if (room <= runs->room)
		return 0;
	new = kvmalloc_array(room, sizeof(*new), GFP_NOIO);
	if (!new)
		return -ENOMEM;
	if (runs->nr)
		memcpy(new, runs->run, runs->nr * sizeof(*new));
	kvfree(runs->run);
	runs->run = new;
	runs->room = room;
	return 0;
}

static int runs_add(struct kmemp_runs *runs, u64 page, u64 count)
{
	if (runs->nr == runs->room &&
	    runs_grow(runs, runs->room ? 2 * runs->room : 16))
		return -ENOMEM;
	runs->run[runs->nr++] = (struct kmemp_run){ page, count };
	return 0;
}

static int by_page(const void *a, const void *b)
{
	const struct kmemp_run *left = a, *right = b;

	return left->page < right->page ? -1 : left->page > right->page;
}

/* First run that does not lie wholly behind the one before it, or how many. */
static u32 out_of_order(const struct kmemp_runs *runs)
{
	u32 i;

	for (i = 1; i < runs->nr; i++)
		if (runs->run[i - 1].page + runs->run[i - 1].count >
		    runs->run[i].page)
			return i;
	return max(runs->nr, 1u);
}

/* Sort; false where a page is in it twice. */
static bool runs_order(struct kmemp_runs *runs)
{
	if (out_of_order(runs) >= runs->nr)
		return true;
	sort(runs->run, runs->nr, sizeof(*runs->run), by_page, NULL);
	return out_of_order(runs) >= runs->nr;
}

/* Do all runs of one list lie before those of the other? Both ordered. */
static bool runs_apart(const struct kmemp_runs *a, const struct kmemp_runs *b)
{
	const struct kmemp_run *last;

	if (!a->nr || !b->nr)
		return true;
	last = &a->run[a->nr - 1];
	if (last->page + last->count <= b->run[0].page)
		return true;
	last = &b->run[b->nr - 1];
	return last->page + last->count <= a->run[0].page;
}

/* What is in @a and not in @b, both ordered. */
static int runs_subtract(const struct kmemp_runs *a, const struct kmemp_runs *b,
			 struct kmemp_runs *result)
{
	u32 i, k = 0;
	int ret;

	if (runs_apart(a, b)) {
		if (runs_grow(result, a->nr))
			return -ENOMEM;
		if (a->nr)
			memcpy(result->run, a->run, a->nr * sizeof(*a->run));
		result->nr = a->nr;
		return 0;
	}
	for (i = 0; i < a->nr; i++) {
		u64 page = a->run[i].page;
		u64 end = page + a->run[i].count;

		while (page < end) {
			u64 stop = end;

			while (k < b->nr &&
			       b->run[k].page + b->run[k].count <= page)
				k++;
			if (k < b->nr && b->run[k].page <= page) {
				page = b->run[k].page + b->run[k].count;
				continue;
			}
			if (k < b->nr && b->run[k].page < end)
				stop = b->run[k].page;
			ret = runs_add(result, page, stop - page);
			if (ret)
				return ret;
			page = stop;
		}
	}
	return 0;
}

/* The pages that the pool itself has in a range. */
static int note_existing(struct kmemp_net *net, struct kmemp_pool *pool,
			 u64 object, u64 offset, u64 end)
{
	while (offset < end) {
		struct kmemp_extent extent;
		int ret;

		ret = kmemp_find_extent(pool, object, offset,
					min_t(u64, end - offset,
					      KMEMP_BATCH_PAGES + 1), &extent);
		if (ret == -ENOENT || (!ret && extent.offset >= end))
			return 0;
		if (ret)
			return ret;
		extent.count = min_t(u64, extent.count, end - extent.offset);
		net->before_pages += extent.count;
		if (++net->touched > KMEMP_BATCH_EXTENTS ||
		    net->before_pages > KMEMP_BATCH_PAGES)
			return -E2BIG;
		ret = runs_add(&net->before, extent.page, extent.count);
		if (ret)
			return ret;
		offset = extent.offset + extent.count;
	}
	return 0;
}

/* Records count as touched where they may be many: when an object ends. */
static int count_records(struct kmemp_net *net, struct kmemp_pool *pool,
			 u64 object)
{
	struct kmemp_record record = {};
	u8 *buffer;
	int ret;

	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_NOIO);
	if (!buffer)
		return -ENOMEM;
	do {
		ret = pool->format->next_record(pool, object, &record, buffer);
		if (!ret && ++net->touched > KMEMP_BATCH_EXTENTS)
			ret = -E2BIG;
	} while (!ret && kmemp_record_after(&record, buffer));
	kfree(buffer);
	return ret == -ENOENT ? 0 : ret;
}

/* Merge runs that overlap, of a list that is ordered. */
static void runs_merge(struct kmemp_runs *runs)
{
	u32 i, nr = 0;

	for (i = 0; i < runs->nr; i++) {
		struct kmemp_run *last = &runs->run[nr ? nr - 1 : 0];
		const struct kmemp_run *run = &runs->run[i];

		if (nr && run->page < last->page + last->count)
			last->count = max(last->count, run->page + run->count -
						       last->page);
		else
			runs->run[nr++] = *run;
	}
	runs->nr = nr;
}

/* What the changes bring, later replaced or not. */
static int list_brought(struct kmemp_net *net, const struct kmemp_batch *batch)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < batch->nr_changes && !ret; i++)
		if (batch->changes[i].op == KMEMP_MAP)
			ret = runs_add(&net->brought,
				       batch->changes[i].extent.page,
				       batch->changes[i].extent.count);
	runs_order(&net->brought);
	runs_merge(&net->brought);
	return ret;
}

/* The lists of what is there, what will be, and what the changes bring. */
static int collect(struct kmemp_net *net, struct kmemp_batch *batch,
		   const struct kmemp_overlay *overlay)
{
	u64 brought = 0, after = 0;
	int ret = 0;
	u32 i;

	for (i = 0; i < batch->nr_changes && !ret; i++) {
		const struct kmemp_change *change = &batch->changes[i];

		if (change->op == KMEMP_MAP)
			brought += change->extent.count;
		else if (change->op == KMEMP_REMOVE)
			ret = count_records(net, batch->pool, change->object);
	}
	for (i = 0; i < overlay->nr && !ret; i++) {
		const struct kmemp_stretch *s = &overlay->stretch[i];

		ret = note_existing(net, batch->pool, s->object, s->offset,
				    s->end);
		if (ret || !s->page)
			continue;
		after += s->end - s->offset;
		ret = runs_add(&net->after, s->page, s->end - s->offset);
	}
	/* If all that is brought will be there, nothing is dropped. */
	if (!ret && brought != after)
		ret = list_brought(net, batch);
	return ret;
}

static void runs_free(struct kmemp_runs *runs)
{
	kvfree(runs->run);
	memset(runs, 0, sizeof(*runs));
}

/**
 * kmemp_net_room - have all the memory that kmemp_net_compute() may need
 * @net: zeroed, or computed
 * @room: pages, at most, that the batches map and unmap
 *
 * Without it, memory is allocated as it is needed, and kept.
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_net_room(struct kmemp_net *net, u32 room)
{
	int ret;

	ret = runs_grow(&net->before, room);
	ret = ret ?: runs_grow(&net->after, room);
	ret = ret ?: runs_grow(&net->brought, room);
	ret = ret ?: runs_grow(&net->rest, room);
	ret = ret ?: runs_grow(&net->taken, room);
	ret = ret ?: runs_grow(&net->freed, room);
	return ret ?: runs_grow(&net->dropped, room);
}

/**
 * kmemp_net_destroy - free the memory
 * @net: zeroed or computed
 */
void kmemp_net_destroy(struct kmemp_net *net)
{
	runs_free(&net->before);
	runs_free(&net->after);
	runs_free(&net->brought);
	runs_free(&net->rest);
	runs_free(&net->taken);
	runs_free(&net->freed);
	runs_free(&net->dropped);
}

static void forget(struct kmemp_net *net)
{
	net->before.nr = 0;
	net->after.nr = 0;
	net->brought.nr = 0;
	net->rest.nr = 0;
	net->taken.nr = 0;
	net->freed.nr = 0;
	net->dropped.nr = 0;
	net->before_pages = 0;
	net->touched = 0;
}

/**
 * kmemp_net_compute - find out what a batch takes, frees, drops and touches
 * @net: the results, and room for them; what was computed before is replaced
 * @batch: the batch; its results point into @net
 * @overlay: of the batch
 *
 * Looks at what the format holds, not at what is staged. Context: with the
 * commit right.
 *
 * Return: 0; -E2BIG: it touches more than one batch may; -EINVAL: it maps a
 * page twice; -ENOMEM; -EIO; -EUCLEAN.
 */
int kmemp_net_compute(struct kmemp_net *net, struct kmemp_batch *batch,
		      const struct kmemp_overlay *overlay)
{
	int ret;

	forget(net);
	/* Others may have an object loaded. */
	down_read(&batch->pool->readers);
	ret = collect(net, batch, overlay);
	up_read(&batch->pool->readers);
	if (ret)
		return ret;
	if (!runs_order(&net->before))
		return kmemp_complain(batch->pool, KMEMP_REFUSE_STRUCTURE,
				      "a page is mapped twice near page %llu",
				      net->before.run[0].page);
	if (!runs_order(&net->after))
		return -EINVAL;
	ret = runs_subtract(&net->after, &net->before, &net->taken);
	if (!ret)
		ret = runs_subtract(&net->before, &net->after, &net->freed);
	if (!ret && net->brought.nr)
		ret = runs_subtract(&net->brought, &net->after, &net->rest);
	if (!ret && net->brought.nr)
		ret = runs_subtract(&net->rest, &net->before, &net->dropped);
	if (ret)
		return ret;
	batch->taken = net->taken.run;
	batch->nr_taken = net->taken.nr;
	batch->freed = net->freed.run;
	batch->nr_freed = net->freed.nr;
	batch->nr_touched = net->touched;
	batch->touched_pages = net->before_pages;
	return 0;
}
