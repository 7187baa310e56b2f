#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pool's life under the stock daxctl: formatted at bind, its pages kept from
# the page allocator, exact accounts through offline and online, a hog, unbind
# and bind, a crash.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

cycles=$((20 * N))
system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'

ok "boots" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
pool_fill g

# Formatted at bind
ok "a device is formatted at bind" \
	guest g "modprobe kmem persist_format_type=none; $system_ram"
uuid=$(pool_get g uuid)
like "it says so in the kernel log" "$(guest g 'dmesg')" \
	"kmem dax0.0: formatted as a pool of type 0, uuid $uuid"
is "its type" "$(pool_get g type)" none
is "it is online" "$(pool_get g state)" online
is "accounts" "$(pool_accounts g)" ok
is "only the superblock's copy is parked: the head outside the window is reserve enough" \
	"$(pool_parked g)" 1

# Parked pages: what is guaranteed to data leaves RAM and comes back
guest g 'echo 419430400 >/sys/bus/dax/devices/dax0.0/persist/data_min'
is "data_min and the reserve are withheld at once" \
	"$(pool_get g withheld)" "$(pool_guaranteed none 419430400)"
is "in the window, less the head" "$(pool_parked g)" \
	$((419430400 / 4096 + 1024 - window_first))
is "accounts with it" "$(pool_accounts g)" ok
nok "data_min beyond the pool is refused" \
	guest g 'echo 2199023255552 >/sys/bus/dax/devices/dax0.0/persist/data_min'
nok "half a page is refused" \
	guest g 'echo 100 >/sys/bus/dax/devices/dax0.0/persist/data_min'
nok "words are refused" \
	guest g 'echo much >/sys/bus/dax/devices/dax0.0/persist/data_min'
is "nothing has changed" "$(pool_get g data_min)" 419430400

# Pages taken from the allocator have been handed out before, so what they
# hold is undefined; after an unbind and bind the pool takes them itself.
ok "back to devdax" guest -t 120 g 'daxctl reconfigure-device -f --mode=devdax dax0.0'
is "nothing is left in iomem" \
	"$(guest g "grep -c 'System RAM (kmem)' /proc/iomem || true")" 0
pool_refill() {
	guest g 'rmmod kmem'
	"$harness/pattern" fill "$(guest_image g)" "$pool_base" \
		"$POOL_PROBE_PAGES" $((pool_pages - 2 * POOL_PROBE_PAGES))
	guest g 'modprobe kmem'
}
pool_refill
ok "and to system-ram" guest g "$system_ram"
is "the same pool" "$(pool_get g uuid)" "$uuid"
is "the same limits" "$(pool_get g data_min)" 419430400
is "accounts after bind" "$(pool_accounts g)" ok
ok "parked pages hold what they held" pool_verify g

# A hog takes all the rest
before=$(guest g "parked $window_start $window_end" | sha256sum)
guest_expect_log g 'hog invoked oom-killer'
got=$(guest -t 300 g 'hog 1')
total=$(guest g "awk '/MemTotal/ { print \$4 }' /sys/devices/system/node/node1/meminfo")
diag "the hog got $got of $total KiB"
ok "a hog gets nearly all of the node" test "$got" -gt $((total * 9 / 10))
is "and no parked page" "$(guest g "parked $window_start $window_end" | sha256sum)" "$before"
ok "parked pages still hold what they held" pool_verify g
is "accounts after the hog" "$(pool_accounts g)" ok

# Cycles, alternating zones, limits changed while offline and online
bad=
for i in $(seq "$cycles"); do
	zone=
	[ $((i % 2)) = 0 ] || zone=--no-movable
	min=$(((i * 7919 % 90 + 1) * 4194304))
	accounts=$(guest -t 120 g "{
		daxctl offline-memory dax0.0
		echo $min >/sys/bus/dax/devices/dax0.0/persist/data_min
		daxctl online-memory $zone dax0.0
		echo $((min / 2)) >/sys/bus/dax/devices/dax0.0/persist/data_min
		} >/dev/null
		$pool_accounting") || { bad="cycle $i failed"; break; }
	[ "$accounts" = ok ] || { bad="cycle $i: $accounts"; break; }
done
is "$cycles offline and online cycles, exact accounts after each" "$bad" ""

# One pool in both zones
guest -t 120 g '
	daxctl offline-memory dax0.0
	cd /sys/devices/system/memory
	i=0
	for m in $(ls -d memory* | sort -V); do
		[ "$(cat $m/state)" = offline ] || continue
		i=$((i + 1))
		[ $((i % 2)) = 0 ] && echo online_movable >$m/state || echo online_kernel >$m/state
	done
	echo 104857600 >/sys/bus/dax/devices/dax0.0/persist/data_min
	echo 419430400 >/sys/bus/dax/devices/dax0.0/persist/data_min' >/dev/null
is "blocks of one pool in both zones: accounts" "$(pool_accounts g)" ok
is "all that data_min asks for is withheld" \
	"$(pool_get g withheld)" "$(pool_guaranteed none 419430400)"

# Unbind and bind
bad=
for i in $(seq "$cycles"); do
	accounts=$(guest -t 120 g "{
		daxctl offline-memory dax0.0
		echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind
		mapfile -t lines </proc/iomem
		if [[ \${lines[*]} = *'System RAM (kmem)'* ]]; then exit 9; fi
		echo dax0.0 >/sys/bus/dax/drivers/kmem/bind
		daxctl online-memory dax0.0
		} >/dev/null
		$pool_accounting") || { bad="cycle $i failed"; break; }
	[ "$accounts" = ok ] || { bad="cycle $i: $accounts"; break; }
done
is "$cycles unbind and bind cycles, exact accounts after each" "$bad" ""
is "still the same pool" "$(pool_get g uuid)" "$uuid"

# A crash
guest_kill g
guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
ok "after a crash the same command brings it back" \
	guest g "modprobe kmem; $system_ram"
is "the pool of before the crash" "$(pool_get g uuid)" "$uuid"
is "its limits" "$(pool_get g data_min)" 419430400
is "accounts after the crash" "$(pool_accounts g)" ok
nok "kmem cannot be unloaded under it" guest g 'rmmod kmem'
nok "nor can its format" guest g 'rmmod kmemp_none'
ok "back to devdax after the crash" \
	guest -t 120 g 'daxctl reconfigure-device -f --mode=devdax dax0.0'
ok "all modules unload" guest g 'rmmod kmem kmemp_none kmemp_core'
guest_poweroff g
done_testing
