# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the guest: binding a dax device to kmem, and what is said of it.

driver=/sys/bus/dax/drivers/kmem

# what a failed write says, without the command's part of it.  (By cat, since
# echo writes each line by itself.)
sysfs_write() {	# FILE TEXT
	{ cat >"$1" <<<"$2"; } 2>&1 | sed 's/.*: //' || true
}

sysfs_bind() {	# DAX: prints the error, if any
	sysfs_write "$driver/bind" "$1"
}

unbind() {	# DAX, from whichever driver it has
	local dax=/sys/bus/dax/devices/$1
	[ ! -e "$dax/driver" ] || echo "$1" >"$dax/driver/unbind"
}

# With no driver, a device that kmem has seen would be bound along with the next
# one that daxctl tells kmem of
to_devdax() {	# DAX
	local device_dax=/sys/bus/dax/drivers/device_dax
	unbind "$1"
	# kernels that give RAM to kmem by themselves have to be told
	echo "$1" 2>/dev/null >$device_dax/bind || echo "$1" >$device_dax/new_id
}

has_driver() {	# DAX DRIVER
	[ "$(basename "$(readlink "/sys/bus/dax/devices/$1/driver")")" = "$2" ]
}

# log_since MARK: what the kernel has logged since mark MARK, without times
mark() {
	echo "<6>mark $1" >/dev/kmsg
}

log_since() {
	dmesg | sed -n "/mark $1\$/,\$s/^\[[^]]*\] //p"
}

# attempt DAX: binds by daxctl, and once more by sysfs; a line for each thing
# that was said
attempt() {
	local dax=$1 mark=$SRANDOM
	mark $mark
	daxctl reconfigure-device --mode=system-ram "$dax" 2>&1 |
		sed -n "s/^error reconfiguring devices: /daxctl: /p" || true
	log_since $mark | sed -n "s/^kmem $dax: refused: /log: /p"
	echo "sysfs: $(sysfs_bind "$dax")"
	sed -n "s/^$dax /file: /p" $driver/refusals
}
