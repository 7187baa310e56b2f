/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dump on standard output, as text or as JSON, piece by piece: a pool may
 * hold more than this machine's memory.
 */
#ifndef KMEMP_TOOLS_DUMP_OUT_H
#define KMEMP_TOOLS_DUMP_OUT_H

#include <linux/types.h>

struct kmemp_extent;
struct kmemp_record;
struct kmemp_super;
struct target;

/**
 * struct dump_out - a dump
 * @json: not as text
 * @depth: of lists and objects that are open
 * @more: something stands before in the one that was opened last
 */
struct dump_out {
	bool json;
	unsigned int depth;
	bool more;
};

void dump_out_begin(struct dump_out *out, const struct target *target,
		    const struct kmemp_super *super);
void dump_out_list(struct dump_out *out, const char *name);
void dump_out_list_end(struct dump_out *out);
void dump_out_object(struct dump_out *out, u64 id);
void dump_out_object_end(struct dump_out *out);
void dump_out_record(struct dump_out *out, u64 object,
		     const struct kmemp_record *record);
void dump_out_extent(struct dump_out *out, const struct kmemp_extent *extent);
void dump_out_line(struct dump_out *out, const char *text);
void dump_out_broken(struct dump_out *out, const char *what, const char *text);
void dump_out_end(struct dump_out *out);

#endif /* KMEMP_TOOLS_DUMP_OUT_H */
