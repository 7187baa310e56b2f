#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Damaged pools of every format in the modules: each is bound or refused as the
# same sources do in user space, and the kernel goes on. Times N.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"

formats=$(find "$top/plugins" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
	grep -vx core | sort)
last=$((3 * ${N:-1}))

guest_boot g --in-turn --nvdimm 256M@1
use_device "$(guest g devdax)"
# as refuse.t does: kmem knows the device from here on
guest_do "unbind $dax; modprobe kmem; echo $dax >\$driver/new_id || true; unbind $dax"

# planted FORMAT: bound or refused, or what went wrong
planted() {
	local said
	said=$(guest_do "
		sysfs_bind $dax >/dev/null
		if has_driver $dax kmem; then
			read -r type </sys/bus/dax/devices/$dax/persist/type
			echo \$type
			unbind $dax
		fi" 2>&1)
	case $said in
	"$1") echo bound ;;
	'') echo refused ;;
	*) echo "$said" ;;
	esac
}

tried=0
refused=0
for format in $formats; do
	for way in $(seq 0 "$last"); do
		expected=$("$top/build/fuzz/plant" "$image" $pool_start "$size" \
			"$format" "$way")
		is "$format: damaged in way $way: as in user space" "$(planted "$format")" \
			"$expected"
		tried=$((tried + 1))
		[ "$expected" = bound ] || refused=$((refused + 1))
	done
done
diag "refused: $refused of $tried"
guest_poweroff g
done_testing
