#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a lint found clean is not looked at again, and only that; and a warning of
# sparse's about a file of ours fails, one about the kernel's headers does not.
set -eu

lint=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$lint/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export KMEMP_CACHE=$tmp/cache
count=0

is() {	# DESCRIPTION GOT WANTED
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# got %s\n# not %s\n' "$2" "$3" >&2
	fi
}

# a lint that says which files it looks at, and finds fault with the word bad
printf '%s\n' '#!/bin/sh' 'echo "$@" >>looked' '! grep -l bad "$@"' >"$tmp/find"
chmod +x "$tmp/find"
cd "$tmp"
once() {	# KEY: its status, and what was looked at
	local status=0
	: >looked
	printf '%s\n' a b c | "$lint/once" test "$1" 2 ./find >/dev/null || status=$?
	echo "$status $(sort looked | paste -sd ' ')"
}

echo good | tee a b >c
is "files that are new are looked at" "$(once key)" "0 a b c"
is "clean ones not again" "$(once key)" "0 "
is "but for another key" "$(once other)" "0 a b c"
echo bad >c
is "nor is one that has changed taken for clean" "$(once key)" "1 c"
is "or remembered" "$(once key)" "1 c"
echo bad >b
is "a file with a bad one beside it fails, too" "$(once key)" "1 b c"
echo good | tee b >c
is "contents that were clean once are clean" "$(once key)" "0 "

# sparse: one that says what the test wants
printf '%s\n' '#!/bin/sh' 'printf "%s\n" "$SAYS"' 'exit "${STATUS:-0}"' >sparse
chmod +x sparse
cp -r "$lint" "$tmp/"
mkdir -p tree/selftests
mv lint tree/selftests/
sparse() {	# SAYS [STATUS]: "passes" or "fails"; and "marked" if it left its mark
	local said=passes
	rm -rf tree/build
	SAYS=$1 STATUS=${2:-0} PATH=$tmp:$PATH \
		tree/selftests/lint/sparse -Wall "$tmp/tree/plugins/x.c" 2>/dev/null || said=fails
	[ ! -e tree/build/sparse/plugins/x.c ] || said="$said, marked"
	echo "$said"
}

is "sparse finds nothing" "$(sparse '')" "passes, marked"
is "something in the kernel's headers" \
	"$(sparse '/usr/src/linux/x.h:1:1: warning: x')" "passes, marked"
is "something in ours" "$(sparse "$tmp/tree/plugins/x.c:1:1: warning: x")" fails
is "it cannot run" "$(sparse 'no memory' 1)" fails
is "kbuild's lint asks for the marks" \
	"$(grep -c 'build/sparse/' "$top/selftests/lint/kbuild")" 1
echo "1..$count"
