# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Guests for test scripts, which run on the host and print TAP:
#
#	. "$(dirname "$0")/../harness/guest.sh"
#	guest_boot g
#	is "the node has a device" "$(guest g devdax)" dax0.0
#	guest_kill g			# a crash
#	guest_boot g			# the NVDIMM's content is as it was
#	done_testing
#
# guest_boot NAME [--option value]... [-- QEMU ARGUMENT...]
#	--ram SIZE		node 0, default 1G
#	--nvdimm SIZE@NODE	may be repeated; none: no NVDIMM; default 2G@1.
#				Images live as long as the test, by NAME and position
#	--smp N, --cpu MODEL	default 2, max,-erms
#	--in-turn		its processors run in turn, in one thread of the host's,
#				which costs a third less: where a test does one thing
#				after the other, and nothing in it is about what
#				happens at the same time
#	--append TEXT		more kernel command line (the last word wins)
#	--reboot		a reset reboots, instead of ending the guest
#	--kexec			the guest can reach its kernel, for guest_kexec
#	--touched		its memory and NVDIMMs are there before it boots, so
#				that no access to them waits for the host
#	--lifetime SECONDS	after which it is killed, default 900
#	--cold			really boot; as do --cpu, --append, --touched and QEMU
#				arguments. Others may go on where an equal guest had
#				booted to, see warm.sh
# guest [-t SECONDS] NAME [COMMAND]	runs COMMAND, or a script from stdin, in the
#	guest's bash with -eu -o pipefail and guest/lib.sh; output and exit status
#	come back.  124: timed out (default 60 s), 125: the guest is gone
# guest_async NAME JOB COMMAND; guest_await [-t SECONDS] NAME JOB
# guest_poweroff | guest_kill | guest_wait_gone [-t SECONDS] NAME	end a guest;
#	its kernel log is then judged, as a TAP result
# guest_reset NAME		a warm reset (needs --reboot), DRAM is kept
# guest_reboot NAME [COMMAND]	the guest reboots by COMMAND (needs --reboot)
# guest_kexec_load NAME		loads the guest's own kernel (needs --kexec)
# guest_kexec NAME		the guest goes over to what is loaded
# guest_qmp NAME JSON [EVENT]	prints QEMU's answer
# guest_expect_log NAME REGEX	this boot must log it; guest_allow_log: may
# guest_log NAME, guest_image NAME [N], guest_oracle NAME	print paths: the console,
#	the N-th NVDIMM's image, what the guest wrote to /dev/virtio-ports/oracle
#
# Call all but guest, guest_qmp and those that print from the script's own
# shell, not from a subshell.
#
# On the debug kernel each number of seconds above is multiplied, and a guest has
# more memory than its test says: what the kernel's own checks take.

harness=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$harness/../.." && pwd)
if [ ! -f "$top/build/harness/env" ]; then
	echo "nothing is built; run: make check TESTS=${0#"$top"/}" >&2
	exit 1
fi
# KERNEL_DIR, ROOT_IMAGE, GUEST_TSC
# shellcheck source=/dev/null
. "$top/build/harness/env"

TEST_NAME=$(basename "$0" .t)
TEST_DIR=$top/build/test/$TEST_NAME
rm -rf "$TEST_DIR"
mkdir -p "$TEST_DIR"
: "${N:=1}"

# who reports otherwise (the demo) has defined tap_result, diag, fail and tap_end
if ! declare -F tap_result >/dev/null; then
	# shellcheck source=selftests/harness/tap.sh
	. "$harness/tap.sh"
fi

# shellcheck source=selftests/harness/warm.sh
. "$harness/warm.sh"

# Images and sockets: in memory, where they cost no disk writes, and with a
# path short enough for a socket
guest_dir=$(mktemp -d "${KMEMP_TMP:-/dev/shm}/kmemp.XXXXXX")

declare -A guest_pid=()		# of "timeout qemu", while the guest lives
declare -A guest_boots=()	# how often it was booted
declare -A guest_expected=()	# for logscan
declare -A guest_allowed=()

