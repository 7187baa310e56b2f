#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp volume and the udev rule: volumes by the tool, their links, file
# systems on them, and what the tool asks for twice.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

kmemp=/kmemp/bin/kmemp

# value KEY COMMAND: of the JSON that kmemp prints
value() {
	guest g "$kmemp $2" | sed -n "s/^ *\"$1\":\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}

# said REGEX DESCRIPTION COMMAND: kmemp volume fails with 1 and one line
said() {
	local status=0 err
	err=$(guest g "$kmemp volume $3 2>&1 >/dev/null") || status=$?
	is "$2: exit status and lines" "$status $(wc -l <<<"$err")" "1 1"
	like "$2" "$err" "^kmemp volume [a-z]*: $1"
}

# disk NAME: of a volume, below /dev
disk() {
	guest g "f=\$(grep -lxF '$1' /sys/block/kmempblk*/volume/name)
		f=\${f#/sys/block/}; echo /dev/\${f%%/*}"
}

# where a link of /dev leads, after udev has worked
leads() {
	guest g "udevadm settle; readlink -f '/dev/$1'"
}

bind='daxctl reconfigure-device --mode=system-ram dax0.0'
unbind='daxctl reconfigure-device --mode=devdax --force dax0.0'

ok "boots" guest_boot g --nvdimm 512M@1
is "a dax device" "$(guest g devdax)" dax0.0
guest g start_udev

#
# What keeps no volumes
#
is "list without a pool" "$(guest g "$kmemp volume list" | tr -d '\n')" '[]'
nok "loads no module" guest g 'test -e /sys/module/kmemp_blk'
said 'dax0.0: no pool is bound here; .*reconfigure-device --mode=system-ram dax0.0' \
	"no pool" 'create dax0.0 db 1G'
ok "as plain RAM" guest g "$bind"
said 'dax0.0: no pool is bound here, it is nothing but RAM; .*kmemp format' "plain RAM" \
	'create dax0.0 db 1G'
guest g "$unbind; $kmemp format -f -t none dax0.0; $bind" >/dev/null
guest g 'cd "/lib/modules/$(uname -r)/updates"; mv kmemp_blk.ko away'
said 'dax0.0: this kernel has no module kmemp_blk, .*make install' "no module" 'create dax0.0 db 1G'
said 'this kernel has no module kmemp_blk' "list without the module" list
guest g 'cd "/lib/modules/$(uname -r)/updates"; mv away kmemp_blk.ko'
status=0
err=$(guest g "setpriv --reuid 65534 --clear-groups $kmemp volume create dax0.0 db 1G 2>&1") || status=$?
is "not root, not loaded" "$status" 1
like "says who can" "$err" 'cannot load kmemp_blk: .*; run as root'
said 'dax0.0: a pool of format none keeps no volumes; one of these does: bitmap, log, extent' "format none" \
	'create dax0.0 db 1G'
guest g "rmmod kmemp_blk; $unbind; $kmemp format -f -t bitmap -L cache dax0.0; $bind" >/dev/null

#
# Made, listed
#
is "create" "$(value size 'volume create dax0.0 db 128M')" $((128 << 20))
like "has loaded the module" "$(guest g 'ls /sys/class/kmemp_blk')" '^[0-9a-f-]{36}$'
list=$(guest g "$kmemp volume list dax0.0")
for line in '"volume":"db"' '"chardev":"dax0.0"' "\"pool\":\"$(value uuid 'info dax0.0')\"" \
	'"blockdev":"kmempblk[0-9]+"' "\"size\":$((128 << 20))" '"mapped":0' '"fragments":0' '"block_size":4096'; do
	like "listed: $line" "$list" "^ +$line,?\$"
done
said "dax0.0: there is a volume 'db' already; see: kmemp volume list dax0.0" "a taken name" \
	'create dax0.0 db 1G'
is "with blocks of 512" "$(value block_size "volume create --block 512 /dev/dax0.0 'my db' 64M")" 512
is "one that is larger than the pool" "$(value size 'volume create -u dax0.0 big 4T')" '4.00 TiB (4.40 TB)'
is "three of them" "$(value volume 'volume list')" $'db\nmy db\nbig'
is "by the device" "$(value volume 'volume list -u dax0.0')" $'db\nmy db\nbig'
is "info counts them" "$(value volumes 'info dax0.0')" 3
is "anybody may list them" \
	"$(guest g "setpriv --reuid 65534 --clear-groups $kmemp volume list" | grep -c blockdev)" 3
status=0
err=$(guest g "setpriv --reuid 65534 --clear-groups $kmemp volume create dax0.0 mine 1G 2>&1") || status=$?
is "not make one" "$status" 1
like "which needs root" "$err" "volume 'mine': Permission denied; run as root"

#
# Links
#
disk=$(disk db)
big=$(disk big)
is "the tool names the disk" "/dev/$(value blockdev 'volume resize dax0.0 db 128M')" "$disk"
is "a link by name" "$(leads kmemp/cache/db)" "$disk"
is "a name with a blank" "$(leads 'kmemp/cache/my\x20db')" "$(disk 'my db')"
guest g "$kmemp volume create dax0.0 my_db 64M; $kmemp volume create dax0.0 '\$(x) café' 64M" >/dev/null
is "is not another's" "$(leads 'kmemp/cache/my_db') $(leads 'kmemp/cache/my\x20db')" \
	"$(disk my_db) $(disk 'my db')"
is "a hostile one" "$(leads 'kmemp/cache/\x24\x28x\x29\x20café')" "$(disk '$(x) café')"
uuid=7c6b5a49-3827-4615-8f3e-2d1c0b0a9988
guest g "mkfs.ext4 -q -U $uuid -L 'files here' /dev/kmemp/cache/db"
is "ext4 has a link by its uuid" "$(leads disk/by-uuid/$uuid)" "$disk"
is "and by its label" "$(leads 'disk/by-label/files\x20here')" "$disk"
guest g 'printf "label: gpt\nsize=64M, name=one\nsize=64M\n" | sfdisk -q /dev/kmemp/cache/big'
is "a partition" "$(leads kmemp/cache/big-part1)" "${big}p1"
is "another" "$(leads kmemp/cache/big-part2)" "${big}p2"
is "by its own name" "$(leads disk/by-partlabel/one)" "${big}p1"
is "the disk is still the disk" "$(leads kmemp/cache/big)" "$big"

#
# Checked while it is written to
#
ok "mounted" guest g 'mount /dev/kmemp/cache/db /mnt; echo text >/mnt/file; sync'
is "check while it is written to: nothing is found, and the writer goes on" "$(guest g "
	(while [ ! -e /tmp/stop ]; do
		dd if=/dev/urandom of=/mnt/more bs=64k count=8 conv=fsync 2>/dev/null || echo failed
		rm /mnt/more
		echo round >>/tmp/rounds
	done) &
	for i in 1 2 3; do $kmemp check dax0.0 | grep verdict; done
	touch /tmp/stop
	wait
	grep -q round /tmp/rounds && echo went on")" '  "verdict":"clean"
  "verdict":"clean"
  "verdict":"clean"
went on'

# A check that takes a while: of more metadata, and by who gets a CPU last
guest -t 300 g "$kmemp volume create dax0.0 wild 128M
	udevadm settle
	fio --name=wild --filename=/dev/kmemp/cache/wild --rw=write:4k --bs=4k --size=128M \
		--io_size=64M --ioengine=psync --end_fsync=1 --output=/tmp/fio" >/dev/null
ok "a volume of many pieces" test "$(value fragments 'volume list dax0.0' | sort -n | tail -1)" -gt 10000
slow='taskset -c 1 sh -c "while :; do :; done" & hog=$!
	taskset -pc 1 $BASHPID >/dev/null
	renice -n 10 -p $BASHPID >/dev/null'
out=$(guest -t 300 g "
	taskset -c 0 fio --name=more --filename=/mnt/more --rw=randwrite --bs=4k --size=1M \
		--fsync=1 --ioengine=psync --thread --time_based --runtime=250 \
		--output-format=json --output=/tmp/fio >/dev/null &
	fio=\$!
	until [ \$(awk '/^syscw/ { print \$2 }' /proc/\$fio/io) -gt 100 ]; do sleep 0.05; done
	($slow
	status=0
	from=\$(date +%s%3N)
	echo 1 >/sys/bus/dax/devices/dax0.0/persist/check || status=\$?
	echo check \$((\$(date +%s%3N) - from))
	kill \$hog
	exit \$status) || echo check failed
	kill -INT \$fio
	wait \$fio || true
	cat /sys/bus/dax/devices/dax0.0/persist/check
	sed -n '/\"sync\" :/,/max/s/.*\"max\" : \([0-9]*\)[0-9]\{6\}.*/fsync \1/p' /tmp/fio")
is "a check beside commits" "$(grep -vE '^(check|fsync) [0-9]+$' <<<"$out")" 'clean 0'
took=$(sed -n 's/^check //p' <<<"$out") longest=$(sed -n 's/^fsync //p' <<<"$out")
diag "the check took $took ms, the longest fsync $longest ms"
ok "commits go on during a check" test $((4 * longest)) -lt "$took"
used=$(value used 'info dax0.0')
max=$((used + (3 << 19)))
is "a ceiling just above what is used" "$(value data_max "limits --data-max $max dax0.0")" $max
status=0
err=$(guest -t 300 g "rm -f /tmp/stop
	(while [ ! -e /tmp/stop ]; do
		dd if=/dev/zero of=/dev/kmemp/cache/big bs=1M count=1 seek=8 oflag=direct 2>/dev/null ||
			echo the writer failed
		blkdiscard -o 8M -l 1M /dev/kmemp/cache/big
	done) >/tmp/writer 2>&1 &
	writer=\$!
	($slow
	status=0
	$kmemp check dax0.0 2>&1 >/dev/null || status=\$?
	kill \$hog
	exit \$status) || status=\$?
	touch /tmp/stop
	wait \$writer
	cat /tmp/writer
	exit \${status:-0}") || status=$?
is "a check gives up for a writer" "$status" 8
like "and says so" "$err" '^kmemp check: dax0.0: too much is written to it: .*check it again'
unlike "who does not fail" "$err" 'failed'
is "no ceiling, nobody writes" "$(value data_max 'limits --data-max 0 dax0.0')" 0
is "it is checked" "$(value verdict 'check dax0.0')" clean
is "what was kept is given back" "$(guest g "sync; sleep 3
	used=\$(cat /sys/bus/dax/devices/dax0.0/persist/used)
	[ \$used -le $((used + (1 << 20))) ] && echo yes || echo \$used")" yes
guest g "$kmemp volume remove -f dax0.0 wild" >/dev/null

#
# Resized, removed
#
is "larger" "$(value size 'volume resize dax0.0 db 256M')" $((256 << 20))
ok "also the file system" guest g 'resize2fs /dev/kmemp/cache/db'
is "the same size changes nothing" "$(value size 'volume resize dax0.0 db 256M')" $((256 << 20))
said "dax0.0: volume 'db' holds [0-9]+ bytes of data; .*add --force" "smaller, with data" \
	'resize dax0.0 db 128M'
said "dax0.0: volume 'db' is open; unmount it .*/dev/${disk#/dev/}" "smaller, in use" \
	'resize --force dax0.0 db 128M'
said "dax0.0: volume 'db' holds [0-9]+ bytes of data; .*--force" "remove, with data" 'remove dax0.0 db'
said "dax0.0: volume 'db' is open" "remove, in use" 'remove --force dax0.0 db'
is "the file is there" "$(guest g 'cat /mnt/file')" text
guest g 'umount /mnt; resize2fs /dev/kmemp/cache/db 128M 2>/dev/null ||
	{ e2fsck -fp /dev/kmemp/cache/db && resize2fs /dev/kmemp/cache/db 128M; }'
is "smaller" "$(value size 'volume resize --force dax0.0 db 128M')" $((128 << 20))
is "the file is still there" "$(guest g 'mount /dev/kmemp/cache/db /mnt; cat /mnt/file; umount /mnt')" text
is "an empty one needs no force" "$(value size 'volume resize dax0.0 my_db 32M')" $((32 << 20))
is "nor to be removed, and nothing is said" "$(guest g "$kmemp volume remove dax0.0 my_db 2>&1")" ''
is "db goes by force" "$(guest g "$kmemp volume remove --force dax0.0 db 2>&1")" ''
said "dax0.0: there is no volume 'db'; see: kmemp volume list dax0.0" "once only" 'remove dax0.0 db'
said "dax0.0: there is no volume 'db'" "nor resized" 'resize dax0.0 db 1G'
is "its links are gone" "$(guest g "udevadm settle; ls /dev/kmemp/cache /dev/disk/by-uuid 2>/dev/null" | grep -cx "db\|$uuid")" 0
guest g "for name in 'my db' '\$(x) café' big; do $kmemp volume remove -f dax0.0 \"\$name\"; done"
is "all are gone" "$(guest g "$kmemp volume list" | tr -d '\n')" '[]'
is "info says so" "$(value volumes 'info dax0.0')" 0

done_testing
