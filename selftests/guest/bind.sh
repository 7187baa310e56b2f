# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the guest: binding a dax device to kmem, and what is said of it.

driver=/sys/bus/dax/drivers/kmem

# what a failed write says, without the command's part of it.  (Several lines by
# cat, since the shell's own commands write each by itself.)
sysfs_write() {	# FILE TEXT
	local said
	case $2 in
	*$'\n'*) said=$({ cat >"$1" <<<"$2"; } 2>&1) || true ;;
	*) said=$({ printf '%s\n' "$2" >"$1"; } 2>&1) || true ;;
	esac
	[ ! "$said" ] || echo "${said##*: }"
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
	[ "/sys/bus/dax/devices/$1/driver" -ef "/sys/bus/dax/drivers/$2" ]
}

# log_since MARK: what the kernel has logged since mark MARK, without times
mark() {
	echo "<6>mark $1" >/dev/kmsg
}

log_since() {
	dmesg | sed -n "/mark $1\$/,\$s/^\[[^]]*\] //p"
}

# refusal DAX: its line in the file refusals, without its name
refusal() {
	local name text
	while read -r name text; do
		[ "$name" != "$1" ] || printf '%s\n' "$text"
	done <$driver/refusals
}

# attempt DAX: binds by daxctl, and once more by sysfs; a line for each thing
# that was said, see trybind.c
attempt() {
	trybind "$1"
}
