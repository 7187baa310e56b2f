/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block volumes on the medium: the same in every format, since they are made
 * of records and extents.
 *
 * A volume is a record of ROOT, kind KMEMP_ROOT_VOLUME, whose name is the
 * volume's (1 to KMEMP_VOLUME_NAME bytes of UTF-8), and an object without
 * records whose extents are its pages: page offset 0 is the volume's first
 * 4096 bytes. What is not mapped reads as zeros.
 */
#ifndef KMEM_PERSIST_FORMAT_VOLUME_H
#define KMEM_PERSIST_FORMAT_VOLUME_H

#include <kmem_persist/format.h>

#define KMEMP_VOLUME_NAME	64u
/* As many as an object can have: 4 PiB. */
#define KMEMP_VOLUME_MAX_PAGES	(1ULL << 40)

/**
 * struct kmemp_disk_volume - value of a volume's record
 * @object: id of the object that holds its pages, at least KMEMP_OBJ_FIRST
 * @pages: size of the volume in pages, 1 to KMEMP_VOLUME_MAX_PAGES
 * @block_size: logical block size in bytes, 512 or 4096
 * @reserved: zero
 */
struct kmemp_disk_volume {
	__le64	object;
	__le64	pages;
	__le32	block_size;
	__u8	reserved[12];
};

static_assert(sizeof(struct kmemp_disk_volume) == 32);
static_assert(offsetof(struct kmemp_disk_volume, pages) == 8);
static_assert(offsetof(struct kmemp_disk_volume, block_size) == 16);
static_assert(offsetof(struct kmemp_disk_volume, reserved) == 20);

#endif /* KMEM_PERSIST_FORMAT_VOLUME_H */
