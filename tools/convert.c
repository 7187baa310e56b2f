// SPDX-License-Identifier: GPL-2.0
/*
 * From one pool to another one of any format and size, in three walks through
 * the source: the first reads all of it and plans the copy, the second writes
 * it, the third compares what was written.
 */
#include <stdio.h>
#include <string.h>

#include <linux/errno.h>

#include "compare.h"
#include "convert.h"
#include "kmemp.h"
#include "progress.h"
#include "walk.h"

static void say_size(char *text, size_t size, u64 bytes)
{
	snprintf(text, size, "%llu bytes (%.2f GiB)", (unsigned long long)bytes,
		 bytes / (double)(1 << 30));
}

/* @beyond: what is missing, as far as that is known; 0 where it is not. */
static int no_room(const struct convert *convert, u64 pool_pages, u64 pages,
		   u64 beyond)
{
	char data[64], pool[64], more[96] = "";

	say_size(data, sizeof(data), pages << KMEMP_PAGE_SHIFT);
	say_size(pool, sizeof(pool), pool_pages << KMEMP_PAGE_SHIFT);
	if (beyond)
		snprintf(more, sizeof(more), ", %llu bytes more than there are",
			 (unsigned long long)beyond);
	complain(convert->name, "what %s holds does not fit: %s of data, then metadata and the reserve%s; the pool would have %s; nothing was written",
		 convert->source_name, data, more, pool);
	return -ENOSPC;
}

static int read_failed(const struct convert *convert, int ret)
{
	complain(convert->source_name, "cannot be read: %s%s%s%s",
		 strerror(-ret), convert->source->verdict.particulars[0] ?
		 " (" : "", convert->source->verdict.particulars,
		 convert->source->verdict.particulars[0] ? ")" : "");
	return ret;
}

static int plan_one_record(void *arg, u64 object,
			   const struct kmemp_record *record)
{
	return plan_record(arg, object, record);
}

static int plan_one_extent(void *arg, u64 object,
			   const struct kmemp_extent *extent, const u8 *data)
{
	if (data)
		progress_add((u64)extent->count << KMEMP_PAGE_SHIFT);
	return plan_extent(arg, object, extent);
}

/* How much there is, and whether it can fit at all; data is not read for it. */
static int count(struct convert *convert, u64 pool_pages, struct walk *walk)
{
	int ret;

	*walk = (struct walk) { .pool = convert->source };
	ret = walk_pool(walk);
	losses_free(&walk->losses);
	if (ret)
		return read_failed(convert, ret);
	/* Neither superblock page can be data. */
	if (walk->pages + 2 > pool_pages)
		return no_room(convert, pool_pages, walk->pages,
			       (walk->pages + 2 - pool_pages) <<
			       KMEMP_PAGE_SHIFT);
	return 0;
}

static int fill_plan(struct convert *convert, u64 pool_pages,
		     const struct walk *counted)
{
	struct walk walk = {
		.pool = convert->source,
		.data = true,
		.record = plan_one_record,
		.extent = plan_one_extent,
		.arg = &convert->plan,
	};
	int ret;

	progress_begin("reading", counted->written << KMEMP_PAGE_SHIFT);
	ret = walk_pool(&walk);
	progress_end();
	if (!ret)
		ret = plan_end(&convert->plan);
	convert->losses = walk.losses;
	convert->objects = walk.objects;
	convert->records = walk.records;
	convert->pages = walk.pages;
	convert->written = walk.written;
	if (ret == -ENOSPC)
		return no_room(convert, pool_pages, counted->pages,
			       convert->plan.short_of);
	if (ret)
		return read_failed(convert, ret);
	if (walk.losses.nr && !convert->salvage) {
		losses_refuse(&walk.losses, convert->source,
			      convert->source_name);
		return -EIO;
	}
	return 0;
}

/**
 * convert_plan - read the source and find out what the copy will be
 * @convert: what is to be done; to be freed whatever is returned
 * @size: bytes of the medium
 * @params: what the new pool shall be
 *
 * Writes nothing.
 *
 * Return: 0, or a negative errno where it was told why it cannot be.
 */
int convert_plan(struct convert *convert, u64 size,
		 const struct kmemp_format_params *params)
{
	u64 pool_pages = params->pool_pages ?: size >> KMEMP_PAGE_SHIFT;
	struct kmemp_verdict verdict = {};
	char text[KMEMP_VERDICT_TEXT];
	struct walk walk;
	int ret;

	ret = count(convert, pool_pages, &walk);
	if (ret)
		return ret;
	if (walk.objects && params->type == KMEMP_TYPE_NONE) {
		complain(convert->name, "format none keeps no objects, and %s holds %llu; choose another --type",
			 convert->source_name,
			 (unsigned long long)walk.objects);
		return -EINVAL;
	}
	ret = plan_begin(&convert->plan, size, params, &verdict);
	if (ret) {
		kmemp_verdict_text(&verdict, convert->name, text, sizeof(text));
		complain(convert->name, "cannot be planned: %s",
			 verdict.code ? text : strerror(-ret));
		return ret;
	}
	return fill_plan(convert, pool_pages, &walk);
}

