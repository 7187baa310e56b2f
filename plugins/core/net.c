// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch takes and frees.
 *
 * The changes are played over what the pool holds now: a sorted list of
 * *stretches* says, for each range of an object that the batch touches, what
 * will be there. Pages that were mapped in those ranges and pages that will be
 * are two lists of runs; what is in the first only is freed, what is in the
 * second only is taken. A page that moves from one place to another inside a
 * batch is in both, and neither freed nor taken.
 *
 * Stretches: at most two more per change. With at most KMEMP_BATCH_BYTES of
 * changes the lists are short; inserting is a memmove.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "core.h"

/* What the range [offset, end) of an object will hold: page 0 is a hole. */
struct stretch {
	u64 object;
	u64 offset;
	u64 end;
	u64 page;
};

struct runs {
	struct kmemp_run *run;
	u32 nr;
	u32 room;
};

struct net {
	struct kmemp_pool *pool;
	struct stretch *stretch;
	u32 nr;
	struct runs before;
	u64 before_pages;
	u32 touched;
};

static int runs_add(struct runs *runs, u64 page, u64 count)
{
	if (runs->nr == runs->room) {
		u32 room = runs->room ? 2 * runs->room : 16;
		struct kmemp_run *new;

		new = kvmalloc_array(room, sizeof(*new), GFP_NOIO);
		if (!new)
			return -ENOMEM;
		if (runs->nr)
			memcpy(new, runs->run, runs->nr * sizeof(*new));
		kvfree(runs->run);
		runs->run = new;
		runs->room = room;
	}
	runs->run[runs->nr++] = (struct kmemp_run){ page, count };
	return 0;
}

static int by_page(const void *a, const void *b)
{
	const struct kmemp_run *left = a, *right = b;

	return left->page < right->page ? -1 : left->page > right->page;
}

/* Sort; false where a page is in it twice. */
static bool runs_order(struct runs *runs)
{
	u32 i;

	if (!runs->nr)
		return true;
	sort(runs->run, runs->nr, sizeof(*runs->run), by_page, NULL);
	for (i = 1; i < runs->nr; i++)
		if (runs->run[i - 1].page + runs->run[i - 1].count >
		    runs->run[i].page)
			return false;
	return true;
}

