#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Volumes on a node whose memory others have taken: overwriting goes on, adding
# ends with ENOSPC and nothing worse, what data_min guarantees can be had, and
# no page of either side is touched by the other.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

no_errors() {
	guest g '! dmesg | grep -E "I/O error|EXT4-fs (error|warning)|Out of memory|oom-killer"'
}

ok "boots" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
ok "a pool of bitmap" \
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram; modprobe kmemp_blk"
uuid=$(pool_get g uuid)
class=/sys/class/kmemp_blk/$uuid
ok "a volume with ext4, 240 MiB of it written" guest -t 200 g "
	echo '629145600 4096 db' >$class/create
	mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/kmempblk0
	mkdir -p /mnt/v
	mount /dev/kmempblk0 /mnt/v
	noise 64M >/mnt/v/a
	for i in b c d; do cp /mnt/v/a /mnt/v/\$i; done
	sync -f /mnt/v
	xxh64sum /mnt/v/[bcd] >/mnt/v/sums
	sync -f /mnt/v"
ok "and a raw one" guest -t 60 g "
	echo '1073741824 512 raw' >$class/create
	noise 2M >/tmp/raw
	dd if=/tmp/raw of=/dev/kmempblk1 bs=1M oflag=direct status=none"

# Nothing guaranteed
got=$(pool_hoard g)
diag "others have $got pages"
ok "others take most of the node" test "${got:-0}" -gt $((400 * 256))
ok "64 MiB are rewritten, 1 MiB at a time, past the page cache" guest -t 200 g '
	noise 64M | dd of=/mnt/v/a bs=1M iflag=fullblock conv=notrunc oflag=direct status=none'
ok "4 KiB at random, each synced" guest -t 200 g '
	fio --name=r --filename=/mnt/v/a --rw=randwrite --bs=4k --size=64M --io_size=8M \
		--fsync=1 --overwrite=1 --output=/dev/null'
ok "two jobs side by side, through the page cache" guest -t 300 g '
	fio --name=r --filename=/mnt/v/a --rw=randwrite --bs=4k --size=64M --io_size=16M \
		--numjobs=2 --end_fsync=1 --overwrite=1 --output=/dev/null'
ok "no error and no OOM kill in the log" no_errors
ok "new blocks end with ENOSPC" guest -t 200 g '
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M seek=100 oflag=direct 2>/tmp/err && exit 1
	grep -q "No space left" /tmp/err'
ok "what is there reads as before, and can be overwritten" guest -t 60 g '
	dd if=/dev/kmempblk1 bs=1M count=2 iflag=direct status=none | cmp - /tmp/raw
	noise 2M >/tmp/raw
	dd if=/tmp/raw of=/dev/kmempblk1 bs=1M oflag=direct conv=notrunc status=none
	dd if=/dev/kmempblk1 bs=1M count=2 iflag=direct status=none | cmp - /tmp/raw'
ok "discarding works on the full node" guest -t 60 g '
	blkdiscard -o 104857600 -l 209715200 /dev/kmempblk1'
ok "and makes room for as much" guest -t 60 g '
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M seek=100 count=1 oflag=direct status=none'
ok "and removing a volume" guest -t 60 g "
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M seek=300 oflag=direct 2>/dev/null || true
	echo raw >$class/remove
	for i in \$(seq 100); do
		[ \$(cat $persist/used) -lt $((400 << 20)) ] && break
		sleep 0.1
	done
	echo '1073741824 512 raw' >$class/create
	disk=\$(grep -lx raw /sys/block/kmempblk*/volume/name | cut -d/ -f4)
	[ \$disk = kmempblk1 ]"
ok "nobody was killed for memory" guest g '! dmesg | grep -E "Out of memory|oom-killer"'
ok "others find their pages as they left them" pool_hoard_end g
is "accounts" "$(pool_accounts g)" ok

# With a guarantee
ok "500 MiB are guaranteed to data" guest -t 60 g "
	blkdiscard /dev/kmempblk1
	echo $((500 << 20)) >$persist/data_min"
got=$(pool_hoard g)
diag "others have $got pages"
ok "others take the rest" test "${got:-0}" -gt $((200 * 256))
ok "a new file of 100 MiB" guest -t 200 g '
	noise 100M | dd of=/mnt/v/new bs=1M iflag=fullblock conv=fsync status=none
	xxh64sum /mnt/v/new >>/mnt/v/sums'
# shellcheck disable=SC2016 # for the guest
ok "and SQLite goes on writing" guest -t 200 g '
	for i in $(seq 20); do
		echo "create table if not exists t(a, b); insert into t values($i, hex(randomblob(20000)));"
	done | sqlite3 /mnt/v/db
	[ "$(sqlite3 /mnt/v/db "pragma integrity_check; select count(*) from t")" = "ok
20" ]'
used=$(pool_get g used)
room=$(((500 << 20) - used))
ok "the guarantee can be used up to the last $((room >> 20)) MiB" guest -t 200 g "
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M count=$((room / 1048576 - 1)) oflag=direct status=none"
ok "others find their pages as they left them" pool_hoard_end g
ok "each file is what it was" guest -t 120 g '
	umount /mnt/v
	fsck.ext4 -fn /dev/kmempblk0
	mount /dev/kmempblk0 /mnt/v
	xxh64sum --quiet -c /mnt/v/sums
	umount /mnt/v'
ok "no page was ever lost to the kernel log" guest g '! dmesg | grep -E "EXT4-fs (error|warning)|oom-killer"'
is "accounts" "$(pool_accounts g)" ok

# The ceiling
ok "data_max ends adding" guest -t 60 g "
	blkdiscard /dev/kmempblk1
	sleep 1
	used=\$(cat $persist/used)
	echo 0 >$persist/data_min
	echo \$(((used / 4096 + 2560) * 4096)) >$persist/data_max
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M count=8 oflag=direct status=none
	! dd if=/dev/zero of=/dev/kmempblk1 bs=1M count=8 seek=8 oflag=direct status=none
	dd if=/dev/zero of=/dev/kmempblk1 bs=1M count=8 oflag=direct status=none"
guest_poweroff g
done_testing
