/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An input of the fuzzer: which sample it is, and what is changed in it.
 *
 *	byte 0		bits 0-1: enum sample_kind, bits 2-4: DAMAGE_*
 *	byte 1		format's number
 *	12 bytes each	a patch: line (of those that are read), byte in it,
 *			enum damage_op, value
 *
 * Which lines are read changes with the formats. So what is kept names its lines
 * by their number on the medium: DAMAGE_PINNED in the byte, bits 16-19 of the
 * number in the upper half of the operation.
 */
#ifndef KMEMP_TEST_DAMAGE_H
#define KMEMP_TEST_DAMAGE_H

#include "image.h"

#define DAMAGE_KIND	0x03
#define DAMAGE_RESEAL	0x04	/* seals are made true again */
#define DAMAGE_ONE_COPY	0x08	/* the superblock's copy is left as it was */
#define DAMAGE_USE	0x10	/* it is opened for writing too */

#define DAMAGE_PINNED	0x80

#define DAMAGE_HEADER	2u
#define DAMAGE_PATCH	12u
#define DAMAGE_PATCHES	32u

/**
 * enum damage_op - what a patch does
 * @DAMAGE_XOR: one byte
 * @DAMAGE_BYTE: one byte, set
 * @DAMAGE_SET16: the aligned word of 2 bytes that it lies in, set
 * @DAMAGE_SET32: of 4
 * @DAMAGE_SET64: of 8
 * @DAMAGE_ADD64: of 8, a signed byte added
 * @DAMAGE_LINE: the line becomes that of number value
 * @DAMAGE_POINT: of 8: the page of the line of number value
 * @DAMAGE_SLOT: of 8: a slot, with the check that it needs
 * @DAMAGE_OPS: how many there are
 */
enum damage_op {
	DAMAGE_XOR,
	DAMAGE_BYTE,
	DAMAGE_SET16,
	DAMAGE_SET32,
	DAMAGE_SET64,
	DAMAGE_ADD64,
	DAMAGE_LINE,
	DAMAGE_POINT,
	DAMAGE_SLOT,
	DAMAGE_OPS,
};

/* Say on stderr what is changed and what became of it. */
extern bool damage_loud;

u64 damage_rnd(u64 *state, u64 below);
/* A patch, of values that fields have limits near. */
void damage_random(u64 *state, u8 *patch);

/* Do what an input says; *@sealed: what it changed must be noticed. */
struct image *damage_make(const u8 *input, size_t size, bool *sealed);
/* Do what an input says and judge it; NULL: as it must be. */
const char *damage_try(const u8 *input, size_t size);
/* Name the lines of an input by their number on the medium. */
void damage_pin(u8 *input, size_t size);
/* The image that an input stands for, as it was made; NULL: none. */
struct image *damage_image(const u8 *input, size_t size);

#endif
