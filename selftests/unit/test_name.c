// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp_name_valid(): what may be a label or a name, and what may not.
 */
#include <string.h>

#include <linux/kernel.h>

#include <kmem_persist/pool.h>

#include "tap.h"

/**
 * struct name - a case
 * @what: what it is about
 * @bytes: the name
 * @len: its length; 0: up to the terminator
 */
struct name {
	const char *what;
	const char *bytes;
	size_t len;
};

static const struct name good[] = {
	{ "one letter", "a" },
	{ "spaces", "my pool" },
	{ "dots inside", "a..b" },
	{ "three dots", "..." },
	{ "hidden", ".a" },
	{ "a dash inside", "a-b" },
	{ "two bytes", "\xc3\xa9" },
	{ "first after C1", "\xc2\xa0" },
	{ "last of two bytes", "\xdf\xbf" },
	{ "first of three bytes", "\xe0\xa0\x80" },
	{ "before the surrogates", "\xed\x9f\xbf" },
	{ "after the surrogates", "\xee\x80\x80" },
	{ "last of three bytes", "\xef\xbf\xbf" },
	{ "first of four bytes", "\xf0\x90\x80\x80" },
	{ "last code point", "\xf4\x8f\xbf\xbf" },
	{ "a tilde", "~" },
};

static const struct name bad[] = {
	{ "dot", "." },
	{ "dot dot", ".." },
	{ "slash", "a/b" },
	{ "slash alone", "/" },
	{ "leading dash", "-rf" },
	{ "newline", "a\nb" },
	{ "NUL inside", "a\0b", 3 },
	{ "NUL alone", "\0", 1 },
	{ "escape", "\x1b[2J" },
	{ "DEL", "\x7f" },
	{ "C1 control", "\xc2\x9b" },
	{ "first C1 control", "\xc2\x80" },
	{ "last C1 control", "\xc2\x9f" },
	{ "continuation alone", "\x80" },
	{ "overlong slash", "\xc0\xaf" },
	{ "overlong, c1", "\xc1\xbf" },
	{ "overlong, three bytes", "\xe0\x9f\xbf" },
	{ "overlong, four bytes", "\xf0\x8f\xbf\xbf" },
	{ "surrogate", "\xed\xa0\x80" },
	{ "last surrogate", "\xed\xbf\xbf" },
	{ "beyond U+10FFFF", "\xf4\x90\x80\x80" },
	{ "f5", "\xf5\x80\x80\x80" },
	{ "fe", "\xfe" },
	{ "ff", "\xff" },
	{ "cut after one of two", "a\xc3" },
	{ "cut after two of three", "a\xe2\x82" },
	{ "cut after three of four", "a\xf0\x90\x80" },
	{ "no continuation", "\xc3(" },
	{ "no second continuation", "\xe2\x82(" },
	{ "good, then bad", "caf\xc3\xa9\xff" },
};

/* Each byte after the name is out of bounds for the sanitizer. */
static bool valid(const struct name *name)
{
	size_t len = name->len ?: strlen(name->bytes);
	char exact[len];

	memcpy(exact, name->bytes, len);
	return kmemp_name_valid(exact, len);
}

int main(void)
{
	char longest[KMEMP_MAX_NAME];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(valid(&good[i]), "valid: %s", good[i].what);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(!valid(&bad[i]), "not valid: %s", bad[i].what);
	tap_ok(!kmemp_name_valid("", 0), "not valid: empty");
	memset(longest, 'x', sizeof(longest));
	tap_ok(kmemp_name_valid(longest, sizeof(longest)),
	       "valid: %zu bytes", sizeof(longest));
	for (i = 0; i < 256; i++) {
		char byte = i;
		bool expected = i >= 0x20 && i < 0x7f && i != '/' &&
				i != '.' && i != '-';

		if (kmemp_name_valid(&byte, 1) != expected)
			break;
	}
	tap_ok(i == 256, "each single byte (stopped at %#x)", i);
	return tap_done();
}
