// SPDX-License-Identifier: GPL-2.0
/*
 * Superblock: reading and judging it. Nothing here stores to the medium.
 *
 * A device has two places that can show a pool: its first page, and its last
 * page, which is the copy or (where the device is larger than the pool) a
 * pointer to it. A device is plain only if both could be read and neither has
 * a magic, the pointer's included. Everything in between is refused, or opened by the one good page
 * and mended after recovery.
 *
 * Which page may be mended: one that cannot be read, one that has the magic
 * but not its checksum, and one without magic that still has the pool's uuid
 * (the magic itself was hit). A first page that holds something else is not
 * ours to overwrite. A copy without magic is, because the first page says that
 * this page is the pool's: that is how an interrupted reformat looks, which
 * zeroes the copy first.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "seal.h"
#include "super.h"

/* What one of the two places holds. */
enum place {
	PLACE_UNREADABLE,
	PLACE_OTHER,		/* no magic */
	PLACE_DAMAGED,		/* magic, but not its checksum */
	PLACE_GOOD,
};

static bool all_zero(const void *data, size_t len)
{
	return !memchr_inv(data, 0, len);
}

static enum place read_place(struct kmemp_media *media, u64 pos,
			     struct kmemp_super_page *page)
{
	const struct kmemp_disk_static *fixed = &page->fixed;

	if (kmemp_media_read(media, pos, page, sizeof(*page)))
		return PLACE_UNREADABLE;
	if (le64_to_cpu(fixed->magic) != KMEMP_MAGIC)
		return PLACE_OTHER;
	if (le32_to_cpu(fixed->crc) !=
	    kmemp_crc(fixed, offsetof(struct kmemp_disk_static, crc)))
		return PLACE_DAMAGED;
	return PLACE_GOOD;
}

/* Does the last page of a device that is larger point to this pool's copy? */
static bool pointer_good(struct kmemp_media *media,
			 const struct kmemp_super *super)
{
	struct kmemp_disk_pointer found, expected;

	kmemp_super_encode_pointer(super, &expected);
	return !kmemp_media_read(media, media->size - KMEMP_PAGE_SIZE, &found,
				 sizeof(found)) &&
	       !memcmp(&found, &expected, sizeof(found));
}

static bool is_pointer(const struct kmemp_super_page *page)
{
	const struct kmemp_disk_pointer *pointer = (const void *)page;

	return le64_to_cpu(pointer->magic) == KMEMP_POINTER_MAGIC;
}

/*
 * Position of the copy as the pointer in the device's last page tells, 0 if it
 * cannot be believed.
 */
static u64 pointer_target(const struct kmemp_media *media,
			  const struct kmemp_super_page *page)
{
	const struct kmemp_disk_pointer *pointer = (const void *)page;
	u64 pool_pages = le64_to_cpu(pointer->pool_pages);

	if (le32_to_cpu(pointer->crc) !=
	    kmemp_crc(pointer, offsetof(struct kmemp_disk_pointer, crc)))
		return 0;
	if (pool_pages < KMEMP_MIN_POOL_PAGES ||
	    pool_pages > media->size >> KMEMP_PAGE_SHIFT)
		return 0;
	return (pool_pages - 1) << KMEMP_PAGE_SHIFT;
}

/* The 2022 proposal wrote magic and type and left the rest of the page zero. */
static bool is_seed(const struct kmemp_super_page *page)
{
	return all_zero((const u8 *)page + offsetof(struct kmemp_disk_static,
						    version),
			sizeof(*page) - offsetof(struct kmemp_disk_static,
						 version));
}

/**
 * kmemp_name_valid - may this be a label or the name of an object?
 * @name: bytes
 * @len: how many
 *
 * Names end up in paths, in the kernel log and in terminals: valid UTF-8 of 1
 * byte or more, neither "." nor "..", without '/', control characters (C0, DEL
 * and C1) and without a leading '-', which tools would take for an option.
 *
 * Return: true if it may.
 */
