#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Format at bind: what the parameters accept, and which devices are formatted.
# shellcheck source=selftests/guest/refuse.sh
. "$(dirname "$0")/refuse.sh"

guest_boot g --in-turn --nvdimm 256M@1 --nvdimm 128M@2
mapfile -t devices < <(guest g '
	for region in region0 region1; do
		dax=$(devdax $region)
		echo "$(cat /sys/bus/dax/devices/$dax/resource) $dax"
	done | sort | sed "s/.* //"')
small=${devices[1]}
use_device "${devices[0]}"

### Parameters

long=$(printf 'a%.0s' {1..40})
garbage=(' none' 'none ' 'no ne' NONE 0x1 1a 99999999999 4294967296 ../none
	'none\x1b[2J' "$long" $'none\nnone')
# garbage in the guest: the same list
quoted=$(printf '%q ' "${garbage[@]}")
# a newline ends what modprobe passes on, so the last one is sysfs's alone
said=$(guest_do "
	set -- $quoted
	while [ \$# -gt 1 ]; do
		modprobe kmem \"persist_format_type=\\\"\$1\\\"\" 2>&1 && rmmod kmem || true
		echo end of it
		shift
	done")
for value in "${garbage[@]::${#garbage[@]}-1}"; do
	like "load option $(printf %q "$value")" "${said%%end of it*}" 'Invalid argument'
	said=${said#*end of it}
done
said=$(guest_do "mark force; modprobe kmem persist_format_force=$dax 2>&1 || true; log_since force")
like "persist_format_force is no load option" "$said" 'Operation not permitted'
like "and it says what is" "$said" \
	'kmem: persist_format_force is no load option; write .* /sys/module/kmem/parameters/persist_format_force'

guest g 'modprobe kmem persist_format_type=bitmap-2'
# not_taken PARAMETER VALUE...: of each value a line with what the write says and
# what the parameter is then, joined by "|"; then of each a line with how many
# lines about it the log has got
not_taken() {
	local parameter=$1
	shift
	guest_do "
		set -- $(printf '%q ' "$@")
		file=/sys/module/kmem/parameters/$parameter
		for value; do
			mark $parameter
			error=\$(sysfs_write \$file \"\$value\")
			IFS= read -r now <\$file || true
			echo \"\$error|\$now\"
		done
		dmesg | awk '
			/mark $parameter\$/ { nr++ }
			nr && /kmem: $parameter: / { lines[nr]++ }
			END { for (i = 1; i <= nr; i++) print lines[i] + 0 }'"
}

# all_refused PARAMETER NOW TEXT VALUE...: it stays NOW; TEXT names the assertions
all_refused() {
	local parameter=$1 now=$2 text=$3 lines i=0
	shift 3
	mapfile -t lines < <(not_taken "$parameter" "$@")
	for value; do
		is "$text $(printf %q "$value")" "${lines[i]-}|${lines[i + $#]-}" \
			"Invalid argument|$now|1"
		i=$((i + 1))
	done
}

all_refused persist_format_type bitmap-2 "at run time" "${garbage[@]}"
all_refused persist_format_force '' persist_format_force "$long" $'dax0.0\ndax1.0' \
	dax dax0 '*' all 'dax0.0 dax1.0' DAX0.0 dax0.00 dax-1.0 /dev/dax0.0

param() {	# NAME VALUE
	guest g "echo '$2' >/sys/module/kmem/parameters/persist_format_$1"
}

is_param() {	# DESCRIPTION NAME VALUE
	is "$1" "$(guest g "cat /sys/module/kmem/parameters/persist_format_$2")" "$3"
}

### Which content is formatted over

guest_do "unbind $dax; unbind $small"
snapshot empty
edge=$((2 << 20))
blank() {	# what is changed below
	local at
	for at in 0 $((size / 2)) $((size - edge - 4096)) $((size - 4096)); do
		zero "$at" 4096
	done
	zero $((edge - 4096)) 8192
	zero $((size - edge)) 4096
	unchanged empty
}

for type in nosuch 4000000000; do
	param type $type
	refused "format $type has no plugin" type_unknown "No such file or directory" \
		"no plugin for its format \\($type\\).* modprobe kmemp-format-$type\$"
done
param type none

not_empty='ends are not empty \(at byte [0-9]+\); .*kmemp format dax[0-9.]+ --type TYPE --force'
for at in 0 $((edge - 1)) $((size - edge)) $((size - 1)); do
	poke_hex $at 01
	refused "a byte at $at of $size" not_empty "File exists" "$not_empty"
	ok "blank again" blank
done
poke_hex $edge 01
poke_hex $((size - edge - 1)) 01
poke_hex $((size / 2)) 01
binds "bytes elsewhere are formatted over"
like "that is a pool" "$(patch show)" '^type=0$'
ok "blank again" blank

### persist_format_force

uuid() {
	patch show | grep uuid0
}

poke_hex 0 01
param force dax7.7
refused "another device is forced" not_empty "File exists" "$not_empty"
is_param "which stays so" force dax7.7
param force "$dax"
binds "a device that is named is formatted whatever it holds"
is_param "which uses the permission up" force ""
snapshot pool
uuid=$(uuid)
binds "a pool is not formatted again"
ok "not a byte of it" unchanged pool

poke_hex 104 ff
poke_hex $((size - 4096 + 104)) ff
refused "nor a damaged one" bad_super "Structure needs cleaning" 'copies are damaged'
restore pool
param force "$dax"
binds "unless it is named"
unlike "then it is another pool" "$(uuid)" "^$uuid\$"

param type ''
snapshot pool
param force "$dax"
mark=$RANDOM
guest_do "mark $mark"
binds "forced without a type: nothing is formatted"
ok "forced without a type: no byte is changed" unchanged pool
is_param "forced without a type: used up" force ""
like "forced without a type: it says so" "$(guest_do log_since $mark)" \
	"kmem $dax: persist_format_force is used up and nothing formatted"

### Too small

# a pool that fits, from the large device's superblock
first=$guest_dir/first.page
patch pool_pages=32256 data_min=0
dd if="$image" of="$first" bs=4096 count=1 skip=$pool_start iflag=skip_bytes status=none
use_device "$small" 2
is "the small device has 126 MiB" "$size" $((126 << 20))
mark=$RANDOM
param type none
said=$(guest_do "mark $mark; attempt $dax; log_since $mark")
like "too small to be formatted: it stays plain" "$said" \
	"kmem $dax: not formatted: the device is too small for a pool"
like "too small to be formatted: stock's outcome" "$said" \
	"kmem $dax: rejecting DAX region without any memory after alignment"
like "too small to be formatted: stock's error" "$said" '^sysfs: Invalid argument$'
param type ''
for at in 0 $((size - 4096)); do
	poke "$at" <"$first"
done
refused "a pool too small for a memory block" too_small "No space left on device" \
	'too small for a pool \(126 MiB, memory blocks of 128 MiB\); .*whole memory block'
done_testing
