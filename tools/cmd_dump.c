// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp dump: what a pool holds, object by object, and how its format keeps it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmem_persist/pool.h>

#include "dump_out.h"
#include "kmemp.h"
#include "report.h"
#include "target.h"

static const char dump_help[] =
"usage: kmemp dump [--object ID] [--json] DEV|IMAGE\n\n"
"Prints the objects, records and extents of a pool on a DAX device in devdax\n"
"mode or in an image, and the structures of its format. Reads only.\n\n"
"  -o, --object ID  only this object, without the format's structures\n"
"  -j, --json       as JSON\n"
"  -h, --help       this text\n";

static const struct option dump_options[] = {
	{ "object", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct request - what the command line asks for
 * @object: the only one, 0 for all
 * @json: not as text
 */
struct request {
	u64 object;
	bool json;
};

/**
 * struct dump - a dump that is being made
 * @out: where it goes
 * @pool: of what
 * @mapped: pages of all extents so far
 */
struct dump {
	struct dump_out out;
	struct kmemp_pool *pool;
	u64 mapped;
};

/* What cannot be read is told where it would stand, and once in the end. */
static int broken(struct dump *dump, const char *what, int error)
{
	const struct kmemp_verdict *verdict = &dump->pool->verdict;

	dump_out_broken(&dump->out, what, verdict->particulars[0] ?
			verdict->particulars : strerror(-error));
	return error;
}

static int dump_records(struct dump *dump, u64 id)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {};
	int ret;

	dump_out_list(&dump->out, "records");
	do {
		ret = kmemp_pool_next_record(dump->pool, id, &record, buffer);
		if (ret)
			break;
		dump_out_record(&dump->out, id, &record);
	} while (kmemp_record_after(&record, buffer));
	dump_out_list_end(&dump->out);
	return ret && ret != -ENOENT ? broken(dump, "records", ret) : 0;
}

static int dump_extents(struct dump *dump, u64 id)
{
	struct kmemp_extent extent;
	u64 offset = 0;
	int ret;

	dump_out_list(&dump->out, "extents");
	while (!(ret = kmemp_pool_next_extent(dump->pool, id, offset,
					      KMEMP_MAX_OBJECT_PAGES,
					      &extent))) {
		/* A map that leads in circles would go on and on. */
		dump->mapped += extent.count;
		if (dump->mapped > kmemp_pool_pages(dump->pool)) {
			ret = -EUCLEAN;
			break;
		}
		dump_out_extent(&dump->out, &extent);
		offset = extent.offset + extent.count;
	}
	dump_out_list_end(&dump->out);
	return ret != -ENOENT ? broken(dump, "extents", ret) : 0;
}

static int dump_object(struct dump *dump, u64 id)
{
	int records, extents;

	dump_out_object(&dump->out, id);
	records = dump_records(dump, id);
	extents = dump_extents(dump, id);
	dump_out_object_end(&dump->out);
	return records ?: extents;
}

/* An object that is damaged does not hide the others. */
static int dump_objects(struct dump *dump)
{
	int ret, error, worst = 0;
	u64 id = 0;

	dump_out_list(&dump->out, "objects");
	while (!(ret = kmemp_pool_next_object(dump->pool, &id))) {
		error = dump_object(dump, id);
		if (error)
			worst = error;
		id++;
	}
	dump_out_list_end(&dump->out);
	if (ret && ret != -ENOENT)
		worst = broken(dump, "objects", ret);
	return worst;
}

/* It may be there also where the list of objects is damaged. */
static bool is_there(struct kmemp_pool *pool, u64 object)
{
	u64 id = object;
	int ret;

	if (!kmemp_pool_keeps_objects(pool))
		return false;
	ret = kmemp_pool_next_object(pool, &id);
	return ret ? ret != -ENOENT : id == object;
}

static int dump_one(struct dump *dump, u64 object)
{
	int ret;

	dump_out_list(&dump->out, "objects");
	ret = dump_object(dump, object);
	dump_out_list_end(&dump->out);
	return ret;
}

static void take_line(void *arg, const char *text)
{
	dump_out_line(arg, text);
}

/* A dump judges nothing. */
static void no_finding(void *arg, enum kmemp_severity severity, u64 object,
		       u64 pos, const char *text)
{
	(void)arg;
	(void)severity;
	(void)object;
	(void)pos;
	(void)text;
}

static int dump_structures(struct dump *dump)
{
	struct kmemp_findings findings = {
		.finding = no_finding,
		.line = take_line,
		.arg = &dump->out,
	};
	int ret;

	dump_out_list(&dump->out, "structures");
	ret = kmemp_pool_describe(dump->pool, &findings);
	dump_out_list_end(&dump->out);
	return ret ? broken(dump, "structures", ret) : 0;
}

static int dump_pool(struct dump *dump, const struct target *target, u64 object)
{
	int structures, ret = 0;

	dump_out_begin(&dump->out, target, &dump->pool->super);
	if (object)
		ret = dump_one(dump, object);
	else if (kmemp_pool_keeps_objects(dump->pool))
		ret = dump_objects(dump);
	if (!object) {
		structures = dump_structures(dump);
		ret = ret ?: structures;
	}
	dump_out_end(&dump->out);
	return ret;
}

static int dump_media(const struct target *target, struct kmemp_media *media,
		      const struct request *request)
{
	const char *name = target->name;
	struct kmemp_pool pool = {};
	struct dump dump = {
		.out = { .json = request->json },
		.pool = &pool,
	};
	char text[KMEMP_VERDICT_TEXT];
	int ret;

	ret = kmemp_pool_open(&pool, media, true);
	if (ret == -ENOMEDIUM) {
		complain(name, "there is no pool; see what is there with: kmemp info %s",
			 name);
		return EXIT_FAILED;
	}
	if (ret) {
		kmemp_verdict_text(&pool.verdict, name, text, sizeof(text));
		complain(name, "%s", text);
		return EXIT_FAILED;
	}
	if (request->object && !is_there(&pool, request->object)) {
		complain(name, "there is no object %llu; for all: kmemp dump %s",
			 (unsigned long long)request->object, name);
		kmemp_pool_close(&pool);
		return EXIT_FAILED;
	}
	ret = dump_pool(&dump, target, request->object);
	kmemp_pool_close(&pool);
	if (ret)
		complain(name, "not all could be read, the dump says what; see: kmemp check %s",
			 name);
	return ret ? EXIT_FAILED : EXIT_OK;
}

static int dump_target(const struct target *target, void *data)
{
	struct kmemp_media_file file;
	int status;

	if (target_free(target) || target_open(target, &file, true))
		return EXIT_FAILED;
	status = dump_media(target, &file.media, data);
	kmemp_media_file_close(&file);
	return status;
}

static int take(void *data, int c)
{
	struct request *request = data;
	char *end;

	if (c == 'j') {
		request->json = true;
		return 0;
	}
	errno = 0;
	request->object = strtoull(optarg, &end, 10);
	if (*optarg >= '0' && *optarg <= '9' && !*end && !errno &&
	    request->object && request->object <= KMEMP_OBJ_MAX)
		return 0;
	complain("--object", "'%.64s' is no object; a number from 1 to %llu",
		 optarg, KMEMP_OBJ_MAX);
	return -EINVAL;
}

static const struct target_verb dump_verb = {
	.options = dump_options,
	.take = take,
	.what = "DAX device or image",
	.run = dump_target,
};

static int run(const struct command *command, int argc, char **argv)
{
	struct request request = {};

	return target_command(command, argc, argv, &dump_verb, &request);
}

const struct command cmd_dump = {
	.name = "dump",
	.summary = "print what a pool holds, and how its format keeps it",
	.help = dump_help,
	.usage_status = EXIT_USAGE,
	.failed_status = EXIT_FAILED,
	.run = run,
};
