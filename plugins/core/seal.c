// SPDX-License-Identifier: GPL-2.0
/*
 * Seals, see seal.h.
 */
#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/export.h>
#include <linux/string.h>

#include <kmem_persist/pool.h>

#include "seal.h"

/**
 * kmemp_crc - CRC32C of an unkeyed structure
 * @data: bytes
 * @len: how many
 *
 * For what must be readable before the seal key is known.
 *
 * Return: CRC32C with seed ~0, inverted (as iSCSI and btrfs use it).
 */
u32 kmemp_crc(const void *data, size_t len)
{
	return ~crc32c(~0u, data, len);
}

/**
 * kmemp_seal_keyed - seal of a structure, by key
 * @seal_key: the pool's, KMEMP_KEY_SIZE bytes
 * @epoch: of the batch that wrote it, 0 where there is none
 * @sequence: of that batch, or the structure's own generation
 * @pos: byte position on the medium
 * @data: the sealed bytes
 * @len: how many
 *
 * Return: the seal.
 */
u32 kmemp_seal_keyed(const u8 *seal_key, u64 epoch, u64 sequence, u64 pos,
		     const void *data, size_t len)
{
	__le64 where[3] = {
		cpu_to_le64(epoch), cpu_to_le64(sequence), cpu_to_le64(pos),
	};
	u32 crc = crc32c(~0u, seal_key, KMEMP_KEY_SIZE);

	crc = crc32c(crc, where, sizeof(where));
	return ~crc32c(crc, data, len);
}

/**
 * kmemp_seal - seal of a structure of this pool
 * @pool: whose seal key is the seed
 * @epoch: of the batch that wrote it, 0 where there is none
 * @sequence: of that batch, or the structure's own generation
 * @pos: byte position on the medium
 * @data: the sealed bytes
 * @len: how many
 *
 * Return: the seal.
 */
u32 kmemp_seal(const struct kmemp_pool *pool, u64 epoch, u64 sequence, u64 pos,
	       const void *data, size_t len)
{
	return kmemp_seal_keyed(pool->super.seal_key, epoch, sequence, pos,
				data, len);
}
EXPORT_SYMBOL_GPL(kmemp_seal);
