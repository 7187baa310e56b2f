/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Superblock: what the core's own files share. Hosts see pool.h.
 */
#ifndef KMEMP_CORE_SUPER_H
#define KMEMP_CORE_SUPER_H

#include <kmem_persist/pool.h>

/**
 * struct kmemp_super_page - a superblock page in DRAM, as on the medium
 * @fixed: static part
 * @gap0: zero, likewise the other gaps
 * @state: state line
 * @gap1: zero
 * @roots: root slots, each followed by zeros
 * @bad: bad-page slots
 */
struct kmemp_super_page {
	struct kmemp_disk_static fixed;
	struct kmemp_disk_state state;
	__u8 gap1[KMEMP_SB_ROOT_OFFSET - KMEMP_SB_STATE_OFFSET -
		  sizeof(struct kmemp_disk_state)];
	struct {
		struct kmemp_disk_root slot;
		__u8 gap[KMEMP_SB_ROOT_STRIDE - sizeof(struct kmemp_disk_root)];
	} roots[KMEMP_SB_NR_ROOTS];
	__le64 bad[KMEMP_SB_NR_BAD];
};

static_assert(sizeof(struct kmemp_super_page) == KMEMP_PAGE_SIZE);
static_assert(offsetof(struct kmemp_super_page, state) ==
	      KMEMP_SB_STATE_OFFSET);
static_assert(offsetof(struct kmemp_super_page, roots) == KMEMP_SB_ROOT_OFFSET);
static_assert(offsetof(struct kmemp_super_page, bad) == KMEMP_SB_BAD_OFFSET);

static inline u64 kmemp_super_copy_pos(const struct kmemp_super *super)
{
	return (super->pool_pages - 1) << KMEMP_PAGE_SHIFT;
}

void kmemp_super_encode_static(const struct kmemp_super *super,
			       struct kmemp_disk_static *disk);
void kmemp_super_encode_state(const struct kmemp_super *super,
			      struct kmemp_disk_state *disk);
int kmemp_super_write_static(struct kmemp_media *media,
			     struct kmemp_super *super);
void kmemp_super_encode_pointer(const struct kmemp_super *super,
				struct kmemp_disk_pointer *disk);
int kmemp_super_mend(struct kmemp_media *media, struct kmemp_super *super);

void kmemp_state_write(struct kmemp_media *media, struct kmemp_super *super);
void kmemp_state_write_map(struct kmemp_media *media,
			   struct kmemp_super *super);

#endif /* KMEMP_CORE_SUPER_H */
