// SPDX-License-Identifier: GPL-2.0
/*
 * JSON on standard output, see report.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid.h>

#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "advice.h"
#include "kmemp.h"
#include "report.h"

#define REPORT_FLAGS	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)

static bool human;

/**
 * report_set_human - sizes for people from now on
 */
void report_set_human(void)
{
	human = true;
}

/**
 * report_string - add a string
 * @object: where to
 * @key: its name
 * @value: any bytes; NULL adds nothing
 */
void report_string(struct json_object *object, const char *key,
		   const char *value)
{
	char *copy;

	if (!value)
		return;
	copy = strdup(value);
	if (!copy)
		abort();
	text_sanitize(copy);
	json_object_object_add(object, key, json_object_new_string(copy));
	free(copy);
}

/**
 * report_number - add a number
 * @object: where to
 * @key: its name
 * @value: the number
 */
void report_number(struct json_object *object, const char *key, u64 value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

/**
 * report_size_text - a number of bytes, as text
 * @text: filled in: for people such as "1.50 GiB (1.61 GB)"
 * @size: its bytes, 64 are enough
 * @bytes: the number
 *
 * Return: true where it is for people.
 */
bool report_size_text(char *text, size_t size, u64 bytes)
{
	static const char *const binary[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB",
	};
	static const char *const decimal[] = {
		"B", "KB", "MB", "GB", "TB", "PB", "EB",
	};
	double b = bytes, d = bytes;
	size_t i = 0, j = 0;

	if (!human || bytes < 1024) {
		snprintf(text, size, "%llu", (unsigned long long)bytes);
		return false;
	}
	for (; b >= 1024; i++)
		b /= 1024;
	for (; d >= 1000; j++)
		d /= 1000;
	snprintf(text, size, "%.2f %s (%.2f %s)", b, binary[i], d, decimal[j]);
	return true;
}

/**
 * report_size - add a number of bytes
 * @object: where to
 * @key: its name
 * @bytes: the number; see report_size_text()
 */
void report_size(struct json_object *object, const char *key, u64 bytes)
{
	char text[64];

	if (report_size_text(text, sizeof(text), bytes))
		report_string(object, key, text);
	else
		report_number(object, key, bytes);
}

/**
 * report_uuid - add a uuid
 * @object: where to
 * @key: its name
 * @uuid: 16 bytes
 */
void report_uuid(struct json_object *object, const char *key, const u8 *uuid)
{
	char text[UUID_STR_LEN];

	uuid_unparse_lower(uuid, text);
	report_string(object, key, text);
}

static void report_features(struct json_object *object,
			    const struct kmemp_super *super)
{
	struct json_object *list = json_object_new_array();
	char text[32];
	int bit;

	for (bit = 0; bit < 64; bit++) {
		u64 mask = 1ULL << bit;

		if (super->incompat & mask) {
			if (mask == KMEMP_INCOMPAT_EXPERIMENTAL)
				snprintf(text, sizeof(text), "experimental");
			else if (mask == KMEMP_INCOMPAT_SHARING)
				snprintf(text, sizeof(text), "sharing");
			else
				snprintf(text, sizeof(text), "incompat-%d", bit);
			json_object_array_add(list,
					      json_object_new_string(text));
		}
		if (super->ro_compat & mask) {
			snprintf(text, sizeof(text), "ro_compat-%d", bit);
			json_object_array_add(list,
					      json_object_new_string(text));
		}
		if (super->compat & mask) {
			snprintf(text, sizeof(text), "compat-%d", bit);
			json_object_array_add(list,
					      json_object_new_string(text));
		}
	}
	json_object_object_add(object, "features", list);
}

static void report_type(struct json_object *object, u32 type)
{
	const struct kmemp_format_ops *format = kmemp_format_get(type);

	if (format)
		report_string(object, "type", format->name);
	else
		report_number(object, "type", type);
	kmemp_format_put(format);
}

/**
 * report_extents - add how many extents a pool keeps, and advice if need be
 * @object: where to
 * @format: its format, NULL where this program does not know it
 * @extents: how many
 */
void report_extents(struct json_object *object,
		    const struct kmemp_format_ops *format, u64 extents)
{
	char text[256];

	report_number(object, "extents", extents);
	if (format && advice_extents(text, sizeof(text), format, extents))
		report_string(object, "advice", text);
}

/**
 * report_super - add what a superblock says
 * @object: where to
 * @super: the superblock; its keys are not shown
 */
void report_super(struct json_object *object, const struct kmemp_super *super)
{
	report_type(object, super->type);
	report_uuid(object, "uuid", super->uuid);
	if (super->label[0])
		report_string(object, "label", super->label);
	report_number(object, "version", super->version);
	report_features(object, super);
	report_size(object, "pool_size", super->pool_pages << KMEMP_PAGE_SHIFT);
	report_size(object, "data_min", super->data_min << KMEMP_PAGE_SHIFT);
	report_size(object, "data_max", super->data_max << KMEMP_PAGE_SHIFT);
}

/**
 * report_print - print one object and let go of it
 * @object: the object
 */
void report_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, REPORT_FLAGS));
	json_object_put(object);
}

/**
 * report_print_array - print a list and let go of it
 * @array: the list; for people a single entry stands by itself
 */
void report_print_array(struct json_object *array)
{
	size_t len = json_object_array_length(array);
	struct json_object *shown = array;

	if (human && len == 1)
		shown = json_object_array_get_idx(array, 0);
	if (len || !human)
		puts(json_object_to_json_string_ext(shown, REPORT_FLAGS));
	json_object_put(array);
}
