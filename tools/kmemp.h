/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmemp: what its files share. A command is one file, cmd_<verb>.c, and one
 * line of the table in kmemp.c.
 */
#ifndef KMEMP_TOOLS_KMEMP_H
#define KMEMP_TOOLS_KMEMP_H

#include <getopt.h>

#include <linux/types.h>

/*
 * Exit codes of every command but check, whose codes are those of fsck(8).
 * They are part of the interface: kmemp(1), section EXIT STATUS.
 */
#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2
/* Done, but for what cannot be read. */
#define EXIT_LOSSES	3

#define CHECK_CLEAN	0
#define CHECK_REPAIRED	1
#define CHECK_DAMAGED	4
#define CHECK_FAILED	8
#define CHECK_USAGE	16

/**
 * struct command - a verb
 * @name: the verb
 * @summary: one line, for `kmemp --help`
 * @help: what `kmemp <verb> --help` prints
 * @usage_status: exit code for wrong arguments
 * @failed_status: exit code for what was refused or failed
 * @run: does it; arguments as for main(), the verb being argv[0]; returns the
 *	exit code
 */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	int usage_status;
	int failed_status;
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command cmd_list;
extern const struct command cmd_info;
extern const struct command cmd_format;
extern const struct command cmd_check;
extern const struct command cmd_dump;
extern const struct command cmd_map;
extern const struct command cmd_limits;
extern const struct command cmd_volume;
extern const struct command cmd_convert;
extern const struct command cmd_export;

/* message.c */
void message_set_verb(const char *verb);
void complain(const char *subject, const char *fmt, ...) __printf(2, 3);
void text_sanitize(char *text);
void format_names(char *text, size_t size, bool objects);

/* formats.c */
#define FORMATS_DIR	"/usr/lib/kmem-persist/formats"
void formats_load(void);

/* options.c */
int options_take(const struct command *command, int argc, char **argv,
		 const struct option *options, int (*take)(void *arg, int c),
		 void *arg);
char **options_arguments(const struct command *command, int argc, char **argv,
			 const char *const *what, int count);
const char *options_target(const struct command *command, int argc,
			   char **argv, const char *what);
int options_none(const struct command *command, int argc, char **argv);
int parse_size(const char *option, const char *text, u64 *bytes);
int parse_name(const char *option, const char *text);

/* options_take() found nothing to end the program for. */
#define OPTIONS_END	(-1)

#endif /* KMEMP_TOOLS_KMEMP_H */
