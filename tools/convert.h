/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From one pool to another one of any format and size.
 */
#ifndef KMEMP_TOOLS_CONVERT_H
#define KMEMP_TOOLS_CONVERT_H

#include "losses.h"
#include "plan.h"

/**
 * struct convert - one conversion
 * @source: opened read-only, and its name
 * @source_name: for messages
 * @name: of the medium that becomes a pool
 * @salvage: go on without what cannot be read
 * @plan: the pool to be; made by convert_plan()
 * @losses: what cannot be read
 * @objects: copied
 * @records: copied
 * @pages: copied
 * @written: those of them that are not unwritten
 */
struct convert {
	struct kmemp_pool *source;
	const char *source_name;
	const char *name;
	bool salvage;
	struct plan plan;
	struct losses losses;
	u64 objects;
	u64 records;
	u64 pages;
	u64 written;
};

int convert_plan(struct convert *convert, u64 size,
		 const struct kmemp_format_params *params);
int convert_write(struct convert *convert, struct kmemp_media *media);
int convert_verify(struct convert *convert, struct kmemp_media *media);
void convert_free(struct convert *convert);

#endif /* KMEMP_TOOLS_CONVERT_H */
