// SPDX-License-Identifier: GPL-2.0
/*
 * tsc - prints the kernel parameters that tell a guest about its time stamp
 * counter, which QEMU makes of the host's
 *
 * Told how fast it is, the guest reads time in a few instructions. Left to find
 * out, it measures wrongly on a busy host, and its watchdogs then see lockups;
 * told not to use it, each look at the clock is an access to a device, some
 * hundred times as long. Where the host's counter does not tick evenly there is
 * no choice.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static int ticks_evenly(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[16384];
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "flags", 5) &&
			strstr(line, " constant_tsc") &&
			strstr(line, " nonstop_tsc");
	if (file)
		fclose(file);
	return found;
}

/* Between two looks at the clock; the shorter they took, the better. */
static unsigned long long at(double *ms)
{
	unsigned long long best = 0, shortest = ~0ULL, before, took;
	int i;

	for (i = 0; i < 100; i++) {
		double time;

		before = __rdtsc();
		time = now_ms();
		took = __rdtsc() - before;
		if (took >= shortest)
			continue;
		shortest = took;
		best = before + took / 2;
		*ms = time;
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	unsigned long long ticks;
	double from, to;

	if (!ticks_evenly()) {
		puts("tsc=unstable");
		return 0;
	}
	ticks = at(&from);
	nanosleep(&pause, NULL);
	ticks = at(&to) - ticks;
	printf("tsc=reliable tsc_early_khz=%.0f\n", ticks / (to - from));
	return 0;
}
