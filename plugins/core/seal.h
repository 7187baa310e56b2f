/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seals: checksums that know what they belong to.
 *
 * The seed is the CRC32C of {seal key, epoch, sequence, position}, so that a
 * structure that was valid elsewhere, earlier, or in another pool is not valid
 * here. It guards against lost and misplaced writes, not against somebody who
 * knows the key.
 */
#ifndef KMEMP_CORE_SEAL_H
#define KMEMP_CORE_SEAL_H

#include <linux/types.h>

u32 kmemp_seal_keyed(const u8 *seal_key, u64 epoch, u64 sequence, u64 pos,
		     const void *data, size_t len);
u32 kmemp_crc(const void *data, size_t len);

#endif /* KMEMP_CORE_SEAL_H */
