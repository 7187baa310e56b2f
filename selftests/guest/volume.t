#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Volumes: created, written, read, discarded, resized, removed; ext4 on one of
# them survives a crash; hostile lines are refused.
# shellcheck disable=SC2016 # what the guest expands
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

ok "boots" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
ok "a pool of bitmap" \
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram"
uuid=$(pool_get g uuid)
class=/sys/class/kmemp_blk/$uuid
ok "volumes can be made when kmemp_blk is loaded" \
	guest g "modprobe kmemp_blk; test -d $class"
is "whose pool it is" "$(guest g "cat $class/device")" dax0.0

# Lines that are refused
used=$(pool_get g used)
lines=('' '4096' '4096 4096' '4096 4096 ' '4097 4096 odd' '0 4096 none'
	'4096 1024 block' '4096 18446744073709551615 block' '-4096 4096 minus'
	'4096 4096 a/b' '4096 4096 .' '4096 4096 ..' '4096 4096 -x'
	'9223372036854775808 4096 huge' "4096 4096 $(printf 'n%.0s' $(seq 65))"
	$'4096 4096 tab\there' $'4096 4096 \xff\xfe')
mapfile -t answers <<<"$(guest g "
	for line in $(printf '%q ' "${lines[@]}"); do
		(printf '%s\n' \"\$line\" >$class/create) && echo taken || echo refused
	done")"
for i in "${!lines[@]}"; do
	line=${lines[i]}
	is "create refuses '${line:0:40}'" "${answers[i]-}" refused
done
nok "a byte of zero is refused" guest g "printf '4096 4096 a\\0b\n' >$class/create"
nok "removing what is not there" guest g "echo nothing >$class/remove"
nok "resizing what is not there" guest g "echo 4096 nothing >$class/resize"
is "nothing has been taken by that" "$(pool_get g used)" "$used"

ok "a volume larger than the pool" \
	guest g "echo '8589934592 512 my data' >$class/create"
is "its disk" "$(guest g 'cat /sys/block/kmempblk0/size')" $((8589934592 / 512))
is "its name" "$(guest g 'cat /sys/block/kmempblk0/volume/name')" 'my data'
is "nothing is mapped" "$(guest g 'cat /sys/block/kmempblk0/volume/mapped')" 0
nok "the same name again" guest g "echo '4096 4096 my data' >$class/create"
nok "a user who is not root" \
	guest g "setpriv --reuid 65534 --clear-groups bash -c 'echo 4096 4096 x >$class/create'"

# Data: against a file that gets the same writes
is "what was never written is zero" "$(guest g '
	dd if=/dev/kmempblk0 bs=1M count=4 skip=100 iflag=direct status=none |
		tr -d "\0" | wc -c')" 0
ok "writes of odd places and sizes" guest -t 120 g '
	truncate -s 16M /tmp/want
	oddwrites /dev/kmempblk0 /tmp/want 120
	cmp -n 16777216 /tmp/want /dev/kmempblk0'
is "no more is mapped than was written" "$(guest g '
	[ "$(cat /sys/block/kmempblk0/volume/mapped)" -le 16777216 ] && echo ok')" ok
ok "discard, by whole pages" guest g '
	blkdiscard -o 1048576 -l 2097152 /dev/kmempblk0
	dd if=/dev/zero of=/tmp/want bs=1M seek=1 count=2 conv=notrunc status=none
	cmp -n 16777216 /tmp/want /dev/kmempblk0'
ok "zeroing parts of pages" guest g '
	blkdiscard -z -o 4096512 -l 99840 /dev/kmempblk0
	dd if=/dev/zero of=/tmp/want bs=512 seek=8001 count=195 conv=notrunc status=none
	cmp -n 16777216 /tmp/want /dev/kmempblk0'
mapped=$(guest g 'cat /sys/block/kmempblk0/volume/mapped')
ok "allocating zeroes" guest g '
	fallocate -z -o 33554432 -l 1048576 /dev/kmempblk0 ||
		fallocate -z -n -o 33554432 -l 1048576 /dev/kmempblk0
	dd if=/dev/kmempblk0 bs=1M skip=32 count=1 iflag=direct status=none |
		tr -d "\0" | wc -c | grep -qx 0'
ok "which are mapped" test "$(guest g 'cat /sys/block/kmempblk0/volume/mapped')" \
	-gt "$mapped"
# one run of it, since loading it takes longer than what it does
ok "fio verifies 4 KiB at random, two jobs, and 512 bytes" guest -t 300 g '
	fio --filename=/dev/kmempblk0 --direct=1 --rw=randwrite --numjobs=2 \
		--verify=crc32c --do_verify=1 --verify_fatal=1 --output=/dev/null \
		--name=v --bs=4k --size=8M --offset_increment=64M \
		--name=s --stonewall --bs=512 --size=256k --offset_increment=256k'
is "accounts" "$(pool_accounts g)" ok

# Holding
ok "a volume that is open" guest g '
	exec 9<>/dev/kmempblk0
	grep -qx "volume my data (kmempblk0)" '$persist'/holders
	! echo "my data" >'"$class"'/remove
	! echo "4096 my data" >'"$class"'/resize
	! daxctl offline-memory dax0.0
	! rmmod kmemp_blk
	exec 9>&-'
is "is held no more when it is closed" "$(pool_get g holders)" ''

# Discard gives RAM back
free() {
	guest g "sleep 0.5; awk '/MemTotal/ { print \$4 }' /sys/devices/system/node/node1/meminfo"
}
ok "300 MiB in a volume" guest -t 120 g '
	dd if=/dev/zero of=/dev/kmempblk0 bs=1M count=300 oflag=direct status=none'
before=$(free)
ok "are discarded" guest g 'blkdiscard /dev/kmempblk0'
after=$(free)
ok "and are RAM again: $before KiB, $after KiB" test $((after - before)) -gt $((160 * 1024))
is "nothing is mapped any more" "$(guest g 'cat /sys/block/kmempblk0/volume/mapped')" 0
is "accounts" "$(pool_accounts g)" ok

# ext4, and a crash. What lies outside the window is used first: then the files
# lie where RAM was.
ok "another volume takes what is never RAM" guest g "
	dd if=/dev/zero of=/dev/kmempblk0 bs=1M count=128 oflag=direct status=none
	used=\$(cat $persist/used)
	[ \$used -gt $((pool_pages * 4096 - (window_end - window_start))) ]"
ok "ext4 on a second volume" guest -t 120 g "
	echo '268435456 4096 fs' >$class/create
	mkfs.ext4 -q /dev/kmempblk1
	mkdir -p /mnt/v
	mount /dev/kmempblk1 /mnt/v
	cp -a /usr/sbin /mnt/v/sbin
	cp -a /usr/lib/x86_64-linux-gnu/perl-base /mnt/v/perl
	sync -f /mnt/v"
diag "$(guest g 'find /mnt/v -type f | wc -l') files"
guest_kill g
guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
ok "after a crash the medium is sound" guest g 'kmemp check dax0.0'
ok "the pool comes back" guest g "modprobe kmem; $system_ram"
ok "and its volumes by themselves" guest g '
	for i in $(seq 100); do
		[ -b /dev/kmempblk1 ] && break
		sleep 0.1
	done
	test -b /dev/kmempblk1'
ok "ext4 mounts, each file is what it was" guest -t 120 g '
	disk=$(grep -lx fs /sys/block/kmempblk*/volume/name | cut -d/ -f4)
	mkdir -p /mnt/v
	mount /dev/$disk /mnt/v
	diff -r --no-dereference /usr/sbin /mnt/v/sbin
	diff -r --no-dereference /usr/lib/x86_64-linux-gnu/perl-base /mnt/v/perl
	umount /mnt/v
	fsck.ext4 -fn /dev/$disk'

# Sizes
class=/sys/class/kmemp_blk/$uuid
ok "a volume grows while it is open" guest g "
	disk=\$(grep -lx fs /sys/block/kmempblk*/volume/name | cut -d/ -f4)
	exec 9</dev/\$disk
	echo '536870912 fs' >$class/resize
	exec 9<&-
	test \$(cat /sys/block/\$disk/size) = 1048576"
ok "what a smaller one lost stays lost when it grows" guest g "
	disk=\$(grep -lx fs /sys/block/kmempblk*/volume/name | cut -d/ -f4)
	noise 32M | dd of=/dev/\$disk bs=1M iflag=fullblock oflag=direct status=none
	echo '1048576 fs' >$class/resize
	echo '536870912 fs' >$class/resize
	cmp -n $((31 << 20)) -i $((1 << 20)):0 /dev/\$disk /dev/zero
	noise 8M >/tmp/new
	dd if=/tmp/new of=/dev/\$disk bs=1M seek=10 oflag=direct status=none
	sleep 1
	dd if=/dev/\$disk bs=1M skip=10 count=8 iflag=direct status=none | cmp - /tmp/new"
ok "removing gives everything back" guest g "
	echo fs >$class/remove
	echo 'my data' >$class/remove
	sleep 0.5
	! ls /sys/block | grep kmempblk"
is "but for what the trees keep" "$(guest g "
	sleep 1
	[ \$(cat $persist/used) -lt $((used + (64 << 10))) ] && echo ok || cat $persist/used")" ok
is "accounts" "$(pool_accounts g)" ok
ok "and to devdax" guest -t 120 g 'daxctl reconfigure-device -f --mode=devdax dax0.0'
ok "sound" guest g 'kmemp check dax0.0'
ok "all modules unload" guest g 'rmmod kmem kmemp_blk kmemp_bitmap kmemp_core'
guest_poweroff g
done_testing
