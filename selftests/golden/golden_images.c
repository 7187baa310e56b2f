// SPDX-License-Identifier: GPL-2.0
/*
 * Images that were made once open today and hold what they held, and today's are
 * the same bytes: whoever changes the medium sees it here.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "golden.h"
#include "tap.h"

/* First position where they are not the same; their size: nowhere. */
static u64 differs_at(const struct record *a, const struct record *b)
{
	u64 pos = 0;

	while (pos < a->media.size &&
	       !memcmp(a->base + pos, b->base + pos, KMEMP_PAGE_SIZE))
		pos += KMEMP_PAGE_SIZE;
	while (pos < a->media.size && a->base[pos] == b->base[pos])
		pos++;
	return pos;
}

/* Says the first line that is not as in the file. */
static bool same_text(const char *text, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[8192] = "";
	size_t len;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		len = strlen(line);
		if (strncmp(text, line, len))
			break;
		text += len;
		line[0] = 0;
	}
	fclose(file);
	if (!line[0] && !*text)
		return true;
	tap_diag("expected: %s", line);
	tap_diag("found: %.*s", (int)strcspn(text, "\n"), text);
	return false;
}

/* It opens, holds what the file says, and check finds nothing. */
static bool holds(struct record *record, const char *path, bool readonly)
{
	struct test_pool t;
	char *text = NULL;
	size_t size;
	bool good;
	FILE *to;

	if (test_open(&t, record, readonly)) {
		tap_diag("refused: %s", t.pool.verdict.particulars);
		return false;
	}
	to = open_memstream(&text, &size);
	if (!to)
		abort();
	good = !sample_print(&t.pool, to);
	good &= !fclose(to);
	good = good && same_text(text, path) && !test_check(&t.pool, true);
	free(text);
	test_close(&t);
	return good;
}

static void test_golden(const struct sample_format *format,
			enum sample_kind kind)
{
	const char *name = format->name, *how = sample_kinds[kind];
	struct record golden, fresh;
	char path[256];
	u64 pos, was;
	FILE *file;
	bool good;

	golden_path(path, sizeof(path), format, kind, "image");
	file = fopen(path, "r");
	if (!file) {
		tap_ok(false, "%s, %s: is there", name, how);
		return;
	}
	good = golden_read(&golden, file);
	fclose(file);
	tap_ok(good, "%s, %s: can be read", name, how);

	sample_make(&fresh, format->type, kind);
	pos = differs_at(&golden, &fresh);
	tap_ok(pos == SAMPLE_BYTES,
	       "%s, %s: made today it is the same, up to page %llu + %llu",
	       name, how, pos >> KMEMP_PAGE_SHIFT, pos % KMEMP_PAGE_SIZE);
	record_free(&fresh);

	golden_path(path, sizeof(path), format, kind, "contents");
	was = golden.image;
	tap_ok(holds(&golden, path, true) && golden.image == was,
	       "%s, %s: opened read-only it holds what it held", name, how);
	tap_ok(holds(&golden, path, false), "%s, %s: and for writing", name,
	       how);
	tap_ok(kind != SAMPLE_CLEAN || golden.image == was,
	       "%s, %s: of a clean one not a byte is stored", name, how);
	was = golden.image;
	tap_ok(holds(&golden, path, false) && golden.image == was,
	       "%s, %s: nor at the second time", name, how);
	record_free(&golden);
}

int main(void)
{
	unsigned int i, kind;

	for (i = 0; i < sample_nr_formats; i++)
		for (kind = 0; kind < GOLDEN_KINDS; kind++)
			test_golden(&sample_formats[i], kind);
	return tap_done();
}
