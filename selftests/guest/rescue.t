#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device to an image of another format and back, by kmemp convert; then a pool
# whose list of used pages is damaged: bound for rescue its volumes can be read,
# nothing can be written, and no page of it is RAM.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
rescue='echo dax0.0 >/sys/module/kmem/parameters/persist_rescue
	daxctl reconfigure-device --mode=system-ram --no-online dax0.0'
# what is bound to no driver
enable='daxctl reconfigure-device --mode=devdax dax0.0'
# daxctl would look for memory of it to be taken offline
end_rescue="echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind; $enable"
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'

# volume_sum: of the volume, when its disk is there
volume_sum() {
	guest -t 60 g 'for i in $(seq 100); do [ -b /dev/kmempblk0 ] && break; sleep 0.1; done
		dd if=/dev/kmempblk0 bs=1M iflag=direct status=none | xxh64sum'
}

medium() {
	cksum <"$(guest_image g)"
}

ok "boots" guest_boot g --in-turn --nvdimm 512M@1
guest g devdax >/dev/null
pool_look g
ok "a pool of bitmap with a volume" guest -t 60 g "
	modprobe kmem persist_format_type=bitmap; $system_ram; modprobe kmemp_blk
	kmemp volume create dax0.0 v 8M >/dev/null
	noise 3M | dd of=/dev/kmempblk0 bs=1M seek=2 iflag=fullblock oflag=direct status=none"
wanted=$(volume_sum)
uuid=$(pool_get g uuid)
ok "back to devdax" guest -t 60 g "$devdax"

ok "from the device to an image of log" guest -t 60 g '
	kmemp convert --quiet --type log --keep-uuid --size 64M dax0.0 /tmp/pool.img >/dev/null'
ok "and back, as extent" guest -t 60 g '
	kmemp convert --quiet --type extent --keep-uuid --force /tmp/pool.img dax0.0 >/dev/null'
ok "it binds" guest -t 60 g "$system_ram"
is "as what it is now" "$(pool_get g type) $(pool_get g uuid)" "extent $uuid"
is "accounts" "$(pool_accounts g)" ok
is "the volume holds what it held" "$(volume_sum)" "$wanted"
ok "back to devdax" guest -t 60 g "$devdax"

ok "bitmap again, and a bit of its page bitmap" guest -t 60 g '
	kmemp convert --quiet --type bitmap --force /tmp/pool.img dax0.0 >/dev/null
	daxpoke /dev/dax0.0 $((258 * 4096 + 64)) 5555555555555555'
nok "its bind is refused" guest -t 60 g "$system_ram"
like "for its structure" "$(guest g 'cat /sys/bus/dax/drivers/kmem/refusals')" 'dax0.0 structure'
before=$(medium)
ok "it is bound for rescue" guest -t 60 g "$rescue"
is "its state" "$(pool_get g state)" rescue
like "kmemp info shows it" "$(guest g 'kmemp info dax0.0')" '"state":"rescue"'
like "the log says what to do" "$(guest g 'dmesg | tail -n 20')" \
	'bound for rescue: read-only, none of it is RAM; .*kmem/unbind; then: kmemp export --salvage dax0.0 DIR'
is "all of it is withheld" "$(pool_get g withheld)" "$(pool_get g pool_size)"
is "no memory of it is there" "$(guest g 'grep -c "System RAM (kmem)" /proc/iomem; cat /sys/devices/system/node/node1/meminfo 2>/dev/null | grep MemTotal | grep -v " 0 kB"')" 0
is "the volume can be read" "$(volume_sum)" "$wanted"
is "it is read-only" "$(guest g 'blockdev --getro /dev/kmempblk0')" 1
guest_allow_log g 'I/O error, dev kmempblk|Buffer I/O error on dev kmempblk|Trying to write to read-only'
nok "it cannot be written" guest -t 60 g '
	dd if=/dev/zero of=/dev/kmempblk0 bs=4096 count=1 conv=notrunc,fsync status=none'
nok "nor discarded" guest g 'blkdiscard -f /dev/kmempblk0'
like "no volume can be made" "$(guest g 'kmemp volume create dax0.0 w 8M 2>&1' || true)" \
	'can only be read; it is bound for rescue; end that first: echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind; '
nok "nor removed" guest g 'kmemp volume remove --force dax0.0 v'
like "no limit can be changed" "$(guest g 'kmemp limits --data-min 32M dax0.0 2>&1' || true)" \
	'can only be read; it is bound for rescue; end that first'
unlike "it costs no page descriptors" "$(guest g 'kmemp info dax0.0')" dram_memmap
is "the volume still holds what it held" "$(volume_sum)" "$wanted"
like "the tool says how it ends" "$(guest g 'kmemp check dax0.0 2>&1')" \
	'bound for rescue; end that first: echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind; '
ok "and so it does" guest -t 60 g "$end_rescue"
is "its volume is gone" "$(guest g 'ls /dev/kmempblk0 2>/dev/null')" ''
is "no byte of the medium has changed" "$(medium)" "$before"
nok "the permission is used up" guest -t 60 g "$system_ram"
ok "back to devdax" guest -t 60 g "$enable"

nok "damaged, it is exported only where that is wanted" \
	guest -t 60 g 'kmemp export --quiet dax0.0 /tmp/out'
is "then its volume is there" "$(guest -t 60 g '
	kmemp export --quiet --salvage dax0.0 /tmp/out >/dev/null
	xxh64sum </tmp/out/volumes/v')" "$wanted"
# what a rescue finds nothing on must not become RAM
ok "a device without a superblock" guest g "
	for page in 0 $((pool_pages - 1)); do
		daxpoke /dev/dax0.0 \$((page * 4096)) 0000000000000000
	done"
nok "is not bound for rescue" guest -t 60 g "$rescue"
like "for want of one" "$(guest g 'cat /sys/bus/dax/drivers/kmem/refusals')" \
	'bad_super .*no superblock, nothing to rescue'
ok "kmem unloads" guest -t 60 g 'rmmod kmem'
nok "persist_rescue is no load option" guest g 'modprobe kmem persist_rescue=dax0.0'
like "which the log says" "$(guest g 'dmesg | tail -n 5')" 'kmem: persist_rescue is no load option'
guest_poweroff g
done_testing
