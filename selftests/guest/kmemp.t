#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp and the driver: what they say of each other's pools, and what kmemp
# keeps its hands off.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

kmemp=/kmemp/bin/kmemp

# field KEY: of the JSON on standard input, as kmemp prints it
field() {
	sed -n "s/^ *\"$1\":\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}

# value KEY COMMAND: of the JSON that kmemp prints
value() {
	guest g "$kmemp $2" | field "$1"
}

# said STATUS REGEX DESCRIPTION COMMAND: kmemp fails so, and says so
said() {
	local status=0 err
	err=$(guest g "$kmemp $4 2>&1 >/dev/null") || status=$?
	is "$3: exit status" "$status" "$1"
	like "$3" "$err" "$2"
}

ok "boots" guest_boot g --in-turn --nvdimm 1G@1
is "a dax device" "$(guest g devdax)" dax0.0
info=$(guest g "$kmemp info dax0.0")
is "in devdax mode" "$(field mode <<<"$info")" devdax
is "empty" "$(field content <<<"$info")" empty
is "under ADR" "$(field persistence_domain <<<"$info")" memory_controller
is "whose kmem would be ours" "$(field kmem_module <<<"$info")" kmem-persist
said 8 'there is no pool' "check of an empty device" 'check dax0.0'
said 1 'no pool is bound here; .*reconfigure-device' "limits of an unbound device" \
	'limits --data-min 1M dax0.0'
is "no pool is listed" "$(guest g "$kmemp list -u")" ''
like "but a device with --all" "$(guest g "$kmemp list --all")" '"chardev":"dax0.0"'

is "format" "$(value uuid 'format -t none -L cache --data-min 32M dax0.0' | wc -l)" 1
uuid=$(value uuid 'info dax0.0')
ok "check" guest g "$kmemp check dax0.0"
cp "$(guest_image g)" "$guest_dir/before"
said 1 'holds a pool \(uuid .*, label cache\)' "format over it" 'format -t none dax0.0'
said 1 'another program has locked it' "format of a device that is being looked at" \
	'list >/dev/null; exec 9</dev/dax0.0; flock -s 9; /kmemp/bin/kmemp format -f -t none dax0.0'
ok "nothing has changed" \
	"$top/build/guest/samebytes" "$(guest_image g)" "$guest_dir/before"

ok "bind" guest g 'daxctl reconfigure-device --mode=system-ram dax0.0'
info=$(guest g "$kmemp info dax0.0")
is "the driver tells of the same pool" "$(field uuid <<<"$info")" "$uuid"
is "in system-ram mode" "$(field mode <<<"$info")" system-ram
is "its label" "$(field label <<<"$info")" cache
is "data_min in bytes" "$(field data_min <<<"$info")" $((32 << 20))
is "the driver's persistence domain is the tool's" \
	"$(field persistence_domain <<<"$info")" memory_controller
is "it is online" "$(field state <<<"$info")" online
for key in pool_size used free reserve withheld dram_memmap dram_pool; do
	like "info has $key" "$(field $key <<<"$info")" '^[0-9]+$'
done
is "it is listed" "$(value uuid list)" "$uuid"

bound='is in use as system RAM; .*reconfigure-device --mode=devdax --force dax0.0'
said 1 "$bound" "format of a bound pool" 'format -t none dax0.0'
said 1 "$bound" "with --force" 'format -t none --force dax0.0'
said 1 "$bound" "by its node's name" 'format -t none --force /dev/dax0.0'
said 8 "$bound" "repair of a bound pool" 'check --repair dax0.0'
is "nobody has checked it" "$(guest g 'cat /sys/bus/dax/devices/dax0.0/persist/check')" never
is "check of a bound pool" "$(value verdict 'check dax0.0')" clean
is "what the kernel found stays" "$(guest g 'cat /sys/bus/dax/devices/dax0.0/persist/check')" 'clean 0'
nok "a check is begun by 1 alone" guest g 'echo 0 >/sys/bus/dax/devices/dax0.0/persist/check'
like "only root begins one" "$(guest g "setpriv --reuid 65534 --clear-groups $kmemp check dax0.0 2>&1" || true)" \
	'the kernel cannot check it: Permission denied; run as root'
map=$(guest g "$kmemp map -u dax0.0")
like "a map of a bound pool" "$map" '^ +0 \|[uU]R+\.+\|$'
like "is one of shares" "$map" '^bound: shares of the pool, not places$'

is "limits" "$(value data_min 'limits --data-min 64M --data-max 512M dax0.0')" $((64 << 20))
is "both" "$(value data_max 'info dax0.0')" $((512 << 20))
is "a ceiling below the old minimum" \
	"$(value data_max 'limits --data-min 8M --data-max 16M dax0.0')" $((16 << 20))
is "a minimum above the old ceiling" \
	"$(value data_min 'limits --data-min 128M --data-max 256M dax0.0')" $((128 << 20))
is "no ceiling" "$(value data_max 'limits --data-max 0 dax0.0')" 0
said 1 'data-min is larger than the pool' "a minimum beyond the pool" 'limits --data-min 1T dax0.0'
said 1 'data_min would be .* and data_max' "a ceiling below the minimum" 'limits --data-max 64M dax0.0'
is "which changed nothing" "$(value data_min 'info dax0.0')" $((128 << 20))

ok "unbind" guest g 'daxctl reconfigure-device --mode=devdax --force dax0.0'
ok "check finds nothing" guest g "$kmemp check dax0.0"
is "the limits are on the medium" "$(value data_min 'info dax0.0')" $((128 << 20))

# Damage, which the next bind refuses, and info tells of
guest g "$kmemp format -t none --force dax0.0 >/dev/null
	/kmemp/bin/damage /dev/dax0.0 12 2
	/kmemp/bin/damage /dev/dax0.0 \$((\$(cat /sys/bus/dax/devices/dax0.0/size) - 4096 + 12)) 2"
is "check of a damaged pool" "$(value code 'check dax0.0 || true')" bad_super
nok "is not bound" guest g 'daxctl reconfigure-device --mode=system-ram dax0.0'
guest g 'daxctl reconfigure-device --mode=devdax dax0.0' || true
like "info tells why" "$(guest g "$kmemp info dax0.0")" \
	'"last_refusal":"bad_super both superblock copies are damaged'
ok "format --force" guest g "$kmemp format -t none --force dax0.0"
ok "is bound" guest g 'daxctl reconfigure-device --mode=system-ram dax0.0'
unlike "and no refusal is told any more" "$(guest g "$kmemp info dax0.0")" last_refusal

# Unbound while online: it lives on without the device
guest g 'echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind'
is "a detached pool is listed" "$(value mode list)" detached
is "the device is known for it" "$(value mode 'info dax0.0')" detached
said 1 'lives on detached' "format keeps off" 'format -t none --force dax0.0'
said 8 'lives on detached' "so does check" 'check dax0.0'

done_testing
