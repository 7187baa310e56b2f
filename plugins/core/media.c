// SPDX-License-Identifier: GPL-2.0
/*
 * Media access: bounds, counts, and the way to the back end. See media.h.
 *
 * The bounds are checked here once for all back ends. A position that comes
 * from the medium has been checked by whoever took it from there; a store out
 * of bounds here is a bug of ours, and is dropped, because a lost store is
 * found by the next check while a stray one may hit another pool's data.
 */
#include <asm/byteorder.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>

#include <kmem_persist/format.h>
#include <kmem_persist/media.h>

#include "snapshot.h"

static bool kmemp_media_inside(const struct kmemp_media *media, u64 pos,
			       size_t len)
{
	return pos <= media->size && len <= media->size - pos;
}

static bool kmemp_media_may_store(const struct kmemp_media *media, u64 pos,
				  size_t len)
{
	return !WARN_ON_ONCE(media->readonly) &&
	       !WARN_ON_ONCE(!kmemp_media_inside(media, pos, len));
}

/* A store is about to be made. */
static void kmemp_media_begin_store(struct kmemp_media *media, u64 pos,
				    size_t len)
{
	media->counts.stores++;
	media->counts.bytes += len;
	if (media->snapshot)
		kmemp_snapshot_keep(media->snapshot, pos, len);
}

/**
 * kmemp_media_read - read from the medium, surviving poison
 * @media: the medium
 * @pos: byte position
 * @dst: where to
 * @len: bytes
 *
 * Return: 0, or -EIO where the medium is bad or ends before.
 */
int kmemp_media_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	if (!kmemp_media_inside(media, pos, len))
		return -EIO;
	return media->ops->read(media, pos, dst, len);
}
EXPORT_SYMBOL_GPL(kmemp_media_read);

/**
 * kmemp_media_load64 - read 8 aligned bytes
 * @media: the medium
 * @pos: byte position, a multiple of 8
 * @value: the number read, in the machine's byte order
 *
 * Return: 0 or -EIO.
 */
int kmemp_media_load64(struct kmemp_media *media, u64 pos, u64 *value)
{
	__le64 raw;
	int ret;

	ret = kmemp_media_read(media, pos, &raw, sizeof(raw));
	if (!ret)
		*value = le64_to_cpu(raw);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_media_load64);

/**
 * kmemp_media_store64 - store 8 aligned bytes at once
 * @media: the medium
 * @pos: byte position, a multiple of 8
 * @value: the number, in the machine's byte order
 */
void kmemp_media_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	if (!kmemp_media_may_store(media, pos, sizeof(value)) ||
	    WARN_ON_ONCE(pos % sizeof(value)))
		return;
	kmemp_media_begin_store(media, pos, sizeof(value));
	media->ops->store64(media, pos, value);
}
EXPORT_SYMBOL_GPL(kmemp_media_store64);

/**
 * kmemp_media_write - store bytes through the cache
 * @media: the medium
 * @pos: byte position
 * @src: where from
 * @len: bytes
 */
void kmemp_media_write(struct kmemp_media *media, u64 pos, const void *src,
		       size_t len)
{
	if (!kmemp_media_may_store(media, pos, len))
		return;
	kmemp_media_begin_store(media, pos, len);
	media->ops->write(media, pos, src, len);
}
EXPORT_SYMBOL_GPL(kmemp_media_write);

/**
 * kmemp_media_write_fresh - store bytes to lines nothing refers to yet
 * @media: the medium
 * @pos: byte position
 * @src: where from
 * @len: bytes
 *
 * Non-temporal stores pay from 512 bytes on; the back end decides.
 */
void kmemp_media_write_fresh(struct kmemp_media *media, u64 pos,
			     const void *src, size_t len)
{
	if (!kmemp_media_may_store(media, pos, len))
		return;
	kmemp_media_begin_store(media, pos, len);
	media->ops->write_fresh(media, pos, src, len);
}
EXPORT_SYMBOL_GPL(kmemp_media_write_fresh);

/**
 * kmemp_media_fill - store one byte value through the cache
 * @media: the medium
 * @pos: byte position
 * @byte: the value
 * @len: bytes
 */
void kmemp_media_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	if (!kmemp_media_may_store(media, pos, len))
		return;
	kmemp_media_begin_store(media, pos, len);
	media->ops->fill(media, pos, byte, len);
}
EXPORT_SYMBOL_GPL(kmemp_media_fill);

/**
 * kmemp_media_flush - start writing lines back
 * @media: the medium
 * @pos: byte position
 * @len: bytes; every line that the range touches is flushed
 */
void kmemp_media_flush(struct kmemp_media *media, u64 pos, size_t len)
{
	if (!len || !kmemp_media_may_store(media, pos, len))
		return;
	media->counts.lines += (pos + len - 1) / KMEMP_LINE_SIZE -
			       pos / KMEMP_LINE_SIZE + 1;
	media->ops->flush(media, pos, len);
}
EXPORT_SYMBOL_GPL(kmemp_media_flush);

/**
 * kmemp_media_fence - make durable what this thread has flushed
 * @media: the medium
 */
void kmemp_media_fence(struct kmemp_media *media)
{
	media->counts.fences++;
	media->ops->fence(media);
}
EXPORT_SYMBOL_GPL(kmemp_media_fence);
