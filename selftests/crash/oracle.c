// SPDX-License-Identifier: GPL-2.0
/*
 * See oracle.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "formats.h"
#include "oracle.h"

/* The later, the more images lie between two. */
#define PART	8u

u64 oracle_read;

static u64 pace, next_image;
static bool kept;
static char folder[32];

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void remove_files(void)
{
	static const char *const names[] = { "image", "pool", "wanted", "found" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
}

static void make_folder(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	strcpy(folder, "build/oracle-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	atexit(remove_files);
}

/* Pages of zeros are holes. */
static void write_image(const struct record *record)
{
	static const u8 zero[KMEMP_PAGE_SIZE];
	int fd = open(path_of("image"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	u64 pos;

	if (fd < 0 || ftruncate(fd, record->media.size))
		abort();
	for (pos = 0; pos < record->media.size; pos += KMEMP_PAGE_SIZE)
		if (memcmp(record->base + pos, zero, KMEMP_PAGE_SIZE) &&
		    pwrite(fd, record->base + pos, KMEMP_PAGE_SIZE, pos) !=
		    KMEMP_PAGE_SIZE)
			abort();
	close(fd);
}

void oracle_begin(u64 every)
{
	pace = crash_format->reader ? every : 0;
	next_image = 0;
	oracle_read = 0;
	kept = false;
}

void oracle_keep(const struct record *record, u64 images)
{
	kept = pace && images >= next_image && !record->fail_page;
	if (!kept)
		return;
	next_image = images + max(pace, images / PART);
	make_folder();
	write_image(record);
}

/* ----------------------------------------------------- what the pool holds */

static void print_extent(FILE *file, u64 id, const struct kmemp_extent *extent)
{
	if (extent->count)
		fprintf(file, "extent %llu %llu %llu %llu %u %u\n", id,
			extent->offset, extent->page, (u64)extent->count,
			extent->flags, extent->tag);
}

static bool goes_on(const struct kmemp_extent *a, const struct kmemp_extent *b)
{
	return a->count && a->offset + a->count == b->offset &&
	       a->page + a->count == b->page && a->flags == b->flags &&
	       a->tag == b->tag;
}

static void print_extents(FILE *file, struct kmemp_pool *pool, u64 id)
{
	struct kmemp_extent extent, last = {};
	u64 offset = 0;

	while (!kmemp_pool_next_extent(pool, id, offset, 1ULL << 30, &extent)) {
		offset = extent.offset + extent.count;
		if (goes_on(&last, &extent)) {
			last.count += extent.count;
			continue;
		}
		print_extent(file, id, &last);
		last = extent;
	}
	print_extent(file, id, &last);
}

static void print_hex(FILE *file, const u8 *bytes, u32 len)
{
	while (len--)
		fprintf(file, "%02x", *bytes++);
}

static void print_records(FILE *file, struct kmemp_pool *pool, u64 id)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {};

	while (!kmemp_pool_next_record(pool, id, &record, buffer)) {
		fprintf(file, "record %llu %u ", id, record.kind);
		print_hex(file, record.name, record.name_len);
		putc('=', file);
		print_hex(file, record.value, record.value_len);
		putc('\n', file);
		if (!test_pass_record(&record, buffer))
			break;
	}
}

static void write_contents(struct kmemp_pool *pool)
{
	FILE *file = fopen(path_of("pool"), "w");
	u64 id;

	if (!file)
		abort();
	for (id = 0; !kmemp_pool_next_object(pool, &id); id++) {
		print_extents(file, pool, id);
		print_records(file, pool, id);
	}
	fclose(file);
}

static bool reads_alike(void)
{
	char command[256];

	snprintf(command, sizeof(command), "selftests/crash/agree %s %s",
		 folder, crash_format->reader);
	return !system(command);
}

bool oracle_agrees(struct test_pool *t)
{
	bool good;

	if (!kept)
		return true;
	kept = false;
	write_contents(&t->pool);
	good = reads_alike();
	write_image(t->record);
	oracle_read++;
	return good && reads_alike();
}
