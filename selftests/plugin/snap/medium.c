// SPDX-License-Identifier: GPL-2.0
/*
 * A snapshot on the medium: written by a commit, read by an open.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "snap.h"

#define HEAD	((u32)sizeof(struct snap_disk_page))

/* Of the snapshot of a state. */
u64 snap_bytes(const struct snap_state *state)
{
	u64 bytes = (u64)state->nr_extents * sizeof(struct snap_disk_extent);
	u32 i;

	for (i = 0; i < state->nr_records; i++)
		bytes += snap_record_bytes(&state->record[i]->is);
	return bytes;
}

/* Have memory for so many pairs. */
int snap_pair_room(struct snap *snap, u32 nr)
{
	struct snap_pair *pair;

	if (nr <= snap->pair_room)
		return 0;
	pair = kvmalloc_array(2 * nr, sizeof(*pair), GFP_NOIO);
	if (!pair)
		return -ENOMEM;
	if (snap->nr_pairs)
		memcpy(pair, snap->pair, snap->nr_pairs * sizeof(*pair));
	kvfree(snap->pair);
	snap->pair = pair;
	snap->pair_room = 2 * nr;
	return 0;
}

static u64 page_pos(const struct snap *snap, u32 index)
{
	return snap->pair[index].page[snap->place] << KMEMP_PAGE_SHIFT;
}

static u32 page_seal(const struct snap *snap, u32 index, u32 bytes)
{
	return kmemp_seal(snap->pool, snap->slot.epoch, snap->slot.sequence,
			  page_pos(snap, index), snap->page + sizeof(__le32),
			  bytes - sizeof(__le32));
}

/* Bytes of the snapshot that its page @index holds. */
static u32 payload_of(const struct snap *snap, u32 index)
{
	return min_t(u64, snap->bytes - (u64)index * SNAP_PAYLOAD,
		     SNAP_PAYLOAD);
}

/* ----------------------------------------------------------------- write */

static void write_page(struct snap *snap, u32 index)
{
	struct kmemp_media *media = kmemp_pool_media(snap->pool);
	struct snap_disk_page *head = (void *)snap->page;
	u32 bytes = HEAD + payload_of(snap, index), i;
	u64 pos = page_pos(snap, index);

	head->reserved = 0;
	for (i = 0; i < 2; i++)
		head->next[i] = index + 1 == snap->nr_pairs ? 0 :
			cpu_to_le64(snap->pair[index + 1].page[i]);
	head->seal = cpu_to_le32(page_seal(snap, index, bytes));
	kmemp_media_write_fresh(media, pos, snap->page, bytes);
	kmemp_media_flush(media, pos, bytes);
}

/* @at: bytes of the snapshot before these. */
static void append(struct snap *snap, u64 *at, const void *from, u32 len)
{
	const u8 *data = from;

	while (len) {
		u32 offset = *at % SNAP_PAYLOAD;
		u32 part = min(len, SNAP_PAYLOAD - offset);

		memcpy(snap->page + HEAD + offset, data, part);
		data += part;
		len -= part;
		*at += part;
		if (*at % SNAP_PAYLOAD == 0 || *at == snap->bytes)
			write_page(snap, (*at - 1) / SNAP_PAYLOAD);
	}
}

static void append_extent(struct snap *snap, u64 *at,
			  const struct snap_extent *extent)
{
	struct snap_disk_extent disk = {
		.object = cpu_to_le64(extent->object),
		.offset = cpu_to_le64(extent->at.offset),
		.page = cpu_to_le64(extent->at.page),
		.count = cpu_to_le32(extent->at.count),
		.flags = extent->at.flags,
		.tag = extent->at.tag,
	};

	append(snap, at, &disk, sizeof(disk));
}

static void append_record(struct snap *snap, u64 *at,
			  const struct snap_record *record)
{
	const struct kmemp_record *is = &record->is;
	u32 len = (u32)is->name_len + is->value_len;
	static const u8 zeros[8];
	struct snap_disk_record disk = {
		.object = cpu_to_le64(record->object),
		.hash = cpu_to_le64(is->hash),
		.kind = is->kind,
		.name_len = is->name_len,
		.value_len = cpu_to_le16(is->value_len),
	};

	append(snap, at, &disk, sizeof(disk));
	append(snap, at, record->data, len);
	append(snap, at, zeros, ALIGN(len, 8u) - len);
}

static void write_root(struct snap *snap)
{
	struct snap_disk_root *root = (void *)snap->slot.payload;
	u32 i;

	memset(root, 0, sizeof(*root));
	for (i = 0; i < 2 && snap->nr_pairs; i++)
		root->pair[i] = cpu_to_le64(snap->pair[0].page[i]);
	root->bytes = cpu_to_le64(snap->bytes);
	root->nr_extents = cpu_to_le32(snap->next.nr_extents);
	root->nr_records = cpu_to_le32(snap->next.nr_records);
	root->place = cpu_to_le32(snap->place);
	kmemp_root_write(snap->pool, &snap->slot);
}

