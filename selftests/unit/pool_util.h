/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool on a recorded medium, with a page source over the used map.
 */
#ifndef KMEMP_TEST_POOL_UTIL_H
#define KMEMP_TEST_POOL_UTIL_H

#include <kmem_persist/pool.h>

#include "media_record.h"

/* A random number below @below, the same ones in each run; also of one's own. */
extern u64 test_seed;
u32 rnd(u32 below);
u32 rnd_of(u64 *seed, u32 below);

struct test_pool {
	struct kmemp_pool pool;
	struct record *record;
	struct mutex lock;	/* of what follows, up to @open */
	u8 *used;		/* a byte per page */
	u64 nr_pages, nr_free;
	u64 withheld;		/* not for batches that add */
	u64 hint;
	u64 bad_gives;		/* pages given back that were not in use */
	u64 takes[2];		/* tries to take metadata, by @adds */
	u64 pended;		/* calls of @pending */
	bool open;
};

int test_format(struct record *record, u32 type);
/* A pool of @pages at the device's start. */
int test_format_part(struct record *record, u32 type, u64 pages);
int test_open(struct test_pool *t, struct record *record, bool readonly);
void test_close(struct test_pool *t);
/* A new pool of @bytes, of which nothing is recorded; or the program ends. */
void test_begin(struct test_pool *t, struct record *record, u32 type,
		u64 bytes);
void test_end(struct test_pool *t);
/* As after a crash: what the pool has in DRAM is lost; or the program ends. */
void test_crash(struct test_pool *t);
/*
 * @nr extents of one page each of an object, with a free page between any two,
 * and a record for each; or the program ends.
 */
void test_fill(struct test_pool *t, u64 id, unsigned int nr);
/* Commit, or queue, and free. */
int test_commit(struct kmemp_batch *batch);
int test_queue(struct kmemp_batch *batch);
/* First of @count consecutive free pages, marked used; 0 for none. */
u64 test_take(struct test_pool *t, u64 count);
void test_give(struct test_pool *t, u64 page, u64 count);
/*
 * Hash of all objects, records and extents, or of the pages in use where there
 * are no objects; *@err where they cannot be read.
 */
u64 test_digest(struct kmemp_pool *pool, int *err);
/* The same, with what @data says of the first page of each extent. */
u64 test_digest_data(struct kmemp_pool *pool, u64 (*data)(void *arg, u64 page),
		     void *arg, int *err);
/* From a record that was found to the position behind it; false: there is none. */
bool test_pass_record(struct kmemp_record *record, u8 *buffer);
/* Findings of a full check beyond notes; the first one's text to stderr. */
unsigned int test_check(struct kmemp_pool *pool, bool loud);
/* Its notes. */
extern unsigned int test_notes;
/* Every mapped page is used, and mapped once. */
bool test_partition(struct test_pool *t);
/* Used pages, after retiring, are those the host knows. */
bool test_agrees(struct test_pool *t);

#endif
