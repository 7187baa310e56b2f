// SPDX-License-Identifier: GPL-2.0
/*
 * The gates: of all that a crash may leave of workloads of one and of two
 * operations, and of recoveries of those that are cut in their turn, what was
 * recovered, and recovered well?
 *
 *	crash_gates [short | full | long] [FORMAT...]
 *	crash_gates --list
 *
 * short: one operation each (what make check runs), full: all pairs of
 * operations too, long: then random workloads for N minutes, from SEED on.
 * --list: names of the formats.
 */
#include <string.h>
#include <time.h>

#include <linux/kernel.h>

#include "explore.h"
#include "ops.h"
#include "oracle.h"
#include "sites.h"
#include "tap.h"

/* Images between two that the reader of the documents is given. */
#define ORACLE_PACE		400u
#define ORACLE_PACE_SHORT	2500u

enum amount { SHORT, FULL, LONG };

static enum amount amount;
static bool sound;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* ------------------------------------------------------------ workloads */

/* Merged states of a window up to which it is exhausted. */
static u32 most_states(void)
{
	return amount == SHORT ? 256 : 1024;
}

static bool explore_ops(enum crash_pool pool, const unsigned int *ops,
			unsigned int nr, u32 bound, unsigned int depth)
{
	struct record record;
	struct crash_work work = { .record = &record };
	struct record_trace trace;
	struct explore x = {
		.record = &record, .trace = &trace, .judge = crash_judge,
		.bound = bound, .count = true, .depth = depth,
		.words = nr > 1 ? NO_WORDS :
			 amount == LONG ? ALL_WORDS : SOME_WORDS,
		.windows = nr == 1 ? GATE_WINDOWS_1 :
			   nr == 2 ? GATE_WINDOWS_2 : GATE_WINDOWS_MORE,
	};
	char name[400];
	unsigned int i;
	bool good;
	int len;

	record_init(&record, CRASH_POOL_BYTES);
	crash_make_pool(&work, pool, ops[0], 2);
	x.range.lo = work.t.pool.newest;
	len = snprintf(name, sizeof(name), "%s pool", crash_pool_names[pool]);
	for (i = 0; i < nr; i++) {
		/* The first operations have been cut in shorter workloads. */
		if (i == nr - 1)
			x.from = record.nr;
		crash_do_op(&work, ops[i], 2 + i);
		len += snprintf(name + len, sizeof(name) - len, ", %s",
				crash_op_names[ops[i]]);
	}
	x.range.hi = x.range.lo;
	x.name = name;
	test_close(&work.t);
	record_take(&record, 0, &trace);
	record_undo(&record, 0);
	record_lines_init(&x.lines, CRASH_POOL_BYTES);
	good = explore(&x);
	record_lines_free(&x.lines);
	record_trace_free(&trace);
	record_free(&record);
	return good;
}

static void one_operation(void)
{
	unsigned int op, k;

	for (k = 0; k < CRASH_NR_POOLS; k++)
		for (op = 0; op < CRASH_NR_OPS; op++)
			if (amount != SHORT || k == CRASH_USED)
				sound &= explore_ops(k, &op, 1, most_states(),
						     amount == SHORT ? 2 : 3);
}

static void two_operations(void)
{
	unsigned int ops[2];

	for (ops[0] = 0; ops[0] < CRASH_NR_OPS; ops[0]++)
		for (ops[1] = 0; ops[1] < CRASH_NR_OPS; ops[1]++)
			sound &= explore_ops(CRASH_USED, ops, 2, most_states(),
					     2);
}

/* Random ones, the last operation of each cut, for N minutes. */
static void random_operations(void)
{
	const char *text = getenv("SEED");
	u64 seed = text ? strtoull(text, NULL, 10) : 1;
	double end = seconds() + 60.0 * tap_scale();
	unsigned int ops[12], i, nr;

	for (; sound && seconds() < end; seed++) {
		srandom(seed);
		nr = 3 + random() % (ARRAY_SIZE(ops) - 2);
		for (i = 0; i < nr; i++)
			ops[i] = random() % CRASH_NR_OPS;
		sound &= explore_ops(random() % CRASH_NR_POOLS, ops,
				     nr, most_states(), 2);
		if (!sound)
			printf("# SEED=%llu\n", seed);
		crash_forget();
		explore_forget();
	}
	printf("# %s: workloads of up to %zu operations, the next one is SEED=%llu\n",
	       crash_format->name, ARRAY_SIZE(ops), seed);
}

