// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp info: all that is known of one device or image.
 */
#include <string.h>

#include "content.h"
#include "kernel.h"
#include "kmemp.h"
#include "modules.h"
#include "pool_report.h"
#include "report.h"
#include "target.h"

static const char info_help[] =
"usage: kmemp info [-u] DEV|IMAGE\n\n"
"Shows what is on a DAX device or an image, its state if the kernel has it,\n"
"and why the kernel refused it last.\n\n"
"  -u, --human  sizes for people\n"
"  -h, --help   this text\n";

static const struct option info_options[] = {
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/*
 * Of a format that knows how many it keeps, once it is open. Of a pool that
 * cannot be opened it is the check that tells why.
 */
static void info_extents(struct json_object *object, struct kmemp_media *media,
			 u32 type)
{
	const struct kmemp_format_ops *format = kmemp_format_get(type);
	struct kmemp_pool pool = {};
	u64 extents;

	if (format && format->nr_extents &&
	    !kmemp_pool_open(&pool, media, true)) {
		if (kmemp_pool_nr_extents(&pool, &extents))
			report_extents(object, format, extents);
		kmemp_pool_close(&pool);
	}
	kmemp_format_put(format);
}

static int info_content(struct json_object *object, const struct target *target)
{
	struct kmemp_media_file file;
	struct content content;
	int ret;

	ret = target_open(target, &file, true);
	if (ret)
		return ret;
	ret = content_read(&content, &file.media, target->name);
	if (!ret)
		content_report(&content, target->name, object);
	if (!ret && content.kind == KMEMP_CONTENT_POOL)
		info_extents(object, &file.media, content.super.type);
	kmemp_media_file_close(&file);
	return ret;
}

/* The kernel's view: it stays, whatever the medium says. */
static void info_kernel(struct json_object *object, const struct target *target)
{
	char refusal[1024];

	if (kernel_has_pool(target->name)) {
		pool_report_bound(object, target->name);
		pool_report_dram(object, target->dev);
	}
	if (kernel_refusal(target->name, refusal, sizeof(refusal)))
		report_string(object, "last_refusal", refusal);
	report_string(object, "kmem_module", modules_kmem());
}

static int info(const struct target *target, void *data)
{
	struct json_object *object = json_object_new_object();
	int ret = 0;

	if (target->mode == TARGET_IMAGE) {
		report_string(object, "image", target->name);
		ret = info_content(object, target);
	} else {
		pool_report_device(object, target->dev, target->mode);
		if (target->mode == TARGET_DEVDAX)
			ret = info_content(object, target);
		info_kernel(object, target);
	}
	report_print(object);
	return ret ? EXIT_FAILED : EXIT_OK;
}

static const struct target_verb info_verb = {
	.options = info_options,
	.what = "DAX device or image",
	.run = info,
};

static int run(const struct command *command, int argc, char **argv)
{
	return target_command(command, argc, argv, &info_verb, NULL);
}

const struct command cmd_info = {
	.name = "info",
	.summary = "all that is known of one device or image",
	.help = info_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
