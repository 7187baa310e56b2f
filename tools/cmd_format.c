// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp format: make a device or an image a pool.
 *
 * Formatting is the one command that destroys. It wants proof that nothing is
 * lost, or --force; and no --force helps against a medium that somebody has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <uuid.h>

#include <linux/kernel.h>

#include "content.h"
#include "kernel.h"
#include "kmemp.h"
#include "modules.h"
#include "pool_report.h"
#include "report.h"
#include "target.h"

static const char format_help[] =
"usage: kmemp format --type TYPE [OPTION]... DEV|IMAGE\n\n"
"Makes a DAX device in devdax mode, or an image file, a pool. What it held is\n"
"lost; that there is something asks for --force.\n\n"
"  -t, --type TYPE       format of the pool, by name or number\n"
"  -L, --label LABEL     up to 64 bytes of UTF-8\n"
"  -U, --uuid UUID       instead of a random one\n"
"  -s, --pool-size SIZE  smaller than the device\n"
"      --data-min SIZE   capacity guaranteed to persistent data, default 16M\n"
"      --data-max SIZE   ceiling of persistent data, 0 (default) for none\n"
"  -f, --force           overwrite what is there; do without a persistence\n"
"                        domain\n"
"  -u, --human           sizes for people\n"
"  -h, --help            this text\n\n"
"Sizes are bytes, or with K, M, G, T: powers of 1024.\n";

