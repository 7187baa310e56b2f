// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines: getopt_long() with our own messages, and sizes.
 */
#include <stdio.h>
#include <string.h>

#include <linux/errno.h>

#include <kmem_persist/pool.h>

#include "kmemp.h"
#include "report.h"

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
 * options_take - take all options
 * @command: whose command line; prints its help, and names it in messages
 * @argc: as for main()
 * @argv: as for main()
 * @options: for getopt_long(), with "help" as 'h' among them
 * @take: called for each option but --help and --human, with its value and
 *	optarg set; returns -EINVAL where it has told of a mistake. NULL for a
 *	command that has no others
 * @arg: for @take
 *
 * Return: OPTIONS_END, or the exit code with which the command is over: help
 * was printed, or a mistake was told.
 */
int options_take(const struct command *command, int argc, char **argv,
		 const struct option *options, int (*take)(void *arg, int c),
		 void *arg)
{
	char spec[64];
	int c;

	short_options(options, spec);
	opterr = 0;
	while ((c = getopt_long(argc, argv, spec, options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(command->help, stdout);
			return EXIT_OK;
		case 'u':
			report_set_human();
			break;
		case ':':
			complain_usage(command, argv[optind - 1],
				       "the option needs a value");
			return command->usage_status;
		case '?':
			complain_usage(command, argv[optind - 1],
				       "unknown, ambiguous or malformed option");
			return command->usage_status;
		default:
			if (take(arg, c))
				return command->usage_status;
		}
	}
	return OPTIONS_END;
}

/**
 * options_arguments - the arguments that are no options
 * @command: whose command line
 * @argc: as for main(), options taken
 * @argv: as for main()
 * @what: what each is, for messages
 * @count: how many there must be
 *
 * Return: the first of @count arguments, none of them empty, or NULL where the
 * mistake was told.
 */
char **options_arguments(const struct command *command, int argc, char **argv,
			 const char *const *what, int count)
{
	char text[64];
	int i;

	for (i = 0; i < count; i++)
		if (optind + i >= argc || !argv[optind + i][0]) {
			snprintf(text, sizeof(text), "which %s?", what[i]);
			complain_usage(command, NULL, text);
			return NULL;
		}
	if (optind + count < argc) {
		complain_usage(command, argv[optind + count],
			       "one argument too many");
		return NULL;
	}
	return argv + optind;
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
	char **args = options_arguments(command, argc, argv, &what, 1);

	return args ? args[0] : NULL;
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

/**
 * parse_name - a label or a volume's name
 * @option: whose value it is, for messages
 * @text: the name
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int parse_name(const char *option, const char *text)
{
	size_t len = strlen(text);

	if (len > KMEMP_LABEL_SIZE) {
		complain(option, "%zu bytes, at most %u fit", len,
			 KMEMP_LABEL_SIZE);
		return -EINVAL;
	}
	if (!kmemp_name_valid(text, len)) {
		complain(option, "'%s' is no name; 1 to %u bytes of UTF-8 without '/', control characters and leading '-', not '.' or '..'",
			 text, KMEMP_LABEL_SIZE);
		return -EINVAL;
	}
	return 0;
}
