/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a pool is refused: one list for the kernel log, the refusals file in
 * sysfs, `kmemp info`, the manual and the tests.
 *
 * A refusal never changes a byte of the medium. Its line reads
 *
 *	kmem dax0.0: refused: <what is wrong>[ (<particulars>)]; <what helps>
 *
 * where in the help %s stands for the name of the device, %p for the
 * particulars.
 */
#ifndef KMEM_PERSIST_ERRCODE_H
#define KMEM_PERSIST_ERRCODE_H

/*	X(NAME, name, errno, what is wrong, what helps)			*/
#define KMEMP_REFUSALS(X)						\
	X(UNREADABLE, unreadable, EIO,					\
	  "a superblock page cannot be read and the other shows no pool", \
	  "if it never held a pool: ndctl clear-errors, then bind again; else: kmemp check %s") \
	X(BAD_SUPER, bad_super, EUCLEAN,				\
	  "both superblock copies are damaged",				\
	  "look with: kmemp check %s; give the data up with: kmemp format %s --type TYPE --force") \
	X(FOREIGN, foreign, EUCLEAN,					\
	  "its first page holds something else, a pool's copy is at its end", \
	  "look with: kmemp check %s; give the pool up with: kmemp format %s --type TYPE --force") \
	X(COPIES_DIFFER, copies_differ, EUCLEAN,			\
	  "the superblock copies differ though equally new",		\
	  "look with: kmemp check %s; give the data up with: kmemp format %s --type TYPE --force") \
	X(SEED_FORMAT, seed_format, EOPNOTSUPP,				\
	  "made by the 2022 proposal, whose superblock has no data behind it", \
	  "make a pool of it with: kmemp format %s --type TYPE --force")		\
	X(VERSION, version, EOPNOTSUPP,					\
	  "the format version is not the one this module knows",	\
	  "load the modules that wrote it, or convert with their kmemp")	\
	X(INCOMPAT, incompat, EOPNOTSUPP,				\
	  "it uses features that this module does not know",		\
	  "load a newer kmem-persist; see: kmemp info %s")		\
	X(RO_COMPAT, ro_compat, EROFS,					\
	  "it uses features that allow this module only to read it",	\
	  "load a newer kmem-persist; see: kmemp info %s")		\
	X(TYPE_UNKNOWN, type_unknown, ENOENT,				\
	  "no plugin for its format",					\
	  "install and load it, the bind is then tried again by itself: modprobe kmemp-format-%p") \
	X(DEVICE_SMALLER, device_smaller, ENXIO,			\
	  "the device is smaller than the pool",			\
	  "restore the namespace to its former size (ndctl list -N, ndctl create-namespace -s)") \
	X(GEOMETRY, geometry, EUCLEAN,					\
	  "a field of the superblock makes no sense",			\
	  "look with: kmemp check %s")					\
	X(STRUCTURE, structure, EUCLEAN,				\
	  "a structure of the format is damaged",			\
	  "look with: kmemp check %s")					\
	X(READ, read, EIO,						\
	  "the medium cannot be read where it matters",			\
	  "see: ndctl list --media-errors; kmemp check %s")		\
	X(TOO_SMALL, too_small, ENOSPC,					\
	  "the device is too small for a pool",				\
	  "use a device of at least 64 MiB that holds one whole memory block (daxctl list)") \
	X(NOT_EMPTY, not_empty, EEXIST,					\
	  "format was asked for, but the device's ends are not empty",	\
	  "look with: kmemp info %s; give what is there up with: kmemp format %s --type TYPE --force") \
	X(NODE_SHARED, node_shared, EBUSY,				\
	  "its NUMA node has other memory, a pool needs a node of its own", \
	  "see: daxctl list, numactl -H; take the other memory off the node first") \
	X(NODE_TAKEN, node_taken, EBUSY,				\
	  "its NUMA node belongs to a pool",				\
	  "see: kmemp list; use the device as devdax, or move it to another node") \
	X(NO_NODE, no_node, EINVAL,					\
	  "the platform gives the device no NUMA node (target_node < 0)", \
	  "use a kernel and firmware that describe it (SRAT/HMAT), or devdax mode") \
	X(MULTI_RANGE, multi_range, EOPNOTSUPP,				\
	  "the device has more than one range",				\
	  "re-create it as one range: daxctl destroy-device, daxctl create-device") \
	X(CALLBACK, callback, EBUSY,					\
	  "another driver holds the kernel's online-page callback (virtio_mem or a balloon)", \
	  "unload that driver, then bind again")			\
	X(ENCRYPTION, encryption, EOPNOTSUPP,				\
	  "memory encryption is active, its key is not the same after a reboot", \
	  "boot with mem_encrypt=off, or use another machine")		\
	X(KDUMP, kdump, EBUSY,						\
	  "this is a crash kernel, which binds no pool",		\
	  "boot the ordinary kernel")					\
	X(UUID_BOUND, uuid_bound, EEXIST,				\
	  "a pool of the same uuid is bound already",			\
	  "see: kmemp list; unbind the other, or give the copy a new uuid") \
	X(DETACHED, detached, EBUSY,					\
	  "the pool was unbound while in use and lives on detached",	\
	  "close its users; it comes back with the next boot")		\
	X(NO_MEMORY, no_memory, ENOMEM,					\
	  "not enough free DRAM for the pool's page descriptors",	\
	  "free some memory (1.6 % of the device) and bind again")	\
	X(NO_DOMAIN, no_domain, EOPNOTSUPP,				\
	  "the region promises no persistence domain",			\
	  "see: ndctl list -R; if you know better: kmemp format %s --type TYPE --force") \
	X(ADD_MEMORY, add_memory, EIO,					\
	  "the kernel did not add the memory",				\
	  "see the kernel log above; check: cat /proc/iomem, daxctl list") \
	X(BUSY_RANGE, busy_range, EBUSY,				\
	  "the address range is in use",				\
	  "see: cat /proc/iomem")

/**
 * enum kmemp_refusal - why a pool is refused
 *
 * KMEMP_REFUSE_NOTHING is "not refused"; the others are listed above.
 */
enum kmemp_refusal {
	KMEMP_REFUSE_NOTHING,
#define KMEMP_REFUSAL_ENUM(upper, name, err, what, help) \
	KMEMP_REFUSE_##upper,
	KMEMP_REFUSALS(KMEMP_REFUSAL_ENUM)
#undef KMEMP_REFUSAL_ENUM
	KMEMP_NR_REFUSALS,
};

/**
 * struct kmemp_refusal_info - one line of the list above
 * @name: the code's name in lower case, as JSON and the tests use it
 * @err: negative errno
 * @what: what is wrong
 * @help: what helps, with %s and %p as above
 */
struct kmemp_refusal_info {
	const char *name;
	int err;
	const char *what;
	const char *help;
};

const struct kmemp_refusal_info *kmemp_refusal_info(enum kmemp_refusal code);

#endif /* KMEM_PERSIST_ERRCODE_H */
