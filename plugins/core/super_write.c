// SPDX-License-Identifier: GPL-2.0
/*
 * Superblock: writing it. Who may call is whoever has the commit right.
 *
 * Rules that hold at every instant, so that a crash never costs the pool:
 * one of the two pages has a whole static part and a whole state line, and a
 * pool that is being formatted over never shows its copy once anything else
 * of it has been overwritten.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "seal.h"
#include "super.h"

/**
 * kmemp_super_encode_static - static part as it stands on the medium
 * @super: what to encode
 * @disk: filled in, checksum included
 */
void kmemp_super_encode_static(const struct kmemp_super *super,
			       struct kmemp_disk_static *disk)
{
	memset(disk, 0, sizeof(*disk));
	disk->magic = cpu_to_le64(KMEMP_MAGIC);
	disk->type = cpu_to_le32(super->type);
	disk->version = cpu_to_le32(super->version);
	disk->compat = cpu_to_le64(super->compat);
	disk->ro_compat = cpu_to_le64(super->ro_compat);
	disk->incompat = cpu_to_le64(super->incompat);
	disk->page_size = cpu_to_le32(KMEMP_PAGE_SIZE);
	disk->pool_pages = cpu_to_le64(super->pool_pages);
	memcpy(disk->uuid, super->uuid, sizeof(disk->uuid));
	memcpy(disk->seal_key, super->seal_key, sizeof(disk->seal_key));
	memcpy(disk->hash_key, super->hash_key, sizeof(disk->hash_key));
	memcpy(disk->label, super->label, strlen(super->label));
	disk->data_min = cpu_to_le64(super->data_min);
	disk->data_max = cpu_to_le64(super->data_max);
	disk->window_page = cpu_to_le64(super->window_page);
	disk->window_pages = cpu_to_le64(super->window_pages);
	disk->generation = cpu_to_le64(super->static_generation);
	disk->crc = cpu_to_le32(kmemp_crc(disk, offsetof(typeof(*disk), crc)));
}

/**
 * kmemp_super_encode_state - state line as it stands on the medium
 * @super: what to encode
 * @disk: filled in, seal included
 */
void kmemp_super_encode_state(const struct kmemp_super *super,
			      struct kmemp_disk_state *disk)
{
	memset(disk, 0, sizeof(*disk));
	disk->generation = cpu_to_le64(super->state_generation);
	disk->epoch = cpu_to_le64(super->epoch);
	disk->confirmed = cpu_to_le64(super->confirmed);
	disk->map_page = cpu_to_le64(super->map_page);
	disk->map_pages = cpu_to_le32(super->map_pages);
	disk->map_crc = cpu_to_le32(super->map_crc);
	disk->seal = cpu_to_le32(kmemp_seal_keyed(super->seal_key, 0,
						  super->state_generation,
						  KMEMP_SB_STATE_OFFSET, disk,
						  offsetof(typeof(*disk),
							   seal)));
}

/**
 * kmemp_super_encode_pointer - pointer to the copy as it stands on the medium
 * @super: whose copy
 * @disk: filled in, checksum included
 */
void kmemp_super_encode_pointer(const struct kmemp_super *super,
				struct kmemp_disk_pointer *disk)
{
	memset(disk, 0, sizeof(*disk));
	disk->magic = cpu_to_le64(KMEMP_POINTER_MAGIC);
	disk->pool_pages = cpu_to_le64(super->pool_pages);
	memcpy(disk->uuid, super->uuid, sizeof(disk->uuid));
	disk->crc = cpu_to_le32(kmemp_crc(disk, offsetof(typeof(*disk), crc)));
}

static void write_flush(struct kmemp_media *media, u64 pos, const void *src,
			size_t len)
{
	kmemp_media_write(media, pos, src, len);
	kmemp_media_flush(media, pos, len);
}

/**
 * kmemp_super_write_static - write a changed static part
 * @media: the medium
 * @super: with the new values; its generation is raised here
 *
 * Durable at return. A crash leaves the old or the new values.
 *
 * Return: 0; -ENOMEM with nothing stored and the generation unchanged; or -EIO,
 * after which it is either.
 */
