#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel goes and nobody unbinds: a crash with reset, and kexec, each with
# the pool online and its RAM in use. The next kernel finds the pool, what is
# recorded in it, and each withheld page as it was.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist
data_min=$((250 << 20))

# use_ram: somebody writes to some of what the pool gives to the node
use_ram() {
	guest_async g hog 'exec hog 1 100'
	guest g 'until [ -s /run/job/hog.out ]; do sleep 0.05; done'
}

# in_pool ADDRESS...: those that lie in the device
in_pool() {
	local address
	for address in "$@"; do
		if [ $((address)) -ge "$pool_start" ] &&
		   [ $((address)) -lt $((pool_start + pool_pages * 4096)) ]; then
			echo "$address"
		fi
	done
}

# the parked pages, one a line
parked_now() {
	pool_runs g | awk '{ for (i = 0; i < $2; i++) print $1 + i }'
}

# found HOW: the next kernel has it all
found() {
	ok "$1: what was withheld is as it was" pool_intact g "$held"
	ok "$1: the tool finds the medium sound" guest g 'kmemp check dax0.0'
	ok "$1: the same command brings the pool back" guest g "modprobe kmem; $system_ram"
	is "$1: the same pool" "$(pool_get g uuid)" "$uuid"
	is "$1: its limits" "$(pool_get g data_min)" $data_min
	is "$1: as many bad pages" "$(pool_get g bad_pages)" 3
	is "$1: the same ones" "$(parked_now | grep -cxF "$bad")" 3
	is "$1: as many pages in use" "$(pool_get g used)" "$used"
	is "$1: accounts" "$(pool_accounts g)" ok
	is "$1: as much is withheld" \
		"$(pool_get g withheld)" "$(pool_guaranteed bitmap $data_min)"
}

ok "boots" guest_boot g --in-turn --nvdimm 512M@1 --reboot --kexec
guest g devdax >/dev/null
pool_look g
pool_fill g

# Limits first, memory then: what is withheld was never the allocator's and
# holds the pattern
ok "a pool" guest g "
	modprobe kmem persist_format_type=bitmap
	daxctl reconfigure-device --no-online --mode=system-ram dax0.0
	echo $data_min >$persist/data_min
	daxctl online-memory dax0.0"
uuid=$(pool_get g uuid)
guest_allow_log g 'Memory failure: '
bad=$(parked_now | sed -n '1000p;2000p;3000p')
for page in $bad; do
	guest g "printf '%#x\n' $((pool_start + page * 4096)) \
		>/sys/devices/system/memory/hard_offline_page || true"
done
is "three bad pages are recorded" "$(pool_bad g 3)" 3
used=$(pool_get g used)
held=$(pool_held g)
ok "most of what is withheld holds the pattern" \
	test "$(pool_count "$held")" -gt $((data_min / 4096 / 3))
like "the memory is not what kexec takes for RAM" "$(guest g 'cat /proc/iomem')" \
	' : System RAM \(kmem\)$'

use_ram
guest_expect_log g 'Kernel panic - not syncing: sysrq triggered crash'
guest_allow_log g 'sysrq: Trigger a crash|Call Trace'
ok "a crash, and a reset" guest_reboot g 'echo c >/proc/sysrq-trigger'
guest g devdax >/dev/null
found "after a crash"

use_ram
ok "a kernel is loaded while RAM of the pool is in use" guest_kexec_load g
first=$(guest g 'cat /proc/sys/kernel/random/boot_id')
ok "kexec" guest_kexec g
unlike "it is another boot" "$(guest g 'cat /proc/sys/kernel/random/boot_id')" "$first"
guest g devdax >/dev/null
# fields of struct boot_params (Documentation/x86/zero-page.rst)
segments=$(guest g '
	field() { od -An -tu4 -j "$1" -N 4 /sys/kernel/boot_params/data | tr -d " "; }
	echo $(($(field 0xc0) << 32 | $(field 0x218)))
	echo $(($(field 0xc8) << 32 | $(field 0x228)))')
diag "initrd and command line were loaded at: $segments"
is "its initrd and command line are known" "$(grep -cv '^0$' <<<"$segments")" 2
# shellcheck disable=SC2086
is "and none was put into the pool" "$(in_pool $segments)" ""
found "after kexec"

# RAM of it is RAM again, and nothing else
guest_allow_log g 'hog invoked oom-killer'
held=$(pool_held g)
ok "a hog gets the rest of the node" guest -t 300 g 'hog 1'
ok "and touches nothing that is withheld" pool_intact g "$held"
guest_poweroff g
done_testing
