#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guard, where it matters: a kernel without our module, stock daxctl, and a
# pool. Not a byte of the medium changes.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

snapshot=$guest_dir/snapshot
same_image() {
	"$top/build/guest/samebytes" "$(guest_image g)" "$snapshot"
}

send() {	# FILE MODE TARGET: a file of the tree, into the guest
	guest g <<-SCRIPT
	mkdir -p "$(dirname "$3")"
	base64 -d >"$3" <<'END'
	$(base64 "$1")
	END
	chmod $2 "$3"
	SCRIPT
}

ok "boots" guest_boot g --in-turn --nvdimm 512M@1
guest g use_stock
send "$top/tools/guard/load-kmem" 755 /lib/kmem-persist/load-kmem
send "$top/tools/guard/00-kmem-persist.conf" 644 /lib/modprobe.d/00-kmem-persist.conf
is "a dax device" "$(guest g devdax)" dax0.0
ok "becomes a pool" guest g '/kmemp/bin/kmemp format --type none --force dax0.0'
like "whose kmem would be the stock one" "$(guest g '/kmemp/bin/kmemp info dax0.0')" \
	'"kmem_module":"stock"'
guest g sync
cp "$(guest_image g)" "$snapshot"

nok "stock daxctl is refused" guest g 'daxctl reconfigure-device --mode=system-ram dax0.0'
nok "with --force too" guest g 'daxctl reconfigure-device --mode=system-ram --force dax0.0'
nok "modprobe is refused" guest g 'modprobe kmem'
guest g 'modprobe dax:t0 || true'
is "no kmem is loaded" "$(guest g 'lsmod | grep -c "^kmem " || true')" 0
log=$(guest g 'dmesg | grep "kmem-persist: refused to load kmem" | head -n 1')
like "the log says why, and what helps" "$log" "make install KVER=.*daxctl reconfigure-device"
ok "the medium is unchanged" same_image

ok "the command from the log enables the device again" \
	guest g 'daxctl reconfigure-device --mode=devdax dax0.0'
ok "and the pool is there" guest g '/kmemp/bin/kmemp check dax0.0'
ok "still unchanged" same_image

# What the rule keeps away does happen without it: the test can fail
guest g 'rm /lib/modprobe.d/00-kmem-persist.conf
	daxctl reconfigure-device --mode=system-ram --no-online dax0.0
	daxctl online-memory dax0.0'
is "without the rule stock kmem takes the pool" "$(guest g 'lsmod | grep -c "^kmem "')" 1
guest g 'coproc exec hog 1 64; read -r _ <&${COPROC[0]}'
nok "and what then uses its memory changes the medium" same_image

done_testing
