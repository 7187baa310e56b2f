// SPDX-License-Identifier: GPL-2.0
/*
 * Stage: batches in order of entry, concatenated to one that a format commits.
 *
 * What a batch that was staged did is promised, or waited for; its commit must
 * not fail for want of anything. So a batch is let in only while the whole
 * stays within the bounds of one commit, found without a look at the pool:
 * each page that a stage maps or unmaps counts as an extent that it touches.
 * And all memory is there before the first one comes.
 *
 * Records coalesce: a later put of the same record takes the place of the
 * earlier one. Nothing in a stage ends an object, so there is nothing in
 * between that could tell the difference. Names and values are copied to text
 * of the stage; a record that grows out of its room gets another, and what it
 * had is lost until the stage is empty again.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* The changes of a batch are added to those there before they coalesce. */
#define ROOM	(KMEMP_STAGE_ITEMS + KMEMP_STAGE_CHANGES)

/* Metadata pages for which the format is asked about a stage at first. */
#define ASK_AT	64u

/* Text of a record; no more than what its change counts in a batch. */
#define TEXT_ALIGN	16u

static_assert(ROOM <= U16_MAX);
static_assert(ALIGN(KMEMP_MAX_NAME + KMEMP_MAX_VALUE, TEXT_ALIGN) <= U16_MAX);

/**
 * kmemp_stage_init - have memory for a stage
 * @stage: zeroed
 * @pool: whose
 *
 * Return: 0 or -ENOMEM, with what was allocated for kmemp_stage_destroy().
 */
int kmemp_stage_init(struct kmemp_stage *stage, struct kmemp_pool *pool)
{
	struct kmemp_batch *batch = &stage->batch;

	batch->pool = pool;
	stage->ask_at = ASK_AT;
	batch->changes = kvcalloc(ROOM, sizeof(*batch->changes), GFP_NOIO);
	/* None is without a page; and two more while one is inserted. */
	stage->overlay.stretch = kvmalloc_array(KMEMP_STAGE_ITEMS + 2,
						sizeof(*stage->overlay.stretch),
						GFP_NOIO);
	stage->links = kvcalloc(ROOM, sizeof(*stage->links), GFP_NOIO);
	stage->text = kvmalloc(KMEMP_BATCH_BYTES, GFP_NOIO);
	/* Not 0, since that may be the standing reserve. */
	batch->meta = kvmalloc_array(pool->format->standing + 1,
				     sizeof(*batch->meta), GFP_NOIO);
	if (!batch->changes || !stage->overlay.stretch || !stage->links ||
	    !stage->text || !batch->meta)
		return -ENOMEM;
	return 0;
}

/**
 * kmemp_stage_destroy - free what kmemp_stage_init() allocated
 * @stage: zeroed or initialised; what is in it is lost
 */
void kmemp_stage_destroy(struct kmemp_stage *stage)
{
	kvfree(stage->batch.changes);
	kvfree(stage->overlay.stretch);
	kvfree(stage->links);
	kvfree(stage->text);
	kvfree(stage->batch.meta);
	memset(stage, 0, sizeof(*stage));
}

/* What counts towards KMEMP_STAGE_ITEMS. */
static u64 change_items(const struct kmemp_change *change)
{
	return kmemp_is_record(change) ? 1 : change->extent.count;
}

/**
 * kmemp_stage_takes - is a batch small enough to be staged?
 * @batch: the batch
 *
 * Return: true if an empty stage has room for it.
 */
bool kmemp_stage_takes(const struct kmemp_batch *batch)
{
	u64 items = 0;
	u32 i;

	if (batch->nr_changes > KMEMP_STAGE_CHANGES)
		return false;
	for (i = 0; i < batch->nr_changes; i++) {
		if (batch->changes[i].op == KMEMP_REMOVE)
			return false;
		items += change_items(&batch->changes[i]);
	}
	return items <= KMEMP_STAGE_ITEMS;
}

static u32 text_room(const struct kmemp_record *record)
{
	return ALIGN((u32)record->name_len + record->value_len, TEXT_ALIGN);
}

/**
 * struct sums - what a stage will have with another batch
 * @bytes: see struct kmemp_batch
 * @text: bytes of text
 * @items: see struct kmemp_stage
 * @turned: a record that was to be put will be deleted, or the other way round
 */
struct sums {
	u32 bytes;
	u32 text;
	u64 items;
	bool turned;
};

