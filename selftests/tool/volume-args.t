#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp volume without a kernel that has pools: arguments that are missing,
# wrong and hostile, what is no bound pool, and the links' encoding.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
cd "$tmp" || exit

volume() {	# DESCRIPTION STATUS REGEX ARGUMENT...: refused
	refused "$1" "$2" "$3" img "$kmemp" volume "${@:4}"
}

#
# Verbs and options
#
# Small: none of this gets as far as to look at it
truncate -s 1M img

volume "no verb" 2 '^kmemp volume: create, list, resize or remove\? see: kmemp volume --help$'
volume "an unknown verb" 2 '^kmemp volume: frobnicate: no such command; see: kmemp volume --help$' frobnicate
volume "a part of a verb" 2 'no such command' creat
volume "an empty verb" 2 'no such command' ''
volume "a verb that is an escape" 2 '\?\[2J: no such command' $'\e[2J'
volume "a device for a verb" 2 'no such command' dax0.0
volume "an option for a verb" 2 'no such command' --force
run "$kmemp" volume --help
is "--help" "$status" 0
help=$out
for verb in create list resize remove; do
	like "--help tells of $verb" "$help" "^(usage:)? +kmemp volume $verb "
	run "$kmemp" volume "$verb" --help
	is "$verb --help is the same" "$status $out" "0 $help"
	volume "$verb: unknown option" 2 "^kmemp volume $verb: --bogus: .*kmemp volume $verb --help" "$verb" --bogus
	volume "$verb: unknown letter" 2 "^kmemp volume $verb: -Z: " "$verb" -Z
	volume "$verb: value for a flag" 2 malformed "$verb" --help=yes
	run sh -c '"$0" volume "$1" --help >/dev/full' "$kmemp" "$verb"
	is "$verb: help that nobody gets is told" "$status" 1
done
volume "create: --force is another's" 2 '--force: unknown' create --force img db 1G
volume "list: --force is another's" 2 '--force: unknown' list --force
volume "remove: --human is another's" 2 '--human: unknown' remove --human img db
volume "resize: --block is another's" 2 '--block: unknown' resize --block 512 img db 1G

#
# Arguments
#
volume "create: nothing" 2 'which DAX device\?' create
volume "create: a device only" 2 'which volume\?' create img
volume "create: no size" 2 'which size\?' create img db
volume "create: one too many" 2 'more: one argument too many' create img db 1G more
volume "resize: nothing" 2 'which DAX device\?' resize
volume "resize: a device only" 2 'which volume\?' resize img
volume "resize: no size" 2 'which size\?' resize img db
volume "resize: one too many" 2 'one argument too many' resize img db 1G more
volume "remove: nothing" 2 'which DAX device\?' remove
volume "remove: a device only" 2 'which volume\?' remove img
volume "remove: one too many" 2 '1G: one argument too many' remove img db 1G
volume "list: one too many" 2 'one argument too many' list img db
volume "list: empty device" 2 'which DAX device\?' list ''
volume "create: empty device" 2 'which DAX device\?' create '' db 1G
volume "create: empty name" 2 'which volume\?' create img '' 1G
volume "create: empty size" 2 'which size\?' create img db ''
volume "remove: empty name" 2 'which volume\?' remove img ''

# a name has no say where it is an option, or looks like one
volume "remove: a name like an option" 2 '-x: unknown' remove img -x
volume "remove: the same behind --" 2 "NAME: '-x' is no name" remove -- img -x
for name in . .. a/b / ../../etc/passwd -x $'a\nb' $'db\n' $'\n' $'\e[31m' $'a\tb' $'\r' $'\x01' \
	$'\x7f' $'\xff' $'caf\xc3' $'\xc0\xaf' $'\xc2\x9b' $'\xed\xa0\x80' $'\xf4\x90\x80\x80'; do
	volume "create: name $(printf %q "$name")" 2 "NAME: '.*' is no name; 1 to 64 bytes" create -- img "$name" 1G
done
volume "resize: a path for a name" 2 "NAME: 'a/b' is no name" resize --force img a/b 1G
volume "remove: a path for a name" 2 "NAME: 'a/b' is no name" remove --force img a/b
long=$(printf '%065d' 0)
volume "create: a name of 65 bytes" 2 'NAME: 65 bytes, at most 64 fit' create img "$long" 1G
volume "remove: a name of 65 bytes" 2 'NAME: 65 bytes' remove img "$long"
volume "create: a name of 100000 bytes" 2 'NAME: 100000 bytes' create img "$(printf '%0100000d' 0)" 1G

