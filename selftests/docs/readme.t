#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What README.md tells the user to type, typed as it stands there: the commands
# for real hardware but make install, the files for the boot, and hibernation.
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
is "README has eight commands" "$(wc -l <<<"$commands")" 8

ok "boots" guest_boot g --nvdimm 1G@1
guest g 'load_nvdimm 2>/dev/null
	stdbuf -oL udevadm monitor --kernel --property >/tmp/uevents 2>&1 &'
while read -r command <&5; do
	[ "$command" != "make install" ] || continue
	ok "README: $command" guest -t 120 g "$command"
	case $command in
	*system-ram*)
		is "it is a pool" "$(guest g "cat $persist/label")" cache
		guest g 'echo 1 >/sys/kernel/tracing/events/kmem_persist/enable' ;;
	*data-min*) is "with the limit" "$(guest g "cat $persist/data_min")" $((512 << 20)) ;;
	*--mode=devdax*) like "a pool still" "$(guest g 'kmemp info dax0.0')" '"content":"pool"' ;;
	esac
done 5<<<"$commands"
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
start_udev
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

# Hibernation: refused before an image is made (without a pool it goes as far
# as looking for a swap device)
nok "hibernation is refused" guest g 'echo disk >/sys/power/state'
log=$(guest g 'dmesg | grep -E "no hibernation|hibernation: Creating image" || true')
like "and the log says why" "$log" "kmem: no hibernation while a pool is bound"
unlike "no image was made" "$log" "Creating image"

done_testing
