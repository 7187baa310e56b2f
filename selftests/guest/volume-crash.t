#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ext4 on a volume, killed while it is written to, at ten random moments (times
# N); then the kernel panics and resets, and then it goes over to another by
# kexec -s, both with the pool online and the volume mounted and written to.
# The guest says "durable I" on a port of its own after file I was synced;
# whatever it said is there afterwards, ext4 is clean after its journal was
# replayed, the pool is sound, and a raw volume's sectors are never torn.
# SEED=... repeats a run's moments.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

: "${SEED:=$(date +%s)}"
RANDOM=$SEED
diag "SEED=$SEED"
system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'

# each sector of a raw write holds the number of the write, over and over
# shellcheck disable=SC2016 # for the guest
writers='
	. /run/disks
	crashfiles files /mnt/v /dev/virtio-ports/oracle $1 >/tmp/files 2>&1 &
	crashfiles sectors /dev/$raw >/tmp/sectors 2>&1 &'

sound() {
	# shellcheck disable=SC2016 # for the guest
	guest g 'devdax >/dev/null
		kmemp check dax0.0 >/tmp/check || [ $? = 1 ] || { cat /tmp/check; exit 1; }'
}

bind() {
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram; modprobe kmemp_blk"
}

# what names the disks of the volumes fs and raw, once they are there, as variables
# shellcheck disable=SC2016 # for the guest
name_disks='
	shopt -s nullglob
	for _ in {1..200}; do
		for file in /sys/block/kmempblk*/volume/name; do
			read -r name <$file
			file=${file#/sys/block/}
			echo $name=${file%%/*}
		done >/run/disks
		. /run/disks
		[ ! "${fs-}" ] || [ ! "${raw-}" ] || break
		sleep 0.05
	done'

boot() {
	guest_boot g --nvdimm 512M@1 --reboot --kexec
}

# the last file that the guest of this boot has synced
durable() {
	sed -n 's/^durable //p' "$(guest_oracle g)" | tail -n 1
}

# until file I is durable
wait_durable() {
	local tries=0 last
	until last=$(durable); [ "${last:-0}" -ge "$1" ]; do
		[ $((tries += 1)) -lt 600 ] || return 1
		sleep 0.1
	done
}

ok "boots" boot
guest g devdax >/dev/null
ok "a pool with two volumes" bind
# shellcheck disable=SC2016 # for the guest
ok "ext4 on one" guest -t 60 g '
	class=$(echo /sys/class/kmemp_blk/*)
	echo "134217728 4096 fs" >$class/create
	echo "1048576 512 raw" >$class/create
	'"$name_disks"'
	mkfs.ext4 -q /dev/$fs
	mkdir -p /mnt/v
	mount /dev/$fs /mnt/v'

first=1
round=0
# shellcheck disable=SC2046 # words
for how in $(printf 'killed %.0s' $(seq $((10 * N)))) panic kexec; do
	round=$((round + 1))
	[ "$how" != kexec ] ||
		ok "round $round, $how: a kernel is loaded" guest_kexec_load g
	guest g "set -- $first
		$writers" || fail "the writers run"
	[ "$how" = killed ] ||
		ok "round $round, $how: files are written" wait_durable $((first + 2))
	moment=$((RANDOM % 1500))
	sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
	case $how in
	killed)
		guest_kill g ;;
	panic)
		guest_expect_log g 'Kernel panic - not syncing: sysrq triggered crash'
		guest_allow_log g 'sysrq: Trigger a crash|Call Trace'
		ok "round $round: a crash, and a reset" \
			guest_reboot g 'echo c >/proc/sysrq-trigger' ;;
	kexec)
		ok "round $round: kexec" guest_kexec g ;;
	esac
	durable=$(durable)
	: "${durable:=$((first - 1))}"

	[ "$how" != killed ] || boot || fail "boots after the kill"
	ok "round $round, $how after $moment ms, durable up to $durable: the pool is sound" sound
	ok "round $round: it binds" bind
	ok "round $round: what was durable is there, ext4 is clean" guest -t 120 g "
		$name_disks
		mkdir -p /mnt/v
		mount /dev/\$fs /mnt/v
		crashfiles check /mnt/v $durable
		umount /mnt/v
		fsck.ext4 -fn /dev/\$fs >/tmp/fsck 2>&1 || { cat /tmp/fsck; exit 1; }
		mount /dev/\$fs /mnt/v"
	ok "round $round: no sector is torn" guest g '
		. /run/disks
		crashfiles untorn /dev/$raw'
	first=$((durable + 1))
done
diag "durable at the end: $durable"
ok "some were durable" test "$durable" -gt "$((N * 5))"
ok "unmounts" guest -t 60 g 'umount /mnt/v'
guest_poweroff g
done_testing