static void add_sums(struct sums *sums, const struct kmemp_stage *stage,
		     const struct kmemp_change *change)
{
	const struct kmemp_batch *all = &stage->batch;
	u32 old = all->nr_changes, had = 0;

	sums->bytes += kmemp_change_bytes(change);
	if (kmemp_is_record(change)) {
		old = kmemp_stage_find(stage, change);
		had = old < all->nr_changes ? stage->links[old].room : 0;
		if (text_room(&change->record) > had)
			sums->text += text_room(&change->record);
	}
	if (old < all->nr_changes) {
		sums->bytes -= kmemp_change_bytes(&all->changes[old]);
		sums->turned |= all->changes[old].op != change->op;
	} else {
		sums->items += change_items(change);
	}
}

/* Room for another batch, apart from what the format needs. */
static bool has_room(const struct kmemp_stage *stage,
		     const struct kmemp_batch *batch, struct sums *sums)
{
	u32 i;

	sums->bytes = stage->batch.bytes;
	sums->text = stage->text_used;
	sums->items = stage->items;
	for (i = 0; i < batch->nr_changes; i++)
		add_sums(sums, stage, &batch->changes[i]);
	return sums->bytes <= KMEMP_BATCH_BYTES &&
	       sums->text <= KMEMP_BATCH_BYTES &&
	       sums->items <= KMEMP_STAGE_ITEMS;
}

/* Let changes take the places of those of the same records; and back again. */
static void change_places(struct kmemp_stage *stage, struct kmemp_change *tail,
			  u32 nr)
{
	struct kmemp_change *changes;
	u32 i, at;

	changes = (struct kmemp_change *)stage->batch.changes;
	for (i = 0; i < nr; i++) {
		at = kmemp_stage_find(stage, &tail[i]);
		swap(changes[at], tail[i]);
	}
}

/* What the format says of the stage as it will be, which it is not yet. */
static struct kmemp_cost ask_cost(struct kmemp_stage *stage,
				  const struct kmemp_batch *batch)
{
	struct kmemp_batch *all = &stage->batch;
	struct kmemp_change *changes = (struct kmemp_change *)all->changes;
	u32 i, end = all->nr_changes, places = end + batch->nr_changes, nr;
	struct kmemp_cost cost;

	/* Behind the last change, where nobody else looks. */
	for (i = 0; i < batch->nr_changes; i++) {
		const struct kmemp_change *change = &batch->changes[i];

		if (kmemp_is_record(change) &&
		    kmemp_stage_find(stage, change) < all->nr_changes)
			changes[--places] = *change;
		else
			changes[end++] = *change;
	}
	nr = all->nr_changes + batch->nr_changes - places;
	kmemp_readers_exclude(all->pool);
	change_places(stage, changes + places, nr);
	cost = kmemp_cost_of(all->pool, changes, end);
	change_places(stage, changes + places, nr);
	kmemp_readers_admit(all->pool);
	return cost;
}

/*
 * No less than what the format may need for the stage with another batch; false
 * where that is too much.
 *
 * What the format says is subadditive: cost(stage + batch) <= cost(stage) +
 * cost(batch), where the + on the left appends changes, or lets a put take the
 * place of a put and a deletion that of one. stage->cost is no less than
 * cost(stage), by induction, and is in hand; so a sum within the limits is right
 * without the format being asked. It is asked where the sum is not; where a put
 * and a deletion take each other's places, of which it promises nothing; and
 * when the sum is twice what it said last, so that a stage has no more than
 * twice the pages in hand that it needs. Since the stage has grown by as much
 * then, all of these take no more than a few times what the last one does.
 */
static bool find_cost(struct kmemp_stage *stage, struct kmemp_batch *batch,
		      bool turned, struct kmemp_cost *cost)
{
	const struct kmemp_cost own = kmemp_to_draft(batch)->cost;
	const struct kmemp_pool *pool = batch->pool;

	cost->meta = stage->cost.meta + own.meta;
	cost->weight = stage->cost.weight + own.weight;
	if (turned || cost->meta > stage->ask_at ||
	    !kmemp_cost_fits(pool, *cost)) {
		*cost = ask_cost(stage, batch);
		stage->ask_at = max(2 * cost->meta, ASK_AT);
	}
	return kmemp_cost_fits(pool, *cost) &&
	       cost->meta <= stage->batch.nr_meta + batch->nr_meta;
}

/*
 * May this stage, or the overlay before, have mapped one of the overlay's pages?
 * If not, which is told by a bit for each, nothing has to be compared.
 */
