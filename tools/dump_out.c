// SPDX-License-Identifier: GPL-2.0
/*
 * A dump on standard output, see dump_out.h.
 *
 * Names and values are any bytes, and the medium may be hostile: what is no
 * text that a terminal can be shown is printed in hex.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid.h>

#include <asm/byteorder.h>
#include <linux/kernel.h>

#include <kmem_persist/format_volume.h>
#include <kmem_persist/pool.h>

#include "dump_out.h"
#include "kmemp.h"
#include "report.h"
#include "target.h"

/* Room for the longest value in hex. */
#define HEX_SIZE	(2 * KMEMP_MAX_VALUE + 1)

static void indent(const struct dump_out *out)
{
	printf("%*s", 2 * out->depth, "");
}

/* Begin a member of what is open. */
static void next(struct dump_out *out)
{
	fputs(out->more ? ",\n" : "\n", stdout);
	indent(out);
	out->more = true;
}

static void begin(struct dump_out *out, char bracket)
{
	putchar(bracket);
	out->depth++;
	out->more = false;
}

static void end(struct dump_out *out, char bracket)
{
	out->depth--;
	if (out->more) {
		putchar('\n');
		indent(out);
	}
	putchar(bracket);
	out->more = true;
}

static void put_json(struct dump_out *out, struct json_object *object)
{
	next(out);
	fputs(json_object_to_json_string_ext(object,
					     JSON_C_TO_STRING_NOSLASHESCAPE),
	      stdout);
	json_object_put(object);
}

