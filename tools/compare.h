/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does one pool hold what another one does?
 */
#ifndef KMEMP_TOOLS_COMPARE_H
#define KMEMP_TOOLS_COMPARE_H

#include "walk.h"

/**
 * struct compare - what to compare, and where it differs
 * @pool: the copy, opened
 * @differs: filled in: what the first difference is; empty for none
 */
struct compare {
	struct kmemp_pool *pool;
	char differs[160];
};

int compare_pools(struct compare *compare, struct walk *walk);

#endif /* KMEMP_TOOLS_COMPARE_H */
