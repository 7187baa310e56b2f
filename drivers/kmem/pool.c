// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that holds a pool, or shall: bind and unbind.
 *
 * Giving a page to the page allocator is a write to the medium. So everything
 * that can refuse comes before the first store, and the first store (format,
 * recovery) before the first page of memory is added.
 *
 * Lock:	bind_lock
 * guards:	the list of bindings, plain_on_node; one pool at a time binds or
 *		unbinds
 * order:	under the device's lock; outside everything of kmemp_core
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>

#include <kmem_persist/host.h>

#include "binding.h"
#include "dax_layout.h"
#include "kmem.h"
#include "memory_tiers.h"

static DEFINE_MUTEX(bind_lock);
static LIST_HEAD(bindings);

/*
 * How many devices without a pool each node has: they may not have added their
 * memory yet, or all of it may be offline.
 */
static unsigned int plain_on_node[MAX_NUMNODES];

/* No memory is added: all of the device is what lies behind the window. */
static void keep_all(struct binding *b)
{
	b->device.rescue = true;
	b->device.window_start = b->device.start;
	b->device.window_size = 0;
}

static void release_parts(struct binding *b)
{
	int i;

	for (i = 0; i < NR_PARTS; i++) {
		if (!b->res[i])
			continue;
		/* Not release_mem_region(): the window's is not busy. */
		remove_resource(b->res[i]);
		kfree(b->res[i]);
		b->res[i] = NULL;
	}
}

/*
 * Reserve head, window and tail one by one: the window must not be busy, or
 * its memory could not be added below it, and head and tail must never look
 * like RAM.
 */
static int reserve_parts(struct binding *b, struct kmemp_verdict *verdict)
{
	const struct kmemp_device *device = &b->device;
	u64 behind = device->window_start + device->window_size;
	u64 edge[NR_PARTS + 1] = { device->start, device->window_start, behind,
				   device->start + device->size };
	int i;

	for (i = 0; i < NR_PARTS; i++) {
		if (edge[i] == edge[i + 1])
			continue;
		b->res[i] = request_mem_region(edge[i], edge[i + 1] - edge[i],
					       b->name);
		if (!b->res[i]) {
			release_parts(b);
			return kmemp_refuse(verdict, KMEMP_REFUSE_BUSY_RANGE,
					    "%#llx-%#llx", edge[i],
					    edge[i + 1] - 1);
		}
	}
	if (!device->rescue)
		b->res[WINDOW]->flags = IORESOURCE_SYSTEM_RAM;
	return 0;
}

/* The memory becomes part of the node; blocks may be online at return. */
static int add_memory_of(struct binding *b, struct kmemp_verdict *verdict)
{
	const struct kmemp_device *device = &b->device;
	int nid = device->nid;
	int ret;

	b->type = kmem_memory_type_get(nid);
	if (IS_ERR(b->type))
		return kmemp_refuse(verdict, KMEMP_REFUSE_ADD_MEMORY,
				    "memory type: error %ld",
				    PTR_ERR(b->type));
	init_node_memory_type(nid, b->type);
	ret = memory_group_register_static(nid, PFN_UP(device->window_size));
	if (ret < 0)
		goto err_type;
	b->mgid = ret;
	/*
	 * Driver managed, so that a kernel booted by kexec does not take it
	 * for RAM; and the memmap in DRAM, never on the medium.
	 */
	ret = add_memory_driver_managed(b->mgid, device->window_start,
					device->window_size, kmem_ram_name,
					MHP_NID_IS_MGID);
	if (ret)
		goto err_group;
	return 0;

err_group:
	memory_group_unregister(b->mgid);
err_type:
	clear_node_memory_type(nid, b->type);
	return kmemp_refuse(verdict, KMEMP_REFUSE_ADD_MEMORY, "error %d", ret);
}

static void announce(struct binding *b, char *state)
{
	char uuid[sizeof("KMEMP_UUID=") + UUID_STRING_LEN];
	char *envp[3] = { state, uuid };

	snprintf(uuid, sizeof(uuid), "KMEMP_UUID=%pU", b->uuid);
	kobject_uevent_env(&b->dev_dax->dev.kobj, KOBJ_CHANGE, envp);
}

static int open_host(struct binding *b, bool format, u32 type,
		     struct kmemp_verdict *verdict)
{
	const struct kmemp_format_ops *ops;
	struct kmemp_host *host;
	char name[32];
	int ret = 0;

	if (format)
		ops = kmem_params_format(name, sizeof(name));
	else
		ops = kmem_format_load(type);
	if (!ops) {
		if (!format)
			snprintf(name, sizeof(name), "%u", type);
		/* request_module() ends when who asked for the bind is killed. */
		return kmemp_refuse(verdict, KMEMP_REFUSE_TYPE_UNKNOWN, "%s%s",
				    name, fatal_signal_pending(current) ?
				    "; killed while its module was loaded" : "");
	}
	if (format)
		ret = kmem_look_format(b, ops->type, verdict);
	if (!ret) {
		host = kmemp_host_open(&b->device, b->medium, verdict);
		ret = PTR_ERR_OR_ZERO(host);
		if (!ret)
			b->host = host;
	}
	kmemp_format_put(ops);
	return ret;
}

