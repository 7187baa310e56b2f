#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guard's script, with modinfo, modprobe and the kernel log replaced in a
# mount namespace. That modprobe obeys the rule is the guest's to show.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root for a mount namespace"
unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
[ -e /sbin/modprobe ] || skip_all "no kmod here"

# One program under all names of kmod: notes how it was called
cat >"$tmp/kmod" <<'END'
#!/bin/sh
case ${0##*/} in
modinfo) cat /run/kmemp-test/tag ;;
*) echo "${0##*/} $*" >>/run/kmemp-test/calls; exit "$(cat /run/kmemp-test/status)" ;;
esac
END
chmod +x "$tmp/kmod"

# guard TAG STATUS ARGUMENT...: runs it where modinfo prints TAG and modprobe
# ends with STATUS; status, out, err, calls and log tell
guard() {
	mkdir -p "$tmp/state"
	printf '%s' "$1" >"$tmp/state/tag"
	echo "$2" >"$tmp/state/status"
	: >"$tmp/state/calls"
	: >"$tmp/log"
	# shellcheck disable=SC2016 # the inner shell's variables
	run unshare -m sh -c '
		set -e
		tmp=$1 script=$2
		shift 2
		mkdir -p /run/kmemp-test
		mount --bind "$tmp/state" /run/kmemp-test
		mount --bind "$tmp/kmod" "$(readlink -f /sbin/modprobe)"
		mount --bind "$tmp/log" /dev/kmsg
		exec "$script" "$@"
	' sh "$tmp" "$top/tools/guard/load-kmem" "${@:3}"
	calls=$(cat "$tmp/state/calls")
	log=$(cat "$tmp/log")
}

guard 1 0
is "our kmem: succeeds" "$status" 0
is "by modprobe, which does not ask us again" "$calls" "modprobe --ignore-install kmem"
is "says nothing" "$out$err$log" ''
guard 1 0 a=b 'c=d e'
is "our kmem: parameters arrive" "$calls" "modprobe --ignore-install kmem a=b c=d e"
guard 1 3
is "our kmem: modprobe's failure is the script's" "$status" 3

guard '' 0 a=b
is "another kmem: fails" "$status" 1
is "nothing is loaded" "$calls" ''
is "one line in the log" "$(wc -l <<<"$log")" 1
for part in '^<3>kmem-persist: refused to load kmem' "make install KVER=$(uname -r)" \
	'daxctl reconfigure-device --mode=system-ram' 'PURGE=1'; do
	like "the log names it: $part" "$log" "$part"
done
is "the kernel takes it whole" "$([ "${#log}" -lt 900 ] && echo yes)" yes
is "the same on stderr" "<3>$err" "$log"
rmdir /run/kmemp-test 2>/dev/null || true

# The rule that calls it
run cat "$top/tools/guard/00-kmem-persist.conf"
# shellcheck disable=SC2016 # literally so
like "the rule passes parameters" "$out" '^install kmem /lib/kmem-persist/load-kmem \$CMDLINE_OPTS$'
run sh -c 'set +e; grep -nE "(^|[^/])(modprobe|modinfo)( |$)" "$0" | grep -vE "^[0-9]+:#"' "$top/tools/guard/load-kmem"
is "no program is called by name" "$out" ''

done_testing
