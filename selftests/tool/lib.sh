# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests of the tool on the host: TAP, a directory that goes away, and
# commands whose status and messages are looked at.
#
#	run COMMAND...	sets status, out and err
#	field KEY	the value of a key of the JSON in out
#	flip FILE OFFSET	changes one byte
#	refused DESCRIPTION STATUS REGEX FILE COMMAND...	the command fails with
#		STATUS and one line on stderr that matches; FILE is as it was

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TEST_DIR=$top/build/test/$(basename "$0" .t)
rm -rf "$TEST_DIR"
mkdir -p "$TEST_DIR"
# shellcheck source=selftests/harness/tap.sh
. "$top/selftests/harness/tap.sh"

tmp=$(mktemp -d "${KMEMP_TMP:-/dev/shm}/kmemp-tool.XXXXXX")
trap 'status=$?; rm -rf "$tmp"; tap_end $status' EXIT

# shellcheck disable=SC2034 # for who calls
run() {
	status=0
	out=$("$@" 2>"$tmp/err") || status=$?
	err=$(cat "$tmp/err")
}

field() {
	sed -n "s/^ *\"$1\":\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" <<<"$out"
}

# shellcheck disable=SC2317 # for who calls
flip() {
	local byte
	byte=$(od -An -t u1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # that is what it is for
	printf "\\$(printf %o $((byte ^ 4)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# For whether a file has changed: nobody forges it, and images are large.
sum() {
	[ ! -f "$1" ] || cksum <"$1"
}

refused() {
	local desc=$1 wanted=$2 regex=$3 file=$4 before why=
	shift 4
	before=$(sum "$file")
	run timeout 20 "$@"
	[ "$status" = "$wanted" ] || why="status $status, expected $wanted"
	[ "$(sum "$file")" = "$before" ] || why="$why; $file changed"
	[ "$(wc -l <<<"$err")" = 1 ] || why="$why; not one line"
	grep -qaE -- "$regex" <<<"$err" || why="$why; no match: $regex"
	! grep -qaP '[\x00-\x09\x0b-\x1f\x7f]' <<<"$err" || why="$why; control characters"
	is "$desc" "${why:-refused}" refused
	[ -z "$why" ] || diag "$err"
}

image() {	# NAME [SIZE]: an empty image
	rm -f "$1"
	truncate -s "${2:-64M}" "$1"
}

# full NAME TYPE [crash]: an image of a pool that holds something of everything
full() {
	image "$1"
	"$top/build/tools/kmemp" format --type "$2" --label test "$1" >/dev/null &&
		"$top/build/tool/fill" "$1" ${3:+"$3"}
}

# flip NAME OFFSET: one byte of it
flip() {
	local byte
	byte=$(od -An -t u1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # that is what it is for
	printf "\\$(printf %o $((byte ^ 4)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

done_testing() {
	tap_plan
}
