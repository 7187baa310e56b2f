// SPDX-License-Identifier: GPL-2.0
/*
 * What of a pool cannot be read, see losses.h.
 */
#include <stdlib.h>

#include <linux/errno.h>

#include <kmem_persist/pool.h>

#include "kmemp.h"
#include "losses.h"
#include "pool_volume.h"
#include "report.h"

/**
 * losses_add - one more
 * @losses: the list
 * @kind: what is lost
 * @object: id
 * @offset: first page offset in the object, for data and map
 * @count: pages
 *
 * Return: 0 or -ENOMEM.
 */
int losses_add(struct losses *losses, enum loss_kind kind, u64 object,
	       u64 offset, u64 count)
{
	struct loss *last = losses->nr ? &losses->loss[losses->nr - 1] : NULL;

	if (kind == LOSS_DATA)
		losses->pages += count;
	if (last && last->kind == kind && last->object == object &&
	    kind == LOSS_DATA && last->offset + last->count == offset) {
		last->count += count;
		return 0;
	}
	if (losses->nr == losses->room) {
		size_t room = 2 * losses->room + 16;
		struct loss *new;

		new = realloc(losses->loss, room * sizeof(*new));
		if (!new)
			return -ENOMEM;
		losses->loss = new;
		losses->room = room;
	}
	losses->loss[losses->nr++] = (struct loss) {
		.kind = kind,
		.object = object,
		.offset = offset,
		.count = count,
	};
	return 0;
}

/**
 * losses_free - forget them
 * @losses: the list
 */
void losses_free(struct losses *losses)
{
	free(losses->loss);
	*losses = (struct losses) {};
}

static bool has_place(const struct loss *loss)
{
	return loss->kind == LOSS_DATA || loss->kind == LOSS_MAP;
}

/**
 * losses_report - add a list of them
 * @losses: the list; nothing is added for an empty one
 * @pool: whose, to name volumes
 * @object: where to
 */
void losses_report(const struct losses *losses, struct kmemp_pool *pool,
		   struct json_object *object)
{
	static const char *const names[] = {
		[LOSS_DATA] = "data",
		[LOSS_MAP] = "map",
		[LOSS_RECORDS] = "records",
		[LOSS_OBJECTS] = "objects",
	};
	struct json_object *list;
	char name[POOL_VOLUME_NAME];
	size_t i;

	if (!losses->nr)
		return;
	list = json_object_new_array();
	for (i = 0; i < losses->nr; i++) {
		const struct loss *loss = &losses->loss[i];
		struct json_object *entry = json_object_new_object();

		report_string(entry, "lost", names[loss->kind]);
		report_number(entry, "object", loss->object);
		if (!pool_volume_name(pool, loss->object, name))
			report_string(entry, "volume", name);
		if (has_place(loss)) {
			report_number(entry, "offset",
				      loss->offset << KMEMP_PAGE_SHIFT);
			report_size(entry, "size",
				    loss->count << KMEMP_PAGE_SHIFT);
		}
		json_object_array_add(list, entry);
	}
	json_object_object_add(object, "losses", list);
}

/**
 * losses_refuse - say that it goes on only if the operator wants it to
 * @losses: the list, not empty
 * @pool: whose, to name volumes
 * @name: of its medium, for messages
 */
void losses_refuse(const struct losses *losses, struct kmemp_pool *pool,
		   const char *name)
{
	const struct loss *loss = &losses->loss[0];
	char volume[POOL_VOLUME_NAME];
	bool named = !pool_volume_name(pool, loss->object, volume);

	complain(name, "%zu place%s cannot be read, the first in object %llu%s%s%s at byte %llu; nothing was written; to go on without what is lost, add --salvage",
		 losses->nr, losses->nr == 1 ? "" : "s",
		 (unsigned long long)loss->object, named ? " (volume " : "",
		 named ? volume : "", named ? ")" : "",
		 (unsigned long long)(has_place(loss) ? loss->offset : 0) <<
		 KMEMP_PAGE_SHIFT);
}

/**
 * losses_status - how a job ends that went on without them
 * @losses: the list
 * @name: of the pool's medium, for messages
 * @what: what is without them: "the copy is"
 *
 * Return: the exit code; told where there are any.
 */
int losses_status(const struct losses *losses, const char *name,
		  const char *what)
{
	if (!losses->nr)
		return EXIT_OK;
	complain(name, "%zu place%s could not be read; %s without what was there",
		 losses->nr, losses->nr == 1 ? "" : "s", what);
	return EXIT_LOSSES;
}
