/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The linker has every call of these functions come to the second one of each
 * pair, see crash.mk; the first is what it is in the product.
 */
#ifndef KMEMP_TEST_CRASH_MUTANT_PAGES_H
#define KMEMP_TEST_CRASH_MUTANT_PAGES_H

#include "core.h"
#include "extent/extent.h"
#include "log/log.h"

void __real_kmemp_meta_put(struct kmemp_batch *batch, u64 page);
void __wrap_kmemp_meta_put(struct kmemp_batch *batch, u64 page);
void __real_kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
			   const struct kmemp_run *run, bool meta);
void __wrap_kmemp_wait_add(struct kmemp_pool *pool, u64 sequence,
			   const struct kmemp_run *run, bool meta);
void __real_kmemp_wait_settle(struct kmemp_pool *pool);
void __wrap_kmemp_wait_settle(struct kmemp_pool *pool);
void __real_kmemp_root_write(struct kmemp_pool *pool, struct kmemp_root *root);
void __wrap_kmemp_root_write(struct kmemp_pool *pool, struct kmemp_root *root);
void __real_kmemp_log_tail_write(struct kmemp_log *log);
void __wrap_kmemp_log_tail_write(struct kmemp_log *log);
void __real_kmemp_ext_space_free(struct kmemp_ext_space *space,
				 struct kmemp_batch *batch,
				 struct kmemp_ext_blocks *freed);
void __wrap_kmemp_ext_space_free(struct kmemp_ext_space *space,
				 struct kmemp_batch *batch,
				 struct kmemp_ext_blocks *freed);

#endif
