/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that can be done to a pool, each as one thing that may fail.
 */
#ifndef KMEMP_TEST_FAIL_OPS_H
#define KMEMP_TEST_FAIL_OPS_H

#include "pool_util.h"

/**
 * struct fail_op - something that is done to a pool
 * @name: of it
 * @before: done before, and does not fail; NULL: nothing
 * @run: 0 or an error; the pool is open, unless @opens
 * @opens: what is run opens the pool, or makes it
 * @closes: it closes it
 * @makes: it makes a new one
 * @lazy: what it changes is not durable by itself
 * @look: it only looks
 */
struct fail_op {
	const char *name;
	int (*before)(struct test_pool *t);
	int (*run)(struct test_pool *t);
	bool opens, closes, makes, lazy, look;
};

extern const struct fail_op fail_ops[];
extern const unsigned int fail_nr_ops;

#endif
