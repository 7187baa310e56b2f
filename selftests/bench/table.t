#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The table of "make bench": medians, ratios of one round, aims, and that it
# fails when a figure was not taken.
# shellcheck source=selftests/tool/lib.sh
. "$(dirname "$0")/../tool/lib.sh"

table=$top/selftests/bench/table
echo 'kernel     a kernel' >"$tmp/machine"

# three rounds, in which the volume is half as fast as brd, then as fast, then
# twice
samples() {
	local row metric device state level
	for row in write4k_lazy write4k_fsync write4k_fua write4k_first read4k write128k read128k; do
		for device in brd pmem btt volume; do
			for metric in fences lines copies copied stores stored reads read \
				allocations spinlocks mutexes semaphores functions; do
				echo "counts,$row,$metric,$device,2.0000"
			done
		done
	done
	for device in null_bio null_mq null_mq_blocking; do
		echo "counts,read4k,functions,$device,80"
		echo "ratios,submit/read4k,mibps,$device,10"
	done
	for state in fresh aged; do
		for row in read4k read128k write4k fsync4k write128k first128k; do
			for device in brd pmem btt; do
				printf "ratios,$state/$row,mibps,$device,%s\n" 100 200 50
			done
			printf "ratios,$state/$row,mibps,volume,%s\n" 50 200 100
		done
	done
	for level in 0 50; do
		for device in stock plain pool; do
			echo "bind,used$level,command_us,$device,500000"
			echo "bind,used$level,probe_us,$device,40000"
		done
		echo "bind,used$level,open_us,pool,12345"
	done
	echo "dram,info,dram_memmap,pool,6553600"
	echo "dram,info,dram_pool,pool,51200"
	echo "dram,info,pool_size,pool,419430400"
	echo "dram,bind,memfree_kib,pool,7000"
	echo "dram,bind,memfree_kib,stock,1000"
}

samples >"$tmp/samples"
run "$table" "$tmp/samples" "$tmp/medians" "$tmp/machine"
is "all samples are there" "$status: $err" "0: "
like "says of which machine" "$out" "kernel     a kernel"
like "a ratio is of one round, then the median, between the extremes" "$out" \
	'4 KiB random read  *1\.00 \(0\.50-2\.00\) met 0\.95'
like "an aim that is missed says so" "$out" \
	'4 KiB random write  *1\.00 \(0\.50-2\.00\)  *1\.00 \(0\.50-2\.00\) met 0\.85  *1\.00 \(0\.50-2\.00\) MISSED 1\.50'
like "a time may be as long as the aim" "$out" \
	'ours, a pool with 50 % of its pages used  *500\.0  *1\.00 \(1\.00-1\.00\) met 1\.10'
like "opening the pool" "$out" 'of it opening the pool  *12\.3'
like "DRAM per page" "$out" 'the pool \(kmemp info\)  *51200  *0\.50'
is "the medians as a table of their own" "$(grep fresh/read4k,mibps,volume "$tmp/medians")" \
	"ratios,fresh/read4k,mibps,volume,100,50,200,3"

grep -v '^counts,read4k,spinlocks,btt' "$tmp/samples" >"$tmp/fewer"
run "$table" "$tmp/fewer" "$tmp/medians" "$tmp/machine"
ok "a figure was not taken" [ "$status" != 0 ]
is "and is named" "$err" "table: not taken: counts,read4k,spinlocks,btt"

echo 'ratios,fresh/read4k,mibps,volume,nan' >>"$tmp/samples"
run "$table" "$tmp/samples" "$tmp/medians" "$tmp/machine"
ok "a sample that is no number" [ "$status" != 0 ]

done_testing
