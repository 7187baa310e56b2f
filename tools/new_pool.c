// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that is about to be made, see new_pool.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <uuid.h>

#include <linux/kernel.h>

#include "content.h"
#include "kernel.h"
#include "kmemp.h"
#include "modules.h"
#include "new_pool.h"
#include "pool_report.h"
#include "report.h"

/**
 * new_pool_find_type - look the format up that was named
 * @pool: its parameters get the format's number
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int new_pool_find_type(struct new_pool *pool)
{
	const struct kmemp_format_ops *format;
	unsigned long number;
	char names[128], *end;

	format_names(names, sizeof(names), false);
	if (!pool->type) {
		complain(NULL, "--type is missing; this kmemp knows: %s", names);
		return -EINVAL;
	}
	format = kmemp_format_get_by_name(pool->type);
	if (!format && pool->type[0] >= '0' && pool->type[0] <= '9') {
		errno = 0;
		number = strtoul(pool->type, &end, 10);
		if (!errno && !*end && number <= 0xffffffffUL)
			format = kmemp_format_get(number);
	}
	if (!format) {
		complain("--type", "no format '%.64s'; this kmemp knows: %s, and what is in " FORMATS_DIR,
			 pool->type, names);
		return -EINVAL;
	}
	pool->params.type = format->type;
	kmemp_format_put(format);
	return 0;
}

static int parse_pages(const char *option, u64 *pages)
{
	u64 bytes;

	if (parse_size(option, optarg, &bytes))
		return -EINVAL;
	*pages = bytes >> KMEMP_PAGE_SHIFT;
	return 0;
}

static int parse_label(struct new_pool *pool)
{
	pool->params.label = optarg;
	return parse_name("--label", optarg);
}

static int parse_uuid(struct new_pool *pool)
{
	if (uuid_parse(optarg, pool->params.uuid) ||
	    uuid_is_null(pool->params.uuid)) {
		complain("--uuid", "'%.64s' is no uuid; make one with: uuidgen",
			 optarg);
		return -EINVAL;
	}
	return 0;
}

/**
 * new_pool_option - take one of the options that say what the pool shall be
 * @pool: gets its value
 * @c: 't', 'L', 'U', 's', 'm', 'M' or 'f', with optarg set
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int new_pool_option(struct new_pool *pool, int c)
{
	switch (c) {
	case 't':
		pool->type = optarg;
		return 0;
	case 'L':
		return parse_label(pool);
	case 'U':
		return parse_uuid(pool);
	case 's':
		if (parse_pages("--pool-size", &pool->params.pool_pages))
			return -EINVAL;
		if (pool->params.pool_pages)
			return 0;
		complain("--pool-size", "a pool of no size; leave the option away for the whole device");
		return -EINVAL;
	case 'm':
		pool->have_data_min = true;
		return parse_pages("--data-min", &pool->params.data_min);
	case 'M':
		pool->have_data_max = true;
		return parse_pages("--data-max", &pool->params.data_max);
	default:	/* 'f' */
		pool->force = true;
		return 0;
	}
}

/**
 * new_pool_keys - make up what of a pool is random
 * @pool: gets its keys, and a uuid where none was given
 *
 * Return: 0, or -EIO where the mistake was told.
 */
int new_pool_keys(struct new_pool *pool)
{
	struct kmemp_format_params *params = &pool->params;

	if (uuid_is_null(params->uuid))
		uuid_generate_random(params->uuid);
	if (getrandom(params->seal_key, KMEMP_KEY_SIZE, 0) == KMEMP_KEY_SIZE &&
	    getrandom(params->hash_key, KMEMP_KEY_SIZE, 0) == KMEMP_KEY_SIZE)
		return 0;
	complain(NULL, "no random numbers: %m");
	return -EIO;
}

/**
 * new_pool_forget_keys - nobody needs the keys any more
 * @pool: with its keys
 */
void new_pool_forget_keys(struct new_pool *pool)
{
	explicit_bzero(pool->params.seal_key, KMEMP_KEY_SIZE);
	explicit_bzero(pool->params.hash_key, KMEMP_KEY_SIZE);
}

