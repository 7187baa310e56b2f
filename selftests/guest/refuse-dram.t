#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# DRAM as dax devices: volatile memory (hmem), a region that promises no
# persistence (nd_e820), both on node 0 beside the system's own memory; and
# devices of two ranges, which only hmem has.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"

# re-typed from node 0's RAM; whole memory blocks
guest_boot g --in-turn --ram 1536M --nvdimm none \
	--append 'memmap=256M!512M memmap=512M%768M-1+0xefffffff'
guest g 'modprobe -a dax_hmem nd_e820 nd_pmem dax_pmem device_dax
	# read to wait for the probes
	cat /sys/bus/nd/devices/ndbus*/wait_probe >/dev/null
	udevadm settle || true'
hmem=$(guest g 'basename /sys/bus/platform/devices/hmem.*/dax*.0')
like "a volatile device" "$hmem" '^dax[0-9]+\.0$'
legacy=$(guest g 'devdax "$(basename /sys/bus/nd/devices/region*)"')
like "a device of legacy pmem" "$legacy" '^dax[0-9]+\.0$'
guest g 'modprobe kmem persist_format_type=none'

# plain DEVICE DESCRIPTION REGEX: not formatted, for this reason, but bound
plain() {
	local dax=$1 mark=$RANDOM
	is "$2: binds" "$(guest_do "
		mark $mark
		unbind $dax
		echo $dax >\$driver/new_id
		has_driver $dax kmem && echo bound
		ls -d /sys/bus/dax/devices/$dax/persist 2>/dev/null || true")" bound
	like "$2: stays plain, one line says why" \
		"$(guest_do "log_since $mark | grep '^kmem $dax: not formatted:'")" "$3"
	ok "$2: is the kernel's memory" guest g "grep -A1 '$dax\$' /proc/iomem | grep 'System RAM (kmem)'"
	guest_do "to_devdax $dax"
}
plain "$hmem" "volatile" \
	"not formatted: .*for persistent devices.*: kmemp format $hmem --type TYPE\$"
plain "$legacy" "no persistence domain" \
	"not formatted: the region promises no persistence domain"

# what is refused to the first probe of daxctl must not be plain to the second
said=$(guest_do "
	unbind $legacy
	echo $legacy >/sys/module/kmem/parameters/persist_format_force
	attempt $legacy
	to_devdax $legacy")
like "formatting by force: not on a node with other memory" "$said" \
	'^log: its NUMA node has other memory.*\(node 0 has [0-9]+ pages\)'
like "formatting by force: refused to each probe" "$said" \
	'^sysfs: Device or resource busy$'
is "formatting by force: nothing is written" \
	"$(guest g "/kmemp/bin/daxpoke /dev/$legacy 0")" 0000000000000000

### Two ranges

# half of it, a device in the middle, and the rest
is "a device of two ranges" "$(guest_do "
	region=\$(readlink -f /sys/bus/dax/devices/$hmem/..)/dax_region
	unbind $hmem
	cd /sys/bus/dax/devices
	total=\$(cat $hmem/size)
	echo \$((total / 2)) >$hmem/size
	echo 1 >\$region/create
	echo \$((total / 4)) >\$(cat \$region/seed)/size
	echo \$((total * 3 / 4)) >$hmem/size
	ls -d $hmem/mapping[0-9]* | wc -l")" 2
plain "$hmem" "two ranges" "not formatted: the device has more than one range"

multi_range() {	# DESCRIPTION OF BYTE
	local said
	said=$(guest_do "
		/kmemp/bin/daxpoke /dev/$hmem $2 535245504d454d4b
		unbind $hmem
		attempt $hmem
		to_devdax $hmem
		/kmemp/bin/daxpoke /dev/$hmem $2 0000000000000000")
	like "superblock at $1: refused" "$said" '^sysfs: Operation not supported$'
	like "superblock at $1: one line says why" "$(grep '^log' <<<"$said")" \
		'^log: the device has more than one range \(2 ranges\).*daxctl create-device$'
	plain "$hmem" "without one at $1" "not formatted: the device has more than one range"
}
multi_range "the start of two ranges" 0
multi_range "the end of two ranges" $(((384 << 20) - 4096))
is "two ranges are not formatted by force" "$(guest_do "
	unbind $hmem
	echo $hmem >/sys/module/kmem/parameters/persist_format_force
	sysfs_bind $hmem")" "Operation not supported"
done_testing
