// SPDX-License-Identifier: GPL-2.0
/*
 * Writing, discarding and zeroing.
 *
 * A write is cut into pieces of at most KMEMP_DATA_PAGES pages, each of which
 * is atomic. For each: pages are taken from the pool before any lock, filled
 * (with what the bio does not cover from the old page), fenced, and mapped by a
 * batch. What is allocated on the way is small and from DRAM, without I/O; the
 * buffer comes from a mempool.
 */
#include <linux/bvec.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "blk.h"

/* What one batch unmaps: readers and other writers come between two of them. */
#define UNMAP_EXTENTS	256u
#define UNMAP_PAGES	(1u << 16)

/* Pages to compose in, for writers of parts of pages. */
#define NR_BUFFERS	16

static mempool_t *kmemp_buffers;

/**
 * struct source - where bytes come from
 * @bio: NULL: zeros
 * @iter: what is left of it
 * @durable: what becomes of them
 */
struct source {
	struct bio *bio;
	struct bvec_iter iter;
	bool durable;
};

/**
 * struct piece - a part of a write that is atomic
 * @volume: the volume
 * @pos: first byte
 * @end: behind the last byte
 * @first: first page offset
 * @nr: pages
 * @page: their new pages
 * @adds: not all of them were mapped
 * @durable: at return
 */
struct piece {
	struct kmemp_volume *volume;
	u64 pos;
	u64 end;
	u64 first;
	u32 nr;
	u64 page[KMEMP_DATA_PAGES];
	bool adds;
	bool durable;
};

static struct kmemp_pool *pool_of(const struct kmemp_volume *volume)
{
	return kmemp_host_pool(volume->pool->host);
}

/* Copy the next @len bytes to @buffer, or where that is NULL, to the medium. */
static void copy_source(struct kmemp_host *host, struct source *source,
			void *buffer, u64 pos, u32 len)
{
	while (len) {
		u32 part = min_t(u32, len, PAGE_SIZE);
		struct bio_vec bv;
		void *addr;

		if (source->bio) {
			bv = bio_iter_iovec(source->bio, source->iter);
			part = min(len, bv.bv_len);
			addr = bvec_kmap_local(&bv);
		} else {
			addr = kmap_local_page(ZERO_PAGE(0));
		}
		if (buffer) {
			memcpy(buffer, addr, part);
			buffer += part;
		} else {
			kmemp_data_write(host, pos, addr, part);
			pos += part;
		}
		kunmap_local(addr);
		if (source->bio)
			bio_advance_iter_single(source->bio, &source->iter,
						part);
		len -= part;
	}
}

/* The page as it is now, in the range that the caller has locked. */
static int read_old(struct kmemp_volume *volume, u64 offset, void *buffer)
{
	struct kmemp_host *host = volume->pool->host;
	struct kmemp_extent extent;
	int index, ret;

	index = kmemp_data_enter(host);
	ret = kmemp_pool_next_extent(pool_of(volume), volume->object, offset, 1,
				     &extent);
	if (ret == -ENOENT ||
	    (!ret && (extent.offset != offset ||
		      extent.flags & KMEMP_EXTENT_UNWRITTEN))) {
		memset(buffer, 0, PAGE_SIZE);
		ret = 0;
	} else if (!ret) {
		ret = kmemp_data_read(host, extent.page << PAGE_SHIFT, buffer,
				      PAGE_SIZE);
	}
	kmemp_data_exit(host, index);
	return ret;
}

static int fill_page(struct piece *piece, u32 i, struct source *source,
		     void *buffer)
{
	struct kmemp_host *host = piece->volume->pool->host;
	u64 page_pos = (piece->first + i) << PAGE_SHIFT;
	u64 pos = max(piece->pos, page_pos);
	u32 len = min(piece->end, page_pos + PAGE_SIZE) - pos;
	u64 medium_pos = piece->page[i] << PAGE_SHIFT;
	int ret;

	if (len == PAGE_SIZE) {
		copy_source(host, source, NULL, medium_pos, len);
		return 0;
	}
	ret = read_old(piece->volume, piece->first + i, buffer);
	if (ret)
		return ret;
	copy_source(host, source, buffer + (pos - page_pos), 0, len);
	kmemp_data_write(host, medium_pos, buffer, PAGE_SIZE);
	return 0;
}

/* One extent for each run of pages. */
static int map_runs(struct kmemp_batch *batch, const struct piece *piece,
		    u8 flags)
{
	u32 i = 0;

	while (i < piece->nr) {
		struct kmemp_extent extent = {
			.offset = piece->first + i,
			.page = piece->page[i],
			.flags = flags,
		};
		int ret;

		do {
			extent.count++;
			i++;
		} while (i < piece->nr &&
			 piece->page[i] == extent.page + extent.count);
		ret = kmemp_batch_map(batch, piece->volume->object, &extent);
		if (ret)
			return ret;
	}
	return 0;
}

