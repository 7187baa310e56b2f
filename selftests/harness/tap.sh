# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP for test scripts.  A script ends with done_testing; one that ends
# earlier, for whatever reason, has failed.

set -eu -o pipefail

# Assertions run in functions whose output is caught: TAP and diagnostics have
# their own ways out.  What commands say on stderr is for the log.
exec 3>&1 4>&2 2>"$TEST_DIR/stderr"

tap_count=0
tap_failed=0
tap_done=
tap_on_failure=		# function that shows more, called at the first failure

diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&4
}

tap_result() {	# STATUS DESCRIPTION
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2" >&3
		return 0
	fi
	echo "not ok $tap_count - $2" >&3
	diag "failed: $2"
	tap_failed=$((tap_failed + 1))
	return 0
}

tap_explain() {
	if [ "$tap_on_failure" ] && [ "$tap_failed" = 1 ]; then
		"$tap_on_failure"
	fi
}

pass() {
	tap_result 0 "$1"
}

fail() {
	tap_result 1 "$1"
	tap_explain
}

# ok DESCRIPTION COMMAND...: the command succeeds
ok() {
	local desc=$1 status=0
	shift
	"$@" >"$TEST_DIR/output" 2>&1 || status=$?
	tap_result "$status" "$desc"
	if [ "$status" != 0 ]; then
		diag "exit status $status of: $*"
		diag "$(tail -n 20 "$TEST_DIR/output")"
		tap_explain
	fi
}

# nok DESCRIPTION COMMAND...: the command fails, by itself: not for want of a
# guest or of time
nok() {
	local desc=$1 status=0
	shift
	"$@" >"$TEST_DIR/output" 2>&1 || status=$?
	case $status in
	0 | 124 | 125)
		tap_result 1 "$desc"
		diag "exit status $status, should fail: $*"
		diag "$(tail -n 20 "$TEST_DIR/output")"
		tap_explain ;;
	*) tap_result 0 "$desc" ;;
	esac
}

# is DESCRIPTION GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		diag "     got: $2"
		diag "expected: $3"
		tap_explain
	fi
}

# like DESCRIPTION GOT REGEX
like() {
	if grep -qE -- "$3" <<<"$2"; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		diag "    got: $2"
		diag "no match: $3"
		tap_explain
	fi
}

# unlike DESCRIPTION GOT REGEX
unlike() {
	if grep -qE -- "$3" <<<"$2"; then
		tap_result 1 "$1"
		diag "   got: $2"
		diag "matches: $3"
		tap_explain
	else
		tap_result 0 "$1"
	fi
}

# skip_all REASON: nothing of this test can run here
skip_all() {
	echo "1..0 # SKIP $1" >&3
	tap_done=1
	exit 0
}

tap_plan() {
	tap_done=1
	echo "1..$tap_count" >&3
}

# for the trap on EXIT
tap_end() {	# STATUS
	if [ ! "$tap_done" ]; then
		fail "$(basename "$0") ran to its end (it stopped with status $1)"
		diag "$(tail -n 20 "$TEST_DIR/stderr")"
		tap_plan
	fi
	[ "$tap_failed" = 0 ]
}
