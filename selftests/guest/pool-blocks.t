#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory blocks of another size: 128 MiB, then 2 GiB as on machines with 64 GiB
# and more, then 128 MiB again. The device also lies elsewhere then. What is in
# the pool has its place relative to the device and is found; less of the device
# can be RAM.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

persist=/sys/bus/dax/devices/dax0.0/persist
mib=256			# pages

# boot BLOCKS [OPTION...]: looks at the device, binds nothing
boot() {
	local block=$1
	shift
	blocks="$block MiB"
	ok "$blocks: boots" guest_boot g --in-turn --nvdimm 5G@1 "$@"
	guest g devdax >/dev/null
	pool_look g
	is "$blocks: is the size of memory blocks" $((pool_block >> 20)) "$block"
	diag "window: $((window_first / mib)) to $(((window_end - pool_start) >> 20)) of $((pool_pages / mib)) MiB"
}

small() {
	boot 128
}

large() {
	boot 2048 --ram 66G --cpu max,-hypervisor
}

# bind_with DATA_MIN: in which case what is withheld was never RAM
bind_with() {
	ok "$blocks: binds" guest g "modprobe kmem
		daxctl reconfigure-device --no-online --mode=system-ram dax0.0
		[ $1 = \$(cat $persist/data_min) ] || echo $1 >$persist/data_min
		daxctl online-memory dax0.0"
}

# what the others left is there
found() {
	is "$blocks: the same pool" "$(pool_get g uuid)" "$uuid"
	is "$blocks: its bad pages" "$(pool_get g bad_pages)" 2
	is "$blocks: all of the window is online" "$(pool_get g state)" online
	is "$blocks: all that data_min asks for is withheld" \
		"$(pool_get g withheld)" "$(pool_guaranteed bitmap "$1")"
	is "$blocks: accounts" "$(pool_accounts g)" ok
	guest g 'hog 1 64 >/run/hog &
		until [ -s /run/hog ]; do sleep 0.05; done; kill $!'
	is "$blocks: accounts after use" "$(pool_accounts g)" ok
}

small
small_first=$window_first
# some of the head, and more of the window than will be withheld
"$harness/pattern" fill "$(guest_image g)" "$pool_base" $((16 * mib)) $((400 * mib))
min=$((300 << 20))
guest g 'modprobe kmem persist_format_type=bitmap'
bind_with $min
uuid=$(pool_get g uuid)
guest_allow_log g 'Memory failure: '
for page in $((small_first + 7)) $((small_first + 7000)); do
	guest g "printf '%#x\n' $((pool_start + page * 4096)) \
		>/sys/devices/system/memory/hard_offline_page || true"
done
is "$blocks: two bad pages are recorded" "$(pool_bad g 2)" 2
found $min
held="$((16 * mib)) $((small_first - 16 * mib))
$(pool_held g)"
ok "$blocks: what is withheld holds the pattern" pool_intact g "$held"
guest_poweroff g

large
large_first=$window_first
ok "$blocks: its window begins far behind the other's" test "$large_first" -gt $((small_first + 1024 * mib))
ok "$blocks: the tool finds the medium sound" guest g 'kmemp check dax0.0'
"$harness/pattern" fill "$(guest_image g)" "$pool_base" "$large_first" $((200 * mib))
# head, tail and 100 MiB of the window
behind=$((pool_pages - (window_end - pool_start) / 4096))
min=$(((large_first + behind + 100 * mib) * 4096))
bind_with $min
found $min
ok "$blocks: what was withheld in small blocks is as it was" pool_intact g "$held"
here=$(pool_held g)
is "$blocks: of the window as much is withheld as head and tail leave" "$(pool_count "$here")" \
	$((100 * mib + ($(pool_guaranteed bitmap $min) - min) / 4096))
held="$held
$here"
guest_poweroff g

small
ok "$blocks: the tool finds the medium sound" guest g 'kmemp check dax0.0'
bind_with $min
found $min
ok "$blocks: what was withheld in blocks of any size is as it was" pool_intact g "$held"
guest_poweroff g
done_testing
