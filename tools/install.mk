# SPDX-License-Identifier: GPL-2.0
#
# make install, make uninstall. Included by the top-level Makefile, which has
# the targets modules and tools.

export DESTDIR PREFIX PURGE

.PHONY: install
install: modules tools	## modules, kmemp, manual pages, udev rule and the guard (DESTDIR, PREFIX, KVER)
	$(Q)tools/install

.PHONY: uninstall
uninstall:	## all but the guard; PURGE=1: that too
	$(Q)tools/uninstall

.PHONY: install-headers
install-headers: modules packages-tools	## what a format outside the tree is built with (DESTDIR, PREFIX, KVER)
	$(Q)+$(MAKE) $(jobs) $(if $(Q),-s) --no-print-directory $(plugin_test)
	$(Q)tools/install-headers
