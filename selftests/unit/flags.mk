# SPDX-License-Identifier: GPL-2.0
#
# How programs are compiled that test a format. Included by unit.mk, and by
# tools/plugin.mk for formats that are built outside the tree.

# The recorder tells call sites apart by return addresses: no sibling calls; and
# no copies of a function but those that the source asks for.
test_cflags := -std=gnu11 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -Wno-frame-address \
	-include linux/compiler.h
unit_no_copies := -fno-inline-small-functions -fno-inline-functions \
	-fno-inline-functions-called-once -fno-partial-inlining -fno-ipa-cp \
	-fno-ipa-sra -fno-ipa-icf
unit_sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all

# Addresses of call sites are looked up in the program file; what is under a
# seal is learnt from the calls of crc32c().
crash_link := -no-pie -Wl,--wrap=crc32c
