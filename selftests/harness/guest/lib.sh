# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Read by every script that a test runs in the guest (by BASH_ENV).

# a failed command ends a script, with its status
set -eu -o pipefail

# Which kmem the guest has: ours from updates/ (as booted) or the stock one.
# To be called before any kmem is loaded.
use_ours() {
	cp -a /kmemp/ours/. "/lib/modules/$(uname -r)/"
}

use_stock() {
	rm -rf "/lib/modules/$(uname -r)/updates"
	cp -a /kmemp/stock/. "/lib/modules/$(uname -r)/"
}

# start_udev [--trigger]: udev as a booted Debian has it, for devices to come;
# with --trigger (some seconds) for those that are there too
start_udev() {
	/lib/systemd/systemd-udevd --daemon
	[ "${1:-}" != --trigger ] || udevadm trigger --type=all --action=add
	udevadm settle
}

# what the kernel's device aliases would load, without udev
load_nvdimm() {
	modprobe -a nfit nd_pmem dax_pmem device_dax
	# devices are probed in the background; reading this waits for them
	cat /sys/bus/nd/devices/ndbus*/wait_probe >/dev/null
}

# devdax [REGION]: makes the region a devdax namespace if it has none, prints
# its dax device.  Region numbers change from boot to boot: with several
# NVDIMMs find yours by size or uuid.
devdax() {
	local region=${1:-region0} namespace
	[ -e /sys/bus/nd/devices/ndbus0 ] || load_nvdimm
	if ! ls "/sys/bus/nd/devices/$region"/dax*/dax* >/dev/null 2>&1; then
		namespace=$(cat "/sys/bus/nd/devices/$region/namespace_seed")
		ndctl create-namespace -m devdax -M mem -f -e "$namespace" >/dev/null
	fi
	local dax
	for dax in "/sys/bus/nd/devices/$region"/dax*/dax[0-9]*; do
		case ${dax##*/} in
		*.*.*) ;;
		dax[0-9]*.[0-9]*)
			[ -e "/sys/bus/dax/devices/${dax##*/}" ] && echo "${dax##*/}" ;;
		esac
	done
}

# disk_of VOLUME: the disk of a volume, once it is there
disk_of() {
	local file name
	for _ in {1..200}; do
		for file in /sys/block/kmempblk*/volume/name; do
			# it may go while we look
			{ read -r name <"$file" && [ "$name" = "$1" ]; } 2>/dev/null || continue
			file=${file#/sys/block/}
			echo "${file%%/*}"
			return
		done
		sleep 0.05
	done
}
