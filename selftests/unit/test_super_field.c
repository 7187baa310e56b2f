// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile superblocks: each field set to 0, 1 and its largest value under a
 * valid checksum, in both pages and in one.
 */
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "fixture.h"
#include "super.h"
#include "tap.h"

/* What is expected of a value: an enum kmemp_refusal, or one of these. */
#define OPENS		KMEMP_REFUSE_NOTHING
#define PLAIN		(-1)
#define ANYTHING	(-2)

/**
 * struct field - a field of the superblock page
 * @name: its name
 * @offset: in the page
 * @size: bytes
 * @expected: what 0, 1 and all ones get
 */
struct field {
	const char *name;
	size_t offset;
	size_t size;
	int expected[3];
};

#define FIXED(member, ...)						\
	{ #member, offsetof(struct kmemp_disk_static, member),		\
	  sizeof_field(struct kmemp_disk_static, member), { __VA_ARGS__ } }
#define STATE(member, ...)						\
	{ "state " #member, KMEMP_SB_STATE_OFFSET +			\
	  offsetof(struct kmemp_disk_state, member),			\
	  sizeof_field(struct kmemp_disk_state, member), { __VA_ARGS__ } }

#define GEOMETRY	KMEMP_REFUSE_GEOMETRY

static const struct field fields[] = {
	FIXED(magic, PLAIN, PLAIN, PLAIN),
	/* 1 is format bitmap, which finds no instance of its own here */
	FIXED(type, OPENS, KMEMP_REFUSE_STRUCTURE, KMEMP_REFUSE_TYPE_UNKNOWN),
	FIXED(version, KMEMP_REFUSE_VERSION, OPENS, KMEMP_REFUSE_VERSION),
	FIXED(compat, OPENS, OPENS, OPENS),
	FIXED(ro_compat, OPENS, KMEMP_REFUSE_RO_COMPAT, KMEMP_REFUSE_RO_COMPAT),
	FIXED(incompat, OPENS, OPENS, KMEMP_REFUSE_INCOMPAT),
	FIXED(page_size, GEOMETRY, GEOMETRY, GEOMETRY),
	FIXED(reserved0, OPENS, GEOMETRY, GEOMETRY),
	FIXED(pool_pages, GEOMETRY, GEOMETRY, GEOMETRY),
	FIXED(uuid, OPENS, OPENS, OPENS),
	FIXED(seal_key, OPENS, OPENS, OPENS),
	FIXED(hash_key, OPENS, OPENS, OPENS),
	FIXED(label, OPENS, GEOMETRY, GEOMETRY),
	FIXED(data_min, OPENS, OPENS, GEOMETRY),
	FIXED(data_max, OPENS, GEOMETRY, GEOMETRY),
	FIXED(window_page, OPENS, OPENS, GEOMETRY),
	FIXED(window_pages, OPENS, OPENS, GEOMETRY),
	FIXED(generation, OPENS, OPENS, GEOMETRY),
	FIXED(reserved1, OPENS, GEOMETRY, GEOMETRY),
	STATE(generation, OPENS, OPENS, GEOMETRY),
	STATE(epoch, OPENS, OPENS, GEOMETRY),
	STATE(confirmed, OPENS, OPENS, GEOMETRY),
	STATE(lease, OPENS, GEOMETRY, GEOMETRY),
	STATE(map_page, OPENS, OPENS, GEOMETRY),
	STATE(map_pages, OPENS, OPENS, GEOMETRY),
	STATE(map_crc, OPENS, OPENS, OPENS),
	STATE(reserved, OPENS, GEOMETRY, GEOMETRY),
};

static struct media_cut whole, hostile;

/* The value's index: 0: zeros, 1: little endian one, 2: all ones. */
static void set(u64 page, const struct field *field, unsigned int value)
{
	u8 *bytes = media_cut_page(&hostile, page) + field->offset;

	memset(bytes, value == 2 ? 0xff : 0, field->size);
	if (value == 1)
		bytes[0] = 1;
	fixture_reseal(&hostile, page);
}

static int outcome(bool readonly)
{
	struct kmemp_pool pool = {};
	int ret;

	ret = kmemp_pool_open(&pool, &hostile.media, readonly);
	if (ret)
		return ret == -ENOMEDIUM ? PLAIN : (int)pool.verdict.code;
	/* What opened has sizes that its host can rely on. */
	ret = pool.super.pool_pages >= KMEMP_MIN_POOL_PAGES &&
	      pool.super.pool_pages * KMEMP_PAGE_SIZE <= hostile.media.size &&
	      pool.super.data_min <= pool.super.pool_pages &&
	      pool.super.data_max <= pool.super.pool_pages &&
	      strlen(pool.super.label) <= KMEMP_LABEL_SIZE ? OPENS : ANYTHING;
	kmemp_pool_close(&pool);
	return ret;
}

