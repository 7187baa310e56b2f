// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines: getopt_long() with our own messages, and sizes.
 */
#include <stdio.h>
#include <string.h>

#include <linux/errno.h>

#include "kmemp.h"

static void complain_usage(const struct command *command, const char *subject,
			   const char *what)
{
	complain(subject, "%s; see: kmemp %s --help", what, command->name);
}

/* Short options are the values of the long ones; 'h' is every command's. */
static void short_options(const struct option *options, char *spec)
{
	*spec++ = ':';
	for (; options->name; options++) {
		*spec++ = options->val;
		if (options->has_arg == required_argument)
			*spec++ = ':';
	}
	*spec = '\0';
}

/**
 * options_next - the next option
 * @command: whose command line; prints its help, and names it in messages
 * @argc: as for main()
 * @argv: as for main()
 * @options: for getopt_long(), with "help" as 'h' among them
 *
 * Return: the option's value, OPTIONS_END, OPTIONS_HELP where help was
 * printed, or OPTIONS_BAD where the mistake was told.
 */
int options_next(const struct command *command, int argc, char **argv,
		 const struct option *options)
{
	char spec[64];
	int c;

	short_options(options, spec);
	opterr = 0;
	c = getopt_long(argc, argv, spec, options, NULL);
	switch (c) {
	case -1:
		return OPTIONS_END;
	case 'h':
		fputs(command->help, stdout);
		return OPTIONS_HELP;
	case ':':
		complain_usage(command, argv[optind - 1],
			       "the option needs a value");
		return OPTIONS_BAD;
	case '?':
		complain_usage(command, argv[optind - 1],
			       "unknown, ambiguous or malformed option");
		return OPTIONS_BAD;
	default:
		return c;
	}
}

/**
 * options_target - the one argument that is no option
 * @command: whose command line
 * @argc: as for main(), options taken
 * @argv: as for main()
 * @what: what it is, for messages
 *
 * Return: the argument, or NULL where the mistake was told.
 */
const char *options_target(const struct command *command, int argc,
			   char **argv, const char *what)
{
	char text[64];

	if (optind >= argc || !argv[optind][0]) {
		snprintf(text, sizeof(text), "which %s?", what);
		complain_usage(command, NULL, text);
		return NULL;
	}
	if (optind + 1 < argc) {
		complain_usage(command, argv[optind + 1],
			       "one argument too many");
		return NULL;
	}
	return argv[optind];
}

/**
 * options_none - nothing may follow the options
 * @command: whose command line
 * @argc: as for main(), options taken
 * @argv: as for main()
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int options_none(const struct command *command, int argc, char **argv)
{
	if (optind >= argc)
		return 0;
	complain_usage(command, argv[optind], "one argument too many");
	return -EINVAL;
}

static int suffix_shift(const char *suffix)
{
	static const char suffixes[] = "KMGT";
	const char *found;

	if (!suffix[0])
		return 0;
	found = strchr(suffixes, suffix[0] & ~0x20);
	if (!found || !*found || suffix[1])
		return -EINVAL;
	return 10 * (found - suffixes + 1);
}

/**
 * parse_size - a size in bytes
 * @option: whose value it is, for messages
 * @text: decimal digits, and K, M, G or T for powers of 1024
 * @bytes: the size
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int parse_size(const char *option, const char *text, u64 *bytes)
{
	const char *s = text;
	u64 value = 0;
	int shift;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *s - '0', &value))
			goto too_large;
	shift = suffix_shift(s);
	if (s == text || shift < 0) {
		complain(option, "'%.64s' is no size; digits, then K, M, G or T for powers of 1024: 512M",
			 text);
		return -EINVAL;
	}
	if (value > ~0ULL >> shift)
		goto too_large;
	value <<= shift;
	if (value % 4096) {
		complain(option, "%.64s is not a multiple of 4096 bytes, a page",
			 text);
		return -EINVAL;
	}
	*bytes = value;
	return 0;

too_large:
	complain(option, "%.64s is larger than any device", text);
	return -EINVAL;
}