bool kmemp_name_valid(const char *name, size_t len)
{
	const u8 *s = (const u8 *)name;
	size_t i = 0;

	if (!len || s[0] == '-' || (len == 1 && s[0] == '.') ||
	    (len == 2 && s[0] == '.' && s[1] == '.'))
		return false;
	while (i < len) {
		u32 code = s[i], least;
		unsigned int more;

		if (code < 0x80) {
			if (code < 0x20 || code == 0x7f || code == '/')
				return false;
			i++;
			continue;
		}
		if (code >= 0xc2 && code <= 0xdf) {
			more = 1;
			code &= 0x1f;
			least = 0xa0;	/* U+0080 to U+009F are controls */
		} else if (code >= 0xe0 && code <= 0xef) {
			more = 2;
			code &= 0x0f;
			least = 0x800;
		} else if (code >= 0xf0 && code <= 0xf4) {
			more = 3;
			code &= 0x07;
			least = 0x10000;
		} else {
			return false;
		}
		if (len - i <= more)
			return false;
		for (i++; more; more--, i++) {
			if ((s[i] & 0xc0) != 0x80)
				return false;
			code = code << 6 | (s[i] & 0x3f);
		}
		if (code < least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(kmemp_name_valid);

static int decode_label(struct kmemp_super *super,
			const struct kmemp_disk_static *disk,
			struct kmemp_verdict *verdict)
{
	size_t len = strnlen((const char *)disk->label, KMEMP_LABEL_SIZE);

	if (!all_zero(disk->label + len, KMEMP_LABEL_SIZE - len) ||
	    (len && !kmemp_name_valid((const char *)disk->label, len)))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "the label is not a valid name");
	memcpy(super->label, disk->label, len);
	super->label[len] = '\0';
	return 0;
}

/* Features and version first: they say whether the rest means what we think. */
static int decode_features(struct kmemp_super *super,
			   const struct kmemp_disk_static *disk,
			   struct kmemp_verdict *verdict)
{
	u64 unknown;

	super->type = le32_to_cpu(disk->type);
	super->version = le32_to_cpu(disk->version);
	super->compat = le64_to_cpu(disk->compat);
	super->ro_compat = le64_to_cpu(disk->ro_compat);
	super->incompat = le64_to_cpu(disk->incompat);

	if (super->version != KMEMP_VERSION)
		return kmemp_refuse(verdict, KMEMP_REFUSE_VERSION,
				    "found %u, expected %u", super->version,
				    KMEMP_VERSION);
	unknown = super->incompat & ~KMEMP_INCOMPAT_KNOWN;
	if (unknown)
		return kmemp_refuse(verdict, KMEMP_REFUSE_INCOMPAT,
				    "incompat bits %#llx", unknown);
	return 0;
}

static int decode_static(const struct kmemp_media *media,
			 struct kmemp_super *super,
			 const struct kmemp_disk_static *disk,
			 struct kmemp_verdict *verdict)
{
	u64 device_pages = media->size >> KMEMP_PAGE_SHIFT;
	int ret;

	ret = decode_features(super, disk, verdict);
	if (ret)
		return ret;

	super->pool_pages = le64_to_cpu(disk->pool_pages);
	memcpy(super->uuid, disk->uuid, sizeof(super->uuid));
	memcpy(super->seal_key, disk->seal_key, sizeof(super->seal_key));
	memcpy(super->hash_key, disk->hash_key, sizeof(super->hash_key));
	super->data_min = le64_to_cpu(disk->data_min);
	super->data_max = le64_to_cpu(disk->data_max);
	super->window_page = le64_to_cpu(disk->window_page);
	super->window_pages = le64_to_cpu(disk->window_pages);
	super->static_generation = le64_to_cpu(disk->generation);

	if (le32_to_cpu(disk->page_size) != KMEMP_PAGE_SIZE)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "page size %u, expected %u",
				    le32_to_cpu(disk->page_size),
				    KMEMP_PAGE_SIZE);
	if (super->pool_pages < KMEMP_MIN_POOL_PAGES ||
	    super->pool_pages > KMEMP_MAX_POOL_PAGES)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "%llu pages, expected %llu to %llu",
				    super->pool_pages, KMEMP_MIN_POOL_PAGES,
				    KMEMP_MAX_POOL_PAGES);
	if (super->pool_pages > device_pages)
		return kmemp_refuse(verdict, KMEMP_REFUSE_DEVICE_SMALLER,
				    "pool of %llu pages, device of %llu",
				    super->pool_pages, device_pages);
	if (super->data_min > super->pool_pages ||
	    super->data_max > super->pool_pages ||
	    (super->data_max && super->data_min > super->data_max))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "data_min %llu, data_max %llu of %llu pages",
				    super->data_min, super->data_max,
				    super->pool_pages);
	if (super->window_pages > super->pool_pages ||
	    super->window_page > super->pool_pages - super->window_pages)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "window of %llu pages at page %llu",
				    super->window_pages, super->window_page);
	if (super->static_generation > KMEMP_MAX_SEQUENCE)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "generation %#llx is out of range",
				    super->static_generation);
	if (disk->reserved0 ||
	    !all_zero(disk->reserved1, sizeof(disk->reserved1)))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "reserved fields are not zero");
	return decode_label(super, disk, verdict);
}