/* What is in @a and not in @b, both ordered. */
static int runs_subtract(const struct runs *a, const struct runs *b,
			 struct runs *result)
{
	u32 i, k = 0;
	int ret;

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

/* First stretch that ends after (object, offset). */
static u32 stretch_find(const struct net *net, u64 object, u64 offset)
{
	u32 low = 0, high = net->nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct stretch *s = &net->stretch[mid];

		if (s->object < object ||
		    (s->object == object && s->end <= offset))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The pool's own pages in [offset, end), which no change touched so far. */
static int note_existing(struct net *net, u64 object, u64 offset, u64 end)
{
	while (offset < end) {
		struct kmemp_extent extent;
		int ret;

		ret = kmemp_find_extent(net->pool, object, offset,
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

/* Cut a stretch in two, so that one begins at @offset. */
static void stretch_cut(struct net *net, u64 object, u64 offset)
{
	u32 i = stretch_find(net, object, offset);
	struct stretch *s = &net->stretch[i];

	if (i == net->nr || s->object != object || s->offset >= offset)
		return;
	memmove(s + 1, s, (net->nr - i) * sizeof(*s));
	net->nr++;
	s[0].end = offset;
	s[1].offset = offset;
	if (s[1].page)
		s[1].page += offset - s[0].offset;
}

/* From now on [offset, end) of @object holds pages from @page on, or none. */
static int replace(struct net *net, u64 object, u64 offset, u64 end, u64 page)
{
	u64 at = offset;
	u32 i, from;
	int ret;

	stretch_cut(net, object, offset);
	stretch_cut(net, object, end);
	from = stretch_find(net, object, offset);
	for (i = from; i < net->nr; i++) {
		const struct stretch *s = &net->stretch[i];

		if (s->object != object || s->offset >= end)
			break;
		ret = note_existing(net, object, at, s->offset);
		if (ret)
			return ret;
		at = s->end;
	}
	ret = note_existing(net, object, at, end);
	if (ret)
		return ret;
	memmove(&net->stretch[from + 1], &net->stretch[i],
		(net->nr - i) * sizeof(*net->stretch));
	net->nr = net->nr - (i - from) + 1;
	net->stretch[from] = (struct stretch){ object, offset, end, page };
	return 0;
}

/* Records count as touched where they may be many: when an object ends. */
static int count_records(struct net *net, u64 object)
{
	struct kmemp_record record = {};
	u8 *buffer;
	int ret;

	buffer = kmalloc(KMEMP_RECORD_BUFFER, GFP_NOIO);
	if (!buffer)
		return -ENOMEM;
	for (;;) {
		ret = net->pool->format->next_record(net->pool, object, &record,
						     buffer);
		if (ret)
			break;
		if (++net->touched > KMEMP_BATCH_EXTENTS) {
			ret = -E2BIG;
			break;
		}
		if (!kmemp_record_advance(&record, buffer)) {
			ret = -ENOENT;
			break;
		}
	}
	kfree(buffer);
	return ret == -ENOENT ? 0 : ret;
}

static int play(struct net *net, const struct kmemp_change *change)
{
	const struct kmemp_extent *extent = &change->extent;
	int ret;

	switch (change->op) {
	case KMEMP_PUT_RECORD:
	case KMEMP_DEL_RECORD:
		return 0;
	case KMEMP_MAP:
		return replace(net, change->object, extent->offset,
			       extent->offset + extent->count, extent->page);
	case KMEMP_UNMAP:
		return replace(net, change->object, extent->offset,
			       extent->offset + extent->count, 0);
	case KMEMP_REMOVE:
		ret = count_records(net, change->object);
		return ret ?: replace(net, change->object, 0,
				      KMEMP_MAX_OBJECT_PAGES, 0);
	}
	return -EINVAL;
}

/**
 * kmemp_net_compute - fill in what a batch takes, frees and touches
 * @batch: the batch; what was computed before is replaced
 *
 * Context: with the commit right.
 *
 * Return: 0; -E2BIG: it touches more than one batch may; -EINVAL: it maps a
 * page twice; -ENOMEM; -EIO; -EUCLEAN.
 */
int kmemp_net_compute(struct kmemp_batch *batch)
{
	struct net net = { .pool = batch->pool };
	struct runs after = {}, taken = {}, freed = {};
	u32 i;
	int ret = 0;

	/* A cut makes one more, at most twice for each change, and itself. */
	net.stretch = kvmalloc_array(3 * batch->nr_changes + 1,
				     sizeof(*net.stretch), GFP_NOIO);
	if (!net.stretch)
		return -ENOMEM;
	for (i = 0; i < batch->nr_changes && !ret; i++)
		ret = play(&net, &batch->changes[i]);
	for (i = 0; i < net.nr && !ret; i++)
		if (net.stretch[i].page)
			ret = runs_add(&after, net.stretch[i].page,
				       net.stretch[i].end -
				       net.stretch[i].offset);
	if (ret)
		goto out;
	if (!runs_order(&net.before)) {
		ret = kmemp_complain(batch->pool, KMEMP_REFUSE_STRUCTURE,
				     "a page is mapped twice near page %llu",
				     net.before.run[0].page);
		goto out;
	}
	if (!runs_order(&after)) {
		ret = -EINVAL;
		goto out;
	}
	ret = runs_subtract(&after, &net.before, &taken);
	if (!ret)
		ret = runs_subtract(&net.before, &after, &freed);
	if (ret)
		goto out;
	kvfree(batch->taken);
	kvfree(batch->freed);
	batch->taken = taken.run;
	batch->nr_taken = taken.nr;
	batch->freed = freed.run;
	batch->nr_freed = freed.nr;
	batch->nr_touched = net.touched;
	batch->touched_pages = net.before_pages;
	taken.run = NULL;
	freed.run = NULL;
out:
	kvfree(taken.run);
	kvfree(freed.run);
	kvfree(after.run);
	kvfree(net.before.run);
	kvfree(net.stretch);
	return ret;
}