/**
 * struct writing - what the second walk works on
 * @convert: the conversion
 * @media: the medium
 */
struct writing {
	struct convert *convert;
	struct kmemp_media *media;
};

static int write_extent(void *arg, u64 object,
			const struct kmemp_extent *extent, const u8 *data)
{
	struct writing *writing = arg;

	if (data)
		progress_add((u64)extent->count << KMEMP_PAGE_SHIFT);
	return plan_store(&writing->convert->plan, writing->media, object,
			  extent, data);
}

static int write_data(void *arg)
{
	struct writing *writing = arg;
	struct walk walk = {
		.pool = writing->convert->source,
		.data = true,
		.extent = write_extent,
		.arg = writing,
	};
	int ret;

	ret = walk_pool(&walk);
	/* A page that could be read a moment ago. */
	if (!ret && walk.pages != writing->convert->pages)
		ret = -ESTALE;
	losses_free(&walk.losses);
	return ret;
}

static int install(void *arg)
{
	struct writing *writing = arg;

	return plan_install(&writing->convert->plan, writing->media, write_data,
			    writing);
}

/**
 * convert_write - write the pool as it was planned
 * @convert: planned
 * @media: the medium; what it holds is lost
 *
 * Return: 0, or a negative errno where it was told what failed; then there is
 * no pool on the medium.
 */
int convert_write(struct convert *convert, struct kmemp_media *media)
{
	struct writing writing = { convert, media };
	int ret;

	progress_begin("writing", convert->written << KMEMP_PAGE_SHIFT);
	ret = kmemp_media_file_guard(install, &writing);
	progress_end();
	if (ret == -EIO)
		complain(convert->name, "a store failed: a bad page (ndctl list --media-errors), or no room for the image; it is no pool now");
	else if (ret == -ESTALE)
		complain(convert->source_name, "does not hold any more what it held a moment ago, a page has turned bad; %s is no pool now; try again",
			 convert->name);
	else if (ret)
		complain(convert->name, "%s; it is no pool now",
			 strerror(-ret));
	return ret;
}

static void count_finding(void *arg, enum kmemp_severity severity, u64 object,
			  u64 pos, const char *text)
{
	struct compare *compare = arg;

	if (severity > KMEMP_NOTE && !compare->differs[0])
		snprintf(compare->differs, sizeof(compare->differs),
			 "a check finds: %s", text);
}

/* A check prints no dump. */
static void no_line(void *arg, const char *text)
{
}

static int compare_opened(struct convert *convert, struct compare *compare)
{
	const struct kmemp_findings findings = {
		.finding = count_finding,
		.line = no_line,
		.arg = compare,
	};
	struct walk walk = { .pool = convert->source };
	int ret;

	ret = kmemp_pool_check(compare->pool, &findings);
	if (!ret && compare->differs[0])
		ret = -EBADE;
	if (!ret)
		ret = compare_pools(compare, &walk);
	if (!ret && (walk.objects != convert->objects ||
		     walk.records != convert->records ||
		     walk.pages != convert->pages)) {
		snprintf(compare->differs, sizeof(compare->differs),
			 "%s has changed meanwhile", convert->source_name);
		ret = -EBADE;
	}
	losses_free(&walk.losses);
	return ret;
}

/**
 * convert_verify - does the medium hold what the source holds?
 * @convert: written
 * @media: the medium, mapped anew
 *
 * Return: 0, or a negative errno where it was told what differs.
 */
int convert_verify(struct convert *convert, struct kmemp_media *media)
{
	struct kmemp_pool pool = {};
	struct compare compare = { .pool = &pool };
	int ret;

	ret = kmemp_pool_open(&pool, media, true);
	if (ret) {
		complain(convert->name, "what was written cannot be opened: %s",
			 pool.verdict.particulars);
		return ret;
	}
	progress_begin("comparing", convert->written << KMEMP_PAGE_SHIFT);
	ret = compare_opened(convert, &compare);
	progress_end();
	kmemp_pool_close(&pool);
	if (ret)
		complain(convert->name, "what was written reads back different: %s; do not trust this medium",
			 compare.differs[0] ? compare.differs : strerror(-ret));
	return ret;
}

/**
 * convert_free - let go of it
 * @convert: any
 */
void convert_free(struct convert *convert)
{
	if (convert->plan.file.base)
		plan_free(&convert->plan);
	losses_free(&convert->losses);
}
