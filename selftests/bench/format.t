#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What "make bench-format SMALL=1" runs: that every format has every figure, and
# what is counted and not timed: one fence for a commit, whatever the machine.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/../tool/lib.sh"

bench() {
	run env OUT="$tmp/out" SMALL=1 "$@" "$top/selftests/bench/format/run"
}

# Lines of the table between a title and the next
part() {
	sed -n "/^$1/,/^[A-Z]/p" "$tmp/out/table.txt"
}

bench SEED=3
is "all of it runs" "$status" 0
formats=$(part 'What one commit does' | awk '$1 == "add" { print $2 }')
ok "over three formats at least" [ "$(wc -w <<<"$formats")" -ge 3 ]

# Those that retire a ring have more
counts=$(part 'What one commit does' |
	awk '$1 == "replace" || $1 == "add" { print $3, ($4 <= 20), ($8 < 0.1) }')
is "one fence for a commit, and no line flushed that holds nothing new" \
	"$(sort -u <<<"$counts")" "1 1 1"

missing=
for format in $formats; do
	for figure in 2:'What it takes' 2:'Group commit' 3:'fsync of' 9:'Opening' \
		1:'A volume'; do
		lines=$(part "${figure#*:}" | grep -cE "(^| )$format ") || :
		[ "$lines" -ge "${figure%%:*}" ] || missing="$missing $format: ${figure#*:};"
	done
done
is "every figure of each" "$missing" ""

bad=
for name in latency group isolation open overwrite; do
	csv=$tmp/out/$name.csv
	grep -q '^# cpu: .' "$csv" || bad="$bad $name: no machine;"
	grep -q '^# seed: 3$' "$csv" || bad="$bad $name: no seed;"
	[ "$(grep -v '^#' "$csv" | awk -F, '{ print NF }' | sort -u)" = 6 ] ||
		bad="$bad $name: fields;"
	[ "$(grep -vc '^#' "$csv")" -gt 3 ] || bad="$bad $name: no samples;"
done
is "samples, and what they were taken on" "$bad" ""

truncate -s 64M "$tmp/small"
bench MEDIA="$tmp/small"
is "a medium that is too small for a figure" "$status" 0
like "says so" "$out" 'not taken: medium: [0-9]+ MiB are needed'

echo something >"$tmp/used"
truncate -s 8G "$tmp/used"
bench MEDIA="$tmp/used"
ok "a medium that holds something is refused" [ "$status" != 0 ]
is "and left alone" "$(head -n 1 "$tmp/used")" something

done_testing
