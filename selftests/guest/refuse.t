#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Media and circumstances in which a device with a superblock is not bound.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"

tool='kmemp (check|format) dax0\.0'

guest_boot g --in-turn --nvdimm 256M@1
use_device "$(guest g devdax)"
ok "a pool is made" guest_do "
	unbind $dax
	modprobe kmem persist_format_type=none
	echo $dax >\$driver/new_id
	has_driver $dax kmem
	echo >/sys/module/kmem/parameters/persist_format_type
	unbind $dax"
snapshot good
binds "it binds again"
ok "binding and unbinding a clean pool changes nothing" unchanged good

# back DESCRIPTION: the good medium again, which binds
back() {
	restore good
	binds "$1: the good medium binds"
	ok "$1: and stays as it is" unchanged good
}

### Formats

patch type=0x80000001
nok "a changed byte would be noticed" unchanged good
refused "a type without plugin" type_unknown "No such file or directory" \
	'no plugin for its format \(2147483649\).* modprobe kmemp-format-2147483649$'
back "a type without plugin"

guest_do 'rmmod kmemp_none; cd /lib/modules/*/updates; mv kmemp_none.ko /tmp'
refused "plugin missing" type_unknown "No such file or directory" \
	'no plugin for its format \(0\).* modprobe kmemp-format-0$'
guest_do 'mv /tmp/kmemp_none.ko /lib/modules/*/updates; modprobe kmemp_none'
ok "plugin missing: its arrival binds the device" guest -t 20 g \
	"until [ -e /sys/bus/dax/devices/$dax/persist/type ]; do sleep 0.1; done"
is "plugin missing: and takes the refusal back" "$(guest_do 'cat $driver/refusals')" ""

for module in kmemp_none kmem kmemp_core; do
	like "bound: $module cannot be unloaded" \
		"$(guest g "rmmod $module 2>&1 || true")" "$module is in use"
done
guest_do "unbind $dax"
ok "plugin missing: nothing has changed" unchanged good
ok "unbound: all can be unloaded" guest g 'rmmod kmem kmemp_none kmemp_core; modprobe kmem'

### The superblock

poke_hex 104 ff
poke_hex $((size - 4096 + 104)) ff
refused "both copies damaged" bad_super "Structure needs cleaning" \
	"both superblock copies are damaged.*$tool"
back "both copies damaged"

# Damage to one of the pages is mended, whichever it is and how it came about
poke_hex 104 ff
binds "first page damaged: binds"
ok "first page damaged: mended" unchanged good
poke_hex 2056 ff
binds "first state line damaged: binds"
like "first state line damaged: mended" "$(patch show)" 'state.epoch=0$'
restore good
poke_hex 0 0000000000000000
binds "first magic lost: binds"
ok "first magic lost: mended" unchanged good
poke_hex $((size - 4096 + 104)) ff
binds "copy damaged: binds"
ok "copy damaged: mended" unchanged good
poke_hex 3000 01
binds "something in a gap of the first page: binds"
ok "something in a gap of the first page: mended" unchanged good
zero $((size - 4096)) 4096
binds "copy gone: binds"
ok "copy gone: mended" unchanged good

patch incompat=+0x100
refused "an unknown incompat bit" incompat "Operation not supported" \
	'features that this module does not know \(incompat bits 0x100\).*kmemp info dax0\.0'
restore good
patch ro_compat=+0x4
refused "an unknown ro_compat bit" ro_compat "Read-only file system" \
	'allow this module only to read it.*0x4.*kmemp info dax0\.0'
restore good
patch version=2
refused "another version" version "Operation not supported" 'found 2, expected 1'
restore good
patch compat=+0x1
binds "an unknown compat bit does not matter"
restore good

# what is left of a pool when its namespace was re-created smaller
zero $((size - 4096)) 4096
patch first pool_pages=131072
refused "device smaller than the pool" device_smaller "No such device or address" \
	'smaller than the pool \(pool of 131072 pages, device of [0-9]+\).*ndctl list'
back "device smaller than the pool"

patch first seed=1
zero $((size - 4096)) 4096
refused "a superblock of 2022" seed_format "Operation not supported" \
	'2022 proposal.*type 1.*kmemp format dax0\.0 --type TYPE --force$'
restore good

zero 0 4096
refused "first page overwritten with zeros" foreign "Structure needs cleaning" \
	"holds something else.*$tool"
back "first page overwritten with zeros"
head -c 4096 /dev/urandom | poke 0
refused "first page overwritten" foreign "Structure needs cleaning" \
	"holds something else.*$tool"
back "first page overwritten"

patch copy label=other
refused "copies differ" copies_differ "Structure needs cleaning" \
	"copies differ.*static parts, both of generation 1.*$tool"
