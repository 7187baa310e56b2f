#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What README.md tells the user to type, typed as it stands there: the commands
# for real hardware but make install, up to a file on a volume and back; the files
# for the boot, after which the volume is there; and hibernation.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

persist=/sys/bus/dax/devices/dax0.0/persist

# block TEXT: the indented block behind the first line that has TEXT
block() {
	awk -v text="$1" '
		index($0, text) { here = 1; next }
		here && /^    / { print substr($0, 5); seen = 1; next }
		seen { exit }' "$top/README.md"
}

commands=$(block "## On real hardware" | sed 's/  *# .*//')
is "README has eight commands, to a mounted volume" "$(wc -l <<<"$commands")" 8
like "the last one mounts it" "$(tail -n 1 <<<"$commands")" '^mount '
back=$(block "To look at it, to keep room")
is "and four to look and go back" "$(wc -l <<<"$back")" 4

ok "boots" guest_boot g --in-turn --nvdimm 1G@1
guest g 'start_udev
	load_nvdimm 2>/dev/null
	stdbuf -oL udevadm monitor --kernel --property >/tmp/uevents 2>&1 &'
while read -r command <&5; do
	[ "$command" != "make install" ] || continue
	ok "README: $command" guest -t 120 g "$command"
	case $command in
	*system-ram*)
		is "it is a pool" "$(guest g "cat $persist/label")" cache
		guest g 'echo 1 >/sys/kernel/tracing/events/kmem_persist/enable' ;;
	mount\ *) ok "a file on the volume" guest g 'echo text >/mnt/file; sync -f /mnt' ;;
	*data-min*) is "with the limit" "$(guest g "cat $persist/data_min")" $((256 << 20)) ;;
	umount\ *) # udev looks at a disk that was closed, and holds the pool meanwhile
		guest g 'sleep 1; udevadm settle' ;;
	*--mode=devdax*) like "a pool still" "$(guest g 'kmemp info dax0.0')" '"content":"pool"' ;;
	esac
done 5<<<"$commands"$'\n'"$back"
is "uevents tell of bind and unbind" \
	"$(guest g 'grep -o "KMEMP_STATE=.*" /tmp/uevents')" $'KMEMP_STATE=bound\nKMEMP_STATE=unbound'
is "tracepoints tell of the stock and of the blocks" \
	"$(guest g 'grep -oE "kmemp_(balance|block): dax0.0: " /sys/kernel/tracing/trace | sort -u')" \
	$'kmemp_balance: dax0.0: \nkmemp_block: dax0.0: '

# At boot: the files, and an event as at boot
uuid=$(guest g "ndctl list --device-dax | sed -n 's/.*\"uuid\":\"\\([^\"]*\\)\".*/\\1/p' | head -n 1")
stanza=$(block /etc/daxctl.conf.d/pool.conf | sed "s/^nvdimm.uuid = .*/nvdimm.uuid = $uuid/")
rule=$(block /etc/udev/rules.d/90-daxctl-device.rules)
add='udevadm trigger --action=add --subsystem-match=dax; udevadm settle -t 60'
guest g <<SCRIPT
cat >/etc/daxctl.conf.d/pool.conf <<'END'
$stanza
END
SCRIPT
guest -t 120 g "$add"
nok "README: Debian's own rule does nothing" guest g "[ -d $persist ]"
guest g <<SCRIPT
cat >/etc/udev/rules.d/90-daxctl-device.rules <<'END'
$rule
END
udevadm control --reload
SCRIPT
ok "an event as at boot" guest -t 120 g "$add"
is "README: the stanza and the rule bring the pool back" \
	"$(guest g "cat $persist/label")" cache
is "its memory is online" "$(guest g "cat $persist/state")" online
# shellcheck disable=SC2016 # for the guest
is "the volume is there, by its link, and the file" "$(guest g '
	for i in $(seq 100); do
		[ -b /dev/kmemp/cache/data ] && break
		sleep 0.1
	done
	udevadm settle
	mount /dev/kmemp/cache/data /mnt
	cat /mnt/file
	umount /mnt')" text

# Hibernation: refused before an image is made (without a pool it goes as far
# as looking for a swap device)
nok "hibernation is refused" guest g 'echo disk >/sys/power/state'
log=$(guest g 'dmesg | grep -E "no hibernation|hibernation: Creating image" || true')
like "and the log says why" "$log" "kmem: no hibernation while a pool is bound"
unlike "no image was made" "$log" "Creating image"

done_testing
