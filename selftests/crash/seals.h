/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which open lines are under which seal, learnt from a recovery: bytes that it
 * read from the medium and then folded into a CRC are under one seal, as long as
 * one call goes on where the other ended.
 */
#ifndef KMEMP_TEST_CRASH_SEALS_H
#define KMEMP_TEST_CRASH_SEALS_H

#include "window.h"

/* The lines of @window are watched from here on; NULL: none any more. */
void seals_watch(struct record *record, struct window *window);
/* Mark which of them are read and sealed, from here on or no more. */
void seals_learn(bool on);

/**
 * struct seal_mutant - a check of a seal, made wrong
 * @site: which one it is in the source; 0: none is
 * @shorten: the last line is not looked at; else none is
 * @find: tell of each check that lines which are not all there take part in
 *
 * What a check does not look at may hold anything: it is given what would be
 * right there. So one that sees lines that are all there is as it was.
 */
struct seal_mutant {
	u64 site;
	bool shorten;
	void (*find)(u64 site, const u64 *pcs);
};

/* Addresses that tell a check apart: who asks, and who asked that. */
#define SEAL_PCS	4

extern struct seal_mutant seal_mutant;

/* What the linker puts in the place of crc32c(), see crash.mk. */
u32 __real_crc32c(u32 crc, const void *address, unsigned int length);
u32 __wrap_crc32c(u32 crc, const void *address, unsigned int length);

#endif
