// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp map: draw what the pages of a pool are used for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kmemp.h"
#include "map.h"
#include "target.h"

static const char map_help[] =
"usage: kmemp map [--svg FILE] [-u] DEV|IMAGE\n\n"
"Draws a pool, memory block by memory block: data, metadata, reserve, free and\n"
"bad pages. Of a pool that the kernel has, the shares. Reads only.\n\n"
"  -s, --svg FILE  to a file, as SVG, instead of the terminal\n"
"  -u, --human     sizes for people\n"
"  -h, --help      this text\n";

static const struct option map_options[] = {
	{ "svg", required_argument, NULL, 's' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* A drawing of an image in the place of the image helps nobody. */
static int check_file(const struct target *target, const char *path)
{
	struct stat a, b;

	if (stat(path, &a) || stat(target->path, &b) ||
	    a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return 0;
	complain("--svg", "%s is what is to be drawn; give another file", path);
	return -EINVAL;
}

static int write_svg(const struct map *map, const char *path)
{
	FILE *file = fopen(path, "we");
	int failed;

	if (!file) {
		complain("--svg", "cannot write %s: %m", path);
		return EXIT_FAILED;
	}
	map_svg(map, file);
	failed = ferror(file);
	if (fclose(file) || failed) {
		complain("--svg", "cannot write %s: %m", path);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int map_target(const struct target *target, void *data)
{
	const char *path = *(const char **)data;
	int status = EXIT_OK;
	struct map map;

	if (path && check_file(target, path))
		return EXIT_USAGE;
	if (!map_read(&map, target)) {
		if (path)
			status = write_svg(&map, path);
		else
			map_print(&map);
	} else {
		status = EXIT_FAILED;
	}
	map_free(&map);
	return status;
}

static int take(void *data, int c)
{
	const char **path = data;

	if (!optarg[0]) {
		complain("--svg", "which file?");
		return -EINVAL;
	}
	*path = optarg;
	return 0;
}

static const struct target_verb map_verb = {
	.options = map_options,
	.take = take,
	.what = "DAX device or image",
	.run = map_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	const char *path = NULL;

	return target_command(command, argc, argv, &map_verb, &path);
}

const struct command cmd_map = {
	.name = "map",
	.summary = "draw what the pages of a pool are used for",
	.help = map_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
