// SPDX-License-Identifier: GPL-2.0
/*
 * Root slots: two in each superblock page, written in turn.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "seal.h"
#include "super.h"

static u64 slot_offset(u64 generation)
{
	return KMEMP_SB_ROOT_OFFSET +
	       (generation & (KMEMP_SB_NR_ROOTS - 1)) * KMEMP_SB_ROOT_STRIDE;
}

/* The position in the page: a slot is the same bytes in both pages. */
static u32 slot_seal(const struct kmemp_pool *pool,
		     const struct kmemp_disk_root *disk, u64 generation)
{
	return kmemp_seal(pool, 0, generation, slot_offset(generation), disk,
			  offsetof(struct kmemp_disk_root, seal));
}

/* Is @disk, found in slot @slot, a root? */
static bool slot_valid(const struct kmemp_pool *pool,
		       const struct kmemp_disk_root *disk, unsigned int slot)
{
	u64 generation = le64_to_cpu(disk->generation);

	return (generation & (KMEMP_SB_NR_ROOTS - 1)) == slot &&
	       le32_to_cpu(disk->seal) == slot_seal(pool, disk, generation) &&
	       generation <= KMEMP_MAX_SEQUENCE &&
	       le64_to_cpu(disk->epoch) <= KMEMP_MAX_SEQUENCE &&
	       le64_to_cpu(disk->sequence) <= KMEMP_MAX_SEQUENCE &&
	       !memchr_inv(disk->reserved, 0, sizeof(disk->reserved));
}

static void decode(const struct kmemp_disk_root *disk, struct kmemp_root *root)
{
	root->generation = le64_to_cpu(disk->generation);
	root->epoch = le64_to_cpu(disk->epoch);
	root->sequence = le64_to_cpu(disk->sequence);
	memcpy(root->payload, disk->payload, sizeof(root->payload));
}

/*
 * One of the two slots, from both pages, if it is older than generation @below.
 * Returns the number of pages read.
 */
static int read_slot(struct kmemp_pool *pool, unsigned int slot, u64 below,
		     struct kmemp_root *root)
{
	struct kmemp_disk_root disk;
	unsigned int page;
	u32 seals[2];
	int nr = 0;
	bool valid;

	for (page = 0; page < 2; page++) {
		u64 pos = page ? kmemp_super_copy_pos(&pool->super) : 0;

		if (kmemp_media_read(pool->media, pos + slot_offset(slot),
				     &disk, sizeof(disk)))
			continue;
		seals[nr++] = kmemp_crc(&disk, sizeof(disk));
		valid = slot_valid(pool, &disk, slot);
		if (!valid && memchr_inv(&disk, 0, sizeof(disk)))
			root->mirrored = false;
		if (valid && le64_to_cpu(disk.generation) < below &&
		    le64_to_cpu(disk.generation) > root->generation)
			decode(&disk, root);
	}
	if (nr == 2 && seals[0] != seals[1])
		root->mirrored = false;
	return nr;
}

static int read_below(struct kmemp_pool *pool, u64 below,
		      struct kmemp_root *root)
{
	unsigned int slot;
	int nr = 0;

	memset(root, 0, sizeof(*root));
	root->mirrored = true;
	for (slot = 0; slot < KMEMP_SB_NR_ROOTS; slot++)
		nr += read_slot(pool, slot, below, root);
	if (!nr)
		return kmemp_complain(pool, KMEMP_REFUSE_READ, "root slots");
	if (!root->generation)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "no root slot is valid");
	return 0;
}

/**
 * kmemp_root_read - the newest root
 * @pool: the pool
 * @root: filled in
 *
 * A format whose commits are root writes judges the root it finds; see
 * kmemp_root_read_before().
 *
 * Return: 0, -EIO where neither page can be read, -EUCLEAN where no slot holds
 * a root; said.
 */
int kmemp_root_read(struct kmemp_pool *pool, struct kmemp_root *root)
{
	return read_below(pool, U64_MAX, root);
}
EXPORT_SYMBOL_GPL(kmemp_root_read);

