// SPDX-License-Identifier: GPL-2.0
/*
 * When another format would serve a pool better, see advice.h.
 */
#include <stdio.h>

#include "advice.h"

/**
 * advice_extents - does a pool keep more extents than its format is made for?
 * @text: filled in if it does: a sentence that says what helps
 * @size: its bytes
 * @format: its format
 * @extents: how many it keeps
 *
 * Return: true if it does.
 */
bool advice_extents(char *text, size_t size,
		    const struct kmemp_format_ops *format, u64 extents)
{
	if (!format->many_extents || extents <= format->many_extents)
		return false;
	snprintf(text, size, "format %s is not made for more than %llu extents: each takes DRAM, and a bind reads all of them; copy the pool to another device with: kmemp convert --type bitmap",
		 format->name, (unsigned long long)format->many_extents);
	return true;
}
