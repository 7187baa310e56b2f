/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only way to the medium.
 *
 * Positions are byte offsets from the raw start of the DAX device. A store is
 * visible to every reader at once and durable only after a flush of its lines
 * *and* a later fence of the same thread. There is no order between stores
 * that one fence covers: any of them may be on the medium after a crash, or
 * not, in units of aligned 8 bytes.
 *
 * Back ends: drivers/pool/media.c (kernel), tools/media_file.c (devices and
 * images, real clwb and sfence), selftests/unit/media_record.c (records each
 * store, flush and fence and builds the states that a crash may leave).
 *
 * Every fence in the project has a comment that names the two stores it
 * orders.
 */
#ifndef KMEM_PERSIST_MEDIA_H
#define KMEM_PERSIST_MEDIA_H

#include <linux/types.h>

struct kmemp_media;
struct kmemp_snapshot;

/**
 * struct kmemp_media_ops - a back end
 * @read: copy @len bytes at @pos to @dst; survives poison. 0 or -EIO.
 * @store64: one atomic store of 8 aligned bytes, as little endian.
 * @write: copy @len bytes to @pos. No atomicity beyond aligned 8 bytes.
 * @write_fresh: as @write, to lines that nothing valid refers to yet; may go
 *	around the cache. Must be flushed all the same: head and tail may lie
 *	in the cache.
 * @fill: as @write, @len bytes of value @byte.
 * @flush: start write-back of every line that [@pos, @pos + @len) touches.
 * @fence: after it, all that this thread flushed before is durable. May call
 *	the platform's flush hints; may sleep only where the region has such.
 *
 * None of them may be called with a range that does not lie in the device;
 * the functions below check.
 */
struct kmemp_media_ops {
	int  (*read)(struct kmemp_media *media, u64 pos, void *dst, size_t len);
	void (*store64)(struct kmemp_media *media, u64 pos, u64 value);
	void (*write)(struct kmemp_media *media, u64 pos, const void *src,
		      size_t len);
	void (*write_fresh)(struct kmemp_media *media, u64 pos,
			    const void *src, size_t len);
	void (*fill)(struct kmemp_media *media, u64 pos, u8 byte, size_t len);
	void (*flush)(struct kmemp_media *media, u64 pos, size_t len);
	void (*fence)(struct kmemp_media *media);
};

/**
 * struct kmemp_media_counts - what has been done to a medium
 * @stores: calls of store64, write, write_fresh and fill
 * @bytes: bytes they stored
 * @lines: lines flushed
 * @fences: fences
 *
 * Counted without atomics by whoever holds the commit right; concurrent data
 * stores of front ends are counted in their own structure.
 */
struct kmemp_media_counts {
	u64 stores;
	u64 bytes;
	u64 lines;
	u64 fences;
};

/**
 * struct kmemp_media - a medium as a format sees it
 * @ops: the back end
 * @size: bytes of the device, a multiple of KMEMP_PAGE_SIZE
 * @readonly: no store may be made; the functions below refuse it loudly
 * @failed: set by the back end and never cleared: something that was fenced may
 *	not be durable. Commits fail from then on.
 * @snapshot: who is told before anything is stored, see plugins/core/snapshot.c;
 *	NULL for nobody. Under the commit right, as stores are
 * @counts: see above
 *
 * A back end embeds it in a structure of its own.
 */
struct kmemp_media {
	const struct kmemp_media_ops *ops;
	u64 size;
	bool readonly;
	bool failed;
	struct kmemp_snapshot *snapshot;
	struct kmemp_media_counts counts;
};

int kmemp_media_read(struct kmemp_media *media, u64 pos, void *dst, size_t len);
int kmemp_media_load64(struct kmemp_media *media, u64 pos, u64 *value);
void kmemp_media_store64(struct kmemp_media *media, u64 pos, u64 value);
void kmemp_media_write(struct kmemp_media *media, u64 pos, const void *src,
		       size_t len);
void kmemp_media_write_fresh(struct kmemp_media *media, u64 pos,
			     const void *src, size_t len);
void kmemp_media_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len);
void kmemp_media_flush(struct kmemp_media *media, u64 pos, size_t len);
void kmemp_media_fence(struct kmemp_media *media);

#endif /* KMEM_PERSIST_MEDIA_H */
