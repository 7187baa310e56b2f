# SPDX-License-Identifier: GPL-2.0
#
# Damaged images: what the fuzzers run and what `make check` runs are the same
# sources, the one built by clang for libFuzzer and by AFL++'s clang for that,
# the other as unit tests are.
# Included by the top-level Makefile after selftests/unit/unit.mk. A program is
# one line: fuzz-NAME := its own sources.

fuzz-images := images.c
fuzz-fuzz_corpus := fuzz_corpus.c damage.c

fuzz_names := $(patsubst fuzz-%,%,$(filter fuzz-%,$(.VARIABLES)))
fuzz_shared := $(shared_sources) \
	$(addprefix selftests/fuzz/,image.c reseal.c) \
	$(addprefix selftests/unit/,media_record.c pool_util.c sample.c)

# Seals are found by the calls of crc32c().
fuzz_link := -Wl,--wrap=crc32c

# $(1): program
define fuzz_rules
unit_programs += build/unit/$(1)

build/unit/$(1): $(patsubst %.c,build/obj-unit/%.o,$(fuzz_shared) \
		$(addprefix selftests/fuzz/,$(fuzz-$(1))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(unit_flags) $(unit_sanitize) $(fuzz_link) -o $$@ $$^
endef
$(foreach p,$(fuzz_names),$(eval $(call fuzz_rules,$(p))))

# for selftests/guest/corpus.t, on the host
build/fuzz/plant: $(patsubst %.c,build/obj-unit/%.o,$(fuzz_shared) \
		selftests/fuzz/plant.c selftests/fuzz/damage.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(unit_flags) $(unit_sanitize) $(fuzz_link) -o $@ $^

# clang knows no -fno-ipa-*: nothing here asks for call sites. What is compared
# is not traced: values stand in inputs by number, and it takes half the time.
fuzz_flags := $(test_flags) -O2
fuzz_sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_cover := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

build/obj-fuzz/plugins/%.o: fuzz_flags += $(fuzz_cover)

build/obj-fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(fuzz_flags) $(fuzz_sanitize) -MMD -MP -c -o $@ $<

fuzz_sources := $(fuzz_shared) selftests/fuzz/fuzz.c selftests/fuzz/damage.c

build/fuzz/fuzz: $(fuzz_sources:%.c=build/obj-fuzz/%.o)
	@mkdir -p $(@D)
	$(Q)clang $(fuzz_sanitize) -fsanitize=fuzzer $(fuzz_link) -o $@ $^

# Only plugins are instrumented for AFL++ too; the rest is as above.
build/obj-afl/%.o: %.c
	@mkdir -p $(@D)
	$(Q)AFL_QUIET=1 afl-clang-fast $(test_flags) -O2 $(fuzz_sanitize) -MMD -MP -c -o $@ $<

build/fuzz/fuzz-afl: $(patsubst %.c,build/obj-afl/%.o, \
		$(filter plugins/%,$(fuzz_sources))) \
		$(patsubst %.c,build/obj-fuzz/%.o, \
			$(filter-out plugins/%,$(fuzz_sources)))
	@mkdir -p $(@D)
	$(Q)AFL_QUIET=1 afl-clang-fast $(fuzz_sanitize) -fsanitize=fuzzer $(fuzz_link) -o $@ $^

-include $(foreach k,fuzz afl,$(shell [ ! -d build/obj-$(k) ] || \
	find build/obj-$(k) -name '*.d'))
