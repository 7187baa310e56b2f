// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp check: verify a pool, and repair it where that is asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "findings.h"
#include "kernel.h"
#include "kmemp.h"
#include "mend.h"
#include "report.h"
#include "target.h"

static const char check_help[] =
"usage: kmemp check [--repair] [-u] DEV|IMAGE\n\n"
"Verifies a pool on a DAX device or in an image. Reads only, unless it is told to\n"
"repair. A pool that the kernel has is verified by the kernel, while it is used.\n"
"Exit status: 0 clean, 1 repaired, 4 something is wrong, 8 it could not be\n"
"checked, 16 wrong arguments.\n\n"
"  -r, --repair  put right what needs no guess; not while the kernel has it\n"
"  -u, --human   sizes for people\n"
"  -h, --help    this text\n";

static const struct option check_options[] = {
	{ "repair", no_argument, NULL, 'r' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* Damage is a finding; a pool beyond this program's knowledge is none. */
static int refused(struct json_object *object, const struct target *target,
		   const struct kmemp_pool *pool, int error)
{
	const struct kmemp_refusal_info *info;
	char text[KMEMP_VERDICT_TEXT];

	if (error == -ENOMEDIUM) {
		report_string(object, "verdict", "no pool");
		complain(target->name, "there is no pool; see what is there with: kmemp info %s",
			 target->name);
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

/*
 * Check once; @key: under which name the findings are reported. Return: 0 where
 * they are there, or the exit code of a check that found none, which was told.
 */
static int check_once(struct json_object *object, const struct target *target,
		      struct kmemp_media *media, const char *key,
		      struct findings *found)
{
	struct kmemp_pool pool = {};
	int ret;

	ret = kmemp_pool_open(&pool, media, true);
	if (ret)
		return refused(object, target, &pool, ret);
	if (!json_object_object_get_ex(object, "uuid", NULL))
		report_super(object, &pool.super);
	findings_init(found);
	ret = findings_check(found, &pool);
	json_object_object_add(object, key, found->list);
	kmemp_pool_close(&pool);
	if (ret) {
		report_string(object, "verdict", "unfinished");
		complain(target->name, "the check could not go on: %s",
			 strerror(-ret));
		return CHECK_FAILED;
	}
	return 0;
}

static int conclude(struct json_object *object, const struct target *target,
		    const struct findings *found)
{
	report_string(object, "verdict", found->nr_wrong ? "damaged" : "clean");
	if (!found->nr_wrong)
		return CHECK_CLEAN;
	complain(target->name, "damaged, see the findings; %llu of %llu can be mended: kmemp check --repair %s",
		 (unsigned long long)found->nr_mendable,
		 (unsigned long long)found->nr_wrong, target->name);
	return CHECK_DAMAGED;
}

/* Something is to be done. Orphans of a pool that is damaged stay. */
static int put_right(struct json_object *object, const struct target *target,
		     struct kmemp_media *media, const struct findings *found)
{
	bool orphans = found->nr_wrong == found->nr_mendable;
	struct findings left;
	int ret, status;

	ret = mend_pool(media, orphans);
	if (ret)
		complain(target->name, "the repair could not go on: %s",
			 strerror(-ret));
	status = check_once(object, target, media, "left", &left);
	if (status)
		return status;
	if (!left.nr_wrong) {
		report_string(object, "verdict", ret ? "unfinished" :
			      "repaired");
		return ret ? CHECK_FAILED : CHECK_REPAIRED;
	}
	report_string(object, "verdict", "damaged");
	complain(target->name, "%llu findings are left that need a guess; save what is whole, then format it anew",
		 (unsigned long long)left.nr_wrong);
	return CHECK_DAMAGED |
	       (left.nr_wrong < found->nr_wrong ? CHECK_REPAIRED : 0);
}

static int check_media(const struct target *target, bool may_repair)
{
	struct kmemp_media_file file;
	struct json_object *object;
	struct findings found;
	int status;

	if (target_free(target) || target_open(target, &file, !may_repair))
		return CHECK_FAILED;
	object = json_object_new_object();
	report_string(object, target->dev ? "chardev" : "image", target->name);
	status = check_once(object, target, &file.media, "findings", &found);
	if (!status && may_repair && (found.nr_mendable || found.orphans))
		status = put_right(object, target, &file.media, &found);
	else if (!status)
		status = conclude(object, target, &found);
	report_print(object);
	kmemp_media_file_close(&file);
	return status;
}

/* The kernel's own check: the pool is in use, and it alone sees it at rest. */
static int check_bound(const struct target *target)
{
	static const char *const keys[] = { "type", "uuid", "label" };
	char value[2 * KERNEL_VALUE_SIZE];
	const char *dev = target->name;
	struct json_object *object;
	struct findings found;
	u64 not_listed;
	size_t i;
	int ret;

	ret = kernel_write_number(dev, "check", 1);
	if (!ret)
		ret = kernel_read(dev, "check", value, sizeof(value));
	if (ret == -EBUSY) {
		target_way_back(dev, value, sizeof(value));
		complain(dev, "too much is written to it: the check was given up, and has found nothing so far; check it again when less is, or by itself: it is %s",
			 value);
		return CHECK_FAILED;
	}
	if (ret) {
		complain(dev, "the kernel cannot check it: %s%s",
			 strerror(-ret), ret == -EACCES ? "; run as root" : "");
		return CHECK_FAILED;
	}
	findings_init(&found);
	ret = findings_parse(&found, value, &not_listed);
	object = json_object_new_object();
	report_string(object, "chardev", dev);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!kernel_read(dev, keys[i], value, sizeof(value)) &&
		    value[0])
			report_string(object, keys[i], value);
	json_object_object_add(object, "findings", found.list);
	if (!ret && not_listed)
		report_number(object, "not_listed", not_listed);
	report_string(object, "verdict", ret ? "unfinished" :
		      found.worst > KMEMP_NOTE ? "damaged" : "clean");
	report_print(object);
	if (ret) {
		complain(dev, "the kernel's findings make no sense to this kmemp");
		return CHECK_FAILED;
	}
	if (found.worst == KMEMP_NOTE)
		return CHECK_CLEAN;
	target_way_back(dev, value, sizeof(value));
	complain(dev, "damaged, see the findings; to mend what is mendable: kmemp check --repair %s; it is %s",
		 dev, value);
	return CHECK_DAMAGED;
}

static int check_target(const struct target *target, void *data)
{
	bool may_repair = *(bool *)data;

	/* Repair of a pool in use is refused as for any pool in use. */
	if (!may_repair && target->mode == TARGET_SYSTEM_RAM &&
	    kernel_has_pool(target->name))
		return check_bound(target);
	return check_media(target, may_repair);
}

static int take(void *data, int c)
{
	*(bool *)data = true;
	return 0;
}

static const struct target_verb check_verb = {
	.options = check_options,
	.take = take,
	.what = "DAX device or image",
	.run = check_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	bool may_repair = false;

	return target_command(command, argc, argv, &check_verb, &may_repair);
}

const struct command cmd_check = {
	.name = "check",
	.summary = "verify a pool, and repair it",
	.help = check_help,
	.usage_status = CHECK_USAGE,
	.failed_status = CHECK_FAILED,
	.run = run,
};
