# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The cache outside the tree: unpacked kernels, the guest's root.  An entry is
# a directory that appears whole or not at all (filled under a temporary name,
# then renamed), so an interrupted or a concurrent run does no harm.  Who wants
# the same entry waits; who wants another does not, since some take long.

KMEMP_CACHE=${KMEMP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kmem-persist}

# cache_key FILE...: short hash over recipes, so that a changed one is made anew
cache_key() {
	cat "$@" | sha256sum | cut -c1-12
}

# cache_fill ENTRY COMMAND...: makes $KMEMP_CACHE/ENTRY by "COMMAND... TMPDIR"
# unless it is there, and prints its path.  COMMAND is a program of its own:
# a function called here would run with "set -e" off.
cache_fill() {
	cache_entry=$KMEMP_CACHE/$1
	shift
	if [ ! -d "$cache_entry" ]; then
		mkdir -p "$KMEMP_CACHE"
		(
			flock 9
			[ -d "$cache_entry" ] && exit 0
			tmp=$(mktemp -d "$KMEMP_CACHE/.tmp.XXXXXX")
			trap 'rm -rf "$tmp"' EXIT
			chmod 755 "$tmp"
			"$@" "$tmp" >&2 9>&- || exit 1
			mv -T "$tmp" "$cache_entry"
		) 9>"$KMEMP_CACHE/.lock.${cache_entry##*/}" || return 1
	fi
	echo "$cache_entry"
}
