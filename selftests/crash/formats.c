// SPDX-License-Identifier: GPL-2.0
/*
 * See formats.h.
 */
#include <kmem_persist/format.h>
#include <linux/kernel.h>

#include "formats.h"

static const struct crash_known bitmap_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{ "kmemp_ring_retire", "kmemp_bm_prepare", true, 1,
	  "the last of two: the fence of the same commit follows, its entry would have to reach round to the old tail" },
	{}
};

static const struct crash_known log_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{}
};

static const struct crash_known extent_known[] = {
	{ "kmemp_state_write", "begin_epoch", true, 1,
	  "the last of two: the fence of the commit follows before any other store to a state line" },
	{}
};

#define AGAINST_DAMAGE	"redo stores the record anew before it is read: against damage"
#define SOUND_PREFIXES	"one line, whose words are stored in an order in which each prefix is sound: against damage"
#define NO_CHECK	"no check: it is made for what is stored next"
#define ZEROS_LAST	"its last line holds zeros, and its seal"

#define BY_ENTRY	"an entry covers the headers of the pages that it enters: against damage"
#define LOOKS_ONLY	"behind the end, for an entry that was lost: that has its own seal"

#define LATE	"store behind its fence"
#define EARLY	"store before the fence"

#define OTHER_KEYS	"what it clears was sealed with other keys: that is never true"
#define OWN_MAGIC	"the copy counts with its magic, which comes a fence later still"
#define NO_POINTER	"found by the pointer alone, which is cleared before the first page is"
#define COPY_ALONE	"at the end of the device a copy alone is a pool, elsewhere it is found by the pointer"
#define NEW_DATA	"the test's own: pages that nobody has"
#define LAST_OF_STATE	"over the last fence of a state line: see known"
#define NEW_BLOCKS	"blocks that no root names: they may hold anything before its fence"
#define OTHER_PAGE	"the other page has the root by that fence, which is enough: the next open mends this one"
#define VERIFIED	"a root counts only where all that it names verifies, whenever it comes to be durable"
#define CHAINED		"an entry counts only where all before it are whole"
#define TORN_IS_NONE	"what it clears is no entry, before that fence and behind it"
#define TAKEN_PAGE	"zeros, to a page that the batch has taken: nobody's until its entry is durable"
#define BEGINS_EPOCH	"before an entry comes there an epoch is begun, with two fences"

/* Of the superblock and of root slots, which all three have. */
#define SUPER_NEEDLESS							\
	{ LATE, "kmemp_super_erase", 1, NO_POINTER },			\
	{ LATE, "kmemp_pool_format", 1, OTHER_KEYS },			\
	{ LATE, "kmemp_super_create", 1, OWN_MAGIC },			\
	{ EARLY, "kmemp_pool_format", 1, COPY_ALONE },			\
	{ EARLY, "store_data", 1, NEW_DATA },				\
	{ "seal not checked", "state_valid", 1, SOUND_PREFIXES },	\
	{ "seal not checked", "mend_page", 1, NO_CHECK },		\
	{ "seal a line too short", "state_valid", 1, SOUND_PREFIXES },	\
	{ "seal a line too short", "mend_page", 1, NO_CHECK },		\
	{ "seal a line too short", "slot_valid", 1, ZEROS_LAST },	\
	{ "seal a line too short", "read_place", 2, ZEROS_LAST }

/* Of the two slots one reads both pages. */
#define SLOTS_DIFFER	"of two slots whose last lines differ one is no root: noticed besides"

static const struct crash_needless bitmap_needless[] = {
	SUPER_NEEDLESS,
	{ "seal not checked", "body_seal", 7, AGAINST_DAMAGE },
	{ "seal a line too short", "body_seal", 7, AGAINST_DAMAGE },
	{ "seal a line too short", "read_slot", 2, SLOTS_DIFFER },
	{ "data given back early", NULL, 1,
	  "no batch that was durable is ever left out: against damage" },
	{ LATE, "op_format", 2, OTHER_KEYS },
	{ LATE, "kmemp_ring_recover", 1, BEGINS_EPOCH },
	{ EARLY, "kmemp_ring_recover", 1, TORN_IS_NONE },
	{ EARLY, "ring_store", 2, CHAINED },
	{ EARLY, "kmemp_patch_apply", 1, TAKEN_PAGE },
	{}
};

static const struct crash_needless log_needless[] = {
	SUPER_NEEDLESS,
	{ "seal not checked", "read_slot", 2,
	  "both pages were flushed, and a root in one of them counts: against damage of that one" },
	{ "seal not checked", "kmemp_root_write", 1, NO_CHECK },
	{ "seal a line too short", "kmemp_root_write", 1, NO_CHECK },
	{ "seal not checked", "kmemp_log_chain_next", 1, BY_ENTRY },
	{ "seal a line too short", "kmemp_log_chain_next", 1, BY_ENTRY },
	{ "seal not checked", "refuse_later", 1, LOOKS_ONLY },
	{ "seal a line too short", "refuse_later", 1, LOOKS_ONLY },
	{ "seal a line too short", "read_slot", 2, SLOTS_DIFFER },
	{ LATE, "store_state", 1, LAST_OF_STATE },
	{ LATE, "recover", 1, BEGINS_EPOCH },
	{ LATE, "op_format", 1, OTHER_KEYS },
	{ EARLY, "recover", 1, TORN_IS_NONE },
	{ EARLY, "store", 2, CHAINED },
	{ EARLY, "kmemp_log_write_end", 1, CHAINED },
	{ LATE, "over_freed", 1, NEW_DATA },
	{}
};

static const struct crash_needless extent_needless[] = {
	SUPER_NEEDLESS,
	{ "seal not checked", "kmemp_root_read_before", 2,
	  "asked where a slot was dropped: that is mended whatever the pages hold" },
	{ "seal a line too short", "kmemp_root_read_before", 2,
	  "asked where a slot was dropped: that is mended whatever the pages hold" },
	{ "seal a line too short", "read_slot", 2, SLOTS_DIFFER },
	{ EARLY, "store", 2, NEW_BLOCKS },
	{ LATE, "kmemp_root_mend", 1, OTHER_PAGE },
	{ EARLY, "__wrap_kmemp_root_write", 1, VERIFIED },
	{}
};

#define READER	"selftests/docs/reader --contents"

const struct crash_format crash_formats[] = {
	{ KMEMP_TYPE_BITMAP, "bitmap", READER, .known = bitmap_known,
	  .needless = bitmap_needless },
	{ KMEMP_TYPE_LOG, "log", READER, .vanishes = true, .known = log_known,
	  .needless = log_needless },
	{ KMEMP_TYPE_EXTENT, "extent", READER, .roots = true, .vanishes = true,
	  .known = extent_known, .needless = extent_needless },
};

const unsigned int crash_nr_formats = ARRAY_SIZE(crash_formats);
const struct crash_format *crash_format = crash_formats;
