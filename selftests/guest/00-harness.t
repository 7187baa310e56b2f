#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The harness itself: a test that cannot fail is a defect, so each way in which
# a guest test is to fail is made to happen here.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

status_of() {
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

# counts the failures that a command reports instead of reporting them, so
# that they can be what is asserted
failures_of() {
	local before=$tap_failed count=$tap_count
	"$@" >/dev/null 2>&1 3>/dev/null 4>&3 || true
	failures=$((tap_failed - before))
	tap_failed=$before
	tap_count=$count
}

ok "boots" guest_boot g

is "output comes back" "$(guest g 'echo one; echo two >&2' 2>/dev/null)" one
is "standard error too" "$(guest g 'echo one; echo two >&2' 2>&1 >/dev/null)" two
is "a script from stdin" "$(guest g <<<'echo $((6 * 7))')" 42
is "a failing command's status comes back" "$(status_of guest g 'exit 3')" 3
is "a command that fails midway ends the script" "$(status_of guest g 'false; true')" 1
is "death by signal" "$(status_of guest g 'kill -TERM $$')" 143
is "a time limit" "$(status_of guest -t 1 g 'sleep 100')" 124
is "large output is whole" \
	"$(guest g 'seq 1000000' | sha256sum)" "$(seq 1000000 | sha256sum)"
is "a background child does not hold the answer up" \
	"$(guest -t 10 g 'sleep 30 & echo done')" "done"

guest_async g job 'sleep 0.2; echo from the job; exit 5'
is "status of an asynchronous job" "$(status_of guest_await g job)" 5
is "its output" "$(guest_await g job || true)" "from the job"

guest g 'echo durable 1 >/dev/virtio-ports/oracle'
is "the oracle's line is on the host" "$(cat "$(guest_oracle g)")" "durable 1"
like "QMP answers" "$(guest_qmp g '{"execute":"query-status"}')" '"running"'

kver=$(cat "$KERNEL_DIR/kver")
is "the guest runs the cache's kernel" "$(guest g 'uname -r')" "$kver"
is "stock kmem can be chosen" \
	"$(guest g 'use_stock; modinfo -n kmem')" \
	"/lib/modules/$kver/kernel/drivers/dax/kmem.ko"
if [ -f "$top/kmem.ko" ]; then
	is "and ours again" "$(guest g 'use_ours; modinfo -n kmem')" \
		"/lib/modules/$kver/updates/kmem.ko"
fi

# a crash: what was written to the NVDIMM is there at the next boot
is "an NVDIMM can be made a dax device" "$(guest g devdax)" dax0.0
guest g 'dd if=/dev/urandom of=/tmp/pattern bs=1M count=2 status=none
	ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null 2>&1
	dd if=/tmp/pattern of=/dev/pmem0 bs=1M seek=5 conv=fsync status=none'
sum=$(guest g 'sha256sum </tmp/pattern')
guest_kill g
is "a killed guest is noticed" "$(status_of guest g true)" 125
guest_boot g --reboot
is "the NVDIMM's bytes survive a kill" "$(guest g 'load_nvdimm
	dd if=/dev/pmem0 bs=1M skip=5 count=2 status=none | sha256sum')" "$sum"

boot_id=$(guest g 'cat /proc/sys/kernel/random/boot_id')
ok "reset" guest_reset g
second=$(guest g 'cat /proc/sys/kernel/random/boot_id')
unlike "it is another boot" "$second" "$boot_id"
ok "reboot by the guest" guest_reboot g 'echo b >/proc/sysrq-trigger'
unlike "it is another boot again" "$(guest g 'cat /proc/sys/kernel/random/boot_id')" "$second"

guest_poweroff g

# a guest that goes on where an equal one had booted to
warm() {
	tr '\0' '\n' </proc/"$(cat "$guest_dir/g.pid")"/cmdline | grep -cx -e -incoming
}
guest_boot g
is "an equal guest goes on from a saved one" "$(warm)" 1
random=$(guest g 'head -c 16 /dev/urandom | od -An -tx1')
late=$(($(date +%s) - $(guest g 'date +%s')))
is "its clock is the host's" "$((late >= 0 && late < 30 * guest_pace))" 1
guest_kill g
guest_boot g
is "the next one too" "$(warm)" 1
unlike "their random numbers differ" \
	"$(guest g 'head -c 16 /dev/urandom | od -An -tx1')" "$random"
is "and it finds the NVDIMM as the other left it" "$(guest g 'load_nvdimm
	dd if=/dev/pmem0 bs=1M skip=5 count=2 status=none | sha256sum')" "$sum"
guest_kill g
guest_boot g --cold --reboot
is "one that is to boot boots" "$(warm || true)" 0

# a planted warning must be a failure, unless it is expected
guest g 'echo "<4>WARNING: planted" >/dev/kmsg'
failures_of guest_poweroff g
is "a warning in the kernel log fails the test" "$failures" 1
is "an expected line that is absent is trouble" \
	"$(status_of "$harness/logscan" -e 'no such line' "$(guest_log g)")" 1

guest_boot g --nvdimm none --smp 1
guest g 'echo "<4>WARNING: planted" >/dev/kmsg'
guest_expect_log g 'WARNING: planted'
guest_expect_log g 'sysrq: Trigger a crash|Kernel panic'
guest_async g crash 'sleep 0.5; echo c >/proc/sysrq-trigger'
is "a crash while a command runs is noticed" "$(status_of guest -t 30 g 'sleep 20')" 125
guest_wait_gone g

# The debug kernel notices what it is there for. Lockdep's report is the only one that
# it gives: none came before, and it was at work while a pool was bound.
if [ "$guest_debug" ]; then
	guest_boot g --nvdimm 512M@1
	ok "a pool is bound" guest g 'devdax
		modprobe kmem persist_format_type=bitmap
		daxctl reconfigure-device --mode=system-ram dax0.0
		modprobe kmemp_blk'
	guest_expect_log g 'BUG: sleeping function called from invalid context'
	guest_expect_log g 'WARNING: possible circular locking dependency detected'
	guest_expect_log g 'BUG: KASAN: (slab-)?use-after-free'
	guest_expect_log g 'BUG: KASAN: slab-out-of-bounds'
	for what in sleep order freed behind; do
		ok "a mistake: $what" \
			guest g "insmod /kmemp/modules/mistakes.ko what=$what; rmmod mistakes"
	done
	guest_poweroff g
fi

done_testing