/*
 * The next state, whose bytes and pairs are set, to the places that the
 * snapshot is not in. Durable at return.
 */
void snap_write(struct snap *snap, u64 epoch, u64 sequence)
{
	const struct snap_state *state = &snap->next;
	u64 at = 0;
	u32 i;

	snap->place = !snap->place;
	snap->slot.epoch = epoch;
	snap->slot.sequence = sequence;
	for (i = 0; i < state->nr_extents; i++)
		append_extent(snap, &at, &state->extent[i]);
	for (i = 0; i < state->nr_records; i++)
		append_record(snap, &at, state->record[i]);
	write_root(snap);
	/*
	 * The pages of this snapshot and its root, in both superblock pages,
	 * are durable before the next commit stores over the snapshot before
	 * this one and over its root.
	 */
	kmemp_media_fence(kmemp_pool_media(snap->pool));
}

/* ------------------------------------------------------------------ read */

static int damaged(const struct snap *snap, const char *what, u64 found)
{
	return kmemp_complain(snap->pool, KMEMP_REFUSE_STRUCTURE,
			      "snapshot %llu: %s: found %#llx",
			      snap->slot.sequence, what, found);
}

static bool pair_valid(const struct snap *snap, const struct snap_pair *pair)
{
	u64 last = kmemp_pool_pages(snap->pool) - 1;

	return pair->page[0] && pair->page[0] < last && pair->page[1] &&
	       pair->page[1] < last && pair->page[0] != pair->page[1];
}

/*
 * Page @index of the snapshot, to @snap->page; @len: bytes that it holds.
 * -EBADMSG: it is not as the commit of the root slot wrote it.
 */
int snap_read_page(struct snap *snap, u32 index, u32 *len)
{
	const struct snap_disk_page *head = (const void *)snap->page;
	u64 pos = page_pos(snap, index);

	*len = payload_of(snap, index);
	if (kmemp_media_read(kmemp_pool_media(snap->pool), pos, snap->page,
			     HEAD + *len))
		return kmemp_complain(snap->pool, KMEMP_REFUSE_READ,
				      "page %llu of a snapshot",
				      pos >> KMEMP_PAGE_SHIFT);
	if (le32_to_cpu(head->seal) != page_seal(snap, index, HEAD + *len))
		return -EBADMSG;
	return head->reserved ? damaged(snap, "reserved bytes of a page",
					le32_to_cpu(head->reserved)) : 0;
}

/* All pages of the snapshot, to @image; the pairs become known. */
static int read_pages(struct snap *snap, u32 nr, u8 *image)
{
	const struct snap_disk_page *head = (const void *)snap->page;
	u32 i, k, len;
	int ret;

	for (i = 0; i < nr; i++) {
		if (!pair_valid(snap, &snap->pair[i]))
			return damaged(snap, "pair", snap->pair[i].page[0]);
		snap->nr_pairs = i + 1;
		ret = snap_read_page(snap, i, &len);
		if (ret)
			return ret;
		memcpy(image + (u64)i * SNAP_PAYLOAD, snap->page + HEAD, len);
		for (k = 0; k < 2; k++) {
			u64 next = le64_to_cpu(head->next[k]);

			if (i + 1 < nr)
				snap->pair[i + 1].page[k] = next;
			else if (next)
				return damaged(snap, "pair behind the last",
					       next);
		}
	}
	return 0;
}

static int read_extent(struct snap *snap, const struct snap_disk_extent *disk)
{
	struct snap_state *now = &snap->now;
	struct snap_extent *extent = &now->extent[now->nr_extents];
	const struct snap_extent *before = now->nr_extents ? extent - 1 : NULL;

	extent->object = le64_to_cpu(disk->object);
	extent->at = (struct kmemp_extent){
		.offset = le64_to_cpu(disk->offset),
		.page = le64_to_cpu(disk->page),
		.count = le32_to_cpu(disk->count),
		.flags = disk->flags,
		.tag = disk->tag,
	};
	if (disk->reserved || !extent->object || !extent->at.count ||
	    extent->at.offset >= KMEMP_MAX_OBJECT_PAGES ||
	    extent->at.page >= kmemp_pool_pages(snap->pool) ||
	    (before &&
	     (before->object > extent->object ||
	      (before->object == extent->object &&
	       before->at.offset + before->at.count > extent->at.offset))))
		return damaged(snap, "extent", extent->object);
	now->nr_extents++;
	return 0;
}

/* Returns the bytes that it takes, or an error. */
static int read_record(struct snap *snap, const u8 *from, u64 left)
{
	const struct snap_disk_record *disk = (const void *)from;
	struct snap_state *now = &snap->now;
	struct snap_record *record;
	struct kmemp_record is;

	if (left < sizeof(*disk))
		return damaged(snap, "bytes behind the last record", left);
	is = (struct kmemp_record){
		.hash = le64_to_cpu(disk->hash),
		.kind = disk->kind,
		.name_len = disk->name_len,
		.value_len = le16_to_cpu(disk->value_len),
		.name = from + sizeof(*disk),
		.value = from + sizeof(*disk) + disk->name_len,
	};
	if (disk->reserved || !disk->object || is.value_len > KMEMP_MAX_VALUE ||
	    left < snap_record_bytes(&is) ||
	    snap_find_record(now, le64_to_cpu(disk->object), &is) <
	    now->nr_records)
		return damaged(snap, "record", le64_to_cpu(disk->object));
	record = snap_record_new(snap, le64_to_cpu(disk->object), &is);
	if (!record)
		return -ENOMEM;
	list_del(&record->list);
	INIT_LIST_HEAD(&record->list);
	now->record[now->nr_records++] = record;
	return snap_record_bytes(&is);
}

