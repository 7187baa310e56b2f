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

/* ".TP\n.B <code>\n<what is wrong>": the text may be broken into lines. */
static bool manual_has(const char *manual,
		       const struct kmemp_refusal_info *info)
{
	const char *what = info->what, *s;
	char head[64];

	snprintf(head, sizeof(head), "\n.B %s\n", info->name);
	s = strstr(manual, head);
	if (!s)
		return false;
	s += strlen(head);
	while (*what) {
		/* roff's escapes of '-' and of a leading quote. */
		if (s[0] == '\\' && s[1] == '-')
			s++;
		if (s[0] == '\\' && s[1] == '&')
			s += 2;
		if (*s != *what && !(*s == '\n' && *what == ' '))
			return false;
		s++;
		what++;
	}
	return true;
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
		       "%s: the manual says \"%s\"", info->name, info->what);
	}
	tap_ok(manual && manual_codes(manual) == KMEMP_NR_REFUSALS - 1,
	       "the manual tells of %u refusals and no other",
	       KMEMP_NR_REFUSALS - 1);
	free(manual);
	return tap_done();
}
