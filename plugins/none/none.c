// SPDX-License-Identifier: GPL-2.0
/*
 * Format none: a pool that keeps no objects.
 *
 * It exists for two reasons. A pool of it is RAM that knows where it is: the
 * driver, the reserve and parked pages work as for every other format, and
 * pages that the hardware reports as bad stay out of use across boots. And it
 * is the shortest complete plugin, to be read before a real one: every op that
 * a format without objects owes is here, in the order in which it is called.
 *
 * On the medium it owns nothing but the 64 bad-page slots of the superblock
 * page and of its copy. A slot is one aligned store of 8 bytes, so a crash
 * leaves it as it was or as it becomes; 24 bits of checksum tell a slot that
 * was written from one that was hit. The two pages are read as a union: a
 * crash between the stores to the one and the other loses nothing.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <kmem_persist/plugin.h>

/**
 * struct none - an open pool of format none
 * @nr_bad: entries of @bad
 * @bad: page indices, unsorted, each once
 *
 * for_each_used must be quick and complete, so the slots are read and judged
 * at open and kept here.
 */
struct none {
	u32 nr_bad;
	u64 bad[2 * KMEMP_SB_NR_BAD];
};

/* The places of the slots: in the superblock page, and in its copy. */
static u64 slot_pos(const struct kmemp_pool *pool, unsigned int which,
		    unsigned int slot)
{
	u64 page = which ? kmemp_pool_pages(pool) - 1 : 0;

	return (page << KMEMP_PAGE_SHIFT) + KMEMP_SB_BAD_OFFSET +
	       slot * sizeof(u64);
}

static u64 slot_encode(const struct kmemp_pool *pool, u64 page)
{
	__le64 disk = cpu_to_le64(page);
	/*
	 * Position 0 for every slot: a slot means the same wherever it stands,
	 * and the copy must be able to stand for the superblock page.
	 */
	u64 check = kmemp_seal(pool, 0, 0, 0, &disk, sizeof(disk)) >> 8;

	return check << KMEMP_BAD_CHECK_SHIFT | page;
}

static bool is_known(const struct none *none, u64 page)
{
	u32 i;

	for (i = 0; i < none->nr_bad; i++)
		if (none->bad[i] == page)
			return true;
	return false;
}

/*
 * An empty instance is a page of zeros, and those the core has stored already.
 */
static int none_format(struct kmemp_pool *pool)
{
	return 0;
}

/*
 * Read one slot. A page that cannot be read is no error as long as the other
 * is there; a slot that makes no sense refuses the pool: it may have named a
 * page that must not become RAM.
 */
static int read_slot(struct kmemp_pool *pool, struct none *none,
		     unsigned int which, unsigned int slot, bool *unreadable)
{
	u64 value, page;

	if (kmemp_media_load64(kmemp_pool_media(pool),
			       slot_pos(pool, which, slot), &value)) {
		unreadable[which] = true;
		return 0;
	}
	if (!value)
		return 0;
	page = value & ((1ULL << KMEMP_BAD_CHECK_SHIFT) - 1);
	if (value != slot_encode(pool, page) || page >= kmemp_pool_pages(pool))
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "bad-page slot %u of the %s holds %#llx",
				      slot, which ? "copy" : "first page",
				      value);
	if (!is_known(none, page))
		none->bad[none->nr_bad++] = page;
	return 0;
}

static int none_open(struct kmemp_pool *pool)
{
	bool unreadable[2] = {};
	unsigned int which, slot;
	struct none *none;
	int ret = 0;

	none = kzalloc(sizeof(*none), GFP_KERNEL);
	if (!none)
		return -ENOMEM;
	for (which = 0; which < 2 && !ret; which++)
		for (slot = 0; slot < KMEMP_SB_NR_BAD && !ret; slot++)
			ret = read_slot(pool, none, which, slot, unreadable);
	if (!ret && unreadable[0] && unreadable[1])
		ret = kmemp_complain(pool, KMEMP_REFUSE_READ,
				     "bad-page slots of both superblock pages");
	if (ret) {
		kfree(none);
		return ret;
	}
	kmemp_pool_set_private(pool, none);
	return 0;
}

