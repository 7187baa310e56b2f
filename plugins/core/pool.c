// SPDX-License-Identifier: GPL-2.0
/*
 * Opening, formatting and asking a pool: what every format has in common.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"
#include "super.h"

struct kmemp_media *kmemp_pool_media(struct kmemp_pool *pool)
{
	return pool->media;
}
EXPORT_SYMBOL_GPL(kmemp_pool_media);

u64 kmemp_pool_pages(const struct kmemp_pool *pool)
{
	return pool->super.pool_pages;
}
EXPORT_SYMBOL_GPL(kmemp_pool_pages);

bool kmemp_pool_readonly(const struct kmemp_pool *pool)
{
	return pool->readonly;
}
EXPORT_SYMBOL_GPL(kmemp_pool_readonly);

void *kmemp_pool_private(const struct kmemp_pool *pool)
{
	return pool->private;
}
EXPORT_SYMBOL_GPL(kmemp_pool_private);

void kmemp_pool_set_private(struct kmemp_pool *pool, void *priv)
{
	pool->private = priv;
}
EXPORT_SYMBOL_GPL(kmemp_pool_set_private);

static int fill_pool(void *arg)
{
	struct kmemp_pool *pool = arg;

	return pool->format->format(pool);
}

static int params_check(const struct kmemp_media *media,
			const struct kmemp_format_params *params, u64 pages,
			struct kmemp_verdict *verdict)
{
	const char *label = params->label ?: "";
	size_t len = strlen(label);

	if (pages < KMEMP_MIN_POOL_PAGES)
		return kmemp_refuse(verdict, KMEMP_REFUSE_TOO_SMALL,
				    "%llu pages, at least %llu", pages,
				    KMEMP_MIN_POOL_PAGES);
	if (pages > media->size >> KMEMP_PAGE_SHIFT ||
	    pages > KMEMP_MAX_POOL_PAGES)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "pool of %llu pages, device of %llu", pages,
				    media->size >> KMEMP_PAGE_SHIFT);
	if (len > KMEMP_LABEL_SIZE || (len && !kmemp_name_valid(label, len)))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "the label is not a valid name");
	if (params->data_min > pages || params->data_max > pages ||
	    (params->data_max && params->data_min > params->data_max))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "data_min %llu, data_max %llu of %llu pages",
				    params->data_min, params->data_max, pages);
	return 0;
}

/**
 * kmemp_pool_format - make a device a pool
 * @media: the device; whatever it holds is lost
 * @params: what the pool shall be
 * @verdict: filled in when it is refused, in which case no byte was changed,
 *	unless the medium itself failed (KMEMP_REFUSE_READ)
 *
 * Whether the device may be formatted is the caller's to find out. Durable at
 * return. Context: may sleep.
 *
 * Return: 0 or a negative errno.
 */
int kmemp_pool_format(struct kmemp_media *media,
		      const struct kmemp_format_params *params,
		      struct kmemp_verdict *verdict)
{
	u64 pages = params->pool_pages ?: media->size >> KMEMP_PAGE_SHIFT;
	struct kmemp_pool *pool;
	struct kmemp_super *super;
	int ret;

	ret = params_check(media, params, pages, verdict);
	if (ret)
		return ret;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY, "%s", "");
	pool->media = media;
	pool->format = kmemp_format_get(params->type);
	if (!pool->format) {
		ret = kmemp_refuse(verdict, KMEMP_REFUSE_TYPE_UNKNOWN, "%u",
				   params->type);
		goto err_pool;
	}

	super = &pool->super;
	super->type = params->type;
	super->version = KMEMP_VERSION;
	super->incompat = KMEMP_INCOMPAT_EXPERIMENTAL;
	super->pool_pages = pages;
	memcpy(super->uuid, params->uuid, sizeof(super->uuid));
	memcpy(super->seal_key, params->seal_key, sizeof(super->seal_key));
	memcpy(super->hash_key, params->hash_key, sizeof(super->hash_key));
	if (params->label)
		strscpy(super->label, params->label, sizeof(super->label));
	super->data_min = params->data_min;
	super->data_max = params->data_max;

	ret = kmemp_super_create(media, super, fill_pool, pool);
	if (ret)
		kmemp_refuse(verdict, pool->verdict.code ?:
			     ret == -ENOMEM ? KMEMP_REFUSE_NO_MEMORY :
					      KMEMP_REFUSE_READ,
			     "%s", pool->verdict.particulars);
	kmemp_format_put(pool->format);
