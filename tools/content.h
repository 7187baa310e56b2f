/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a medium holds, before anybody dares to overwrite it.
 */
#ifndef KMEMP_TOOLS_CONTENT_H
#define KMEMP_TOOLS_CONTENT_H

#include <kmem_persist/pool.h>

struct json_object;

/**
 * struct content - what was found
 * @kind: as the superblock pages show it
 * @super: of a pool
 * @verdict: why a pool is refused
 * @foreign: what libblkid takes it for, empty for nothing
 * @empty: the ends could be read and are zero
 * @first_byte: first byte of the ends that is not zero, or not readable
 * @unreadable: that byte is not readable
 */
struct content {
	enum kmemp_content kind;
	struct kmemp_super super;
	struct kmemp_verdict verdict;
	char foreign[256];
	bool empty;
	u64 first_byte;
	bool unreadable;
};

int content_read(struct content *content, struct kmemp_media *media,
		 const char *name);
int content_formattable(const struct content *content, const char *name);
void content_report(const struct content *content, const char *name,
		    struct json_object *object);

#endif /* KMEMP_TOOLS_CONTENT_H */
