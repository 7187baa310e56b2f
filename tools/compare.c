// SPDX-License-Identifier: GPL-2.0
/*
 * Does one pool hold what another one does? Each item of the first is looked
 * up in the second, and the second has no more of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "compare.h"
#include "progress.h"

static int __printf(2, 3) differ(struct compare *compare, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(compare->differs, sizeof(compare->differs), fmt, args);
	va_end(args);
	return -EBADE;
}

static int same_record(void *arg, u64 object, const struct kmemp_record *record)
{
	struct compare *compare = arg;
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record found = {
		.kind = record->kind,
		.name = record->name,
		.name_len = record->name_len,
	};
	int ret;

	ret = kmemp_pool_get_record(compare->pool, object, &found, buffer);
	if (ret)
		return differ(compare, "a record of object %llu: %s",
			      (unsigned long long)object, strerror(-ret));
	if (found.value_len != record->value_len ||
	    memcmp(found.value, record->value, record->value_len))
		return differ(compare, "the value of a record of object %llu",
			      (unsigned long long)object);
	return 0;
}

static int same_bytes(struct compare *compare, const struct kmemp_extent *found,
		      const u8 *data, u8 *buffer)
{
	size_t len = (size_t)found->count << KMEMP_PAGE_SHIFT;

	return !kmemp_media_read(compare->pool->media,
				 found->page << KMEMP_PAGE_SHIFT, buffer,
				 len) && !memcmp(buffer, data, len);
}

static int same_extent(void *arg, u64 object, const struct kmemp_extent *extent,
		       const u8 *data)
{
	static u8 buffer[WALK_PAGES * KMEMP_PAGE_SIZE];
	struct compare *compare = arg;
	u64 offset = extent->offset, end = offset + extent->count;
	struct kmemp_extent found;
	int ret = 0;

	while (!ret && offset < end) {
		ret = kmemp_pool_next_extent(compare->pool, object, offset,
					     end - offset, &found);
		if (ret || found.offset != offset ||
		    found.flags != extent->flags || found.tag != extent->tag) {
			ret = differ(compare, "the map of object %llu at byte %llu",
				     (unsigned long long)object,
				     (unsigned long long)offset <<
				     KMEMP_PAGE_SHIFT);
			break;
		}
		found.count = min_t(u64, found.count, end - offset);
		if (data &&
		    !same_bytes(compare, &found, data +
				((offset - extent->offset) << KMEMP_PAGE_SHIFT),
				buffer))
			ret = differ(compare, "the data of object %llu within %u pages at byte %llu",
				     (unsigned long long)object, found.count,
				     (unsigned long long)offset <<
				     KMEMP_PAGE_SHIFT);
		offset += found.count;
	}
	if (data)
		progress_add((u64)extent->count << KMEMP_PAGE_SHIFT);
	return ret;
}

/* What was copied was found; there must not be more. */
static int same_number(struct compare *compare, const struct walk *walk)
{
	struct walk copy = { .pool = compare->pool };
	u64 id = KMEMP_OBJ_BAD;
	int ret;

	ret = walk_pool(&copy);
	if (!ret && copy.losses.nr)
		ret = differ(compare, "the copy cannot be read in %zu places",
			     copy.losses.nr);
	losses_free(&copy.losses);
	if (ret)
		return ret;
	if (copy.objects != walk->objects || copy.records != walk->records ||
	    copy.pages != walk->pages)
		return differ(compare, "%llu objects, %llu records, %llu pages instead of %llu, %llu, %llu",
			      (unsigned long long)copy.objects,
			      (unsigned long long)copy.records,
			      (unsigned long long)copy.pages,
			      (unsigned long long)walk->objects,
			      (unsigned long long)walk->records,
			      (unsigned long long)walk->pages);
	if (kmemp_pool_keeps_objects(compare->pool) &&
	    !kmemp_pool_next_object(compare->pool, &id) && id == KMEMP_OBJ_BAD)
		return differ(compare, "it has bad pages from the beginning");
	return 0;
}

/**
 * compare_pools - compare a copy with what it was made from
 * @compare: the copy
 * @walk: through the other one, zeroed but for its pool
 *
 * Return: 0; -EBADE: they differ, and it is said in @compare how; or what
 * walk_pool() says.
 */
int compare_pools(struct compare *compare, struct walk *walk)
{
	int ret;

	walk->data = true;
	walk->record = same_record;
	walk->extent = same_extent;
	walk->arg = compare;
	ret = walk_pool(walk);
	return ret ?: same_number(compare, walk);
}
