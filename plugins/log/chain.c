// SPDX-License-Identifier: GPL-2.0
/*
 * The chain of log pages, and reading along it.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "log.h"

/**
 * kmemp_log_damaged - say that the medium holds nonsense
 * @log: the log
 * @what: what does
 * @page: page index
 * @offset: in the page
 * @found: a number that says more
 *
 * During a check it is a finding.
 *
 * Return: -EUCLEAN.
 */
int kmemp_log_damaged(const struct kmemp_log *log, const char *what, u64 page,
		      u32 offset, u64 found)
{
	return kmemp_damaged(log->pool, log->findings, 0, what,
			     (page << KMEMP_PAGE_SHIFT) + offset, found);
}

/**
 * kmemp_log_page_valid - can a page be one of the log?
 * @log: the log
 * @page: page index
 *
 * Return: true if it lies in the pool and is no superblock page.
 */
bool kmemp_log_page_valid(const struct kmemp_log *log, u64 page)
{
	return page && page < kmemp_pool_pages(log->pool) - 1;
}

/**
 * kmemp_log_after - where an entry begins that follows another one
 * @pos: log position behind that
 *
 * Return: log position, behind the header of its page.
 */
u64 kmemp_log_after(u64 pos)
{
	return pos % KMEMP_PAGE_SIZE ? pos :
				       pos + sizeof(struct kmemp_log_page);
}

/**
 * kmemp_log_chain_read - read the header of a log page
 * @log: the log
 * @number: of the log page
 * @page: its page index
 * @chain: filled in
 *
 * Return: 1 if it is one; 0 if it is not, with @chain->next and second 0;
 * -EIO.
 */
int kmemp_log_chain_read(const struct kmemp_log *log, u64 number, u64 page,
			 struct kmemp_log_chain *chain)
{
	u64 pos = page << KMEMP_PAGE_SHIFT;
	struct kmemp_log_page disk;
	int ret;

	*chain = (struct kmemp_log_chain){ .number = number, .page = page };
	ret = kmemp_media_read(kmemp_pool_media(log->pool), pos, &disk,
			       sizeof(disk));
	if (ret)
		return ret;
	if (le64_to_cpu(disk.number) != number ||
	    le32_to_cpu(disk.seal) != kmemp_seal(log->pool, 0, number, pos,
						 &disk,
						 offsetof(typeof(disk), seal)) ||
	    memchr_inv(disk.reserved, 0, sizeof(disk.reserved)) ||
	    !kmemp_log_page_valid(log, le64_to_cpu(disk.next)) ||
	    !kmemp_log_page_valid(log, le64_to_cpu(disk.second)))
		return 0;
	chain->next = le64_to_cpu(disk.next);
	chain->second = le64_to_cpu(disk.second);
	return 1;
}

/**
 * kmemp_log_chain_next - go to the next log page
 * @log: the log
 * @chain: a log page, replaced
 *
 * Return: 1; 0 where the header of the next one is not right; -EIO.
 */
int kmemp_log_chain_next(const struct kmemp_log *log,
			 struct kmemp_log_chain *chain)
{
	u64 second = chain->second;
	int ret;

	if (!chain->next)
		return 0;
	ret = kmemp_log_chain_read(log, chain->number + 1, chain->next, chain);
	return ret > 0 && second && chain->next != second ? 0 : ret;
}

/**
 * kmemp_log_page_of - where a log page is
 * @log: the log
 * @number: of the log page
 *
 * Return: page index, 0 if it is not in the chain.
 */
u64 kmemp_log_page_of(const struct kmemp_log *log, u64 number)
{
	const struct kmemp_log_item key = { .word = { number } };
	const struct kmemp_log_item *item;
	struct kmemp_log_path path;

	item = kmemp_log_tree_from(&log->pages, &key, &path);
	return item && item->word[0] == number ? item->word[3] : 0;
}

/**
 * kmemp_log_page_add - a log page is linked
 * @log: the log, with nodes for it
 * @number: of the log page
 * @page: page index
 *
 * Return: 0 or -EUCLEAN.
 */
int kmemp_log_page_add(struct kmemp_log *log, u64 number, u64 page)
{
	const struct kmemp_log_item item = { .word = { number, 0, 0, page } };

	return kmemp_log_tree_insert(&log->pages, &log->nodes, &item);
}

/* Payload bytes from @pos to the end of its page; moves it over the header. */
static u32 piece(u64 *pos, size_t len)
{
	*pos = *pos % KMEMP_PAGE_SIZE < sizeof(struct kmemp_log_page) ?
	       ALIGN_DOWN(*pos, (u64)KMEMP_PAGE_SIZE) +
	       sizeof(struct kmemp_log_page) : *pos;
	return min_t(u64, len, KMEMP_PAGE_SIZE - *pos % KMEMP_PAGE_SIZE);
}