err_pool:
	/* It held the keys. */
	kfree_sensitive(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_format);

static int features_check(struct kmemp_pool *pool)
{
	u64 unknown = pool->super.ro_compat & ~KMEMP_RO_COMPAT_KNOWN;

	if (unknown && !pool->readonly)
		return kmemp_complain(pool, KMEMP_REFUSE_RO_COMPAT,
				      "ro_compat bits %#llx", unknown);
	return 0;
}

/*
 * What was read of the superblock pages may be in the cache alone: whoever
 * stored it was stopped before its fence. Recovery relies on it.
 */
static void flush_super(struct kmemp_pool *pool)
{
	u64 copy = kmemp_super_copy_pos(&pool->super);

	kmemp_media_flush(pool->media, 0, KMEMP_PAGE_SIZE);
	kmemp_media_flush(pool->media, copy, KMEMP_PAGE_SIZE);
	/*
	 * Static part, state and roots, as read, are durable before anything
	 * that recovery stores because of them.
	 */
	kmemp_media_fence(pool->media);
}

/* Pages that are mapped twice need counts of references, which are not here. */
static int sharing_check(struct kmemp_pool *pool)
{
	u64 id = KMEMP_OBJ_SHARING;
	int ret;

	if (!pool->format->next_object)
		return 0;
	ret = pool->format->next_object(pool, &id);
	if (ret == -ENOENT || id != KMEMP_OBJ_SHARING)
		return 0;
	/* Where it has to be loaded first, something was put there. */
	if (ret && ret != -EAGAIN)
		return kmemp_complain(pool, ret == -EIO ? KMEMP_REFUSE_READ :
				      KMEMP_REFUSE_STRUCTURE,
				      "list of objects: error %d", ret);
	return kmemp_complain(pool, KMEMP_REFUSE_INCOMPAT, "shared pages");
}

/**
 * kmemp_pool_open - recover a pool and make it usable
 * @pool: zeroed by the caller; @pool->verdict says why it was refused
 * @media: its medium, must outlive the pool
 * @readonly: store nothing
 *
 * The format must be registered. Unless @readonly, a damaged superblock copy
 * is written anew after recovery. Context: may sleep.
 *
 * Return: 0 or a negative errno, with nothing left allocated; -ENOMEDIUM for a
 * device without a pool.
 */
