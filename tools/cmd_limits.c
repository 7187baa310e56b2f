// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp limits: what persistent data is guaranteed and allowed, at run time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "kmemp.h"
#include "report.h"
#include "target.h"

static const char limits_help[] =
"usage: kmemp limits [--data-min SIZE] [--data-max SIZE] [-u] DEV\n\n"
"Changes the limits of a pool that the kernel has.\n\n"
"      --data-min SIZE  capacity guaranteed to persistent data\n"
"      --data-max SIZE  ceiling of persistent data, 0 for none\n"
"  -u, --human          sizes for people\n"
"  -h, --help           this text\n\n"
"Sizes are bytes, or with K, M, G, T: powers of 1024.\n";

static const struct option limits_options[] = {
	{ "data-min", required_argument, NULL, 'm' },
	{ "data-max", required_argument, NULL, 'M' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct limits - both limits
 * @min: bytes guaranteed
 * @max: ceiling in bytes, 0 for none
 */
struct limits {
	u64 min;
	u64 max;
};

/**
 * struct request - what the command line asks for
 * @limits: the new ones
 * @have_min: @limits.min is one
 * @have_max: @limits.max is one
 */
struct request {
	struct limits limits;
	bool have_min;
	bool have_max;
};

static int read_limits(const char *dev, struct limits *limits, u64 *pool_size)
{
	int ret;

	ret = kernel_read_number(dev, "data_min", &limits->min);
	if (!ret)
		ret = kernel_read_number(dev, "data_max", &limits->max);
	if (!ret)
		ret = kernel_read_number(dev, "pool_size", pool_size);
	if (ret)
		complain(dev, "cannot read the limits: %s%s", strerror(-ret),
			 ret == -EACCES ? "; run as root" : "");
	return ret;
}

static int check_limits(const char *dev, const struct limits *limits,
			u64 pool_size)
{
	if (limits->min > pool_size || limits->max > pool_size) {
		complain(dev, "%s is larger than the pool of %llu bytes",
			 limits->min > pool_size ? "--data-min" : "--data-max",
			 (unsigned long long)pool_size);
		return -EINVAL;
	}
	if (limits->max && limits->min > limits->max) {
		complain(dev, "data_min would be %llu and data_max %llu; give both, the first not larger",
			 (unsigned long long)limits->min,
			 (unsigned long long)limits->max);
		return -EINVAL;
	}
	return 0;
}

static int write_limit(const char *dev, const char *attr, u64 old, u64 new)
{
	char text[256];
	int ret;

	if (old == new)
		return 0;
	ret = kernel_write_number(dev, attr, new);
	if (ret == -EROFS && target_rescued(dev)) {
		target_way_back(dev, text, sizeof(text));
		complain(dev, "the pool can only be read; it is %s", text);
	} else if (ret) {
		complain(dev, "the kernel refused %s: %s%s", attr,
			 strerror(-ret), ret == -EACCES ? "; run as root" :
			 "; see the kernel log");
	}
	return ret;
}

/*
 * The driver takes one at a time and wants them consistent each time: a ceiling
 * that rises goes first, one that falls goes last. If the second is refused the
 * first is taken back, so that both change or none.
 */
static int write_limits(const char *dev, const struct limits *old,
			const struct limits *new)
{
	bool max_first = !new->max || (old->max && new->max >= old->max);
	int ret;

	if (max_first) {
		ret = write_limit(dev, "data_max", old->max, new->max);
		if (ret)
			return ret;
		ret = write_limit(dev, "data_min", old->min, new->min);
		if (ret)
			write_limit(dev, "data_max", new->max, old->max);
	} else {
		ret = write_limit(dev, "data_min", old->min, new->min);
		if (ret)
			return ret;
		ret = write_limit(dev, "data_max", old->max, new->max);
		if (ret)
			write_limit(dev, "data_min", new->min, old->min);
	}
	return ret;
}

static int change(const struct target *target, void *data)
{
	const struct request *request = data;
	const char *dev = target->name;
	struct json_object *object;
	struct limits old, new;
	u64 pool_size;

	if (!request->have_min && !request->have_max) {
		complain(dev, "which limit? give --data-min, --data-max or both; to see them: kmemp info %s",
			 dev);
		return EXIT_USAGE;
	}
	if (target_bound(target) || read_limits(dev, &old, &pool_size))
		return EXIT_FAILED;
	new.min = request->have_min ? request->limits.min : old.min;
	new.max = request->have_max ? request->limits.max : old.max;
	if (check_limits(dev, &new, pool_size) ||
	    write_limits(dev, &old, &new) ||
	    read_limits(dev, &new, &pool_size))
		return EXIT_FAILED;

	object = json_object_new_object();
	report_string(object, "chardev", dev);
	report_size(object, "pool_size", pool_size);
	report_size(object, "data_min", new.min);
	report_size(object, "data_max", new.max);
	report_print(object);
	return EXIT_OK;
}

static int take(void *arg, int c)
{
	struct request *request = arg;

	if (c == 'm') {
		request->have_min = true;
		return parse_size("--data-min", optarg, &request->limits.min);
	}
	request->have_max = true;
	return parse_size("--data-max", optarg, &request->limits.max);
}

static const struct target_verb limits_verb = {
	.options = limits_options,
	.take = take,
	.what = "DAX device",
	.run = change,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct request request = {};

	return target_command(command, argc, argv, &limits_verb, &request);
}

const struct command cmd_limits = {
	.name = "limits",
	.summary = "change what persistent data is guaranteed and allowed",
	.help = limits_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
