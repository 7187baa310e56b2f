#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The manual: every verb and every option has its place, nothing that is not
# there is told of, and roff has nothing to say.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

kmemp=$top/build/tools/kmemp
man=$top/Documentation/man

options() {	# of a text: the long options it defines, sorted
	grep -oE '^ *(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

page() {	# FILE: as plain text
	MANWIDTH=100 MANROFFOPT=-c man -l -E ascii "$1" | col -bx
}

for verb in $("$kmemp" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	ok "kmemp-$verb.1 is there" test -f "$man/kmemp-$verb.1"
	text=$(page "$man/kmemp-$verb.1")
	is "$verb: the options of --help are those of the page" \
		"$(options <<<"$text")" "$("$kmemp" "$verb" --help | options)"
	for section in EXAMPLES 'EXIT STATUS'; do
		like "$verb: has $section" "$text" "^$section\$"
	done
	like "kmemp(1) tells of $verb" "$(cat "$man/kmemp.1")" "^\.BR kmemp\\\\-$verb \(1\)"
done

for f in "$man"/*.[0-9]; do
	name=${f##*/}
	is "$name: roff has no warning" "$(man --warnings -E ascii -l "$f" 2>&1 >/dev/null)" ''
	# a page refers to pages of ours that exist
	grep -oE '\.BR kmem(p|\\-persist)[a-z\\-]* \([0-9]\)' "$f" | sort -u |
		sed 's/^\.BR \(.*\) (\(.\))$/\1.\2/; s/\\-/-/g' >"$tmp/refs"
	while read -r ref; do
		ok "$name: $ref exists" test -f "$man/$ref"
	done <"$tmp/refs"
done

# What the driver shows is what the page lists
page "$man/kmem-persist.7" >"$tmp/text"
while read -r file; do
	ok "kmem-persist.7 tells of persist/$file" grep -qw "$file" "$tmp/text"
done < <(sed -n 's/^\t&dev_attr_\([a-z_]*\)\.attr,/\1/p' "$top/drivers/pool/sysfs.c")
while read -r parameter; do
	ok "kmem-persist.7 tells of parameter $parameter" grep -qw "$parameter" "$tmp/text"
done < <(sed -n 's/^module_param_cb(\([a-z_]*\),.*/\1/p' "$top"/drivers/kmem/*.c)

done_testing