for size in K 12Q 1KB 0x10 1.5G ' 5' '5,' five '1G ' $'1G\n' '1G 512 x' %s +5; do
	volume "create: size $(printf %q "$size")" 2 "SIZE: '.*' is no size" create img db "$size"
done
for size in 18446744073709551616 99999999999999999999 16777216T; do
	volume "create: size $size" 2 'SIZE: .* is larger than any device' create img db $size
done
for verb in create resize; do
	volume "$verb: a negative size" 2 '-5: unknown' $verb img db -5
	volume "$verb: the same behind --" 2 "SIZE: '-5' is no size" $verb -- img db -5
	volume "$verb: no size at all" 2 'SIZE: 0: a volume of no size; at least 4K' $verb img db 0
	volume "$verb: half a page" 2 'SIZE: 512 is not a multiple of 4096' $verb img db 512
	for size in 4097T 4503599627374592; do
		volume "$verb: size $size" 2 'SIZE: .* is too large; at most 4096T' $verb img db $size
	done
done
for block in 0 1 511 1024 8192 4K '' ' 512' 512x -512 4294967808 $'\e[2J'; do
	volume "create: block $(printf %q "$block")" 2 "--block: '.*' is no block size; 512 or 4096" \
		create "--block=$block" img db 1G
done
volume "create: --block without a value" 2 'needs a value' create img db 1G --block

#
# What is no bound pool
#
for command in 'create --block 512 -u DEV db 4096T' 'list -u DEV' 'resize --force DEV db 1G' \
	'remove --force DEV db'; do
	on() {	# DESCRIPTION REGEX DEVICE
		local -a words
		read -ra words <<<"$command"
		volume "${command/DEV/$1}" 1 "$2" "${words[@]/#DEV/$3}"
	}
	on "an image" 'img: no pool is bound here; bind it first: daxctl reconfigure-device --mode=system-ram DEV' img
	on "no such device" 'dax77\.0: no such DAX device; see: daxctl list' dax77.0
	on "no such node" 'dax77\.0: no such DAX device' /dev/dax77.0
	on "no such file" 'No such file' nothing
	on "a directory" 'neither a DAX device' .
	on "a character device" 'is no DAX device' /dev/null
	on "a long path" 'too long' "$(printf '%08000d' 0)"
	on "an escape" '\?\[2J: No such file' $'\e[2J'
done
for name in db 'my db' ' a ' 'café' "'" '$(reboot)' '%s%n' '"' 'a\b' '...' 'x-y' "${long:1}"; do
	volume "a good name: $name" 1 'no pool is bound here' create img "$name" 1G
done

# This machine may have pools of its own
if [ ! -e /sys/class/kmemp_blk ] && ! ls -d /sys/bus/dax/devices/*/persist >/dev/null 2>&1; then
	run "$kmemp" volume list
	is "list without any pool: an empty one" "$status $(tr -d '\n' <<<"$out")$err" '0 []'
	run "$kmemp" volume list -u
	is "list -u without any pool: nothing" "$status $out$err" '0 '
fi

#
# Names in links
#
link() {	# POOL NAME: what kmemp-link makes of them
	printf '%s\n' "$1" >pool_name
	printf '%s\n' "$2" >name
	run "$top/tools/udev/kmemp-link" .
	out=${out#KMEMP_LINK=}
}

while IFS=' ' read -r encoded name; do
	link cache "$name"
	is "link of $name" "$status $out$err" "0 kmemp/cache/$encoded"
done <<'END'
db db
a#+-.:=@_Z a#+-.:=@_Z
my\x20db my db
my_db my_db
a\x5cb a\b
a\x5cx20b a\x20b
café café
\x24\x28x\x29\x60y\x60 $(x)`y`
\x27\x22 '"
\x25s\x2c\x2a\x3f\x5b\x5d\x7b\x7d %s,*?[]{}
\x7e\x21\x26\x7c\x3b\x3c\x3e\x5e ~!&|;<>^
... ...
END
link 'a pool' 'db'
is "a label is encoded too" "$out" 'kmemp/a\x20pool/db'
link cache ' a '
is "blanks at the ends" "$out" 'kmemp/cache/\x20a\x20'
link cache "$(printf '%063d' 0 | tr 0 %)x"
is "a name that just fits" "$status ${#out}" "0 $((12 + 63 * 4 + 1))"
link cache "$(printf '%064d' 0 | tr 0 %)"
is "one that is no file name any more has no link" "$status $out" "1 "
run "$top/tools/udev/kmemp-link" nothing
is "nor has what is no volume" "$([ "$status" != 0 ] && echo failed) $out" "failed "

done_testing
