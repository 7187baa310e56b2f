/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool that is built in memory first: all but its data.
 */
#ifndef KMEMP_TOOLS_PLAN_H
#define KMEMP_TOOLS_PLAN_H

#include <kmem_persist/pool.h>

#include "media_file.h"
#include "pages.h"

/**
 * struct plan - a pool, and what is on its way into it
 * @file: memory as large as the medium; takes room only where it is written
 * @pool: the pool on it
 * @pages: who has which page of it
 * @batch: changes that are not committed yet
 * @object: whose @pending is
 * @pending: extent that may still grow; its page is not chosen yet
 * @short_of: bytes that are missing where plan_end() said -ENOSPC
 */
struct plan {
	struct kmemp_media_file file;
	struct kmemp_pool pool;
	struct pages pages;
	struct kmemp_batch *batch;
	u64 object;
	struct kmemp_extent pending;
	u64 short_of;
};

int plan_begin(struct plan *plan, u64 size,
	       const struct kmemp_format_params *params,
	       struct kmemp_verdict *verdict);
int plan_record(struct plan *plan, u64 object,
		const struct kmemp_record *record);
int plan_extent(struct plan *plan, u64 object,
		const struct kmemp_extent *extent);
int plan_end(struct plan *plan);
void plan_free(struct plan *plan);

typedef int (*plan_data_fn)(void *arg);

int plan_install(struct plan *plan, struct kmemp_media *media,
		 plan_data_fn copy_data, void *arg);
int plan_store(struct plan *plan, struct kmemp_media *media, u64 object,
	       const struct kmemp_extent *extent, const u8 *data);

#endif /* KMEMP_TOOLS_PLAN_H */
