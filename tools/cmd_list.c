// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp list: pools that the kernel has, or all DAX devices.
 */
#include <string.h>

#include <daxctl/libdaxctl.h>

#include "content.h"
#include "kernel.h"
#include "kmemp.h"
#include "pool_report.h"
#include "report.h"
#include "target.h"

static const char list_help[] =
"usage: kmemp list [--all] [-u]\n\n"
"Lists the pools that the kernel has, as JSON.\n\n"
"  -a, --all    all DAX devices, and what is on those in devdax mode\n"
"  -u, --human  sizes for people\n"
"  -h, --help   this text\n";

static const struct option list_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* What is on a device that no pool is bound on. Root's to see. */
static void list_content(struct json_object *object, struct daxctl_dev *dev)
{
	struct target target;
	struct kmemp_media_file file;
	struct content content;

	if (target_find(&target, daxctl_dev_get_devname(dev)))
		return;
	if (!target_open(&target, &file, true)) {
		if (!content_read(&content, &file.media, target.name))
			content_report(&content, target.name, object);
		kmemp_media_file_close(&file);
	}
	target_put(&target);
}

static void list_device(struct json_object *array, struct daxctl_dev *dev,
			bool all)
{
	const char *name = daxctl_dev_get_devname(dev);
	enum target_mode mode = target_dev_mode(dev);
	struct json_object *object;

	if (!all && !kernel_has_pool(name))
		return;
	object = json_object_new_object();
	pool_report_device(object, dev, mode);
	if (kernel_has_pool(name))
		pool_report_bound(object, name);
	else if (mode == TARGET_DEVDAX)
		list_content(object, dev);
	json_object_array_add(array, object);
}

static int list_detached(void *arg, const struct kernel_detached *pool)
{
	struct json_object *object = json_object_new_object();

	report_string(object, "mode", target_mode_name(TARGET_DETACHED));
	report_string(object, "content", "pool");
	report_string(object, "uuid", pool->uuid);
	if (strcmp(pool->label, "-"))
		report_string(object, "label", pool->label);
	report_number(object, "resource", pool->start);
	report_size(object, "size", pool->end - pool->start + 1);
	json_object_array_add(arg, object);
	return 0;
}

static int take(void *arg, int c)
{
	bool *all = arg;

	*all = true;
	return 0;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct daxctl_region *region;
	struct json_object *array;
	struct daxctl_ctx *ctx;
	struct daxctl_dev *dev;
	bool all = false;
	int status;

	status = options_take(command, argc, argv, list_options, take, &all);
	if (status != OPTIONS_END)
		return status;
	if (options_none(command, argc, argv))
		return EXIT_USAGE;

	if (daxctl_new(&ctx)) {
		complain(NULL, "libdaxctl: %m");
		return EXIT_FAILED;
	}
	array = json_object_new_array();
	for (region = daxctl_region_get_first(ctx); region;
	     region = daxctl_region_get_next(region))
		for (dev = daxctl_dev_get_first(region); dev;
		     dev = daxctl_dev_get_next(dev))
			list_device(array, dev, all);
	kernel_list_detached(list_detached, array);
	report_print_array(array);
	daxctl_unref(ctx);
	return EXIT_OK;
}

const struct command cmd_list = {
	.name = "list",
	.summary = "pools that the kernel has, or all DAX devices",
	.help = list_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
