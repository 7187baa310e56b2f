// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp format: make a device or an image a pool.
 *
 * Formatting is the one command that destroys. It wants proof that nothing is
 * lost, or --force; and no --force helps against a medium that somebody has.
 */
#include <linux/errno.h>

#include "kmemp.h"
#include "new_pool.h"
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

static int write_pool(const struct new_pool *request, const char *name,
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

static int show(const struct target *target, struct kmemp_media *media)
{
	struct json_object *object = json_object_new_object();
	int ret;

	ret = new_pool_show(target, media, object);
	report_print(object);
	return ret;
}

static int format(struct new_pool *request, const struct target *target)
{
	struct kmemp_media_file file;
	int ret;

	ret = target_free(target);
	if (!ret)
		ret = new_pool_domain(request, target);
	if (!ret)
		ret = new_pool_keys(request);
	if (!ret)
		ret = target_open(target, &file, false);
	if (ret)
		return ret;
	ret = new_pool_sizes(request, target->name, file.media.size);
	if (!ret)
		ret = new_pool_content(request, target->name, &file.media);
	if (!ret)
		ret = write_pool(request, target->name, &file.media);
	if (!ret)
		ret = show(target, &file.media);
	kmemp_media_file_close(&file);
	new_pool_forget_keys(request);
	return ret;
}

static int format_target(const struct target *target, void *data)
{
	struct new_pool *request = data;

	if (new_pool_find_type(request))
		return EXIT_USAGE;
	if (format(request, target))
		return EXIT_FAILED;
	new_pool_warn(request, target);
	return EXIT_OK;
}

static int take_option(void *arg, int c)
{
	return new_pool_option(arg, c);
}

static const struct target_verb format_verb = {
	.options = format_options,
	.take = take_option,
	.what = "DAX device or image",
	.run = format_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct new_pool request = {};

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
