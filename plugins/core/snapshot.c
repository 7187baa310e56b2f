// SPDX-License-Identifier: GPL-2.0
/*
 * A medium as it was at one moment, for who reads it while commits go on.
 *
 * From that moment on, whoever stores into a page for the first time copies it
 * before (media.c calls kmemp_snapshot_keep()); who reads takes the copy where
 * there is one. All stores are made with the commit right, and so one after the
 * other. The memory for copies is in hand before, or the snapshot is lost: a
 * commit neither allocates nor waits for who reads.
 *
 * Locking: snapshot->lock -> chunks, free, nr_free, nr_room, bucket, lost. A
 * reader looks for a copy after it has read the medium. Either the copy is there,
 * or who makes it comes to the lock later, and to its store later still: then
 * what was read is from before the store. The bytes of a copy change no more once
 * it is found, and stay until the snapshot is destroyed.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kmem_persist/format.h>

#include "snapshot.h"

/* Copies that one chunk of memory is for. */
#define CHUNK_COPIES	64u
/* Those in hand whenever somebody reads, 4 MiB; and in all, 256 MiB. */
#define COPIES_SPARE	1024u
#define COPIES_MOST	65536u

#define BUCKETS		4096u

/**
 * struct kmemp_copy - a page as it was
 * @next: in the same bucket
 * @page: its index
 * @bytes: what it held
 * @bad: it could not be read
 */
struct kmemp_copy {
	struct kmemp_copy *next;
	u64 page;
	u8 *bytes;
	bool bad;
};

/**
 * struct kmemp_copies - memory for some copies
 * @next: chunk that was there before
 * @copy: the copies
 * @bytes: of all of them
 */
struct kmemp_copies {
	struct kmemp_copies *next;
	struct kmemp_copy copy[CHUNK_COPIES];
	u8 bytes[CHUNK_COPIES * KMEMP_PAGE_SIZE];
};

static struct kmemp_copy *find(const struct kmemp_snapshot *snapshot, u64 page)
{
	struct kmemp_copy *copy = snapshot->bucket[page % BUCKETS];

	lockdep_assert_held(&snapshot->lock);
	while (copy && copy->page != page)
		copy = copy->next;
	return copy;
}

/* Memory for more copies. Context: as who reads; it may sleep. */
static int add_room(struct kmemp_snapshot *snapshot)
{
	struct kmemp_copies *chunk;
	u32 i;

	/* Rather no snapshot than somebody killed for it. */
	chunk = kvmalloc(sizeof(*chunk),
			 GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!chunk)
		return -ENOMEM;
	mutex_lock(&snapshot->lock);
	for (i = 0; i < CHUNK_COPIES; i++) {
		chunk->copy[i].bytes = chunk->bytes + i * KMEMP_PAGE_SIZE;
		chunk->copy[i].next = snapshot->free;
		snapshot->free = &chunk->copy[i];
	}
	chunk->next = snapshot->chunks;
	snapshot->chunks = chunk;
	snapshot->nr_free += CHUNK_COPIES;
	snapshot->nr_room += CHUNK_COPIES;
	mutex_unlock(&snapshot->lock);
	return 0;
}

/* As much as shall be in hand. */
static int fill_room(struct kmemp_snapshot *snapshot)
{
	bool enough;
	int ret = 0;

	while (!ret) {
		mutex_lock(&snapshot->lock);
		enough = snapshot->nr_free >= COPIES_SPARE ||
			 snapshot->nr_room >= COPIES_MOST || snapshot->lost;
		mutex_unlock(&snapshot->lock);
		if (enough)
			break;
		ret = add_room(snapshot);
	}
	return ret;
}

/* A range within one page, as it was. */
static int read_part(struct kmemp_snapshot *snapshot, u64 pos, void *dst,
		     size_t len)
{
	const struct kmemp_copy *copy;
	bool lost;
	int ret;

	ret = kmemp_media_read(snapshot->reader, pos, dst, len);
	mutex_lock(&snapshot->lock);
	lost = snapshot->lost;
	copy = find(snapshot, pos >> KMEMP_PAGE_SHIFT);
	mutex_unlock(&snapshot->lock);
	if (lost || (copy && copy->bad))
		return -EIO;
	if (!copy)
		return ret;
	memcpy(dst, copy->bytes + pos % KMEMP_PAGE_SIZE, len);
	return 0;
}