# Guests that have to wait for a busy host need more patience than a watchdog's
# 20 s.
# The debug kernel: slower by this factor, which holds for its own watchdogs too;
# and each page that is mapped needs an eighth of a page for KASAN
guest_pace=1
guest_append='watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=60'
guest_debug=
guest_kernel=vmlinux
if [ -e "$KERNEL_DIR/debug" ]; then
	guest_debug=1
	guest_pace=8
	# KASAN is not set up yet where a vmlinux is entered (PVH): it would crash
	guest_kernel=vmlinuz
	# vm_debug: the kernel fills the descriptors of pages that went offline,
	# and if any page is bad looks at their flags when they are removed
	# (clear_hwpoisoned_pages()), which is a BUG then, also with its own kmem
	guest_append='watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 kasan_multi_shot vm_debug=-'
fi

guest_file() {	# NAME SUFFIX: a file of this boot
	echo "$TEST_DIR/$1.${guest_boots[$1]:-0}.$2"
}

guest_log() {
	guest_file "$1" console
}

guest_oracle() {
	guest_file "$1" oracle
}

guest_image() {
	echo "$guest_dir/$1.nvdimm${2:-1}"
}

# QEMU's smallest label area
guest_label_kib=128

guest_mib() {	# SIZE: 512M, 2G -> MiB
	case $1 in
	*G) echo $((${1%G} * 1024)) ;;
	*M) echo "${1%M}" ;;
	*) echo "guest_boot: $1 is no size like 512M or 2G" >&2; return 1 ;;
	esac
}

