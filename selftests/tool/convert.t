#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp convert on images: every format into every other, larger and smaller,
# around bad pages, killed in the middle, and refused. The source never changes;
# what the copy holds is summed up by a program that is not the tool.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
populate=$top/build/tool/populate
poison=$top/build/tool/poison.so
cd "$tmp" || exit

pool() {	# NAME SIZE MIB FORMAT-OPTION...: an image with some of everything
	rm -f "$1"
	truncate -s "$2" "$1"
	"$kmemp" format "${@:4}" "$1" >/dev/null && "$populate" "$1" "$3"
}

convert() {	# OPTION...
	run "$kmemp" convert --quiet "$@"
}

bad() {	# HOW=FILE:PAGES COMMAND...: with a medium that is bad there
	run env LD_PRELOAD="$poison" "$@"
}

#
# What is copied
#
for from in bitmap log extent; do
	pool $from 72M 3 --type $from --label "from $from" --data-min 8M --data-max 50M
	before=$(sum $from)
	digest=$("$populate" $from digest)
	for to in bitmap log extent; do
		rm -f copy
		convert --type $to --size 64M $from copy
		is "$from to $to" "$status$err" 0
		is "$from to $to: the type" "$(field type)" $to
		is "$from to $to: holds the same" "$("$populate" copy digest)" "$digest"
		is "$from to $to: a check finds nothing" "$("$kmemp" check copy | grep -c '"verdict":"clean"')" 1
	done
	is "$from is as it was" "$(sum $from)" "$before"
done
is "the label is the source's" "$(field label)" 'from extent'
is "so is data_min" "$(field data_min)" $((8 << 20))
is "and data_max" "$(field data_max)" $((50 << 20))
is "what was copied is said" "$(field objects) $(field records) $(field data)" \
	"6 126 $(((3 * 256 + 700 + 300 + 8 + 100) * 4096))"
uuid=$(field uuid)
run "$kmemp" info extent
is "the uuid is another one" "$([ "$uuid" != "$(field uuid)" ] && echo yes)" yes
uuid=$(field uuid)
convert --force --keep-uuid --label there --pool-size 65M --data-max 0 --data-min 0 extent bitmap
is "the same format, over another pool" "$status$err" 0
is "a size of its own" "$(field pool_size)" $((65 << 20))
is "a label of its own" "$(field label)" there
is "limits of its own" "$(field data_min) $(field data_max)" "0 0"
is "--keep-uuid" "$(field uuid)" "$uuid"
is "the type is the source's" "$(field type)" extent
rm -f copy
convert --uuid 11111111-2222-3333-4444-555555555555 --size 100M bitmap copy
is "--uuid" "$(field uuid)" 11111111-2222-3333-4444-555555555555
is "to a larger one" "$(field pool_size) $("$populate" copy digest)" "$((100 << 20)) $digest"
"$populate" copy 1
is "the copy takes more: ids go on where they were" "$("$kmemp" check copy | grep -c '"verdict":"clean"')" 1

run "$kmemp" convert --force log copy
like "progress, where it is no terminal: a line for each tenth" "$err" "^reading:  10 % of [0-9]+ MiB
.*^writing: 100 % of [0-9]+ MiB
.*^comparing: 100 % of [0-9]+ MiB\$"
run script -qec "$kmemp convert --force log copy" /dev/null
like "on a terminal: a line each, which is written over" "$out" $'\rwriting: 100 % of [0-9]+ MiB'

truncate -s 64M none && "$kmemp" format --type none --label empty none >/dev/null
rm -f copy
convert --type bitmap --size 64M none copy
is "a pool of none becomes an empty one" "$status $(field type) $(field objects)" "0 bitmap 0"

#
# What does not fit
#
pool full 128M 60 --type extent --data-min 90M --data-max 100M
before=$(sum full)
truncate -s 64M small
refused "more data than the pool has pages" 1 'does not fit: [0-9]+ bytes .* of data, .*nothing was written' small \
	"$kmemp" convert --quiet full small
rm small; truncate -s 75M small
for to in bitmap extent; do
	refused "no room for the reserve of $to" 1 'does not fit: .*reserve, [0-9]+ bytes more than there are' small \
		"$kmemp" convert --quiet --type $to full small
done
refused "none keeps no objects" 1 'format none keeps no objects, and full holds 6' small \
	"$kmemp" convert --quiet --type none full small
convert --type log full small
is "it fits where the reserve is smaller" "$status" 0
like "limits that do not fit are told of: data_max" "$err" 'data_max does not fit; the copy has no ceiling'
like "and data_min" "$err" 'data_min does not fit; the copy has the default'
is "it holds the same" "$("$populate" small digest)" "$("$populate" full digest)"
is "the full one is as it was" "$(sum full)" "$before"

#
# Bad pages
#
pool src 72M 3 --type bitmap
page=$("$populate" src at 4096 700)
rm -f copy; truncate -s 64M copy
before=$(sum copy)
bad POISON=src:"$page,$((page + 1))" "$kmemp" convert --quiet src copy
is "bad pages of the source" "$status" 1
like "are named" "$err" "1 place cannot be read, the first in object 4096 \(volume large\) at byte $((700 * 4096)); nothing was written; .* --salvage"
is "with object, offset and size" "$(field lost) $(field object) $(field volume) $(field offset) $(field size)" \
	"data 4096 large $((700 * 4096)) 8192"
