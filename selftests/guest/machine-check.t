#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Machine checks that name pages of a pool where the kernel's memory_failure()
# has nothing to say: outside the window, in blocks that are offline, under a
# volume. What it has told of already counts once; RAM is left to it.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

persist=/sys/bus/dax/devices/dax0.0/persist

# QEMU has the registers of Intel's machine checks, if it is asked for them
boot() {
	guest_boot g --nvdimm 1G@1 --cpu max,vendor=GenuineIntel,-erms &&
	guest g 'devdax >/dev/null; modprobe mce-inject'
}

bind() {
	guest g 'modprobe kmem persist_format_type=bitmap
		daxctl reconfigure-device --mode=system-ram dax0.0
		modprobe kmemp_blk'
}

# machine_check PAGE [STATUS]: of the pool. By default an uncorrected error of
# memory, its address physical and of a page's precision (Intel SDM 3B, 16.3.2)
machine_check() {
	guest g "
		cd /sys/kernel/debug/mce-inject
		echo sw >flags
		echo 0 >cpu
		echo ${2:-0xbc00000000000090} >status
		echo 0x8c >misc
		printf '%#x\n' $((pool_start + $1 * 4096)) >addr
		echo 1 >bank"
}

# what the log says of a page, a word a line
said() {
	guest g "sleep 0.5; dmesg | grep -o 'kmem dax0.0: page $1 is bad and [a-z]*' |
		sed 's/.* //'"
}

ok "boots" boot
ok "a pool" bind
pool_look g
uuid=$(pool_get g uuid)
head=$((window_first - 1000))
offline=$((window_first + 5000))

# Outside the window
machine_check $head
is "a page outside the window is recorded" "$(pool_bad g 1)" 1
machine_check $head
is "once, also when it is told of twice" "$(said $head)" out
is "and counted once" "$(pool_get g bad_pages)" 1
machine_check $((head + 1)) 0x9c00000000000090
is "a corrected error is none" "$(said $((head + 1)))" ""

# In a block that is offline; online it stays the pool's
ok "offline" guest -t 120 g 'daxctl offline-memory dax0.0'
machine_check $offline
is "a page of an offline block is recorded" "$(pool_bad g 2)" 2
ok "online" guest -t 120 g 'daxctl online-memory dax0.0'
is "it does not become RAM" "$(pool_runs g |
	awk -v page=$offline '$1 <= page && page < $1 + $2 { print "parked" }')" parked
is "accounts" "$(pool_accounts g)" ok

# What memory_failure() tells of too
guest_allow_log g 'Memory failure: '
guest g "printf '%#x\n' $((pool_start + offline * 4096)) \
	>/sys/devices/system/memory/hard_offline_page || true"
is "memory_failure() after a machine check adds nothing" "$(said $offline)" out
guest g "echo $((300 << 20)) >$persist/data_min"
parked=$(pool_runs g | tail -n 1 | cut -d' ' -f1)
guest g "printf '%#x\n' $((pool_start + parked * 4096)) \
	>/sys/devices/system/memory/hard_offline_page || true"
is "a parked page" "$(pool_bad g 3)" 3
machine_check "$parked"
is "a machine check after memory_failure() adds nothing" "$(said "$parked")" out
is "three are counted" "$(pool_get g bad_pages)" 3
guest g "echo 0 >$persist/data_min"

# RAM: nothing is recorded before the kernel has taken the page out of use
ram=$((pool_pages - 20000))
machine_check $ram
is "RAM is the kernel's to judge" "$(said $ram)" ""
guest g "printf '%#x\n' $((pool_start + ram * 4096)) \
	>/sys/devices/system/memory/hard_offline_page"
is "and is recorded when it has" "$(said $ram)" out

# A volume's page
guest_allow_log g 'critical medium error|I/O error, dev kmempblk|Buffer I/O error on dev kmempblk'
guest g "echo '16777216 4096 v' >/sys/class/kmemp_blk/$uuid/create
	until [ -b /dev/kmempblk0 ]; do sleep 0.1; done
	for i in 0 1 2; do
		(yes \"block \$i of the volume\" || true) |
			dd of=/dev/kmempblk0 bs=4096 count=1 seek=\$i oflag=direct iflag=fullblock status=none
	done"
# shellcheck disable=SC2016 # perl's
page=$(perl -e 'open F, "<:raw", shift; seek F, shift, 0;
	while (read F, $b, 4096) { if (!index $b, "block 1 of the volume") { print tell(F) / 4096 - 1; last } }' \
	"$(guest_image g)" "$pool_base")
page=$((page - pool_base / 4096))
ok "a page of a volume, outside the window" test "$page" -lt "$window_first"
machine_check "$page"
is "it is known to be bad" "$(said "$page")" in
ok "reading it fails" guest g \
	'! dd if=/dev/kmempblk0 bs=4096 skip=1 count=1 iflag=direct of=/dev/null 2>/dev/null'
ok "its neighbours are read" guest g '
	for i in 0 2; do
		dd if=/dev/kmempblk0 bs=4096 skip=$i count=1 iflag=direct status=none |
			grep -q "block $i of the volume"
	done'
is "it is not recorded while it is in use" "$(pool_get g bad_pages)" 3
ok "overwriting it heals the volume" guest g '
	dd if=/dev/zero of=/dev/kmempblk0 bs=4096 seek=1 count=1 oflag=direct status=none
	dd if=/dev/kmempblk0 bs=4096 skip=1 count=1 iflag=direct status=none | cmp -n 4096 - /dev/zero'
is "then it is recorded" "$(pool_bad g 4)" 4
machine_check "$page"
is "and told of no more" "$(said "$page" | xargs)" "in out"

# All are known to the next kernel, which hears of them again
guest_kill g
ok "boots after a crash" boot
ok "the pool is sound" guest g 'kmemp check dax0.0 || [ $? = 1 ]'
ok "it binds" bind
is "the bad pages are known, the one of RAM too" "$(pool_get g bad_pages)" 5
machine_check "$page"
is "one of them is bad and not in use" "$(said "$page")" out
is "and was counted" "$(pool_get g bad_pages)" 5
is "accounts after the crash" "$(pool_accounts g)" ok

ok "to devdax" guest -t 120 g 'daxctl reconfigure-device -f --mode=devdax dax0.0'
machine_check $head
ok "all modules unload" guest g 'rmmod kmem kmemp_blk kmemp_bitmap kmemp_core'
machine_check $head
ok "and nobody listens any more" guest g true
guest_poweroff g
done_testing