static bool state_valid(const struct kmemp_super *super,
			const struct kmemp_disk_state *disk)
{
	return le32_to_cpu(disk->seal) ==
	       kmemp_seal_keyed(super->seal_key, 0,
				le64_to_cpu(disk->generation),
				KMEMP_SB_STATE_OFFSET, disk,
				offsetof(struct kmemp_disk_state, seal));
}

/*
 * The newer of the two state lines. The seal's position is the one in the
 * page, so that both copies are the same bytes and each can stand for the
 * other.
 */
static int decode_state(struct kmemp_super *super,
			const struct kmemp_disk_state *first,
			const struct kmemp_disk_state *copy,
			struct kmemp_verdict *verdict)
{
	const struct kmemp_disk_state *disk;
	u64 generation;

	if (first && !state_valid(super, first))
		first = NULL;
	if (copy && !state_valid(super, copy))
		copy = NULL;
	if (!first && !copy)
		return kmemp_refuse(verdict, KMEMP_REFUSE_BAD_SUPER,
				    "no valid state line");
	disk = first ?: copy;
	if (first && copy) {
		generation = le64_to_cpu(first->generation);
		if (generation == le64_to_cpu(copy->generation) &&
		    memcmp(first, copy, sizeof(*first)))
			return kmemp_refuse(verdict, KMEMP_REFUSE_COPIES_DIFFER,
					    "state lines, both of generation %llu",
					    generation);
		if (generation < le64_to_cpu(copy->generation))
			disk = copy;
	}
	if (!first || memcmp(first, disk, sizeof(*disk)))
		super->damaged |= KMEMP_DAMAGED_FIRST;
	if (!copy || memcmp(copy, disk, sizeof(*disk)))
		super->damaged |= KMEMP_DAMAGED_COPY;

	super->state_generation = le64_to_cpu(disk->generation);
	super->epoch = le64_to_cpu(disk->epoch);
	super->confirmed = le64_to_cpu(disk->confirmed);
	super->map_page = le64_to_cpu(disk->map_page);
	super->map_pages = le32_to_cpu(disk->map_pages);
	super->map_crc = le32_to_cpu(disk->map_crc);
	if (super->state_generation > KMEMP_MAX_SEQUENCE ||
	    super->epoch > KMEMP_MAX_SEQUENCE ||
	    super->confirmed > KMEMP_MAX_SEQUENCE)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "a number of the state line is out of range");
	if (disk->lease || !all_zero(disk->reserved, sizeof(disk->reserved)))
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "reserved fields of the state line are not zero");
	if (super->map_pages > super->pool_pages ||
	    super->map_page > super->pool_pages - super->map_pages)
		return kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
				    "saved used map of %u pages at page %llu",
				    super->map_pages, super->map_page);
	return 0;
}

