/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of the gates, and the pools that they are made on.
 */
#ifndef KMEMP_TEST_CRASH_OPS_H
#define KMEMP_TEST_CRASH_OPS_H

#include "crash_util.h"

#define CRASH_STEPS	16u

enum {
	CRASH_RETIRE = CRASH_STEPS, CRASH_CONFIRM, CRASH_LIMITS, CRASH_REOPEN,
	CRASH_QUEUE,
	CRASH_NR_OPS,
};

enum crash_pool {
	CRASH_FRESH,		/* nothing is in it */
	CRASH_USED,		/* something of every kind */
	CRASH_PENDING,		/* the same, and not retired yet */
	CRASH_RECOVERED,	/* power was lost: recovery stored last */
	CRASH_REPEATED,		/* power was lost in the same operation */
	CRASH_FULL,		/* what adds finds few pages, and then none */
	CRASH_NR_POOLS,
};

extern const char *const crash_op_names[CRASH_NR_OPS];
extern const char *const crash_pool_names[CRASH_NR_POOLS];

/* @turn: the same operation with other names and numbers. */
void crash_do_op(struct crash_work *work, unsigned int op, unsigned int turn);
/* Formatted, prepared for @op in @turn and open; the record is empty. */
void crash_make_pool(struct crash_work *work, enum crash_pool pool,
		     unsigned int op, unsigned int turn);

#endif