int kmemp_super_write_static(struct kmemp_media *media,
			     struct kmemp_super *super)
{
	struct kmemp_disk_static *disk;
	int ret = -EIO;

	disk = kmalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk)
		return -ENOMEM;
	super->static_generation++;
	kmemp_super_encode_static(super, disk);
	write_flush(media, kmemp_super_copy_pos(super), disk, sizeof(*disk));
	/* The copy is whole before the first page is touched. */
	kmemp_media_fence(media);
	if (READ_ONCE(media->failed))
		goto out;
	write_flush(media, 0, disk, sizeof(*disk));
	/* The first page is whole before the next write tears the copy. */
	kmemp_media_fence(media);
	if (!READ_ONCE(media->failed))
		ret = 0;
out:
	/* It held the keys. */
	kfree_sensitive(disk);
	return ret;
}

static void write_pointer(struct kmemp_media *media,
			  const struct kmemp_super *super)
{
	struct kmemp_disk_pointer pointer;

	kmemp_super_encode_pointer(super, &pointer);
	write_flush(media, media->size - KMEMP_PAGE_SIZE, &pointer,
		    sizeof(pointer));
}

/*
 * Write the page at @to anew: what @super holds, and the roots and bad-page
 * slots of the page at @from. Where both pages are damaged (each has a part
 * that is bad or older than the other's) a page keeps its own: then the bytes
 * of its good parts are stored as they are, so that no crash can tear the only
 * good static part or state line.
 */
static int mend_page(struct kmemp_media *media, const struct kmemp_super *super,
		     u64 from, u64 to, struct kmemp_super_page *page)
{
	unsigned int i;

	if (kmemp_media_read(media, to, page, sizeof(*page)) ||
	    kmemp_media_read(media, from, page, sizeof(*page)))
		return -EIO;
	kmemp_super_encode_static(super, &page->fixed);
	kmemp_super_encode_state(super, &page->state);
	memset(page->gap1, 0, sizeof(page->gap1));
	for (i = 0; i < KMEMP_SB_NR_ROOTS; i++)
		memset(page->roots[i].gap, 0, sizeof(page->roots[i].gap));
	write_flush(media, to, page, sizeof(*page));
	return 0;
}

static int mend_pointer(struct kmemp_media *media,
			const struct kmemp_super *super, void *scratch)
{
	if (kmemp_media_read(media, media->size - KMEMP_PAGE_SIZE, scratch,
			     KMEMP_PAGE_SIZE))
		return -EIO;
	write_pointer(media, super);
	return 0;
}

/**
 * kmemp_super_mend - write what is damaged of the superblock anew
 * @media: the medium
 * @super: as read; bits of @damaged are cleared for what was mended
 *
 * Called after recovery. A page that cannot be read is left alone: storing to
 * poison does not clear it, the operator has to. Durable at return.
 *
 * Return: 0, -ENOMEM, or -EIO when a page stays damaged.
 */
