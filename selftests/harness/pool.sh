# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests of pools share; to be read after guest.sh. All work on the first
# NVDIMM of guest NAME and its device dax0.0.

: "${harness:?read guest.sh first}"

# The superblock pages and whatever the probe for emptiness looks at.
POOL_PROBE_PAGES=512

# pool_look NAME: learns where the device is; sets pool_start, pool_pages,
# pool_base (its place in the image), and the window: window_start, window_end;
# pool_accounting is what pool_accounts runs, for scripts that run it themselves
pool_look() {
	local words
	words=$(guest "$1" '
		cat /sys/bus/dax/devices/dax0.0/resource
		cat /sys/bus/dax/devices/dax0.0/size
		cat /sys/bus/nd/devices/region0/resource
		cat /sys/devices/system/memory/block_size_bytes')
	# shellcheck disable=SC2086
	set -- $words
	pool_start=$(($1))
	pool_pages=$(($2 / 4096))
	pool_base=$(($1 - $3))
	pool_block=$((16#$4))
	window_start=$(((pool_start + pool_block - 1) / pool_block * pool_block))
	window_end=$(((pool_start + pool_pages * 4096) / pool_block * pool_block))
	window_first=$(((window_start - pool_start) / 4096))
	pool_accounting="parked $window_start $window_end 1"
}

# pool_saved NAME: pages of the saved used map that the state line names
pool_saved() {
	od -An -tu4 -j $((pool_base + 2048 + 40)) -N 4 "$(guest_image "$1")" | tr -d ' '
}

# pool_fill NAME: every page but those at the ends holds its own index
pool_fill() {
	"$harness/pattern" fill "$(guest_image "$1")" "$pool_base" \
		"$POOL_PROBE_PAGES" $((pool_pages - 2 * POOL_PROBE_PAGES))
}

# pool_parked NAME: how many pages of the window are parked, as the kernel says
pool_parked() {
	guest "$1" "parked $window_start $window_end" | sed -n 's/^total //p'
}

# pool_runs NAME: the parked pages as runs of indices of the device, "first
# count", but for the end that the pattern leaves out
pool_runs() {
	guest "$1" "parked $window_start $window_end" |
		awk -v first="$window_first" -v end=$((pool_pages - POOL_PROBE_PAGES)) '
			$1 == "total" { next }
			{ a = $1 + first; b = a + $2; if (b > end) b = end
			  if (b > a) print a, b - a }'
}

# pool_verify NAME: the parked pages hold what they held; the copy of the
# superblock is not of the pattern
pool_verify() {
	pool_runs "$1" | "$harness/pattern" verify "$(guest_image "$1")" "$pool_base"
}

# pool_held NAME: of the parked pages, the runs that hold the pattern: not
# those with metadata, nor those that the allocator had before
pool_held() {
	pool_runs "$1" | "$harness/pattern" held "$(guest_image "$1")" "$pool_base"
}

# pool_count RUNS: how many pages these are
pool_count() {
	awk '{ n += $2 } END { print n + 0 }' <<<"$1"
}

# pool_intact NAME RUNS: those pages still hold the pattern
pool_intact() {
	"$harness/pattern" verify "$(guest_image "$1")" "$pool_base" <<<"$2"
}

# pool_accounts NAME: "ok", or what is wrong with the node's numbers: managed
# and MemTotal must be what is online less what is parked, page by page
pool_accounts() {
	guest "$1" "$pool_accounting"
}

# pool_get NAME FILE: value of a file in persist/
pool_get() {
	guest "$1" "cat /sys/bus/dax/devices/dax0.0/persist/$2"
}

# pool_guaranteed FORMAT BYTES: what a data_min of BYTES makes a pool withhold
# in all: the reserve for so much comes on top
pool_guaranteed() {
	local pages=$(($2 / 4096))
	case $1 in
	none) echo $(((pages + 1024) * 4096)) ;;
	bitmap) echo $(((pages + 1024 + 2048 + (pages * 8 + 4095) / 4096) * 4096)) ;;
	log) echo $(((pages + 1024 + 512 + (pages * 48 + 4095) / 4096) * 4096)) ;;
	extent) echo $(((pages + 1024 + 2048 + (pages * 52 + 4095) / 4096) * 4096)) ;;
	esac
}

# pool_bad NAME COUNT: how many bad pages are known, once COUNT of them are
pool_bad() {
	guest "$1" "
		for i in \$(seq 100); do
			grep -qx $2 /sys/bus/dax/devices/dax0.0/persist/bad_pages && break
			sleep 0.1
		done
		cat /sys/bus/dax/devices/dax0.0/persist/bad_pages"
}

# pool_hoard NAME: others take all memory that node 1 has left, and keep it;
# prints how many pages
pool_hoard() {
	# shellcheck disable=SC2016 # for the guest
	guest -t 120 "$1" '
		rm -f /tmp/hoard.*
		mkfifo /tmp/hoard.pages
		exec 8<>/tmp/hoard.pages
		(status=0
		hoard 1 >&8 2>/tmp/hoard.out || status=$?
		echo $status >/tmp/hoard.rc
		# it may have ended before it had any
		echo 0 >&8) &
		read -r pages <&8
		echo $pages'
}

# pool_hoard_end NAME: they find their pages as they left them, and go
pool_hoard_end() {
	# shellcheck disable=SC2016 # for the guest
	guest -t 120 "$1" '
		pkill -TERM -x hoard
		until [ -s /tmp/hoard.rc ]; do sleep 0.05; done
		cat /tmp/hoard.out
		grep -qx 0 /tmp/hoard.rc'
}