static int commit_map(const struct piece *piece, u8 flags)
{
	struct kmemp_batch *batch;

	batch = kmemp_blk_begin(piece->volume, piece->adds);
	if (!batch)
		return -ENOMEM;
	return kmemp_blk_end(batch, map_runs(batch, piece, flags),
			     piece->durable);
}

/* Of a pool that has failed nobody knows whether they are mapped. */
static void give_up(const struct piece *piece)
{
	if (!READ_ONCE(pool_of(piece->volume)->failed))
		kmemp_data_return(piece->volume->pool->host, piece->page,
				  piece->nr);
}

/* Mapped from one end to the other? A guess, as long as nothing is locked. */
static int mapped_wholly(struct kmemp_volume *volume, u64 first, u32 nr)
{
	u64 offset = first;

	while (offset < first + nr) {
		struct kmemp_extent extent;
		int ret;

		ret = kmemp_pool_next_extent(pool_of(volume), volume->object,
					     offset, first + nr - offset,
					     &extent);
		if (ret == -ENOENT || (!ret && extent.offset != offset))
			return 0;
		if (ret)
			return ret;
		offset += extent.count;
	}
	return 1;
}

static bool page_aligned(u64 pos)
{
	return !(pos & ~PAGE_MASK);
}

static int write_piece(struct kmemp_volume *volume, u64 pos, u64 end,
		       struct source *source)
{
	struct kmemp_host *host = volume->pool->host;
	struct piece piece = {
		.volume = volume,
		.pos = pos,
		.end = end,
		.first = pos >> PAGE_SHIFT,
		.nr = ((end - 1) >> PAGE_SHIFT) - (pos >> PAGE_SHIFT) + 1,
		.durable = source->durable,
	};
	struct page *buffer = NULL;
	struct kmemp_range range;
	int ret;
	u32 i;

	ret = mapped_wholly(volume, piece.first, piece.nr);
	if (ret < 0)
		return ret;
	piece.adds = !ret;
	ret = kmemp_data_take(host, piece.page, piece.nr, piece.adds);
	if (ret)
		return ret;
	if (!page_aligned(pos) || !page_aligned(end))
		buffer = mempool_alloc(kmemp_buffers, GFP_NOIO);

	kmemp_range_lock(volume, &range, piece.first, piece.nr);
	for (i = 0; i < piece.nr && !ret; i++)
		ret = fill_page(&piece, i, source,
				buffer ? page_address(buffer) : NULL);
	/* The data, before what makes the batch valid that maps it. */
	if (!ret)
		ret = kmemp_data_fence(host);
	if (!ret)
		ret = commit_map(&piece, 0);
	if (ret)
		give_up(&piece);
	kmemp_range_unlock(volume, &range);
	if (buffer)
		mempool_free(buffer, kmemp_buffers);
	kmemp_mend_wrote(volume, piece.first, piece.nr);
	return ret;
}

/* To the next multiple of the largest piece, so that pieces align. */
static u64 piece_end(u64 pos, u64 end)
{
	u64 max = (u64)KMEMP_DATA_PAGES << PAGE_SHIFT;

	return min(end, round_down(pos, max) + max);
}

static int write_source(struct kmemp_volume *volume, u64 pos, u64 end,
			struct source *source)
{
	int ret = 0;

	while (pos < end && !ret) {
		u64 next = piece_end(pos, end);

		ret = write_piece(volume, pos, next, source);
		pos = next;
		cond_resched();
	}
	return ret;
}

/**
 * kmemp_blk_write - write a bio's data
 * @volume: the volume
 * @bio: a write with data, within the volume
 *
 * Context: may sleep, under memalloc_noio.
 *
 * Without FUA it is durable after the next kmemp_pool_sync().
 *
 * Return: 0; -ENOSPC: the pool is full; -EIO; -ENOMEM. After an error each
 * sector is as it was or as it was to be.
 */
int kmemp_blk_write(struct kmemp_volume *volume, struct bio *bio)
{
	u64 pos = bio->bi_iter.bi_sector << SECTOR_SHIFT;
	struct source source = {
		.bio = bio,
		.iter = bio->bi_iter,
		.durable = bio->bi_opf & REQ_FUA,
	};

	return write_source(volume, pos, pos + bio->bi_iter.bi_size, &source);
}

/* @*count: what of it was unmapped; 0: nothing is mapped any more. */
static int unmap_step(struct kmemp_volume *volume, u64 *offset, u64 end,
		      u32 max_extents, u32 *count)
{
	struct kmemp_batch *batch;
	struct kmemp_range range;
	int ret;

	ret = kmemp_pool_measure(pool_of(volume), volume->object, offset, end,
				 max_extents, UNMAP_PAGES, count);
	if (ret || !*count)
		return ret;
	batch = kmemp_blk_begin(volume, false);
	if (!batch)
		return -ENOMEM;
	kmemp_range_lock(volume, &range, *offset, *count);
	ret = kmemp_batch_unmap(batch, volume->object, *offset, *count);
	ret = kmemp_blk_end(batch, ret, false);
	kmemp_range_unlock(volume, &range);
	return ret;
}

