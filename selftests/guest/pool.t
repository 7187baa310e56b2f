#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pool's life with the stock daxctl: formatted at bind, used pages kept out of
# the page allocator, there again after a crash.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"

ok "boots" guest_boot g
guest g devdax >/dev/null
guest g 'echo none >/tmp/t; modprobe kmem persist_format_type=none'
ok "reconfigure formats and onlines" \
	guest g 'daxctl reconfigure-device --mode=system-ram dax0.0'
diag "$(guest g 'dmesg | grep -i kmem; grep . /sys/bus/dax/devices/dax0.0/persist/*; cat /proc/iomem | tail -12; grep MemTotal /sys/devices/system/node/node1/meminfo; grep -A25 "Node 1, zone  Movable" /proc/zoneinfo | grep -E "present|managed|spanned"')"
guest_poweroff g
done_testing