# prints the arguments for memory, nodes and NVDIMMs, one a line
guest_topology() {	# NAME RAM TOUCHED NVDIMM...
	local name=$1 ram=$2 touched=$3 nr=0 node=0 nodes=0 total spec size size_mib extra align
	shift 3
	local reserve=,reserve=off prealloc=
	[ ! "$touched" ] || reserve='' prealloc=,prealloc=on
	total=$(guest_mib "$ram")
	for spec in "$@"; do
		node=${spec#*@}
		[ "$node" -le "$nodes" ] || nodes=$node
		total=$((total + $(guest_mib "${spec%@*}")))
	done
	if [ "$guest_debug" ]; then
		size_mib=$(guest_mib "$ram")
		# a pool's window is mapped twice there
		extra=$((size_mib / 8 + (total - size_mib) / 4 + 256))
		ram=$((size_mib + extra))M
		total=$((total + extra))
	fi
	# room for hot-added NVDIMMs too
	printf '%s\n' -m "$ram,slots=8,maxmem=$((total + 8192))M" \
		-object "memory-backend-ram,id=ram,size=$ram$reserve$prealloc" \
		-numa node,nodeid=0,memdev=ram
	for node in $(seq "$nodes"); do
		printf '%s\n' -numa "node,nodeid=$node"
	done
	for spec in "$@"; do
		nr=$((nr + 1))
		size_mib=$(guest_mib "${spec%@*}")
		# the labels lie behind the memory, which keeps its round size;
		# aligned, so that the next one does not begin just behind them
		align=128M
		[ $((size_mib % 128)) = 0 ] || align=2M
		size=$((size_mib * 1024 + guest_label_kib))K
		[ -e "$(guest_image "$name" "$nr")" ] ||
			truncate -s "$size" "$(guest_image "$name" "$nr")"
		printf '%s\n' \
			-object "memory-backend-file,id=m$nr,share=on,mem-path=$(guest_image "$name" "$nr"),size=$size,align=$align$prealloc" \
			-device "nvdimm,id=nv$nr,memdev=m$nr,node=${spec#*@},label-size=${guest_label_kib}K"
	done
}

guest_boot() {
	local name=$1 ram=1G smp=2 cpu=max,-erms accel=tcg append='' reboot='' kexec='' touched='' lifetime=900
	local nvdimms=() extra=() special=''
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--cold) special=1 ;;
		--ram) ram=$2; shift ;;
		--nvdimm) nvdimms+=("$2"); shift ;;
		--smp) smp=$2; shift ;;
		--cpu) cpu=$2; special=1; shift ;;
		--in-turn) accel=tcg,thread=single ;;
		--append) append=$2; special=1; shift ;;
		--lifetime) lifetime=$2; shift ;;
		--reboot) reboot=1 ;;
		--kexec) kexec=1 ;;
		--touched) touched=1; special=1 ;;
		--) shift; extra=("$@"); special=1; break ;;
		*) echo "guest_boot: unknown option $1" >&2; return 2 ;;
		esac
		shift
	done
	case ${nvdimms[*]-} in
	'') nvdimms=(2G@1) ;;
	none) nvdimms=() ;;
	esac
	if [ "${guest_pid[$name]-}" ]; then
		echo "guest_boot: $name is running" >&2
		return 2
	fi
	guest_boots[$name]=$((${guest_boots[$name]:-0} + 1))
	guest_expected[$name]=
	guest_allowed[$name]=

	local topology
	topology=$(guest_topology "$name" "$ram" "$touched" ${nvdimms[@]+"${nvdimms[@]}"}) || return
	mapfile -t topology <<<"$topology"
	[ "$reboot" ] || extra+=(-no-reboot)
	[ ! "$kexec" ] || extra+=(-virtfs
		"local,path=$KERNEL_DIR,mount_tag=kernel,security_model=none,readonly=on")
	local drive
	for drive in "$ROOT_IMAGE" "$KERNEL_DIR/modules.sqfs" "$top/build/harness/payload.sqfs"; do
		extra+=(-drive "file=$drive,format=raw,if=virtio,readonly=on,file.locking=off")
	done

	rm -f "$guest_dir/$name.agent" "$guest_dir/$name.qmp"
	# norandmaps: QEMU translates code anew for each address at which a process
	# maps it, and keeps that until the page which holds the code is written
	# to; each store to such a page then looks at all of it. After some hundred
	# programs, clearing one page of the C library took minutes: in a bind
	# after kexec, which clears memory for page descriptors, or in reclaim
	# GUEST_TSC: see tsc.c
	# lpj, cryptomgr.notests: a quarter of the boot went into measuring how
	# fast the processors are, and into the kernel's tests of its ciphers
	# -erms: with it, kernels copy and clear byte by byte (rep movsb), which
	# QEMU does one by one: half the speed of words
	local arguments=(-machine "q35,nvdimm=on" -accel "$accel" -cpu "$cpu" -smp "$smp"
		-nodefaults -display none -vga none -no-user-config
		-kernel "$KERNEL_DIR/$guest_kernel" -initrd "$KERNEL_DIR/initrd"
		-append "console=ttyS0 panic=-1 oops=panic loglevel=5 rdinit=/init memhp_default_state=offline norandmaps $GUEST_TSC lpj=9999360 cryptomgr.notests $guest_append $append"
		"${topology[@]}"
		-serial "file:$(guest_log "$name")"
		-device virtio-serial-pci
		-chardev "socket,id=agent,path=$guest_dir/$name.agent,server=on,wait=off"
		-device "virtserialport,id=agent,chardev=agent,nr=1"
		-chardev "file,id=oracle,path=$(guest_oracle "$name")"
		-device "virtserialport,chardev=oracle,nr=2"
		-qmp "unix:$guest_dir/$name.qmp,server=on,wait=off"
		-pidfile "$guest_dir/$name.pid"
		"${extra[@]}")
	local saved='' warm=''
	if [ ! "$special" ]; then
		saved=$(warm_file "$name" "${arguments[@]}")
		[ ! -e "$saved" ] || warm=1
	fi
	[ ! "$warm" ] || arguments+=(-incoming defer)
	timeout -k 5 "$((lifetime * guest_pace))" qemu-system-x86_64 "${arguments[@]}" \
		>"$(guest_file "$name" qemu)" 2>&1 </dev/null 3>&- 4>&- &
	guest_pid[$name]=$!
	disown

	local status=0
	{ [ ! "$warm" ] || warm_continue "$name" "$saved"; } &&
	guest_ready "$name" &&
	if [ "$warm" ]; then
		warm_renew "$name"
	elif [ "$saved" ]; then
		warm_save "$name" "$saved"
	fi || status=1
	if [ "$status" != 0 ]; then
		diag "$name did not boot; the end of what it said:"
		diag "$(tail -n 15 "$(guest_file "$name" qemu)" "$(guest_log "$name")" 2>&1)"
	fi
	return $status
}

