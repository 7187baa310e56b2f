/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools of format none for tests of the superblock.
 */
#ifndef KMEMP_UNIT_FIXTURE_H
#define KMEMP_UNIT_FIXTURE_H

#include <kmem_persist/pool.h>

#include "media_cut.h"

#define FIXTURE_PAGES	KMEMP_MIN_POOL_PAGES
#define FIXTURE_COPY	(FIXTURE_PAGES - 1)

void fixture_params(struct kmemp_format_params *params, unsigned int nr);
void fixture_format(struct media_cut *cut, u64 device_pages, unsigned int nr);
void fixture_reseal(struct media_cut *cut, u64 page);
bool fixture_is(const struct kmemp_super *super, unsigned int nr);
int fixture_open(struct media_cut *cut, unsigned int nr, bool readonly);
enum kmemp_refusal fixture_refusal(struct media_cut *cut, bool readonly);

#endif /* KMEMP_UNIT_FIXTURE_H */
