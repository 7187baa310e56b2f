// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the superblock: whatever single thing has happened to the medium, a
 * device with one good page is opened as the pool that it is, or refused; it
 * is never plain and never another pool.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "fixture.h"
#include "super.h"
#include "tap.h"

static struct media_cut whole, hit;

/**
 * enum part - what of a superblock page a bit belongs to
 * @PART_MENDED: is guarded; the pool opens by the other page and is mended
 * @PART_SLOT: a bad-page slot: it is mended by the format itself
 * @PART_UNUSED: root slots, which format none does not have
 */
enum part {
	PART_MENDED,
	PART_SLOT,
	PART_UNUSED,
};

static enum part part_of(size_t offset)
{
	size_t root;

	if (offset >= KMEMP_SB_BAD_OFFSET)
		return PART_SLOT;
	if (offset < KMEMP_SB_ROOT_OFFSET)
		return PART_MENDED;
	root = (offset - KMEMP_SB_ROOT_OFFSET) % KMEMP_SB_ROOT_STRIDE;
	return root < sizeof(struct kmemp_disk_root) ? PART_UNUSED : PART_MENDED;
}

static bool flip_survived(u64 page, size_t offset, unsigned int bit)
{
	struct kmemp_super super;
	struct kmemp_verdict verdict = {};

	hit = whole;
	media_cut_page(&hit, page)[offset] ^= 1u << bit;
	if (kmemp_super_read(&hit.media, &super, &verdict) ==
	    KMEMP_CONTENT_PLAIN)
		return false;
	switch (part_of(offset)) {
	case PART_SLOT:
		return !super.damaged && !fixture_open(&hit, 1, false) &&
		       media_cut_same(&hit, &whole);
	case PART_MENDED:
		if (super.damaged != (page ? KMEMP_DAMAGED_COPY :
					     KMEMP_DAMAGED_FIRST))
			return false;
		return !fixture_open(&hit, 1, false) &&
		       media_cut_same(&hit, &whole);
	case PART_UNUSED:
		return !fixture_open(&hit, 1, false);
	}
	return false;
}

static void test_flips(u64 page, const char *name)
{
	unsigned int bit, failed = 0;
	size_t offset;

	for (offset = 0; offset < KMEMP_PAGE_SIZE; offset++)
		for (bit = 0; bit < 8; bit++)
			if (!flip_survived(page, offset, bit) && !failed++)
				tap_diag("first at byte %zu, bit %u", offset,
					 bit);
	tap_ok(!failed, "every bit of the %s, flipped (%u wrong)", name,
	       failed);
}

static bool refused_unchanged(struct media_cut *cut, enum kmemp_refusal code)
{
	static struct media_cut before;

	before = *cut;
	return fixture_refusal(cut, false) == code &&
	       media_cut_same(cut, &before);
}

static void test_sizes(void)
{
	u64 pages;

	hit = whole;
	media_cut_resize(&hit, FIXTURE_PAGES - 1);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_DEVICE_SMALLER),
	       "a device that lost a page");
	for (pages = 0; pages < 3; pages++) {
		hit = whole;
		media_cut_resize(&hit, pages);
		tap_ok(pages < 2 ?
		       fixture_open(&hit, 1, true) == -ENOMEDIUM :
		       refused_unchanged(&hit, KMEMP_REFUSE_DEVICE_SMALLER),
		       "a device of %llu pages", (unsigned long long)pages);
	}
}

static void test_larger(void)
{
	static struct media_cut larger;
	unsigned int bit, failed = 0;

	hit = whole;
	media_cut_resize(&hit, FIXTURE_PAGES + 100);
	tap_ok(!fixture_open(&hit, 1, true), "a device that grew");
	hit.words = 0;
	tap_ok(!fixture_open(&hit, 1, false) && hit.words,
	       "its last page gets a pointer");
	larger = hit;
	hit.words = 0;
	tap_ok(!fixture_open(&hit, 1, false) && !hit.words,
	       "and then nothing is written any more");

	media_cut_page(&hit, 0)[0] ^= 1;
	tap_ok(!fixture_open(&hit, 1, false) && media_cut_same(&hit, &larger),
	       "page 0 without magic: found by the pointer and mended");
	hit.bad[hit.nr_bad++] = 0;
	tap_ok(!fixture_open(&hit, 1, false),
	       "page 0 unreadable: found by the pointer");

	for (bit = 0; bit < 8 * sizeof(struct kmemp_disk_pointer); bit++) {
		hit = larger;
		media_cut_page(&hit, FIXTURE_PAGES + 99)[bit / 8] ^=
			1u << bit % 8;
		failed += fixture_open(&hit, 1, false) ||
			  !media_cut_same(&hit, &larger);
	}
	tap_ok(!failed, "every bit of the pointer, flipped: mended");
	hit = larger;
	hit.bad[hit.nr_bad++] = FIXTURE_PAGES + 99;
	tap_ok(!fixture_open(&hit, 1, false), "pointer unreadable");

	hit = larger;
	memset(media_cut_page(&hit, 0), 0, KMEMP_PAGE_SIZE);
	memset(media_cut_page(&hit, FIXTURE_COPY), 0, KMEMP_PAGE_SIZE);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_BAD_SUPER),
	       "only the pointer is left: not plain");
	media_cut_page(&hit, FIXTURE_PAGES + 99)[20] ^= 1;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_BAD_SUPER),
	       "only a damaged pointer is left: not plain");
}

