// SPDX-License-Identifier: GPL-2.0
/*
 * Formats that are built outside the tree, as shared objects (tools/plugin.mk).
 * They use the core that is linked in here, and register as they are loaded.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmemp.h"

static void load(const char *dir, const char *file)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= PATH_MAX)
		complain(file, "no format is loaded from it: the path is too long");
	else if (!dlopen(path, RTLD_NOW | RTLD_LOCAL))
		complain(file, "no format is loaded from it: %s", dlerror());
}

/**
 * formats_load - load the formats that are installed beside the tool's own
 *
 * Each .so of the directory KMEMP_FORMATS, or of /usr/lib/kmem-persist/formats. One that
 * cannot be loaded is told of, and missing.
 */
void formats_load(void)
{
	const char *dir = secure_getenv("KMEMP_FORMATS") ?: FORMATS_DIR;
	struct dirent *entry;
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".so"))
			load(dir, entry->d_name);
	}
	closedir(stream);
}
