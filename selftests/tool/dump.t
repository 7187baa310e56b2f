#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp dump on images of every format: all that a pool holds, as text and as
# JSON; names that are no text; damage, and bytes that were hit at random.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
cd "$tmp" || exit

# What the JSON of a full pool must say. Python, since it is JSON that is judged
cat >judge.py <<'END'
import json, sys
dump = json.load(sys.stdin)
objects = {o["object"]: o for o in dump["objects"]}
names = [r.get("name") for r in objects[4096]["records"]]
hexes = [r["name_hex"] for r in objects[4096]["records"] if "name_hex" in r]
extents = [(e["offset"], e["count"], e["unwritten"], e["tag"]) for e in objects[4096]["extents"]]
print(sorted(objects), objects[1]["name"], len(names), sorted(hexes))
print('a "b" \\c' in names, 'café' in names, '' in names, extents)
volume = [r for r in objects[1]["records"] if r["kind"] == 2][0]
print(volume["name"], volume["volume_object"], volume["volume_size"], len(objects[4097]["extents"]))
print(objects[2]["records"][0]["orphan"], len(objects[4]["extents"]), len(dump["structures"]) > 5)
END

for type in bitmap log extent; do
	ok "$type: a full pool" full img $type
	run "$kmemp" dump img
	is "$type: dump" "$status$err" 0
	like "$type: of what" "$out" "^pool of format $type, 16384 pages, uuid [0-9a-f-]+, label test\$"
	like "$type: the root" "$out" '^object 1 \(root\)$'
	like "$type: a volume" "$out" '^  record kind 2, name "db", value of 32 bytes 0x[0-9a-f]{64}, volume_object 4096, volume_size 134217728, volume_block_size 4096$'
	like "$type: an orphan" "$out" '^  record kind 1, name 0x0110000000000000, .*orphan 4097$'
	like "$type: an escape is not let through" "$out" 'name 0x1b5b324a676f6e650a,'
	like "$type: quotes" "$out" 'name "a \\"b\\" \\\\c",'
	like "$type: UTF-8" "$out" 'name "café",'
	like "$type: no UTF-8" "$out" 'name 0xfffe,'
	like "$type: an extent" "$out" '^  extent 0 \+ 512: page [0-9]+$'
	like "$type: one that was not written" "$out" '^  extent 2000 \+ 1: page [0-9]+, unwritten, tag 5$'
	like "$type: the format's structures" "$out" '^structures$'
	is "$type: no control characters" "$(grep -caP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$out")" 0
	is "$type: JSON" "$("$kmemp" dump --json img | python3 judge.py)" "[1, 2, 4, 4096, 4097] root 205 ['1b5b324a676f6e650a', 'fffe']
True True True [(0, 512, False, 0), (1000, 3, False, 0), (2000, 1, True, 5)]
db 4096 134217728 1
4097 1 True"
	run "$kmemp" dump -o 4097 img
	is "$type: one object" "$(grep -c ^object <<<"$out") $(grep -c ^structures <<<"$out")" "1 0"
	# which also looks whether the image is as it was
	refused "$type: no such object" 1 'there is no object 77; for all: kmemp dump img' img "$kmemp" dump --object 77 img

	# Nothing that stands there may crash it or keep it going. The metadata of a
	# pool this small lies where the format put it first, and in what it took since
	failed=
	rm -f hit.*
	for i in {1..10}; do
		hits=()
		for _ in 1 2 3; do
			hits+=($(((i % 4 ? RANDOM % 2200 : RANDOM % 2) * 4096 + RANDOM % 4096)))
		done
		for at in "${hits[@]}"; do flip img "$at"; done
		status=0
		timeout 20 "$kmemp" dump -j img >"hit.$i" 2>err || status=$?
		[ "$status" -lt 2 ] || failed="$failed $i:$status"
		# The same bit again is as it was
		for at in "${hits[@]}"; do flip img "$at"; done
	done
	is "$type: bytes hit at random" "$failed" ''
	ok "$type: is JSON whatever was hit" python3 -c 'import json, sys
for name in sys.argv[1:]:
    text = open(name).read()
    text and json.loads(text)' hit.*
done

full img bitmap crash
run "$kmemp" dump img
like "bitmap after a crash: the ring's entries" "$out" '^  ring entry: offset [0-9]+, batch [0-9]+, epoch 1, [0-9]+ bytes$'
like "bitmap: a node" "$out" '^    node at page [0-9]+: level 1, 3 slots, from 0$'
like "bitmap: a trie" "$out" '^    trie at page [0-9]+: [0-9]+ slots$'
full img log
run "$kmemp" dump img
like "log: an entry" "$out" '^  entry 1: page [0-9]+ \+ [0-9]+, batch 1, epoch 1, 128 bytes$'
like "log: what it says" "$out" '^    map object 4096: 0 \+ 512, page [0-9]+$'
full img extent
run "$kmemp" dump img
like "extent: a leaf" "$out" '^ +leaf at page [0-9]+ \+ [0-9]+: level 0, '
image img
"$kmemp" format --type none img >/dev/null
run "$kmemp" dump -j img
is "none: has neither objects nor structures" "$status $(grep -c structures <<<"$out") $(grep -c objects <<<"$out")" "0 1 0"
refused "none: has no object" 1 'there is no object 1;' img "$kmemp" dump -o 1 img
image img
refused "no pool" 1 'there is no pool' img "$kmemp" dump img
"$kmemp" format --type none img >/dev/null
flip img 100; flip img $(((64 << 20) - 4096 + 100))
refused "a pool that is refused" 1 'both superblock copies are damaged' img "$kmemp" dump img
image img 1M
for id in 0 -1 '' x 1x 0x1 99999999999999999999 72057594037927936; do
	refused "--object '$id'" 2 'is no object; a number from 1 to' img "$kmemp" dump "--object=$id" img
done
full img log
run sh -c '"$0" dump img >/dev/full' "$kmemp"
is "a dump that nobody gets is no success" "$status" 1

done_testing
