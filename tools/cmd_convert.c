// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp convert: copy a pool into another format, or to another size.
 *
 * The source is only read. The destination is refused as kmemp format refuses
 * it, and is no pool until all of the copy is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert.h"
#include "kmemp.h"
#include "new_pool.h"
#include "report.h"
#include "source.h"
#include "target.h"

static const char convert_help[] =
"usage: kmemp convert [OPTION]... SOURCE DEV|IMAGE\n\n"
"Copies the pool on SOURCE, a DAX device in devdax mode or an image, to another\n"
"device or image, in the same or another format. SOURCE is only read. The copy\n"
"is compared with it in the end. What the other one held is lost; that there is\n"
"something asks for --force. Exit status: 0 copied, 1 refused or failed, 2 wrong\n"
"arguments, 3 copied but for what cannot be read.\n\n"
"  -t, --type TYPE       format of the copy, by name or number; default: the same\n"
"  -L, --label LABEL     instead of the source's\n"
"  -U, --uuid UUID       instead of a random one\n"
"  -k, --keep-uuid       the source's; two pools of one uuid cannot be bound\n"
"  -S, --size SIZE       make a new image of this size\n"
"  -s, --pool-size SIZE  smaller than the device\n"
"      --data-min SIZE   instead of the source's\n"
"      --data-max SIZE   instead of the source's\n"
"  -f, --force           overwrite what is there; do without a persistence\n"
"                        domain\n"
"  -x, --salvage         go on without what of SOURCE cannot be read\n"
"  -q, --quiet           show no progress\n"
"  -u, --human           sizes for people\n"
"  -h, --help            this text\n\n"
"Sizes are bytes, or with K, M, G, T: powers of 1024.\n";

static const struct option convert_options[] = {
	{ "type", required_argument, NULL, 't' },
	{ "label", required_argument, NULL, 'L' },
	{ "uuid", required_argument, NULL, 'U' },
	{ "keep-uuid", no_argument, NULL, 'k' },
	{ "size", required_argument, NULL, 'S' },
	{ "pool-size", required_argument, NULL, 's' },
	{ "data-min", required_argument, NULL, 'm' },
	{ "data-max", required_argument, NULL, 'M' },
	{ "force", no_argument, NULL, 'f' },
	{ }
};

/**
 * struct request - what the command line asks for
 * @pool: what the copy shall be
 * @keep_uuid: it gets the source's uuid
 * @size: bytes of an image to be made, 0 for none
 * @lost_min: the source's data_min does not fit
 * @lost_max: the source's data_max does not fit
 */
struct request {
	struct new_pool pool;
	bool keep_uuid;
	u64 size;
	bool lost_min;
	bool lost_max;
};

/* Return: 0, or -EINVAL where the mistake was told. */
static int parse_option(void *arg, int c)
{
	struct request *request = arg;

	switch (c) {
	case 'k':
		request->keep_uuid = true;
		return 0;
	case 'S':
		if (parse_size("--size", optarg, &request->size))
			return -EINVAL;
		if (request->size >= KMEMP_MIN_POOL_PAGES << KMEMP_PAGE_SHIFT)
			return 0;
		complain("--size", "an image of %s is too small; at least 64M are needed",
			 optarg);
		return -EINVAL;
	default:
		return new_pool_option(&request->pool, c);
	}
}

/* What the command line leaves open is as it was. */
static void inherit(struct request *request, const struct kmemp_pool *source,
		    u64 size)
{
	struct kmemp_format_params *params = &request->pool.params;
	const struct kmemp_super *super = &source->super;
	u64 pages = params->pool_pages ?: size >> KMEMP_PAGE_SHIFT;

	if (!request->pool.type)
		params->type = super->type;
	if (!params->label && super->label[0])
		params->label = super->label;
	if (request->keep_uuid)
		memcpy(params->uuid, super->uuid, sizeof(params->uuid));
	request->lost_max = !request->pool.have_data_max &&
			    super->data_max > pages;
	if (!request->pool.have_data_max && !request->lost_max)
		params->data_max = super->data_max;
	request->lost_min = !request->pool.have_data_min &&
			    super->data_min > (params->data_max ?: pages);
	if (!request->pool.have_data_min && !request->lost_min) {
		params->data_min = super->data_min;
		request->pool.have_data_min = true;
	}
}

static void warn(const struct request *request, const struct target *target)
{
	if (request->lost_max)
		complain(target->name, "warning: the source's data_max does not fit; the copy has no ceiling");
	if (request->lost_min)
		complain(target->name, "warning: the source's data_min does not fit; the copy has the default");
	new_pool_warn(&request->pool, target);
}

static int same_place(const struct target *source, const struct target *target)
{
	struct stat a, b;

	if (stat(source->path, &a) || stat(target->path, &b))
		return 0;
	if (S_ISREG(a.st_mode) != S_ISREG(b.st_mode))
		return 0;
	if (S_ISREG(a.st_mode) ? a.st_dev != b.st_dev || a.st_ino != b.st_ino :
				 a.st_rdev != b.st_rdev)
		return 0;
	complain(target->name, "is the source itself; a pool is copied to another place");
	return -EINVAL;
}

