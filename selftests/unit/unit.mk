# SPDX-License-Identifier: GPL-2.0
#
# Unit programs: one binary each, prints TAP. They are built from the very
# sources of the modules, with the flags below besides ASan and UBSan: the
# recorder tells call sites apart by return addresses.

unit-programs := conformance crash_bitmap bitmap_images

unit-cflags := -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-Wno-frame-address -msse4.2 -Iselftests/unit

# Core, formats, and the stand-ins for the kernel's headers.
unit-common := $(wildcard plugins/core/*.c) $(wildcard plugins/bitmap/*.c) \
	plugins/none/none.c tools/shim/shim.c \
	selftests/unit/media_record.c selftests/unit/pool_util.c

conformance-sources := selftests/unit/conformance.c selftests/unit/model.c
crash_bitmap-sources := selftests/unit/crash_bitmap.c
bitmap_images-sources := selftests/unit/bitmap_images.c
