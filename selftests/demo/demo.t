#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo: runs, ends with status 0, and its table has what it is to show.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

result() {	# STATUS DESCRIPTION
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

status=0
"$here/demo" >"$tmp/output" 2>&1 || status=$?
result "$status" "the demo ends with status 0"
[ "$status" = 0 ] || tail -n 30 "$tmp/output" | sed 's/^/# /' >&2

shows() {	# DESCRIPTION REGEX: a row of the closing table
	status=0
	sed -n '/^What was shown/,$p' "$tmp/output" | grep -qE -- "$2" || status=$?
	result "$status" "$1"
}

shows "its table shows the node's memory before and after" "MemTotal +0 MiB -> 8[0-9][0-9] MiB"
shows "and what data_min took" "data_min raised to 640 MiB, live: MemTotal +[0-9]+ MiB -> [0-9]+ MiB"
shows "and what the hog got" "a hog took all the rest +[0-9]{3} MiB of [0-9]{3} MiB"
shows "and what was written on the full node" "new file, rows of the database +20 MB, [1-9][0-9]*"
shows "and that no withheld page was written" "withheld pages the hog wrote +0 of [0-9]+"
shows "and the pool's uuid after the crash" "after the crash: the pool.* [0-9a-f-]{36}$"
shows "and that the documents alone read the medium" "by the documents alone +read"
shows "and that each file is there" "files whose checksum is right +([0-9]+) of \\1$"
shows "and that the database is sound" "the database is sound.* [0-9]+ / [0-9]+$"
shows "and that what was deleted is memory again" "half deleted and trimmed: node 1's MemFree"
shows "and the pool at the end" '"state":"online"'

status=0
grep -q "but not the CPU's" "$tmp/output" || status=$?
result "$status" "it says that a killed guest loses no CPU cache"

status=0
grep -qE "seen from the host: [1-9][0-9]* pages of the hog's, 0 of them" "$tmp/output" || status=$?
result "$status" "it says that what is in RAM is readable on the medium"

# without a build there is nothing to show
mkdir "$tmp/selftests"
cp -r "$here" "$here/../harness" "$tmp/selftests/"
status=0
"$tmp/selftests/demo/demo" >"$tmp/output" 2>&1 || status=$?
[ "$status" = 1 ] && status=0
grep -q "^demo FAILED: nothing is built; run: make demo" "$tmp/output" || status=1
result "$status" "what goes wrong ends it with a line and status 1"

echo "1..$count"
exit $failed
