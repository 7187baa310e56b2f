#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp on image files: every verb with wrong, missing and hostile arguments,
# format, info and check. What is refused leaves the image as it was.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
cd "$tmp" || exit

pool() {	# NAME [SIZE] [OPTION...]: an image that is a pool
	image "$1" "${2:-64M}"
	"$kmemp" format --type none "${@:3}" "$1" >/dev/null
}

#
# The tool and its verbs
#
refused "no verb" 2 'see: kmemp --help' - "$kmemp"
refused "an unknown verb" 2 'frobnicate: no such command' - "$kmemp" frobnicate
refused "a verb that is an escape" 2 'no such command' - "$kmemp" $'\e[2J'
run "$kmemp" --help
is "--help" "$status" 0
for verb in list info format check limits volume dump map; do
	like "--help names $verb" "$out" "^  $verb "
done
run "$kmemp" --version
is "--version" "$status" 0
for verb in list info format check limits dump map; do
	usage=2
	[ "$verb" != check ] || usage=16
	run "$kmemp" "$verb" --help
	is "$verb --help" "$status" 0
	like "$verb --help tells how" "$out" "^usage: kmemp $verb "
	refused "$verb: unknown option" $usage '^kmemp [a-z]+: --bogus: .*--help' - "$kmemp" "$verb" --bogus
	refused "$verb: unknown letter" $usage '^kmemp [a-z]+: -Z: ' - "$kmemp" "$verb" -Z
	refused "$verb: value for a flag" $usage 'malformed' - "$kmemp" "$verb" --help=yes
done
run sh -c '"$0" --help >/dev/full' "$kmemp"
is "help that nobody gets is told" "$status" 1
run sh -c '"$0" list >/dev/full' "$kmemp"
is "a list that nobody gets is no success" "$status" 1

run "$kmemp" list
is "list" "$status" 0
refused "list: an argument" 2 'one argument too many' - "$kmemp" list dax0.0

# Small: none of this gets as far as to look at it
image img 1M
for verb in info check dump map; do
	usage=2 failed=1
	[ "$verb" != check ] || usage=16 failed=8
	refused "$verb: no argument" $usage 'which DAX device or image' - "$kmemp" $verb
	refused "$verb: empty argument" $usage 'which DAX device or image' - "$kmemp" $verb ''
	refused "$verb: two arguments" $usage 'one argument too many' img "$kmemp" $verb img img
	refused "$verb: no such device" $failed 'dax77\.0: no such DAX device; see: daxctl list' - "$kmemp" $verb dax77.0
	refused "$verb: no such device node" $failed 'dax77\.0: no such DAX device' - "$kmemp" $verb /dev/dax77.0
	refused "$verb: no such file" $failed 'No such file' - "$kmemp" $verb nothing
	refused "$verb: a directory" $failed 'neither a DAX device nor a regular file' - "$kmemp" $verb .
	refused "$verb: a character device" $failed 'no DAX device' - "$kmemp" $verb /dev/null
	mkfifo -m 600 fifo
	refused "$verb: a fifo, without waiting for it" $failed 'neither' - "$kmemp" $verb fifo
	rm fifo
	refused "$verb: a path that is too long" $failed 'too long' - \
		"$kmemp" $verb "$(printf '%08000d' 0)"
	: >empty
	refused "$verb: an empty file" $failed 'truncate -s' empty "$kmemp" $verb empty
done

#
# format: arguments
#
format() {	# DESCRIPTION STATUS REGEX OPTION...: refused on an empty image
	refused "format: $1" "$2" "$3" img "$kmemp" format "${@:4}"
}

format "no argument" 2 'which DAX device or image' --type none
format "two arguments" 2 'one argument too many' --type none img img
format "no type" 2 'type is missing; this kmemp knows: none' img
format "type without a value" 2 'needs a value' img --type
format "unknown type" 2 "no format 'zfs'; this kmemp knows: none" --type zfs img
format "unknown number" 2 "no format '4294967295'" --type 4294967295 img
format "number that overflows" 2 "no format" --type 99999999999999999999 img
format "number with a tail" 2 "no format" --type 0x img
format "empty type" 2 "no format ''" --type '' img
format "hostile type" 2 "no format '\?\[2J" --type $'\e[2J' img
for option in pool-size data-min data-max; do
	for value in -5 '' K 12Q 1KB 0x10 1.5G ' 5' '5,' five; do
		format "--$option '$value'" 2 "--$option: '.*' is no size" \
			--type none "--$option=$value" img
	done
	for value in 99999999999999999999 18446744073709551616 16777216T 99999999T; do
		format "--$option $value" 2 "--$option: .* larger than any device" \
			--type none "--$option=$value" img
	done
	format "--$option 4097" 2 'not a multiple of 4096' --type none "--$option=4097" img
	format "--$option without a value" 2 'needs a value' --type none img "--$option"
