# SPDX-License-Identifier: GPL-2.0
#
# Unit tests: TAP programs over the very sources of the modules, with ASan and
# UBSan. Included by the top-level Makefile after tools/tools.mk. A program is
# one line: unit-NAME := its own sources; the core, the formats and the shim
# come with it.

unit-test_name := test_name.c
unit-test_errcode := test_errcode.c
unit-test_super := test_super.c media_cut.c fixture.c
unit-test_super_field := test_super_field.c media_cut.c fixture.c
unit-test_super_write := test_super_write.c media_cut.c fixture.c
unit-test_none := test_none.c media_cut.c fixture.c
unit-test_media_file := test_media_file.c
unit-conformance := conformance.c model.c media_record.c pool_util.c
unit-crash_bitmap := crash_bitmap.c crash_util.c media_record.c pool_util.c
unit-crash_sites := crash_sites.c crash_util.c media_record.c pool_util.c
unit-bitmap_images := bitmap_images.c media_record.c pool_util.c
unit-test_queue := test_queue.c media_record.c pool_util.c

# The recorder tells call sites apart by return addresses: no sibling calls.
unit_flags := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -Wno-frame-address -msse4.2 \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Itools/shim/include -Iinclude -Itools -Iplugins/core \
	-include linux/compiler.h

unit_programs := $(patsubst unit-%,build/unit/%,$(filter unit-%,$(.VARIABLES)))
unit_shared := $(shared_sources:%.c=build/obj-unit/%.o)

build/obj-unit/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(unit_flags) -MMD -MP -c -o $@ $<

define unit_rule
$(1): $(unit_shared) $(patsubst %.c,build/obj-unit/selftests/unit/%.o,$(2))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(unit_flags) -o $$@ $$^
endef
$(foreach p,$(unit_programs),$(eval $(call unit_rule,$(p),$(unit-$(notdir $(p))))))

-include $(shell [ ! -d build/obj-unit ] || find build/obj-unit -name '*.d')
