// SPDX-License-Identifier: GPL-2.0
/*
 * Readable dump of a ring.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>

#include <kmem_persist/ring.h>

/**
 * kmemp_ring_describe - say which entries are to be redone
 * @ring: as opened and replayed
 * @findings: where to write
 *
 * Return: 0, -EIO or -EUCLEAN.
 */
int kmemp_ring_describe(const struct kmemp_ring *ring,
			const struct kmemp_findings *findings)
{
	struct kmemp_media *media = kmemp_pool_media(ring->pool);
	struct kmemp_disk_entry entry;
	u32 length, done = 0;
	int ret;

	kmemp_say(findings, "ring: page %llu, tail %u, %u bytes to redo",
		  ring->start >> KMEMP_PAGE_SHIFT, ring->tail, ring->used);
	while (done < ring->used) {
		u32 offset = (ring->tail + done) % KMEMP_RING_BYTES;

		ret = kmemp_media_read(media, ring->start + offset, &entry,
				       sizeof(entry));
		if (ret)
			return ret;
		length = le32_to_cpu(entry.length);
		/* It was valid once; what it has become may not lead astray. */
		if (!length || length % KMEMP_LINE_SIZE ||
		    length > ring->used - done)
			return kmemp_complain(ring->pool,
					      KMEMP_REFUSE_STRUCTURE,
					      "ring entry at offset %u: %u bytes",
					      offset, length);
		kmemp_say(findings,
			  "ring entry: offset %u, batch %llu, epoch %llu, %u bytes",
			  offset, le64_to_cpu(entry.sequence),
			  le64_to_cpu(entry.epoch), length);
		done += length;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_ring_describe);
