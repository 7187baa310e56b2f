/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command works on: a DAX device, or an image in a regular file.
 */
#ifndef KMEMP_TOOLS_TARGET_H
#define KMEMP_TOOLS_TARGET_H

#include <linux/types.h>

#include "media_file.h"

struct command;
struct option;
struct daxctl_ctx;
struct daxctl_dev;

/**
 * enum target_mode - who has it
 * @TARGET_IMAGE: a regular file
 * @TARGET_DEVDAX: device_dax, /dev/daxX.Y is there
 * @TARGET_SYSTEM_RAM: kmem
 * @TARGET_DETACHED: a pool that was unbound while in use
 * @TARGET_DISABLED: no driver
 */
enum target_mode {
	TARGET_IMAGE,
	TARGET_DEVDAX,
	TARGET_SYSTEM_RAM,
	TARGET_DETACHED,
	TARGET_DISABLED,
};

/**
 * struct target - a device or an image
 * @name: "dax0.0", or the image as it was given
 * @path: what to open; /dev/dax0.0 is there in devdax mode only
 * @mode: who has it
 * @ctx: libdaxctl's, NULL for an image
 * @dev: libdaxctl's, NULL for an image
 */
struct target {
	const char *name;
	char path[4096];
	enum target_mode mode;
	struct daxctl_ctx *ctx;
	struct daxctl_dev *dev;
};

/**
 * struct target_verb - a command that works on one target
 * @options: for getopt_long(), see options_take()
 * @take: for options_take(); NULL for a command that has no options of its own
 * @what: what its one argument is, for messages
 * @run: does it; returns the exit code
 */
struct target_verb {
	const struct option *options;
	int (*take)(void *data, int c);
	const char *what;
	int (*run)(const struct target *target, void *data);
};

int target_command(const struct command *command, int argc, char **argv,
		   const struct target_verb *verb, void *data);
int target_find(struct target *target, const char *arg);
int target_run(const struct command *command, const char *arg,
	       int (*fn)(const struct target *target, void *data), void *data);
void target_put(struct target *target);
enum target_mode target_dev_mode(struct daxctl_dev *dev);
const char *target_mode_name(enum target_mode mode);
int target_bound(const struct target *target);
bool target_names_dax(const char *arg);
bool target_rescued(const char *dev);
void target_way_back(const char *dev, char *text, size_t size);
int target_free(const struct target *target);
int target_open(const struct target *target, struct kmemp_media_file *file,
		bool readonly);

#endif /* KMEMP_TOOLS_TARGET_H */
