#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to a pool while its volumes are in use: notifiers that fail,
# unbind, reboot, bad pages, swap, the module going away and coming back.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

bind() {
	guest g "devdax >/dev/null; modprobe kmem persist_format_type=bitmap; $system_ram"
}

ok "boots" guest_boot g --reboot --nvdimm 1G@1
ok "a pool" bind
pool_look g
uuid=$(pool_get g uuid)
class=/sys/class/kmemp_blk/$uuid
ok "two volumes" guest g "
	modprobe kmemp_blk
	echo '209715200 4096 a' >$class/create
	echo '209715200 512 b' >$class/create"

# kmemp_blk goes and comes back
ok "its module can go while no volume is open" guest g 'rmmod kmemp_blk; ! ls /sys/block | grep kmempblk'
ok "and brings them back" guest g "modprobe kmemp_blk; test -n \"\$(disk_of a)\""

# Offline without any user: volumes work by copies
ok "memory goes offline while no volume is open" guest -t 120 g 'daxctl offline-memory dax0.0'
ok "and a volume is written and read all the same" guest -t 60 g "
	disk=\$(disk_of b)
	noise 8M >/tmp/b
	dd if=/tmp/b of=/dev/\$disk bs=1M oflag=direct status=none
	dd if=/dev/\$disk bs=1M count=8 iflag=direct status=none | cmp - /tmp/b"
ok "online again" guest -t 60 g 'daxctl online-memory dax0.0'
is "accounts" "$(pool_accounts g)" ok

# Other notifiers fail while a volume is in use, before ours and after it. More
# is withheld than lies outside the window, so that pages are parked.
actions=/sys/kernel/debug/notifier-error-inject/memory/actions

# write_b HOW: writes to b and reads it back, piece by piece, until /tmp/stop
# appears; HOW "open" keeps it open, with "often" it is opened for each piece
write_b() {
	guest g 'rm -f /tmp/stop /tmp/pieces' &&
	guest_async g writer "
		set -eu
		keepwriting /dev/\$(disk_of b) /tmp/model /tmp/pieces /tmp/stop $1" &&
	guest g 'until [ -s /tmp/pieces ]; do sleep 0.02; done'
}

# I/O has gone on to its end, and b holds what was written
wrote_b() {
	guest g '
		read -r before </tmp/pieces
		for _ in {1..200}; do
			read -r now </tmp/pieces
			[ "$now" = "$before" ] || break
			sleep 0.05
		done
		[ "$now" != "$before" ]
		>/tmp/stop' &&
	guest_await g writer &&
	guest g "
		dd if=/dev/\$(disk_of b) bs=1M count=8 iflag=direct status=none | cmp - /tmp/model"
}

# injected ACTION COMMAND: COMMAND fails while notifiers of ACTION do, and
# leaves exact accounts
injected() {
	guest g "echo -12 >$actions/$1/error"
	if guest -t 120 g "$2" >/dev/null 2>&1; then
		echo "$1 at $priority: $2 succeeded"
		return
	fi
	guest g "echo 0 >$actions/$1/error"
	pool_accounts g
}

ok "b is written once" guest g "
	echo $((300 << 20)) >$persist/data_min
	dd if=/dev/zero of=/dev/\$(disk_of b) bs=1M count=8 oflag=direct status=none
	truncate -s 8M /tmp/model"
for priority in 10000 -10000; do
	ok "a notifier of priority $priority" guest -t 120 g "
		modprobe notifier-error-inject
		modprobe memory-notifier-error-inject priority=$priority
		daxctl offline-memory dax0.0"
	ok "b is open and written to" write_b open
	is "online refused at $priority, exact accounts" \
		"$(injected MEM_GOING_ONLINE 'daxctl online-memory dax0.0')" ok
	ok "online at $priority while b is open" guest -t 120 g 'daxctl online-memory dax0.0'
	is "exact accounts" "$(pool_accounts g)" ok
	is "offline refused at $priority, exact accounts" \
		"$(injected MEM_GOING_OFFLINE 'daxctl offline-memory dax0.0')" ok
	ok "I/O to the open volume goes on while notifiers fail" wrote_b
	# held and not held in turn: what ours let pass is cancelled
	ok "b is opened for each write" write_b often
	for i in 1 2 3; do
		is "offline refused at $priority between two writes, round $i" \
			"$(injected MEM_GOING_OFFLINE 'daxctl offline-memory dax0.0')" ok
	done
	ok "I/O goes on while memory that was going offline stays" wrote_b
	ok "the notifier goes" guest g \
		'rmmod memory-notifier-error-inject notifier-error-inject'
done
guest g "echo 0 >$persist/data_min"

# A bad page in a volume: its index by what it holds
guest_allow_log g 'Memory failure: '
guest_allow_log g 'is bad and in use'
guest_allow_log g 'critical medium error|I/O error, dev kmempblk|Buffer I/O error on dev kmempblk'
guest g "
	disk=\$(disk_of b)
	blkdiscard \$(printf /dev/%s \$disk)
	echo $((400 << 20)) >$persist/data_min
	dd if=/dev/zero of=/dev/\$disk bs=1M count=150 oflag=direct status=none
	(yes 'the page that turns bad' || true) | dd of=/dev/\$disk bs=4096 count=1 seek=38000 oflag=direct \
		iflag=fullblock status=none
	(yes 'another page' || true) | dd of=/dev/\$disk bs=4096 count=1 seek=38001 oflag=direct \
		iflag=fullblock status=none"
