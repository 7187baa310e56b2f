// SPDX-License-Identifier: GPL-2.0
/*
 * populate IMAGE MIB		puts what a pool may hold into the pool on IMAGE
 * populate IMAGE at OBJECT OFFSET	prints the page that holds this page of an object
 * populate IMAGE digest		prints a sum over all that the pool holds but bad
 *				pages, the same wherever and in whatever format it is
 *
 * Some of everything: volumes of large and of single pages, unwritten extents,
 * tags, records of every length, objects of records alone, an orphan, a bad
 * page. MIB says how much data the first volume has. The tool itself has no
 * way to make volumes without the kernel.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/errno.h>

#include <kmem_persist/format_volume.h>
#include <kmem_persist/pool.h>

#include "media_file.h"
#include "pages.h"

static struct kmemp_media_file file;
static struct kmemp_pool pool;
static struct pages pages;

static void must(int ret, const char *what)
{
	if (ret)
		errx(1, "%s: error %d: %s", what, ret,
		     pool.verdict.particulars);
}

static void put(u64 object, u8 kind, const void *name, size_t name_len,
		const void *value, size_t value_len)
{
	struct kmemp_batch *batch = kmemp_batch_new(&pool);

	must(kmemp_batch_put(batch, object, kind, name, name_len, value,
			     value_len), "put");
	must(kmemp_batch_commit(batch), "commit");
	kmemp_batch_free(batch);
}

/* Pages that no two have alike. */
static void write_pages(u64 page, u32 count, u64 object)
{
	u64 words[KMEMP_PAGE_SIZE / sizeof(u64)];
	size_t i;

	for (; count; count--, page++) {
		for (i = 0; i < KMEMP_PAGE_SIZE / sizeof(u64); i++)
			words[i] = (page + 1) * 0x9e3779b97f4a7c15ULL ^
				   object << 32 ^ i * 0xbf58476d1ce4e5b9ULL;
		kmemp_media_write(&file.media, page << KMEMP_PAGE_SHIFT, words,
				  sizeof(words));
	}
}

static void map(u64 object, u64 offset, u32 count, u8 flags, u8 tag)
{
	struct kmemp_batch *batch = kmemp_batch_new(&pool);
	struct kmemp_extent extent = {
		.offset = offset, .flags = flags, .tag = tag,
	};

	while (count) {
		extent.count = count;
		extent.page = pages_take(&pages, &extent.count);
		if (!extent.page)
			errx(1, "no room");
		write_pages(extent.page, extent.count, object);
		must(kmemp_batch_map(batch, object, &extent), "map");
		count -= extent.count;
		extent.offset += extent.count;
	}
	must(kmemp_batch_commit(batch), "commit");
	kmemp_batch_free(batch);
}

static u64 make_volume(const char *name, u64 volume_pages, u32 block_size)
{
	struct kmemp_disk_volume disk = {
		.pages = cpu_to_le64(volume_pages),
		.block_size = cpu_to_le32(block_size),
	};
	u64 id;

	must(kmemp_pool_new_id(&pool, &id), "new id");
	disk.object = cpu_to_le64(id);
	put(KMEMP_OBJ_ROOT, KMEMP_ROOT_VOLUME, name, strlen(name), &disk,
	    sizeof(disk));
	return id;
}

static void make_records(u64 object, unsigned int count)
{
	u8 name[KMEMP_MAX_NAME], value[KMEMP_MAX_VALUE];
	unsigned int i;

	for (i = 0; i < count; i++) {
		memset(name, 'a' + i % 26, sizeof(name));
		memset(value, i, sizeof(value));
		memcpy(name, &i, sizeof(i));
		put(object, i % 3 ? 7 : 255, name,
		    4 + i * 37 % (KMEMP_MAX_NAME - 3), value,
		    i * 131 % (KMEMP_MAX_VALUE + 1));
	}
	put(object, 0, "", 0, "no name", 7);
}

static void orphan(u64 object)
{
	struct kmemp_batch *batch = kmemp_batch_new(&pool);

	must(kmemp_orphan_put(batch, object, KMEMP_ORPHAN_REMOVE, 0), "orphan");
	must(kmemp_batch_commit(batch), "commit");
	kmemp_batch_free(batch);
}

