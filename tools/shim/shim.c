// SPDX-License-Identifier: GPL-2.0
/*
 * What the stand-in headers declare: allocation that can be made to fail,
 * CRC32C, SipHash.
 */
#include <malloc.h>
#include <nmmintrin.h>
#include <stdatomic.h>

#include <asm/byteorder.h>
#include <linux/crc32c.h>
#include <linux/siphash.h>
#include <linux/slab.h>

unsigned long shim_fail_nth;
long shim_nr_allocated;

void *shim_alloc(size_t size)
{
	void *ptr;

	if (__atomic_load_n(&shim_fail_nth, __ATOMIC_RELAXED) &&
	    !__atomic_sub_fetch(&shim_fail_nth, 1, __ATOMIC_RELAXED))
		return NULL;
	ptr = malloc(size);
	if (ptr)
		__atomic_add_fetch(&shim_nr_allocated, 1, __ATOMIC_RELAXED);
	return ptr;
}

void shim_free(const void *ptr)
{
	if (!ptr)
		return;
	__atomic_sub_fetch(&shim_nr_allocated, 1, __ATOMIC_RELAXED);
	free((void *)ptr);
}

void kfree_sensitive(const void *ptr)
{
	if (ptr)
		memzero_explicit((void *)ptr,
				 malloc_usable_size((void *)ptr));
	shim_free(ptr);
}

/* Reflected CRC32C polynomial, RFC 3720 section 12.1. */
#define CRC32C_POLY	0x82f63b78u

/*
 * As the kernel's does, where the CPU can: 8 bytes at a time, and of what is
 * longer three blocks beside one another, since each step waits for the one
 * before it. Then a block's CRC is carried over the blocks behind it.
 */
#define BLOCK	128u

static u32 crc32c_table[256];
/* For each byte of a CRC what it becomes by BLOCK bytes of zeros. */
static u32 crc32c_over[4][256];

static u32 by_byte(u32 crc, const u8 *p, unsigned int length)
{
	while (length--)
		crc = crc >> 8 ^ crc32c_table[(crc ^ *p++) & 0xff];
	return crc;
}

static void __attribute__((constructor)) crc32c_fill_tables(void)
{
	static const u8 zero[BLOCK];
	unsigned int i, bit;

	for (i = 0; i < 256; i++) {
		u32 crc = i;

		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ CRC32C_POLY : crc >> 1;
		crc32c_table[i] = crc;
	}
	for (i = 0; i < 4 * 256; i++)
		crc32c_over[i / 256][i % 256] =
			by_byte((i % 256) << i / 256 * 8, zero, BLOCK);
}

static inline u32 over_block(u32 crc)
{
	return crc32c_over[0][crc & 0xff] ^ crc32c_over[1][crc >> 8 & 0xff] ^
	       crc32c_over[2][crc >> 16 & 0xff] ^ crc32c_over[3][crc >> 24];
}

static inline __attribute__((target("sse4.2"))) u64 step(u64 crc, const u8 *p)
{
	u64 word;

	memcpy(&word, p, sizeof(word));
	return _mm_crc32_u64(crc, word);
}

static __attribute__((target("sse4.2"))) u32
by_word(u32 crc, const u8 *p, unsigned int length)
{
	u64 a = crc, b, c;
	unsigned int i;

	for (; length >= 3 * BLOCK; length -= 3 * BLOCK, p += 3 * BLOCK) {
		b = 0;
		c = 0;
		for (i = 0; i < BLOCK; i += 8) {
			a = step(a, p + i);
			b = step(b, p + i + BLOCK);
			c = step(c, p + i + 2 * BLOCK);
		}
		a = over_block(over_block(a) ^ b) ^ c;
	}
	for (; length >= 8; length -= 8, p += 8)
		a = step(a, p);
	while (length--)
		a = _mm_crc32_u8(a, *p++);
	return a;
}

u32 crc32c(u32 crc, const void *address, unsigned int length)
{
	return __builtin_cpu_supports("sse4.2") ?
	       by_word(crc, address, length) : by_byte(crc, address, length);
}

static u64 rotate(u64 value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static inline void sip_rounds(u64 v[4], unsigned int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL,
		key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL,
		key->key[1] ^ 0x7465646279746573ULL,
	};
	u64 word, last = (u64)len << 56;
	const u8 *p = data;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, sizeof(word));
		word = le64_to_cpu(word);
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	for (; i < len; i++)
		last |= (u64)p[i] << i % 8 * 8;
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
