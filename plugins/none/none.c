// SPDX-License-Identifier: GPL-2.0
/*
 * Format none: a pool that keeps no objects.
 *
 * It exists for two reasons. A pool of it is RAM that knows where it is: the
 * driver, the reserve and parked pages work as for every other format, and
 * pages that the hardware reports as bad stay out of use across boots. And it
 * is the shortest complete plugin, to be read before a real one: every op that
 * a format without objects owes is here, in the order in which it is called.
 * The contract is include/kmem_persist/plugin.h; Documentation/plugin-api.rst
 * goes on to a format with objects.
 *
 * A plugin begins with what is on the medium, what a crash may make of that,
 * and why it can be read nevertheless. Here:
 *
 * On the medium it owns nothing but the 64 bad-page slots of the superblock
 * page and of its copy. A slot is one aligned store of 8 bytes, so a crash
 * leaves it as it was or as it becomes; 24 bits of checksum tell a slot that
 * was written from one that was hit. The two pages are read as a union: a
 * crash between the stores to the one and the other loses nothing, and a slot
 * that was hit in one page is mended from the other.
 */
/*
 * The kernel's headers that tools/shim/include has too, since this is compiled
 * for user space as it is; of ours the contract alone.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <kmem_persist/plugin.h>

/**
 * struct none - an open pool of format none
 * @damaged: open met a slot that the other page's stands for
 * @nr_bad: entries of @bad
 * @bad: page indices, unsorted, each once
 *
 * for_each_used must be quick and complete, so the slots are read and judged
 * at open and kept here. Everything that a plugin keeps of a pool hangs on
 * kmemp_pool_private(): there may be many pools, so nothing is static. It needs
 * no lock: what changes it has the commit right, and lookups, which run beside
 * that, are of formats with objects.
 */
struct none {
	bool damaged;
	u32 nr_bad;
	u64 bad[2 * KMEMP_SB_NR_BAD];
};

/*
 * The places of the slots: in the superblock page, and in its copy. Positions
 * are bytes from the start of the device. The core owns these two pages but for
 * the slots; all others are a plugin's where it has them from the core.
 */
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
	 * A seal is seeded with the pool's key, so that nothing of another pool
	 * passes, and with epoch, sequence and position, so that nothing old or
	 * misplaced does. These have none: a slot means the same wherever it
	 * stands, and the copy must be able to stand for the superblock page.
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
 * format: an empty instance is a page of zeros, and those the core has stored
 * already. A plugin that stores something flushes it; the core fences that, and
 * then stores what makes the device a pool. So whatever a crash leaves of it,
 * it is no pool.
 */
static int none_format(struct kmemp_pool *pool)
{
	return 0;
}

/*
 * What one place of a slot holds. That it cannot be read and that it holds
 * nonsense are not the same: the first may be a pool of a medium that turned
 * bad, and is -EIO; the second is -EUCLEAN.
 */
enum slot_state {
	SLOT_EMPTY,
	SLOT_PAGE,
	SLOT_DAMAGED,
	SLOT_UNREADABLE,
};

/*
 * What was read is judged before it is used: the seal, and the page index, which
 * must lie in the pool whatever the seal says.
 */
static enum slot_state read_slot(struct kmemp_pool *pool, unsigned int which,
				 unsigned int slot, u64 *value, u64 *page)
{
	if (kmemp_media_load64(kmemp_pool_media(pool),
			       slot_pos(pool, which, slot), value))
		return SLOT_UNREADABLE;
	if (!*value)
		return SLOT_EMPTY;
	*page = *value & ((1ULL << KMEMP_BAD_CHECK_SHIFT) - 1);
	return *value == slot_encode(pool, *page) &&
	       *page < kmemp_pool_pages(pool) ? SLOT_PAGE : SLOT_DAMAGED;
}

/* May the other place of a damaged slot stand for both? */
static bool slot_known(enum slot_state other)
{
	return other == SLOT_EMPTY || other == SLOT_PAGE;
}

