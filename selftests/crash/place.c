// SPDX-License-Identifier: GPL-2.0
/*
 * See place.h. addr2line is asked, through a pipe, so that programs without
 * sanitizers can say where they are too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

static FILE *question, *answer;

static void start(void)
{
	char self[32];
	int to[2], from[2];

	snprintf(self, sizeof(self), "/proc/%d/exe", getpid());
	if (pipe(to) || pipe(from))
		abort();
	switch (fork()) {
	case -1:
		abort();
	case 0:
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execlp("addr2line", "addr2line", "-f", "-e", self,
		       (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	question = fdopen(to[1], "w");
	answer = fdopen(from[0], "r");
}

static void get_line(char *to, size_t size)
{
	char line[512];

	if (!fgets(line, sizeof(line), answer))
		strcpy(line, "?");
	line[strcspn(line, "\n")] = 0;
	snprintf(to, size, "%.*s", (int)size - 1, line);
}

void place_of(u64 pc, struct place *place)
{
	char top[256], line[512];
	const char *at = line;

	if (!question)
		start();
	fprintf(question, "%#llx\n", (unsigned long long)pc - 1);
	fflush(question);
	get_line(place->function, sizeof(place->function));
	get_line(line, sizeof(line));
	/* Paths are told from the top of the tree. */
	if (getcwd(top, sizeof(top)) && !strncmp(line, top, strlen(top)))
		at += strlen(top) + 1;
	snprintf(place->line, sizeof(place->line), "%.90s", at);
}