static int unmap_pages(struct kmemp_volume *volume, u64 offset, u64 end)
{
	u32 max_extents = UNMAP_EXTENTS, count = 1;

	while (offset < end && count) {
		int ret = unmap_step(volume, &offset, end, max_extents,
				     &count);

		if (ret == -E2BIG && max_extents > 1) {
			/* Others have written there since it was measured. */
			max_extents /= 2;
			continue;
		}
		if (ret)
			return ret;
		offset += count;
		cond_resched();
	}
	return 0;
}

/**
 * kmemp_blk_discard - give back the pages of a range
 * @volume: the volume
 * @pos: first byte
 * @len: bytes
 *
 * Parts of pages at both ends stay as they are.
 *
 * Return: 0 or a negative errno.
 */
int kmemp_blk_discard(struct kmemp_volume *volume, u64 pos, u64 len)
{
	return unmap_pages(volume, DIV_ROUND_UP(pos, PAGE_SIZE),
			   (pos + len) >> PAGE_SHIFT);
}

/* Zeros into a part of a page; needless where it is a hole and may be one. */
static int zero_part(struct kmemp_volume *volume, u64 pos, u64 end, bool unmap)
{
	struct source zeros = {};
	int ret;

	if (pos == end)
		return 0;
	if (unmap) {
		ret = mapped_wholly(volume, pos >> PAGE_SHIFT, 1);
		if (ret <= 0)
			return ret;
	}
	return write_piece(volume, pos, end, &zeros);
}

/*
 * Pages that are allocated and read as zeros: mapped as unwritten. Pages that
 * are there already lose what they held in the same way.
 */
static int map_zeros(struct kmemp_volume *volume, u64 first, u32 nr)
{
	struct kmemp_host *host = volume->pool->host;
	struct piece piece = { .volume = volume, .first = first, .nr = nr };
	struct kmemp_range range;
	int ret;

	ret = mapped_wholly(volume, first, nr);
	if (ret < 0)
		return ret;
	piece.adds = !ret;
	ret = kmemp_data_take(host, piece.page, nr, piece.adds);
	if (ret)
		return ret;
	kmemp_range_lock(volume, &range, first, nr);
	ret = commit_map(&piece, KMEMP_EXTENT_UNWRITTEN);
	if (ret)
		give_up(&piece);
	kmemp_range_unlock(volume, &range);
	return ret;
}

/**
 * kmemp_blk_zero - make a range read as zeros
 * @volume: the volume
 * @pos: first byte
 * @len: bytes
 * @unmap: whether its pages may be given back; otherwise all of it is
 *	allocated afterwards
 *
 * Return: 0; -ENOSPC; -EIO; -ENOMEM.
 */
int kmemp_blk_zero(struct kmemp_volume *volume, u64 pos, u64 len, bool unmap)
{
	u64 end = pos + len;
	u64 first = round_up(pos, PAGE_SIZE);
	u64 behind = round_down(end, PAGE_SIZE);
	int ret;

	if (first > behind)
		return zero_part(volume, pos, end, unmap);
	ret = zero_part(volume, pos, first, unmap);
	if (!ret)
		ret = zero_part(volume, behind, end, unmap);
	if (ret)
		return ret;
	if (unmap)
		return unmap_pages(volume, first >> PAGE_SHIFT,
				   behind >> PAGE_SHIFT);
	while (first < behind && !ret) {
		u64 next = piece_end(first, behind);

		ret = map_zeros(volume, first >> PAGE_SHIFT,
				(next - first) >> PAGE_SHIFT);
		first = next;
		cond_resched();
	}
	return ret;
}

/**
 * kmemp_blk_copy_page - copy a page of a volume
 * @volume: the volume
 * @offset: page offset, in a range that the caller has locked
 * @pos: where to, in bytes from the start of the device
 *
 * Context: may sleep, does no I/O.
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_blk_copy_page(struct kmemp_volume *volume, u64 offset, u64 pos)
{
	struct page *buffer = mempool_alloc(kmemp_buffers, GFP_NOIO);
	int ret;

	ret = read_old(volume, offset, page_address(buffer));
	if (!ret)
		kmemp_data_write(volume->pool->host, pos, page_address(buffer),
				 PAGE_SIZE);
	mempool_free(buffer, kmemp_buffers);
	return ret;
}

/**
 * kmemp_write_init - have buffers
 *
 * Return: 0 or -ENOMEM.
 */
int __init kmemp_write_init(void)
{
	kmemp_buffers = mempool_create_page_pool(NR_BUFFERS, 0);
	return kmemp_buffers ? 0 : -ENOMEM;
}

/**
 * kmemp_write_exit - free them
 */
void kmemp_write_exit(void)
{
	mempool_destroy(kmemp_buffers);
}
