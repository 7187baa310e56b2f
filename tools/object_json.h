/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records and extents of an object as JSON, written as they come.
 */
#ifndef KMEMP_TOOLS_OBJECT_JSON_H
#define KMEMP_TOOLS_OBJECT_JSON_H

#include <stdio.h>

#include <kmem_persist/plugin.h>

/**
 * struct object_json - an object that is being described
 * @file: where to
 * @in_extents: the records are done
 * @first: nothing of the present list is there yet
 * @pending: extent that may still grow
 */
struct object_json {
	FILE *file;
	bool in_extents;
	bool first;
	struct kmemp_extent pending;
};

void object_json_begin(struct object_json *json, FILE *file, u64 object);
void object_json_record(struct object_json *json,
			const struct kmemp_record *record);
void object_json_extent(struct object_json *json,
			const struct kmemp_extent *extent);
void object_json_end(struct object_json *json);

#endif /* KMEMP_TOOLS_OBJECT_JSON_H */
