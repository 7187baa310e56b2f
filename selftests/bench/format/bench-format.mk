# SPDX-License-Identifier: GPL-2.0
#
# Benchmarks of the formats, native in user space, over the objects that the
# tool is made of and every format of selftests/crash/formats.c. Included by the
# top-level Makefile after tools/tools.mk. A program is one line:
# bench-NAME := its own sources.

bench-format_latency := format_latency.c
bench-format_counts := format_counts.c
bench-format_group := format_group.c
bench-format_isolation := format_isolation.c
bench-format_open := format_open.c
bench-format_overwrite := format_overwrite.c

bench_programs := $(patsubst bench-%,build/bench/%,$(filter bench-%,$(.VARIABLES)))
bench_shared := selftests/crash/formats.c $(addprefix selftests/bench/format/, \
	bench_batch.c bench_pool.c bench_used.c bench_util.c)

bench_flags := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-field-initializers -pthread \
	-Itools/shim/include -Iinclude -Itools -Iselftests/crash \
	-include linux/compiler.h

build/obj-bench/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(bench_flags) -MMD -MP -c -o $@ $<

define bench_rule
build/bench/$(1): $(patsubst %.c,build/obj-bench/%.o,$(bench_shared) \
		$(addprefix selftests/bench/format/,$(bench-$(1)))) \
		$(shared_sources:%.c=build/obj/%.o)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(bench_flags) -o $$@ $$^ -lm
endef
$(foreach p,$(notdir $(bench_programs)),$(eval $(call bench_rule,$(p))))

-include $(shell [ ! -d build/obj-bench ] || find build/obj-bench -name '*.d')