# The agent's port accepts from the start; its answer is the end of the boot
guest_ready() {
	local tries=0
	until [ -S "$guest_dir/$1.agent" ] && [ -s "$guest_dir/$1.pid" ]; do
		kill -0 "${guest_pid[$1]}" 2>/dev/null && [ $((tries += 1)) -lt 500 ] || return 1
		sleep 0.02
	done
	# A guest that has been reset on a busy host was seen to answer only when
	# it was asked anew: so ask again, and say that it was needed
	for tries in $(seq 8); do
		! guest -t 30 "$1" true || return 0
		kill -0 "${guest_pid[$1]}" 2>/dev/null || return 1
		diag "$1 did not answer within $((30 * guest_pace + 15)) s, try $tries"
	done
	return 1
}

guest() {
	local seconds=60
	if [ "$1" = -t ]; then
		seconds=$2
		shift 2
	fi
	local name=$1
	seconds=$((seconds * guest_pace))
	shift
	if [ $# -gt 0 ]; then
		"$top/build/harness/guestctl" run "$guest_dir/$name.agent" "$seconds" <<<"$*"
	else
		"$top/build/harness/guestctl" run "$guest_dir/$name.agent" "$seconds"
	fi
}

guest_async() {	# NAME JOB COMMAND
	local job=/run/job/$2
	guest "$1" <<-SCRIPT
	rm -f $job.*
	cat >$job.sh <<'END OF THE JOB'
	$3
	END OF THE JOB
	{ status=0; bash $job.sh || status=\$?; echo \$status >$job.new; mv $job.new $job.status; } \
		>$job.out 2>&1 </dev/null &
	SCRIPT
}

guest_await() {	# [-t SECONDS] NAME JOB: its output and status
	local seconds=60
	if [ "$1" = -t ]; then
		seconds=$2
		shift 2
	fi
	guest -t "$seconds" "$1" <<-SCRIPT
	until [ -e /run/job/$2.status ]; do sleep 0.1; done
	cat /run/job/$2.out
	exit \$(cat /run/job/$2.status)
	SCRIPT
}

guest_qmp() {	# NAME JSON [EVENT]
	"$top/build/harness/guestctl" qmp "$guest_dir/$1.qmp" "${@:2}"
}

guest_expect_log() {
	guest_expected[$1]+="$2"$'\n'
}

guest_allow_log() {
	guest_allowed[$1]+="$2"$'\n'
}

# After QEMU is gone: judge the kernel's log
guest_ended() {
	local name=$1 args=() regex logs status=0
	unset "guest_pid[$name]"
	rm -f "$guest_dir/$name.pid"
	while read -r regex; do
		[ ! "$regex" ] || args+=(-e "$regex")
	done <<<"${guest_expected[$name]}"
	while read -r regex; do
		[ ! "$regex" ] || args+=(-a "$regex")
	done <<<"${guest_allowed[$name]}"
	logs=("$(guest_log "$name")")
	[ ! -f "$(guest_file "$name" dmesg)" ] || logs+=("$(guest_file "$name" dmesg)")
	"$harness/logscan" ${args[@]+"${args[@]}"} "${logs[@]}" >"$TEST_DIR/trouble" || status=$?
	tap_result "$status" "$name: the kernel log of boot ${guest_boots[$name]} is as it should be"
	if [ "$status" != 0 ]; then
		diag "$(head -n 20 "$TEST_DIR/trouble")"
		diag "whole log: ${logs[*]}"
	fi
}

guest_wait_gone() {
	local seconds=60
	if [ "$1" = -t ]; then
		seconds=$2
		shift 2
	fi
	local name=$1 tries=0
	while kill -0 "${guest_pid[$name]}" 2>/dev/null; do
		if [ $((tries += 1)) -gt $((seconds * guest_pace * 50)) ]; then
			diag "$name is still there after $seconds s"
			return 1
		fi
		sleep 0.02
	done
	guest_ended "$name"
}

guest_dmesg() {
	guest -t 20 "$1" dmesg >"$(guest_file "$1" dmesg)"
}

guest_poweroff() {
	guest_dmesg "$1" || true
	# the guest goes while we listen; that it went is what counts
	guest -t 30 "$1" 'sync; busybox poweroff -f' 2>/dev/null || true
	guest_wait_gone "$1"
}

guest_kill() {
	kill -9 "$(cat "$guest_dir/$1.pid")"
	guest_wait_gone "$1"
}

guest_reset() {
	guest_qmp "$1" '{"execute":"system_reset"}' RESET
	guest_ready "$1"
}

# The guest goes on in another boot, which COMMAND leads to and EVENT tells of
guest_leap() {	# NAME EVENT COMMAND
	local answer=$guest_dir/$1.answer waiter trigger status=0
	rm -f "$answer"
	guest_qmp "$1" '{"execute":"query-status"}' "$2" >"$answer" 3>&- 4>&- &
	waiter=$!
	until [ -s "$answer" ]; do
		kill -0 "$waiter" 2>/dev/null || return 1
		sleep 0.02
	done
	# the guest may be gone before it could answer; no function, so that
	# what is killed below is the client itself, which holds the channel
	"$top/build/harness/guestctl" run "$guest_dir/$1.agent" $((60 * guest_pace)) \
		<<<"$3" 3>&- 4>&- &
	trigger=$!
	wait "$waiter" || status=$?
	kill "$trigger" 2>/dev/null || true
	wait "$trigger" || true
	[ "$status" = 0 ] && guest_ready "$1"
}

guest_reboot() {	# NAME [COMMAND]
	guest_leap "$1" RESET "${2:-busybox reboot -f}"
}

guest_kexec_load() {	# NAME
	guest "$1" '
		modprobe -a 9p 9pnet_virtio
		mkdir -p /run/kernel
		mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576 kernel /run/kernel
		kexec -s -l /run/kernel/vmlinuz --initrd=/run/kernel/initrd \
			--command-line="$(cat /proc/cmdline)"
		umount /run/kernel'
}

# QEMU does not notice; but the next kernel's driver resets the agent's port
guest_kexec() {	# NAME
	guest_leap "$1" VSERPORT_CHANGE 'kexec -e'
}

guest_explain() {
	local name
	for name in "${!guest_pid[@]}"; do
		guest_dmesg "$name" 2>/dev/null || continue
		diag "the end of $name's kernel log:"
		diag "$(tail -n 20 "$(guest_file "$name" dmesg)")"
	done
}
tap_on_failure=guest_explain

# The end of a test script: guests that still run are powered off and judged
done_testing() {
	local name
	for name in "${!guest_pid[@]}"; do
		guest_poweroff "$name" || fail "$name powers off"
	done
	tap_plan
}

guest_cleanup() {
	local status=$? pid name
	set +e
	trap '' INT TERM
	tap_end "$status"
	status=$?
	for name in "${!guest_pid[@]}"; do
		pid=$(cat "$guest_dir/$name.pid" 2>/dev/null) && kill -9 "$pid" 2>/dev/null
		kill -9 "${guest_pid[$name]}" 2>/dev/null
	done
	rm -rf "$guest_dir"
	[ "$status" != 0 ] || rm -f "$TEST_DIR/output" "$TEST_DIR/trouble"
	exit "$status"
}
trap guest_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
