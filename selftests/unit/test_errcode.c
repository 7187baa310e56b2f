// SPDX-License-Identifier: GPL-2.0
/*
 * Refusals: each has a line that an operator can act on, and the manual tells
 * of each by the same words.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "tap.h"

static const char manual_path[] = "Documentation/man/kmem-persist.7";

static bool is_code(const char *name)
{
	const char *s;

	for (s = name; *s; s++)
		if (!islower((unsigned char)*s) && *s != '_')
			return false;
	return s != name;
}

static void test_line(enum kmemp_refusal code)
{
	const struct kmemp_refusal_info *info = kmemp_refusal_info(code);
	char device[KMEMP_MAX_NAME + 1], text[2 * KMEMP_VERDICT_TEXT];
	struct kmemp_verdict verdict = { .code = code };
	size_t len;

	tap_ok(is_code(info->name), "%s: a name in lower case", info->name);
	tap_ok(info->err < 0 && info->err > -4096, "%s: an errno", info->name);
	tap_ok(info->help[0] != '\0', "%s: says what helps", info->name);

	memset(verdict.particulars, 'p', sizeof(verdict.particulars) - 1);
	len = kmemp_verdict_text(&verdict, "dax0.0", text, sizeof(text));
	tap_ok(len == strlen(text) && len < KMEMP_VERDICT_TEXT,
	       "%s: its longest line of %zu bytes fits", info->name, len);
	tap_ok(!strstr(text, "%s") && !strchr(text, '\n'),
	       "%s: one line, nothing left to fill in", info->name);

	/* However long the device's name and short the room. */
	memset(device, 'd', sizeof(device) - 1);
	device[sizeof(device) - 1] = '\0';
	for (len = 1; len < 64; len++)
		if (kmemp_verdict_text(&verdict, device, text, len) >= len)
			break;
	tap_ok(len == 64, "%s: never written beyond its room", info->name);
}

static char *read_manual(void)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(manual_path, "r");

	if (!text || !f || !fread(text, 1, (1 << 20) - 1, f)) {
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

/* "<what is wrong>; <what helps>", with the manual's stand-ins. */
static void expected_text(const struct kmemp_refusal_info *info, char *text,
			  size_t size)
{
	size_t len = scnprintf(text, size, "%s; ", info->what);
	const char *help;

	for (help = info->help; *help; help++) {
		if (help[0] != '%' || (help[1] != 's' && help[1] != 'p')) {
			len += scnprintf(text + len, size - len, "%c", *help);
			continue;
		}
		help++;
		len += scnprintf(text + len, size - len, "%s",
				 *help == 's' ? "DEV" : "TYPE");
	}
}

/* ".TP\n.B <code>\n<text>\n", the text broken into lines anywhere. */
static bool manual_has(const char *manual,
		       const struct kmemp_refusal_info *info)
{
	char head[64], text[KMEMP_VERDICT_TEXT];
	const char *wanted = text, *s;

	expected_text(info, text, sizeof(text));
	snprintf(head, sizeof(head), "\n.TP\n.B %s\n", info->name);
	s = strstr(manual, head);
	if (!s)
		return false;
	for (s += strlen(head); *wanted; s++, wanted++) {
		/* roff's way to write a hyphen that is one. */
		if (s[0] == '\\' && s[1] == '-')
			s++;
		if (*s != *wanted && !(*s == '\n' && *wanted == ' '))
			return false;
	}
	return *s == '\n';
}

static unsigned int manual_codes(const char *manual)
{
	const char *s = strstr(manual, "\n.SH REFUSALS\n");
	const char *end = s ? strstr(s + 1, "\n.SH ") : NULL;
	unsigned int n = 0;

	for (; s && s < end; s = strstr(s + 1, "\n.TP\n.B "))
		n++;
	return n ? n - 1 : 0;
}

int main(void)
{
	char *manual = read_manual();
	unsigned int code, other;

	tap_ok(kmemp_refusal_info(KMEMP_NR_REFUSALS) ==
	       kmemp_refusal_info(KMEMP_REFUSE_NOTHING),
	       "a code beyond the list is no refusal");
	tap_ok(manual != NULL, "%s can be read", manual_path);
	for (code = KMEMP_REFUSE_NOTHING + 1; code < KMEMP_NR_REFUSALS;
	     code++) {
		const struct kmemp_refusal_info *info;

		test_line(code);
		info = kmemp_refusal_info(code);
		for (other = 0; other < code; other++)
			if (!strcmp(info->name,
				    kmemp_refusal_info(other)->name))
				break;
		tap_ok(other == code, "%s: a name of its own", info->name);
		tap_ok(manual && manual_has(manual, info),
		       "%s: the manual says so", info->name);
	}
	tap_ok(manual && manual_codes(manual) == KMEMP_NR_REFUSALS - 1,
	       "the manual tells of %u refusals and no other",
	       KMEMP_NR_REFUSALS - 1);
	free(manual);
	return tap_done();
}
