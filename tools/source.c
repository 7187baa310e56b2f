// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that is read and not written to, see source.h.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "kmemp.h"
#include "progress.h"
#include "source.h"

static int open_pool(struct source *source)
{
	const char *name = source->target.name;
	char text[KMEMP_VERDICT_TEXT];
	int ret;

	ret = kmemp_pool_open(&source->pool, &source->file.media, true);
	if (ret == -ENOMEDIUM) {
		complain(name, "there is no pool; see what is there with: kmemp info %s",
			 name);
	} else if (ret) {
		kmemp_verdict_text(&source->pool.verdict, name, text,
				   sizeof(text));
		complain(name, "%s", text);
	}
	return ret;
}

/* Return: 0, or a negative errno where the mistake was told. */
static int source_open(struct source *source, const char *arg)
{
	int ret;

	ret = target_find(&source->target, arg);
	if (ret)
		return ret;
	ret = target_free(&source->target);
	if (!ret)
		ret = target_open(&source->target, &source->file, true);
	if (ret)
		goto err_target;
	ret = open_pool(source);
	if (!ret)
		return 0;
	kmemp_media_file_close(&source->file);
err_target:
	target_put(&source->target);
	return ret;
}

static void source_close(struct source *source)
{
	kmemp_pool_close(&source->pool);
	kmemp_media_file_close(&source->file);
	target_put(&source->target);
}

/* What options_take() hands on. */
struct taken {
	const struct source_verb *verb;
	struct source *source;
	void *data;
};

static int take(void *arg, int c)
{
	struct taken *taken = arg;

	switch (c) {
	case 'x':
		taken->source->salvage = true;
		return 0;
	case 'q':
		progress_set_quiet();
		return 0;
	default:
		return taken->verb->take(taken->data, c);
	}
}

/* The verb's own options, and those of all. */
static void join_options(struct option *options, size_t room,
			 const struct option *own)
{
	static const struct option common[] = {
		{ "salvage", no_argument, NULL, 'x' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "human", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	size_t nr = 0;

	while (own[nr].name)
		nr++;
	if (nr + ARRAY_SIZE(common) > room)
		abort();
	memcpy(options, own, nr * sizeof(*own));
	memcpy(options + nr, common, sizeof(common));
}

/**
 * source_command - a command that takes what a pool holds elsewhere
 * @command: the command
 * @argc: as for main()
 * @argv: as for main()
 * @verb: what it takes, and what it does
 * @data: for the functions of @verb
 *
 * Return: the exit code.
 */
int source_command(const struct command *command, int argc, char **argv,
		   const struct source_verb *verb, void *data)
{
	struct source source = {};
	struct taken taken = { verb, &source, data };
	struct option options[24];
	char **args;
	int status;

	join_options(options, ARRAY_SIZE(options), verb->options);
	status = options_take(command, argc, argv, options, take, &taken);
	if (status != OPTIONS_END)
		return status;
	args = options_arguments(command, argc, argv, verb->what, 2);
	if (!args || verb->valid(data))
		return command->usage_status;
	if (source_open(&source, args[0]))
		return command->failed_status;
	status = verb->run(&source, args[1], data);
	source_close(&source);
	return status < 0 ? command->failed_status : status;
}

static void count_finding(void *arg, enum kmemp_severity severity, u64 object,
			  u64 pos, const char *text)
{
	unsigned int *damaged = arg;

	*damaged += severity > KMEMP_MENDED;
}

/* A check prints no dump. */
static void no_line(void *arg, const char *text)
{
}

/**
 * source_sound - is what it holds beyond doubt?
 * @source: opened; one that is salvaged need not be
 *
 * Return: 0, or -EUCLEAN where it was told that it is not.
 */
int source_sound(struct source *source)
{
	const char *name = source->target.name;
	unsigned int damaged = 0;
	const struct kmemp_findings findings = {
		.finding = count_finding,
		.line = no_line,
		.arg = &damaged,
	};
	int ret;

	ret = kmemp_pool_check(&source->pool, &findings);
	if ((!ret && !damaged) || source->salvage)
		return 0;
	if (ret)
		complain(name, "cannot be checked: %s; nothing was written; to take what can be read, add --salvage",
			 strerror(-ret));
	else
		complain(name, "is damaged, %u finding%s: kmemp check %s; nothing was written; to take what can be read, add --salvage",
			 damaged, damaged == 1 ? "" : "s", name);
	return -EUCLEAN;
}
