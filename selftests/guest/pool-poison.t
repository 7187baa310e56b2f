#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Poison where the superblock is: in one of its two pages, in both, before the
# bind and while the pool is online.
#
# QEMU lets every load from poison succeed. So a machine check here is known to
# the kernel and costs nothing; and that a read fails is made by a probe, which
# lets copy_mc_to_kernel(), with which we read, return for one page what it
# returns on poison. That the real function survives a real machine check is the
# kernel's affair and is not seen here.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

ok "boots" guest_boot g --in-turn --nvdimm 512M@1
use_device "$(guest g devdax)"
pool_look g
ok "a pool" guest g "modprobe kmem persist_format_type=bitmap; $system_ram"
uuid=$(pool_get g uuid)
first=$pool_start
copy=$((first + (pool_pages - 1) * 4096))
# for refuse.sh it is the place in the image
pool_start=$pool_base
ok "and back" guest -t 120 g "$devdax"

# unreadable ADDRESS,...: copies from these pages fail
unreadable() {
	guest g "insmod /kmemp/modules/fail_call.ko symbol=copy_mc_to_kernel value=4096 phys=$1"
}

readable() {
	guest g 'rmmod fail_call'
}

superblock_page() {	# ADDRESS: its checksum
	dd if="$image" bs=4096 count=1 iflag=skip_bytes status=none \
		skip=$((pool_start + $1 - first)) | sha256sum
}

# one WHAT ADDRESS DATA_MIN: the pool opens by the other page
one() {
	local what=$1 page=$2 before
	before=$(superblock_page "$page")
	unreadable "$page"
	guest_do "mark $3"
	ok "$what: the pool binds" guest g "$system_ram"
	is "$what: it is the pool" "$(pool_get g uuid)" "$uuid"
	like "$what: the log tells of it" "$(guest_do "log_since $3")" \
		"kmem dax0.0: pool $uuid, .*, a superblock page cannot be mended"
	is "$what: accounts" "$(pool_accounts g)" ok
	is "$what: the page was left alone" "$(superblock_page "$page")" "$before"
	guest g "echo $3 >$persist/data_min"
	ok "$what: back to devdax" guest -t 120 g "$devdax"
	readable
	# it has lost something
	poke_hex $((page - first + 104)) ff
	ok "$what: once it is readable the pool binds" guest g "$system_ram"
	is "$what: with what was written meanwhile" "$(pool_get g data_min)" "$3"
	ok "$what: back to devdax again" guest -t 120 g "$devdax"
	ok "$what: and the page is mended" guest g 'kmemp check dax0.0'
}

one "first page" "$first" $((40 << 20))
one "copy" "$copy" $((44 << 20))

unreadable "$first,$copy"
refused "both pages" unreadable "Input/output error" \
	'cannot be read.*ndctl clear-errors.*kmemp check dax0\.0$'
readable
guest g "echo dax0.0 >/sys/bus/dax/drivers/device_dax/bind"

### A machine check that names the first page

# as the north bridge of QEMU's processor (AMD's) would report it
guest g "modprobe mce-inject
	cd /sys/kernel/debug/mce-inject
	echo 0xbc00000000080090 >status
	echo $(printf '%#x' "$first") >addr
	echo 0x8c >misc
	echo 0 >cpu
	echo sw >flags
	echo 4 >bank"
like "machine check: the region has a bad block there" "$(guest g 'for i in $(seq 50); do
		[ ! -s /sys/bus/nd/devices/region0/badblocks ] || break
		sleep 0.1
	done
	cat /sys/bus/nd/devices/region0/badblocks')" "^$((pool_base / 512)) 8"
ok "machine check: what can be read is bound" guest g "$system_ram"
is "machine check: it is the pool" "$(pool_get g uuid)" "$uuid"

### Bad while the pool is online: the copy, which is in the window

guest_allow_log g 'Memory failure: '
is "online: the copy is parked" \
	"$(guest g "parked $copy $((copy + 4096))" | sed -n 's/^total //p')" 1
guest g "printf '%#x\n' $copy >/sys/devices/system/memory/hard_offline_page || true"
like "online: the log says that it is the pool's own" "$(guest g 'for i in $(seq 50); do
		dmesg | grep -q "is bad" && break
		sleep 0.1
	done; dmesg')" \
	"kmem dax0.0: page $((pool_pages - 1)) is bad and in use: reading what it holds fails until that is overwritten or removed; see: kmemp check dax0.0"
is "online: accounts" "$(pool_accounts g)" ok
ok "online: the limit can still be changed" guest g "echo $((60 << 20)) >$persist/data_min"
is "online: accounts with it" "$(pool_accounts g)" ok
ok "online: back to devdax" guest -t 120 g "$devdax"
ok "online: and bound again" guest g "$system_ram"
is "online: the limit is as it was set" "$(pool_get g data_min)" $((60 << 20))
is "online: accounts after the bind" "$(pool_accounts g)" ok
guest_poweroff g
done_testing