/**
 * kmemp_root_read_before - the newest root that is older than one
 * @pool: the pool
 * @root: one that does not count; replaced
 *
 * See kmemp_root_mend() for the one that does not count.
 *
 * Return: see kmemp_root_read().
 */
int kmemp_root_read_before(struct kmemp_pool *pool, struct kmemp_root *root)
{
	return read_below(pool, root->generation, root);
}
EXPORT_SYMBOL_GPL(kmemp_root_read_before);

/**
 * kmemp_root_write - write the next root
 * @pool: the pool
 * @root: what it holds; its generation is raised here
 *
 * Stored to both superblock pages and flushed; durable with the next fence,
 * which must come before the next root is written.
 */
void kmemp_root_write(struct kmemp_pool *pool, struct kmemp_root *root)
{
	struct kmemp_disk_root disk = {
		.generation = cpu_to_le64(++root->generation),
		.epoch = cpu_to_le64(root->epoch),
		.sequence = cpu_to_le64(root->sequence),
	};
	u64 offset = slot_offset(root->generation);
	u64 copy = kmemp_super_copy_pos(&pool->super) + offset;

	memcpy(disk.payload, root->payload, sizeof(disk.payload));
	disk.seal = cpu_to_le32(slot_seal(pool, &disk, root->generation));
	kmemp_media_write(pool->media, offset, &disk, sizeof(disk));
	kmemp_media_write(pool->media, copy, &disk, sizeof(disk));
	kmemp_media_flush(pool->media, offset, sizeof(disk));
	kmemp_media_flush(pool->media, copy, sizeof(disk));
}
EXPORT_SYMBOL_GPL(kmemp_root_write);

/*
 * Make the slot that the next root goes to hold none, in both pages. Written
 * over as it is, one that is torn could become whole by a line that it has in
 * common with the new root. So its generation is taken away first, by one store
 * in each page, and does not come back: the root that is written next has
 * another one. Flushed; durable with the next fence, which must come before
 * that root is written.
 */
static void erase(struct kmemp_pool *pool, struct kmemp_root *root)
{
	u64 offset = slot_offset(root->generation + 1);
	u64 copy = kmemp_super_copy_pos(&pool->super) + offset;

	kmemp_media_store64(pool->media, offset, 0);
	kmemp_media_store64(pool->media, copy, 0);
	kmemp_media_flush(pool->media, offset, sizeof(u64));
	kmemp_media_flush(pool->media, copy, sizeof(u64));
	root->generation += KMEMP_SB_NR_ROOTS;
}

/**
 * kmemp_root_mend - make both root slots sound, and the same in both pages
 * @pool: the pool
 * @root: that counts; its generation is raised here
 * @dropped: the other slot holds a newer one that does not count
 *
 * Recovery's, of a format whose commits are root writes, when all that @root
 * names is durable. Nothing is stored where nothing is wrong. A crash leaves what
 * mends the same at the next open. Durable at return.
 *
 * Return: 0; see kmemp_root_read() for what reading again may say.
 */
int kmemp_root_mend(struct kmemp_pool *pool, struct kmemp_root *root,
		    bool dropped)
{
	bool mend = dropped || !root->mirrored;
	struct kmemp_root now;
	unsigned int i;
	int ret;

	/* Each write goes to the other slot. */
	for (i = 0; i < KMEMP_SB_NR_ROOTS && mend; i++) {
		erase(pool, root);
		/*
		 * What the slot held is gone from both pages before a line of
		 * it is stored that might complete it.
		 */
		kmemp_media_fence(pool->media);
		kmemp_root_write(pool, root);
		/*
		 * The slot is whole in both pages before the other one is
		 * overwritten, and before a commit stores to what the dropped
		 * one named.
		 */
		kmemp_media_fence(pool->media);
		ret = kmemp_root_read(pool, &now);
		if (ret)
			return ret;
		mend = !now.mirrored;
	}
	root->mirrored = true;
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_root_mend);
