# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Guests that go on where another one had booted to. Read by guest.sh.
#
# Booting takes most of what many tests take. A guest whose machine and command
# line nothing is special about is therefore saved when it has booted for the
# first time (its memory and devices, by QEMU's migration), and later ones
# continue from there. They have not seen their NVDIMMs yet, which are not saved:
# the driver that finds them (nfit) is loaded later, and the kernel's core does
# not read them. What else takes its time to be loaded is there before. What boots
# on its own way again: a reset, a reboot, kexec.
#
# Two such guests would be equal in what must differ: clock and random numbers.
# Both are renewed. What is saved goes when the payload is packed anew.

: "${top:?read guest.sh first}"

warm_dir=$top/build/harness/warm

# warm_file NAME ARGUMENT...: where a guest of these arguments is saved
warm_file() {
	local name=$1 arguments
	shift
	arguments=$(printf '%s\n' "$@")
	# not of the machine: where its files are, and what a reset shall do
	arguments=${arguments//"$guest_dir/$name."/}
	arguments=${arguments//"$TEST_DIR/$name.${guest_boots[$name]}."/}
	arguments=${arguments//$'\n'-no-reboot/}
	echo "$warm_dir/$(sha256sum <<<"$arguments" | cut -c 1-16)"
}

# What both sides have to agree on: NVDIMMs, which are shared with the host, stay
# where they are
warm_prepare() {	# NAME
	guest_qmp "$1" '{"execute":"migrate-set-capabilities","arguments":{"capabilities":
		[{"capability":"x-ignore-shared","state":true}]}}' >/dev/null
}

# warm_save NAME FILE: a guest that has just booted
warm_save() {
	local tmp
	guest -t 30 "$1" 'modprobe -a nd_pmem dax_pmem device_dax ext4' || return
	mkdir -p "$warm_dir"
	tmp=$(mktemp "$warm_dir/new.XXXXXX")
	if ! warm_save_to "$1" "$tmp"; then
		rm -f "$tmp"
		return 1
	fi
	mv "$tmp" "$2"
}

warm_save_to() {	# NAME FILE
	local status
	warm_prepare "$1" || return
	# else it would not use more than a network has
	guest_qmp "$1" '{"execute":"migrate-set-parameters","arguments":
		{"max-bandwidth":1099511627776}}' >/dev/null || return
	guest_qmp "$1" '{"execute":"stop"}' STOP >/dev/null || return
	guest_qmp "$1" "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat >$2\"}}" \
		>/dev/null || return
	until status=$(guest_qmp "$1" '{"execute":"query-migrate"}') || return
	      [[ $status != *'"status": "active"'* && $status != *'"status": "setup"'* ]]; do
		sleep 0.05
	done
	if [[ $status != *'"status": "completed"'* ]]; then
		diag "$1 cannot be saved: $status"
		return 1
	fi
	guest_qmp "$1" '{"execute":"cont"}' RESUME >/dev/null
}

# warm_continue NAME FILE: the guest, started with -incoming defer, from there
warm_continue() {
	local tries=0 status
	until [ -S "$guest_dir/$1.qmp" ]; do
		[ $((tries += 1)) -lt 500 ] || return
		sleep 0.02
	done
	warm_prepare "$1" || return
	guest_qmp "$1" "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"exec:cat $2\"}}" \
		>/dev/null || return
	# it was stopped when it was saved, and so it comes back
	until status=$(guest_qmp "$1" '{"execute":"query-status"}') || return
	      [[ $status != *'"status": "inmigrate"'* ]]; do
		sleep 0.02
	done
	guest_qmp "$1" '{"execute":"cont"}' RESUME >/dev/null
}

# warm_renew NAME: of a guest that goes on from what was saved
warm_renew() {
	guest -t 30 "$1" "renew $(date +%s.%N) $(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
}
