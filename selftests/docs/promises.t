#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documents and tests agree: each promise has its test, and what the documents
# repeat of the source is what stands there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
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

expect() {	# STATUS DESCRIPTION COMMAND...
	local want=$1 desc=$2 status=0
	shift 2
	"$@" >"$tmp/output" 2>&1 || status=$?
	[ "$status" = "$want" ] || sed 's/^/# /' "$tmp/output" >&2
	result $((status != want)) "$desc"
}

tree() {	# a copy to plant faults in
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	cp -r "$top/README.md" "$top/Documentation" "$top/include" "$top/drivers" \
		"$top/plugins" "$top/selftests" "$top/tools" "$tmp/tree/"
}

expect 0 "each promise has its test" "$here/promises" "$top"
tree
sed -i '0,/<!-- P: /s//<!-- P: planted -->&/' "$tmp/tree/README.md"
expect 1 "a promise without a row is found" "$here/promises" "$tmp/tree"
tree
sed -i '0,/<!-- P: /s//<!-- P:/' "$tmp/tree/README.md"
expect 1 "a mark that is not well formed is found" "$here/promises" "$tmp/tree"
tree
sed -i 's/"the pool of before the crash"/"another"/' "$tmp/tree/selftests/guest/pool.t"
expect 1 "an assertion that is gone is found" "$here/promises" "$tmp/tree"
tree
rm "$tmp/tree/selftests/guest/pool.t"
expect 1 "a test that is gone is found" "$here/promises" "$tmp/tree"

expect 0 "what is generated is up to date" "$here/generate" --check
tree
sed -i 's/the device is smaller than the pool/it is too small/' \
	"$tmp/tree/include/kmem_persist/errcode.h"
expect 1 "a changed refusal is found" "$tmp/tree/selftests/docs/generate" --check
tree
sed -i 's/__u8	reserved1\[1836\]/__u8	reserved1[1828]/' "$tmp/tree/include/kmem_persist/format.h"
expect 1 "a changed layout is found" "$tmp/tree/selftests/docs/generate" --check
tree
sed -i 's/__le64	bits\[7\]/__le64	bits[6]/' "$tmp/tree/include/kmem_persist/format_bitmap.h"
expect 1 "a changed layout of bitmap is found" "$tmp/tree/selftests/docs/generate" --check
tree
sed -i 's/__u8	reserved\[168\]/__u8	reserved[160]/' "$tmp/tree/include/kmem_persist/format_extent.h"
expect 1 "a changed layout of extent is found" "$tmp/tree/selftests/docs/generate" --check

expect 0 "each lock of the modules is in the table" "$here/locks" "$top"
tree
echo 'static DEFINE_MUTEX(planted_lock);' >>"$tmp/tree/drivers/pool/idle.c"
expect 1 "a lock that is not in the table is found" "$here/locks" "$tmp/tree"
tree
sed -i 's/spinlock_t open_lock/struct mutex open_lock/' "$tmp/tree/drivers/blk/blk.h"
expect 1 "a lock of another type is found" "$here/locks" "$tmp/tree"
tree
sed -i '/mutex id_lock/d' "$tmp/tree/include/kmem_persist/pool.h"
expect 1 "a row without a lock is found" "$here/locks" "$tmp/tree"

expect 0 "what documents show of files is what stands there" "$here/snippets" "$top"
tree
sed -i 's/\.type = SNAP_TYPE/.type = SNAP_TYPE + 1/' "$tmp/tree/selftests/plugin/snap/main.c"
expect 1 "a changed example is found" "$here/snippets" "$tmp/tree"

# --- names that the admin guide lists, against the source

names() {	# WHAT FROM-SOURCE FROM-GUIDE
	local status=0
	if [ ! "$2" ] || [ "$2" != "$3" ]; then
		diff <(echo "$2") <(echo "$3") | sed 's/^/# /' >&2
		status=1
	fi
	result "$status" "the guide names $1"
}