/*
 * Take one slot in. A damaged place may be given the other's value: either that
 * is what it was, or it was an entry whose store to the other was cut off,
 * which nobody relies on. Where the other cannot stand for it, the pool is
 * refused: the slot may have named a page that must not become RAM.
 */
static int open_slot(struct kmemp_pool *pool, struct none *none,
		     unsigned int slot)
{
	enum slot_state state[2];
	u64 value[2], page[2];
	unsigned int which;

	for (which = 0; which < 2; which++)
		state[which] = read_slot(pool, which, slot, &value[which],
					 &page[which]);
	for (which = 0; which < 2; which++) {
		if (state[which] == SLOT_PAGE && !is_known(none, page[which]))
			none->bad[none->nr_bad++] = page[which];
		if (state[which] != SLOT_DAMAGED)
			continue;
		none->damaged = true;
		if (!slot_known(state[!which]))
			return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
					      "bad-page slot %u of the %s holds %#llx",
					      slot, which ? "copy" :
					      "first page", value[which]);
	}
	if (state[0] == SLOT_UNREADABLE && state[1] == SLOT_UNREADABLE)
		return kmemp_complain(pool, KMEMP_REFUSE_READ,
				      "bad-page slot %u in both superblock pages",
				      slot);
	return 0;
}

/*
 * Recovery's stores. Only when all slots were taken in: a pool that is refused
 * stays as it is, and one that needs no mending is left byte-identical. A crash
 * in here leaves what the next open mends in the same way: each store makes one
 * place what it will be in the end.
 */
static void mend_slots(struct kmemp_pool *pool)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	unsigned int slot, which;
	u64 value[2], page, pos;

	for (slot = 0; slot < KMEMP_SB_NR_BAD; slot++)
		for (which = 0; which < 2; which++) {
			if (read_slot(pool, which, slot, &value[which],
				      &page) != SLOT_DAMAGED ||
			    !slot_known(read_slot(pool, !which, slot,
						  &value[!which], &page)))
				continue;
			pos = slot_pos(pool, which, slot);
			kmemp_media_store64(media, pos, value[!which]);
			kmemp_media_flush(media, pos, sizeof(u64));
		}
	/* Mended slots are durable before a new one is stored beside them. */
	kmemp_media_fence(media);
}

/*
 * open: nothing else of the pool runs yet. It takes in, judges, mends, in this
 * order, and where it fails it has freed all that it allocated. A pool that is
 * opened read-only is not stored to. A format with objects says here which batch
 * is the newest that counts, by kmemp_pool_recovered(), when what it keeps is
 * durable and what it drops is erased.
 */
static int none_open(struct kmemp_pool *pool)
{
	unsigned int slot;
	struct none *none;
	int ret = 0;

	none = kzalloc(sizeof(*none), GFP_KERNEL);
	if (!none)
		return -ENOMEM;
	for (slot = 0; slot < KMEMP_SB_NR_BAD && !ret; slot++)
		ret = open_slot(pool, none, slot);
	if (ret) {
		kfree(none);
		return ret;
	}
	if (none->damaged && !kmemp_pool_readonly(pool))
		mend_slots(pool);
	kmemp_pool_set_private(pool, none);
	return 0;
}

/*
 * close: the last call. Formats whose commits leave something to be done
 * (retire) do it here; what they cannot, the next open does.
 */
static void none_close(struct kmemp_pool *pool)
{
	kfree(kmemp_pool_private(pool));
	kmemp_pool_set_private(pool, NULL);
}

/*
 * for_each_used: called once, right after open, before any page is RAM. A page
 * that is left out goes to the page allocator, which is a write to the medium:
 * all of them, or an error. In any order, and twice does no harm. The first
 * nonzero return of @fn is returned.
 */
static int none_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn,
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

