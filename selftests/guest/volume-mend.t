#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mending: a volume that random overwrites have shattered is put together when it
# is idle, with the same contents and accounts; not when it is told not to; and
# a crash in the middle of it loses nothing.
# shellcheck disable=SC2016 # what the guest expands
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

size=$((8 << 20))
chunks=$((size >> 21))
sysfs=/sys/block/kmempblk0/volume

start() {
	guest g 'modprobe kmem persist_format_type=bitmap
		daxctl reconfigure-device --mode=system-ram dax0.0
		modprobe kmemp_blk'
}

# It is mended only while somebody has it open
hold_open() {
	guest g 'sleep 600 9<>/dev/kmempblk0 >/dev/null 2>&1 & echo $! >/tmp/holder'
}

shatter() {
	guest -t 120 g "fio --name=s --filename=/dev/kmempblk0 --direct=1 --rw=randwrite \
		--bs=4k --size=$size --randseed=$1 --output=/dev/null"
}

sum() {
	guest g "head -c $size /dev/kmempblk0 | xxh64sum"
}

# of the volume: fragments, mended
number() {
	guest g "cat $sysfs/$1"
}

# until so many chunks have been mended
await_mended() {
	guest -t 60 g "until [ \$(cat $sysfs/mended) -ge $1 ]; do sleep 0.05; done"
}

ok "boots" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
ok "a pool" start
uuid=$(pool_get g uuid)
ok "a volume" guest g "echo '$((4 * size)) 4096 v' >/sys/class/kmemp_blk/$uuid/create
	echo N >/sys/module/kmemp_blk/parameters/mend"
ok "that is open" hold_open
ok "written from one end to the other" guest g "
	noise $((size >> 20))M | dd of=/dev/kmempblk0 bs=1M iflag=fullblock oflag=direct status=none"
ok "lies in few pieces: $(number fragments)" test "$(number fragments)" -lt 100
ok "overwritten at random" shatter 1
shattered=$(number fragments)
ok "lies in many: $shattered" test "$shattered" -gt 1000
guest g 'sleep 1.5'
is "nothing is mended where that is not wanted" "$(number mended)" 0
before=$(sum)
used=$(pool_get g used)

ok "mended when it is idle" guest g '
	echo Y >/sys/module/kmemp_blk/parameters/mend
	dd if=/dev/kmempblk0 of=/tmp/page bs=4k count=1 status=none
	dd if=/tmp/page of=/dev/kmempblk0 bs=4k count=1 oflag=direct conv=notrunc status=none'
ok "all chunks of it" await_mended "$chunks"
ok "lies in one piece each: $(number fragments)" test "$(number fragments)" -le "$chunks"
is "holds what it held" "$(sum)" "$before"
guest g 'sleep 0.5'
ok "takes no more of the pool than before" test "$(pool_get g used)" -le "$used"
is "accounts" "$(pool_accounts g)" ok

ok "shattered again" shatter 2
before=$(sum)
ok "mended in part" await_mended $((chunks + 2))
guest_kill g
ok "boots after a crash" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
ok "the pool is sound" guest g 'kmemp check dax0.0 >/tmp/check || [ $? = 1 ]'
ok "bound" start
is "the volume holds what it held" "$(sum)" "$before"
ok "it is open again" hold_open
ok "and the rest is mended" guest -t 60 g "
	until [ \$(cat $sysfs/fragments) -le $chunks ]; do sleep 0.1; done"
is "with the same contents" "$(sum)" "$before"
is "accounts after the crash" "$(pool_accounts g)" ok
ok "closing ends it" guest g 'kill "$(cat /tmp/holder)"; sleep 0.2; rmmod kmemp_blk'
guest_poweroff g
done_testing
