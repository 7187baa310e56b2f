// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that is read and not written to, see source.h.
 */
#include <string.h>

#include <linux/errno.h>

#include "kmemp.h"
#include "source.h"

static int open_pool(struct source *source)
{
	const char *name = source->target.name;
	char text[KMEMP_VERDICT_TEXT];
	int ret;

	ret = kmemp_pool_open(&source->pool, &source->file.media, true);
	if (ret == -ENOMEDIUM) {
		complain(name, "there is no pool; see what is there with: kmemp info");
	} else if (ret) {
		kmemp_verdict_text(&source->pool.verdict, name, text,
				   sizeof(text));
		complain(name, "%s", text);
	}
	return ret;
}

/**
 * source_open - open a pool for reading
 * @source: filled in
 * @arg: as for target_find()
 *
 * Return: 0, or a negative errno where the mistake was told.
 */
int source_open(struct source *source, const char *arg)
{
	int ret;

	memset(source, 0, sizeof(*source));
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

/**
 * source_close - let go of it
 * @source: opened
 */
void source_close(struct source *source)
{
	kmemp_pool_close(&source->pool);
	kmemp_media_file_close(&source->file);
	target_put(&source->target);
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
 * @source: opened
 * @salvage: it need not be
 *
 * Return: 0, or -EUCLEAN where it was told that it is not.
 */
int source_sound(struct source *source, bool salvage)
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
	if ((!ret && !damaged) || salvage)
		return 0;
	if (ret)
		complain(name, "cannot be checked: %s; nothing was written; to take what can be read, add --salvage",
			 strerror(-ret));
	else
		complain(name, "is damaged, %u finding%s: kmemp check %s; nothing was written; to take what can be read, add --salvage",
			 damaged, damaged == 1 ? "" : "s", name);
	return -EUCLEAN;
}
