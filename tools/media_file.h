/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Media back end for user space: a DAX device, an image, or anonymous memory.
 */
#ifndef KMEMP_TOOLS_MEDIA_FILE_H
#define KMEMP_TOOLS_MEDIA_FILE_H

#include <kmem_persist/media.h>

/**
 * struct kmemp_media_file - a mapped medium
 * @media: what the formats see
 * @base: its mapping
 * @fd: open file, -1 for anonymous memory
 */
struct kmemp_media_file {
	struct kmemp_media media;
	unsigned char *base;
	int fd;
};

int kmemp_media_file_open(struct kmemp_media_file *file, const char *path,
			  bool readonly);
int kmemp_media_file_anon(struct kmemp_media_file *file, u64 size);
int kmemp_media_file_guard(int (*fn)(void *arg), void *arg);
void kmemp_media_file_close(struct kmemp_media_file *file);

#endif /* KMEMP_TOOLS_MEDIA_FILE_H */