# shellcheck disable=SC2016 # perl's
at=$(perl -e 'open F, "<:raw", shift; seek F, shift, 0;
	while (read F, $b, 4096) { if (!index $b, "the page that turns bad") { print tell(F) - 4096; last } }' \
	"$(guest_image g)" "$pool_base")
page=$(((at - pool_base) / 4096))
diag "page $page of the pool, the window begins at $window_first"
ok "a page of a volume lies in the window" test "$page" -ge "$window_first"
guest g "printf '%#x\n' $((pool_start + page * 4096)) \
	>/sys/devices/system/memory/hard_offline_page || true; sleep 0.5"
ok "reading it fails" guest g "
	! dd if=/dev/\$(disk_of b) bs=4096 skip=38000 count=1 iflag=direct of=/dev/null 2>/dev/null"
ok "its neighbour is read" guest g "
	dd if=/dev/\$(disk_of b) bs=4096 skip=38001 count=1 iflag=direct status=none | grep -q 'another page'"
ok "a write to a part of it fails too: the rest is lost" guest g "
	! dd if=/dev/zero of=/dev/\$(disk_of b) bs=512 seek=304001 count=1 oflag=direct conv=notrunc 2>/dev/null"
is "it is not recorded while it is in use" "$(pool_get g bad_pages)" 0
ok "overwriting it as a whole heals the volume" guest g "
	disk=\$(disk_of b)
	dd if=/dev/zero of=/dev/\$disk bs=4096 seek=38000 count=1 oflag=direct conv=notrunc status=none
	dd if=/dev/\$disk bs=4096 skip=38000 count=1 iflag=direct status=none | tr -d '\0' | wc -c | grep -qx 0"
is "and the page is recorded as bad" "$(pool_bad g 1)" 1
guest g "echo 0 >$persist/data_min"

# Swap for another node
ok "swap on a volume relieves another node" guest -t 200 g "
	disk=\$(disk_of a)
	mkswap -q /dev/\$disk
	swapon /dev/\$disk
	# most of it is set aside, so that it need not be written
	node=/sys/devices/system/node/node0
	huge=\$node/hugepages/hugepages-2048kB/nr_hugepages
	echo \$((\$(awk '/MemFree/ { print \$4 }' \$node/meminfo) / 2048 - 100)) >\$huge
	free=\$(awk '/MemFree/ { print \$4 }' \$node/meminfo)
	numactl -m 0 perl -e '\$x = chr(1) x \$ARGV[0]; print length \$x' \$((free * 1024 + (60 << 20)))
	swapped=\$(awk '/^pswpout/ { print \$2 }' /proc/vmstat)
	echo 0 >\$huge
	swapoff /dev/\$disk
	echo \" written, \$swapped pages swapped out\"
	[ \$swapped -gt 1000 ]"
is "accounts" "$(pool_accounts g)" ok

# Reboot with a volume mounted
ok "ext4 on a" guest -t 60 g "
	disk=\$(disk_of a)
	mkfs.ext4 -q /dev/\$disk
	mkdir -p /mnt/v
	mount /dev/\$disk /mnt/v
	noise 8M >/mnt/v/x
	xxh64sum /mnt/v/x >/mnt/v/sum
	sync -f /mnt/v"
ok "a reboot with it mounted" guest_reboot g
ok "the pool comes back" bind
ok "and its file" guest -t 60 g "
	disk=\$(disk_of a)
	mkdir -p /mnt/v
	mount /dev/\$disk /mnt/v
	xxh64sum --quiet -c /mnt/v/sum"
is "the bad page is known" "$(pool_get g bad_pages)" 1

# Unbind under I/O
guest_allow_log g 'lives on detached'
guest_async g writer 'crashfiles some /mnt/v 200 /tmp/at'
# shellcheck disable=SC2016 # for the guest
ok "unbound through sysfs while it is written to" guest g '
	for i in $(seq 500); do [ -s /tmp/at ] && break; sleep 0.02; done
	echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind
	read -r at </tmp/at
	[ ! -e '$persist' ]
	echo "unbound before file $at was written"
	[ $at -lt 200 ]'
like "the log says that it lives on" "$(guest g 'dmesg')" 'in use .volume a .kmempblk[0-9]*.*lives on detached'
ok "I/O goes on to its end" guest_await -t 200 g writer
ok "each file can be read" guest -t 60 g '
	sync -f /mnt/v
	echo 3 >/proc/sys/vm/drop_caches
	xxh64sum --quiet -c /mnt/v/sum
	crashfiles all /mnt/v 200'
ok "a new volume can still be made" guest g "
	modprobe kmemp_blk
	echo '4096000 4096 late' >$class/create"
nok "its memory cannot go offline" guest g "
	for b in /sys/devices/system/memory/memory*; do
		[ -e \$b/node1 ] || continue
		echo offline >\$b/state && exit 0
	done
	exit 1"
ok "and after a reboot" guest_reboot g
ok "the pool binds" bind
ok "everything is there" guest -t 60 g "
	disk=\$(disk_of a)
	mkdir -p /mnt/v
	mount /dev/\$disk /mnt/v
	xxh64sum --quiet -c /mnt/v/sum
	crashfiles all /mnt/v 200
	test -n \"\$(disk_of late)\"
	umount /mnt/v
	fsck.ext4 -fn /dev/\$disk"

# Nothing is held: unbind while online, no volume open
ok "unbound while online, no volume open" guest g 'echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind'
ok "its volumes come back, for as long as it lives" guest g "
	test -n \"\$(disk_of a)\"
	dd if=/dev/\$(disk_of a) bs=1M count=4 iflag=direct of=/dev/null status=none"
guest_poweroff g
done_testing
