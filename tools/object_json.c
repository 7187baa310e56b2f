// SPDX-License-Identifier: GPL-2.0
/*
 * Records and extents of an object as JSON, see object_json.h.
 *
 * Names and values are any bytes: they are shown in hexadecimal, and a name
 * that is one for people as text too.
 */
#include <string.h>

#include <kmem_persist/pool.h>

#include "object_json.h"
#include "report.h"

/* An entry of a list: it goes on its own line. */
static void add_entry(struct object_json *json, struct json_object *entry)
{
	fprintf(json->file, "%s\n    %s", json->first ? "" : ",",
		json_object_to_json_string_ext(entry, JSON_C_TO_STRING_PLAIN |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json->first = false;
	json_object_put(entry);
}

static void add_hex(struct json_object *entry, const char *key,
		    const u8 *bytes, size_t len)
{
	char text[2 * KMEMP_MAX_VALUE + 1];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	report_string(entry, key, text);
}

/**
 * object_json_begin - begin with an object
 * @json: filled in
 * @file: where to
 * @object: id
 */
void object_json_begin(struct object_json *json, FILE *file, u64 object)
{
	*json = (struct object_json) { .file = file, .first = true };
	fprintf(file, "{\n  \"object\":%llu,\n  \"records\":[",
		(unsigned long long)object);
}

/**
 * object_json_record - add a record
 * @json: begun, no extent added
 * @record: the record
 */
void object_json_record(struct object_json *json,
			const struct kmemp_record *record)
{
	struct json_object *entry = json_object_new_object();
	char name[KMEMP_MAX_NAME + 1];

	report_number(entry, "kind", record->kind);
	memcpy(name, record->name, record->name_len);
	name[record->name_len] = '\0';
	if (kmemp_name_valid(name, record->name_len))
		report_string(entry, "name", name);
	add_hex(entry, "name_hex", record->name, record->name_len);
	add_hex(entry, "value_hex", record->value, record->value_len);
	add_entry(json, entry);
}

static void end_list(struct object_json *json)
{
	fprintf(json->file, "%s]", json->first ? "" : "\n  ");
}

static void begin_extents(struct object_json *json)
{
	if (json->in_extents)
		return;
	end_list(json);
	fputs(",\n  \"extents\":[", json->file);
	json->in_extents = true;
	json->first = true;
}

static void settle(struct object_json *json)
{
	const struct kmemp_extent *extent = &json->pending;
	struct json_object *entry;

	if (!extent->count)
		return;
	entry = json_object_new_object();
	report_number(entry, "offset", extent->offset << KMEMP_PAGE_SHIFT);
	report_number(entry, "size", (u64)extent->count << KMEMP_PAGE_SHIFT);
	if (extent->flags & KMEMP_EXTENT_UNWRITTEN)
		json_object_object_add(entry, "unwritten",
				       json_object_new_boolean(true));
	report_number(entry, "tag", extent->tag);
	add_entry(json, entry);
	json->pending.count = 0;
}

/**
 * object_json_extent - add an extent
 * @json: begun
 * @extent: the extent; parts that follow one another become one
 */
void object_json_extent(struct object_json *json,
			const struct kmemp_extent *extent)
{
	struct kmemp_extent *pending = &json->pending;
	u32 count;

	begin_extents(json);
	if (pending->count && pending->flags == extent->flags &&
	    pending->tag == extent->tag &&
	    pending->offset + pending->count == extent->offset &&
	    !__builtin_add_overflow(pending->count, extent->count, &count)) {
		pending->count = count;
		return;
	}
	settle(json);
	*pending = *extent;
}

/**
 * object_json_end - it is complete
 * @json: begun; its file is the caller's to close
 */
void object_json_end(struct object_json *json)
{
	begin_extents(json);
	settle(json);
	end_list(json);
	fputs("\n}\n", json->file);
}
