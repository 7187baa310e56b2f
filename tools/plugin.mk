# SPDX-License-Identifier: GPL-2.0
#
# For a format of pools that is kept outside the tree, see
# Documentation/plugin-api.rst. `make install-headers` puts this file, and what
# it needs, in a directory of its own. The makefile of such a format:
#
#	plugin_sources := main.c
#	include /usr/src/kmem-persist/plugin.mk
#
# Beside it: formats.c, the table of what is tested; and Kbuild, which gets
# KMEM_PERSIST, this directory:
#
#	ccflags-y := -I$(KMEM_PERSIST)/include
#	obj-m += kmemp_NAME.o
#	kmemp_NAME-y := main.o
#
#	make modules [KVER= | KDIR=]	the module, for the kernel whose symbols
#					are installed here
#	make tool			build/kmemp-format.so, with which kmemp
#					knows the format
#	make check [N=]			the format in user space: conformance,
#					failures, the gates of the crash explorer
#	make check-states [N=]		a crash after every store

KMEM_PERSIST := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
Q := $(if $(filter 1,$(V)),,@)
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
# As the modules have it; Debian's kernel.release is another
plugin_kernel = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h)
# Modules get BTF where the kernel's vmlinux lies beside its headers
plugin_btf = $(if $(and $(wildcard $(KDIR)/vmlinux),$(shell command -v pahole)),,CONFIG_DEBUG_INFO_BTF_MODULES=)

.PHONY: all
all: modules tool programs

.PHONY: modules
modules:
	$(Q)+$(MAKE) $(if $(Q),-s) -C $(KDIR) M=$(CURDIR) KMEM_PERSIST=$(KMEM_PERSIST) \
		KBUILD_EXTRA_SYMBOLS=$(KMEM_PERSIST)/$(plugin_kernel)/Module.symvers \
		$(plugin_btf) modules

include $(KMEM_PERSIST)/test/flags.mk

plugin_include := -I$(KMEM_PERSIST)/shim/include -I$(KMEM_PERSIST)/include
plugin_flags := $(test_cflags) -O1 $(unit_no_copies) $(unit_sanitize) \
	$(plugin_include) -I$(KMEM_PERSIST)/test
plugin_objects := $(patsubst %.c,build/%.o,$(plugin_sources) formats.c)
plugin_programs := build/conformance build/test_fail build/crash_gates \
	build/crash_states

.PHONY: programs
programs: $(plugin_programs)

build/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(plugin_flags) -MMD -MP -c -o $@ $<

$(plugin_programs): build/%: $(KMEM_PERSIST)/test/%.o $(plugin_objects) \
		$(KMEM_PERSIST)/test/libkmemp-test.a
	$(Q)$(CC) $(plugin_flags) $(if $(findstring crash,$@),$(crash_link)) -o $@ $^

.PHONY: tool
tool: build/kmemp-format.so

build/kmemp-format.so: $(plugin_sources) $(wildcard *.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(test_cflags) -O2 -fPIC -shared $(plugin_include) -o $@ \
		$(plugin_sources)

-include $(plugin_objects:.o=.d)

.PHONY: check
check: build/conformance build/test_fail build/crash_gates
	$(Q)build/conformance
	$(Q)build/test_fail
	$(Q)build/crash_gates short

.PHONY: check-states
check-states: build/crash_states
	$(Q)build/crash_states
