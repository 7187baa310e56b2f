/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <errno.h>
#include <string.h>

#include <linux/types.h>

static inline void *memchr_inv(const void *start, int c, size_t bytes)
{
	const unsigned char *s = start;
	unsigned long all = ~0UL / 0xff * (unsigned char)c, word;

	while (bytes >= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		if (word != all)
			break;
		s += sizeof(word);
		bytes -= sizeof(word);
	}
	for (; bytes; bytes--, s++)
		if (*s != (unsigned char)c)
			return (void *)s;
	return NULL;
}

static inline void memzero_explicit(void *s, size_t count)
{
	explicit_bzero(s, count);
}

static inline ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (len == size)
		len--;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return src[len] ? -E2BIG : (ssize_t)len;
}

#endif
