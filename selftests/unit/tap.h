/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP for single programs: ok() per test, tap_end() prints the plan.
 */
#ifndef KMEMP_TEST_TAP_H
#define KMEMP_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int tap_nr, tap_failed;

static inline __attribute__((format(printf, 2, 3)))
bool ok(bool good, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tap_nr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	if (!good)
		tap_failed++;
	return good;
}

static inline int tap_end(void)
{
	printf("1..%u\n", tap_nr);
	return tap_failed ? 1 : 0;
}

/* How much longer than by default a loop shall run: N in the environment. */
static inline unsigned long tap_scale(void)
{
	const char *n = getenv("N");
	unsigned long scale = n ? strtoul(n, NULL, 10) : 1;

	return scale ? scale : 1;
}

#endif