/* A copy that says it belongs elsewhere: its own place holds other things. */
static void test_copy_elsewhere(void)
{
	hit = whole;
	media_cut_resize(&hit, FIXTURE_PAGES + 100);
	memcpy(media_cut_page(&hit, FIXTURE_PAGES + 99),
	       media_cut_page(&hit, FIXTURE_COPY), KMEMP_PAGE_SIZE);
	memset(media_cut_page(&hit, FIXTURE_COPY), 0x5a, KMEMP_PAGE_SIZE);
	media_cut_page(&hit, 0)[2046] ^= 1;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_GEOMETRY),
	       "page 0 damaged, last page a copy of a smaller pool");
}

static void test_differ(void)
{
	static struct media_cut other;
	struct kmemp_super_page *copy;

	hit = whole;
	copy = (void *)media_cut_page(&hit, FIXTURE_COPY);
	copy->fixed.label[0] ^= 1;
	fixture_reseal(&hit, FIXTURE_COPY);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_COPIES_DIFFER),
	       "static parts of one generation differ");

	hit = whole;
	copy = (void *)media_cut_page(&hit, FIXTURE_COPY);
	copy->state.confirmed = 1;
	fixture_reseal(&hit, FIXTURE_COPY);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_COPIES_DIFFER),
	       "state lines of one generation differ");

	hit = whole;
	fixture_format(&other, FIXTURE_PAGES, 2);
	memcpy(media_cut_page(&hit, FIXTURE_COPY),
	       media_cut_page(&other, FIXTURE_COPY), KMEMP_PAGE_SIZE);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_COPIES_DIFFER),
	       "the copy is another pool's");

	hit = whole;
	copy = (void *)media_cut_page(&hit, FIXTURE_COPY);
	copy->state.generation = 7;
	copy->state.epoch = 0;
	fixture_reseal(&hit, FIXTURE_COPY);
	media_cut_page(&hit, 0)[104] ^= 1;
	tap_ok(!fixture_open(&hit, 1, false) && !fixture_open(&hit, 1, true),
	       "one page's static part and the other's state line are good");
}

static void test_foreign(void)
{
	unsigned int i;
	u8 *first;

	media_cut_init(&hit, FIXTURE_PAGES);
	tap_ok(fixture_open(&hit, 1, false) == -ENOMEDIUM && !hit.words,
	       "zeros are plain");
	for (i = 0; i < 4; i++) {
		media_cut_init(&hit, FIXTURE_PAGES);
		memcpy(media_cut_page(&hit, 0), media_cut_page(&whole, 0), 8);
		media_cut_page(&hit, 0)[8] = i;
		tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_SEED_FORMAT),
		       "the format of 2022, type %u", i);
	}
	hit = whole;
	first = media_cut_page(&hit, 0);
	memset(first, 0, KMEMP_PAGE_SIZE);
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_FOREIGN),
	       "a first page of zeros before a good copy");
	for (i = 0; i < KMEMP_PAGE_SIZE; i++)
		first[i] = i * 37 + 11;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_FOREIGN),
	       "a first page of something else before a good copy");

	hit = whole;
	memset(media_cut_page(&hit, FIXTURE_COPY), 0xa5, KMEMP_PAGE_SIZE);
	tap_ok(!fixture_open(&hit, 1, false) && media_cut_same(&hit, &whole),
	       "a copy that is something else is written anew");
	hit = whole;
	media_cut_page(&hit, 0)[300] ^= 1;
	media_cut_page(&hit, FIXTURE_COPY)[300] ^= 1;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_BAD_SUPER),
	       "both pages damaged");
	hit = whole;
	media_cut_page(&hit, 0)[2500] ^= 1;
	media_cut_page(&hit, FIXTURE_COPY)[2500] ^= 1;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_GEOMETRY),
	       "something in the gaps of both pages");
	hit = whole;
	media_cut_page(&hit, 0)[2500] ^= 1;
	media_cut_page(&hit, FIXTURE_COPY)[300] ^= 1;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_GEOMETRY),
	       "something in the gaps of the only good page");
}

static void test_poison(void)
{
	static const u64 ends[] = { 0, FIXTURE_COPY };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		hit = whole;
		hit.words = 0;
		hit.bad[hit.nr_bad++] = ends[i];
		tap_ok(!fixture_open(&hit, 1, false) && !hit.words,
		       "%s unreadable: opens, nothing stored to it",
		       i ? "copy" : "page 0");
		media_cut_init(&hit, FIXTURE_PAGES);
		hit.bad[hit.nr_bad++] = ends[i];
		tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_UNREADABLE),
		       "%s of an empty device unreadable: never plain",
		       i ? "last page" : "page 0");
		hit = whole;
		hit.bad[hit.nr_bad++] = ends[i];
		media_cut_page(&hit, ends[!i])[200] ^= 1;
		tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_BAD_SUPER),
		       "%s unreadable, the other damaged",
		       i ? "copy" : "page 0");
	}
	hit = whole;
	hit.bad[hit.nr_bad++] = 0;
	hit.bad[hit.nr_bad++] = FIXTURE_COPY;
	tap_ok(refused_unchanged(&hit, KMEMP_REFUSE_UNREADABLE),
	       "both unreadable");
}

int main(void)
{
	struct kmemp_super super;
	struct kmemp_verdict verdict = {};

	fixture_format(&whole, FIXTURE_PAGES, 1);
	tap_ok(kmemp_super_read(&whole.media, &super, &verdict) ==
	       KMEMP_CONTENT_POOL && fixture_is(&super, 1) && !super.damaged,
	       "what format wrote is what is read");
	hit = whole;
	hit.words = 0;
	tap_ok(!fixture_open(&hit, 1, false) && !hit.words,
	       "opening a clean pool stores nothing");
	test_flips(0, "superblock page");
	test_flips(FIXTURE_COPY, "copy");
	test_sizes();
	test_larger();
	test_copy_elsewhere();
	test_differ();
	test_foreign();
	test_poison();
	return tap_done();
}
