// SPDX-License-Identifier: GPL-2.0
/*
 * See golden.h.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "golden.h"

#define WORDS	(KMEMP_LINE_SIZE / 8)

void golden_path(char *path, size_t size, const struct sample_format *format,
		 enum sample_kind kind, const char *what)
{
	snprintf(path, size, GOLDEN "%s-%s.%s", format->name,
		 sample_kinds[kind], what);
}

bool golden_write(const struct record *record, FILE *to)
{
	__le64 words[WORDS];
	unsigned int i;
	u64 pos;

	for (pos = 0; pos < record->media.size; pos += KMEMP_LINE_SIZE) {
		memcpy(words, record->base + pos, sizeof(words));
		if (!memchr_inv(words, 0, sizeof(words)))
			continue;
		fprintf(to, "%llx:", pos);
		for (i = 0; i < WORDS; i++)
			if (words[i])
				fprintf(to, " %llx", le64_to_cpu(words[i]));
			else
				fputs(" -", to);
		fputc('\n', to);
	}
	return !ferror(to);
}

static bool read_line(struct record *record, char *text)
{
	__le64 words[WORDS] = {};
	unsigned int i;
	char *end;
	u64 pos;

	pos = strtoull(text, &end, 16);
	if (*end != ':' || pos % KMEMP_LINE_SIZE || pos >= record->media.size)
		return false;
	text = end + 1;
	for (i = 0; i < WORDS; i++) {
		if (!strncmp(text, " -", 2)) {
			text += 2;
			continue;
		}
		words[i] = cpu_to_le64(strtoull(text, &end, 16));
		if (end == text)
			return false;
		text = end;
	}
	record_set(record, pos, words, sizeof(words));
	return *text == '\n';
}

bool golden_read(struct record *record, FILE *from)
{
	char text[256];
	bool good = true;

	if (record_init(record, SAMPLE_BYTES))
		return false;
	record->off = true;
	while (good && fgets(text, sizeof(text), from))
		good = read_line(record, text);
	return good && !ferror(from);
}
