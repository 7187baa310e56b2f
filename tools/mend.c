// SPDX-License-Identifier: GPL-2.0
/*
 * Repair of a pool, see mend.h: what the next bind would do, and what the format
 * can put right beyond that.
 */
#include <linux/errno.h>

#include "media_file.h"
#include "mend.h"
#include "pages.h"

/**
 * struct work - a repair
 * @media: of the pool
 * @orphans: objects that wait for it are removed
 */
struct work {
	struct kmemp_media *media;
	bool orphans;
};

static int mend_objects(struct kmemp_pool *pool, bool orphans)
{
	int ret;

	ret = kmemp_pool_repair(pool);
	while (!ret && orphans) {
		ret = kmemp_orphan_step(pool);
		if (ret <= 0)
			break;
		ret = 0;
	}
	return ret;
}

static int mend(void *arg)
{
	struct work *work = arg;
	struct kmemp_pool pool = {};
	struct pages pages = {};
	int ret;

	/* Recovers, and writes anew what the superblock has twice. */
	ret = kmemp_pool_open(&pool, work->media, false);
	if (ret)
		return ret;
	if (kmemp_pool_keeps_objects(&pool)) {
		ret = pages_init(&pages, &pool);
		if (!ret) {
			kmemp_pool_set_source(&pool, &pages_source, &pages);
			ret = mend_objects(&pool, work->orphans);
		}
	}
	kmemp_pool_close(&pool);
	pages_destroy(&pages);
	return ret;
}

/**
 * mend_pool - put right what can be put right without a guess
 * @media: of a pool that opens
 * @orphans: also do what is promised of orphans
 *
 * Return: 0, or the negative errno at which it ended.
 */
int mend_pool(struct kmemp_media *media, bool orphans)
{
	struct work work = { .media = media, .orphans = orphans };

	return kmemp_media_file_guard(mend, &work);
}
