#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Without a superblock our kmem is the stock kmem: two guests of one topology,
# one with each module, go through stock-equality.guest, and what they print
# must not differ in a single line.

# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

# Own node; two on one node; one that will be too small; 512 MiB of DRAM set
# aside for the device that gets several ranges. Only without kaslr does the
# kernel lie at the same addresses in both guests.
boot() {	# NAME
	guest_boot "$1" --in-turn --ram 1280M --nvdimm 640M@1 --nvdimm 384M@2 --nvdimm 384M@2 \
		--nvdimm 128M@3 --append "nokaslr memory_hotplug.memmap_on_memory=1 \
memmap=512M%640M-1+0xefffffff"
}

run() {	# NAME: stock or ours
	guest -t 400 "$1" >"$TEST_DIR/$1.transcript" 2>"$TEST_DIR/$1.stderr" <<-SCRIPT
	use_$1
	load_nvdimm
	modprobe dax_hmem
	for namespace in \$(cat /sys/bus/nd/devices/region*/namespace_seed); do
		ndctl create-namespace -f -m devdax -M mem -e "\$namespace" >/dev/null
	done
	perl /kmemp/tests/stock-equality.guest
	SCRIPT
}

# what one case showed, without the commands that led to it
shown() {	# NAME CASE
	awk -v start="# case $2" '/^# case/ { on = $0 == start; next }
		on && !/^[$]/' "$TEST_DIR/$1.transcript"
}

boot stock
boot ours
run stock &
stock_job=$!
status=0
run ours || status=$?
is "the module of this tree goes through all cases" "$status" 0
status=0
wait "$stock_job" || status=$?
is "so does the stock module" "$status" 0
grep -q '^# case end' "$TEST_DIR"/ours.transcript || diag "$(tail -n 3 "$TEST_DIR"/*.stderr)"

# Each guest had the module it was meant to have
is "one of them is the stock module" \
	"$(guest stock 'modinfo -F kmem_persist kmem')" ''
is "the other is ours" "$(guest ours 'modinfo -F kmem_persist kmem')" 1

# The cases did what they are for; transcripts of nothing would be equal too
all=$TEST_DIR/stock.transcript
reached() {	# DESCRIPTION REGEX
	ok "reached: $1" grep -qE -- "$2" "$all"
}
reached "memory online in the movable zone" '^\+blocks: .* online, node., zones Movable'
reached "memory online in the kernel's zone" '^\+blocks: .* online, node., zones Normal'
reached "a device too small" '^log: .*rejecting DAX region without any memory after'
reached "a device of two ranges, both used" '^\+iomem: +3[08].*System RAM \(kmem\)'
reached "one of two ranges too small" '^log: kmem dax-soft.*mapping0: .* too small'
reached "a range that cannot be reserved" '^log: .*could not reserve region'
reached "memory that cannot be removed" '^log: .*cannot be hotremoved until'
reached "the end" '^# case end'

if difference=$(diff -u --label stock --label ours "$all" "$TEST_DIR/ours.transcript"); then
	pass "stock and ours look the same after every step"
else
	fail "stock and ours look the same after every step"
	diag "$(head -n 200 <<<"$difference")"
fi

# A difference would be seen: the same device in the other zone is one
difference=$(diff <(shown stock "own node, movable zone") \
	<(shown ours "own node, kernel zone")) || true
like "another choice of zone shows in the blocks" "$difference" '^[<>] .blocks: .*zones'
like "and in the zones" "$difference" '^[<>] .zone: .*managed'

done_testing
