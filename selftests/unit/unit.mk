# SPDX-License-Identifier: GPL-2.0
#
# Unit tests: TAP programs over the very sources of the modules, with ASan and
# UBSan. Included by the top-level Makefile after tools/tools.mk. A program is
# one line: unit-NAME := its own sources, of this folder, of selftests/crash, or
# tools/FILE; the core, the formats and the shim come with it. tsan-NAME: the same with
# ThreadSanitizer, for what has threads.

unit-test_name := test_name.c
unit-test_errcode := test_errcode.c
unit-test_super := test_super.c media_cut.c fixture.c
unit-test_super_field := test_super_field.c media_cut.c fixture.c
unit-test_super_write := test_super_write.c media_cut.c fixture.c
unit-test_none := test_none.c media_cut.c fixture.c
unit-test_advice := test_advice.c tools/advice.c formats.c media_record.c \
	pool_util.c
unit-test_media_file := test_media_file.c
unit-test_used_map := test_used_map.c formats.c media_record.c pool_util.c
unit-test_repair := test_repair.c formats.c media_record.c pool_util.c
unit-test_orphan := test_orphan.c formats.c media_record.c \
	pool_util.c
unit-conformance := conformance.c formats.c model.c media_record.c pool_util.c
unit-crash_extent_random := crash_extent_random.c media_record.c pool_util.c
unit-test_batches := test_batches.c media_record.c pool_util.c sample.c
unit-test_log := test_log.c media_record.c pool_util.c
unit-test_log_load := test_log_load.c media_record.c pool_util.c
unit-test_extent := test_extent.c media_record.c pool_util.c
unit-test_snapshot := test_snapshot.c media_record.c
unit-test_check_live := test_check_live.c formats.c media_record.c pool_util.c
unit-test_queue := test_queue.c formats.c media_record.c \
	pool_util.c
unit-test_corners := test_corners.c formats.c media_record.c pool_util.c
unit-test_fail := test_fail.c fail_batch.c fail_ops.c formats.c media_fail.c \
	media_record.c pool_util.c
unit-test_sequence := test_sequence.c formats.c media_record.c pool_util.c \
	worn.c
unit-test_unsealed := test_unsealed.c fail_batch.c fail_ops.c formats.c \
	media_record.c pool_util.c

tsan-test_queue_threads := test_queue_threads.c formats.c media_record.c \
	pool_util.c

include selftests/unit/flags.mk

test_flags := $(test_cflags) -Itools/shim/include -Iinclude -Itools \
	-Iplugins/core -Iplugins -Iselftests/unit -Iselftests/crash
unit_flags := $(test_flags) -O1 $(unit_no_copies)
unit_link_test_unsealed := -Wl,--wrap=crc32c
tsan_sanitize := -fsanitize=thread

unit_programs :=

# $(1): unit or tsan
define unit_kind
$(1)_tests := $(patsubst $(1)-%,build/unit/%,$(filter $(1)-%,$(.VARIABLES)))
unit_programs += $$($(1)_tests)

build/obj-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(unit_flags) $$($(1)_sanitize) -MMD -MP -c -o $$@ $$<
endef
$(foreach k,unit tsan,$(eval $(call unit_kind,$(k))))

unit_sources = $(foreach s,$(1),$(wildcard $(filter tools/%,$(s)) \
	selftests/unit/$(s) selftests/crash/$(s)))

# $(1): unit or tsan, $(2): program
define unit_rule
$(2): $(patsubst %.c,build/obj-$(1)/%.o,$(shared_sources) \
		$(call unit_sources,$($(1)-$(notdir $(2)))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(unit_flags) $$($(1)_sanitize) \
		$$(unit_link_$(notdir $(2))) -o $$@ $$^
endef
$(foreach k,unit tsan,$(foreach p,$($(k)_tests), \
	$(eval $(call unit_rule,$(k),$(p)))))

-include $(foreach k,unit tsan,$(shell [ ! -d build/obj-$(k) ] || \
	find build/obj-$(k) -name '*.d'))
