// SPDX-License-Identifier: GPL-2.0
/*
 * A snapshot shows a medium as it was, whatever is stored by whichever call and
 * whenever, also between its own reading and its looking for a copy.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "media_record.h"
#include "snapshot.h"
#include "tap.h"

#define PAGES	64u
#define BYTES	((size_t)PAGES * KMEMP_PAGE_SIZE)

static struct record record;
static struct kmemp_snapshot snapshot;
static u8 before[PAGES * KMEMP_PAGE_SIZE], shown[PAGES * KMEMP_PAGE_SIZE];

/* Where somebody stores while the medium is read: first, then afterwards. */
static u64 store_at[2];

static int read_beside(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	unsigned int i;
	int ret = 0;

	(void)media;
	for (i = 0; i < 2; i++) {
		if (store_at[i])
			kmemp_media_fill(&record.media, store_at[i], 0x77, 8);
		store_at[i] = 0;
		if (!i)
			ret = kmemp_media_read(&record.media, pos, dst, len);
	}
	return ret;
}

static const struct kmemp_media_ops reader_ops = { .read = read_beside };
static struct kmemp_media reader = {
	.ops = &reader_ops, .size = BYTES, .readonly = true,
};

static void begin(void)
{
	size_t i;

	for (i = 0; i < BYTES; i++)
		record.base[i] = i * 31 + i / KMEMP_PAGE_SIZE;
	memcpy(before, record.base, BYTES);
	if (kmemp_snapshot_init(&snapshot, &record.media, &reader))
		abort();
	kmemp_snapshot_begin(&snapshot);
}

static void end(void)
{
	kmemp_snapshot_end(&snapshot);
	kmemp_snapshot_destroy(&snapshot);
}

/* In one go, and in parts that begin and end anywhere. */
static bool shows_before(void)
{
	size_t pos, len;

	memset(shown, 0, BYTES);
	if (kmemp_media_read(&snapshot.media, 0, shown, BYTES) ||
	    memcmp(shown, before, BYTES))
		return false;
	memset(shown, 0, BYTES);
	for (pos = 0; pos < BYTES; pos += len) {
		len = min_t(size_t, BYTES - pos, 1 + pos % 9973);
		if (kmemp_media_read(&snapshot.media, pos, shown + pos, len))
			return false;
	}
	return !memcmp(shown, before, BYTES);
}

static void test_stores(void)
{
	static u8 bytes[3 * KMEMP_PAGE_SIZE];
	struct kmemp_media *media = &record.media;
	u64 page = KMEMP_PAGE_SIZE;

	begin();
	tap_ok(shows_before(), "nothing is stored");
	memset(bytes, 0xee, sizeof(bytes));
	kmemp_media_store64(media, 2 * page - 8, 1);
	tap_ok(shows_before(), "a word");
	kmemp_media_write(media, 4 * page - 1, bytes, 2 * page + 2);
	tap_ok(shows_before(), "a write into four pages");
	kmemp_media_write_fresh(media, 8 * page + 5, bytes, 3 * page - 5);
	tap_ok(shows_before(), "a fresh one, up to the end of a page");
	kmemp_media_fill(media, 16 * page, 0, 20 * page);
	tap_ok(shows_before(), "a fill");
	kmemp_media_fill(media, 16 * page, 9, 20 * page);
	kmemp_media_fill(media, 0, 9, 0);
	kmemp_media_fill(media, (PAGES - 1) * page, 9, page);
	tap_ok(shows_before(), "another over it, and the last page");
	end();
	kmemp_media_fill(media, 40 * page, 9, page);
	tap_ok(record.base[40 * page] == 9 && !media->snapshot,
	       "stores go on when it has ended");
}

static void test_beside(void)
{
	u8 byte;

	begin();
	store_at[0] = 100;
	tap_ok(!kmemp_media_read(&snapshot.media, 100, &byte, 1) &&
	       byte == before[100], "a store just before it is read");
	store_at[1] = 5000;
	tap_ok(!kmemp_media_read(&snapshot.media, 5000, &byte, 1) &&
	       byte == before[5000], "a store just after");
	tap_ok(shows_before(), "neither is seen later");
	end();
}

static void test_bad(void)
{
	u64 page = KMEMP_PAGE_SIZE;
	u8 byte;

	begin();
	record.fail_page = 1 + 3;
	tap_ok(kmemp_media_read(&snapshot.media, 3 * page, &byte, 1) == -EIO,
	       "a page that cannot be read");
	kmemp_media_fill(&record.media, 3 * page, 1, page);
	record.fail_page = 0;
	tap_ok(kmemp_media_read(&snapshot.media, 3 * page, &byte, 1) == -EIO &&
	       !kmemp_media_read(&snapshot.media, 4 * page, &byte, 1) &&
	       !kmemp_snapshot_lost(&snapshot),
	       "is one, though it has been overwritten");
	end();
}

int main(void)
{
	long allocated = shim_nr_allocated;

	if (record_init(&record, BYTES))
		abort();
	record.off = true;
	test_stores();
	test_beside();
	test_bad();
	record_free(&record);
	tap_ok(shim_nr_allocated == allocated, "nothing leaked");
	return tap_done();
}
