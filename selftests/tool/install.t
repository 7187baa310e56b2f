#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install and uninstall below DESTDIR: what arrives, what goes, and that
# the guard stays.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

[ -f "$top/kmem.ko" ] || skip_all "no modules are built"
kver=$(/sbin/modinfo -F vermagic "$top/kmem.ko")
kver=${kver%% *}
export DESTDIR=$tmp/root
mkdir "$DESTDIR"

files() {
	(cd "$DESTDIR" && find . -type f | sort)
}

guard='./lib/kmem-persist/load-kmem
./lib/modprobe.d/00-kmem-persist.conf
./usr/share/initramfs-tools/hooks/kmem-persist'

ok "install" "$top/tools/install"
installed=$(files)
for ko in "$top"/*.ko; do
	like "${ko##*/} is in updates" "$installed" "^./lib/modules/$kver/updates/${ko##*/}\$"
done
like "the tool" "$installed" '^./usr/sbin/kmemp$'
like "the udev rule" "$installed" '^./lib/udev/rules.d/60-kmemp.rules$'
ok "its program is there and can be run" \
	test -x "$DESTDIR/lib/udev/$(sed -n 's/.*IMPORT{program}="\([^ "]*\).*/\1/p' "$DESTDIR/lib/udev/rules.d/60-kmemp.rules")"
for page in "$top"/Documentation/man/*; do
	like "${page##*/}" "$installed" "^./usr/share/man/man${page##*.}/${page##*/}\$"
done
while read -r file; do
	like "the guard: $file" "$installed" "^$file\$"
done <<<"$guard"
# shellcheck disable=SC2016 # the inner shell's
ok "kmem has the tag that the guard looks for" \
	sh -c 'test "$(/sbin/modinfo -F kmem_persist "$1")"' sh "$DESTDIR/lib/modules/$kver/updates/kmem.ko"
script=$(sed -n 's/^install kmem \([^ ]*\) .*/\1/p' "$DESTDIR/lib/modprobe.d/00-kmem-persist.conf")
ok "the rule's script is there and can be run" test -x "$DESTDIR$script"
like "modprobe reads the rule" \
	"$(/sbin/modprobe -C "$DESTDIR/lib/modprobe.d" -c 2>/dev/null)" "^install kmem $script"
ok "install again" "$top/tools/install"
is "changes nothing" "$(files)" "$installed"

run env KVER=1.2.3-other "$top/tools/install"
is "another kernel's name is refused" "$status" 1
like "with what helps" "$err" "make KVER=1.2.3-other"
is "and nothing is installed" "$(files)" "$installed"

mkdir -p "$DESTDIR/lib/modules/other/updates"
echo "not ours" >"$DESTDIR/lib/modules/other/updates/kmem.ko"
run "$top/tools/uninstall"
is "uninstall" "$status" 0
like "says that the guard stays, and how it goes" "$out" "guard stays"
like "by name" "$out" "make uninstall PURGE=1"
is "all but the guard is gone, and another's kmem is not touched" "$(files)" \
	"$(printf '%s\n' "$guard" ./lib/modules/other/updates/kmem.ko | sort)"
run env PURGE=1 "$top/tools/uninstall"
is "PURGE=1 takes the guard too" "$status $(files)" "0 ./lib/modules/other/updates/kmem.ko"
run env PURGE=1 "$top/tools/uninstall"
is "uninstalling nothing is no error" "$status" 0

# A script that says so where unsigned modules do not load
run "$top/tools/lockdown-note" "$top/kmem.ko"
is "lockdown-note runs" "$status" 0

done_testing
