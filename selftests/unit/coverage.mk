# SPDX-License-Identifier: GPL-2.0
#
# make coverage: what of plugins/ the unit, crash and fuzz programs of `make
# check` reach. Included by the top-level Makefile after selftests/crash/crash.mk. The
# same programs again, counting, with no optimization that moves lines.

coverage_flags := $(test_flags) -Og $(unit_no_copies) --coverage

build/obj-coverage/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(coverage_flags) -MMD -MP -c -o $@ $<

coverage_programs :=

# $(1): program, $(2): its sources, $(3): what it is linked with
define coverage_rule
coverage_programs += build/coverage/$(1)

build/coverage/$(1): $(2:%.c=build/obj-coverage/%.o)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(coverage_flags) $(3) -o $$@ $$^
endef

$(foreach k,unit tsan,$(foreach p,$(notdir $($(k)_tests)), \
	$(eval $(call coverage_rule,$(p),$(shared_sources) \
		$(call unit_sources,$($(k)-$(p))),$(unit_link_$(p))))))
$(foreach p,$(filter-out crash_mutants,$(crash_names)), \
	$(eval $(call coverage_rule,$(p),$(crash_shared) \
		$(addprefix selftests/crash/,$(crash-$(p))),$(crash_link))))

$(foreach p,$(fuzz_names),$(eval $(call coverage_rule,$(p),$(fuzz_shared) \
	$(addprefix selftests/fuzz/,$(fuzz-$(p))),$(fuzz_link))))

-include $(shell [ ! -d build/obj-coverage ] || \
	find build/obj-coverage -name '*.d')
