// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp volume: creates, lists, resizes and removes the volumes of a pool that
 * the kernel has. What a volume is, and what may be asked of it, is kmemp_blk's
 * to decide; what would lose data is asked for twice, here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kernel.h>

#include <kmem_persist/format.h>

#include "kernel.h"
#include "kmemp.h"
#include "modules.h"
#include "report.h"
#include "target.h"
#include "volume.h"

#define MODULE		"kmemp_blk"
#define DEFAULT_BLOCK	4096
#define MAX_SIZE	(KMEMP_MAX_OBJECT_PAGES << KMEMP_PAGE_SHIFT)

static const char volume_help[] =
"usage: kmemp volume create [--block 512|4096] [-u] DEV NAME SIZE\n"
"       kmemp volume list [-u] [DEV]\n"
"       kmemp volume resize [--force] [-u] DEV NAME SIZE\n"
"       kmemp volume remove [--force] DEV NAME\n\n"
"Manages block devices that keep their data in a pool, page by page as it is\n"
"written. The pool must be bound. Without DEV the volumes of all pools are\n"
"listed.\n\n"
"  -b, --block 512|4096  bytes of a logical block, 4096 by default\n"
"  -f, --force           resize: make it smaller though it holds data;\n"
"                        remove: with the data that it holds\n"
"  -u, --human           sizes for people\n"
"  -h, --help            this text\n\n"
"Sizes are bytes, or with K, M, G, T: powers of 1024. A volume may be larger\n"
"than the pool.\n";

