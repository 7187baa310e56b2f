/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool that is about to be made: what the command line asks for, and whether
 * it may be.
 */
#ifndef KMEMP_TOOLS_NEW_POOL_H
#define KMEMP_TOOLS_NEW_POOL_H

#include <kmem_persist/pool.h>

#include "target.h"

struct json_object;

/**
 * struct new_pool - what is asked for
 * @params: for the core, in pages
 * @type: name or number of the format, NULL until given
 * @have_data_min: --data-min was given
 * @have_data_max: --data-max was given
 * @force: overwrite what is there, and do without a persistence domain
 */
struct new_pool {
	struct kmemp_format_params params;
	const char *type;
	bool have_data_min;
	bool have_data_max;
	bool force;
};

int new_pool_option(struct new_pool *pool, int c);
int new_pool_find_type(struct new_pool *pool);
int new_pool_sizes(struct new_pool *pool, const char *name, u64 size);
int new_pool_keys(struct new_pool *pool);
void new_pool_forget_keys(struct new_pool *pool);
int new_pool_domain(const struct new_pool *pool, const struct target *target);
int new_pool_content(const struct new_pool *pool, const char *name,
		     struct kmemp_media *media);
int new_pool_show(const struct target *target, struct kmemp_media *media,
		  struct json_object *object);
void new_pool_warn(const struct new_pool *pool, const struct target *target);

#endif /* KMEMP_TOOLS_NEW_POOL_H */