/* Everything that is to be undone in reverse, once the device may be bound. */
static int bind(struct binding *b, bool format, u32 type,
		struct kmemp_verdict *verdict)
{
	struct device *dev = &b->dev_dax->dev;
	char text[256];
	int ret;

	ret = reserve_parts(b, verdict);
	if (ret)
		return ret;
	ret = kmemp_host_reserve_callback(verdict);
	if (ret)
		goto err_parts;
	ret = open_host(b, format, type, verdict);
	if (ret)
		goto err_callback;
	kmemp_host_publish(b->host);
	if (!b->device.rescue)
		ret = add_memory_of(b, verdict);
	if (ret)
		goto err_publish;
	kmemp_host_added(b->host);

	memcpy(b->uuid, kmemp_host_uuid(b->host), sizeof(b->uuid));
	dev_set_drvdata(dev, b->host);
	b->files = !sysfs_create_group(&dev->kobj, &kmemp_host_attributes);
	if (!b->files)
		dev_warn(dev, "persist/ could not be made in sysfs, the pool works without\n");
	kmemp_host_describe(b->host, text, sizeof(text));
	dev_info(dev, "%s\n", text);
	if (b->device.rescue)
		dev_warn(dev, "bound for rescue: read-only, none of it is RAM; copy its volumes; it ends with: echo %s >/sys/bus/dax/drivers/kmem/unbind; then: kmemp export --salvage %s DIR, kmemp format %s --type TYPE --force\n",
			 dev_name(dev), dev_name(dev), dev_name(dev));
	announce(b, "KMEMP_STATE=bound");
	return 0;

err_publish:
	kmemp_host_withdraw(b->host);
	kmemp_host_free(b->host);
	/* The mappings went with the host. */
	b->medium = NULL;
err_callback:
	kmemp_host_release_callback();
err_parts:
	release_parts(b);
	return ret;
}

static void free_binding(struct binding *b)
{
	if (b->medium)
		kmemp_media_unmap(b->medium);
	kmem_device_release(&b->device);
	kfree(b);
}

static enum kmem_found probe_locked(struct dev_dax *dev_dax,
				    struct kmemp_verdict *verdict)
{
	enum kmem_found found;
	struct kmemp_super *super;
	struct binding *b;
	bool format, forced, rescue;

	lockdep_assert_held(&bind_lock);
	/* Used up whatever comes of this bind: it is not meant for a later one. */
	rescue = kmem_params_rescue(dev_name(&dev_dax->dev));
	forced = !rescue && kmem_params_forced(dev_name(&dev_dax->dev));
	if (forced && !kmem_params_format_wanted()) {
		dev_warn(&dev_dax->dev, "persist_format_force is used up and nothing formatted: persist_format_type is not set\n");
		forced = false;
	}
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	super = kzalloc(sizeof(*super), GFP_KERNEL);
	if (!b || !super) {
		kmemp_refuse(verdict, KMEMP_REFUSE_NO_MEMORY, "%s", "");
		kfree(super);
		kfree(b);
		return KMEM_REFUSED;
	}
	b->dev_dax = dev_dax;
	strscpy(b->name, dev_name(&dev_dax->dev), sizeof(b->name));
	if (kmem_device_describe(dev_dax, &b->device, verdict)) {
		found = rescue ? KMEM_REFUSED : KMEM_PLAIN;
		if (verdict->code == KMEMP_REFUSE_MULTI_RANGE && !rescue)
			found = kmem_look_ranges(dev_dax, forced, verdict);
		goto out;
	}
	found = KMEM_REFUSED;
	if (kmemp_host_owns(b->device.start, b->device.size)) {
		kmemp_refuse(verdict, KMEMP_REFUSE_DETACHED, "%s", "");
		goto out;
	}
	b->medium = kmemp_media_map(&b->device);
	if (!b->medium) {
		kmemp_refuse(verdict, KMEMP_REFUSE_UNREADABLE,
			     "it cannot be mapped");
		goto out;
	}
	found = kmem_look(b, forced, rescue, super, &format, verdict);
	if (found == KMEM_POOL && rescue)
		keep_all(b);
	if (found == KMEM_POOL && bind(b, format, super->type, verdict))
		found = KMEM_REFUSED;
	if (found == KMEM_POOL) {
		list_add_tail(&b->list, &bindings);
		b = NULL;
	}
out:
	if (b)
		free_binding(b);
	/* It held the keys. */
	kfree_sensitive(super);
	return found;
}