static int snapshot_read(struct kmemp_media *media, u64 pos, void *dst,
			 size_t len)
{
	struct kmemp_snapshot *snapshot =
		container_of(media, struct kmemp_snapshot, media);
	u8 *to = dst;
	int ret = 0;

	/* Without it goes on for as long as no store needs more. */
	fill_room(snapshot);
	while (len && !ret) {
		size_t part = min_t(size_t, len, KMEMP_PAGE_SIZE -
						 pos % KMEMP_PAGE_SIZE);

		ret = read_part(snapshot, pos, to, part);
		pos += part;
		to += part;
		len -= part;
	}
	return ret;
}

static const struct kmemp_media_ops snapshot_ops = {
	.read = snapshot_read,
};

/**
 * kmemp_snapshot_init - get ready to keep what a medium holds
 * @snapshot: filled in
 * @real: the medium that is stored into
 * @reader: another back end on it, for who reads
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kmemp_snapshot_init(struct kmemp_snapshot *snapshot,
			struct kmemp_media *real, struct kmemp_media *reader)
{
	int ret;

	*snapshot = (struct kmemp_snapshot) {
		.media = {
			.ops = &snapshot_ops,
			.size = real->size,
			.readonly = true,
		},
		.real = real,
		.reader = reader,
	};
	snapshot->bucket = kvcalloc(BUCKETS, sizeof(*snapshot->bucket),
				    GFP_KERNEL);
	if (!snapshot->bucket)
		return -ENOMEM;
	mutex_init(&snapshot->lock);
	ret = fill_room(snapshot);
	if (ret)
		kmemp_snapshot_destroy(snapshot);
	return ret;
}

/**
 * kmemp_snapshot_destroy - let go of it
 * @snapshot: as initialised, not begun, or ended
 */
void kmemp_snapshot_destroy(struct kmemp_snapshot *snapshot)
{
	struct kmemp_copies *chunk;

	while (snapshot->chunks) {
		chunk = snapshot->chunks;
		snapshot->chunks = chunk->next;
		kvfree(chunk);
	}
	kvfree(snapshot->bucket);
	mutex_destroy(&snapshot->lock);
}

/**
 * kmemp_snapshot_begin - the moment that is shown
 * @snapshot: as initialised
 *
 * Context: with the commit right.
 */
void kmemp_snapshot_begin(struct kmemp_snapshot *snapshot)
{
	snapshot->real->snapshot = snapshot;
}

/**
 * kmemp_snapshot_end - nothing is kept any more
 * @snapshot: begun
 *
 * Context: with the commit right.
 */
void kmemp_snapshot_end(struct kmemp_snapshot *snapshot)
{
	snapshot->real->snapshot = NULL;
}

static void keep_page(struct kmemp_snapshot *snapshot, u64 page)
{
	struct kmemp_copy **bucket = &snapshot->bucket[page % BUCKETS];
	struct kmemp_copy *copy = snapshot->free;

	lockdep_assert_held(&snapshot->lock);
	if (snapshot->lost || find(snapshot, page))
		return;
	if (!copy) {
		snapshot->lost = true;
		return;
	}
	/* What cannot be read now could not be read before. */
	copy->bad = kmemp_media_read(snapshot->real, page << KMEMP_PAGE_SHIFT,
				     copy->bytes, KMEMP_PAGE_SIZE);
	snapshot->free = copy->next;
	snapshot->nr_free--;
	copy->page = page;
	copy->next = *bucket;
	*bucket = copy;
}

/**
 * kmemp_snapshot_keep - a range is about to be stored into
 * @snapshot: begun
 * @pos: byte position, inside the medium
 * @len: bytes
 *
 * Context: with the commit right.
 */
void kmemp_snapshot_keep(struct kmemp_snapshot *snapshot, u64 pos, size_t len)
{
	u64 page = pos >> KMEMP_PAGE_SHIFT;

	mutex_lock(&snapshot->lock);
	for (; len && page <= (pos + len - 1) >> KMEMP_PAGE_SHIFT; page++)
		keep_page(snapshot, page);
	mutex_unlock(&snapshot->lock);
}

/**
 * kmemp_snapshot_lost - has something been shown that is not of that moment?
 * @snapshot: begun
 *
 * Return: true if anything that was read may not be.
 */
bool kmemp_snapshot_lost(struct kmemp_snapshot *snapshot)
{
	bool lost;

	mutex_lock(&snapshot->lock);
	lost = snapshot->lost;
	mutex_unlock(&snapshot->lock);
	return lost;
}
