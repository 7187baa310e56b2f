#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kmemp map on images: every page has its use, in the terminal and as SVG; what
# was hit; files that cannot be written.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
cd "$tmp" || exit
unset NO_COLOR

bytes() {	# LETTER: of the legend in out
	sed -n "s/^[$1]  [a-z ()A-Z]*  \\+\\([0-9]\\+\\)  .*/\\1/p" <<<"$out"
}

# Well-formed, and what it says where. Python, since it is XML that is judged
cat >judge.py <<'END'
import sys, xml.etree.ElementTree as tree
svg = tree.parse(sys.argv[1]).getroot()
ns = '{http://www.w3.org/2000/svg}'
titled = [r for r in svg.iter(ns + 'rect') if r.find(ns + 'title') is not None]
texts = [t.text for t in svg.iter(ns + 'text')]
print(svg.find(ns + 'title').text)
print(all(float(r.get('width')) > 0 and float(r.get('x')) + float(r.get('width')) <= 981 for r in titled))
print(sorted({w for r in titled for w in ('data', 'metadata', 'reserve', 'free', 'bad') if ' %s ' % w in r.find(ns + 'title').text.replace('(RAM) ', '')}))
print('begin, MiB' in texts, 'place in the row, MiB' in texts, any(t.startswith('bad: ') for t in texts))
END

for type in bitmap log extent; do
	full img $type
	run "$kmemp" map img
	is "$type: map" "$status$err" 0
	like "$type: of what" "$out" "^img: pool of format $type, label test\$"
	is "$type: all pages have a use" \
		$(($(bytes D) + $(bytes M) + $(bytes R) + $(bytes .) + $(bytes X))) $((64 << 20))
	is "$type: data" "$(bytes D)" $((616 * 4096))
	is "$type: a bad page" "$(bytes X)" 4096
	is "$type: which is drawn" "$(grep -c '^         0 |.*X.*|$' <<<"$out")" 1
	is "$type: 80 columns at most" "$(awk 'length > 80' <<<"$out")" ''
	unlike "$type: no colours in a pipe" "$out" $'\e'
done

run "$kmemp" map -u img
like "sizes for people" "$out" '^D  data +2.41 MiB \(2.52 MB\) +3.8 %$'
TERM=xterm COLUMNS='' run script -qec "stty cols 132; $kmemp map img" /dev/null
like "a terminal has colours" "$out" $'\e\\[34mD'
is "and its width" "$(sed -n $'s/\e\\[[0-9]*m//g; s/\r//; /^         0 /p' <<<"$out" | wc -L)" 132
TERM=xterm NO_COLOR=1 run script -qec "stty cols 20; $kmemp map img" /dev/null
unlike "or none" "$out" $'\e'
is "a very small terminal" "$(sed -n 's/\r//; /^         0 /p' <<<"$out" | wc -L)" 40

# Rows are memory blocks; where there are many, a row is several
image img 1G
"$kmemp" format --type log img >/dev/null
run "$kmemp" map img
is "eight blocks" "$(grep -c '^ *[0-9]* |.*|$' <<<"$out")" 8
like "the last one" "$out" '^       896 |'
image img 40000M
"$kmemp" format --type log img >/dev/null
run "$kmemp" map img
is "at most 64 lines" "$(grep -c '^ *[0-9]* |.*|$' <<<"$out")" 63
like "says how many blocks each is" "$out" '^a line is 5 memory blocks of 134217728;'

full 'a <&">.img' bitmap
run "$kmemp" map --svg out.svg 'a <&">.img'
is "SVG" "$status$out$err" 0
is "is XML, and says what there is" "$(python3 judge.py out.svg)" 'a <&">.img: pool of format bitmap, label test
True
['"'bad', 'data', 'free', 'metadata', 'reserve'"']
True True True'
mv 'a <&">.img' img
ln -s img link
refused "SVG over the image" 2 'is what is to be drawn' img "$kmemp" map --svg link img
refused "SVG nowhere" 1 'cannot write no/where: No such file' - "$kmemp" map --svg no/where img
refused "SVG to a full disk" 1 'cannot write /dev/full' - "$kmemp" map --svg /dev/full img
refused "SVG without a name" 2 'which file' - "$kmemp" map --svg '' img
run sh -c '"$0" map img >/dev/full' "$kmemp"
is "a map that nobody gets is no success" "$status" 1

# The page bitmap's line of the first pages: which are used is not known then
flip img $((258 * 4096 + 70))
refused "used pages that are not known" 1 'cannot find out which pages are used: .*kmemp check' img "$kmemp" map img
flip img $((258 * 4096 + 70))
# A map that cannot be followed: the rest is data or metadata
page=$("$kmemp" dump img | sed -n '/^  object 4096:/,/node/s/.*node at page \([0-9]*\):.*/\1/p')
flip img $((page * 4096))
run "$kmemp" map img
is "a damaged object" "$status" 0
like "what is left is used" "$out" '^U  used '
image img
refused "no pool" 1 'there is no pool' img "$kmemp" map img
"$kmemp" format --type none img >/dev/null
run "$kmemp" map img
is "none: metadata are two pages" "$(bytes M)" 8192
flip img 100; flip img $(((64 << 20) - 4096 + 100))
refused "a pool that is refused" 1 'both superblock copies are damaged' img "$kmemp" map img

done_testing
