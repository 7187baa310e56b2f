// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp check: verify a pool and store nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kmem_persist/pool.h>

#include "kmemp.h"
#include "report.h"
#include "target.h"

static const char check_help[] =
"usage: kmemp check [-u] DEV|IMAGE\n\n"
"Verifies a pool on a DAX device in devdax mode or in an image. Reads only.\n"
"Exit status: 0 clean, 4 something is wrong, 8 it could not be checked,\n"
"16 wrong arguments.\n\n"
"  -u, --human  sizes for people\n"
"  -h, --help   this text\n";

static const struct option check_options[] = {
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct findings - what a check found so far
 * @list: the findings as JSON
 * @worst: the severest of them
 */
struct findings {
	struct json_object *list;
	enum kmemp_severity worst;
};

static void add_finding(void *arg, enum kmemp_severity severity, u64 object,
			u64 pos, const char *text)
{
	static const char *const names[] = {
		[KMEMP_NOTE] = "note",
		[KMEMP_MENDED] = "mendable",
		[KMEMP_LOSS] = "loss",
		[KMEMP_FATAL] = "fatal",
	};
	struct findings *findings = arg;
	struct json_object *entry = json_object_new_object();

	report_string(entry, "severity", names[severity]);
	if (object)
		report_number(entry, "object", object);
	report_number(entry, "position", pos);
	report_string(entry, "text", text);
	json_object_array_add(findings->list, entry);
	if (severity > findings->worst)
		findings->worst = severity;
}

/* A check prints no dump. */
static void no_line(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* Damage is a finding; a pool beyond this program's knowledge is none. */
static int refused(struct json_object *object, const struct target *target,
		   const struct kmemp_pool *pool, int error)
{
	const struct kmemp_refusal_info *info;
	char text[KMEMP_VERDICT_TEXT];

	if (error == -ENOMEDIUM) {
		report_string(object, "verdict", "no pool");
		complain(target->name, "there is no pool; see what is there with: kmemp info");
		return CHECK_FAILED;
	}
	info = kmemp_refusal_info(pool->verdict.code);
	kmemp_verdict_text(&pool->verdict, target->name, text, sizeof(text));
	report_string(object, "verdict", "refused");
	report_string(object, "code", info->name);
	report_string(object, "reason", text);
	complain(target->name, "%s", text);
	return info->err == -EUCLEAN || info->err == -EIO ? CHECK_DAMAGED :
							    CHECK_FAILED;
}

static int check_pool(struct json_object *object, const struct target *target,
		      struct kmemp_media *media)
{
	struct findings found = { .worst = KMEMP_NOTE };
	struct kmemp_findings findings = {
		.finding = add_finding,
		.line = no_line,
		.arg = &found,
	};
	struct kmemp_pool pool = {};
	bool damaged;
	int ret;

	ret = kmemp_pool_open(&pool, media, true);
	if (ret)
		return refused(object, target, &pool, ret);
	report_super(object, &pool.super);
	found.list = json_object_new_array();
	ret = kmemp_pool_check(&pool, &findings);
	damaged = found.worst > KMEMP_NOTE;
	json_object_object_add(object, "findings", found.list);
	report_string(object, "verdict", ret ? "unfinished" :
		      damaged ? "damaged" : "clean");
	kmemp_pool_close(&pool);
	if (ret) {
		complain(target->name, "the check could not go on: %s",
			 strerror(-ret));
		return CHECK_FAILED;
	}
	if (damaged)
		complain(target->name, "damaged, see the findings; what is mendable is mended by the next bind");
	return damaged ? CHECK_DAMAGED : CHECK_CLEAN;
}

static int check_target(const struct target *target, void *data)
{
	struct json_object *object;
	struct kmemp_media_file file;
	int status;

	if (target_free(target) || target_open(target, &file, true))
		return CHECK_FAILED;
	object = json_object_new_object();
	report_string(object, target->dev ? "chardev" : "image", target->name);
	status = check_pool(object, target, &file.media);
	report_print(object);
	kmemp_media_file_close(&file);
	return status;
}

static const struct target_verb check_verb = {
	.options = check_options,
	.what = "DAX device or image",
	.run = check_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	return target_command(command, argc, argv, &check_verb, NULL);
}

const struct command cmd_check = {
	.name = "check",
	.summary = "verify a pool, reading only",
	.help = check_help,
	.usage_status = CHECK_USAGE,
	.failed_status = CHECK_FAILED,
	.run = run,
};