/* Both static parts are good: the newer one, or the reason why neither. */
static const struct kmemp_disk_static *
newer_static(struct kmemp_super *super, const struct kmemp_disk_static *first,
	     const struct kmemp_disk_static *copy,
	     struct kmemp_verdict *verdict)
{
	u64 a = le64_to_cpu(first->generation);
	u64 b = le64_to_cpu(copy->generation);

	if (!memcmp(first, copy, sizeof(*first)))
		return first;
	if (memcmp(first->seal_key, copy->seal_key, sizeof(first->seal_key))) {
		kmemp_refuse(verdict, KMEMP_REFUSE_COPIES_DIFFER,
			     "they are of two different pools");
		return NULL;
	}
	if (a == b) {
		kmemp_refuse(verdict, KMEMP_REFUSE_COPIES_DIFFER,
			     "static parts, both of generation %llu", a);
		return NULL;
	}
	super->damaged |= a > b ? KMEMP_DAMAGED_COPY : KMEMP_DAMAGED_FIRST;
	return a > b ? first : copy;
}

/* Neither place has a good static part. */
static enum kmemp_content no_good_place(const struct kmemp_super_page *first,
					enum place at_first, enum place at_copy,
					struct kmemp_verdict *verdict)
{
	if (at_first == PLACE_OTHER && at_copy == PLACE_OTHER)
		return KMEMP_CONTENT_PLAIN;
	if (at_first == PLACE_DAMAGED && at_copy != PLACE_DAMAGED &&
	    is_seed(first))
		kmemp_refuse(verdict, KMEMP_REFUSE_SEED_FORMAT, "type %u",
			     le32_to_cpu(first->fixed.type));
	else if (at_first == PLACE_DAMAGED || at_copy == PLACE_DAMAGED)
		kmemp_refuse(verdict, KMEMP_REFUSE_BAD_SUPER, "%s%s",
			     at_first == PLACE_UNREADABLE ?
			     "page 0 unreadable" : "page 0 without valid checksum",
			     at_copy == PLACE_UNREADABLE ?
			     ", copy unreadable" : ", copy not valid either");
	else
		kmemp_refuse(verdict, KMEMP_REFUSE_UNREADABLE, "%s",
			     at_first == PLACE_UNREADABLE ? "the first page" :
							    "the last page");
	return KMEMP_CONTENT_REFUSED;
}

static bool same_uuid(const struct kmemp_super_page *a,
		      const struct kmemp_super_page *b)
{
	return !memcmp(a->fixed.uuid, b->fixed.uuid, KMEMP_UUID_SIZE);
}

/* Gaps are zero, or somebody wrote there what we would not understand. */
static bool gaps_clean(const struct kmemp_super_page *page)
{
	return all_zero(page->gap1, sizeof(page->gap1)) &&
	       all_zero(page->roots[0].gap, sizeof(page->roots[0].gap)) &&
	       all_zero(page->roots[1].gap, sizeof(page->roots[1].gap));
}

static enum kmemp_content judge(struct kmemp_media *media,
				struct kmemp_super *super,
				struct kmemp_super_page *first,
				struct kmemp_super_page *copy,
				struct kmemp_verdict *verdict)
{
	u64 last = media->size - KMEMP_PAGE_SIZE;
	const struct kmemp_disk_static *fixed;
	enum place at_first, at_copy;
	u64 target;
	bool gaps;

	at_first = read_place(media, 0, first);
	target = last;
	if (at_first == PLACE_GOOD) {
		u64 pages = le64_to_cpu(first->fixed.pool_pages);

		/* Out of range: decode_static() refuses it. */
		if (pages && pages <= media->size >> KMEMP_PAGE_SHIFT)
			target = (pages - 1) << KMEMP_PAGE_SHIFT;
	}
	at_copy = read_place(media, target, copy);
	if (at_first != PLACE_GOOD && at_copy == PLACE_OTHER &&
	    is_pointer(copy)) {
		target = pointer_target(media, copy);
		if (target)
			at_copy = read_place(media, target, copy);
		/* No copy where one is said to be: lost, not plain. */
		if (!target || at_copy == PLACE_OTHER)
			at_copy = PLACE_DAMAGED;
	}

