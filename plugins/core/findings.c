// SPDX-License-Identifier: GPL-2.0
/*
 * What a check and a dump say, composed for the formats.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/stdarg.h>

#include "core.h"

/**
 * kmemp_say - one line of a dump
 * @findings: of the dump
 * @fmt: what the line says, cut at 159 characters
 */
void kmemp_say(const struct kmemp_findings *findings, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	findings->line(findings->arg, text);
}
EXPORT_SYMBOL_GPL(kmemp_say);

/**
 * kmemp_report - a finding of a check
 * @findings: of the check
 * @severity: how bad it is
 * @object: that it belongs to, 0 for none
 * @pos: where it lies, pool offset in bytes
 * @fmt: what is wrong, cut at 95 characters
 */
void kmemp_report(const struct kmemp_findings *findings,
		  enum kmemp_severity severity, u64 object, u64 pos,
		  const char *fmt, ...)
{
	char text[96];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	findings->finding(findings->arg, severity, object, pos, text);
}
EXPORT_SYMBOL_GPL(kmemp_report);

/**
 * kmemp_damaged - metadata is not what it must be
 * @pool: whose
 * @findings: of the check that runs, NULL where none does
 * @object: that it belongs to, 0 for none
 * @what: it is
 * @pos: where it lies, pool offset in bytes
 * @found: there
 *
 * A check goes on behind it, and has it as a finding. Else the first such
 * refusal is the pool's, see kmemp_complain().
 *
 * Return: -EUCLEAN.
 */
int kmemp_damaged(struct kmemp_pool *pool,
		  const struct kmemp_findings *findings, u64 object,
		  const char *what, u64 pos, u64 found)
{
	if (!findings)
		return kmemp_complain(pool, KMEMP_REFUSE_STRUCTURE,
				      "%s at page %llu + %llu: found %#llx",
				      what, pos >> KMEMP_PAGE_SHIFT,
				      pos % KMEMP_PAGE_SIZE, found);
	kmemp_report(findings, KMEMP_LOSS, object, pos,
		     "%s damaged: found %#llx", what, found);
	return -EUCLEAN;
}
EXPORT_SYMBOL_GPL(kmemp_damaged);
