// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: words of 8 bytes that name a page, see <kmem_persist/format_ring.h>.
 */
#include <linux/export.h>

#include <kmem_persist/ring.h>

/* CRC-8 of the 16 values of a nibble, polynomial x^8 + x^2 + x + 1. */
static const u8 nibble_crc[16] = {
	0x00, 0x07, 0x0e, 0x09, 0x1c, 0x1b, 0x12, 0x15,
	0x38, 0x3f, 0x36, 0x31, 0x24, 0x23, 0x2a, 0x2d,
};

static u8 slot_check(u64 slot)
{
	int shift;
	u8 crc = 0;

	for (shift = 60; shift >= 0; shift -= 4) {
		if (shift == KMEMP_SLOT_CHECK_SHIFT ||
		    shift == KMEMP_SLOT_CHECK_SHIFT + 4)
			continue;
		crc = (u8)(crc << 4) ^
		      nibble_crc[crc >> 4 ^ (slot >> shift & 0xf)];
	}
	return crc;
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