restore good
patch copy seal_key0=7
refused "copies of two pools" copies_differ "Structure needs cleaning" \
	"two different pools.*$tool"
restore good
patch copy state.epoch=5
refused "state lines differ" copies_differ "Structure needs cleaning" \
	"state lines, both of generation 1.*$tool"
restore good
patch copy label=newer generation=2
binds "copies of two generations: binds"
like "copies of two generations: the newer one counts" "$(patch show)" '^generation=0x2$'
back "copies of two generations"

# each field is the unit tests' matter
while read -r what regex; do
	patch "$what"
	refused "superblock with $what" geometry "Structure needs cleaning" "$regex"
	restore good
done <<'CASES'
page_size=8192 page size 8192, expected 4096.*kmemp check dax0\.0
pool_pages=16 16 pages, expected 16384 to
data_min=65536 data_min 65536, data_max 0 of
generation=0xffffffffffffffff generation 0xffffffffffffffff is out of range
state.lease=1 reserved fields of the state line
CASES
# what a log must not print
patch label=$'a\e[2Jb'
refused "a label with control characters" geometry "Structure needs cleaning" \
	'label is not a valid name'
restore good
poke_hex 3000 01
poke_hex $((size - 4096 + 3000)) 01
refused "something in the gaps" geometry "Structure needs cleaning" 'gaps.*not zero'
restore good

poke_hex 3584 0100000000000000
binds "a damaged bad-page slot: binds"
ok "a damaged bad-page slot: mended" unchanged good
poke_hex 3584 0100000000000000
poke_hex $((size - 4096 + 3584)) 0100000000000000
refused "both bad-page slots damaged" structure "Structure needs cleaning" \
	'structure of the format is damaged \(bad-page slot 0 .*0x1.*kmemp check dax0\.0$'
back "both bad-page slots damaged"

### The machine

module() {	# COMMAND: of a test module
	guest g "cd /kmemp/modules; $*"
}

module insmod occupy.ko callback=1
refused "callback taken" callback "Device or resource busy" \
	'another driver holds .*online-page callback.*unload that driver'
module rmmod occupy
back "callback taken"

start=$(guest g "cat /sys/bus/dax/devices/$dax/resource")
module insmod occupy.ko start=$((start + (130 << 20))) size=4096
refused "range taken" busy_range "Device or resource busy" \
	'address range is in use \(0x[0-9a-f]+-0x[0-9a-f]+\).*/proc/iomem'
module rmmod occupy
back "range taken"

# failing DESCRIPTION CODE ERROR REGEX MODULE ARGUMENTS: in a kernel where a
# function fails
failing() {
	module insmod fail_call.ko "$5"
	refused "${@:1:4}"
	module rmmod fail_call
	back "$1"
}
failing "superblock unreadable" unreadable "Input/output error" \
	'cannot be read.*the first page.*ndctl' 'symbol=copy_mc_to_kernel value=1'
failing "memory encryption" encryption "Operation not supported" \
	'memory encryption is active.*mem_encrypt=off' \
	'symbol=cc_platform_has caller=kmem_device_check value=1'
failing "no DRAM for the memmap" no_memory "Cannot allocate memory" \
	'not enough free DRAM.*2 MiB needed, 0 MiB available' 'symbol=si_mem_available'
iomem=$(guest g 'cat /proc/iomem')
failing "memory cannot be added" add_memory "Input/output error" \
	'kernel did not add the memory \(error -12\)' \
	'symbol=add_memory_driver_managed value=-12'
failing "no memory group" add_memory "Input/output error" \
	'kernel did not add the memory \(error -12\)' \
	'symbol=memory_group_register_static value=-12'
is "nothing is left of refused binds" "$(guest g 'cat /proc/iomem')" "$iomem"

# Unbound while online, it lives on until the next boot
guest_do "
	sysfs_bind $dax
	daxctl online-memory $dax >/dev/null
	unbind $dax"
said=$(guest_do attempt "$dax")
like "detached: no second bind" "$said" '^sysfs: Device or resource busy$'
like "detached: says why" "$said" '^log: .*lives on detached.*next boot'
guest_poweroff g

### Boots in which no pool is bound

guest_boot g --in-turn --nvdimm 256M@1 --append elfcorehdr=0xf0000
use_device "$(guest g devdax)"
snapshot good
refused "crash kernel" kdump "Device or resource busy" 'crash kernel.*boot the ordinary'
guest_poweroff g

guest_boot g --in-turn --nvdimm 256M@1 --append numa=off
use_device "$(guest g devdax)"
refused "no node" no_node "Invalid argument" 'no NUMA node \(target_node < 0\).*SRAT'
done_testing
