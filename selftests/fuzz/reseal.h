/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seals made true again on a medium that was changed, so that what is behind
 * them is reached. Where a seal stands is learnt from a sound medium: the CRC
 * that is computed for a position is looked for on it. So this knows of the
 * superblock page alone, and of no format.
 */
#ifndef KMEMP_TEST_RESEAL_H
#define KMEMP_TEST_RESEAL_H

#include "pool_util.h"

/**
 * struct reseal - where the seals of a medium are
 * @seals: by the position that seeds them, ascending
 * @nr: how many
 */
struct reseal {
	struct seal_place {
		u64 pos;	/* that seeds it */
		u64 where[2];	/* where it stands; 0: nowhere */
		u32 value;
	} *seals;
	u32 nr, room;
};

/* Of a medium that opens; its record->reads are those of an open and a check. */
void reseal_learn(struct reseal *reseal, struct record *record);
/* Until every seal that an open and a check look at is right, or they give up. */
void reseal_mend(const struct reseal *reseal, struct record *record);
void reseal_free(struct reseal *reseal);

/* What the linker puts in the place of crc32c(), see fuzz.mk. */
u32 __real_crc32c(u32 crc, const void *address, unsigned int length);
u32 __wrap_crc32c(u32 crc, const void *address, unsigned int length);

#endif
