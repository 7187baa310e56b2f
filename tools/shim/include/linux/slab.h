/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in. Every allocation goes through one counter, so that a
 * test can fail the Nth (shim_fail_nth) and see that nothing leaks.
 */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <stdlib.h>

#include <linux/string.h>
#include <linux/types.h>

#define GFP_KERNEL	0u
#define GFP_NOFS	0u
#define GFP_NOIO	0u
#define __GFP_NOWARN	0u
#define __GFP_NOMEMALLOC	0u
#define __GFP_RETRY_MAYFAIL	0u

/* 0: never; N: the Nth allocation from now on returns NULL. */
extern unsigned long shim_fail_nth;
/* Allocations that have not been freed. */
extern long shim_nr_allocated;

void *shim_alloc(size_t size);
void shim_free(const void *ptr);

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return shim_alloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	void *ptr = kmalloc(size, gfp);

	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	if (size && n > (size_t)-1 / size)
		return NULL;
	return kzalloc(n * size, gfp);
}

#define kmalloc_array(n, size, gfp)	kcalloc(n, size, gfp)
#define kvmalloc(size, gfp)		kmalloc(size, gfp)
#define kvzalloc(size, gfp)		kzalloc(size, gfp)
#define kvcalloc(n, size, gfp)		kcalloc(n, size, gfp)
#define kvmalloc_array(n, size, gfp)	kcalloc(n, size, gfp)
#define kfree(ptr)			shim_free(ptr)
#define kvfree(ptr)			shim_free(ptr)

/* kfree_sensitive() knows the size from the allocator; so does shim_free(). */
void kfree_sensitive(const void *ptr);

#endif