/*
 * check: with the commit right, so that it sees one state; looks at the medium
 * once more and stores nothing. What it finds it says by kmemp_report(), how
 * bad it is and where; its return is for what keeps the check from going on.
 * What open refused is not here to be found. A slot that is empty in one page
 * only is no damage: it is how a crash in mark_bad looks.
 */
static int none_check(struct kmemp_pool *pool,
		      const struct kmemp_findings *findings)
{
	unsigned int which, slot, nr_unreadable[2] = {};
	enum slot_state state[2];
	u64 value[2], page[2];

	for (slot = 0; slot < KMEMP_SB_NR_BAD; slot++) {
		for (which = 0; which < 2; which++) {
			state[which] = read_slot(pool, which, slot,
						 &value[which], &page[which]);
			nr_unreadable[which] += state[which] == SLOT_UNREADABLE;
			if (state[which] == SLOT_DAMAGED)
				kmemp_report(findings, KMEMP_MENDED, 0,
					     slot_pos(pool, which, slot),
					     "bad-page slot %u is damaged, the other page's is not",
					     slot);
		}
		if (slot_known(state[0]) && slot_known(state[1]) &&
		    value[0] != value[1])
			kmemp_report(findings, KMEMP_NOTE, 0,
				     slot_pos(pool, 0, slot),
				     "bad-page slot %u differs from its copy",
				     slot);
	}
	for (which = 0; which < 2; which++)
		if (nr_unreadable[which])
			kmemp_report(findings, KMEMP_LOSS, 0,
				     slot_pos(pool, which, 0),
				     "%u bad-page slots cannot be read",
				     nr_unreadable[which]);
	return 0;
}

/*
 * describe: one line per structure, by kmemp_say(), for people who look for a
 * mistake.
 */
static int none_describe(struct kmemp_pool *pool,
			 const struct kmemp_findings *findings)
{
	const struct none *none = kmemp_pool_private(pool);
	u32 i;

	for (i = 0; i < none->nr_bad; i++)
		kmemp_say(findings, "bad page %llu", none->bad[i]);
	return 0;
}

/* May an entry go here? An unreadable place takes none, and loses none. */
static bool slot_empty(struct kmemp_pool *pool, unsigned int which,
		       unsigned int slot, bool *usable)
{
	u64 value;

	*usable = !kmemp_media_load64(kmemp_pool_media(pool),
				      slot_pos(pool, which, slot), &value);
	return !*usable || !value;
}

/*
 * A slot is free when it is empty in both pages, so that no other entry of the
 * union is lost. @usable tells which of them can be stored to: one is enough.
 */
static int find_slot(struct kmemp_pool *pool, bool *usable)
{
	unsigned int slot;

	for (slot = 0; slot < KMEMP_SB_NR_BAD; slot++)
		if (slot_empty(pool, 0, slot, &usable[0]) &&
		    slot_empty(pool, 1, slot, &usable[1]) &&
		    (usable[0] || usable[1]))
			return slot;
	return -ENOSPC;
}

/*
 * mark_bad: what changes the medium of this format, as commit does of one with
 * objects, with the commit right. First what can fail: DRAM, room. Then the
 * stores, each flushed, then one fence; then the copy in DRAM is changed, which
 * so never holds what a crash would take back.
 */
static int none_mark_bad(struct kmemp_pool *pool, u64 page)
{
	struct kmemp_media *media = kmemp_pool_media(pool);
	struct none *none = kmemp_pool_private(pool);
	unsigned int which;
	bool usable[2];
	int slot;

	if (is_known(none, page))
		return 0;
	if (none->nr_bad == ARRAY_SIZE(none->bad))
		return -ENOSPC;
	slot = find_slot(pool, usable);
	if (slot < 0)
		return slot;
	for (which = 0; which < 2; which++) {
		u64 pos = slot_pos(pool, which, slot);

		if (!usable[which])
			continue;
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

/*
 * The registry keeps a pointer to it for as long as the module is loaded. Each
 * open pool has a reference to @owner, so nothing of it is called later.
 */
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
	.for_each_used = none_walk_used,
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