is "nothing was written" "$(sum copy)" "$before"
bad POISON=src:"$page,$((page + 1))" "$kmemp" convert --quiet --salvage src copy
is "--salvage goes on without them, and says so" "$status $(field lost) $(field offset)" "3 data $((700 * 4096))"
like "in the end" "$err" '1 place could not be read; the copy is without'
is "the copy has a hole there" "$("$populate" copy at 4096 700)" "$("$populate" copy at 4096 702)"
is "and is sound" "$("$kmemp" check copy | grep -c '"verdict":"clean"')" 1

# metadata: of each page of it, what can be read is taken
results=
for page in $(seq 258 262) $(seq 18427 18431); do
	bad POISON=src:"$page" timeout 20 "$kmemp" convert --quiet --force --salvage src copy
	results="$results $status"
	[ "$status" = 1 ] || "$kmemp" check copy | grep -q '"verdict":"clean"' || results="$results unsound"
done
unlike "bad metadata: refused, or what is left is copied" "$results" '[^ 013]'
like "some of it is copied around the bad page" "$results" 3
flip src $(((258 << 12) + 70))
refused "a source that a check finds damaged" 1 'is damaged, [0-9]+ findings?: kmemp check src; nothing was written; .*--salvage' copy \
	"$kmemp" convert --quiet --force src copy

#
# Interrupted
#
pool src 72M 3 --type log
for page in 1 700 1500 16383 0; do
	rm -f copy; truncate -s 64M copy
	bad CRASH=copy:$page "$kmemp" convert --quiet src copy
	[ "$status" != 0 ] || continue
	is "killed at its first store into page $page" "$status" 139
	run "$kmemp" info copy
	unlike "leaves no pool" "$(field content)" '^pool$'
done
is "the last of them was killed" "$page $status" "0 0"
pool copy 64M 1 --type extent
bad CRASH=copy:1 "$kmemp" convert --quiet --force src copy
run "$kmemp" info copy
unlike "nor the pool that was there" "$(field content)" '^pool$'
bad POISON=copy:1 "$kmemp" convert --quiet --force src copy
is "a bad page of the destination" "$status" 1
like "is told of" "$err" 'a store failed: .*it is no pool now'
run "$kmemp" info copy
unlike "and leaves no pool" "$(field content)" '^pool$'

#
# Written, and not there
#
convert --force --type bitmap src copy
for what in "data of object 4096" "a check finds|cannot be opened"; do
	page=258	# metadata
	[[ $what != data* ]] || page=$("$populate" copy at 4096 700)
	bad FLIP=copy:"$page" "$kmemp" convert --quiet --force --type bitmap src copy
	is "a bit of page $page that changes after it was written" "$status" 1
	like "is found: $what" "$err" "$what"
	like "and the copy is none" "$err" 'copy: is no pool now'
	run "$kmemp" info copy
	unlike "indeed" "$(field content)" '^pool$'
	convert --force --type bitmap src copy
done

#
# Arguments
#
no() {	# DESCRIPTION STATUS REGEX OPTION...: refused, the destination unchanged
	refused "$1" "$2" "$3" copy "$kmemp" convert --quiet "${@:4}"
}
pool copy 64M 1 --type log
no "a pool is there" 1 'holds a pool .*--force' src copy
no "no argument" 2 'which DAX device or image is the source'
no "one argument" 2 'which DAX device or image becomes the copy' src
no "three arguments" 2 'one argument too many' src copy copy
no "no such source" 1 'No such file' nothing copy
no "no such destination" 1 'No such file.*; for an image that is to be made, add --size' src nothing
no "no such device" 1 'dax77\.0: no such DAX device' src dax77.0
no "the source itself" 1 'is the source itself' copy copy
ln -s copy link
no "the source by another name" 1 'is the source itself' copy link
no "unknown type" 2 "no format 'zfs'" --type zfs src copy
no "--size for what is there" 1 'File exists; --size is for an image' --size 64M src copy
no "--size too small" 2 'too small; at least 64M' --size 63M src new
no "--size that is none" 2 'is no size' --size x src new
no "a label that is none" 2 'is no name' --force --label a/b src copy
no "a pool larger than the image" 1 'pool-size is larger' --force --pool-size 65M src copy
no "limits that contradict each other" 1 'data-min is larger' --force --data-min 2M --data-max 1M src copy
truncate -s 64M zero
no "a source without a pool" 1 'there is no pool' zero copy
exec 9<copy
flock 9
no "a destination that another program has locked" 1 'locked' --force src copy
exec 9<&-
rm -f new
no "a new image that does not fit" 1 'does not fit' --size 64M full new
is "is not left behind" "$(ls new 2>/dev/null)" ''
run sh -c '"$0" convert --quiet --force src copy >/dev/full' "$kmemp"
is "a report that nobody gets is no success" "$status" 1

done_testing
