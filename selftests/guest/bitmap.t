#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pool of format bitmap in the kernel: its metadata stays out of the page
# allocator, what is recorded in it is there after a crash, offline and unbind,
# and the tool finds the medium sound in between.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

# hard_offline INDEX...: the kernel learns that pages of the window are bad
hard_offline() {
	guest g "for index in $*; do
			printf '%#x\n' \$(($window_start + index * 4096)) \
				>/sys/devices/system/memory/hard_offline_page || true
		done"
}

# reported N: waits until N pages have been recorded as bad
reported() {
	guest g "for i in \$(seq 100); do
			dmesg | grep -c 'is bad and out of use' | grep -qx $1 && break
			sleep 0.1
		done
		dmesg | grep -c 'is bad and out of use'"
}

ok "boots" guest_boot g --in-turn --nvdimm 512M@1
guest g devdax >/dev/null
pool_look g
ok "a device is formatted as bitmap at bind, the plugin loaded by name" \
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram"
uuid=$(pool_get g uuid)
is "its type" "$(pool_get g type)" bitmap
is "its plugin is loaded" "$(guest g 'lsmod | grep -c ^kmemp_bitmap')" 1
is "accounts" "$(pool_accounts g)" ok
guest g "echo $((300 << 20)) >$persist/data_min"

# Bad pages are objects of this format, so each is a commit from the kernel
guest_allow_log g 'Memory failure: '
parked=$(guest g "parked $window_start $window_end" |
	awk '$1 != "total" { for (i = 0; i < $2; i++) print $1 + i }' | sed -n '10p;20p;30p')
used=$(pool_get g used)
# shellcheck disable=SC2086 # three words
hard_offline $parked
is "three parked pages are recorded as bad" "$(reported 3)" 3
is "they are counted" "$(pool_get g bad_pages)" 3
ok "and took metadata" test "$(pool_get g used)" -gt "$used"
is "accounts with them" "$(pool_accounts g)" ok
used=$(pool_get g used)

guest_kill g
guest_boot g --in-turn --nvdimm 512M@1
guest g devdax >/dev/null
ok "after a crash the tool finds the medium sound" \
	guest g 'kmemp check dax0.0'
ok "the same command brings it back, the plugin loaded by number" \
	guest g "modprobe kmem; $system_ram"
is "the same pool" "$(pool_get g uuid)" "$uuid"
is "as many pages are in use" "$(pool_get g used)" "$used"
is "as many of them are bad" "$(pool_get g bad_pages)" 3
is "the bad pages are withheld again" \
	"$(guest g "parked $window_start $window_end" |
		awk '$1 != "total" { for (i = 0; i < $2; i++) print $1 + i }' |
		grep -cxF "$parked")" 3
is "accounts after the crash" "$(pool_accounts g)" ok

for i in 1 2 3; do
	ok "back to devdax, round $i" guest -t 120 g "$devdax"
	ok "sound, round $i" guest g 'kmemp check dax0.0'
	ok "and to system-ram, round $i" guest g "$system_ram"
	is "accounts, round $i" "$(pool_accounts g)" ok
done
is "nothing has leaked" "$(pool_get g used)" "$used"
nok "the plugin cannot be unloaded under it" guest g 'rmmod kmemp_bitmap'
ok "back to devdax" guest -t 120 g "$devdax"
ok "all modules unload" guest g 'rmmod kmem kmemp_bitmap kmemp_core'
guest_poweroff g
done_testing