	if (at_first != PLACE_GOOD && at_copy != PLACE_GOOD)
		return no_good_place(first, at_first, at_copy, verdict);
	if (at_first == PLACE_OTHER && !same_uuid(first, copy)) {
		kmemp_refuse(verdict, KMEMP_REFUSE_FOREIGN, "%s", "");
		return KMEMP_CONTENT_REFUSED;
	}

	/*
	 * Something in the gaps of one page is damage to that page; in those of
	 * the only good one it is something that we do not understand.
	 */
	if (at_first == PLACE_GOOD && at_copy == PLACE_GOOD) {
		if (!gaps_clean(first))
			super->damaged |= KMEMP_DAMAGED_FIRST;
		if (!gaps_clean(copy))
			super->damaged |= KMEMP_DAMAGED_COPY;
		gaps = super->damaged != (KMEMP_DAMAGED_FIRST |
					  KMEMP_DAMAGED_COPY);
		fixed = newer_static(super, &first->fixed, &copy->fixed,
				     verdict);
		if (!fixed)
			return KMEMP_CONTENT_REFUSED;
	} else {
		super->damaged |= at_first == PLACE_GOOD ? KMEMP_DAMAGED_COPY :
							   KMEMP_DAMAGED_FIRST;
		fixed = at_first == PLACE_GOOD ? &first->fixed : &copy->fixed;
		gaps = gaps_clean(at_first == PLACE_GOOD ? first : copy);
	}
	if (decode_static(media, super, fixed, verdict))
		return KMEMP_CONTENT_REFUSED;
	/*
	 * The copy would be written where it says it is, over whatever lies
	 * there: so it must be what was read.
	 */
	if (kmemp_super_copy_pos(super) != target) {
		kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
			     "pool of %llu pages, but its copy is page %llu",
			     super->pool_pages, target >> KMEMP_PAGE_SHIFT);
		return KMEMP_CONTENT_REFUSED;
	}

	/* A page with a damaged static part may still have the newer state. */
	if (decode_state(super,
			 at_first == PLACE_UNREADABLE ? NULL : &first->state,
			 at_copy == PLACE_UNREADABLE ? NULL : &copy->state,
			 verdict))
		return KMEMP_CONTENT_REFUSED;
	if (!gaps) {
		kmemp_refuse(verdict, KMEMP_REFUSE_GEOMETRY,
			     "gaps of the superblock page are not zero");
		return KMEMP_CONTENT_REFUSED;
	}
	if (kmemp_super_copy_pos(super) != last && !pointer_good(media, super))
		super->damaged |= KMEMP_DAMAGED_POINTER;
	return KMEMP_CONTENT_POOL;
}

/**
 * kmemp_super_read - what does this device hold?
 * @media: the device
 * @super: filled in when it is a pool
 * @verdict: filled in when it is refused
 *
 * Reads only. Context: may sleep.
 *
 * Return: see enum kmemp_content.
 */
enum kmemp_content kmemp_super_read(struct kmemp_media *media,
				    struct kmemp_super *super,
				    struct kmemp_verdict *verdict)
{
	struct kmemp_super_page *pages;
	enum kmemp_content content;

	memset(super, 0, sizeof(*super));
	if (media->size < 2 * KMEMP_PAGE_SIZE)
		return KMEMP_CONTENT_PLAIN;
	pages = kcalloc(2, sizeof(*pages), GFP_KERNEL);
	if (!pages) {
		kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY, "%s", "");
		return KMEMP_CONTENT_REFUSED;
	}
	content = judge(media, super, &pages[0], &pages[1], verdict);
	/* They held the keys. */
	kfree_sensitive(pages);
	return content;
}
EXPORT_SYMBOL_GPL(kmemp_super_read);
