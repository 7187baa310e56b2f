# SPDX-License-Identifier: GPL-2.0
#
# Damaged images: what the fuzzer runs and what `make check` runs are the same
# sources, the one built by clang for libFuzzer, the other as unit tests are.
# Included by the top-level Makefile after selftests/unit/unit.mk. A program is
# one line: images-NAME := its own sources.

images-fuzz_corpus := fuzz/replay.c fuzz/damage.c

images_names := $(patsubst images-%,%,$(filter images-%,$(.VARIABLES)))
images_shared := $(shared_sources) $(addprefix selftests/, \
	fuzz/image.c fuzz/reseal.c \
	unit/media_record.c unit/pool_util.c unit/sample.c)

# Seals are found by the calls of crc32c().
images_link := -Wl,--wrap=crc32c
images_flags := -Iselftests/fuzz

# $(1): program
define images_rules
unit_programs += build/unit/$(1)

build/unit/$(1): $(patsubst %.c,build/obj-unit/%.o,$(images_shared) \
		$(addprefix selftests/,$(images-$(1))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(unit_flags) $(unit_sanitize) $(images_link) -o $$@ $$^
endef
$(foreach p,$(images_names),$(eval $(call images_rules,$(p))))

build/obj-unit/selftests/fuzz/%.o build/obj-unit/selftests/unit/images%.o: \
	unit_flags += $(images_flags)

# clang knows no -fno-ipa-*: nothing here asks for call sites. What is compared
# is not traced: values stand in inputs by number, and it takes half the time.
fuzz_flags := $(test_flags) $(images_flags) -O2
fuzz_sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_cover := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

build/obj-fuzz/plugins/%.o: fuzz_flags += $(fuzz_cover)

build/obj-fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(fuzz_flags) $(fuzz_sanitize) -MMD -MP -c -o $@ $<

build/fuzz/fuzz: $(patsubst %.c,build/obj-fuzz/%.o,$(images_shared) \
		selftests/fuzz/fuzz.c selftests/fuzz/damage.c)
	@mkdir -p $(@D)
	$(Q)clang $(fuzz_sanitize) -fsanitize=fuzzer $(images_link) -o $@ $^

-include $(shell [ ! -d build/obj-fuzz ] || find build/obj-fuzz -name '*.d')
