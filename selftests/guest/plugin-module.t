#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A format that is built outside the tree, in the kernel: the module is built
# against installed headers alone, formats a device by name at bind, keeps what
# a volume holds over a rebind, and comes by number then.
# shellcheck source=selftests/harness/guest.sh
. "$(dirname "$0")/../harness/guest.sh"
# shellcheck source=selftests/harness/pool.sh
. "$(dirname "$0")/../harness/pool.sh"

system_ram='daxctl reconfigure-device --mode=system-ram dax0.0'
devdax='daxctl reconfigure-device -f --mode=devdax dax0.0'
dev=$guest_dir/root/usr/src/kmem-persist
format=$guest_dir/snap

build() {
	cp -r "$top/selftests/plugin/snap" "$format"
	DESTDIR=$guest_dir/root "$top/tools/install-headers"
	make -s -C "$format" KMEM_PERSIST="$dev" KDIR="$KERNEL_DIR/headers" modules
	strip -g "$format/kmemp_snap.ko"
}

ok "the module is built against installed headers" build
is "for this kernel" "$(/sbin/modinfo -F vermagic "$format/kmemp_snap.ko" | cut -d' ' -f1)" \
	"$(cat "$KERNEL_DIR/kver")"
is "it needs the core alone" "$(/sbin/modinfo -F depends "$format/kmemp_snap.ko")" kmemp_core

ok "boots" guest_boot g --in-turn --nvdimm 512M@1
guest g devdax >/dev/null
pool_look g
# depmod over all modules takes the guest long: the index is made here, of ours
# alone, once what these need of the kernel's is loaded
index() {
	local kver root=$guest_dir/index
	kver=$(cat "$KERNEL_DIR/kver")
	mkdir -p "$root/lib/modules/$kver/updates"
	cp "$top"/*.ko "$format/kmemp_snap.ko" "$root/lib/modules/$kver/updates/"
	/sbin/depmod -b "$root" "$kver"
	rm "$root/lib/modules/$kver"/updates/kmem*.ko
	cp "$format/kmemp_snap.ko" "$root/lib/modules/$kver/updates/"
	tar -C "$root/lib/modules/$kver" -cz . | base64
}
ok "the module is installed" guest g <<END
modprobe -a kmem kmemp_blk
rmmod kmem kmemp_blk kmemp_core
base64 -d <<'TAR' | tar -C "/lib/modules/\$(uname -r)" -xz
$(index)
TAR
END
ok "a device is formatted at bind, the module loaded by name" \
	guest g "modprobe kmem persist_format_type=snap; $system_ram"
is "its type" "$(pool_get g type)" snap
ok "a volume is written" guest g 'modprobe kmemp_blk
	kmemp volume create dax0.0 v 64M >/dev/null
	dd if=/dev/urandom of=/run/data bs=64K count=32 status=none
	dd if=/run/data of="/dev/$(disk_of v)" bs=64K seek=3 oflag=direct conv=fsync status=none'
is "accounts with it" "$(pool_accounts g)" ok
ok "the pool is unbound, its module unloaded" \
	guest -t 120 g "$devdax; rmmod kmem kmemp_blk kmemp_snap kmemp_core"
ok "it is bound again, the module loaded by number" guest g "modprobe kmem; $system_ram"
is "accounts again" "$(pool_accounts g)" ok
ok "the volume holds what it held" guest g 'modprobe kmemp_blk
	dd if="/dev/$(disk_of v)" bs=64K skip=3 count=32 iflag=direct status=none | cmp - /run/data'
nok "the module cannot be unloaded under it" guest g 'rmmod kmemp_snap'
ok "back to devdax" guest -t 120 g "$devdax"
guest_poweroff g
done_testing