int kmemp_super_mend(struct kmemp_media *media, struct kmemp_super *super)
{
	u64 copy = kmemp_super_copy_pos(super);
	struct kmemp_super_page *page;
	u8 damaged = super->damaged;

	if (!damaged)
		return 0;
	page = kzalloc(sizeof(*page), GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (damaged & KMEMP_DAMAGED_FIRST &&
	    !mend_page(media, super, damaged & KMEMP_DAMAGED_COPY ? 0 : copy, 0,
		       page))
		super->damaged &= ~KMEMP_DAMAGED_FIRST;
	if (damaged & KMEMP_DAMAGED_COPY &&
	    !mend_page(media, super, damaged & KMEMP_DAMAGED_FIRST ? copy : 0,
		       copy, page))
		super->damaged &= ~KMEMP_DAMAGED_COPY;
	if (damaged & KMEMP_DAMAGED_POINTER &&
	    !mend_pointer(media, super, page))
		super->damaged &= ~KMEMP_DAMAGED_POINTER;
	/* Whole before the next store may tear what they were made from. */
	kmemp_media_fence(media);
	kfree_sensitive(page);
	return super->damaged ? -EIO : 0;
}

/**
 * kmemp_super_erase - end the pool that a device may be
 * @media: the device
 *
 * Zeroes every place that could show one; durable with the next fence. A crash
 * leaves the pool whole or none.
 */
void kmemp_super_erase(struct kmemp_media *media)
{
	u64 last = media->size - KMEMP_PAGE_SIZE;
	struct kmemp_verdict verdict = {};
	struct kmemp_super old;

	if (kmemp_super_read(media, &old, &verdict) == KMEMP_CONTENT_POOL) {
		u64 copy = kmemp_super_copy_pos(&old);

		kmemp_media_fill(media, copy, 0, KMEMP_PAGE_SIZE);
		kmemp_media_flush(media, copy, KMEMP_PAGE_SIZE);
	}
	memzero_explicit(&old, sizeof(old));
	kmemp_media_fill(media, last, 0, KMEMP_PAGE_SIZE);
	kmemp_media_flush(media, last, KMEMP_PAGE_SIZE);
	/*
	 * The copies are gone before the first page is: a crash in between
	 * leaves the old pool whole, and mends its copy.
	 */
	kmemp_media_fence(media);
	kmemp_media_store64(media, 0, 0);
	kmemp_media_flush(media, 0, sizeof(u64));
	/*
	 * The first page's magic is gone, and no old superblock left, before
	 * the rest of that page and the first byte of the new pool are stored:
	 * a page with its magic that lacks lines would be a damaged pool.
	 */
	kmemp_media_fence(media);
	kmemp_media_fill(media, 0, 0, KMEMP_PAGE_SIZE);
	kmemp_media_flush(media, 0, KMEMP_PAGE_SIZE);
}

/**
 * kmemp_super_create - make a device a pool
 * @media: the device
 * @super: what the pool shall be
 * @fill: writes the format's empty instance, flushed
 * @arg: for @fill
 *
 * Durable at return. A crash before the last step but one leaves no pool, and
 * never the one that was there before if anything of that was overwritten.
 *
 * Return: 0, -ENOMEM, what @fill returned, or -EIO: it may not be durable.
 */
int kmemp_super_create(struct kmemp_media *media, struct kmemp_super *super,
		       int (*fill)(void *arg), void *arg)
{
	u64 copy = kmemp_super_copy_pos(super);
	struct kmemp_super_page *page;
	int ret;

	page = kzalloc(sizeof(*page), GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	kmemp_super_erase(media);
	kmemp_media_fill(media, copy, 0, KMEMP_PAGE_SIZE);
	kmemp_media_flush(media, copy, KMEMP_PAGE_SIZE);
	ret = fill(arg);
	if (ret)
		goto out;

	super->static_generation = 1;
	super->state_generation = 1;
	kmemp_super_encode_static(super, &page->fixed);
	kmemp_super_encode_state(super, &page->state);
	page->fixed.magic = 0;
	/* Behind the magic, so that what the format put there stays. */
	write_flush(media, copy, page, KMEMP_SB_ROOT_OFFSET);
	write_flush(media, 0, page, KMEMP_SB_ROOT_OFFSET);
	/*
	 * All but the magic, and what the format wrote, is there before the
	 * magic that makes it count.
	 */
	kmemp_media_fence(media);
	kmemp_media_store64(media, 0, KMEMP_MAGIC);
	kmemp_media_flush(media, 0, sizeof(u64));
	/*
	 * The first page shows the pool before the copy and the pointer do:
	 * either alone, beside a first page without magic, is refused.
	 */
	kmemp_media_fence(media);
	kmemp_media_store64(media, copy, KMEMP_MAGIC);
	kmemp_media_flush(media, copy, sizeof(u64));
	if (copy != media->size - KMEMP_PAGE_SIZE)
		write_pointer(media, super);
	/* Both show it before the caller reports success. */
	kmemp_media_fence(media);
	if (READ_ONCE(media->failed))
		ret = -EIO;
out:
	kfree_sensitive(page);
	return ret;
}
