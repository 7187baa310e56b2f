#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boot options that have the kernel write to pages when it gives them or gets
# them back (init_on_alloc, init_on_free, page_poison), and have it online memory
# by itself; beside these, tasks that may not use the pool's node and move its
# limit. What is withheld from the start keeps what it holds through all of it.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

persist=/sys/bus/dax/devices/dax0.0/persist
low=$((160 << 20))
high=$((300 << 20))

set_min() {	# BYTES
	guest g "echo $1 >$persist/data_min"
}

# fill_window: the pattern where the window is; metadata is before it
fill_window() {
	"$harness/pattern" fill "$(guest_image g)" "$pool_base" "$window_first" \
		$((pool_pages - POOL_PROBE_PAGES - window_first))
}

# cycles WHAT: limits up and down, memory off and on, with a hog in between
cycles() {
	local i zone bad='' held accounts
	held=$(pool_held g)
	ok "$1: what is withheld holds the pattern" \
		test "$(pool_count "$held")" -gt 4096
	for i in $(seq "$N"); do
		zone=
		[ $((i % 2)) = 0 ] || zone=--no-movable
		set_min $high
		accounts=$(pool_accounts g)
		[ "$accounts" = ok ] || bad="$bad raised: $accounts;"
		[ "$(pool_get g withheld)" = "$(pool_guaranteed bitmap $high)" ] || bad="$bad not withheld;"
		guest g "hog 1 100 >/run/hog & sleep 0.1
			until [ -s /run/hog ]; do sleep 0.05; done
			kill \$!"
		set_min $((high - i * 4096 * 1000))
		set_min $low
		accounts=$(pool_accounts g)
		[ "$accounts" = ok ] || bad="$bad lowered: $accounts;"
		guest -t 120 g "daxctl offline-memory dax0.0
			daxctl online-memory $zone dax0.0" >/dev/null
		accounts=$(pool_accounts g)
		[ "$accounts" = ok ] || bad="$bad online again: $accounts;"
	done
	is "$1: limits up and down, memory off and on: exact accounts" "$bad" ""
	ok "$1: nothing has touched what stayed withheld" pool_intact g "$held"
}

### Pages are zeroed when they are given and when they are freed

ok "init_on_free: boots" guest_boot g --in-turn --nvdimm 512M@1 \
	--append 'init_on_alloc=1 init_on_free=1'
guest g devdax >/dev/null
pool_look g
ok "init_on_free: a pool" guest g "
	modprobe kmem persist_format_type=bitmap
	daxctl reconfigure-device --no-online --mode=system-ram dax0.0
	echo $low >$persist/data_min"
fill_window
like "init_on_free: is on" "$(guest g dmesg)" 'heap alloc:on, heap free:on'
guest g 'daxctl online-memory dax0.0' >/dev/null
is "init_on_free: accounts" "$(pool_accounts g)" ok
cycles init_on_free

# The limit is the pool's affair, whoever writes it
guest g 'mkdir -p /run/cgroup
	mount -t cgroup2 cgroup /run/cgroup
	echo +cpuset >/run/cgroup/cgroup.subtree_control
	mkdir /run/cgroup/here
	echo 0 >/run/cgroup/here/cpuset.mems'
in_cpuset='echo $$ >/run/cgroup/here/cgroup.procs'
is "cpuset: without the pool's node" \
	"$(guest g 'cat /run/cgroup/here/cpuset.mems.effective')" 0
# the same as cycles() do, which are in no cpuset
is "cpuset: a task there is given no page of the pool" \
	"$(guest g "$in_cpuset; timeout 5 hog 1 100" || echo "status $?")" "status 3"
ok "cpuset: a task there raises data_min" \
	guest g "$in_cpuset; echo $high >$persist/data_min"
is "cpuset: and it is withheld" "$(pool_get g withheld)" "$(pool_guaranteed bitmap $high)"
is "cpuset: accounts" "$(pool_accounts g)" ok
set_min $low
ok "policy: a task bound to another node raises data_min" \
	guest g "numactl --membind=0 -- bash -c 'echo $high >$persist/data_min'"
is "policy: and it is withheld" "$(pool_get g withheld)" "$(pool_guaranteed bitmap $high)"
set_min $low

guest_poweroff g

### Pages are filled with 0xaa while they are free, which is looked at when they
### are given; and memory comes online within the add

ok "page_poison: boots" guest_boot g --in-turn --nvdimm 512M@1 \
	--append 'page_poison=1 memhp_default_state=online'
like "page_poison: is on" "$(guest g dmesg)" \
	'CONFIG_PAGE_POISONING is on, will take precedence'
guest g devdax >/dev/null
pool_look g
fill_window
ok "page_poison: the pool binds" guest g '
	modprobe kmem
	echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
	echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id'
is "page_poison: it is online at once" "$(pool_get g state)" online
is "page_poison: what the last boot asked for is withheld" \
	"$(pool_get g withheld)" "$(pool_guaranteed bitmap $low)"
is "page_poison: accounts" "$(pool_accounts g)" ok
cycles page_poison
guest_poweroff g
done_testing
