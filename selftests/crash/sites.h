/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Store sites of the source, and which two of them were seen apart: for sites A
 * and B whose lines are open at one moment, a state with all of A's stores and
 * none of B's.
 *
 * What cannot be is not counted: where both store into one line, B first.
 */
#ifndef KMEMP_TEST_CRASH_SITES_H
#define KMEMP_TEST_CRASH_SITES_H

#include "media_record.h"

/* Index of the site of an event; 0 for whatever is of no site. */
u16 site_of(const struct record_event *event);
/* Function and line; valid until it is asked again. */
const char *site_name(u16 site);
/* The two can be apart, A there and B not; they were, in a state recovered. */
void site_pair_meets(u16 a, u16 b);
void site_pair_seen(u16 a, u16 b);
/* How many there are, and were seen; the missing ones are printed. */
void site_pairs_count(u64 *seen, u64 *all);
void site_forget(void);

#endif
