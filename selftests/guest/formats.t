#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each format that keeps data, in the kernel: its plugin comes by name and by
# number, a volume with ext4 on it is filled, shrinks, survives a crash, offline
# and unbind; pages and memory are accounted for, and the plugin unloads. What is
# not of the format is in pool*.t and volume*.t.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'

formats=$(find "$top/plugins" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
	grep -vxE 'core|none' | sort)

boot() {	# FORMAT
	guest_boot "$1" --nvdimm 512M@1
}

# mapped FORMAT: pages of the volume
mapped() {
	guest "$1" 'cat "/sys/block/$(disk_of v)/volume/mapped"'
}

for format in $formats; do
	ok "$format: boots" boot "$format"
	guest "$format" devdax >/dev/null
	pool_look "$format"
	ok "$format: a device is formatted at bind, the plugin loaded by name" \
		guest "$format" "modprobe kmem persist_format_type=$format; $system_ram"
	is "$format: its type" "$(pool_get "$format" type)" "$format"
	is "$format: accounts" "$(pool_accounts "$format")" ok
	ok "$format: a volume" guest "$format" 'modprobe kmemp_blk
		kmemp volume create dax0.0 v 2G >/dev/null
		mkfs.ext4 -q -E nodiscard "/dev/$(disk_of v)"
		mkdir -p /mnt/v
		mount "/dev/$(disk_of v)" /mnt/v'
	ok "$format: files are written and synced" guest -t 120 "$format" '
		cd /mnt/v
		mkdir a b
		for i in {1..40}; do
			echo "$(((i % 7 + 1) * 64)) a/$i"
			echo "512 b/$i"
		done | lookfiles
		xxh64sum a/* b/* >sums
		sync -f .'
	is "$format: accounts with them" "$(pool_accounts "$format")" ok
	# of a format that knows how many extents it keeps
	if [ "$format" = log ]; then
		like "$format: info tells how many extents it keeps" \
			"$(guest "$format" 'kmemp info dax0.0')" '"extents":[1-9][0-9]*,'
	else
		nok "$format: there is no file for a number of extents" guest "$format" \
			'test -e /sys/bus/dax/devices/dax0.0/persist/extents'
	fi
	ok "$format: blocks are overwritten again and again" guest -t 300 "$format" '
		lookover /mnt/v/again 1024 3 64'
	before=$(mapped "$format")
	ok "$format: half of the files goes, and is discarded" guest -t 120 "$format" '
		rm -r /mnt/v/b
		sed -i "/ b\//d" /mnt/v/sums
		sync -f /mnt/v
		fstrim /mnt/v'
	ok "$format: their pages are free" test $((before - $(mapped "$format"))) -gt 5000

	guest_kill "$format"
	boot "$format"
	guest "$format" devdax >/dev/null
	ok "$format: after a crash the tool finds the medium sound" \
		guest "$format" 'kmemp check dax0.0'
	ok "$format: the same command brings it back, the plugin loaded by number" \
		guest "$format" "modprobe kmem; $system_ram"
	is "$format: accounts after the crash" "$(pool_accounts "$format")" ok
	ok "$format: every file is there, the file system is clean" \
		guest -t 120 "$format" 'modprobe kmemp_blk
		disk=/dev/$(disk_of v)
		fsck.ext4 -p "$disk" >/tmp/fsck || [ $? = 1 ] || { cat /tmp/fsck; exit 1; }
		fsck.ext4 -fn "$disk" >/tmp/fsck 2>&1 || { cat /tmp/fsck; exit 1; }
		mkdir -p /mnt/v
		mount "$disk" /mnt/v
		(cd /mnt/v && xxh64sum --quiet -c sums)
		umount /mnt/v'
	for i in 1 2; do
		ok "$format: back to devdax, round $i" guest -t 120 "$format" "$devdax"
		ok "$format: its used map is saved, round $i" \
			test "$(pool_saved "$format")" -ge 1
		ok "$format: sound, round $i" guest "$format" 'kmemp check dax0.0'
		ok "$format: and to system-ram, round $i" guest "$format" "$system_ram"
		is "$format: accounts, round $i" "$(pool_accounts "$format")" ok
	done
	ok "$format: the volume is removed" \
		guest "$format" 'kmemp volume remove --force dax0.0 v >/dev/null'
	nok "$format: the plugin cannot be unloaded under it" \
		guest "$format" "rmmod kmemp_$format"
	ok "$format: back to devdax" guest -t 120 "$format" "$devdax"
	ok "$format: all modules unload" \
		guest "$format" "rmmod kmem kmemp_blk kmemp_$format kmemp_core"
	guest_poweroff "$format"
done
done_testing
