// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of a bound pool, on demand: the file persist/check.
 *
 * It goes on while the pool is used and changed: what it sees is of one moment.
 * So pages that are given back meanwhile stay what they are (host->kept), but if
 * a writer needs them it gets them, and the check is given up. It yields the
 * processor, a signal that kills ends it, and what it finds is kept as one page
 * of text, whose first line counts all.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "host.h"

/* What the first line takes at most. */
#define HEAD_SIZE	64

/**
 * struct view - the medium as the check sees it
 * @media: its back end, which cannot store
 * @host: the pool
 * @error: why the check is to end
 */
struct view {
	struct kmemp_media media;
	struct kmemp_host *host;
	int error;
};

/**
 * struct report - what was found
 * @text: lines, as many as fit
 * @len: bytes of them
 * @nr: findings
 * @worst: the severest
 */
struct report {
	char *text;
	size_t len;
	unsigned int nr;
	enum kmemp_severity worst;
};

/* From now on, what is given back stays as it is. */
static int begin_keeping(struct kmemp_host *host)
{
	unsigned long *kept;

	kept = kvcalloc(BITS_TO_LONGS(host->pages.nr_pages), sizeof(long),
			GFP_KERNEL);
	if (!kept)
		return -ENOMEM;
	spin_lock(&host->pages.lock);
	host->kept = kept;
	spin_unlock(&host->pages.lock);
	return 0;
}

static bool still_kept(struct kmemp_host *host)
{
	bool kept;

	spin_lock(&host->pages.lock);
	kept = !!host->kept;
	spin_unlock(&host->pages.lock);
	return kept;
}

static int view_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct view *view = container_of(media, struct view, media);
	int ret;

	cond_resched();
	if (fatal_signal_pending(current))
		view->error = -EINTR;
	if (view->error)
		return -EIO;
	ret = kmemp_media_read(kmemp_media_of(view->host->medium), pos, dst,
			       len);
	/* Looked at afterwards: was the page still what it was? */
	if (!still_kept(view->host)) {
		view->error = -EBUSY;
		ret = -EIO;
	}
	return ret;
}

/* kmemp_media_*() see to it that nothing else is called. */
static const struct kmemp_media_ops view_ops = {
	.read = view_read,
};

static void add_finding(void *arg, enum kmemp_severity severity, u64 object,
			u64 pos, const char *text)
{
	static const char * const names[] = {
		[KMEMP_NOTE] = "note",
		[KMEMP_MENDED] = "mendable",
		[KMEMP_LOSS] = "loss",
		[KMEMP_FATAL] = "fatal",
	};
	struct report *report = arg;
	size_t room = PAGE_SIZE - HEAD_SIZE - report->len;
	int len;

	report->nr++;
	report->worst = max(report->worst, severity);
	len = snprintf(report->text + report->len, room, "%s %llu %llu %s\n",
		       names[severity], object, pos, text);
	if (len < room)
		report->len += len;
	report->text[report->len] = '\0';
}

/* A check prints no dump. */
static void no_line(void *arg, const char *text)
{
}

static int run(struct kmemp_host *host, struct report *report)
{
	struct kmemp_findings findings = {
		.finding = add_finding,
		.line = no_line,
		.arg = report,
	};
	struct view view = {
		.media = {
			.ops = &view_ops,
			.size = kmemp_media_of(host->medium)->size,
			.readonly = true,
		},
		.host = host,
	};
	int ret;

	ret = begin_keeping(host);
	if (ret)
		return ret;
	ret = kmemp_pool_check_live(&host->pool, &view.media, &findings);
	kmemp_supply_release(host);
	return view.error ?: ret;
}

/**
 * kmemp_host_check - verify the pool, and keep what was found
 * @host: added
 *
 * Return: 0 when the check ran to its end, whatever it found; -EBUSY where it was
 * given up for writers; -EINTR; -ENOMEM.
 */
int kmemp_host_check(struct kmemp_host *host)
{
	struct report report = {};
	int ret;

	report.text = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!report.text)
		return -ENOMEM;
	ret = mutex_lock_killable(&host->check);
	if (ret)
		goto out;
	ret = run(host, &report);
	if (!ret) {
		swap(host->checked, report.text);
		host->nr_found = report.nr;
		host->damaged = report.worst > KMEMP_NOTE;
	}
	mutex_unlock(&host->check);
out:
	kfree(report.text);
	return ret;
}

/**
 * kmemp_host_checked - what the last check found
 * @host: added
 * @buf: PAGE_SIZE bytes
 *
 * Return: bytes filled in.
 */
ssize_t kmemp_host_checked(struct kmemp_host *host, char *buf)
{
	ssize_t len;

	mutex_lock(&host->check);
	if (host->checked)
		len = sysfs_emit(buf, "%s %u\n%s", host->damaged ? "damaged" :
				 "clean", host->nr_found, host->checked);
	else
		len = sysfs_emit(buf, "never\n");
	mutex_unlock(&host->check);
	return len;
}
