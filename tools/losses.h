/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What of a pool cannot be read, object by object.
 */
#ifndef KMEMP_TOOLS_LOSSES_H
#define KMEMP_TOOLS_LOSSES_H

#include <linux/types.h>

struct json_object;
struct kmemp_pool;

/**
 * enum loss_kind - what is lost
 * @LOSS_DATA: pages of an object cannot be read
 * @LOSS_MAP: which pages a part of an object has is not known
 * @LOSS_RECORDS: some of an object's records cannot be read
 * @LOSS_OBJECTS: which objects there are from this one on
 */
enum loss_kind {
	LOSS_DATA,
	LOSS_MAP,
	LOSS_RECORDS,
	LOSS_OBJECTS,
};

/**
 * struct loss - one damaged place
 * @kind: what is lost
 * @object: id
 * @offset: first page offset in the object, for data and map
 * @count: pages
 */
struct loss {
	enum loss_kind kind;
	u64 object;
	u64 offset;
	u64 count;
};

/**
 * struct losses - all of them, in the order in which they were met
 * @loss: the list
 * @nr: how many
 * @room: how many there is memory for
 * @pages: pages of data that cannot be read
 */
struct losses {
	struct loss *loss;
	size_t nr;
	size_t room;
	u64 pages;
};

int losses_add(struct losses *losses, enum loss_kind kind, u64 object,
	       u64 offset, u64 count);
void losses_free(struct losses *losses);
void losses_report(const struct losses *losses, struct kmemp_pool *pool,
		   struct json_object *object);
void losses_refuse(const struct losses *losses, struct kmemp_pool *pool,
		   const char *name);
int losses_status(const struct losses *losses, const char *name,
		  const char *what);

#endif /* KMEMP_TOOLS_LOSSES_H */
