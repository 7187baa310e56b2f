// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device holds, before it is bound: a pool, nothing, or what refuses it;
 * and making it a pool.
 */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>

#include <kmem_persist/host.h>

#include "binding.h"
#include "dax_layout.h"
#include "kmem.h"

/* A superblock in one of the two places of a device in several ranges? */
static int page_has_magic(phys_addr_t start, bool *magic)
{
	__le64 word;
	void *addr;
	int ret = 0;

	addr = memremap(start, PAGE_SIZE, MEMREMAP_WB);
	if (!addr)
		return -ENOMEM;
	if (copy_mc_to_kernel(&word, addr, sizeof(word)))
		ret = -EIO;
	else
		*magic = le64_to_cpu(word) == KMEMP_MAGIC ||
			 le64_to_cpu(word) == KMEMP_POINTER_MAGIC;
	memunmap(addr);
	return ret;
}

/**
 * kmem_look_ranges() - is a device of more than one range nothing but plain?
 * @dev_dax: the device
 * @forced: it is to be formatted, which it cannot be
 * @verdict: as kmem_device_describe() left it; filled in where it is refused
 *
 * Return: KMEM_PLAIN or KMEM_REFUSED.
 */
enum kmem_found kmem_look_ranges(struct dev_dax *dev_dax, bool forced,
				 struct kmemp_verdict *verdict)
{
	const struct range *first = &dev_dax->ranges[0].range;
	const struct range *last = &dev_dax->ranges[dev_dax->nr_range - 1].range;
	bool at_first = false, at_last = false;
	struct device *dev = &dev_dax->dev;

	/* Memory of it that is still there from an earlier bind: stock's. */
	if (page_has_magic(first->start, &at_first) ||
	    page_has_magic(last->end + 1 - PAGE_SIZE, &at_last)) {
		verdict->code = KMEMP_REFUSE_NOTHING;
		kmemp_refuse(verdict, KMEMP_REFUSE_UNREADABLE,
			     "a device of %d ranges", dev_dax->nr_range);
		return KMEM_REFUSED;
	}
	if (at_first || at_last || forced)
		return KMEM_REFUSED;
	if (kmem_params_format_wanted())
		dev_info(dev, "not formatted: %s\n",
			 kmemp_refusal_info(verdict->code)->what);
	return KMEM_PLAIN;
}

static int ends_empty(struct kmemp_media *media, struct kmemp_verdict *verdict)
{
	u64 probe = min_t(u64, KMEMP_PROBE_BYTES, media->size);
	u64 at[2] = { 0, media->size - probe };
	void *buf;
	u64 pos;
	int i, ret = 0;

	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY, "%s", "");
	for (i = 0; i < 2 && !ret; i++) {
		for (pos = at[i]; pos < at[i] + probe && !ret;
		     pos += PAGE_SIZE) {
			if (kmemp_media_read(media, pos, buf, PAGE_SIZE))
				ret = kmemp_refuse(verdict, KMEMP_REFUSE_READ,
						   "at byte %llu", pos);
			else if (memchr_inv(buf, 0, PAGE_SIZE))
				ret = kmemp_refuse(verdict,
						   KMEMP_REFUSE_NOT_EMPTY,
						   "at byte %llu", pos);
		}
	}
	kfree(buf);
	return ret;
}

/**
 * kmem_look_format() - make a device a pool
 * @b: of the device, whose medium is mapped
 * @type: number of a format that is there
 * @verdict: filled in where it is refused
 *
 * Return: 0 or a negative errno.
 */
int kmem_look_format(struct binding *b, u32 type, struct kmemp_verdict *verdict)
{
	struct kmemp_media *media = kmemp_media_of(b->medium);
	struct kmemp_format_params params = {
		.type = type,
		.data_min = KMEMP_DATA_MIN_DEFAULT,
	};
	int ret;

	generate_random_uuid(params.uuid);
	get_random_bytes(params.seal_key, sizeof(params.seal_key));
	get_random_bytes(params.hash_key, sizeof(params.hash_key));
	ret = kmemp_pool_format(media, &params, verdict);
	if (!ret)
		dev_info(&b->dev_dax->dev, "formatted as a pool of type %u, uuid %pU\n",
			 type, params.uuid);
	memzero_explicit(&params, sizeof(params));
	return ret;
}

/*
 * A device without a pool while persist_format_type is set: KMEM_POOL when it
 * may be formatted. What cannot be a pool stays plain with a line that says
 * why; what was named to be formatted is refused instead.
 */
static enum kmem_found may_format(struct binding *b, bool forced,
				  struct kmemp_verdict *verdict)
{
	struct device *dev = &b->dev_dax->dev;

	if (!forced && b->device.domain == KMEMP_DOMAIN_VOLATILE) {
		dev_info(dev, "not formatted: persist_format_type is for persistent devices; to make a pool of volatile memory: kmemp format %s --type TYPE\n",
			 dev_name(dev));
		return KMEM_PLAIN;
	}
	if (!forced && b->device.domain == KMEMP_DOMAIN_NONE)
		kmemp_refuse(verdict, KMEMP_REFUSE_NO_DOMAIN, "%s", "");
	else
		kmem_device_check(b->dev_dax, &b->device, verdict);
	if (verdict->code == KMEMP_REFUSE_NOTHING)
		return KMEM_POOL;
	/* A pool's node takes no plain device either. */
	if (forced || verdict->code == KMEMP_REFUSE_NODE_TAKEN)
		return KMEM_REFUSED;
	dev_info(dev, "not formatted: %s\n",
		 kmemp_refusal_info(verdict->code)->what);
	return KMEM_PLAIN;
}

/**
 * kmem_look() - is there a pool, or shall there be one?
 * @b: of the device, whose medium is mapped
 * @forced: it is to be formatted whatever it holds
 * @rescue: it is to be bound read-only
 * @super: filled in with what is there
 * @format: make one
 * @verdict: filled in where it is refused
 *
 * Reads only. Context: may sleep.
 *
 * Return: see enum kmem_found.
 */
enum kmem_found kmem_look(struct binding *b, bool forced, bool rescue,
			  struct kmemp_super *super, bool *format,
			  struct kmemp_verdict *verdict)
{
	struct kmemp_media *media = kmemp_media_of(b->medium);
	bool wanted = kmem_params_format_wanted();
	enum kmem_found found = KMEM_POOL;

	*format = false;
	switch (kmemp_super_read(media, super, verdict)) {
	case KMEMP_CONTENT_PLAIN:
		/* Whoever wants it rescued does not want it to be RAM. */
		if (rescue) {
			kmemp_refuse(verdict, KMEMP_REFUSE_BAD_SUPER,
				     "no superblock, nothing to rescue");
			return KMEM_REFUSED;
		}
		if (!wanted)
			return KMEM_PLAIN;
		*format = true;
		break;
	case KMEMP_CONTENT_POOL:
		*format = forced;
		break;
	case KMEMP_CONTENT_REFUSED:
		if (!forced)
			return KMEM_REFUSED;
		*format = true;
		break;
	}
	if (*format) {
		memset(verdict, 0, sizeof(*verdict));
		found = may_format(b, forced, verdict);
		if (found == KMEM_POOL && !forced && ends_empty(media, verdict))
			found = KMEM_REFUSED;
	} else if (kmem_device_check(b->dev_dax, &b->device, verdict)) {
		found = KMEM_REFUSED;
	} else if (kmemp_host_uuid_bound(super->uuid, verdict)) {
		found = KMEM_REFUSED;
	}
	return found;
}