/**
 * new_pool_sizes - check sizes against the medium, and set what was left open
 * @pool: what is asked for
 * @name: of the medium, for messages
 * @size: bytes of it
 *
 * In bytes and by the options' names, which the core does not know.
 *
 * Return: 0, or -EINVAL where the mistake was told.
 */
int new_pool_sizes(struct new_pool *pool, const char *name, u64 size)
{
	struct kmemp_format_params *params = &pool->params;
	u64 device = size >> KMEMP_PAGE_SHIFT;
	u64 pages = params->pool_pages ?: device;

	if (pages > device) {
		complain(name, "has %llu bytes, --pool-size is larger; make it smaller or leave it away",
			 (unsigned long long)size);
		return -EINVAL;
	}
	if (pages < KMEMP_MIN_POOL_PAGES) {
		complain(name, "a pool of %llu bytes is too small; at least 64M are needed",
			 (unsigned long long)pages << KMEMP_PAGE_SHIFT);
		return -EINVAL;
	}
	if (!pool->have_data_min) {
		params->data_min = KMEMP_DATA_MIN_DEFAULT;
		if (params->data_max && params->data_max < params->data_min)
			params->data_min = params->data_max;
	}
	if (params->data_min > pages || params->data_max > pages) {
		complain(name, "%s is larger than the pool of %llu bytes",
			 params->data_min > pages ? "--data-min" : "--data-max",
			 (unsigned long long)pages << KMEMP_PAGE_SHIFT);
		return -EINVAL;
	}
	if (params->data_max && params->data_min > params->data_max) {
		complain(name, "--data-min is larger than --data-max");
		return -EINVAL;
	}
	return 0;
}

/**
 * new_pool_domain - does the medium keep what is written?
 * @pool: what is asked for
 * @target: where
 *
 * Return: 0, or -EOPNOTSUPP where it was told.
 */
int new_pool_domain(const struct new_pool *pool, const struct target *target)
{
	char domain[64];

	if (target->mode == TARGET_IMAGE || pool->force)
		return 0;
	kernel_domain(target->name, domain, sizeof(domain));
	if (kernel_domain_persists(domain))
		return 0;
	complain(target->name, "has no persistence domain (%s): a power cut may lose what was written (ndctl list -R); if you know better, or want it without, add --force",
		 domain);
	return -EOPNOTSUPP;
}

/**
 * new_pool_content - would making it destroy anything?
 * @pool: what is asked for
 * @name: of the medium, for messages
 * @media: the medium
 *
 * Return: 0, or a negative errno where it was told what is there.
 */
int new_pool_content(const struct new_pool *pool, const char *name,
		     struct kmemp_media *media)
{
	struct content content;

	if (pool->force)
		return 0;
	return content_read(&content, media, name) ?:
	       content_formattable(&content, name);
}

/**
 * new_pool_show - say what it is now, read back from where it was written to
 * @target: where
 * @media: its medium
 * @object: where to
 *
 * Return: 0, or a negative errno where the mistake was told.
 */
int new_pool_show(const struct target *target, struct kmemp_media *media,
		  struct json_object *object)
{
	struct content content;
	int ret;

	ret = content_read(&content, media, target->name);
	if (target->mode == TARGET_IMAGE)
		report_string(object, "image", target->name);
	else
		pool_report_device(object, target->dev, target->mode);
	if (!ret)
		content_report(&content, target->name, object);
	if (ret || content.kind == KMEMP_CONTENT_POOL)
		return ret;
	complain(target->name, "what was written reads back as no pool; do not use this medium");
	return -EIO;
}

/**
 * new_pool_warn - warn where this kernel could not bind it
 * @pool: as made
 * @target: where
 */
void new_pool_warn(const struct new_pool *pool, const struct target *target)
{
	const struct kmemp_format_ops *format;

	if (target->mode == TARGET_IMAGE)
		return;
	if (strcmp(modules_kmem(), "kmem-persist"))
		complain(target->name, "warning: this kernel would load a kmem that knows nothing of pools and overwrites them; make install first, then bind");
	format = kmemp_format_get(pool->params.type);
	if (!modules_have_format(format->name))
		complain(target->name, "warning: this kernel has no module kmemp_%s; make install first, then bind",
			 format->name);
	kmemp_format_put(format);
}