static void put_members(struct dump_out *out, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator last = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &last); json_object_iter_next(&at)) {
		next(out);
		printf("\"%s\":%s", json_object_iter_peek_name(&at),
		       json_object_to_json_string_ext(json_object_iter_peek_value(&at),
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	}
	json_object_put(object);
}

static void to_hex(const u8 *bytes, size_t len, char *hex)
{
	*hex = '\0';
	for (; len; len--, bytes++, hex += 2)
		sprintf(hex, "%02x", *bytes);
}

/* As text, where all of it can be shown. */
static bool to_text(const struct kmemp_record *record, char *text)
{
	char shown[KMEMP_MAX_NAME + 1];

	if (record->name_len)
		memcpy(text, record->name, record->name_len);
	text[record->name_len] = '\0';
	strcpy(shown, text);
	text_sanitize(shown);
	return strlen(text) == record->name_len && !strcmp(shown, text);
}

static const char *object_name(u64 id)
{
	switch (id) {
	case KMEMP_OBJ_ROOT:
		return "root";
	case KMEMP_OBJ_ORPHANS:
		return "orphans";
	case KMEMP_OBJ_SHARING:
		return "sharing";
	case KMEMP_OBJ_BAD:
		return "bad pages";
	}
	return NULL;
}

/**
 * dump_out_begin - begin a dump
 * @out: the dump, @json set
 * @target: of what
 * @super: of its pool; the keys are not shown
 */
void dump_out_begin(struct dump_out *out, const struct target *target,
		    const struct kmemp_super *super)
{
	struct json_object *object = json_object_new_object();
	char uuid[UUID_STR_LEN];
	struct json_object *type;

	report_string(object, target->dev ? "chardev" : "image", target->name);
	report_super(object, super);
	if (out->json) {
		begin(out, '{');
		put_members(out, object);
		return;
	}
	uuid_unparse_lower(super->uuid, uuid);
	json_object_object_get_ex(object, "type", &type);
	printf("pool of format %s, %llu pages, uuid %s%s%s\n",
	       json_object_get_string(type),
	       (unsigned long long)super->pool_pages, uuid,
	       super->label[0] ? ", label " : "", super->label);
	json_object_put(object);
}

/**
 * dump_out_list - begin a list
 * @out: the dump
 * @name: of the list
 */
void dump_out_list(struct dump_out *out, const char *name)
{
	if (!out->json) {
		/* The others show by their indentation where they belong. */
		if (!strcmp(name, "structures"))
			puts(name);
		return;
	}
	next(out);
	printf("\"%s\":", name);
	begin(out, '[');
}

/**
 * dump_out_list_end - end of a list
 * @out: the dump
 */
void dump_out_list_end(struct dump_out *out)
{
	if (out->json)
		end(out, ']');
}

/**
 * dump_out_object - begin an object of the pool
 * @out: the dump, in a list of objects
 * @id: the object's
 */
void dump_out_object(struct dump_out *out, u64 id)
{
	const char *name = object_name(id);

	if (!out->json) {
		printf("object %llu%s%s%s\n", (unsigned long long)id,
		       name ? " (" : "", name ?: "", name ? ")" : "");
		return;
	}
	next(out);
	begin(out, '{');
	next(out);
	printf("\"object\":%llu", (unsigned long long)id);
	if (!name)
		return;
	next(out);
	printf("\"name\":\"%s\"", name);
}

/**
 * dump_out_object_end - end of an object of the pool
 * @out: the dump
 */
void dump_out_object_end(struct dump_out *out)
{
	if (out->json)
		end(out, '}');
}

/* What the core and the front ends mean by a record. */
static void explain(struct json_object *object, u64 id,
		    const struct kmemp_record *record)
{
	struct kmemp_volume_info volume;
	__le64 number;

	if (id == KMEMP_OBJ_ROOT && record->kind == KMEMP_ROOT_VOLUME &&
	    kmemp_volume_decode(record, &volume)) {
		report_number(object, "volume_object", volume.object);
		report_number(object, "volume_size",
			      volume.pages << KMEMP_PAGE_SHIFT);
		report_number(object, "volume_block_size", volume.block_size);
	}
	if (id == KMEMP_OBJ_ROOT && record->kind == KMEMP_ROOT_SETTING &&
	    record->value_len == sizeof(number)) {
		memcpy(&number, record->value, sizeof(number));
		report_number(object, "number", le64_to_cpu(number));
	}
	if (id == KMEMP_OBJ_ORPHANS && record->name_len == sizeof(number)) {
		memcpy(&number, record->name, sizeof(number));
		report_number(object, "orphan", le64_to_cpu(number));
	}
}

static void print_record(const struct kmemp_record *record, const char *name,
			 bool is_text, const char *value,
			 struct json_object *meaning)
{
	struct json_object_iterator at = json_object_iter_begin(meaning);
	struct json_object_iterator last = json_object_iter_end(meaning);

	printf("  record kind %u, name ", record->kind);
	if (is_text) {
		putchar('"');
		for (; *name; name++)
			printf(*name == '"' || *name == '\\' ? "\\%c" : "%c",
			       *name);
		putchar('"');
	} else {
		printf("0x%s", name);
	}
	printf(", value of %u bytes%s%s", record->value_len,
	       record->value_len ? " 0x" : "", value);
	for (; !json_object_iter_equal(&at, &last); json_object_iter_next(&at))
		printf(", %s %s", json_object_iter_peek_name(&at),
		       json_object_get_string(json_object_iter_peek_value(&at)));
	putchar('\n');
}

/**
 * dump_out_record - a record
 * @out: the dump, in a list of records
 * @object: whose
 * @record: the record
 */
void dump_out_record(struct dump_out *out, u64 object,
		     const struct kmemp_record *record)
{
	struct json_object *json = json_object_new_object();
	char name[2 * KMEMP_MAX_NAME + 1], value[HEX_SIZE];
	bool is_text = to_text(record, name);

	if (!is_text)
		to_hex(record->name, record->name_len, name);
	to_hex(record->value, record->value_len, value);
	if (!out->json) {
		explain(json, object, record);
		print_record(record, name, is_text, value, json);
		json_object_put(json);
		return;
	}
	report_number(json, "kind", record->kind);
	report_string(json, is_text ? "name" : "name_hex", name);
	report_string(json, "value_hex", value);
	explain(json, object, record);
	put_json(out, json);
}

/**
 * dump_out_extent - an extent
 * @out: the dump, in a list of extents
 * @extent: the extent
 */
void dump_out_extent(struct dump_out *out, const struct kmemp_extent *extent)
{
	bool unwritten = extent->flags & KMEMP_EXTENT_UNWRITTEN;
	struct json_object *json;

	if (!out->json) {
		printf("  extent %llu + %u: page %llu%s",
		       (unsigned long long)extent->offset, extent->count,
		       (unsigned long long)extent->page,
		       unwritten ? ", unwritten" : "");
		if (extent->tag)
			printf(", tag %u", extent->tag);
		putchar('\n');
		return;
	}
	json = json_object_new_object();
	report_number(json, "offset", extent->offset);
	report_number(json, "page", extent->page);
	report_number(json, "count", extent->count);
	json_object_object_add(json, "unwritten",
			       json_object_new_boolean(unwritten));
	report_number(json, "tag", extent->tag);
	put_json(out, json);
}

/**
 * dump_out_line - a line of the format's own dump
 * @out: the dump, in a list of structures
 * @text: the line
 */
void dump_out_line(struct dump_out *out, const char *text)
{
	if (out->json)
		put_json(out, json_object_new_string(text));
	else
		printf("  %s\n", text);
}

/**
 * dump_out_broken - something could not be read
 * @out: the dump, the list that it would stand in having ended
 * @what: the list's name
 * @text: why
 */
void dump_out_broken(struct dump_out *out, const char *what, const char *text)
{
	struct json_object *json;
	char key[32];

	if (!out->json) {
		printf("%s could not be read on: %s\n", what, text);
		return;
	}
	snprintf(key, sizeof(key), "%s_error", what);
	json = json_object_new_object();
	report_string(json, key, text);
	put_members(out, json);
}

/**
 * dump_out_end - end of a dump
 * @out: the dump
 */
void dump_out_end(struct dump_out *out)
{
	if (!out->json)
		return;
	end(out, '}');
	putchar('\n');
}
