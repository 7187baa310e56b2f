/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that look random, for programs in the guest: data that only has to be
 * unlike other data.
 */
#ifndef NOISE_H
#define NOISE_H

#include <stdint.h>

/* Marsaglia's xorshift64, with a multiplier; @state is never zero */
static inline uint64_t noise_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

#endif
