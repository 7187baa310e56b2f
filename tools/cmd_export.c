// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp export: take what a pool holds out of it, as files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "kmemp.h"
#include "report.h"
#include "source.h"

static const char export_help[] =
"usage: kmemp export [OPTION]... DEV|IMAGE DIR|FILE\n\n"
"Writes what a pool on a DAX device in devdax mode, or in an image, holds to\n"
"files: DIR/volumes/NAME, and DIR/objects/ID.data and ID.json for what is no\n"
"volume. The pool is only read. Exit status: 0 done, 1 refused or failed, 2 wrong\n"
"arguments, 3 done but for what cannot be read.\n\n"
"  -v, --volume NAME  this volume alone, to FILE\n"
"  -o, --object ID    this object alone, to FILE and FILE.json\n"
"  -f, --force        overwrite files that are there\n"
"  -x, --salvage      go on without what cannot be read\n"
"  -q, --quiet        show no progress\n"
"  -u, --human        sizes for people\n"
"  -h, --help         this text\n";

static const struct option export_options[] = {
	{ "volume", required_argument, NULL, 'v' },
	{ "object", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, 'f' },
	{ }
};

/**
 * struct request - what the command line asks for
 * @volume: name of the volume that is wanted, NULL for none
 * @object: id of the object that is wanted, 0 for none
 * @force: files may be overwritten
 */
struct request {
	const char *volume;
	u64 object;
	bool force;
};

static int parse_object(struct request *request)
{
	char *end;

	errno = 0;
	request->object = strtoull(optarg, &end, 10);
	if (optarg[0] >= '0' && optarg[0] <= '9' && !*end && !errno &&
	    request->object && request->object <= KMEMP_OBJ_MAX)
		return 0;
	complain("--object", "'%.64s' is no number of an object", optarg);
	return -EINVAL;
}

/* Return: 0, or -EINVAL where the mistake was told. */
static int parse_option(void *arg, int c)
{
	struct request *request = arg;

	switch (c) {
	case 'v':
		request->volume = optarg;
		return parse_name("--volume", optarg);
	case 'o':
		return parse_object(request);
	default:	/* 'f' */
		request->force = true;
		return 0;
	}
}

/* *@object: the one that is wanted, 0 for all. */
static int find_wanted(const struct request *request, struct source *source,
		       u64 *object)
{
	const char *name = source->target.name;
	struct kmemp_volume_info info;
	u64 id = request->object;
	int ret;

	if (!kmemp_pool_keeps_objects(&source->pool)) {
		complain(name, "is a pool of format none, which keeps no objects");
		return -EINVAL;
	}
	*object = id;
	if (id == KMEMP_OBJ_BAD) {
		complain(name, "object %llu is the list of bad pages, which cannot be read",
			 (unsigned long long)id);
		return -EINVAL;
	}
	if (id) {
		ret = kmemp_pool_next_object(&source->pool, &id);
		if (!ret && id == request->object)
			return 0;
		complain(name, "has no object %llu; see: kmemp dump %s",
			 (unsigned long long)request->object, name);
		return -ENOENT;
	}
	if (!request->volume)
		return 0;
	ret = pool_volume_find(&source->pool, request->volume, &info);
	if (ret)
		complain(name, "has no volume '%s'%s; see: kmemp %s %s",
			 request->volume,
			 ret == -ENOENT ? "" : " that can be read",
			 ret == -ENOENT ? "dump" : "check", name);
	*object = info.object;
	return ret;
}

static void report(const struct export *export, bool done)
{
	struct json_object *object = json_object_new_object();
	struct json_object *exported;

	report_string(object, "source", export->name);
	if (done) {
		exported = json_object_new_object();
		report_number(exported, "volumes", export->volumes);
		report_number(exported, "objects", export->objects);
		report_size(exported, "data",
			    export->pages << KMEMP_PAGE_SHIFT);
		json_object_object_add(object, "exported", exported);
	}
	losses_report(&export->losses, export->pool, object);
	report_print(object);
}

static int export_pool(struct source *source, const char *path, void *data)
{
	const struct request *request = data;
	struct export export = {
		.pool = &source->pool,
		.name = source->target.name,
		.path = path,
		.force = request->force,
		.salvage = source->salvage,
	};
	u64 written;
	int ret;

	ret = find_wanted(request, source, &export.object);
	if (!ret)
		ret = source_sound(source);
	if (ret)
		return ret;
	ret = export_read(&export, &written);
	if (ret && export.losses.nr)
		report(&export, false);
	if (!ret)
		ret = export_write(&export, written);
	if (!ret) {
		report(&export, true);
		ret = losses_status(&export.losses, export.name,
				    "the files are");
	}
	losses_free(&export.losses);
	return ret;
}

static int valid(void *data)
{
	const struct request *request = data;

	if (!request->volume || !request->object)
		return 0;
	complain(NULL, "either --volume or --object; see: kmemp export --help");
	return -EINVAL;
}

static const struct source_verb export_verb = {
	.options = export_options,
	.take = parse_option,
	.what = {
		"DAX device or image",
		"directory or file to write to",
	},
	.valid = valid,
	.run = export_pool,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct request request = {};

	return source_command(command, argc, argv, &export_verb, &request);
}

const struct command cmd_export = {
	.name = "export",
	.summary = "take what a pool holds out of it, as files",
	.help = export_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
