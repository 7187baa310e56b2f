// SPDX-License-Identifier: GPL-2.0
/*
 * Overlay: what a batch makes of the extents of objects.
 *
 * A sorted list of *stretches* says, for each range of an object that the
 * batch touches, what will be there: pages, or a hole. Net.c reads off it what
 * the batch takes and frees; lookups lay those of staged batches over what the
 * format finds.
 *
 * Stretches: at most two per change. With at most KMEMP_BATCH_BYTES of changes
 * the lists are short; inserting is a memmove.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* First stretch that ends after (object, offset). */
static u32 find(const struct kmemp_overlay *overlay, u64 object, u64 offset)
{
	u32 low = 0, high = overlay->nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct kmemp_stretch *s = &overlay->stretch[mid];

		if (s->object < object ||
		    (s->object == object && s->end <= offset))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/**
 * kmemp_overlay_next - first stretch of an object that ends after an offset
 * @overlay: the overlay
 * @object: id
 * @offset: page offset
 *
 * Return: the stretch, or NULL.
 */
const struct kmemp_stretch *
kmemp_overlay_next(const struct kmemp_overlay *overlay, u64 object, u64 offset)
{
	u32 i = find(overlay, object, offset);

	if (i == overlay->nr || overlay->stretch[i].object != object)
		return NULL;
	return &overlay->stretch[i];
}

/* Cut a stretch in two, so that one begins at @offset. */
static void cut(struct kmemp_overlay *overlay, u64 object, u64 offset)
{
	u32 i = find(overlay, object, offset);
	struct kmemp_stretch *s = &overlay->stretch[i];

	if (i == overlay->nr || s->object != object || s->offset >= offset)
		return;
	memmove(s + 1, s, (overlay->nr - i) * sizeof(*s));
	overlay->nr++;
	s[0].end = offset;
	s[1].offset = offset;
	if (s[1].page)
		s[1].page += offset - s[0].offset;
}

/* Does the one that ends after a range begins also begin before that ends? */
static bool reaches(const struct kmemp_overlay *overlay, u32 i,
		    const struct kmemp_stretch *range)
{
	return i < overlay->nr &&
	       overlay->stretch[i].object == range->object &&
	       overlay->stretch[i].offset < range->end;
}

/**
 * kmemp_overlay_replace - from now on a range holds something else
 * @overlay: the overlay, with room for two more stretches
 * @stretch: the range and what it holds
 */
void kmemp_overlay_replace(struct kmemp_overlay *overlay,
			   const struct kmemp_stretch *stretch)
{
	u32 from = find(overlay, stretch->object, stretch->offset), to = from;

	if (reaches(overlay, from, stretch)) {
		cut(overlay, stretch->object, stretch->offset);
		cut(overlay, stretch->object, stretch->end);
		from = find(overlay, stretch->object, stretch->offset);
		to = from;
	}
	while (reaches(overlay, to, stretch))
		to++;
	memmove(&overlay->stretch[from + 1], &overlay->stretch[to],
		(overlay->nr - to) * sizeof(*overlay->stretch));
	overlay->nr = overlay->nr - (to - from) + 1;
	overlay->stretch[from] = *stretch;
}

static void play(struct kmemp_overlay *overlay,
		 const struct kmemp_change *change)
{
	const struct kmemp_extent *extent = &change->extent;
	struct kmemp_stretch stretch = { .object = change->object };

	switch (change->op) {
	case KMEMP_PUT_RECORD:
	case KMEMP_DEL_RECORD:
		return;
	case KMEMP_MAP:
		stretch.page = extent->page;
		stretch.flags = extent->flags;
		stretch.tag = extent->tag;
		fallthrough;
	case KMEMP_UNMAP:
		stretch.offset = extent->offset;
		stretch.end = extent->offset + extent->count;
		break;
	case KMEMP_REMOVE:
		stretch.end = KMEMP_MAX_OBJECT_PAGES;
		break;
	}
	kmemp_overlay_replace(overlay, &stretch);
}

/* A change cuts at both its ends, and stands for itself where nothing was. */
static u32 most_stretches(const struct kmemp_batch *batch)
{
	u32 i, nr = 0;

	for (i = 0; i < batch->nr_changes; i++)
		nr += kmemp_is_record(&batch->changes[i]) ? 0 : 2;
	return nr;
}

/**
 * kmemp_overlay_build - find out what a batch makes of extents
 * @draft: the batch; its overlay is filled in, for kmemp_overlay_free()
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_overlay_build(struct kmemp_draft *draft)
{
	const struct kmemp_batch *batch = &draft->batch;
	struct kmemp_overlay *overlay = &draft->overlay;
	u32 i, room = most_stretches(batch);

	overlay->nr = 0;
	overlay->stretch = draft->stretch;
	if (room > KMEMP_DRAFT_STRETCHES)
		overlay->stretch = kvmalloc_array(room,
						  sizeof(*overlay->stretch),
						  GFP_NOIO);
	if (!overlay->stretch)
		return -ENOMEM;
	for (i = 0; i < batch->nr_changes; i++)
		play(overlay, &batch->changes[i]);
	return 0;
}

/**
 * kmemp_overlay_free - free what kmemp_overlay_build() allocated
 * @draft: as built
 */
void kmemp_overlay_free(struct kmemp_draft *draft)
{
	if (draft->overlay.stretch != draft->stretch)
		kvfree(draft->overlay.stretch);
	draft->overlay.stretch = NULL;
	draft->overlay.nr = 0;
}

/* Does @overlay say something of every page of a range? */
static bool covers(const struct kmemp_overlay *overlay, u64 object, u64 offset,
		   u64 end)
{
	u32 i = find(overlay, object, offset);

	for (; offset < end; i++) {
		const struct kmemp_stretch *s = &overlay->stretch[i];

		if (i == overlay->nr || s->object != object ||
		    s->offset > offset)
			return false;
		offset = s->end;
	}
	return true;
}

/* Pages that two stretches have in common: [*page, *end) if any. */
static bool common(const struct kmemp_stretch *a, const struct kmemp_stretch *b,
		   u64 *page, u64 *end)
{
	if (!a->page || !b->page)
		return false;
	*page = max(a->page, b->page);
	*end = min(a->page + (a->end - a->offset),
		   b->page + (b->end - b->offset));
	return *page < *end;
}

/**
 * kmemp_overlay_repeats - does an overlay map a page twice?
 * @overlay: the overlay
 *
 * Return: true if it does.
 */
bool kmemp_overlay_repeats(const struct kmemp_overlay *overlay)
{
	u64 page, end;
	u32 i, k;

	for (i = 1; i < overlay->nr; i++)
		for (k = 0; overlay->stretch[i].page && k < i; k++)
			if (common(&overlay->stretch[i], &overlay->stretch[k],
				   &page, &end))
				return true;
	return false;
}

/**
 * kmemp_overlay_clashes - would a page be mapped twice?
 * @below: an overlay in which no page is
 * @above: what shall be laid over it, in which none is either
 *
 * A page that @above takes from one place and maps at another is mapped once.
 *
 * Return: true if one would.
 */
bool kmemp_overlay_clashes(const struct kmemp_overlay *below,
			   const struct kmemp_overlay *above)
{
	u64 page, end;
	u32 i, k;

	for (i = 0; i < above->nr; i++) {
		const struct kmemp_stretch *new = &above->stretch[i];

		for (k = 0; new->page && k < below->nr; k++) {
			const struct kmemp_stretch *old = &below->stretch[k];

			if (common(new, old, &page, &end) &&
			    !covers(above, old->object,
				    old->offset + (page - old->page),
				    old->offset + (end - old->page)))
				return true;
		}
	}
	return false;
}