guide=$top/Documentation/admin-guide.rst
names "each file in persist/, and no other" \
	"$(sed -n 's/^\t&dev_attr_\(.*\)\.attr,$/\1/p' "$top/drivers/pool/sysfs.c" | sort)" \
	"$(sed -n '/^.. sysfs files begin/,/^.. sysfs files end/s/^``\([a-z_]*\)``.*/\1/p' "$guide" | sort)"
names "each module parameter" \
	"$(sed -n 's/^module_param[a-z_]*(\([a-z_]*\),.*/\1/p' "$top"/drivers/kmem/*.c | sort)" \
	"$(sed -n 's/^``\(persist_[a-z_]*\)``$/\1/p' "$guide" | sort)"
names "each file of the driver" \
	"$(sed -n 's/^static DRIVER_ATTR_R[A-Z]*(\([a-z_]*\));/\1/p' "$top"/drivers/kmem/*.c | sort)" \
	"$(sed -n '/^Files of the driver/,/^Tracepoints/s/^``\([a-z_]*\)``$/\1/p' "$guide" | sort)"
names "each file of volumes and of their pools" \
	"$(grep -oE '(DEVICE_ATTR(_[RW]O)?|__ATTR)\([a-z_]+' "$top/drivers/blk/sysfs.c" |
		sed 's/.*(//' | sort)" \
	"$(sed -n '/^.. volume files begin/,/^.. volume files end/s/^``\([a-z_]*\)``.*/\1/p' "$guide" | sort)"
names "each uevent" \
	"$(grep -rhoE --include='*.c' 'KMEMP_STATE=[a-z]+' "$top/drivers" | sort -u)" \
	"$(grep -oE 'KMEMP_STATE=[a-z]+' "$guide" | sort -u)"

# --- the medium, read by who knows the documents only

kmemp=$top/build/tools/kmemp
if [ -x "$kmemp" ]; then
	truncate -s 64M "$tmp/image"
	uuid=11111111-2222-3333-4444-555555555555
	"$kmemp" format --type none --label here --uuid $uuid --data-min 20M "$tmp/image" >/dev/null
	expect 0 "the medium is as format.rst describes it" "$here/reader" "$tmp/image"
	wanted=$(printf '%s\n' "uuid $uuid" "label here" "pool_pages 16384" "data_min 20971520")
	status=0
	[ "$(grep -E '^(uuid|label|pool_pages|data_min) ' "$tmp/output")" = "$wanted" ] || status=1
	result "$status" "and holds what format was told"
	printf x | dd of="$tmp/image" bs=1 seek=300 conv=notrunc status=none
	expect 255 "a byte that is not does not pass" "$here/reader" "$tmp/image"

	rm "$tmp/image"
	truncate -s 200M "$tmp/image"
	"$kmemp" format --type bitmap "$tmp/image" >/dev/null
	expect 0 "an empty pool of bitmap is as it describes" "$here/reader" "$tmp/image"
	printf x | dd of="$tmp/image" bs=1 seek=$((258 * 4096 + 70)) conv=notrunc status=none
	expect 255 "a byte of its page bitmap that is not does not pass" "$here/reader" "$tmp/image"

	rm "$tmp/image"
	truncate -s 200M "$tmp/image"
	"$kmemp" format --type extent "$tmp/image" >/dev/null
	expect 0 "an empty pool of extent is as it describes" "$here/reader" "$tmp/image"

	rm "$tmp/image"
	truncate -s 200M "$tmp/image"
	"$kmemp" format --type log "$tmp/image" >/dev/null
	expect 0 "an empty pool of log is as it describes" "$here/reader" "$tmp/image"
	printf x | dd of="$tmp/image" bs=1 seek=$((4096 + 30)) conv=notrunc status=none
	expect 255 "a byte of its first log page that is not does not pass" "$here/reader" "$tmp/image"
else
	result 1 "the tool is built (run: make)"
fi

echo "1..$count"
exit $failed
