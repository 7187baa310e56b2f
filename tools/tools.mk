# SPDX-License-Identifier: GPL-2.0
#
# The command line tool: the formats' and the core's own sources, compiled over
# the stand-in headers of tools/shim. Included by the top-level Makefile.

tool_libs := libdaxctl blkid json-c uuid libkmod
tool_flags := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-Itools/shim/include -Iinclude -include linux/compiler.h

# what the tool and the unit tests share
shared_sources := $(wildcard plugins/*/*.c) tools/shim/shim.c tools/media_file.c
tool_sources := $(filter-out tools/media_file.c,$(wildcard tools/*.c)) \
	$(shared_sources)
tool_objects := $(tool_sources:%.c=build/obj/%.o)

build/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(tool_flags) $$(pkg-config --cflags $(tool_libs)) \
		-MMD -MP -c -o $@ $<

# Formats outside the tree use the core that is linked in: see tools/formats.c
build/tools/kmemp: $(tool_objects)
	@mkdir -p $(@D)
	$(Q)$(CC) -rdynamic -o $@ $^ $$(pkg-config --libs $(tool_libs))

-include $(tool_objects:.o=.d)
