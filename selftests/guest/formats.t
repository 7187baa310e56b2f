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

boot() {
	guest_boot g --nvdimm 512M@1
}

# the next format gets the device as if nothing had been on it
blank() {
	fallocate --punch-hole --offset "$pool_base" --length $((pool_pages * 4096)) \
		"$(guest_image g)"
}

# mapped: pages of the volume
mapped() {
	guest g 'cat "/sys/block/$(disk_of v)/volume/mapped"'
}

# A format's second boot, after the crash, is the next one's first
ok "boots" boot
guest g devdax >/dev/null
pool_look g
for format in $formats; do
	blank
	ok "$format: a device is formatted at bind, the plugin loaded by name" \
		guest g "modprobe kmem persist_format_type=$format; $system_ram"
	is "$format: its type" "$(pool_get g type)" "$format"
	is "$format: accounts" "$(pool_accounts g)" ok
	ok "$format: a volume" guest g 'modprobe kmemp_blk
		kmemp volume create dax0.0 v 2G >/dev/null
		mkfs.ext4 -q -E nodiscard "/dev/$(disk_of v)"
		mkdir -p /mnt/v
		mount "/dev/$(disk_of v)" /mnt/v'
	ok "$format: files are written and synced" guest -t 120 g '
		cd /mnt/v
		mkdir a b
		for i in {1..40}; do
			echo "$(((i % 7 + 1) * 64))K a/$i"
			echo "512K b/$i"
		done | noise -l
		xxh64sum a/* b/* >sums
		sync -f .'
	is "$format: accounts with them" "$(pool_accounts g)" ok
	# of a format that knows how many extents it keeps
	if [ "$format" = log ]; then
		like "$format: info tells how many extents it keeps" \
			"$(guest g 'kmemp info dax0.0')" '"extents":[1-9][0-9]*,'
	else
		nok "$format: there is no file for a number of extents" guest g \
			'test -e /sys/bus/dax/devices/dax0.0/persist/extents'
	fi
	ok "$format: blocks are overwritten again and again" guest -t 300 g '
		fio --name=again --filename=/mnt/v/again --size=4M --bs=4k --rw=randwrite \
			--io_size=12M --ioengine=psync --fsync=64 --verify=crc32c \
			--randseed=1 --output=/tmp/fio >/dev/null || { cat /tmp/fio; exit 1; }'
	before=$(mapped)
	ok "$format: half of the files goes, and is discarded" guest -t 120 g '
		rm -r /mnt/v/b
		sed -i "/ b\//d" /mnt/v/sums
		sync -f /mnt/v
		fstrim /mnt/v'
	ok "$format: their pages are free" test $((before - $(mapped))) -gt 5000

	guest_kill g
	ok "$format: boots after a crash" boot
	guest g devdax >/dev/null
	ok "$format: after a crash the tool finds the medium sound" \
		guest g 'kmemp check dax0.0'
	ok "$format: the same command brings it back, the plugin loaded by number" \
		guest g "modprobe kmem; $system_ram"
	is "$format: accounts after the crash" "$(pool_accounts g)" ok
	ok "$format: every file is there, the file system is clean" \
		guest -t 120 g 'modprobe kmemp_blk
		disk=/dev/$(disk_of v)
		fsck.ext4 -p "$disk" >/tmp/fsck || [ $? = 1 ] || { cat /tmp/fsck; exit 1; }
		fsck.ext4 -fn "$disk" >/tmp/fsck 2>&1 || { cat /tmp/fsck; exit 1; }
		mkdir -p /mnt/v
		mount "$disk" /mnt/v
		(cd /mnt/v && xxh64sum --quiet -c sums)
		umount /mnt/v'
	for i in 1 2; do
		ok "$format: back to devdax, round $i" guest -t 120 g "$devdax"
		ok "$format: its used map is saved, round $i" \
			test "$(pool_saved g)" -ge 1
		ok "$format: sound, round $i" guest g 'kmemp check dax0.0'
		ok "$format: and to system-ram, round $i" guest g "$system_ram"
		is "$format: accounts, round $i" "$(pool_accounts g)" ok
	done
	ok "$format: the volume is removed" \
		guest g 'kmemp volume remove --force dax0.0 v >/dev/null'
	nok "$format: the plugin cannot be unloaded under it" \
		guest g "rmmod kmemp_$format"
	ok "$format: back to devdax" guest -t 120 g "$devdax"
	ok "$format: all modules unload" \
		guest g "rmmod kmem kmemp_blk kmemp_$format kmemp_core"
done
guest_poweroff g
done_testing
