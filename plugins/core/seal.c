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

static u32 seed(const u8 *seal_key, u64 epoch, u64 sequence, u64 pos)
{
	struct {
		u8 key[KMEMP_KEY_SIZE];
		__le64 where[3];
	} from = {
		.where = {
			cpu_to_le64(epoch), cpu_to_le64(sequence),
			cpu_to_le64(pos),
		},
	};

	memcpy(from.key, seal_key, sizeof(from.key));
	return crc32c(~0u, &from, sizeof(from));
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
	return ~crc32c(seed(seal_key, epoch, sequence, pos), data, len);
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

/**
 * kmemp_seal_seed - begin a seal over what is not in one piece
 * @pool: whose seal key is the seed
 * @epoch: see kmemp_seal()
 * @sequence: see there
 * @pos: see there
 *
 * Return: the seed: fold the pieces into it by crc32c(), then invert.
 */
u32 kmemp_seal_seed(const struct kmemp_pool *pool, u64 epoch, u64 sequence,
		    u64 pos)
{
	return seed(pool->super.seal_key, epoch, sequence, pos);
}
EXPORT_SYMBOL_GPL(kmemp_seal_seed);