int kmemp_pool_open(struct kmemp_pool *pool, struct kmemp_media *media,
		    bool readonly)
{
	int ret;

	pool->media = media;
	pool->readonly = readonly;
	mutex_init(&pool->commit_lock);
	mutex_init(&pool->id_lock);
	init_rwsem(&pool->readers);
	switch (kmemp_super_read(media, &pool->super, &pool->verdict)) {
	case KMEMP_CONTENT_PLAIN:
		return -ENOMEDIUM;
	case KMEMP_CONTENT_REFUSED:
		return kmemp_refusal_info(pool->verdict.code)->err;
	case KMEMP_CONTENT_POOL:
		break;
	}
	pool->format = kmemp_format_get(pool->super.type);
	if (!pool->format)
		return kmemp_complain(pool, KMEMP_REFUSE_TYPE_UNKNOWN, "%u",
				      pool->super.type);
	ret = features_check(pool);
	if (ret)
		goto err_format;
	/* A format without objects has nothing to commit. */
	if (!readonly && pool->format->commit) {
		ret = kmemp_queue_init(pool);
		if (ret) {
			kmemp_complain(pool, KMEMP_REFUSE_NO_MEMORY, "%s", "");
			goto err_format;
		}
	}
	if (!readonly)
		flush_super(pool);
	ret = pool->format->open(pool);
	if (ret) {
		kmemp_complain(pool, ret == -ENOMEM ? KMEMP_REFUSE_NO_MEMORY :
			       ret == -EIO ? KMEMP_REFUSE_READ :
			       KMEMP_REFUSE_STRUCTURE, "open: error %d", ret);
		goto err_queue;
	}
	ret = sharing_check(pool);
	if (ret)
		goto err_open;
	if (!readonly) {
		ret = kmemp_super_mend(media, &pool->super);
		/* -EIO: the other page is whole; who opens it says so. */
		if (ret == -ENOMEM) {
			kmemp_complain(pool, KMEMP_REFUSE_NO_MEMORY, "%s", "");
			goto err_open;
		}
	}
	return 0;

err_open:
	pool->format->close(pool);
err_queue:
	kmemp_queue_destroy(pool);
err_format:
	kmemp_format_put(pool->format);
	pool->format = NULL;
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_open);

/**
 * kmemp_pool_close_saving - let go of an opened pool, for a quick next opening
 * @pool: as opened; must not be used afterwards
 * @source: who knows which pages are in use, once all that waited have been
 *	given back; NULL: nobody
 *
 * What was queued is committed first. Where that fails it is said, and lost:
 * kmemp_pool_sync() before tells.
 */
void kmemp_pool_close_saving(struct kmemp_pool *pool,
			     const struct kmemp_used_source *source)
{
	if (source && pool->format->commit)
		kmemp_pool_retire(pool);
	kmemp_pool_sync(pool);
	pool->format->close(pool);
	kmemp_pool_finish(pool, source);
	kmemp_queue_destroy(pool);
	kmemp_format_put(pool->format);
	pool->format = NULL;
	memzero_explicit(&pool->super, sizeof(pool->super));
}
EXPORT_SYMBOL_GPL(kmemp_pool_close_saving);

/**
 * kmemp_pool_close - let go of an opened pool
 * @pool: as opened; must not be used afterwards
 *
 * See kmemp_pool_close_saving(); nothing is saved.
 */
void kmemp_pool_close(struct kmemp_pool *pool)
{
	kmemp_pool_close_saving(pool, NULL);
}
EXPORT_SYMBOL_GPL(kmemp_pool_close);

/* Formats that keep objects do not know which of their pages are bad. */
static int walk_bad(struct kmemp_pool *pool, kmemp_used_fn fn, void *arg)
{
	struct kmemp_extent extent;
	u64 offset = 0;
	int ret;

	if (!pool->format->next_extent)
		return 0;
	while (true) {
		ret = kmemp_pool_next_extent(pool, KMEMP_OBJ_BAD, offset,
					     KMEMP_MAX_OBJECT_PAGES, &extent);
		if (!ret)
			ret = fn(arg, extent.page, extent.count, KMEMP_USE_BAD);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		offset = extent.offset + extent.count;
	}
}

/**
 * kmemp_pool_walk_used - the pages that must never be RAM
 * @pool: the pool
 * @fn: called for each run; its first nonzero return ends it
 * @arg: for @fn
 *
 * Bad pages first, then in any order, repeats allowed, superblock pages
 * included. Indices go up to the device's last page, which holds a pointer
 * where it is not the copy.
 *
 * Return: 0, the first nonzero return of @fn, or a negative errno where the
 * list would not be complete; then no page may become RAM.
 */
