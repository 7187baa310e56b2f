#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The include lint finds what is planted, one fault at a time, and nothing in
# a tree without faults.
set -eu

lint=$(cd "$(dirname "$0")" && pwd)/includes
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0

tree() {
	rm -rf "${tmp:?}"/*
	mkdir -p "$tmp"/{drivers/{pool,kmem,blk,compat},plugins/{core,log,none},include/kmem_persist,tools/shim/include/linux}
	touch "$tmp/tools/shim/include/linux/"{types,slab}.h
	touch "$tmp/include/kmem_persist/"{format,plugin}.h "$tmp/plugins/core/sb.h" "$tmp/plugins/log/log.h"
	put plugins/log/main.c '#include <linux/slab.h>' '#include <kmem_persist/plugin.h>' '#include "log.h"'
	put plugins/core/sb.c '#include "sb.h"'
	put include/kmem_persist/format.h '#include <linux/types.h>'
	put drivers/pool/pool.c '#include "../../plugins/core/sb.h"' '#include <linux/mm.h>'
	put drivers/compat/compat.h '#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)' '#endif'
}

put() {	# FILE LINE...
	local file=$1
	shift
	printf '%s\n' "$@" >"$tmp/$file"
}

expect() {	# STATUS DESCRIPTION
	local status=0 output
	output=$("$lint" "$tmp") || status=$?
	count=$((count + 1))
	if [ "$status" = "$1" ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		printf '# %s\n' "$output" >&2
	fi
}

planted() {	# DESCRIPTION FILE LINE
	tree
	put "$2" "$3"
	expect 1 "$1"
}

tree
expect 0 "a tree without faults"
planted "a plugin with a kernel header that user space lacks" plugins/log/bad.c '#include <linux/mm.h>'
planted "a plugin with another plugin's header" plugins/none/bad.c '#include "../log/log.h"'
planted "a plugin with the core's own header" plugins/none/bad.c '#include "../core/sb.h"'
planted "a plugin with a driver's header" plugins/log/bad.c '#include "../../drivers/pool/pool.h"'
planted "a plugin with __KERNEL__" plugins/log/bad.c '#ifdef __KERNEL__'
planted "the pool with the dax driver's header" drivers/pool/bad.c '#include "../kmem/kmem.h"'
planted "the pool with a front end's header" drivers/pool/bad.c '#include "../blk/blk.h"'
planted "a front end with the dax driver's header" drivers/blk/bad.c '#include "../kmem/kmem.h"'
planted "a driver with a plugin's header" drivers/kmem/bad.c '#include "../../plugins/log/log.h"'
planted "a format header that is not plain" include/kmem_persist/format_log.h '#include <linux/slab.h>'
planted "a shared header with a kernel-only one" include/kmem_persist/bad.h '#include <linux/mm.h>'
planted "a version outside drivers/compat" drivers/pool/bad.c '#if LINUX_VERSION_CODE > 1'
echo "1..$count"