done
format "a pool of no size" 2 'leave the option away' --type none --pool-size 0 img
image img
format "a pool larger than the image" 1 'pool-size is larger' --type none --pool-size 65M img
format "a pool larger than everything" 1 'pool-size is larger' --type none --pool-size 16777215T img
format "a pool that is too small" 1 'too small; at least 64M' --type none --pool-size 63M img
format "data_min larger than the pool" 1 'data-min is larger than the pool' --type none --data-min 1G img
format "data_max larger than the pool" 1 'data-max is larger than the pool' --type none --data-max 1G img
format "data_min above data_max" 1 'data-min is larger than --data-max' --type none --data-min 2M --data-max 1M img
image img 1M
for label in '' . .. a/b / -x $'a\nb' $'\e[31m' $'\x7f' $'\xff' $'caf\xc3' $'\xc0\xaf' $'\xc2\x9b'; do
	format "label $(printf %q "$label")" 2 '--label: .* is no name' --type none "--label=$label" img
done
format "a label of 65 bytes" 2 '65 bytes, at most 64' --type none --label "$(printf '%065d' 0)" img
for uuid in '' x 1234 00000000-0000-0000-0000-000000000000 \
	11111111-2222-3333-4444-55555555555g; do
	format "uuid '$uuid'" 2 'is no uuid; make one with' --type none "--uuid=$uuid" img
done
format "a directory" 1 'neither' --type none .
format "no such device" 1 'no such DAX device' --type none dax77.0
format "no such file" 1 'No such file' --type none nothing

#
# format: what is there
#
there() {	# DESCRIPTION REGEX: img is refused without --force
	refused "format: $1" 1 "$2" img "$kmemp" format --type none img
}

image img 1M
there "an image that is too small" 'too small; at least 64M'
image img; printf x | dd of=img bs=1 seek=2097151 conv=notrunc status=none
there "last byte of the first 2 MiB" 'byte 0x1fffff is not zero; .*--force'
image img; printf x | dd of=img bs=1 seek=$((62 << 20)) conv=notrunc status=none
there "first byte of the last 2 MiB" 'byte 0x3e00000 is not zero'
image img; printf x | dd of=img bs=1 seek=$((32 << 20)) conv=notrunc status=none
run "$kmemp" format --type none img
is "a byte in the middle is not looked at" "$status" 0
image img; mkfs.ext4 -q -L root img
there "an ext4 file system" 'holds ext4, label .*--force'
image img
printf '\x83\0\0\0\0\x08\0\0\0\0\x01' | dd of=img bs=1 seek=450 conv=notrunc status=none
printf '\x55\xaa' | dd of=img bs=1 seek=510 conv=notrunc status=none
there "a partition table" 'holds dos partition table'
image img; mkswap img >/dev/null 2>&1
there "swap" 'holds swap'
pool img 64M --label cache
there "a pool" 'holds a pool \(uuid [0-9a-f-]{36}, label cache\).*--force'
flip img 100; flip img $(((64 << 20) - 4096 + 100))
there "a damaged pool" 'both superblock copies are damaged .*kmemp format img --type TYPE --force'
run "$kmemp" format --type none --force img
is "--force takes it" "$status" 0
image img
exec 9<img
flock 9
there "an image that another program has locked" 'locked'
exec 9<&-

#
# format, info, check
#
image img
run "$kmemp" info img
is "info of an empty image" "$(field content)" empty
run "$kmemp" format -t none -L 'my café' -U 11111111-2222-3333-4444-555555555555 \
	-s 64M --data-min 8M --data-max 32M img
