// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp: manages pools of kmem-persist. This file finds the verb.
 */
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include <kmem_persist/format.h>

#include "kmemp.h"

static const struct command *const commands[] = {
	&cmd_list, &cmd_info, &cmd_format, &cmd_check, &cmd_limits,
	&cmd_volume,
	&cmd_dump,
	&cmd_map,
	&cmd_convert,
	&cmd_export,
};

static void print_help(void)
{
	size_t i;

	puts("usage: kmemp COMMAND [OPTION]... [DEV|IMAGE]\n\n"
	     "Manages pools of kmem-persist: memory that is RAM and storage at once.\n\n"
	     "Commands:");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n'kmemp COMMAND --help' tells more, the manual pages tell all.\n"
	     "  --help     this text\n"
	     "  --version  the format version that this kmemp knows");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* Output that never arrived is no success. */
static int finish(int status, int failed)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	complain("standard output", "%m");
	return status == EXIT_OK ? failed : status;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		complain(NULL, "no command; see: kmemp --help");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return finish(EXIT_OK, EXIT_FAILED);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("kmemp, format version %u (experimental)\n",
		       KMEMP_VERSION);
		return finish(EXIT_OK, EXIT_FAILED);
	}
	command = find_command(argv[1]);
	if (!command) {
		complain(argv[1], "no such command; see: kmemp --help");
		return EXIT_USAGE;
	}
	message_set_verb(command->name);
	formats_load();
	return finish(command->run(command, argc - 1, argv + 1),
		      command->failed_status);
}
