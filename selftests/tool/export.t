#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp export on images: volumes with their holes, other objects and what
# describes them, around bad pages, and refused. Files are held against the
# image itself, page by page.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
populate=$top/build/tool/populate
poison=$top/build/tool/poison.so
cd "$tmp" || exit

pool() {	# NAME TYPE MIB
	rm -f "$1"
	truncate -s 72M "$1"
	"$kmemp" format --type "$2" "$1" >/dev/null && "$populate" "$1" "$3"
}

export_() {	# OPTION...
	run "$kmemp" export --quiet "$@"
}

bad() {	# PAGES COMMAND...: with pages of src that cannot be read
	run env LD_PRELOAD="$poison" POISON=src:"$1" "${@:2}"
}

# same FILE OBJECT OFFSET: this page of the file is the pool's
same() {
	cmp -s <(dd if="$1" bs=4096 skip="$3" count=1 status=none) \
		<(dd if=src bs=4096 skip="$("$populate" src at "$2" "$3")" count=1 status=none)
}

# blank FILE OFFSET COUNT: these pages read as zeros
blank() {
	cmp -s <(dd if="$1" bs=4096 skip="$2" count="$3" status=none) \
		<(head -c $(($3 * 4096)) /dev/zero)
}

for type in bitmap log extent; do
	pool src $type 3
	before=$(sum src)
	rm -rf out
	export_ src out
	is "$type: all of it" "$status$err" 0
	is "$type: what there was" "$(field volumes) $(field objects) $(field data)" \
		"3 4 $(((3 * 256 + 300 + 7 + 100) * 4096))"
	is "$type: the files" "$(cd out && find . -type f | sort | paste -sd ' ')" \
		"./objects/1.json ./objects/2.json ./objects/4099.data ./objects/4099.json ./objects/4100.data ./objects/4100.json ./volumes/empty ./volumes/kleín, small ./volumes/large"
	is "$type: their sizes" "$(cd out && stat -c %s volumes/empty volumes/kl* volumes/large objects/*.data | paste -sd ' ')" \
		"4096 $((2000 * 4096)) $((4096 << 30)) $((10 * 4096)) $((100 * 4096))"
	for offset in 0 511 512 767; do
		ok "$type: page $offset of a volume" same out/volumes/large 4096 $offset
	done
	ok "$type: nothing behind it" blank out/volumes/large 768 512
	ok "$type: unwritten pages are zero" blank out/volumes/large $((1 << 20)) 700
	is "$type: and holes" "$(($(stat -c %b out/volumes/large) <= 8 * 800))" 1
	for offset in 7 1995; do
		ok "$type: page $offset of another" same out/volumes/kl* 4097 $offset
	done
	for offset in 3 8 9; do
		ok "$type: page $offset of an object that is none" same out/objects/4099.data 4099 $offset
	done
	is "$type: nothing has changed" "$(sum src)" "$before"
done

json=$(<out/objects/4099.json)
like "extents are described" "$json" '"extents":\[
    \{"offset":12288,"size":20480,"tag":9\},
    \{"offset":32768,"size":8192,"tag":10\},
    \{"offset":4503599627366400,"size":4096,"unwritten":true,"tag":255\}\]'
is "and each record" "$(grep -c '"kind":' <<<"$json")" 121
like "its name and its value" "$json" "\"name_hex\":\"\",\"value_hex\":\"$(printf 'no name' | od -An -tx1 | tr -d ' ')\""
like "names that people can read" "$(<out/objects/1.json)" '"name":"kleín, small"'
ok "it is JSON" perl -MJSON::PP -0777 -ne 'decode_json($_)' out/objects/*.json
is "only for the owner" "$(stat -c %a out out/objects/1.json out/volumes/large | paste -sd ' ')" '700 600 600'

export_ --volume 'kleín, small' src small
is "one volume" "$status $(cmp small out/volumes/kl* && echo same)" "0 same"
export_ --volume empty src none
is "one without pages" "$status $(stat -c %s none)" "0 4096"
export_ --object 4099 src object
is "one object" "$status $(cmp object out/objects/4099.data && cmp object.json out/objects/4099.json && echo same)" "0 same"
export_ --object 4097 src object2
is "that is a volume" "$status $(cmp object2 small && echo same) $(ls object2.json 2>/dev/null)" "0 same "

#
# Bad pages
#
page=$("$populate" src at 4097 7)
bad "$page" "$kmemp" export --quiet src lost
is "a bad page" "$status $(ls lost 2>/dev/null)" "1 "
like "is told of, and nothing written" "$err" "1 place cannot be read, the first in object 4097 \(volume kleín, small\) at byte $((7 * 4096)); nothing was written; .*--salvage"
bad "$page" "$kmemp" export --quiet --salvage src lost
is "--salvage goes on" "$status $(field lost) $(field object) $(field offset)" "3 data 4097 $((7 * 4096))"
ok "it reads as zeros" blank lost/volumes/kl* 7 1
ok "what is behind it is there" same lost/volumes/kl* 4097 14
bad "$page" "$kmemp" export --quiet --volume large src one
is "a page that is not of what is wanted" "$status" 0
results=
for page in $(seq 18420 18431); do
	rm -rf lost
	bad "$page" timeout 20 "$kmemp" export --quiet --salvage src lost
	results="$results $status"
done
unlike "bad metadata: refused, or what is left is there" "$results" '[^ 013]'
like "some of it is left" "$results" 3

#
# Refused
#
no() {	# DESCRIPTION STATUS REGEX ARGUMENT...
	refused "$1" "$2" "$3" src "$kmemp" export --quiet "${@:4}"
}
no "no argument" 2 'which DAX device or image'
no "one argument" 2 'which directory or file' src
no "three arguments" 2 'one argument too many' src a b
no "no such image" 1 'No such file' nothing a
no "no such device" 1 'dax77\.0: no such DAX device' dax77.0 a
no "--volume and --object" 2 'either' --volume large --object 4096 src a
for id in 0 x -1 4096x '' 99999999999999999999; do
	no "object '$id'" 2 'is no number of an object' --object "$id" src a
done
no "an object that is not there" 1 'has no object 5; see: kmemp dump src' --object 5 src a
no "the list of bad pages" 1 'list of bad pages' --object 4 src a
no "a volume that is not there" 1 "has no volume 'nothing'; see: kmemp dump src" --volume nothing src a
no "a volume with a path for a name" 2 'is no name' --volume ../x src a
no "a directory that has one" 1 'File exists; .*--force' src out
no "a file that is there" 1 'File exists; .*--force' --volume large src small
ln -s "$tmp/small" link
no "a link" 1 'cannot be written' --force --volume large src link
no "a directory that cannot be" 1 'cannot be written' src nothing/out
run sh -c 'ulimit -f 1; trap "" XFSZ; exec "$0" export --quiet --volume large src limited' "$kmemp"
is "a file that cannot be so large" "$status" 1
like "is told of" "$err" 'cannot be written: File too large'
export_ --force src out
is "--force overwrites" "$status$err" 0
ok "with the same" same out/volumes/large 4096 700
truncate -s 64M none64 && "$kmemp" format --type none none64 >/dev/null
no "a pool that keeps nothing" 1 'format none, which keeps no objects' none64 a

done_testing