static void fill(u32 mib)
{
	u64 large, small, plain, gone, i;
	u32 one = 1;

	large = make_volume("large", 1ULL << 30, 4096);
	map(large, 0, mib << 8, 0, 0);
	map(large, 1 << 20, 700, KMEMP_EXTENT_UNWRITTEN, 0);
	small = make_volume("kle\xc3\xadn, small", 2000, 512);
	for (i = 0; i < 300; i++)
		map(small, i * 7 % 2000, 1, 0, 0);
	make_volume("empty", 1, 4096);
	must(kmemp_pool_new_id(&pool, &plain), "new id");
	make_records(plain, 120);
	map(plain, 3, 5, 0, 9);
	map(plain, 8, 2, 0, 10);
	map(plain, KMEMP_MAX_OBJECT_PAGES - 1, 1, KMEMP_EXTENT_UNWRITTEN, 255);
	must(kmemp_pool_new_id(&pool, &gone), "new id");
	map(gone, 0, 100, 0, 0);
	orphan(gone);
	must(kmemp_pool_mark_bad(&pool, pages_take(&pages, &one)), "mark bad");
}

static u64 mix(u64 hash, const void *data, size_t len)
{
	const u8 *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

static u64 mix_numbers(u64 a, u64 b, u64 c)
{
	u64 numbers[] = { a, b, c };

	return mix(0xcbf29ce484222325ULL, numbers, sizeof(numbers));
}

/* In any order: each pool has its own. */
static u64 digest_records(u64 id)
{
	u8 buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {};
	u64 sum = 0, hash;

	while (!kmemp_pool_next_record(&pool, id, &record, buffer)) {
		hash = mix_numbers(id, record.kind, record.name_len);
		hash = mix(hash, record.name, record.name_len);
		sum += mix(hash, record.value, record.value_len);
		if (!kmemp_record_after(&record, buffer))
			break;
	}
	return sum;
}

/* Page by page, since extents may be cut anywhere. */
static u64 digest_pages(u64 id)
{
	u64 offset = 0, sum = 0, hash;
	struct kmemp_extent extent;

	while (offset < KMEMP_MAX_OBJECT_PAGES &&
	       !kmemp_pool_next_extent(&pool, id, offset, 1, &extent)) {
		hash = mix_numbers(id, extent.offset,
				   extent.flags << 8 | extent.tag);
		if (!(extent.flags & KMEMP_EXTENT_UNWRITTEN))
			hash = mix(hash, file.base +
				   (extent.page << KMEMP_PAGE_SHIFT),
				   KMEMP_PAGE_SIZE);
		sum += hash;
		offset = extent.offset + 1;
	}
	return sum;
}

static u64 digest(void)
{
	u64 id, sum = 0;

	for (id = 0; !kmemp_pool_next_object(&pool, &id); id++)
		if (id != KMEMP_OBJ_BAD)
			sum += digest_records(id) + digest_pages(id);
	return sum;
}

int main(int argc, char **argv)
{
	bool at = argc == 5 && !strcmp(argv[2], "at");
	bool sum = argc == 3 && !strcmp(argv[2], "digest");
	struct kmemp_extent extent;

	if (argc != 3 && !at)
		errx(2, "usage: populate IMAGE MIB|digest|at OBJECT OFFSET");
	must(kmemp_media_file_open(&file, argv[1], at || sum), argv[1]);
	must(kmemp_pool_open(&pool, &file.media, at || sum), argv[1]);
	if (at) {
		must(kmemp_pool_next_extent(&pool, strtoull(argv[3], NULL, 0),
					    strtoull(argv[4], NULL, 0), 1,
					    &extent), "next extent");
		printf("%llu\n", (unsigned long long)extent.page);
	} else if (sum) {
		printf("%016llx\n", (unsigned long long)digest());
	} else {
		must(pages_init(&pages, &pool), "used pages");
		kmemp_pool_set_source(&pool, &pages_source, &pages);
		fill(strtoul(argv[2], NULL, 0));
	}
	kmemp_pool_close(&pool);
	kmemp_media_file_close(&file);
	return 0;
}
