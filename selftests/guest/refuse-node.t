#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pool's node is its own: other memory there, a copy of the pool elsewhere,
# and kernels that online what is added by themselves.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"

guest_boot g --in-turn --nvdimm 256M@1 --nvdimm 256M@1 --nvdimm 256M@2 -- \
	-object memory-backend-ram,id=balloon,size=256M,reserve=off \
	-device virtio-mem-pci,id=vm0,memdev=balloon,node=0,requested-size=0
# by address, which is the order of the images; numbers are any
mapfile -t devices < <(guest g '
	for region in region0 region1 region2; do
		dax=$(devdax $region)
		echo "$(cat /sys/bus/dax/devices/$dax/resource) $dax"
	done | sort | sed "s/.* //"')
is "three devices" "${#devices[@]}" 3
pool=${devices[0]}
neighbour=${devices[1]}
copy=${devices[2]}
node_of() {
	guest g "cat /sys/bus/dax/devices/$1/target_node"
}
node=$(node_of "$pool")
is "two of them share a node" "$(node_of "$neighbour")" "$node"
unlike "the third does not" "$(node_of "$copy")" "^$node\$"

guest_do "
	unbind $pool
	modprobe kmem persist_format_type=none
	echo $pool >\$driver/new_id
	has_driver $pool kmem
	echo >/sys/module/kmem/parameters/persist_format_type"
use_device "$pool" 1
snapshot pool

### A pool is there first

taken="belongs to a pool \(node $node\).*kmemp list"
use_device "$neighbour" 2
refused "plain neighbour" node_taken "Device or resource busy" "$taken"
guest g 'echo none >/sys/module/kmem/parameters/persist_format_type'
is "a neighbour that would be formatted is refused as well" \
	"$(guest_do "sysfs_bind $dax")" "Device or resource busy"
guest_do "
	echo >/sys/module/kmem/parameters/persist_format_type
	to_devdax $neighbour"

# the same pool once more, as a copy of an image makes it
use_device "$copy" 3
for at in 0 $((size - 4096)); do
	dd if="$(guest_image g 1)" bs=4096 count=1 skip=$((pool_start + at)) \
		iflag=skip_bytes status=none | poke "$at"
done
refused "a copy of a bound pool" uuid_bound "File exists" \
	"same uuid is bound already \([-0-9a-f]{36} as $pool\).*kmemp list"
guest_do "unbind $pool"
is "the copy binds once the pool is gone" \
	"$(guest_do "sysfs_bind $copy; cat /sys/bus/dax/devices/$copy/persist/state
	grep $copy \$driver/refusals || true")" offline
use_device "$pool" 1
refused "then the pool is the second" uuid_bound "File exists" "as $copy\)"
guest_do "to_devdax $copy"
binds "the pool binds again"

### Other memory is there first

blocks() {	# DAX: its memory blocks
	guest g "start=\$((\$(cat /sys/bus/dax/devices/$1/resource)))
		size=\$(cat /sys/bus/dax/devices/$1/size)
		block=\$((0x\$(cat /sys/devices/system/memory/block_size_bytes)))
		for ((i = (start + block - 1) / block; (i + 1) * block <= start + size; i++)); do
			echo /sys/devices/system/memory/memory\$i/state
		done"
}
others=$(blocks "$neighbour")

guest_do "
	unbind $neighbour
	[ -z \"\$(sysfs_bind $neighbour)\" ]
	echo online_movable >$others"
refused "node with other memory" node_shared "Device or resource busy" \
	"node $node has 32768 pages.*numactl -H"
guest_do "echo offline >$others"
refused "node with another device that is offline" node_shared "Device or resource busy" \
	"node $node has another device bound to kmem\).*daxctl list"
guest_do "to_devdax $neighbour"
binds "node whose other memory is gone"

# a DIMM that is plugged in beside a pool
guest_do "[ -z \"\$(sysfs_bind $pool)\" ]"
memory=/sys/devices/system/memory
before=$(guest g "cd $memory; ls -d memory*")
guest_qmp g '{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"dimm","size":134217728,"reserve":false}}' >"$TEST_DIR/output"
guest_qmp g '{"execute":"device_add","arguments":{"driver":"pc-dimm","id":"d0","memdev":"dimm","node":1}}' >>"$TEST_DIR/output"
# it is added by the kernel, in the background
dimm=$(guest -t 30 g "
	cd $memory
	until new=\$(ls -d memory* | grep -vxF '$before'); do sleep 0.1; done
	ls -d \$new/node* | sed 's|/| |'")
is "a hot-plugged DIMM is on the node" "${dimm#* }" "node$node"
mark=$RANDOM
is "it cannot come online beside a pool" \
	"$(guest_do "mark $mark; sysfs_write $memory/${dimm% *}/state online_movable")" \
	"Device or resource busy"
like "and the log says why" "$(guest_do log_since $mark)" \
	"kmem: memory at 0x[0-9a-f]+ stays offline: node $node belongs to a pool; see: kmemp list"
is "memory of the pool can" \
	"$(guest_do "sysfs_write $(blocks "$pool") online_movable")" ""
is "without a pool it can" "$(guest_do "
	echo offline >$(blocks "$pool")
	unbind $pool
	sysfs_write $memory/${dimm% *}/state online_movable")" ""
refused "a node with a DIMM" node_shared "Device or resource busy" \
	"node $node has 32768 pages"
guest_do "echo offline >$memory/${dimm% *}/state"

### virtio_mem, which needs the kernel's one online-page callback, too

guest_do "
	modprobe virtio_mem
	[ -e /sys/bus/virtio/drivers/virtio_mem/virtio* ]"
use_device "$pool" 1
refused "beside virtio_mem" callback "Device or resource busy" \
	'virtio_mem or a balloon.*unload that driver'
guest_do "rmmod virtio_mem"
binds "without virtio_mem"
guest_do "
	[ -z \"\$(sysfs_bind $pool)\" ]
	modprobe virtio_mem"
ok "a pool stays when virtio_mem comes" guest_do "
	[ ! -e /sys/bus/virtio/drivers/virtio_mem/virtio* ]
	cat /sys/bus/dax/devices/$pool/persist/uuid
	unbind $pool"

### Kernels that online memory within the add

# so large that most of the window must be withheld
data_min=$((200 << 20))
guest_do "
	[ -z \"\$(sysfs_bind $pool)\" ]
	echo $data_min >/sys/bus/dax/devices/$pool/persist/data_min
	unbind $pool"
block=$(blocks "$pool")
for policy in offline online_movable online online_kernel; do
	got=$(guest_do "
		echo $policy >/sys/devices/system/memory/auto_online_blocks
		sysfs_bind $pool
		echo offline >/sys/devices/system/memory/auto_online_blocks
		cat /sys/bus/dax/devices/$pool/persist/state
		cat /sys/bus/dax/devices/$pool/persist/withheld
		sed -n 's/.*MemTotal: *//p' /sys/devices/system/node/node$node/meminfo || true
		[ $policy = offline ] || cat ${block%/state}/valid_zones")
	withheld=$(sed -n 2p <<<"$got")
	ok "$policy: data_min is withheld" [ "$withheld" -ge $data_min ]
	case $policy in
	offline) expected="offline $withheld 0 kB" ;;
	# all of the pool is withheld or RAM
	*) expected="online $withheld $(((size - withheld) >> 10)) kB" ;;
	esac
	case $policy in
	online_movable) expected+=" Movable" ;;
	online*) expected+=" Normal" ;;
	esac
	is "$policy: RAM is what is not withheld" "$(paste -sd ' ' <<<"$got")" "$expected"
	ok "$policy: unbinds" guest_do "
		[ $policy = offline ] || echo offline >$block
		unbind $pool
		! grep $pool /proc/iomem | grep 'System RAM'"
done
done_testing