/**
 * kmem_pool_probe() - bind a device as a pool if it is one, or shall be
 * @dev_dax: the device
 * @error: negative errno for KMEM_REFUSED
 *
 * Context: may sleep; the device's lock is held by the driver core.
 *
 * Return: see enum kmem_found.
 */
enum kmem_found kmem_pool_probe(struct dev_dax *dev_dax, int *error)
{
	struct device *dev = &dev_dax->dev;
	struct kmemp_verdict verdict = {};
	int nid = dev_dax->target_node;
	enum kmem_found found;

	/*
	 * A bound pool keeps its reference: its memory would outlive an unload
	 * only by a leak. None is to be had while the module is being unloaded.
	 */
	if (!try_module_get(THIS_MODULE)) {
		*error = -ENODEV;
		return KMEM_REFUSED;
	}

	mutex_lock(&bind_lock);
	found = probe_locked(dev_dax, &verdict);
	/* Also where there is no pool: the node may be another one's. */
	if (found == KMEM_PLAIN && nid >= 0 && kmemp_host_on_node(nid)) {
		memset(&verdict, 0, sizeof(verdict));
		kmemp_refuse(&verdict, KMEMP_REFUSE_NODE_TAKEN, "node %d", nid);
		found = KMEM_REFUSED;
	}
	if (found == KMEM_PLAIN && nid >= 0)
		plain_on_node[nid]++;
	mutex_unlock(&bind_lock);
	if (found == KMEM_REFUSED) {
		kmem_refusal_say(dev, &verdict);
		*error = kmemp_refusal_info(verdict.code)->err;
	} else {
		kmem_refusal_forget(dev_name(dev));
		kmem_params_bound(dev_name(dev));
	}
	if (found != KMEM_POOL)
		module_put(THIS_MODULE);
	return found;
}

/**
 * kmem_pool_plain_on_node() - does a device without a pool have this node?
 * @nid: node, >= 0
 *
 * Context: within kmem_pool_probe().
 *
 * Return: true if one does, whether its memory is online or not.
 */
bool kmem_pool_plain_on_node(int nid)
{
	lockdep_assert_held(&bind_lock);
	return plain_on_node[nid];
}

/**
 * kmem_pool_plain_gone() - a device found to be plain has no memory any more
 * @dev_dax: the device
 */
void kmem_pool_plain_gone(struct dev_dax *dev_dax)
{
	int nid = dev_dax->target_node;

	if (nid < 0)
		return;
	mutex_lock(&bind_lock);
	plain_on_node[nid]--;
	mutex_unlock(&bind_lock);
}

static struct binding *find_binding(struct dev_dax *dev_dax)
{
	struct binding *b;

	lockdep_assert_held(&bind_lock);
	list_for_each_entry(b, &bindings, list)
		if (b->dev_dax == dev_dax)
			return b;
	return NULL;
}

/* true: all of it is gone from the system, and the data is on the medium */
static bool remove_memory_of(struct binding *b)
{
	const struct kmemp_device *device = &b->device;
	int ret;

	if (!kmemp_host_leave(b->host))
		return false;
	if (device->rescue)
		return true;
	ret = remove_memory(device->window_start, device->window_size);
	if (ret) {
		dev_err(&b->dev_dax->dev, "memory %#llx-%#llx cannot be removed until the next reboot: error %d; the pool is closed, no data is lost\n",
			(u64)device->window_start, (u64)device->window_start +
			device->window_size - 1, ret);
		return false;
	}
	memory_group_unregister(b->mgid);
	clear_node_memory_type(device->nid, NULL);
	return true;
}

/**
 * kmem_pool_remove() - unbind a pool
 * @dev_dax: the device
 *
 * Cannot fail, and never takes memory offline: that could wait without end.
 * A pool that is held or online is left behind, detached.
 *
 * Context: may sleep; the device's lock is held by the driver core.
 *
 * Return: false for a device that is no pool.
 */
bool kmem_pool_remove(struct dev_dax *dev_dax)
{
	struct device *dev = &dev_dax->dev;
	struct binding *b;

	mutex_lock(&bind_lock);
	b = find_binding(dev_dax);
	if (!b) {
		mutex_unlock(&bind_lock);
		return false;
	}
	if (b->files)
		sysfs_remove_group(&dev->kobj, &kmemp_host_attributes);
	dev_set_drvdata(dev, NULL);
	if (remove_memory_of(b)) {
		announce(b, "KMEMP_STATE=unbound");
		list_del(&b->list);
		kmemp_host_withdraw(b->host);
		kmemp_host_free(b->host);
		b->medium = NULL;
		kmemp_host_release_callback();
		release_parts(b);
		free_binding(b);
		module_put(THIS_MODULE);
	} else {
		announce(b, "KMEMP_STATE=detached");
		kmemp_host_detach(b->host);
		b->dev_dax = NULL;
		kmem_memory_stuck();
	}
	mutex_unlock(&bind_lock);
	return true;
}