/* A file that is not there yet, of the size that was asked for. */
static int make_image(const char *path, u64 size)
{
	int fd, ret = 0;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		complain(path, "%m%s", errno == EEXIST ?
			 "; --size is for an image that is to be made" : "");
		return -errno;
	}
	if (ftruncate(fd, size)) {
		ret = -errno;
		complain(path, "cannot be made so large: %m");
		unlink(path);
	}
	close(fd);
	return ret;
}

static int report(const struct convert *convert, const struct target *target,
		  struct kmemp_media *media)
{
	struct json_object *object = json_object_new_object();
	struct json_object *copied = json_object_new_object();
	int ret;

	ret = new_pool_show(target, media, object);
	report_string(object, "source", convert->source_name);
	report_number(copied, "objects", convert->objects);
	report_number(copied, "records", convert->records);
	report_size(copied, "data", convert->pages << KMEMP_PAGE_SHIFT);
	json_object_object_add(object, "copied", copied);
	losses_report(&convert->losses, convert->source, object);
	report_print(object);
	return ret;
}

static void report_refused(const struct convert *convert)
{
	struct json_object *object = json_object_new_object();

	report_string(object, "source", convert->source_name);
	losses_report(&convert->losses, convert->source, object);
	report_print(object);
}

static int end_pool(void *arg)
{
	kmemp_super_erase(arg);
	/* No pool is left before it is said so. */
	kmemp_media_fence(arg);
	return 0;
}

/* A copy that is not what it should be is none. */
static void take_back(const struct target *target)
{
	struct kmemp_media_file file;

	if (target_open(target, &file, false))
		return;
	if (!kmemp_media_file_guard(end_pool, &file.media))
		complain(target->name, "is no pool now");
	kmemp_media_file_close(&file);
}

/* From the medium itself, as the next one who opens it will find it. */
static int verify(struct convert *convert, const struct target *target)
{
	struct kmemp_media_file file;
	int ret;

	ret = target_open(target, &file, true);
	if (ret)
		return ret;
	ret = convert_verify(convert, &file.media);
	if (!ret)
		ret = report(convert, target, &file.media);
	kmemp_media_file_close(&file);
	if (ret)
		take_back(target);
	return ret;
}

static int write_copy(struct convert *convert, struct request *request,
		      const struct target *target)
{
	struct kmemp_media_file file;
	u64 size;
	int ret;

	ret = target_open(target, &file, false);
	if (ret)
		return ret;
	size = file.media.size;
	inherit(request, convert->source, size);
	ret = new_pool_sizes(&request->pool, target->name, size);
	if (!ret)
		ret = new_pool_content(&request->pool, target->name,
				       &file.media);
	if (!ret)
		ret = new_pool_keys(&request->pool);
	if (!ret)
		ret = convert_plan(convert, size, &request->pool.params);
	new_pool_forget_keys(&request->pool);
	if (ret && convert->losses.nr)
		report_refused(convert);
	if (!ret)
		ret = convert_write(convert, &file.media);
	kmemp_media_file_close(&file);
	return ret;
}

static int copy_to(struct source *source, struct request *request,
		   const struct target *target)
{
	struct convert convert = {
		.source = &source->pool,
		.source_name = source->target.name,
		.name = target->name,
		.salvage = source->salvage,
	};
	int ret;

	ret = same_place(&source->target, target);
	if (!ret)
		ret = target_free(target);
	if (!ret)
		ret = new_pool_domain(&request->pool, target);
	if (!ret)
		ret = write_copy(&convert, request, target);
	if (!ret)
		ret = verify(&convert, target);
	if (!ret)
		warn(request, target);
	if (!ret)
		ret = losses_status(&convert.losses, source->target.name,
				    "the copy is");
	convert_free(&convert);
	return ret;
}

static int is_there(const char *arg)
{
	int ret = 0;

	if (!target_names_dax(arg) && access(arg, F_OK)) {
		ret = -errno;
		complain(arg, "%m; for an image that is to be made, add --size SIZE");
	}
	return ret;
}

static int copy(struct source *source, const char *arg, void *data)
{
	struct request *request = data;
	struct target target;
	int ret;

	ret = source_sound(source);
	if (!ret)
		ret = request->size ? make_image(arg, request->size) :
				      is_there(arg);
	if (ret)
		return ret;
	ret = target_find(&target, arg);
	if (!ret) {
		ret = copy_to(source, request, &target);
		target_put(&target);
	}
	if (ret < 0 && request->size)
		unlink(arg);
	return ret;
}

static int valid(void *data)
{
	struct request *request = data;

	return request->pool.type ? new_pool_find_type(&request->pool) : 0;
}

static const struct source_verb convert_verb = {
	.options = convert_options,
	.take = parse_option,
	.what = {
		"DAX device or image is the source",
		"DAX device or image becomes the copy",
	},
	.valid = valid,
	.run = copy,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct request request = {};

	return source_command(command, argc, argv, &convert_verb, &request);
}

const struct command cmd_convert = {
	.name = "convert",
	.summary = "copy a pool into another format, or to another size",
	.help = convert_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