int kmemp_pool_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn,
			     void *arg)
{
	u64 device_pages = pool->media->size >> KMEMP_PAGE_SHIFT;
	int ret;

	ret = walk_bad(pool, fn, arg);
	if (!ret)
		ret = fn(arg, 0, 1, KMEMP_USE_META);
	if (!ret)
		ret = fn(arg, pool->super.pool_pages - 1, 1, KMEMP_USE_META);
	if (!ret && device_pages > pool->super.pool_pages)
		ret = fn(arg, device_pages - 1, 1, KMEMP_USE_META);
	if (ret)
		return ret;
	ret = kmemp_used_map_walk(pool, fn, arg);
	if (ret == -ENOENT)
		ret = pool->format->for_each_used(pool, fn, arg);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_walk_used);

/**
 * kmemp_pool_set_limits - change what data is guaranteed and allowed
 * @pool: the pool
 * @data_min: pages guaranteed to data
 * @data_max: ceiling of data in pages, 0 for none
 *
 * Durable at return. Takes the commit right.
 *
 * Return: 0, -EINVAL for numbers that contradict each other or the pool's
 * size, -EROFS for a pool opened read-only, -ENOMEM, -EIO.
 */
int kmemp_pool_set_limits(struct kmemp_pool *pool, u64 data_min, u64 data_max)
{
	struct kmemp_super *super = &pool->super;
	u64 old_min, old_max;
	int ret = 0;

	if (pool->readonly)
		return -EROFS;
	if (data_min > super->pool_pages || data_max > super->pool_pages ||
	    (data_max && data_min > data_max))
		return -EINVAL;
	kmemp_commit_begin(pool);
	old_min = super->data_min;
	old_max = super->data_max;
	if (data_min != old_min || data_max != old_max) {
		super->data_min = data_min;
		super->data_max = data_max;
		ret = kmemp_super_write_static(pool->media, super);
	}
	if (ret) {
		super->data_min = old_min;
		super->data_max = old_max;
	}
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_set_limits);

/**
 * kmemp_pool_reserve - pages to withhold beyond those in use
 * @pool: the pool
 * @used_pages: pages in use
 *
 * What overwriting and removing may need at any time without asking the page
 * allocator: the format's standing reserve, its growth, the cost of shattering
 * what is mapped (of all that is used, since not every format tells data from
 * metadata), and the pages in flight.
 *
 * Return: pages.
 */
u64 kmemp_pool_reserve(const struct kmemp_pool *pool, u64 used_pages)
{
	u64 shatter = used_pages * pool->format->shatter_bytes;

	return pool->format->standing + READ_ONCE(pool->growth) +
	       KMEMP_RESERVE_INFLIGHT +
	       (shatter + KMEMP_PAGE_SIZE - 1) / KMEMP_PAGE_SIZE;
}
EXPORT_SYMBOL_GPL(kmemp_pool_reserve);

/**
 * kmemp_reserve_growth - what the format's metadata may yet become
 * @pool: the pool
 * @pages: that what it holds may come to need without anything being added
 *
 * Withheld beyond what struct kmemp_format_ops says. A commit that raises it
 * leaves at least as many pages of its batch untaken. Context: in the format's
 * open, commit, retire or work.
 */
void kmemp_reserve_growth(struct kmemp_pool *pool, u64 pages)
{
	WRITE_ONCE(pool->growth, pages);
}
EXPORT_SYMBOL_GPL(kmemp_reserve_growth);

/**
 * kmemp_pool_nr_extents - how many extents does the pool keep?
 * @pool: opened
 * @nr: filled in; what is staged does not count
 *
 * Costs nothing that depends on how many there are. Context: may sleep.
 *
 * Return: false where the format does not know without looking for them.
 */
bool kmemp_pool_nr_extents(struct kmemp_pool *pool, u64 *nr)
{
	if (!pool->format->nr_extents)
		return false;
	down_read(&pool->readers);
	*nr = pool->format->nr_extents(pool);
	up_read(&pool->readers);
	return true;
}
EXPORT_SYMBOL_GPL(kmemp_pool_nr_extents);

