/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP for C programs: plan at the end, exit status 1 if anything failed.
 */
#ifndef KMEMP_UNIT_TAP_H
#define KMEMP_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int tap_count;
static unsigned int tap_failed;

static inline bool __printf(2, 3)
tap_ok(bool passed, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", passed ? "" : "not ", ++tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	tap_failed += !passed;
	return passed;
}

static inline void __printf(1, 2)
tap_diag(const char *fmt, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* How much longer than by default a loop shall run: N in the environment. */
static inline unsigned long tap_scale(void)
{
	const char *n = getenv("N");
	unsigned long scale = n ? strtoul(n, NULL, 10) : 1;

	return scale ? scale : 1;
}

static inline int tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif /* KMEMP_UNIT_TAP_H */
