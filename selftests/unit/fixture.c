// SPDX-License-Identifier: GPL-2.0
/*
 * Pools for tests, see fixture.h. Pool @nr differs from every other in uuid,
 * keys, label and limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "fixture.h"
#include "seal.h"
#include "super.h"

static const char *const labels[] = { "", "one", "two", "three" };

/**
 * fixture_params - what pool @nr is to be
 * @params: filled in
 * @nr: 1 to 3
 */
void fixture_params(struct kmemp_format_params *params, unsigned int nr)
{
	memset(params, 0, sizeof(*params));
	params->type = KMEMP_TYPE_NONE;
	params->pool_pages = FIXTURE_PAGES;
	memset(params->uuid, 0x10 + nr, sizeof(params->uuid));
	memset(params->seal_key, 0x20 + nr, sizeof(params->seal_key));
	memset(params->hash_key, 0x30 + nr, sizeof(params->hash_key));
	params->label = labels[nr];
	params->data_min = 100 + nr;
	params->data_max = 1000 + nr;
}

/**
 * fixture_format - make a medium with pool @nr
 * @cut: filled in
 * @device_pages: size of the medium
 * @nr: 1 to 3
 */
void fixture_format(struct media_cut *cut, u64 device_pages, unsigned int nr)
{
	struct kmemp_format_params params;
	struct kmemp_verdict verdict = {};

	media_cut_init(cut, device_pages);
	fixture_params(&params, nr);
	if (kmemp_pool_format(&cut->media, &params, &verdict))
		abort();
}

/**
 * fixture_reseal - make a damaged superblock page valid
 * @cut: the medium
 * @page: page 0 or the copy; its checksum and seal are computed anew
 */
void fixture_reseal(struct media_cut *cut, u64 page)
{
	struct kmemp_super_page *sb = (void *)media_cut_page(cut, page);
	struct kmemp_disk_static *fixed = &sb->fixed;
	struct kmemp_disk_state *state = &sb->state;

	fixed->crc = __cpu_to_le32(kmemp_crc(fixed,
					     offsetof(typeof(*fixed), crc)));
	state->seal = __cpu_to_le32(
		kmemp_seal_keyed(fixed->seal_key, 0,
				 __le64_to_cpu(state->generation),
				 KMEMP_SB_STATE_OFFSET, state,
				 offsetof(typeof(*state), seal)));
}

/**
 * fixture_is - is this superblock pool @nr's, whole?
 * @super: as read
 * @nr: 1 to 3
 *
 * Return: true if it is.
 */
bool fixture_is(const struct kmemp_super *super, unsigned int nr)
{
	struct kmemp_format_params params;

	fixture_params(&params, nr);
	return super->type == params.type && super->version == KMEMP_VERSION &&
	       super->incompat == KMEMP_INCOMPAT_EXPERIMENTAL &&
	       !super->ro_compat && !super->compat &&
	       super->pool_pages == params.pool_pages &&
	       !memcmp(super->uuid, params.uuid, sizeof(params.uuid)) &&
	       !memcmp(super->seal_key, params.seal_key,
		       sizeof(params.seal_key)) &&
	       !memcmp(super->hash_key, params.hash_key,
		       sizeof(params.hash_key)) &&
	       !strcmp(super->label, params.label) &&
	       super->data_min == params.data_min &&
	       super->data_max == params.data_max && !super->epoch &&
	       !super->confirmed && !super->map_pages;
}

/**
 * fixture_open - open a pool, look whether it is pool @nr, close it
 * @cut: the medium
 * @nr: 1 to 3
 * @readonly: as for kmemp_pool_open()
 *
 * Return: 0, what kmemp_pool_open() returned, or -ESTALE for another pool.
 */
int fixture_open(struct media_cut *cut, unsigned int nr, bool readonly)
{
	struct kmemp_pool pool = {};
	int ret;

	ret = kmemp_pool_open(&pool, &cut->media, readonly);
	if (ret)
		return ret;
	if (!fixture_is(&pool.super, nr))
		ret = -ESTALE;
	kmemp_pool_close(&pool);
	return ret;
}

/**
 * fixture_refusal - why is this medium refused?
 * @cut: the medium
 * @readonly: as for kmemp_pool_open()
 *
 * Return: why; KMEMP_REFUSE_NOTHING if it opened or is plain.
 */
enum kmemp_refusal fixture_refusal(struct media_cut *cut, bool readonly)
{
	struct kmemp_pool pool = {};

	if (!kmemp_pool_open(&pool, &cut->media, readonly))
		kmemp_pool_close(&pool);
	return pool.verdict.code;
}
