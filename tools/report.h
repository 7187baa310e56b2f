/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON on standard output; with -u sizes as people read them, as daxctl does.
 */
#ifndef KMEMP_TOOLS_REPORT_H
#define KMEMP_TOOLS_REPORT_H

#include <json-c/json.h>

#include <linux/types.h>

struct kmemp_format_ops;
struct kmemp_super;

void report_set_human(void);
void report_string(struct json_object *object, const char *key,
		   const char *value);
void report_number(struct json_object *object, const char *key, u64 value);
bool report_size_text(char *text, size_t size, u64 bytes);
void report_size(struct json_object *object, const char *key, u64 bytes);
void report_uuid(struct json_object *object, const char *key, const u8 *uuid);
void report_extents(struct json_object *object,
		    const struct kmemp_format_ops *format, u64 extents);
void report_super(struct json_object *object, const struct kmemp_super *super);
void report_print(struct json_object *object);
void report_print_array(struct json_object *array);

#endif /* KMEMP_TOOLS_REPORT_H */
