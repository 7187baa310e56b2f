#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A format that is built outside the tree, against installed headers alone: in
# user space, with the conformance suite and the crash explorer. As a module:
# selftests/guest/plugin.t.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/../tool/lib.sh"

[ -f "$top/build/plugin/libkmemp-test.a" ] || skip_all "no unit tests are built"
dev=$tmp/root/usr/src/kmem-persist
format=$tmp/snap

ok "make install-headers" env DESTDIR="$tmp/root" "$top/tools/install-headers"
like "symbols of the kernel that the modules are for" "$(ls "$dev")" '^[0-9.]+-.*'
is "and of the core alone" \
	"$(cut -f 3 "$dev"/*/Module.symvers | sed 's/.*\///' | sort -u)" kmemp_core
cp -r "$top/selftests/plugin/snap" "$format"
cd "$format" || exit

export KMEM_PERSIST=$dev
build() {	# TARGET...
	run make V=1 "$@"
}

# what the two programs say becomes diagnostics
passes() {	# DESCRIPTION COMMAND...
	local desc=$1
	shift
	run "$@"
	is "$desc" "$status" 0
	[ "$status" = 0 ] || diag "$out" "$err"
}

build build/conformance build/test_fail build/crash_gates
is "the format and the programs that test it are built" "$status" 0
[ "$status" = 0 ] || diag "$err"
is "without reaching into the source tree" \
	"$(grep -lF "$top/" build/*.d; grep -F "$top/" <<<"$out")" ""
while read -r command; do
	ok "the document's command: $command" sh -c "$command -n"
done < <(sed -n '/^.. commands begin/,/^.. commands end/s/^    //p' \
	"$top/Documentation/plugin-api.rst")
passes "snap: conformance" build/conformance
like "of it" "$out" '^ok [0-9]+ - snap: .*1500 random batches'
passes "snap: each allocation, read and fence fails once" build/test_fail
passes "snap: the gates of the crash explorer" build/crash_gates short
like "all of them" "$out" '^ok [0-9]+ - snap: windows of one operation are exhausted'

# --- the tool

kmemp=$top/build/tools/kmemp
image=$tmp/image
truncate -s 64M "$image"
refused "kmemp does not know it by number" 2 "no format '2147483649'; .*formats" "$image" \
	"$kmemp" format --type 2147483649 "$image"
build tool
export KMEMP_FORMATS=$format/build
ok "kmemp format --type NUMBER, with the format's shared object" \
	"$kmemp" format --type 2147483649 "$image"
like "kmemp info shows it" "$("$kmemp" info "$image")" '"type":"snap"'
ok "kmemp check knows it" "$kmemp" check "$image"
ok "by its name" "$kmemp" format --force --type snap "$image"
unset KMEMP_FORMATS
like "kmemp info shows its number where it does not know it" \
	"$("$kmemp" info "$image")" 2147483649
run "$kmemp" check "$image"
is "which kmemp check cannot check" "$status" 8
like "with its number" "$out$err" 2147483649
echo "no object" >build/bad.so
run env KMEMP_FORMATS="$format/build" "$kmemp" check "$image"
is "an object that cannot be loaded keeps none from another" "$status" 0
like "and is told of" "$err" '^kmemp check: bad.so: no format is loaded from it'

# A test that cannot fail is a defect
sed -i '/kmemp_media_flush(media, pos, bytes)/d' medium.c
build build/crash_gates
run build/crash_gates short
like "a flush that is missing is found" "$out" '^not ok 1 - snap: every state is recovered well'
cp "$top/selftests/plugin/snap/medium.c" .
sed -i 's/bytes += 2 \* SNAP_EXTENT_BYTES/bytes += 0/' main.c
build build/conformance
run build/conformance
nok "a reserve that is too small is found" test "$status" = 0

ok "make uninstall" env DESTDIR="$tmp/root" "$top/tools/uninstall"
nok "takes the headers away" test -e "$dev"

done_testing
