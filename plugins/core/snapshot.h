/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A medium as it was at one moment, for who reads it while commits go on.
 */
#ifndef KMEMP_CORE_SNAPSHOT_H
#define KMEMP_CORE_SNAPSHOT_H

#include <linux/mutex.h>

#include <kmem_persist/media.h>

struct kmemp_copies;
struct kmemp_copy;

/**
 * struct kmemp_snapshot - what a medium held when it was begun
 * @media: shows it, and cannot store
 * @real: the medium that is stored into
 * @reader: another back end on it, for who reads
 * @lock: the fields below; a leaf, taken by commits within all of the pool's locks
 * @chunks: memory for copies
 * @free: copies that nothing is in
 * @nr_free: how many
 * @nr_room: copies that there is memory for, in all
 * @bucket: which page has a copy: hash table
 * @lost: there was no memory for one: what is read is no longer of one moment
 */
struct kmemp_snapshot {
	struct kmemp_media media;
	struct kmemp_media *real;
	struct kmemp_media *reader;
	struct mutex lock;
	struct kmemp_copies *chunks;
	struct kmemp_copy *free;
	u32 nr_free;
	u32 nr_room;
	struct kmemp_copy **bucket;
	bool lost;
};

int kmemp_snapshot_init(struct kmemp_snapshot *snapshot,
			struct kmemp_media *real, struct kmemp_media *reader);
void kmemp_snapshot_destroy(struct kmemp_snapshot *snapshot);
void kmemp_snapshot_begin(struct kmemp_snapshot *snapshot);
void kmemp_snapshot_end(struct kmemp_snapshot *snapshot);
void kmemp_snapshot_keep(struct kmemp_snapshot *snapshot, u64 pos, size_t len);
bool kmemp_snapshot_lost(struct kmemp_snapshot *snapshot);

#endif /* KMEMP_CORE_SNAPSHOT_H */
