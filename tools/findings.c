// SPDX-License-Identifier: GPL-2.0
/*
 * Findings of a check, see findings.h: from the formats themselves, or as the
 * driver tells them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include "findings.h"
#include "report.h"

static const char *const names[] = {
	[KMEMP_NOTE] = "note",
	[KMEMP_MENDED] = "mendable",
	[KMEMP_LOSS] = "loss",
	[KMEMP_FATAL] = "fatal",
};

/**
 * findings_init - begin with none
 * @found: filled in
 */
void findings_init(struct findings *found)
{
	memset(found, 0, sizeof(*found));
	found->list = json_object_new_array();
	found->worst = KMEMP_NOTE;
}

static void add_finding(void *arg, enum kmemp_severity severity, u64 object,
			u64 pos, const char *text)
{
	struct findings *found = arg;
	struct json_object *entry = json_object_new_object();

	report_string(entry, "severity", names[severity]);
	if (object)
		report_number(entry, "object", object);
	report_number(entry, "position", pos);
	report_string(entry, "text", text);
	json_object_array_add(found->list, entry);
	found->worst = max(found->worst, severity);
	found->nr_wrong += severity > KMEMP_NOTE;
	found->nr_mendable += severity == KMEMP_MENDED;
}

/* A check prints no dump. */
static void no_line(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static bool has_orphans(struct kmemp_pool *pool)
{
	struct kmemp_record record = {};
	u8 buffer[KMEMP_RECORD_BUFFER];

	return kmemp_pool_keeps_objects(pool) &&
	       !kmemp_pool_next_record(pool, KMEMP_OBJ_ORPHANS, &record,
				       buffer);
}

/**
 * findings_check - check a pool
 * @found: where the findings go
 * @pool: opened read-only
 *
 * Return: see kmemp_pool_check().
 */
int findings_check(struct findings *found, struct kmemp_pool *pool)
{
	struct kmemp_findings findings = {
		.finding = add_finding,
		.line = no_line,
		.arg = found,
	};

	found->orphans = has_orphans(pool);
	return kmemp_pool_check(pool, &findings);
}

/* "loss 4096 8192 text" */
static int parse_line(struct findings *found, const char *line)
{
	unsigned long long object, pos;
	char severity[16];
	size_t i;
	int n;

	if (sscanf(line, "%15s %llu %llu %n", severity, &object, &pos,
		   &n) != 3)
		return -EPROTO;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(severity, names[i])) {
			add_finding(found, i, object, pos, line + n);
			return 0;
		}
	return -EPROTO;
}

/**
 * findings_parse - read what the driver found
 * @found: where the findings go
 * @text: of its file; is cut into lines
 * @not_listed: filled in: findings that it counted and did not tell
 *
 * Return: 0, or -EPROTO where it makes no sense.
 */
int findings_parse(struct findings *found, char *text, u64 *not_listed)
{
	unsigned long long nr;
	char *line, *save;
	bool damaged;
	int ret = 0;

	line = strtok_r(text, "\n", &save);
	damaged = line && !strncmp(line, "damaged ", 8);
	if (!line || (!damaged && strncmp(line, "clean ", 6)) ||
	    sscanf(strchr(line, ' '), "%llu", &nr) != 1)
		return -EPROTO;
	while (!ret && (line = strtok_r(NULL, "\n", &save)))
		ret = parse_line(found, line);
	*not_listed = nr - json_object_array_length(found->list);
	/* What was told does not show the worst of what was found. */
	if (damaged && !found->nr_wrong)
		found->worst = KMEMP_LOSS;
	return ret;
}
