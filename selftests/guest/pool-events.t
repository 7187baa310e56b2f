#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to a pool that is in use: offline refused while it is held,
# notifiers that fail, bad pages, unbind while online, unbind while held.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
persist=/sys/bus/dax/devices/dax0.0/persist

# more than is outside the window, so that pages of the window are parked
data_min=$((300 << 20))

start() {
	guest_boot g --nvdimm 1G@1
	guest g devdax >/dev/null
	pool_look g
	guest g "modprobe kmem persist_format_type=none; $system_ram
		echo $data_min >$persist/data_min"
}

ok "a pool" start
uuid=$(pool_get g uuid)

# Held
guest g "insmod /kmemp/modules/kmemp_test_hold.ko uuid=$uuid"
is "the holder is named" "$(pool_get g holders)" kmemp_test_hold
nok "offline is refused while it is held" guest -t 120 g 'daxctl offline-memory dax0.0'
like "with a line that names the holder and what helps" "$(guest g dmesg)" \
	"kmem dax0.0: memory block stays online: pool in use by kmemp_test_hold.*kmemp info dax0.0"
is "accounts after the refusal" "$(pool_accounts g)" ok
guest g 'rmmod kmemp_test_hold'
ok "and works when it is not" guest -t 120 g 'daxctl offline-memory dax0.0'
ok "online again" guest g 'daxctl online-memory dax0.0'
nok "no pool, no hold" \
	guest g 'insmod /kmemp/modules/kmemp_test_hold.ko uuid=00000000-0000-0000-0000-000000000001'

# Other notifiers fail, before ours and after it
bad=
for priority in 10000 -10000; do
	guest g "modprobe notifier-error-inject
		modprobe memory-notifier-error-inject priority=$priority
		echo -12 >/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error"
	guest -t 120 g 'daxctl offline-memory dax0.0' >/dev/null 2>&1 &&
		bad="$bad offline with a failing notifier succeeded;"
	accounts=$(pool_accounts g)
	[ "$accounts" = ok ] || bad="$bad offline refused at $priority: $accounts;"
	guest -t 120 g '
		cd /sys/kernel/debug/notifier-error-inject/memory/actions
		echo 0 >MEM_GOING_OFFLINE/error
		daxctl offline-memory dax0.0
		echo -12 >MEM_GOING_ONLINE/error'
	guest -t 120 g 'daxctl online-memory dax0.0' >/dev/null 2>&1 &&
		bad="$bad online with a failing notifier succeeded;"
	guest -t 120 g '
		echo 0 >/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error
		daxctl online-memory dax0.0
		rmmod memory-notifier-error-inject notifier-error-inject'
	accounts=$(pool_accounts g)
	[ "$accounts" = ok ] || bad="$bad online refused at $priority: $accounts;"
done
is "online and offline that another notifier refuses leave exact accounts" "$bad" ""

# Bad pages: one parked, one of ordinary RAM
guest_allow_log g 'Memory failure: '
parked=$(guest g "parked $window_start $window_end" | awk 'NR == 1 { print $1 }')
guest g "printf '%#x\n' $((window_start + parked * 4096)) \
	>/sys/devices/system/memory/hard_offline_page || true"
# the middle of the largest run that is not parked
ram=$(guest g "parked $window_start $window_end" |
	awk -v end=$(((window_end - window_start) / 4096)) '
		function gap(b) { if (b - a > most) { most = b - a; at = (a + b) / 2 } }
		$1 == "total" { gap(end); print int(at); exit }
		{ gap($1); a = $1 + $2 }')
guest g "printf '%#x\n' $((window_start + ram * 4096)) \
	>/sys/devices/system/memory/hard_offline_page"
is "both are recorded" \
	"$(guest g 'for i in $(seq 50); do
		dmesg | grep -c "is bad and out of use" | grep -qx 2 && break
		sleep 0.1
	done; dmesg | grep -c "is bad and out of use"')" 2
is "the parked one is counted" "$(pool_get g bad_pages)" 1
# Since 6.2 the kernel does not online a memory block again that had a bad page,
# until the block has been removed and added.
ok "offline, online" guest -t 120 g '
	daxctl offline-memory dax0.0
	daxctl online-memory dax0.0 && exit
	daxctl offline-memory dax0.0
	echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind
	echo dax0.0 >/sys/bus/dax/drivers/kmem/bind
	daxctl online-memory dax0.0'
is "then the other one is the pool's too" "$(pool_get g bad_pages)" 2
is "accounts with bad pages" "$(pool_accounts g)" ok
is "data_min is withheld beside them" \
	"$(pool_get g withheld)" "$(pool_guaranteed none $data_min)"

# Unbound while online: nothing is taken from anybody, nothing is lost
guest_allow_log g 'hog invoked oom-killer'
before=$(guest g "parked $window_start $window_end" | sha256sum)
ok "sysfs unbind while online" guest g 'echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind'
like "it is detached, and the log says what helps" "$(guest g dmesg)" \
	"kmem dax0.0: unbound while in use.*pool $uuid lives on detached.*reboot"
like "it is listed" "$(guest g 'cat /sys/bus/dax/drivers/kmem/detached')" "$uuid"
nok "its files are gone" guest g "cat $persist/uuid"
is "its pages stay parked" "$(guest g "parked $window_start $window_end" | sha256sum)" "$before"
is "a hog gets the node's memory" "$(guest -t 300 g 'hog 1 >/dev/null && echo all')" all
is "and no parked page of it" "$(guest g "parked $window_start $window_end" | sha256sum)" "$before"
nok "binding again is refused" guest g 'echo dax0.0 >/sys/bus/dax/drivers/kmem/bind'
like "for the right reason" "$(guest g 'cat /sys/bus/dax/drivers/kmem/refusals')" \
	"^dax0.0 detached "
nok "kmem stays loaded" guest g 'rmmod kmem'
guest_poweroff g

# The next boot finds everything, bad pages included
guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
ok "the next boot binds it" guest g "modprobe kmem; $system_ram"
is "the same pool" "$(pool_get g uuid)" "$uuid"
is "its bad pages are remembered" "$(pool_get g bad_pages)" 2
is "accounts" "$(pool_accounts g)" ok

# Unbound while held
guest g "insmod /kmemp/modules/kmemp_test_hold.ko uuid=$uuid"
ok "sysfs unbind while held" guest g 'echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind'
like "the log names the holder" "$(guest g dmesg)" \
	"unbound while in use \(kmemp_test_hold"
ok "the holder can let go" guest g 'rmmod kmemp_test_hold'
guest_poweroff g
done_testing
