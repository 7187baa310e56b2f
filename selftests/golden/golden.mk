# SPDX-License-Identifier: GPL-2.0
#
# Golden images: the test of them, and what writes them anew. Included by the
# top-level Makefile after selftests/unit/unit.mk.

golden-golden_images := golden_images.c
golden_shared := $(patsubst %.c,build/obj-unit/%.o,$(shared_sources) \
	selftests/golden/golden.c $(addprefix selftests/unit/, \
		media_record.c pool_util.c sample.c))

unit_programs += build/unit/golden_images

build/unit/golden_images: build/obj-unit/selftests/golden/golden_images.o
build/golden/make_golden: build/obj-unit/selftests/golden/make_golden.o
build/unit/golden_images build/golden/make_golden: $(golden_shared)
	@mkdir -p $(@D)
	$(Q)$(CC) $(unit_flags) $(unit_sanitize) -o $@ $^
