/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a pool should hold: a few objects, kept in the plainest way.
 */
#ifndef KMEMP_TEST_MODEL_H
#define KMEMP_TEST_MODEL_H

#include "pool_util.h"

#define MODEL_OBJECTS	12
#define MODEL_REGIONS	3
#define MODEL_PAGES	2048u
#define MODEL_RECORDS	96

struct model_page {
	u64 page;
	u8 flags, tag;
};

struct model_record {
	bool there;
	u16 value_len;
	u8 value[KMEMP_MAX_VALUE];
};

struct model_object {
	struct model_page page[MODEL_REGIONS][MODEL_PAGES];
	struct model_record record[MODEL_RECORDS];
};

struct model {
	struct model_object object[MODEL_OBJECTS];
};

extern const u64 model_ids[MODEL_OBJECTS];
extern const u64 model_regions[MODEL_REGIONS];

/* The n-th record's kind and name; names reach from 0 to 255 bytes. */
u8 model_kind(unsigned int n);
unsigned int model_name(unsigned int n, u8 *name);

/* Parts of an object: its regions by number, and its records. */
#define MODEL_REGION(r)	(1u << (r))
#define MODEL_ITS_RECORDS	(1u << MODEL_REGIONS)
#define MODEL_ALL		(2u * MODEL_ITS_RECORDS - 1)

/* What a batch has changed; @touched: parts of each object. */
void model_copy(struct model *to, const struct model *from, const u8 *touched);
void model_clear(struct model *model, unsigned int object, unsigned int region,
		 u32 from, u32 count);
/* Does the pool hold what the model does? Says where not. */
bool model_compare(const struct model *model, struct kmemp_pool *pool);

#endif
