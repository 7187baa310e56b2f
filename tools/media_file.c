// SPDX-License-Identifier: GPL-2.0
/*
 * Media back end for user space, see media_file.h.
 *
 * A store is durable on a DAX device once clwb has written its line back and
 * sfence has waited for it. An image on a file system gets the same treatment,
 * and msync() in addition when it is closed: an image is a copy of a medium,
 * not a medium.
 */
#include <errno.h>
#include <fcntl.h>
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <asm/byteorder.h>

#include <kmem_persist/format.h>

#include "media_file.h"

static struct kmemp_media_file *to_file(struct kmemp_media *media)
{
	return (struct kmemp_media_file *)media;
}

/*
 * Poison is a SIGBUS in user space, and so is a hole of an image that the file
 * system has no room to fill. Reads are guarded one by one; stores only as a
 * whole, by kmemp_media_file_guard(): after one that failed nothing is to be
 * gone on with.
 */
static __thread struct jump *poison_jump, *guard_jump;

struct jump {
	sigjmp_buf buf;
};

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	if (poison_jump)
		siglongjmp(poison_jump->buf, 1);
	if (guard_jump)
		siglongjmp(guard_jump->buf, 1);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_sigbus(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		/*
		 * The handler may be left by a jump, and the signal must not
		 * stay blocked then. To save the mask before each read would
		 * be a system call.
		 */
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	sigaction(SIGBUS, &action, NULL);
}

static int file_read(struct kmemp_media *media, u64 pos, void *dst, size_t len)
{
	struct jump jump;

	if (sigsetjmp(jump.buf, 0)) {
		poison_jump = NULL;
		return -EIO;
	}
	WRITE_ONCE(poison_jump, &jump);
	/* The handler's view: the compiler sees nobody who reads it. */
	barrier();
	memcpy(dst, to_file(media)->base + pos, len);
	barrier();
	WRITE_ONCE(poison_jump, NULL);
	return 0;
}

static void file_store64(struct kmemp_media *media, u64 pos, u64 value)
{
	*(volatile u64 *)(to_file(media)->base + pos) = __cpu_to_le64(value);
}

static void file_write(struct kmemp_media *media, u64 pos, const void *src,
		       size_t len)
{
	memcpy(to_file(media)->base + pos, src, len);
}

static void file_fill(struct kmemp_media *media, u64 pos, u8 byte, size_t len)
{
	memset(to_file(media)->base + pos, byte, len);
}

/*
 * Every x86-64 CPU that has persistent memory has clwb; the others run this on
 * images only, where clflush (SSE2, so always there) serves.
 */
static bool have_clwb;

static void __attribute__((constructor)) find_clwb(void)
{
	unsigned int eax = 7, ebx = 0, ecx = 0, edx;

	__asm__("cpuid" : "+a"(eax), "+b"(ebx), "+c"(ecx), "=d"(edx));
	have_clwb = ebx & (1u << 24);
}

static __attribute__((target("clwb"))) void write_back(void *line)
{
	_mm_clwb(line);
}

static void file_flush(struct kmemp_media *media, u64 pos, size_t len)
{
	unsigned char *line = to_file(media)->base +
			      (pos & ~(u64)(KMEMP_LINE_SIZE - 1));
	unsigned char *end = to_file(media)->base + pos + len;

	for (; line < end; line += KMEMP_LINE_SIZE) {
		if (have_clwb)
			write_back(line);
		else
			_mm_clflush(line);
	}
}

static void file_fence(struct kmemp_media *media)
{
	(void)media;
	_mm_sfence();
}

static const struct kmemp_media_ops file_ops = {
	.read = file_read,
	.store64 = file_store64,
	.write = file_write,
	.write_fresh = file_write,
	.fill = file_fill,
	.flush = file_flush,
	.fence = file_fence,
};

/* A DAX device says its size in sysfs, not in st_size. */
static int dax_size(const struct stat *st, u64 *size)
{
	unsigned long long value;
	char path[64];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/size",
		 major(st->st_rdev), minor(st->st_rdev));
	f = fopen(path, "re");
	if (!f)
		return -ENODEV;
	n = fscanf(f, "%llu", &value);
	fclose(f);
	if (n != 1)
		return -ENODEV;
	*size = value;
	return 0;
}

static int file_map(struct kmemp_media_file *file, u64 size, bool readonly,
		    int flags)
{
	void *base;

	size -= size % KMEMP_PAGE_SIZE;
	if (!size)
		return -ENOSPC;
	base = mmap(NULL, size, PROT_READ | (readonly ? 0 : PROT_WRITE), flags,
		    file->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	file->base = base;
	file->media = (struct kmemp_media){
		.ops = &file_ops,
		.size = size,
		.readonly = readonly,
	};
	catch_sigbus();
	return 0;
}

/**
 * kmemp_media_file_open - map a DAX device or an image
 * @file: filled in
 * @path: /dev/daxX.Y in devdax mode, or a regular file
 * @readonly: no store will be made
 *
 * Return: 0; -ENODEV for any other kind of file; or what open() or mmap() say.
 */
int kmemp_media_file_open(struct kmemp_media_file *file, const char *path,
			  bool readonly)
{
	struct stat st;
	u64 size;
	int ret;

	file->fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st)) {
		ret = -errno;
		goto err_fd;
	}
	if (S_ISREG(st.st_mode)) {
		size = st.st_size;
		ret = 0;
	} else if (S_ISCHR(st.st_mode)) {
		ret = dax_size(&st, &size);
	} else {
		ret = -ENODEV;
	}
	if (!ret)
		ret = file_map(file, size, readonly, MAP_SHARED);
	if (!ret)
		return 0;
err_fd:
	close(file->fd);
	return ret;
}

/**
 * kmemp_media_file_anon - a medium of anonymous memory
 * @file: filled in
 * @size: bytes
 *
 * Return: 0 or a negative errno.
 */
int kmemp_media_file_anon(struct kmemp_media_file *file, u64 size)
{
	file->fd = -1;
	return file_map(file, size, false,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

/**
 * kmemp_media_file_guard - call what may store to a medium that fails
 * @fn: called once
 * @arg: for @fn
 *
 * What @fn had allocated when a store failed stays allocated: the program is
 * to report it and end.
 *
 * Return: what @fn returned, or -EIO where a store met a bad page, or an image
 * could not grow.
 */
int kmemp_media_file_guard(int (*fn)(void *arg), void *arg)
{
	struct jump jump;
	int ret;

	if (sigsetjmp(jump.buf, 0)) {
		guard_jump = NULL;
		return -EIO;
	}
	WRITE_ONCE(guard_jump, &jump);
	barrier();
	ret = fn(arg);
	barrier();
	WRITE_ONCE(guard_jump, NULL);
	return ret;
}

/**
 * kmemp_media_file_close - unmap and close
 * @file: as opened
 */
void kmemp_media_file_close(struct kmemp_media_file *file)
{
	if (file->fd >= 0 && !file->media.readonly)
		msync(file->base, file->media.size, MS_SYNC);
	munmap(file->base, file->media.size);
	if (file->fd >= 0)
		close(file->fd);
}
