#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A medium whose every seal is right and on which a volume maps metadata pages
# of its pool as its own data. When it discards them they become RAM; the pool
# stops before it stores into RAM what it takes for its metadata.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'

ok "boots" guest_boot g --nvdimm 1G@1
guest g devdax >/dev/null
pool_look g
ok "a pool of bitmap" \
	guest g "modprobe kmem persist_format_type=bitmap; $system_ram; modprobe kmemp_blk"
uuid=$(pool_get g uuid)
# what lies outside the window is used first and can never be RAM
ok "a volume whose metadata reaches into the window" guest -t 200 g "
	echo '1073741824 4096 v' >/sys/class/kmemp_blk/$uuid/create
	dd if=/dev/zero of=/dev/kmempblk0 bs=1M count=160 oflag=direct status=none
	for i in \$(seq 40); do
		dd if=/dev/zero of=/dev/kmempblk0 bs=4096 seek=\$((50000 + i * 1000)) count=1 \
			oflag=direct status=none
	done"
ok "back to devdax" guest -t 120 g "$devdax"

pool=$guest_dir/pool
dd if="$(guest_image g)" of="$pool" bs=1M iflag=skip_bytes,count_bytes conv=sparse status=none \
	skip="$pool_base" count=$((pool_pages * 4096))
forged=$("$top/build/guest/forge" "$pool" 200000 "$window_first" $((pool_pages - 1)))
diag "$forged pages of metadata are mapped as data"
ok "a forged medium" test "${forged:-0}" -gt 20
dd if="$pool" of="$(guest_image g)" bs=1M oflag=seek_bytes conv=notrunc status=none \
	seek="$pool_base"
rm "$pool"

ok "binds: nothing can tell without reading all of it" guest g "$system_ram"
ok "the volume discards what it does not own" guest -t 60 g "
	for i in \$(seq 100); do [ -b /dev/kmempblk0 ] && break; sleep 0.1; done
	blkdiscard -o $((200000 * 4096)) -l $((forged * 4096)) /dev/kmempblk0
	sync /dev/kmempblk0
	sleep 2"
# shellcheck disable=SC2016 # for the guest
ok "others get it as RAM" guest -t 90 g '
	(hoard 1 >/tmp/hoard.out 2>&1; echo $? >/tmp/hoard.rc) &
	for i in $(seq 600); do [ -s /tmp/hoard.out ] && break; sleep 0.1; done
	[ $(cat /tmp/hoard.out) -gt 100000 ]'
guest_allow_log g 'I/O error, dev kmempblk|Buffer I/O error on dev kmempblk'
nok "writing ends with an error" guest -t 60 g '
	for i in $(seq 40); do
		dd if=/dev/urandom of=/dev/kmempblk0 bs=4096 seek=$((50000 + i * 1000)) count=1 \
			oflag=direct conv=notrunc,fsync status=none || exit 1
	done'
like "the log says why, and what helps" "$(guest g dmesg)" \
	'kmem dax0.0: metadata at page [0-9]*, which was freed as data: .*kmemp check dax0.0'
# shellcheck disable=SC2016 # for the guest
ok "and no byte of others' RAM has changed" guest -t 120 g '
	pkill -TERM -x hoard
	for i in $(seq 600); do [ -s /tmp/hoard.rc ] && break; sleep 0.1; done
	cat /tmp/hoard.out
	grep -qx 0 /tmp/hoard.rc'
is "accounts" "$(pool_accounts g)" ok
ok "it can be unbound" guest -t 120 g "$devdax"
nok "and the check finds it" guest g 'kmemp check dax0.0'
guest_poweroff g
done_testing
