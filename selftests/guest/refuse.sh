# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For test scripts: media that are patched while a guest has them, and binds
# that are refused.
#
# The guest g is the only one.  Its NVDIMMs' images are its memory, so what is
# written here the guest sees at once.

# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

superpatch=$top/build/guest/superpatch

# A devdax namespace with the map in DRAM begins here in the region
pool_start=$((2 << 20))

guest_do() {	# COMMAND...: with bind.sh
	guest g ". /kmemp/tests/bind.sh; $*"
}

# A device of the test: dax=NAME, image=PATH, size=BYTES of the device
use_device() {	# DAX [NR OF NVDIMM]
	dax=$1
	image=$(guest_image g "${2:-1}")
	size=$(guest g "cat /sys/bus/dax/devices/$dax/size")
}

# Bytes of the device, from stdin
poke() {	# OFFSET
	dd of="$image" bs=64K seek=$((pool_start + $1)) oflag=seek_bytes \
		conv=notrunc status=none
}

poke_hex() {	# OFFSET HEX
	perl -e 'print pack "H*", shift' "$2" | poke "$1"
}

zero() {	# OFFSET LENGTH
	head -c "$2" /dev/zero | poke "$1"
}

patch() {	# see superpatch.c
	"$superpatch" "$image" $pool_start "$@"
}

# The image as it is now, to be compared with or gone back to
snapshot() {	# NAME
	cp "$image" "$guest_dir/snapshot.$1"
}

unchanged() {	# NAME
	"$top/build/guest/samebytes" "$image" "$guest_dir/snapshot.$1"
}

# Go back to snapshot $1: both ends of the device, where all our cases change it
restore() {
	local at
	for at in 0 $((size - 4096)); do
		dd if="$guest_dir/snapshot.$1" of="$image" bs=4096 count=1 \
			skip=$((pool_start + at)) seek=$((pool_start + at)) \
			iflag=skip_bytes oflag=seek_bytes conv=notrunc status=none
	done
}

# refused DESCRIPTION CODE ERROR REGEX: a bind of $dax is refused by daxctl and
# by sysfs with this error; one line in the log that matches REGEX and names
# the device in its command; the refusals file has it; no byte is changed
refused() {
	local desc=$1 code=$2 error=$3 regex=$4 said log
	snapshot before
	said=$(guest_do attempt "$dax") || true
	is "$desc: refused through daxctl" "$(sed -n 's/^daxctl: //p' <<<"$said")" "$error"
	is "$desc: refused through sysfs" "$(sed -n 's/^sysfs: //p' <<<"$said")" "$error"
	log=$(sed -n 's/^log: //p' <<<"$said")
	is "$desc: one line in the kernel log" "$(grep -c . <<<"$log")" 1
	like "$desc: it says what" "$log" "$regex"
	is "$desc: refusals names it" "$(sed -n 's/^file: //p' <<<"$said")" "$code $log"
	ok "$desc: no byte is changed" unchanged before
}

# binds DESCRIPTION: a bind works and takes the refusal back.  The device is
# unbound again, with its memory still offline
binds() {
	is "$1" "$(guest_do "
		sysfs_bind $dax
		read -r state </sys/bus/dax/devices/$dax/persist/state
		echo \$state
		refusal $dax
		unbind $dax")" offline
}