static const struct option create_options[] = {
	{ "block", required_argument, NULL, 'b' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const struct option list_options[] = {
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const struct option resize_options[] = {
	{ "force", no_argument, NULL, 'f' },
	{ "human", no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const struct option remove_options[] = {
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct request - what the command line asks for
 * @name: of the volume
 * @size: its bytes, from now on
 * @block: bytes of a logical block
 * @force: data may be lost
 */
struct request {
	const char *name;
	u64 size;
	u64 block;
	bool force;
};

/* Line of sysfs: two numbers of up to 20 digits, a name, blanks. */
#define LINE_SIZE	(2 * 21 + KMEMP_LABEL_SIZE + 2)

static const char *advice(int error)
{
	return (error == -EACCES || error == -EPERM) && geteuid() ?
	       "run as root" : "see the kernel log";
}

static void complain_other(const char *dev, const char *name, int error)
{
	complain(dev, "volume '%s': %s; %s", name, strerror(-error),
		 advice(error));
}

/* What the kernel may answer, and what helps. @disk is empty where unknown. */
static void complain_refused(const char *dev, const char *name,
			     const char *disk, int error)
{
	char type[64] = "", names[128], back[256];

	switch (-error) {
	case EEXIST:
		complain(dev, "there is a volume '%s' already; see: kmemp volume list %s",
			 name, dev);
		break;
	case ENOENT:
		complain(dev, "there is no volume '%s'; see: kmemp volume list %s",
			 name, dev);
		break;
	case EBUSY:
		if (!disk[0])
			complain_other(dev, name, error);
		else
			complain(dev, "volume '%s' is open; unmount it and stop what uses it, see: lsblk /dev/%s, fuser -v /dev/%s",
				 name, disk, disk);
		break;
	case ENOSPC:
		complain(dev, "no room for the metadata of volume '%s'; discard what other volumes do not need (fstrim), or let data have more: kmemp limits %s",
			 name, dev);
		break;
	case EROFS:
		if (target_rescued(dev)) {
			target_way_back(dev, back, sizeof(back));
			complain(dev, "the pool can only be read; it is %s",
				 back);
			break;
		}
		complain(dev, "the pool can only be read; see the kernel log, then: daxctl reconfigure-device --mode=devdax --force %s, kmemp check %s",
			 dev, dev);
		break;
	case EOPNOTSUPP:
		kernel_read(dev, "type", type, sizeof(type));
		format_names(names, sizeof(names), true);
		complain(dev, "a pool of format %s keeps no volumes; one of these does: %s; see: kmemp format --help",
			 type, names);
		break;
	case EIO:
		complain(dev, "the medium failed at volume '%s'; see the kernel log and: ndctl list --media-errors",
			 name);
		break;
	case EINVAL:
		complain(dev, "the kernel takes no volume '%s' of such a name, size or block size; see the kernel log",
			 name);
		break;
	default:
		complain_other(dev, name, error);
		break;
	}
}

/* @subject: a device, or NULL. Return: 0, or where it was told why not. */
static int need_module(const char *subject)
{
	int ret;

	if (volume_module_present())
		return 0;
	ret = modules_load(MODULE);
	if (ret == -ENOENT)
		complain(subject, "this kernel has no module %s, which makes volumes; get it with: make install",
			 MODULE);
	else if (ret)
		complain(subject, "cannot load %s: %s; %s", MODULE,
			 strerror(-ret), advice(ret));
	return ret;
}

/* The pool of @target as kmemp_blk knows it. */
static int find_pool(const struct target *target, char *pool, size_t size)
{
	const char *dev = target->name;
	int ret;

	ret = target_bound(target);
	if (ret)
		return ret;
	ret = kernel_read(dev, "uuid", pool, size);
	if (ret) {
		complain(dev, "cannot read the pool's uuid: %s",
			 strerror(-ret));
		return ret;
	}
	ret = need_module(dev);
	if (!ret && !volume_pool_present(pool)) {
		complain(dev, "%s serves no volumes of pool %s; see the kernel log",
			 MODULE, pool);
		ret = -ENODEV;
	}
	return ret;
}

static int find_volume(const char *dev, const char *pool, const char *name,
		       struct volume *volume)
{
	int ret;

	ret = volume_find(pool, name, volume);
	if (ret)
		complain_refused(dev, name, "", ret);
	return ret;
}

static struct json_object *volume_object(const struct volume *volume,
					 const char *dev)
{
	struct json_object *object = json_object_new_object();

	report_string(object, "volume", volume->name);
	report_string(object, "chardev", dev);
	report_string(object, "pool", volume->pool);
	report_string(object, "blockdev", volume->disk);
	report_size(object, "size", volume->size);
	report_size(object, "mapped", volume->mapped);
	report_number(object, "fragments", volume->fragments);
	report_number(object, "block_size", volume->block_size);
	return object;
}

static int show(const char *dev, const char *pool, const char *name)
{
	struct volume volume;

	if (find_volume(dev, pool, name, &volume))
		return EXIT_FAILED;
	report_print(volume_object(&volume, dev));
	return EXIT_OK;
}

static int create(const struct target *target, void *data)
{
	const struct request *request = data;
	struct volume volume = {};
	char line[LINE_SIZE];
	int ret;

	if (find_pool(target, volume.pool, sizeof(volume.pool)))
		return EXIT_FAILED;
	snprintf(line, sizeof(line), "%llu %llu %s\n",
		 (unsigned long long)request->size,
		 (unsigned long long)request->block, request->name);
	ret = volume_request(volume.pool, "create", line);
	if (ret) {
		complain_refused(target->name, request->name, "", ret);
		return EXIT_FAILED;
	}
	return show(target->name, volume.pool, request->name);
}

/* The volume that is to be changed. */
static int find_wanted(const struct target *target,
		       const struct request *request, struct volume *volume)
{
	char pool[sizeof(volume->pool)];

	return find_pool(target, pool, sizeof(pool)) ?:
	       find_volume(target->name, pool, request->name, volume);
}

static int resize(const struct target *target, void *data)
{
	const struct request *request = data;
	const char *dev = target->name;
	struct volume volume = {};
	char line[LINE_SIZE];
	int ret;

	if (find_wanted(target, request, &volume))
		return EXIT_FAILED;
	/* Which part of it is mapped the kernel does not say. */
	if (request->size < volume.size && volume.mapped && !request->force) {
		complain(dev, "volume '%s' holds %llu bytes of data; what lies behind the new end is lost: make the file system on it smaller first, then add --force",
			 request->name, (unsigned long long)volume.mapped);
		return EXIT_FAILED;
	}
	if (request->size != volume.size) {
		snprintf(line, sizeof(line), "%llu %s\n",
			 (unsigned long long)request->size, request->name);
		ret = volume_request(volume.pool, "resize", line);
		if (ret) {
			complain_refused(dev, request->name, volume.disk, ret);
			return EXIT_FAILED;
		}
	}
	return show(dev, volume.pool, request->name);
}

static int remove_volume(const struct target *target, void *data)
{
	const struct request *request = data;
	const char *dev = target->name;
	struct volume volume = {};
	char line[LINE_SIZE];
	int ret;

	if (find_wanted(target, request, &volume))
		return EXIT_FAILED;
	if (volume.mapped && !request->force) {
		complain(dev, "volume '%s' holds %llu bytes of data; to give them up add --force",
			 request->name, (unsigned long long)volume.mapped);
		return EXIT_FAILED;
	}
	snprintf(line, sizeof(line), "%s\n", request->name);
	ret = volume_request(volume.pool, "remove", line);
	if (!ret)
		return EXIT_OK;
	complain_refused(dev, request->name, volume.disk, ret);
	return EXIT_FAILED;
}

static int list_volume(void *arg, const struct volume *volume)
{
	char dev[64];
	bool known;

	known = !volume_pool_device(volume->pool, dev, sizeof(dev));
	json_object_array_add(arg, volume_object(volume, known ? dev : NULL));
	return 0;
}

static int list_volumes(const char *subject, const char *pool)
{
	struct json_object *array = json_object_new_array();
	int ret;

	ret = volume_list(pool, list_volume, array);
	report_print_array(array);
	if (!ret)
		return EXIT_OK;
	complain(subject, "cannot read the volumes: %s", strerror(-ret));
	return EXIT_FAILED;
}

static int list_target(const struct target *target, void *data)
{
	char pool[sizeof_field(struct volume, pool)];

	if (find_pool(target, pool, sizeof(pool)))
		return EXIT_FAILED;
	return list_volumes(target->name, pool);
}

static int take(void *arg, int c)
{
	struct request *request = arg;

	if (c == 'f') {
		request->force = true;
		return 0;
	}
	if (strcmp(optarg, "512") && strcmp(optarg, "4096")) {
		complain("--block", "'%.64s' is no block size; 512 or 4096",
			 optarg);
		return -EINVAL;
	}
	request->block = !strcmp(optarg, "512") ? 512 : 4096;
	return 0;
}

static int parse_volume_size(const char *text, u64 *size)
{
	if (parse_size("SIZE", text, size))
		return -EINVAL;
	if (*size && *size <= MAX_SIZE)
		return 0;
	complain("SIZE", *size ? "%.64s is too large; at most 4096T" :
		 "%.64s: a volume of no size; at least 4K", text);
	return -EINVAL;
}

/**
 * struct verb - what can be done to one volume
 * @command: as kmemp knows it
 * @options: of its own
 * @arguments: how many of DEV NAME SIZE it has
 * @fn: does it; its data is a struct request
 */
struct verb {
	struct command command;
	const struct option *options;
	int arguments;
	int (*fn)(const struct target *target, void *data);
};

static int run_verb(const struct command *command, int argc, char **argv)
{
	static const char *const what[] = {
		"DAX device", "volume", "size",
	};
	const struct verb *verb = container_of(command, struct verb, command);
	struct request request = { .block = DEFAULT_BLOCK };
	char **args;
	int status;

	status = options_take(command, argc, argv, verb->options, take,
			      &request);
	if (status != OPTIONS_END)
		return status;
	args = options_arguments(command, argc, argv, what, verb->arguments);
	if (!args || parse_name("NAME", args[1]))
		return EXIT_USAGE;
	if (verb->arguments > 2 && parse_volume_size(args[2], &request.size))
		return EXIT_USAGE;
	request.name = args[1];
	return target_run(command, args[0], verb->fn, &request);
}

static int run_list(const struct command *command, int argc, char **argv)
{
	const char *arg;
	int status;

	status = options_take(command, argc, argv, list_options, NULL, NULL);
	if (status != OPTIONS_END)
		return status;
	if (optind == argc) {
		/* Without a pool there is nothing to load the module for. */
		if (kernel_has_pools() && need_module(NULL))
			return EXIT_FAILED;
		return list_volumes(NULL, NULL);
	}
	arg = options_target(command, argc, argv, "DAX device");
	if (!arg)
		return EXIT_USAGE;
	return target_run(command, arg, list_target, NULL);
}

/* Messages name both words of a command. */
#define VOLUME_COMMAND(verb, function) {		\
	.name = "volume " verb,				\
	.help = volume_help,				\
	.usage_status = EXIT_USAGE,			\
	.failed_status = EXIT_FAILED,			\
	.run = function,				\
}

static const struct verb verb_create = {
	.command = VOLUME_COMMAND("create", run_verb),
	.options = create_options,
	.arguments = 3,
	.fn = create,
};

static const struct verb verb_resize = {
	.command = VOLUME_COMMAND("resize", run_verb),
	.options = resize_options,
	.arguments = 3,
	.fn = resize,
};

static const struct verb verb_remove = {
	.command = VOLUME_COMMAND("remove", run_verb),
	.options = remove_options,
	.arguments = 2,
	.fn = remove_volume,
};

static const struct command command_list = VOLUME_COMMAND("list", run_list);

static const struct command *const verbs[] = {
	&verb_create.command, &command_list, &verb_resize.command,
	&verb_remove.command,
};

static int run(const struct command *command, int argc, char **argv)
{
	size_t i, skip = strlen(command->name) + 1;

	if (argc < 2) {
		complain(NULL, "create, list, resize or remove? see: kmemp volume --help");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(volume_help, stdout);
		return EXIT_OK;
	}
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i]->name + skip, argv[1])) {
			message_set_verb(verbs[i]->name);
			return verbs[i]->run(verbs[i], argc - 1, argv + 1);
		}
	complain(argv[1], "no such command; see: kmemp volume --help");
	return EXIT_USAGE;
}

const struct command cmd_volume = {
	.name = "volume",
	.summary = "volumes: block devices that a bound pool keeps",
	.help = volume_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
