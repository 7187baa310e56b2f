// SPDX-License-Identifier: GPL-2.0
/*
 * See sites.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "sites.h"
#include "window.h"

enum { MEETS = 1, SEEN = 2 };

static struct {
	u64 site, pc, caller;
} sites[WINDOW_MOST_SITES];
static u16 nr_sites = 1;
static u8 pairs[WINDOW_MOST_SITES][WINDOW_MOST_SITES];

u16 site_of(const struct record_event *event)
{
	u16 i;

	if (!event->site)
		return 0;
	for (i = 1; i < nr_sites; i++)
		if (sites[i].site == event->site)
			return i;
	if (nr_sites == WINDOW_MOST_SITES) {
		fprintf(stderr, "# more than %u sites\n", WINDOW_MOST_SITES);
		exit(2);
	}
	sites[i].site = event->site;
	sites[i].pc = event->pc;
	sites[i].caller = event->caller;
	return nr_sites++;
}

void site_pair_meets(u16 a, u16 b)
{
	pairs[a][b] |= MEETS;
}

void site_pair_seen(u16 a, u16 b)
{
	pairs[a][b] |= SEEN;
}

const char *site_name(u16 site)
{
	static char name[320];
	struct place place, caller;

	if (!site)
		return "an earlier store";
	place_of(sites[site].pc, &place);
	place_of(sites[site].caller, &caller);
	snprintf(name, sizeof(name), "%s (%s, called at %s)", place.function,
		 place.line, caller.line);
	return name;
}

static void print_missing(u16 a, u16 b)
{
	printf("#   missing: %s", site_name(a));
	printf(" without %s\n", site_name(b));
}

void site_pairs_count(u64 *seen, u64 *all)
{
	u16 a, b;

	*seen = 0;
	*all = 0;
	for (a = 1; a < nr_sites; a++) {
		for (b = 1; b < nr_sites; b++) {
			if (!(pairs[a][b] & MEETS))
				continue;
			(*all)++;
			if (pairs[a][b] & SEEN)
				(*seen)++;
			else
				print_missing(a, b);
		}
	}
}

void site_forget(void)
{
	nr_sites = 1;
	memset(pairs, 0, sizeof(pairs));
}
