// SPDX-License-Identifier: GPL-2.0
/*
 * See media_fail.h.
 */
#include <string.h>

#include "media_fail.h"

struct media_fail media_fail = { .most = 1 };

static struct kmemp_media_ops hooked;
static const struct kmemp_media_ops *unhooked;

/* How often each way was gone; two of one place in here are taken for one. */
static u16 gone[1 << 14];

/* The tests are built with frame pointers and without tail calls. */
#define WAY()								\
	(((u64)__builtin_return_address(1) * 31 +			\
	  (u64)__builtin_return_address(2)) * 31 +			\
	 (u64)__builtin_return_address(3))

static bool counts(u64 way)
{
	u16 *nr = &gone[way * 0x9e3779b97f4a7c15ULL >> 50];

	if (*nr >= media_fail.most)
		return false;
	++*nr;
	return true;
}

static int hook_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct record *record = (struct record *)media;

	if (media_fail.read && counts(WAY()) && !--media_fail.read)
		record->fail_page = 1 + (pos >> KMEMP_PAGE_SHIFT);
	return unhooked->read(media, pos, dst, len);
}

static void hook_fence(struct kmemp_media *media)
{
	struct record *record = (struct record *)media;

	if (media_fail.fence && !--media_fail.fence)
		media->failed = true;
	if (!media->failed)
		media_fail.fence_at = record->nr;
	unhooked->fence(media);
}

void media_fail_hook(struct record *record)
{
	unhooked = record->media.ops;
	hooked = *unhooked;
	hooked.read = hook_read;
	hooked.fence = hook_fence;
	record->media.ops = &hooked;
}

void media_fail_arm(unsigned long read, unsigned long fence)
{
	memset(gone, 0, sizeof(gone));
	media_fail.read = read;
	media_fail.fence = fence;
}

void media_fail_heal(struct record *record)
{
	record->fail_page = 0;
	record->media.failed = false;
}