/**
 * kmemp_log_skip - a log position further on
 * @pos: log position
 * @len: bytes; page headers in between do not count
 *
 * Return: log position.
 */
u64 kmemp_log_skip(u64 pos, size_t len)
{
	while (len) {
		u32 part = piece(&pos, len);

		pos += part;
		len -= part;
	}
	return kmemp_log_after(pos);
}

/**
 * kmemp_log_read - read along the chain
 * @log: the log
 * @pos: log position
 * @dst: where to
 * @len: bytes; page headers in between are left out
 *
 * Nothing of @log is changed: lookups may call it.
 *
 * Return: 0; -EIO; -EUCLEAN where the chain ends before.
 */
int kmemp_log_read(const struct kmemp_log *log, u64 pos, void *dst, size_t len)
{
	while (len) {
		u32 part = piece(&pos, len);
		u64 page = kmemp_log_page_of(log, pos >> KMEMP_PAGE_SHIFT);
		int ret;

		if (!page)
			return kmemp_log_damaged(log, "log position", 0, 0, pos);
		ret = kmemp_media_read(kmemp_pool_media(log->pool),
				       (page << KMEMP_PAGE_SHIFT) +
				       pos % KMEMP_PAGE_SIZE, dst, part);
		if (ret)
			return ret;
		dst = (u8 *)dst + part;
		pos += part;
		len -= part;
	}
	return 0;
}

/**
 * kmemp_log_load - have a log page at hand
 * @log: the log
 * @number: of the log page
 * @page: its page index
 *
 * Return: 0 or -EIO.
 */
int kmemp_log_load(struct kmemp_log *log, u64 number, u64 page)
{
	struct kmemp_log_window *window = &log->read;
	int ret;

	if (window->number == number)
		return 0;
	window->number = 0;
	ret = kmemp_media_read(kmemp_pool_media(log->pool),
			       page << KMEMP_PAGE_SHIFT, window->bytes,
			       KMEMP_PAGE_SIZE);
	if (ret)
		return ret;
	window->number = number;
	window->from = 0;
	window->to = KMEMP_PAGE_SIZE;
	return 0;
}

static bool shows(const struct kmemp_log_window *window, u64 pos, u32 len)
{
	u32 offset = pos % KMEMP_PAGE_SIZE;

	return window->number == pos >> KMEMP_PAGE_SHIFT &&
	       window->from <= offset && offset + len <= window->to;
}

/* Where the bytes of a log position are in DRAM; NULL: *@err. */
static const u8 *at_hand(struct kmemp_log *log, u64 pos, u32 len, int *err)
{
	u32 offset = pos % KMEMP_PAGE_SIZE;
	u64 number = pos >> KMEMP_PAGE_SHIFT, page;

	if (shows(&log->wrote, pos, len))
		return log->wrote.bytes + offset;
	if (!shows(&log->read, pos, len)) {
		page = kmemp_log_page_of(log, number);
		*err = page ? kmemp_log_load(log, number, page) :
		       kmemp_log_damaged(log, "log page", 0, 0, number);
		if (*err)
			return NULL;
	}
	return log->read.bytes + offset;
}

/**
 * kmemp_log_get - read what comes next in an entry
 * @log: the log
 * @cursor: moved behind it
 * @dst: where to
 * @len: bytes
 *
 * A page at a time. Whoever stores into log pages empties @log->read.
 *
 * Return: 0; -EIO; -EUCLEAN where the entry or the chain ends before.
 */
int kmemp_log_get(struct kmemp_log *log, struct kmemp_log_cursor *cursor,
		  void *dst, size_t len)
{
	u32 offset = cursor->pos % KMEMP_PAGE_SIZE;
	const struct kmemp_log_window *window;

	/* Most of it lies in one page that is there. */
	window = log->wrote.number == cursor->pos >> KMEMP_PAGE_SHIFT ?
		 &log->wrote : &log->read;
	if (offset >= sizeof(struct kmemp_log_page) &&
	    cursor->pos + len <= cursor->end &&
	    shows(window, cursor->pos, len)) {
		memcpy(dst, window->bytes + offset, len);
		cursor->pos += len;
		return 0;
	}
	while (len) {
		u32 part = piece(&cursor->pos, len);
		const u8 *bytes;
		int ret = 0;

		if (cursor->pos + part > cursor->end)
			return kmemp_log_damaged(log, "end of an entry", 0, 0,
						 cursor->pos);
		bytes = at_hand(log, cursor->pos, part, &ret);
		if (!bytes)
			return ret;
		memcpy(dst, bytes, part);
		dst = (u8 *)dst + part;
		cursor->pos += part;
		len -= part;
	}
	return 0;
}
