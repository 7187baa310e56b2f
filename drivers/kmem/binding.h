/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that holds a pool, or shall.
 */
#ifndef KMEM_BINDING_H
#define KMEM_BINDING_H

#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/types.h>

#include <kmem_persist/host.h>

#include "kmem.h"

struct dev_dax;
struct memory_dev_type;

enum { HEAD, WINDOW, TAIL, NR_PARTS };

/**
 * struct binding - what a pool has of the system
 * @list: of all bindings
 * @dev_dax: the device; NULL once detached
 * @device: what is known of it
 * @medium: its mappings; the host's once there is one
 * @host: the pool
 * @uuid: of the pool
 * @name: owner of the resources; not the device's, which may go before them
 * @res: the reserved parts of the address range
 * @files: persist/ is there
 * @mgid: memory group of the window
 * @type: memory type of the node
 */
struct binding {
	struct list_head list;
	struct dev_dax *dev_dax;
	struct kmemp_device device;
	struct kmemp_media_kernel *medium;
	struct kmemp_host *host;
	u8 uuid[KMEMP_UUID_SIZE];
	char name[32];
	struct resource *res[NR_PARTS];
	bool files;
	int mgid;
	struct memory_dev_type *type;
};

/* look.c */
enum kmem_found kmem_look(struct binding *b, bool forced, bool rescue,
			  struct kmemp_super *super, bool *format,
			  struct kmemp_verdict *verdict);
enum kmem_found kmem_look_ranges(struct dev_dax *dev_dax, bool forced,
				 struct kmemp_verdict *verdict);
int kmem_look_format(struct binding *b, u32 type,
		     struct kmemp_verdict *verdict);

#endif /* KMEM_BINDING_H */
