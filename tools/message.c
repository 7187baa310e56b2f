// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the operator: `kmemp <verb>: <subject>: <text>`.
 *
 * Subjects come from the command line and texts may quote a medium: nothing of
 * them may move the cursor or pretend to be another line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "kmemp.h"

static const char *message_verb;

/**
 * message_set_verb - which command do messages speak for?
 * @verb: its name
 */
void message_set_verb(const char *verb)
{
	message_verb = verb;
}

/**
 * text_sanitize - make any bytes fit for a terminal and for JSON
 * @text: each control character and each byte of what is no UTF-8 becomes '?'
 */
void text_sanitize(char *text)
{
	while (*text) {
		size_t run = 0;

		while (text[run] & 0x80)
			run++;
		if (!run) {
			if ((unsigned char)*text < 0x20 || *text == 0x7f)
				*text = '?';
			text++;
			continue;
		}
		/* Knows invalid UTF-8 and the C1 controls. */
		if (!kmemp_name_valid(text, run))
			memset(text, '?', run);
		text += run;
	}
}

/**
 * format_names - which formats does this program know?
 * @text: filled in: their names, with commas between them
 * @size: its bytes
 * @objects: only those that keep objects
 */
void format_names(char *text, size_t size, bool objects)
{
	const struct kmemp_format_ops *format = kmemp_format_next(0);
	size_t len = 0;
	u32 type;

	text[0] = '\0';
	for (; format; format = type ? kmemp_format_next(type) : NULL) {
		if (format->commit || !objects)
			len += scnprintf(text + len, size - len, "%s%s",
					 len ? ", " : "", format->name);
		type = format->type + 1;
		kmemp_format_put(format);
	}
}

/**
 * complain - one line on standard error
 * @subject: device, image, option or argument; NULL for none
 * @fmt: what is wrong, and what helps
 */
void complain(const char *subject, const char *fmt, ...)
{
	char line[2048];
	va_list args;
	int len;

	len = snprintf(line, sizeof(line), "kmemp%s%s: %.512s%s",
		       message_verb ? " " : "", message_verb ?: "",
		       subject ?: "", subject ? ": " : "");
	va_start(args, fmt);
	vsnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	text_sanitize(line);
	fprintf(stderr, "%s\n", line);
}