/* Formatting, a ring that wraps, and the like. */
static void scenarios(void)
{
	unsigned int i;

	for (i = 0; i < crash_nr_scenarios; i++) {
		const struct crash_scenario *scenario = &crash_scenarios[i];
		struct record record;
		struct record_trace trace;
		struct explore x = {
			.record = &record, .trace = &trace,
			.judge = scenario->judge, .name = scenario->name,
			.count = true, .depth = amount == SHORT ? 0 : 2,
		};

		if ((amount == SHORT && scenario->slow) ||
		    !crash_scenario_fits(scenario))
			continue;
		crash_scenario_record(scenario, &record, &trace, &x.range);
		record_lines_init(&x.lines, crash_device_bytes);
		sound &= explore(&x);
		record_lines_free(&x.lines);
		record_trace_free(&trace);
		record_free(&record);
		crash_forget();
	}
}

/* --------------------------------------------------------------- report */

static void report(double begin)
{
	const char *name = crash_format->name;
	double took = seconds() - begin;
	u64 seen, all;

	tap_ok(sound, "%s: every state is recovered well", name);
	if (crash_format->reader) {
		tap_ok(sound && oracle_read,
		       "%s: who knows the documents alone reads the same",
		       name);
		printf("# read by who knows the documents alone: %llu states, and as recovered\n",
		       oracle_read);
	}
	printf("# site pairs:\n");
	site_pairs_count(&seen, &all);
	printf("# %-28s %6llu of %llu\n", "site pairs", seen, all);
	tap_ok(all && seen == all, "%s: all site pairs were seen apart", name);
	tap_ok(gate_report(GATE_OUTCOMES, 100, "both outcomes"),
	       "%s: each batch in flight was kept, and lost", name);
	if (crash_format->vanishes)
		tap_ok(gate_report(GATE_HIT, 100, "newest batch, hit"),
		       "%s: a newest batch that is hit is left out alone",
		       name);
	tap_ok(gate_report(GATE_WORDS, 100, "stores, word by word"),
	       "%s: words of a store came in any order", name);
	tap_ok(gate_report(GATE_WINDOWS_1, 100, "windows, one operation"),
	       "%s: windows of one operation are exhausted", name);
	if (amount != SHORT)
		tap_ok(gate_report(GATE_WINDOWS_2, 95,
				   "windows, two operations"),
		       "%s: windows of two operations are exhausted", name);
	tap_ok(gate_report(GATE_WINDOWS_RECOVERY, 95, "windows, recoveries"),
	       "%s: windows of recoveries are exhausted", name);
	if (amount == LONG)
		gate_report(GATE_WINDOWS_MORE, 0, "windows, more operations");
	printf("# %s: %llu states, %llu unique images, %llu outcomes, %llu recoveries cut, %.0f s, %.0f states per second\n",
	       name, crash_stats.states, crash_stats.images,
	       crash_stats.outcomes, crash_stats.nested, took,
	       crash_stats.states / took);
	fflush(stdout);
}

static void run_format(const struct crash_format *format)
{
	double begin = seconds();

	crash_format = format;
	sound = true;
	gate_forget();
	site_forget();
	explore_forget();
	crash_forget();
	memset(&crash_stats, 0, sizeof(crash_stats));
	oracle_begin(amount == SHORT ? ORACLE_PACE_SHORT : ORACLE_PACE);
	one_operation();
	if (amount != SHORT)
		two_operations();
	scenarios();
	if (amount == LONG)
		random_operations();
	report(begin);
}

static bool is_wanted(const struct crash_format *format, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (!strcmp(argv[i], format->name))
			return true;
	return argc < 3;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc > 1 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < crash_nr_formats; i++)
			puts(crash_formats[i].name);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "full"))
		amount = FULL;
	else if (argc > 1 && !strcmp(argv[1], "long"))
		amount = LONG;
	for (i = 0; i < crash_nr_formats; i++)
		if (is_wanted(&crash_formats[i], argc, argv))
			run_format(&crash_formats[i]);
	return tap_done();
}
