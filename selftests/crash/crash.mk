# SPDX-License-Identifier: GPL-2.0
#
# Crash tests: every format of selftests/crash/formats.c, put into the states
# that a crash may leave. Included by the top-level Makefile after
# selftests/unit/unit.mk. A program is one line: crash-NAME := its own sources.
# Each is built twice: build/unit/NAME, with ASan and UBSan, for `make check`,
# and build/crash/NAME, without, for `make crash`; crash_mutants for that alone.

crash-crash_states := crash_states.c
crash-crash_sites := crash_sites.c workloads.c workloads_edge.c
crash-crash_log := crash_log.c
# What the gates and the mutants have in common
crash_explorer := damage.c explore.c gates.c sites.c units.c window.c words.c \
	workloads.c workloads_edge.c
crash-crash_gates := crash_gates.c ops.c $(crash_explorer)
crash-crash_mutants := crash_mutants.c hunt.c hunt_moves.c hunt_stops.c \
	moved.c mutant.c mutant_pages.c $(crash_explorer)

crash_names := $(patsubst crash-%,%,$(filter crash-%,$(.VARIABLES)))
crash_shared := $(shared_sources) \
	$(addprefix selftests/crash/,crash_util.c formats.c oracle.c \
		place.c seals.c) \
	$(addprefix selftests/unit/,media_record.c pool_util.c worn.c)

comma := ,
crash_link_crash_mutants := $(patsubst %,-Wl$(comma)--wrap=%,kmemp_meta_put \
	kmemp_wait_add kmemp_wait_settle kmemp_root_write kmemp_log_tail_write \
	kmemp_ext_space_free)

crash_flags := $(test_flags) -O2 $(unit_no_copies)

build/obj-crash/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(crash_flags) -MMD -MP -c -o $@ $<

# $(1): program
define crash_rules
unit_programs += $(filter-out build/unit/crash_mutants,build/unit/$(1))

build/unit/$(1): $(patsubst %.c,build/obj-unit/%.o,$(crash_shared) \
		$(addprefix selftests/crash/,$(crash-$(1))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(unit_flags) $(unit_sanitize) $(crash_link) $(crash_link_$(1)) -o $$@ $$^

build/crash/$(1): $(patsubst %.c,build/obj-crash/%.o,$(crash_shared) \
		$(addprefix selftests/crash/,$(crash-$(1))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(crash_flags) $(crash_link) $(crash_link_$(1)) -o $$@ $$^
endef
$(foreach p,$(crash_names),$(eval $(call crash_rules,$(p))))

# For formats that are built outside the tree (tools/plugin.mk): what they are
# linked with, without the formats and their table; and the programs' own parts.
plugin_programs := conformance test_fail crash_states crash_gates
plugin_library := $(sort $(filter plugins/core/% tools/shim/%,$(shared_sources)) \
	$(filter-out %/formats.c,$(filter selftests/%,$(crash_shared)) \
		$(foreach p,$(plugin_programs), \
			$(addprefix selftests/crash/,$(filter-out $(p).c,$(crash-$(p)))) \
			$(addprefix selftests/unit/,$(filter-out $(p).c,$(unit-$(p)))))))

build/plugin/libkmemp-test.a: $(plugin_library:%.c=build/obj-unit/%.o)
	@mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

build/plugin/%.o: build/obj-unit/selftests/crash/%.o
	$(Q)cp $< $@

build/plugin/%.o: build/obj-unit/selftests/unit/%.o
	$(Q)cp $< $@

plugin_test := build/plugin/libkmemp-test.a $(plugin_programs:%=build/plugin/%.o)

# The model test for `make model`
build/crash/conformance: $(patsubst %.c,build/obj-crash/%.o,$(shared_sources) \
		$(call unit_sources,$(unit-conformance)))
	@mkdir -p $(@D)
	$(Q)$(CC) $(crash_flags) -o $@ $^

-include $(shell [ ! -d build/obj-crash ] || find build/obj-crash -name '*.d')
