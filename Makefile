# SPDX-License-Identifier: GPL-2.0

# Humane targets; what the modules are made of is told in Kbuild.

KVER ?=
N ?= 1
V ?= 0
# a test in a guest waits for a fifth of its time
J ?= $(shell expr $$(nproc) + 1)
TESTS ?=
SEED ?= 1
T ?= 60
FORMAT ?=
export N V SEED T FORMAT

H := selftests/harness
HOSTCFLAGS := -O2 -g -Wall -Wextra -Werror
Q := $(if $(filter 1,$(V)),,@)

# The cache's kernel; looked up once, and only by the targets that use it
kernel := $(H)/$(if $(filter debug,$(KVER)),debug-kernel,kernel $(KVER))
KERNEL_DIR = $(eval KERNEL_DIR := $$(shell $(kernel)))$(or \
	$(KERNEL_DIR),$(error no guest kernel))

# What modules are built for: KDIR, else KVER, else the running kernel if its
# headers are installed, else the cache's kernel.  KMEMP_VMLINUX tells Kbuild
# where that kernel's BTF is.
running := $(if $(KVER),,$(wildcard /lib/modules/$(shell uname -r)/build))
ifneq ($(KDIR),)
KMEMP_VMLINUX ?= $(wildcard $(KDIR)/vmlinux)
else ifneq ($(running),)
KDIR = $(running)
KMEMP_VMLINUX ?= $(wildcard /sys/kernel/btf/vmlinux)
else
KDIR = $(KERNEL_DIR)/headers
KMEMP_VMLINUX ?= $(KERNEL_DIR)/vmlinux
endif

# what a guest runs has to fit its kernel, whatever this machine's is
with_guest_kernel = $(MAKE) --no-print-directory \
	KDIR=$(KERNEL_DIR)/headers KMEMP_VMLINUX=$(KERNEL_DIR)/vmlinux

# What has many objects is built on all processors, unless make was told how many
jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# What lint asks of a module: every warning is an error, and each file that is
# compiled so also goes through sparse.  For guests modules are built in no
# other way, so that lint finds its work done.
strict = W=1 KCFLAGS=-Werror C=1 CHECK=$(CURDIR)/selftests/lint/sparse \
	CF=-D__CHECK_ENDIAN__

# Modules get BTF where the kernel's vmlinux lies beside its headers, and pahole
# is there; kbuild would say of each module that the one is missing, and fail
# without the other, as with Debian's headers since 6.12
kbuild = $(MAKE) $(jobs) $(if $(filter 1,$(V)),,-s) -C $(KDIR) \
	KMEMP_VMLINUX=$(KMEMP_VMLINUX) $(if $(STRICT),$(strict)) \
	$(if $(and $(wildcard $(KDIR)/vmlinux),$(shell command -v pahole)),,CONFIG_DEBUG_INFO_BTF_MODULES=)

.PHONY: all
all: modules tools	## modules and tools

# kbuild does not see that symbol versions which it took from elsewhere have
# changed, hence the rm
.PHONY: modules
modules: packages-build	## the kernel modules, for KDIR or KVER
	$(Q)+$(kbuild) M=$(CURDIR) modules
	$(Q)! [ Module.symvers -nt selftests/modules/Module.symvers ] || \
		rm -f selftests/modules/Module.symvers
	$(Q)+$(if $(wildcard selftests/modules/Kbuild),$(kbuild) \
		M=$(CURDIR)/selftests/modules modules,:)

include tools/tools.mk
include selftests/unit/unit.mk
include selftests/crash/crash.mk
include selftests/fuzz/fuzz.mk
include selftests/golden/golden.mk
include selftests/bench/format/bench-format.mk
include selftests/tool/tool.mk
include selftests/unit/coverage.mk
include tools/install.mk

# Packages first: what is made then asks pkg-config
.PHONY: tools
tools: packages-build packages-tools	## the command line tool, build/tools/kmemp
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory build/tools/kmemp

.PHONY: packages-%
packages-%:
	$(Q)$(H)/install-packages $*

