/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool that is read and not written to: what it holds is taken elsewhere.
 */
#ifndef KMEMP_TOOLS_SOURCE_H
#define KMEMP_TOOLS_SOURCE_H

#include <kmem_persist/pool.h>

#include "target.h"

/**
 * struct source - a pool that is read
 * @target: where it is
 * @file: its medium, mapped for reading
 * @pool: opened read-only
 * @salvage: go on without what cannot be read
 */
struct source {
	struct target target;
	struct kmemp_media_file file;
	struct kmemp_pool pool;
	bool salvage;
};

/**
 * struct source_verb - a command that takes what a pool holds elsewhere
 * @options: its own, for getopt_long(); --salvage, --quiet, --human and --help
 *	are every such command's
 * @take: for options_take(), of these
 * @what: what its two arguments are, for messages
 * @valid: do the options go together? 0, or -EINVAL where it was told that they
 *	do not
 * @run: does it; returns the exit code, or a negative errno where the mistake
 *	was told
 */
struct source_verb {
	const struct option *options;
	int (*take)(void *data, int c);
	const char *what[2];
	int (*valid)(void *data);
	int (*run)(struct source *source, const char *arg, void *data);
};

int source_command(const struct command *command, int argc, char **argv,
		   const struct source_verb *verb, void *data);
int source_sound(struct source *source);

#endif /* KMEMP_TOOLS_SOURCE_H */