static int read_items(struct snap *snap, const u8 *image, u32 extents,
		      u32 records)
{
	u64 at = 0;
	int ret;

	for (; snap->now.nr_extents < extents; at += SNAP_EXTENT_BYTES) {
		ret = read_extent(snap, (const void *)(image + at));
		if (ret)
			return ret;
	}
	for (; snap->now.nr_records < records; at += ret) {
		ret = read_record(snap, image + at, snap->bytes - at);
		if (ret < 0)
			return ret;
	}
	return at == snap->bytes ? 0 : damaged(snap, "length", snap->bytes);
}

static void forget(struct snap *snap)
{
	struct snap_state *now = &snap->now;

	while (now->nr_records)
		kfree(now->record[--now->nr_records]);
	now->nr_extents = 0;
	snap->nr_pairs = 0;
}

/* What the root slot names. -EBADMSG: it is not all there. */
static int read_snapshot(struct snap *snap)
{
	const struct snap_disk_root *root = (const void *)snap->slot.payload;
	u32 extents = le32_to_cpu(root->nr_extents);
	u32 records = le32_to_cpu(root->nr_records);
	u64 pages = kmemp_pool_pages(snap->pool), nr;
	u8 *image;
	int ret;
	u32 i;

	forget(snap);
	snap->bytes = le64_to_cpu(root->bytes);
	snap->place = le32_to_cpu(root->place);
	nr = DIV_ROUND_UP(snap->bytes, SNAP_PAYLOAD);
	if (snap->slot.epoch > kmemp_pool_epoch(snap->pool) ||
	    snap->place > 1 || snap->bytes > SNAP_MOST_BYTES ||
	    snap->bytes > pages / 2 * SNAP_PAYLOAD ||
	    (u64)extents * SNAP_EXTENT_BYTES +
	    (u64)records * SNAP_RECORD_BYTES > snap->bytes ||
	    memchr_inv(root->reserved, 0, sizeof(root->reserved)))
		return damaged(snap, "root slot", snap->bytes);
	if (!nr)
		return root->pair[0] || root->pair[1] ?
			damaged(snap, "pair", le64_to_cpu(root->pair[0])) : 0;
	image = kvmalloc(snap->bytes, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	ret = snap_pair_room(snap, nr);
	if (!ret)
		ret = snap_state_room(&snap->now, extents, records);
	for (i = 0; i < 2 && !ret; i++)
		snap->pair[0].page[i] = le64_to_cpu(root->pair[i]);
	if (!ret)
		ret = read_pages(snap, nr, image);
	if (!ret)
		ret = read_items(snap, image, extents, records);
	kvfree(image);
	return ret;
}

/* --------------------------------------------------------------- recover */

static int choose(struct snap *snap)
{
	u64 confirmed = kmemp_pool_confirmed(snap->pool), newest;
	int ret;

	ret = kmemp_root_read(snap->pool, &snap->slot);
	if (ret)
		return ret;
	newest = snap->slot.sequence;
	ret = read_snapshot(snap);
	if (ret != -EBADMSG)
		return ret;
	/* It may be torn, unless it was promised. */
	if (newest <= confirmed)
		return damaged(snap, "seal, though confirmed", confirmed);
	ret = kmemp_root_read_before(snap->pool, &snap->slot);
	if (ret)
		return ret;
	if (snap->slot.sequence != newest - 1)
		return damaged(snap, "newest root", newest);
	snap->dropped = true;
	ret = read_snapshot(snap);
	return ret == -EBADMSG ? damaged(snap, "seal", newest) : ret;
}

/* What open does with the medium; a pool that was closed is left as it is. */
int snap_recover(struct snap *snap)
{
	u32 i;
	int ret;

	ret = choose(snap);
	if (ret || kmemp_pool_readonly(snap->pool) ||
	    (snap->slot.sequence == kmemp_pool_confirmed(snap->pool) &&
	     !snap->dropped && snap->slot.mirrored))
		return ret;
	for (i = 0; i < snap->nr_pairs; i++)
		kmemp_media_flush(kmemp_pool_media(snap->pool),
				  page_pos(snap, i),
				  HEAD + payload_of(snap, i));
	/*
	 * The snapshot, which may have been read from the cache alone, is
	 * durable before the root slot beside its own goes, and before it is
	 * confirmed.
	 */
	kmemp_media_fence(kmemp_pool_media(snap->pool));
	return kmemp_root_mend(snap->pool, &snap->slot, snap->dropped);
}