static const struct option format_options[] = {
	{ "type", required_argument, NULL, 't' },
	{ "label", required_argument, NULL, 'L' },
	{ "uuid", required_argument, NULL, 'U' },
	{ "pool-size", required_argument, NULL, 's' },
	{ "data-min", required_argument, NULL, 'm' },
	{ "data-max", required_argument, NULL, 'M' },
	{ "force", no_argument, NULL, 'f' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct request - what the command line asks for
 * @params: for the core, in pages
 * @type: name or number of the format, NULL until given
 * @have_data_min: --data-min was given
 * @force: overwrite what is there
 */
struct request {
	struct kmemp_format_params params;
	const char *type;
	bool have_data_min;
	bool force;
};

static int find_type(struct request *request)
{
	const struct kmemp_format_ops *format;
	unsigned long number;
	char names[128], *end;

	format_names(names, sizeof(names), false);
	if (!request->type) {
		complain(NULL, "--type is missing; this kmemp knows: %s", names);
		return -EINVAL;
	}
	format = kmemp_format_get_by_name(request->type);
	if (!format && request->type[0] >= '0' && request->type[0] <= '9') {
		errno = 0;
		number = strtoul(request->type, &end, 10);
		if (!errno && !*end && number <= 0xffffffffUL)
			format = kmemp_format_get(number);
	}
	if (!format) {
		complain("--type", "no format '%.64s'; this kmemp knows: %s, and what is in " FORMATS_DIR,
			 request->type, names);
		return -EINVAL;
	}
	request->params.type = format->type;
	kmemp_format_put(format);
	return 0;
}

static int parse_pages(const char *option, u64 *pages)
{
	u64 bytes;

	if (parse_size(option, optarg, &bytes))
		return -EINVAL;
	*pages = bytes >> KMEMP_PAGE_SHIFT;
	return 0;
}

static int parse_label(struct request *request)
{
	request->params.label = optarg;
	return parse_name("--label", optarg);
}

static int parse_uuid(struct request *request)
{
	if (uuid_parse(optarg, request->params.uuid) ||
	    uuid_is_null(request->params.uuid)) {
		complain("--uuid", "'%.64s' is no uuid; make one with: uuidgen",
			 optarg);
		return -EINVAL;
	}
	return 0;
}

/* Return: 0, or -EINVAL where the mistake was told. */
static int parse_option(void *arg, int c)
{
	struct request *request = arg;

	switch (c) {
	case 't':
		request->type = optarg;
		return 0;
	case 'L':
		return parse_label(request);
	case 'U':
		return parse_uuid(request);
	case 's':
		if (parse_pages("--pool-size", &request->params.pool_pages))
			return -EINVAL;
		if (request->params.pool_pages)
			return 0;
		complain("--pool-size", "a pool of no size; leave the option away for the whole device");
		return -EINVAL;
	case 'm':
		request->have_data_min = true;
		return parse_pages("--data-min", &request->params.data_min);
	case 'M':
		return parse_pages("--data-max", &request->params.data_max);
	default:	/* 'f' */
		request->force = true;
		return 0;
	}
}

static int fill_random(struct request *request)
{
	struct kmemp_format_params *params = &request->params;

	if (uuid_is_null(params->uuid))
		uuid_generate_random(params->uuid);
	if (getrandom(params->seal_key, KMEMP_KEY_SIZE, 0) == KMEMP_KEY_SIZE &&
	    getrandom(params->hash_key, KMEMP_KEY_SIZE, 0) == KMEMP_KEY_SIZE)
		return 0;
	complain(NULL, "no random numbers: %m");
	return -EIO;
}

/* In bytes and by the options' names, which the core does not know. */
static int check_sizes(struct request *request, const char *name, u64 size)
{
	struct kmemp_format_params *params = &request->params;
	u64 device = size >> KMEMP_PAGE_SHIFT;
	u64 pages = params->pool_pages ?: device;

	if (pages > device) {
		complain(name, "has %llu bytes, --pool-size is larger; make it smaller or leave it away",
			 (unsigned long long)size);
		return -EINVAL;
	}
	if (pages < KMEMP_MIN_POOL_PAGES) {
		complain(name, "a pool of %llu bytes is too small; at least 64M are needed",
			 (unsigned long long)pages << KMEMP_PAGE_SHIFT);
		return -EINVAL;
	}
	if (!request->have_data_min) {
		params->data_min = KMEMP_DATA_MIN_DEFAULT;
		if (params->data_max && params->data_max < params->data_min)
			params->data_min = params->data_max;
	}
	if (params->data_min > pages || params->data_max > pages) {
		complain(name, "%s is larger than the pool of %llu bytes",
			 params->data_min > pages ? "--data-min" : "--data-max",
			 (unsigned long long)pages << KMEMP_PAGE_SHIFT);
		return -EINVAL;
	}
	if (params->data_max && params->data_min > params->data_max) {
		complain(name, "--data-min is larger than --data-max");
		return -EINVAL;
	}
	return 0;
}

static int check_domain(const struct target *target, bool force)
{
	char domain[64];

	if (target->mode == TARGET_IMAGE || force)
		return 0;
	kernel_domain(target->name, domain, sizeof(domain));
	if (kernel_domain_persists(domain))
		return 0;
	complain(target->name, "has no persistence domain (%s): a power cut may lose what was written (ndctl list -R); if you know better, or want it without, add --force",
		 domain);
	return -EOPNOTSUPP;
}

/**
 * struct job - arguments of kmemp_pool_format()
 * @media: the medium
 * @params: the pool
 * @verdict: why not
 */
struct job {
	struct kmemp_media *media;
	const struct kmemp_format_params *params;
	struct kmemp_verdict verdict;
};

static int do_job(void *arg)
{
	struct job *job = arg;

	return kmemp_pool_format(job->media, job->params, &job->verdict);
}

static int write_pool(const struct request *request, const char *name,
		      struct kmemp_media *media)
{
	struct job job = { .media = media, .params = &request->params };
	char text[KMEMP_VERDICT_TEXT];
	int ret;

	ret = kmemp_media_file_guard(do_job, &job);
	if (!ret)
		return 0;
	if (job.verdict.code != KMEMP_REFUSE_NOTHING) {
		kmemp_verdict_text(&job.verdict, name, text, sizeof(text));
		complain(name, "%s", text);
	} else {
		complain(name, "a store failed: a bad page (ndctl list --media-errors), or no room for the image; it is no pool now, format it again");
	}
	return ret;
}

/* What it is now, read back from where it was written to. */
static int show(const struct target *target, struct kmemp_media *media)
{
	struct json_object *object = json_object_new_object();
	struct content content;
	int ret;

	ret = content_read(&content, media, target->name);
	if (target->mode == TARGET_IMAGE)
		report_string(object, "image", target->name);
	else
		pool_report_device(object, target->dev, target->mode);
	if (!ret)
		content_report(&content, target->name, object);
	report_print(object);
	if (ret || content.kind == KMEMP_CONTENT_POOL)
		return ret;
	complain(target->name, "what was written reads back as no pool; do not use this medium");
	return -EIO;
}

static void warn_modules(const struct target *target,
			 const struct request *request)
{
	const struct kmemp_format_ops *format;

	if (target->mode == TARGET_IMAGE)
		return;
	if (strcmp(modules_kmem(), "kmem-persist"))
		complain(target->name, "warning: this kernel would load a kmem that knows nothing of pools and overwrites them; make install first, then bind");
	format = kmemp_format_get(request->params.type);
	if (!modules_have_format(format->name))
		complain(target->name, "warning: this kernel has no module kmemp_%s; make install first, then bind",
			 format->name);
	kmemp_format_put(format);
}

static int format(struct request *request, const struct target *target)
{
	struct kmemp_media_file file;
	struct content content;
	int ret;

	ret = target_free(target);
	if (!ret)
		ret = check_domain(target, request->force);
	if (!ret)
		ret = fill_random(request);
	if (!ret)
		ret = target_open(target, &file, false);
	if (ret)
		return ret;
	ret = check_sizes(request, target->name, file.media.size);
	if (!ret && !request->force) {
		ret = content_read(&content, &file.media, target->name);
		if (!ret)
			ret = content_formattable(&content, target->name);
	}
	if (!ret)
		ret = write_pool(request, target->name, &file.media);
	if (!ret)
		ret = show(target, &file.media);
	kmemp_media_file_close(&file);
	explicit_bzero(request->params.seal_key, KMEMP_KEY_SIZE);
	explicit_bzero(request->params.hash_key, KMEMP_KEY_SIZE);
	return ret;
}

static int format_target(const struct target *target, void *data)
{
	struct request *request = data;

	if (find_type(request))
		return EXIT_USAGE;
	if (format(request, target))
		return EXIT_FAILED;
	warn_modules(target, request);
	return EXIT_OK;
}

static const struct target_verb format_verb = {
	.options = format_options,
	.take = parse_option,
	.what = "DAX device or image",
	.run = format_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct request request = {};

	return target_command(command, argc, argv, &format_verb, &request);
}

const struct command cmd_format = {
	.name = "format",
	.summary = "make a device or an image a pool",
	.help = format_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