static bool note_pages(struct kmemp_stage *stage,
		       const struct kmemp_overlay *overlay)
{
	bool noted = false;
	u64 page, end;
	u32 i;

	for (i = 0; i < overlay->nr; i++) {
		const struct kmemp_stretch *s = &overlay->stretch[i];

		end = s->page ? s->page + (s->end - s->offset) : 0;
		for (page = s->page; page < end; page++) {
			u32 bit = page % KMEMP_STAGE_PAGES;
			u64 mask = 1ULL << bit % 64;

			noted |= stage->pages[bit / 64] & mask;
			stage->pages[bit / 64] |= mask;
		}
	}
	return noted;
}

static void add_record(struct kmemp_stage *stage,
		       const struct kmemp_change *change)
{
	struct kmemp_batch *all = &stage->batch;
	struct kmemp_change *changes = (struct kmemp_change *)all->changes;
	u32 at = kmemp_stage_find(stage, change);
	struct kmemp_link *link = &stage->links[at];
	struct kmemp_record record = change->record;
	u8 *text = (u8 *)changes[at].record.name;

	if (at == all->nr_changes) {
		u16 *head = kmemp_stage_head(stage, change->object, &record);

		link->next = *head;
		link->room = 0;
		*head = at + 1;
		all->nr_changes++;
	}
	if (text_room(&record) > link->room || !link->room) {
		link->room = text_room(&record);
		text = stage->text + stage->text_used;
		stage->text_used += link->room;
	}
	if (record.name_len)
		memcpy(text, record.name, record.name_len);
	if (record.value_len)
		memcpy(text + record.name_len, record.value, record.value_len);
	changes[at] = *change;
	changes[at].record.name = text;
	changes[at].record.value = text + record.name_len;
}

static void add_change(struct kmemp_stage *stage,
		       const struct kmemp_change *change)
{
	struct kmemp_batch *all = &stage->batch;
	struct kmemp_change *changes = (struct kmemp_change *)all->changes;

	if (kmemp_is_record(change))
		add_record(stage, change);
	else
		changes[all->nr_changes++] = *change;
}

/**
 * kmemp_stage_add - append a batch
 * @stage: the stage
 * @batch: for which kmemp_stage_takes(), with its metadata pages in hand; if
 *	they are more than the stage needs with it, some are left to it, and
 *	nothing else
 * @overlay: of the batch
 *
 * Lookups see it at once. Context: under the queue's lock.
 *
 * Return: 0; -EAGAIN: the stage is too full; -EINVAL: a page would be mapped
 * twice.
 */
int kmemp_stage_add(struct kmemp_stage *stage, struct kmemp_batch *batch,
		    const struct kmemp_overlay *overlay)
{
	struct kmemp_batch *all = &stage->batch;
	struct kmemp_pool *pool = all->pool;
	struct kmemp_cost cost;
	struct sums sums = {};
	u32 i;

	lockdep_assert_held(&pool->queue->lock);
	if (!has_room(stage, batch, &sums))
		return -EAGAIN;
	if (note_pages(stage, overlay) &&
	    (kmemp_overlay_repeats(overlay) ||
	     kmemp_overlay_clashes(&stage->overlay, overlay)))
		return -EINVAL;
	if (!find_cost(stage, batch, sums.turned, &cost))
		return -EAGAIN;

	kmemp_readers_exclude(pool);
	for (i = 0; i < batch->nr_changes; i++)
		add_change(stage, &batch->changes[i]);
	for (i = 0; i < overlay->nr; i++)
		kmemp_overlay_replace(&stage->overlay, &overlay->stretch[i]);
	kmemp_readers_admit(pool);
	while (all->nr_meta < cost.meta)
		all->meta[all->nr_meta++] = batch->meta[--batch->nr_meta];
	stage->cost = cost;
	all->bytes = sums.bytes;
	stage->items = sums.items;
	return 0;
}

/**
 * kmemp_stage_empty - forget what is durable
 * @stage: committed; its metadata pages have been returned
 *
 * Context: with the commit right, and not the open stage.
 */
void kmemp_stage_empty(struct kmemp_stage *stage)
{
	struct kmemp_batch *batch = &stage->batch;

	lockdep_assert_held(&batch->pool->commit_lock);
	kmemp_readers_exclude(batch->pool);
	batch->nr_changes = 0;
	stage->overlay.nr = 0;
	memset(stage->heads, 0, sizeof(stage->heads));
	kmemp_readers_admit(batch->pool);
	batch->bytes = 0;
	stage->items = 0;
	stage->text_used = 0;
	stage->cost = (struct kmemp_cost){};
	stage->ask_at = ASK_AT;
	memset(stage->pages, 0, sizeof(stage->pages));
}