/* A bad page is mapped onto itself, so that nothing else ever gets it. */
static int map_bad(struct kmemp_pool *pool, u64 page)
{
	struct kmemp_extent found, extent = {
		.offset = page,
		.page = page,
		.count = 1,
	};
	struct kmemp_batch *batch;
	int ret;

	/* Somebody else may be about to make it durable. */
	ret = kmemp_pool_next_extent(pool, KMEMP_OBJ_BAD, page, 1, &found);
	if (!ret && found.offset == page)
		return kmemp_pool_sync(pool);
	if (ret && ret != -ENOENT)
		return ret;
	batch = kmemp_batch_new(pool);
	if (!batch)
		return -ENOMEM;
	/* The page is withheld already; on a full node too. */
	kmemp_batch_set_overwrites(batch);
	ret = kmemp_batch_map(batch, KMEMP_OBJ_BAD, &extent);
	if (!ret)
		ret = kmemp_batch_commit(batch);
	kmemp_batch_free(batch);
	return ret ?: kmemp_pool_confirm(pool);
}

/**
 * kmemp_pool_mark_bad - record a poisoned page
 * @pool: the pool
 * @page: page index; nothing uses it
 *
 * Durable at return; from then on it is among the used pages. Takes the commit
 * right. Context: may sleep.
 *
 * Return: 0; -EINVAL for a page outside the pool; -EROFS; -ENOSPC; or what a
 * commit returns.
 */
int kmemp_pool_mark_bad(struct kmemp_pool *pool, u64 page)
{
	int ret;

	if (page >= pool->super.pool_pages)
		return -EINVAL;
	if (pool->readonly)
		return -EROFS;
	if (!pool->format->mark_bad)
		return map_bad(pool, page);
	kmemp_commit_begin(pool);
	kmemp_used_map_drop(pool);
	ret = pool->format->mark_bad(pool, page);
	if (!ret && READ_ONCE(pool->media->failed))
		ret = -EIO;
	kmemp_commit_end(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_mark_bad);

/**
 * kmemp_pool_check - verify a pool, read only
 * @pool: opened read-only; kmemp_pool_check_live() is for others
 * @findings: where to report
 *
 * Return: 0 when the check ran to its end, whatever it found.
 */
int kmemp_pool_check(struct kmemp_pool *pool,
		     const struct kmemp_findings *findings)
{
	int ret;

	if (pool->super.damaged & KMEMP_DAMAGED_FIRST)
		findings->finding(findings->arg, KMEMP_MENDED, 0, 0,
				  "superblock page is damaged or out of date; the next bind writes it anew");
	if (pool->super.damaged & KMEMP_DAMAGED_COPY)
		findings->finding(findings->arg, KMEMP_MENDED, 0,
				  kmemp_super_copy_pos(&pool->super),
				  "superblock copy is damaged or out of date; the next bind writes it anew");
	if (pool->super.damaged & KMEMP_DAMAGED_POINTER)
		findings->finding(findings->arg, KMEMP_MENDED, 0,
				  pool->media->size - KMEMP_PAGE_SIZE,
				  "the device's last page does not point to the superblock copy; the next bind writes it anew");
	ret = pool->format->check(pool, findings);
	if (!ret && kmemp_pool_keeps_objects(pool))
		ret = kmemp_check_objects(pool, findings);
	if (!ret)
		ret = kmemp_used_map_check(pool, findings);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_pool_check);

/**
 * kmemp_pool_describe - readable dump of a pool's structures
 * @pool: opened
 * @findings: where to write
 *
 * Return: 0 or a negative errno.
 */
int kmemp_pool_describe(struct kmemp_pool *pool,
			const struct kmemp_findings *findings)
{
	return pool->format->describe(pool, findings);
}
EXPORT_SYMBOL_GPL(kmemp_pool_describe);
