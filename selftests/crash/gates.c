// SPDX-License-Identifier: GPL-2.0
/*
 * See gates.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/compiler.h>

#include "gates.h"

/* Missing ones that are named. */
#define MOST_NAMES	40

static struct {
	u64 seen, all;
	char missing[MOST_NAMES][160];
} gates[NR_GATES];

void gate_count(enum gate_kind kind, bool seen, const char *fmt, ...)
{
	u64 missing = gates[kind].all - gates[kind].seen;
	va_list args;

	gates[kind].all++;
	gates[kind].seen += seen;
	if (seen || missing >= MOST_NAMES)
		return;
	va_start(args, fmt);
	vsnprintf(gates[kind].missing[missing], sizeof(gates[kind].missing[0]),
		  fmt, args);
	va_end(args);
}

bool gate_report(enum gate_kind kind, unsigned int percent, const char *what)
{
	u64 seen = gates[kind].seen, all = gates[kind].all, i;

	printf("# %-28s %6llu of %llu", what, seen, all);
	if (percent && percent < 100)
		printf(", at least %u %% wanted", percent);
	putchar('\n');
	for (i = 0; i < all - seen && i < MOST_NAMES; i++)
		printf("#   missing: %s\n", gates[kind].missing[i]);
	if (all - seen > MOST_NAMES)
		printf("#   and %llu more\n", all - seen - MOST_NAMES);
	return seen * 100 >= all * percent;
}

void gate_forget(void)
{
	memset(gates, 0, sizeof(gates));
}
