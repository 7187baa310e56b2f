#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp check on images: what is wrong, what --repair would do and does, and what
# it leaves alone. Clean pools are kmemp-image.t's.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
last=$(((64 << 20) - 4096))
cd "$tmp" || exit

verdict() {
	sed -n 's/^  "verdict":"\(.*\)".*/\1/p' <<<"$out"
}

# checked DESCRIPTION STATUS VERDICT [OPTION]
checked() {
	run "$kmemp" check ${4:+"$4"} img
	is "$1" "$status $(verdict)" "$2 $3"
}

contents() {	# of the objects that stay
	for id in 1 4 4096; do
		"$kmemp" dump -o $id img
	done | sha256sum
}

for type in bitmap log extent; do
	full img $type
	before=$(contents)
	checked "$type: an orphan is no damage" 0 clean
	like "$type: but it is told of" "$out" '"text":"an orphan: '
	checked "$type: a repair removes it" 1 repaired --repair
	unlike "$type: with all it had" "$("$kmemp" dump img)" '^object (2|4097)'
	is "$type: and nothing else" "$(contents)" "$before"
	before=$(sum img)
	checked "$type: once" 0 clean --repair
	is "$type: what is clean is not stored to" "$(sum img)" "$before"
	for at in 100 $((last + 100)) 2600; do
		flip img $at
	done
	checked "$type: superblock, copy and root hit" 4 refused --repair
	full img $type crash
	flip img $((last + 100)); flip img $((last + 2600))
	checked "$type: after a crash, the copy hit" 4 damaged
	like "$type: what helps" "$err" 'of [12] can be mended: kmemp check --repair img$'
	checked "$type: is repaired" 1 repaired --repair
	checked "$type: and clean" 0 clean
done

# Counts and leaked pages: format bitmap alone has any that can be wrong
full img bitmap wrong
before=$(contents)
sum=$(sum img)
checked "wrong counts, leaked pages" 4 damaged
for text in "object's count of pages: found 1" "object's count of records: found 2" \
	'pages in use that nothing owns: found 1000' 'count of data pages: found 3' \
	'page in use, not so in the page bitmap, may hold anything: found [0-9]+'; do
	like "told: ${text% *}" "$out" "\"text\":\"$text\""
done
is "each is mendable" "$(grep -c '"severity":"mendable"' <<<"$out")" 7
like "says what a repair would do" "$err" '7 of 7 can be mended: kmemp check --repair img$'
is "and stores nothing without" "$(sum img)" "$sum"
checked "repair" 1 repaired --repair
is "nothing is left" "$(sed -n '/"left":\[/{n;p}' <<<"$out")" '  ],'
checked "it is clean" 0 clean
is "the objects are what they were" "$(contents)" "$before"

# What is damaged beside it: what a check does not reach may have owners
full img bitmap wrong
page=$("$kmemp" dump img | sed -n '/^  object 4096:/,/node/s/.*node at page \([0-9]*\):.*/\1/p')
flip img $((page * 4096))
flip img $((last + 100))
checked "a damaged map beside them" 4 damaged
like "counts are not mendable then" "$out" '"severity":"loss"'
checked "a repair mends the copy, and says that something is left" 5 damaged --repair
like "in words" "$err" 'findings are left that need a guess'
run "$kmemp" info img
unlike "the copy is whole" "$out" damaged
is "no page was taken from anybody" "$("$kmemp" check img | grep -c 'nothing owns')" 3

image img
"$kmemp" format --type none img >/dev/null
flip img 3600
checked "none: a damaged slot" 4 damaged
checked "none: is mended" 1 repaired --repair
checked "none: and clean" 0 clean
image img
refused "repair of no pool" 8 'there is no pool' img "$kmemp" check --repair img
"$kmemp" format --type none img >/dev/null
flip img 100; flip img $((last + 100))
refused "repair of a pool that is refused" 4 'both superblock copies are damaged' img "$kmemp" check -r img
exec 9<img
flock -s 9
refused "repair of an image that is being looked at" 8 'locked' img "$kmemp" check -r img
exec 9<&-

done_testing
