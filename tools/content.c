// SPDX-License-Identifier: GPL-2.0
/*
 * What a medium holds, see content.h.
 *
 * libblkid reads files, and a DAX device cannot be read(): its ends are copied
 * to a sparse file in memory that is as large as the medium. Images take the
 * same way, so that there is one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <blkid.h>
#include <uuid.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "content.h"
#include "kmemp.h"
#include "report.h"

/* What stands at a page that cannot be read: never taken for empty. */
static void note_byte(struct content *content, u64 pos, bool unreadable)
{
	if (!content->empty)
		return;
	content->empty = false;
	content->first_byte = pos;
	content->unreadable = unreadable;
}

static int copy_page(struct content *content, struct kmemp_media *media,
		     u64 pos, int fd)
{
	u8 page[KMEMP_PAGE_SIZE];
	u8 *byte;

	if (kmemp_media_read(media, pos, page, sizeof(page))) {
		note_byte(content, pos, true);
		return 0;
	}
	byte = memchr_inv(page, 0, sizeof(page));
	if (!byte)
		return 0;
	note_byte(content, pos + (byte - page), false);
	if (pwrite(fd, page, sizeof(page), pos) != sizeof(page))
		return -errno;
	return 0;
}

static int copy_ends(struct content *content, struct kmemp_media *media, int fd)
{
	u64 pos, tail;
	int ret = 0;

	content->empty = true;
	if (ftruncate(fd, media->size))
		return -errno;
	tail = media->size > KMEMP_PROBE_BYTES ?
	       media->size - KMEMP_PROBE_BYTES : 0;
	for (pos = 0; pos < media->size && !ret; pos += KMEMP_PAGE_SIZE) {
		if (pos == KMEMP_PROBE_BYTES && tail > pos)
			pos = tail;
		ret = copy_page(content, media, pos, fd);
	}
	return ret;
}

static const char *probe_value(blkid_probe probe, const char *name)
{
	const char *value;

	return blkid_probe_lookup_value(probe, name, &value, NULL) ? NULL :
								     value;
}

static void describe(struct content *content, blkid_probe probe)
{
	const char *type = probe_value(probe, "TYPE");
	const char *label = probe_value(probe, "LABEL");
	const char *pttype = probe_value(probe, "PTTYPE");

	snprintf(content->foreign, sizeof(content->foreign),
		 "%.64s%s%s%.64s%s", type ?: pttype ?: "something",
		 type ? "" : " partition table", label ? ", label '" : "",
		 label ?: "", label ? "'" : "");
	text_sanitize(content->foreign);
}

static int run_probe(struct content *content, int fd)
{
	blkid_probe probe = blkid_new_probe();
	int ret = -ENOMEM;

	if (!probe)
		return ret;
	if (blkid_probe_set_device(probe, fd, 0, 0)) {
		ret = -EIO;
		goto out;
	}
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE |
					  BLKID_SUBLKS_LABEL);
	blkid_probe_enable_partitions(probe, 1);
	ret = 0;
	switch (blkid_do_safeprobe(probe)) {
	case 0:
		describe(content, probe);
		break;
	case 1:
		break;
	case -2:
		snprintf(content->foreign, sizeof(content->foreign),
			 "signatures of more than one kind");
		break;
	default:
		ret = -EIO;
	}
out:
	blkid_free_probe(probe);
	return ret;
}

/**
 * content_read - find out what a medium holds
 * @content: filled in
 * @media: the medium
 * @name: its name, for messages
 *
 * Return: 0, or a negative errno where it was told what failed.
 */
int content_read(struct content *content, struct kmemp_media *media,
		 const char *name)
{
	int fd, ret;

	memset(content, 0, sizeof(*content));
	content->kind = kmemp_super_read(media, &content->super,
					 &content->verdict);
	fd = memfd_create("kmemp-ends", MFD_CLOEXEC);
	ret = fd < 0 ? -errno : copy_ends(content, media, fd);
	if (!ret)
		ret = run_probe(content, fd);
	if (ret)
		complain(name, "cannot find out what it holds: %s",
			 strerror(-ret));
	if (fd >= 0)
		close(fd);
	return ret;
}

/**
 * content_formattable - would formatting destroy anything?
 * @content: as read
 * @name: the medium's name, for messages
 *
 * Return: 0, or -EEXIST where it was told what is there.
 */
int content_formattable(const struct content *content, const char *name)
{
	char text[KMEMP_VERDICT_TEXT], uuid[UUID_STR_LEN], force[512];

	snprintf(force, sizeof(force), "look with: kmemp info %s; if nothing of it is needed, add --force",
		 name);

	switch (content->kind) {
	case KMEMP_CONTENT_POOL:
		uuid_unparse_lower(content->super.uuid, uuid);
		complain(name, "holds a pool (uuid %s%s%s); %s", uuid,
			 content->super.label[0] ? ", label " : "",
			 content->super.label, force);
		return -EEXIST;
	case KMEMP_CONTENT_REFUSED:
		kmemp_verdict_text(&content->verdict, name, text, sizeof(text));
		complain(name, "holds a pool that is refused: %s", text);
		return -EEXIST;
	case KMEMP_CONTENT_PLAIN:
		break;
	}
	if (content->foreign[0]) {
		complain(name, "holds %s; %s", content->foreign, force);
		return -EEXIST;
	}
	if (!content->empty) {
		complain(name, "its first and last 2 MiB are not empty: byte %#llx %s; %s",
			 (unsigned long long)content->first_byte,
			 content->unreadable ? "cannot be read" : "is not zero",
			 force);
		return -EEXIST;
	}
	return 0;
}

/**
 * content_report - add what a medium holds
 * @content: as read
 * @name: the medium's name, for messages
 * @object: where to
 */
void content_report(const struct content *content, const char *name,
		    struct json_object *object)
{
	char text[KMEMP_VERDICT_TEXT];

	switch (content->kind) {
	case KMEMP_CONTENT_POOL:
		report_string(object, "content", "pool");
		report_super(object, &content->super);
		if (content->super.damaged)
			report_string(object, "damaged",
				      content->super.damaged &
				      KMEMP_DAMAGED_FIRST ?
				      "superblock" : "superblock copy");
		return;
	case KMEMP_CONTENT_REFUSED:
		report_string(object, "content", "refused");
		report_string(object, "code",
			      kmemp_refusal_info(content->verdict.code)->name);
		kmemp_verdict_text(&content->verdict, name, text, sizeof(text));
		report_string(object, "reason", text);
		break;
	case KMEMP_CONTENT_PLAIN:
		report_string(object, "content", content->foreign[0] ?
			      "foreign" : content->empty ? "empty" : "unknown");
		break;
	}
	if (content->foreign[0])
		report_string(object, "foreign", content->foreign);
}