# What tests need: the harness's own programs, programs for the guest, and all
# of it packed for the guest
harness_programs := build/harness/agent build/harness/guestctl build/harness/tsc
guest_programs := $(patsubst selftests/guest/%.c,build/guest/%,$(wildcard selftests/guest/*.c))

build/harness/%: $(H)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTCFLAGS) -static -o $@ $<

build/guest/%: selftests/guest/%.c selftests/guest/noise.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTCFLAGS) -static -pthread -o $@ $<

# made of the format's own sources
build/obj/selftests/guest/forge.o: tool_flags += -Itools
build/guest/forge: build/obj/selftests/guest/forge.o \
		$(shared_sources:%.c=build/obj/%.o)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -pthread -o $@ $^
-include build/obj/selftests/guest/forge.d

# knows the medium
build/guest/superpatch: include/kmem_persist/format.h
build/guest/superpatch: HOSTCFLAGS += -Iinclude -Itools/shim/include

.PHONY: payload
payload: $(harness_programs) $(guest_programs) build/fuzz/plant
	$(Q)printf "KERNEL_DIR=%s\nROOT_IMAGE=%s\nGUEST_TSC='%s'\n" \
		$(KERNEL_DIR) $$($(H)/rootfs) "$$(build/harness/tsc)" >build/harness/env
	$(Q)$(H)/payload $(KERNEL_DIR) build/harness/payload.sqfs

.PHONY: unit
unit: packages-build packages-tools
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory $(unit_programs) \
		$(plugin_test) $(bench_programs) $(tool_programs)

# What runs in a guest, built for its kernel
.PHONY: guest-build
guest-build: packages-build packages-tools packages-test
	$(Q)+$(with_guest_kernel) modules STRICT=1
	$(Q)+$(with_guest_kernel) tools
	$(Q)+$(with_guest_kernel) $(jobs) $(if $(Q),-s) payload

# What every test runs on
.PHONY: test-build
test-build: guest-build
	$(Q)+$(with_guest_kernel) unit

.PHONY: check
check: test-build	## lint and all tests, or only TESTS="FILE..."
	$(Q)$(if $(TESTS),,+$(with_guest_kernel) lint)
	$(Q)J=$(J) $(H)/run-tests $(TESTS)

.PHONY: crash
crash: packages-build packages-tools	## what a crash may leave, over every format: gates as fractions
	$(Q)+$(MAKE) $(if $(Q),-s) --no-print-directory \
		build/crash/crash_gates build/crash/crash_mutants
	$(Q)J=$(J) selftests/crash/run full

.PHONY: crash-long
crash-long: packages-build packages-tools	## the same, then random workloads for N minutes, from SEED on
	$(Q)+$(MAKE) $(if $(Q),-s) --no-print-directory \
		build/crash/crash_gates build/crash/crash_mutants
	$(Q)J=$(J) selftests/crash/run long

.PHONY: fuzz
fuzz: packages-build packages-tools packages-fuzz $(if $(filter afl,$(ENGINE)),packages-fuzz-afl)	## damaged images, each format for T seconds, or FORMAT alone
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory \
		build/fuzz/fuzz$(if $(filter afl,$(ENGINE)),-afl) build/unit/fuzz_corpus
	$(Q)selftests/fuzz/run $(ENGINE)

.PHONY: golden
golden: packages-build packages-tools	## write selftests/golden anew, where the medium was changed on purpose
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory \
		build/golden/make_golden
	$(Q)build/golden/make_golden

.PHONY: model
model: packages-build packages-tools	## N million random operations over every format, against a model
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory \
		build/crash/conformance
	$(Q)nice build/crash/conformance $(N)000000

.PHONY: coverage
coverage: packages-build packages-tools packages-coverage	## lines and branches of plugins/ that tests in user space reach
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory $(coverage_programs)
	$(Q)find build/obj-coverage -name '*.gcda' -exec rm -f {} +
	$(Q)J=$(J) $(H)/run-tests $(coverage_programs)
	$(Q)selftests/unit/coverage build/obj-coverage selftests/unit/coverage.known

.PHONY: demo
demo: guest-build	## the main job in front of your eyes, on a guest under QEMU
	$(Q)selftests/demo/demo

.PHONY: bench
bench: guest-build	## counts, speed and times, beside brd, pmem, BTT and stock kmem
	$(Q)selftests/bench/bench

.PHONY: bench-format
bench-format: packages-build packages-tools packages-bench	## the formats, native: commits, isolation, open time
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory $(bench_programs)
	$(Q)MEDIA='$(MEDIA)' SMALL='$(SMALL)' selftests/bench/format/run

.PHONY: lint
lint: packages-build packages-lint	## sparse, W=1, checkpatch, includes, cppcheck, shellcheck
	$(Q)+KDIR=$(KDIR) KMEMP_VMLINUX=$(KMEMP_VMLINUX) selftests/lint/all

.PHONY: docs
docs: packages-docs	## Documentation as HTML, in build/docs; what repeats the source is renewed
	$(Q)selftests/docs/generate
	$(Q)sphinx-build -q -W --keep-going -b html -d build/docs/.doctrees \
		Documentation build/docs
	@echo "documents: build/docs/index.html"

.PHONY: clean
clean:	## remove what was built; the cache of guest kernels stays
	$(Q)rm -rf build
	$(Q)find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o \
		-name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o \
		-name '.*.d' -o -name 'modules.order' -o -name 'Module.symvers' \) -exec rm -f {} +

.PHONY: help
help:	## this list
	@sed -n 's/^\([a-z-]*\):.*	## /\1	/p' Makefile tools/install.mk | expand -t 12
	@echo
	@echo 'KVER=...    a Debian kernel to fetch, build for and boot (now: 6.1 of this Debian)'
	@echo 'KVER=debug  the same with one that finds mistakes: KASAN, lockdep; it is built'
	@echo '            first, and slow: give TESTS'
	@echo 'KDIR=...    kernel headers to build modules and tools for'
	@echo 'TESTS=...   test files for check'
	@echo 'J=...       tests at a time (now: one more than there are processors)'
	@echo 'N=1         scale of long test loops; minutes of crash-long'
	@echo 'SEED=1      first random workload of crash-long; of fuzz, bench-format likewise'
	@echo 'T=60        seconds that fuzz takes for a format'
	@echo 'FORMAT=...  the only one that fuzz takes'
	@echo 'ENGINE=afl  what fuzz is done with, instead of libFuzzer'
	@echo 'MEDIA=...   what bench-format stores to instead of DRAM: /dev/daxX.Y or a file, empty'
	@echo 'SMALL=1     bench-format in some seconds'
	@echo 'V=1         show commands, and each assertion'
