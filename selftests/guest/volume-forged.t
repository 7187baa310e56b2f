#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A medium whose every seal is right and on which a volume maps metadata pages
# of its pool as its own data. When it discards them they may become RAM: the
# pool stores nothing there any more, and stops.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'

ok "boots" guest_boot g --in-turn --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
ok "a pool of bitmap" \
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram; modprobe kmemp_blk"
uuid=$(pool_get g uuid)
# what lies outside the window is used first and can never be RAM
ok "a volume whose map reaches into the window" guest -t 200 g "
	echo '1073741824 4096 v' >/sys/class/kmemp_blk/$uuid/create
	dd if=/dev/zero of=/dev/kmempblk0 bs=1M count=160 oflag=direct status=none
	writepages /dev/kmempblk0 \$(echo {50..89}0{00,10})"
ok "back to devdax" guest -t 120 g "$devdax"

pool=$guest_dir/pool
dd if="$(guest_image g)" of="$pool" bs=1M iflag=skip_bytes,count_bytes conv=sparse status=none \
	skip="$pool_base" count=$((pool_pages * 4096))
forged=$("$top/build/guest/forge" "$pool" 1000 70000)
diag "$forged pages of the map are mapped as data"
is "a forged medium" "$forged" 20
dd if="$pool" of="$(guest_image g)" bs=1M oflag=seek_bytes conv=notrunc status=none \
	seek="$pool_base"
rm "$pool"

ok "binds: nothing can tell without reading all of it" guest g "$system_ram"
# shellcheck disable=SC2016 # for the guest
ok "the volume discards what it does not own" guest -t 60 g '
	for i in $(seq 100); do [ -b /dev/kmempblk0 ] && break; sleep 0.1; done
	for i in $(seq 50 69); do
		blkdiscard -o $((i * 1000 * 4096)) -l 4096 /dev/kmempblk0
	done
	sync /dev/kmempblk0
	sleep 2'
guest_allow_log g 'I/O error, dev kmempblk|Buffer I/O error on dev kmempblk'
nok "writing ends with an error" guest -t 60 g '
	writepages /dev/kmempblk0 {70..89}000'
# The first to see it is the store: the pages still hold what they held, so
# that the format reads nothing odd.
like "the log says why, and what helps" "$(guest g "dmesg | grep 'kmem dax'")" \
	'kmem dax0.0: metadata at page [0-9]*, which was freed as data: .*kmemp check dax0.0'
got=$(pool_hoard g)
ok "others take what the node has" test "${got:-0}" -gt 100000
nok "nor is anything stored later" guest -t 60 g '
	writepages /dev/kmempblk0 80000'
ok "and no byte of others' RAM has changed" pool_hoard_end g
is "accounts" "$(pool_accounts g)" ok
ok "it can be unbound" guest -t 120 g "$devdax"
nok "and the check finds it" guest g 'kmemp check dax0.0'
guest_poweroff g
done_testing
