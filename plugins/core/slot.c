// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: words of 8 bytes that name a page, see <kmem_persist/format_ring.h>.
 */
#include <linux/export.h>
#include <linux/kernel.h>

#include <kmem_persist/ring.h>

/* A slot's bits but for those of the check, as if these were not there. */
static u64 checked_bits(u64 slot)
{
	u64 low = (1ULL << KMEMP_SLOT_CHECK_SHIFT) - 1;

	return (slot >> 8 & ~low) | (slot & low);
}

/*
 * CRC-8, polynomial x^8 + x^2 + x + 1: what is left of them, times x^8, when it
 * is divided by that. Since x^8 leaves x^2 + x + 1, x^16 leaves its square, and
 * x^32 the square of that, x^8 + x^4 + 1: so what stands at or above a power is
 * folded to below it, without a table or a step per bit.
 */
static u8 slot_check(u64 slot)
{
	u64 left = checked_bits(slot) << 8, high;
	unsigned int i;

	high = left >> 32;
	left = (left & U32_MAX) ^ high ^ high << 4 ^ high << 8;
	for (i = 0; i < 2; i++) {
		high = left >> 16;
		left = (left & 0xffff) ^ high ^ high << 2 ^ high << 4;
	}
	for (i = 0; i < 2; i++) {
		high = left >> 8;
		left = (left & 0xff) ^ high ^ high << 1 ^ high << 2;
	}
	return left;
}

/**
 * kmemp_slot_make - a slot
 * @page: page index
 * @flags: the format's
 * @tag: the format's
 *
 * Return: the slot, in the machine's byte order.
 */
u64 kmemp_slot_make(u64 page, u8 flags, u8 tag)
{
	u64 slot = page | (u64)flags << KMEMP_SLOT_FLAGS_SHIFT |
		   (u64)tag << KMEMP_SLOT_TAG_SHIFT;

	return slot | (u64)slot_check(slot) << KMEMP_SLOT_CHECK_SHIFT;
}
EXPORT_SYMBOL_GPL(kmemp_slot_make);

/**
 * kmemp_slot_valid - has a slot been written as it is?
 * @slot: the slot, 0 included
 *
 * Return: true if its check is right.
 */
bool kmemp_slot_valid(u64 slot)
{
	return slot_check(slot) == (u8)(slot >> KMEMP_SLOT_CHECK_SHIFT);
}
EXPORT_SYMBOL_GPL(kmemp_slot_valid);
