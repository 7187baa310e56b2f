/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool as its host sees it: a medium, its decoded superblock, its format.
 *
 * Hosts are drivers/pool (a bound device), tools/kmemp (a device in devdax
 * mode or an image) and the tests. Plugins use plugin.h alone and take the
 * pool as an opaque pointer.
 */
#ifndef KMEM_PERSIST_POOL_H
#define KMEM_PERSIST_POOL_H

#include <linux/types.h>

#include <kmem_persist/plugin.h>

#define KMEMP_VERDICT_SIZE	128

/**
 * struct kmemp_verdict - why something was refused
 * @code: KMEMP_REFUSE_NOTHING while all is well; the first refusal stays
 * @particulars: object, place, expected and found; may be empty
 */
struct kmemp_verdict {
	enum kmemp_refusal code;
	char particulars[KMEMP_VERDICT_SIZE];
};

/* Room for the longest refusal line that kmemp_verdict_text() makes. */
#define KMEMP_VERDICT_TEXT	512

int kmemp_refuse(struct kmemp_verdict *verdict, enum kmemp_refusal code,
		 const char *fmt, ...) __printf(3, 4);
size_t kmemp_verdict_text(const struct kmemp_verdict *verdict,
			  const char *device, char *buf, size_t size);

/**
 * struct kmemp_super - the superblock in DRAM, in the machine's byte order
 * @type: see struct kmemp_disk_static, likewise up to @static_generation
 * @version: see there
 * @compat: see there
 * @ro_compat: see there
 * @incompat: see there
 * @pool_pages: see there
 * @uuid: see there
 * @seal_key: see there
 * @hash_key: see there
 * @label: see there, always terminated here
 * @data_min: see there
 * @data_max: see there
 * @window_page: see there
 * @window_pages: see there
 * @static_generation: see there
 * @state_generation: see struct kmemp_disk_state, likewise up to @map_crc
 * @epoch: see there
 * @confirmed: see there
 * @map_page: see there
 * @map_pages: see there
 * @map_crc: see there
 * @damaged: what must be written anew at open, KMEMP_DAMAGED_*
 */
struct kmemp_super {
	u32 type;
	u32 version;
	u64 compat;
	u64 ro_compat;
	u64 incompat;
	u64 pool_pages;
	u8 uuid[KMEMP_UUID_SIZE];
	u8 seal_key[KMEMP_KEY_SIZE];
	u8 hash_key[KMEMP_KEY_SIZE];
	char label[KMEMP_LABEL_SIZE + 1];
	u64 data_min;
	u64 data_max;
	u64 window_page;
	u64 window_pages;
	u64 static_generation;
	u64 state_generation;
	u64 epoch;
	u64 confirmed;
	u64 map_page;
	u32 map_pages;
	u32 map_crc;
	u8 damaged;
};

#define KMEMP_DAMAGED_FIRST	0x1
#define KMEMP_DAMAGED_COPY	0x2
/* A device that is larger than the pool does not point to the copy. */
#define KMEMP_DAMAGED_POINTER	0x4

/**
 * enum kmemp_content - what kmemp_super_read() found on a device
 * @KMEMP_CONTENT_PLAIN: both places are readable and show no pool
 * @KMEMP_CONTENT_POOL: a superblock that this code knows
 * @KMEMP_CONTENT_REFUSED: anything else; the verdict says what
 */
enum kmemp_content {
	KMEMP_CONTENT_PLAIN,
	KMEMP_CONTENT_POOL,
	KMEMP_CONTENT_REFUSED,
};

enum kmemp_content kmemp_super_read(struct kmemp_media *media,
				    struct kmemp_super *super,
				    struct kmemp_verdict *verdict);
bool kmemp_name_valid(const char *name, size_t len);

/**
 * struct kmemp_pool - an opened pool
 * @media: its medium
 * @format: its format, a reference is held while it is open
 * @private: the format's own
 * @super: the superblock as last written
 * @verdict: why it was refused, or became read-only
 * @readonly: opened without the right to store
 *
 * Zero it before kmemp_pool_open(). Its functions are not to be called beside
 * one another, unless their description says so.
 */
struct kmemp_pool {
	struct kmemp_media *media;
	const struct kmemp_format_ops *format;
	void *private;
	struct kmemp_super super;
	struct kmemp_verdict verdict;
	bool readonly;
};

/**
 * struct kmemp_format_params - what a new pool shall be
 * @type: number of a format that is registered
 * @pool_pages: 0 for the whole device
 * @uuid: random, version 4
 * @seal_key: random
 * @hash_key: random
 * @label: may be empty
 * @data_min: pages guaranteed to data
 * @data_max: ceiling of data in pages, 0 for none
 *
 * The caller supplies what is random, so that tests can repeat themselves.
 */
struct kmemp_format_params {
	u32 type;
	u64 pool_pages;
	u8 uuid[KMEMP_UUID_SIZE];
	u8 seal_key[KMEMP_KEY_SIZE];
	u8 hash_key[KMEMP_KEY_SIZE];
	const char *label;
	u64 data_min;
	u64 data_max;
};

int kmemp_pool_format(struct kmemp_media *media,
		      const struct kmemp_format_params *params,
		      struct kmemp_verdict *verdict);
int kmemp_pool_open(struct kmemp_pool *pool, struct kmemp_media *media,
		    bool readonly);
void kmemp_pool_close(struct kmemp_pool *pool);
int kmemp_pool_walk_used(struct kmemp_pool *pool, kmemp_used_fn fn,
			     void *arg);
int kmemp_pool_set_limits(struct kmemp_pool *pool, u64 data_min, u64 data_max);
u64 kmemp_pool_reserve(const struct kmemp_pool *pool, u64 data_pages);
int kmemp_pool_mark_bad(struct kmemp_pool *pool, u64 page);
int kmemp_pool_check(struct kmemp_pool *pool,
		     const struct kmemp_findings *findings);
int kmemp_pool_describe(struct kmemp_pool *pool,
			const struct kmemp_findings *findings);

const struct kmemp_format_ops *kmemp_format_get(u32 type);
const struct kmemp_format_ops *kmemp_format_get_by_name(const char *name);
void kmemp_format_put(const struct kmemp_format_ops *ops);
void kmemp_format_set_listener(void (*fn)(void));

#endif /* KMEM_PERSIST_POOL_H */
