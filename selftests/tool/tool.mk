# SPDX-License-Identifier: GPL-2.0
#
# Programs for tests of the tool. Included by the top-level Makefile after
# tools/tools.mk.

tool_programs := build/tool/fill build/tool/populate build/tool/poison.so

build/obj/selftests/tool/%.o: tool_flags += -Itools -Iplugins

build/tool/fill build/tool/populate: build/tool/%: \
		build/obj/selftests/tool/%.o build/obj/tools/pages.o \
		$(shared_sources:%.c=build/obj/%.o)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^
-include $(patsubst %,build/obj/selftests/tool/%.d,fill populate)

build/tool/poison.so: selftests/tool/poison.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTCFLAGS) -shared -fPIC -o $@ $<
