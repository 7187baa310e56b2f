/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool that is read and not written to: what it holds is taken elsewhere.
 */
#ifndef KMEMP_TOOLS_SOURCE_H
#define KMEMP_TOOLS_SOURCE_H

#include <kmem_persist/pool.h>

#include "target.h"

/**
 * struct source - a pool that is read
 * @target: where it is
 * @file: its medium, mapped for reading
 * @pool: opened read-only
 */
struct source {
	struct target target;
	struct kmemp_media_file file;
	struct kmemp_pool pool;
};

int source_open(struct source *source, const char *arg);
int source_sound(struct source *source, bool salvage);
void source_close(struct source *source);

#endif /* KMEMP_TOOLS_SOURCE_H */