is "format" "$status" 0
is "is silent on stderr" "$err" ''
formatted=$out
before=$(sum img)
run "$kmemp" info img
is "info says what format said" "$out" "$formatted"
is "type" "$(field type)" none
is "label" "$(field label)" 'my café'
is "uuid" "$(field uuid)" 11111111-2222-3333-4444-555555555555
is "pool_size" "$(field pool_size)" $((64 << 20))
is "data_min" "$(field data_min)" $((8 << 20))
is "data_max" "$(field data_max)" $((32 << 20))
unlike "the keys are not shown" "$out" key
run "$kmemp" info -u img
is "info -u" "$(field data_min)" '8.00 MiB (8.39 MB)'
run "$kmemp" check img
is "check of a clean pool: 0" "$status" 0
is "its verdict" "$(field verdict)" clean
is "nobody changed the image" "$(sum img)" "$before"

pool img 100M --pool-size 64M --data-max 8M
run "$kmemp" info img
is "a pool smaller than its image" "$(field pool_size)" $((64 << 20))
is "data_min is never above data_max" "$(field data_min)" $((8 << 20))
pool img
first=$("$kmemp" info img | grep uuid)
pool img
is "two pools have two uuids" "$([ "$first" != "$("$kmemp" info img | grep uuid)" ] && echo yes)" yes

checked() {	# DESCRIPTION STATUS VERDICT: check of img, which does not change
	local before
	before=$(sum img)
	run "$kmemp" check img
	is "check: $1" "$status $(field verdict)" "$2 $3"
	is "check changes nothing: $1" "$(sum img)" "$before"
}

last=$(((64 << 20) - 4096))
pool img; flip img 100
checked "damaged superblock page" 4 damaged
like "says what mends it" "$out" 'next bind writes it anew'
pool img; flip img $((last + 2050))
checked "damaged copy" 4 damaged
pool img; flip img 3600
checked "damaged bad-page slot" 4 damaged
pool img; flip img 100; flip img $((last + 100))
checked "both pages damaged" 4 refused
is "by its code" "$(field code)" bad_super
pool img; flip img 3600; flip img $((last + 3600))
checked "bad-page slot damaged in both pages" 4 refused
is "by its code" "$(field code)" structure
pool img 100M --pool-size 64M; flip img $(((100 << 20) - 4096))
checked "pointer damaged" 4 damaged
pool img; truncate -s 63M img
checked "truncated image" 8 refused
is "by its code" "$(field code)" device_smaller
image img
checked "no pool" 8 "no pool"
image img; printf 'SREPMEMK\1' | dd of=img conv=notrunc status=none
checked "the format of 2022" 8 refused
is "by its code" "$(field code)" seed_format
pool img; dd if=/dev/zero of=img bs=4096 count=1 conv=notrunc status=none
checked "the first page is something else" 4 refused
is "by its code" "$(field code)" foreign

#
# info of pools that hold something
#
for type in bitmap log extent; do
	full img $type
	before=$(sum img)
	run "$kmemp" info img
	is "$type: info" "$status $(field content) $(field type)" "0 pool $type"
	is "$type: stores nothing" "$(sum img)" "$before"
	[ $type = log ] || unlike "$type: tells of no extents" "$out" extents
done
image img
"$kmemp" format --type log img >/dev/null
"$top/build/tool/populate" img 4
run "$kmemp" info img
extents=$("$kmemp" dump img | grep -c '^  extent ')
ok "log: extents" test "$extents" -gt 50
is "log: info counts its extents" "$(field extents)" "$extents"
unlike "log: which are not too many" "$out" advice
flip img 4196
run "$kmemp" info img
is "a damaged log is none that can be counted" "$status $(field extents)" "0 "

#
# limits
#
pool img
limits() {	# DESCRIPTION STATUS REGEX OPTION...
	refused "limits: $1" "$2" "$3" img "$kmemp" limits "${@:4}"
}
limits "no argument" 2 'which DAX device' --data-min 1M
limits "two arguments" 2 'one argument too many' --data-min 1M img img
limits "no limit" 2 'which limit\?.*kmemp info' img
limits "a size that is none" 2 "'-1' is no size" --data-min -1 img
limits "a size that overflows" 2 'larger than any device' --data-max 16777216T img
limits "an image" 1 'no pool is bound here; .*reconfigure-device' --data-min 1M img
limits "no such device" 1 'no such DAX device' --data-max 1M dax77.0

done_testing
