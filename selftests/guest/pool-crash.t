#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest is killed at a random moment while a pool is formatted at bind,
# comes online, has its limits changed and bad pages recorded, goes offline or is
# unbound. The next boot finds it sound and as it was before or after the step
# that was cut; or no pool, where format had not come to its end.
#
# What the guest has been told is done stands on the host, by the oracle's port.
# SEED=... repeats the delays of a run; the moments still differ.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

persist=/sys/bus/dax/devices/dax0.0/persist
oracle=/dev/virtio-ports/oracle
system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
: "${SEED:=$RANDOM}"
RANDOM=$SEED
diag "SEED=$SEED"

# what must be there, as far as the guest was told
uuid=
min=16777216
bad=0

boot() {
	guest_boot g --nvdimm 384M@1
	guest_allow_log g 'Memory failure: '
	guest g devdax >/dev/null
}

# crash MILLISECONDS JOB: kill the guest within that time after the job said go
crash() {
	local tries=0
	guest_async g job "$2"
	until grep -q go "$(guest_oracle g)"; do
		if [ $((tries += 1)) -gt 2000 ]; then
			diag "$(guest_await -t 1 g job 2>&1)"
			return 1
		fi
		sleep 0.005
	done
	sleep "$(printf '0.%03d' $((RANDOM % $1)))"
	guest_kill g
}

# told WORD: the last value that the guest has seen done
told() {
	sed -n "s/^$1 //p" "$(guest_oracle g)" | tail -n 1
}

# A device without a pool, but not of zeros where format does not look
wipe() {
	"$harness/pattern" fill "$(guest_image g)" "$pool_base" \
		"$POOL_PROBE_PAGES" $((pool_pages - 2 * POOL_PROBE_PAGES))
	local at
	for at in 0 $((pool_pages - POOL_PROBE_PAGES)); do
		dd if=/dev/zero of="$(guest_image g)" bs=4096 conv=notrunc status=none \
			count=$POOL_PROBE_PAGES oflag=seek_bytes \
			seek=$((pool_base + at * 4096))
	done
}

# sound WHAT: the tool finds nothing that the next bind does not mend
sound() {
	local report status=0
	report=$(guest g 'kmemp check dax0.0') || status=$?
	case $status in
	0) ;;
	4) status=$(sed -n 's/.*"severity": *"\([a-z]*\)".*/\1/p' <<<"$report" | sort -u | paste -sd ' ')
	   [ "$status" != mendable ] || status=0 ;;
	esac
	is "$1: the medium is sound" "$status" 0
	[ "$status" = 0 ] || diag "$report"
}

# there WHAT: the pool is as it was told, or one step further
there() {
	local values
	sound "$1"
	ok "$1: binds" guest g "modprobe kmem; $system_ram"
	mapfile -t values < <(guest g "cd $persist; cat uuid data_min bad_pages; $pool_accounting")
	is "$1: is the same pool" "${values[0]-}" "$uuid"
	like "$1: data_min is the old or the new value" " $min $next_min " " ${values[1]-none} "
	min=${values[1]-}
	like "$1: each bad page that was recorded is there, or one more" \
		" $bad $next_bad " " ${values[2]-none} "
	bad=${values[2]-}
	is "$1: accounts" "${values[3]-}" ok
}

# limits NTH: moves the limit, and now and then a page turns bad; none does twice
limits() {
	cat <<JOB
cd $persist
echo go >$oracle
bad=$bad
for i in \$(seq 200); do
	new=\$(((16 + (i * 37 + $RANDOM) % 200) << 20))
	echo next_min \$new >$oracle
	echo \$new >data_min
	echo min \$new >$oracle
	[ \$((i % 4)) = 0 ] || continue
	echo next_bad \$((bad + 1)) >$oracle
	printf '%#x\n' \$(($window_start + ($1 * 50 + i / 4) * 4096)) \
		>/sys/devices/system/memory/hard_offline_page || true
	until [ \$(dmesg | grep -c 'is bad and out of use') = \$((i / 4)) ]; do
		sleep 0.01
	done
	bad=\$((bad + 1))
	echo bad \$bad >$oracle
done
JOB
}

kinds=()
for i in $(seq "$N"); do
	kinds+=(format limits online format limits offline limits unbind format limits)
done

ok "boots" boot
pool_look g
pool_fill g
for i in "${!kinds[@]}"; do
	kind=${kinds[i]}
	what="$((i + 1)) $kind"
	case $kind in
	format)
		[ ! "$uuid" ] ||
			guest -t 120 g 'daxctl reconfigure-device -f --mode=devdax dax0.0' >/dev/null
		wipe
		crash 250 "modprobe kmem persist_format_type=bitmap
			echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
			echo go >$oracle
			echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id
			echo uuid \$(cat $persist/uuid) >$oracle"
		uuid=$(told uuid)
		min=16777216
		bad=0 ;;
	limits)
		crash 999 "$(limits "$i")" ;;
	online)
		crash 600 "daxctl offline-memory dax0.0
			echo go >$oracle
			daxctl online-memory dax0.0" ;;
	offline)
		crash 300 "echo go >$oracle; daxctl offline-memory dax0.0" ;;
	unbind)
		crash 600 "echo go >$oracle
			daxctl reconfigure-device -f --mode=devdax dax0.0" ;;
	esac
	min=$(told min | grep . || echo "$min")
	bad=$(told bad | grep . || echo "$bad")
	next_min=$(told next_min)
	next_bad=$(told next_bad)
	diag "$what: told of: $(sort "$(guest_oracle g)" | cut -d ' ' -f 1 | uniq -c | paste -sd ' ')"
	boot
	if [ "$kind" = format ]; then
		# the one and only pool that it can be
		found=$(guest g 'kmemp info dax0.0' |
			sed -n 's/.*"uuid": *"\(.*\)".*/\1/p')
		if [ "$uuid" ]; then
			is "$what: a finished pool is there" "$found" "$uuid"
		elif [ ! "$found" ]; then
			like "$what: no pool, and nothing else" \
				"$(guest g 'kmemp check dax0.0 || true')" '"verdict": *"no pool"'
			wipe
			guest g "modprobe kmem persist_format_type=bitmap; $system_ram" >/dev/null
			uuid=$(pool_get g uuid)
			continue
		fi
		uuid=$found
	fi
	there "$what"
done
guest_poweroff g
done_testing