static void test_both(const struct field *field, unsigned int value)
{
	static struct media_cut before;
	int got;

	hostile = whole;
	set(0, field, value);
	set(FIXTURE_COPY, field, value);
	before = hostile;
	got = outcome(false);
	tap_ok(got == field->expected[value] &&
	       media_cut_same(&hostile, &before),
	       "%s, value %u in both pages: %d, expected %d", field->name,
	       value, got, field->expected[value]);
}

/* One page only: never plain, and refused with not a byte changed. */
static void test_one(const struct field *field, unsigned int value, u64 page)
{
	static struct media_cut before;
	int got;

	hostile = whole;
	set(page, field, value);
	before = hostile;
	got = outcome(false);
	tap_ok(got != PLAIN && got != ANYTHING &&
	       (got == OPENS || media_cut_same(&hostile, &before)),
	       "%s, value %u in the %s: %d", field->name, value,
	       page ? "copy" : "superblock page", got);
}

static void test_labels(void)
{
	static const struct {
		const char *what;
		char label[KMEMP_LABEL_SIZE];
		int expected;
	} labels[] = {
		{ "no label", "", OPENS },
		{ "64 bytes without a terminator",
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", OPENS },
		{ "a slash", "a/b", GEOMETRY },
		{ "bytes after the terminator", "ab\0c", GEOMETRY },
		{ "an escape sequence", "\x1b[31m", GEOMETRY },
		{ "cut UTF-8", "caf\xc3", GEOMETRY },
	};
	struct kmemp_super_page *sb;
	unsigned int i;
	u64 page;

	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		hostile = whole;
		for (page = 0; page <= FIXTURE_COPY; page += FIXTURE_COPY) {
			sb = (void *)media_cut_page(&hostile, page);
			memcpy(sb->fixed.label, labels[i].label,
			       KMEMP_LABEL_SIZE);
			fixture_reseal(&hostile, page);
		}
		tap_ok(outcome(false) == labels[i].expected, "label: %s",
		       labels[i].what);
	}
}

/* A pointer is believed only as far as there is a copy where it points. */
static void test_pointers(void)
{
	static const u64 targets[] = {
		0, 1, 2, FIXTURE_PAGES - 1, FIXTURE_PAGES + 1,
		FIXTURE_PAGES + 100, FIXTURE_PAGES + 101, 1ULL << 40,
		1ULL << 52, ~0ULL,
	};
	struct kmemp_disk_pointer pointer;
	struct kmemp_super super = {};
	unsigned int i;
	int got;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		hostile = whole;
		media_cut_resize(&hostile, FIXTURE_PAGES + 100);
		super.pool_pages = targets[i];
		kmemp_super_encode_pointer(&super, &pointer);
		memcpy(media_cut_page(&hostile, FIXTURE_PAGES + 99), &pointer,
		       sizeof(pointer));
		got = outcome(false);
		tap_ok(got == OPENS, "pointer to %#llx: page 0 decides",
		       (unsigned long long)targets[i]);
		hostile = whole;
		media_cut_resize(&hostile, FIXTURE_PAGES + 100);
		memcpy(media_cut_page(&hostile, FIXTURE_PAGES + 99), &pointer,
		       sizeof(pointer));
		media_cut_page(&hostile, 0)[2046] ^= 1;
		got = outcome(false);
		tap_ok(got == KMEMP_REFUSE_BAD_SUPER,
		       "pointer to %#llx, page 0 damaged: %d",
		       (unsigned long long)targets[i], got);
	}
}

int main(void)
{
	unsigned int i, value;

	fixture_format(&whole, FIXTURE_PAGES, 1);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		for (value = 0; value < 3; value++) {
			test_both(&fields[i], value);
			test_one(&fields[i], value, 0);
			test_one(&fields[i], value, FIXTURE_COPY);
		}
	hostile = whole;
	set(0, &fields[4], 2);
	set(FIXTURE_COPY, &fields[4], 2);
	tap_ok(outcome(true) == OPENS,
	       "an unknown ro_compat bit may be read");
	test_labels();
	test_pointers();
	return tap_done();
}
