// SPDX-License-Identifier: GPL-2.0
/*
 * See worn.h.
 */
#include <stdlib.h>

#include <asm/byteorder.h>
#include <kmem_persist/format_bitmap.h>
#include <kmem_persist/format_log.h>

#include "pool_util.h"
#include "super.h"
#include "worn.h"

bool worn_knows(u32 type)
{
	return type == KMEMP_TYPE_BITMAP || type == KMEMP_TYPE_LOG ||
	       type == KMEMP_TYPE_EXTENT;
}

/* What the root's payload says of sequences. */
static void set_payload(u32 type, struct kmemp_root *root, u64 sequence)
{
	struct kmemp_bitmap_root *bitmap = (void *)root->payload;
	struct kmemp_log_root *log = (void *)root->payload;

	if (type == KMEMP_TYPE_BITMAP)
		bitmap->ring.sequence = cpu_to_le64(sequence + 1);
	if (type == KMEMP_TYPE_LOG)
		log->sequence = cpu_to_le64(sequence);
}

void worn_make(struct record *record, u32 type, u64 sequence)
{
	struct kmemp_root root;
	struct test_pool t;

	if (test_format(record, type) || test_open(&t, record, false) ||
	    kmemp_root_read(&t.pool, &root))
		exit(2);
	root.sequence = sequence;
	set_payload(type, &root, sequence);
	kmemp_root_write(&t.pool, &root);
	kmemp_media_fence(&record->media);
	t.pool.super.confirmed = sequence;
	kmemp_state_write(&record->media, &t.pool.super);
	/* Closing is not to confirm what this opening knows. */
	t.pool.newest = sequence;
	t.pool.readonly = true;
	test_close(&t);
}