static void none_close(struct kmemp_pool *pool)
{
	kfree(kmemp_pool_private(pool));
	kmemp_pool_set_private(pool, NULL);
}

static int none_for_each_used(struct kmemp_pool *pool, kmemp_used_fn fn,
			      void *arg)
{
	const struct none *none = kmemp_pool_private(pool);
	u32 i;
	int ret;

	for (i = 0; i < none->nr_bad; i++) {
		ret = fn(arg, none->bad[i], 1, KMEMP_USE_BAD);
		if (ret)
			return ret;
	}
	return 0;
}

static int none_check(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	unsigned int which, slot;
	char text[64];
	u64 value[2];

	for (slot = 0; slot < KMEMP_SB_NR_BAD; slot++) {
		for (which = 0; which < 2; which++) {
			u64 pos = slot_pos(pool, which, slot);

			if (!kmemp_media_load64(media, pos, &value[which]))
				continue;
			snprintf(text, sizeof(text),
				 "bad-page slot %u cannot be read", slot);
			findings->finding(findings->arg, KMEMP_LOSS, 0, pos,
					  text);
			value[which] = 0;
		}
		if (value[0] == value[1])
			continue;
		snprintf(text, sizeof(text),
			 "bad-page slot %u differs from its copy", slot);
		findings->finding(findings->arg, KMEMP_NOTE, 0,
				  slot_pos(pool, 0, slot), text);
	}
	return 0;
}

static int none_describe(struct kmemp_pool *pool,
			 const struct kmemp_findings *findings)
{
	const struct none *none = kmemp_pool_private(pool);
	char text[48];
	u32 i;

	for (i = 0; i < none->nr_bad; i++) {
		snprintf(text, sizeof(text), "bad page %llu", none->bad[i]);
		findings->line(findings->arg, text);
	}
	return 0;
}

/*
 * A slot is free when it is empty in both pages, so that no other entry of the
 * union is lost.
 */
static int find_slot(struct kmemp_pool *pool)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	unsigned int slot;
	u64 first, copy;

	for (slot = 0; slot < KMEMP_SB_NR_BAD; slot++) {
		if (kmemp_media_load64(media, slot_pos(pool, 0, slot), &first) ||
		    kmemp_media_load64(media, slot_pos(pool, 1, slot), &copy))
			continue;
		if (!first && !copy)
			return slot;
	}
	return -ENOSPC;
}

static int none_mark_bad(struct kmemp_pool *pool, u64 page)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	struct none *none = kmemp_pool_private(pool);
	unsigned int which;
	int slot;

	if (is_known(none, page))
		return 0;
	if (none->nr_bad == ARRAY_SIZE(none->bad))
		return -ENOSPC;
	slot = find_slot(pool);
	if (slot < 0)
		return slot;
	for (which = 0; which < 2; which++) {
		u64 pos = slot_pos(pool, which, slot);

		kmemp_media_store64(media, pos, slot_encode(pool, page));
		kmemp_media_flush(media, pos, sizeof(u64));
	}
	/*
	 * Both slots are durable before the caller relies on them. Between the
	 * two there is no order to keep: either alone records the page.
	 */
	kmemp_media_fence(media);
	none->bad[none->nr_bad++] = page;
	return 0;
}

static const struct kmemp_format_ops none_ops = {
	.type = KMEMP_TYPE_NONE,
	.name = "none",
	.owner = THIS_MODULE,
	/*
	 * No objects: nothing to reserve, and reserve, commit, retire, work and
	 * next_* stay NULL.
	 */
	.standing = 0,
	.shatter_bytes = 0,
	.format = none_format,
	.open = none_open,
	.close = none_close,
	.for_each_used = none_for_each_used,
	.check = none_check,
	.describe = none_describe,
	.mark_bad = none_mark_bad,
};

static int __init none_init(void)
{
	return kmemp_format_register(&none_ops);
}
module_init(none_init);

static void __exit none_exit(void)
{
	kmemp_format_unregister(&none_ops);
}
module_exit(none_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist format none: no objects");
/* By number, from a superblock; by name, from persist_format_type. */
MODULE_ALIAS("kmemp-format-0");
MODULE_ALIAS("kmemp-format-none");
