/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the kmem module know of each other. */
#ifndef KMEMP_KMEM_H
#define KMEMP_KMEM_H

#include <linux/jiffies.h>
#include <linux/types.h>

#include <kmem_persist/pool.h>

struct dev_dax;
struct device_driver;
struct kmemp_device;
struct memory_dev_type;

/*
 * daxctl has a device probed twice, by new_id and by bind, with a plugin loaded
 * in between perhaps. Probes that are no further apart are one bind to people.
 */
#define KMEM_SAME_BIND	(3 * HZ)

/* plain.c: a device without a pool, treated as the kernel's own kmem does */
extern const char *kmem_ram_name;
int kmem_plain_init(void);
void kmem_plain_exit(void);
int kmem_plain_probe(struct dev_dax *dev_dax);
bool kmem_plain_remove(struct dev_dax *dev_dax);
struct memory_dev_type *kmem_memory_type_get(int node);
void kmem_memory_stuck(void);

/**
 * enum kmem_found - what kmem_pool_probe() made of a device
 * @KMEM_PLAIN: no pool, and none to be made: stock kmem's
 * @KMEM_POOL: bound as a pool
 * @KMEM_REFUSED: neither; said why in the log
 */
enum kmem_found {
	KMEM_PLAIN,
	KMEM_POOL,
	KMEM_REFUSED,
};

/* pool.c: a device that holds a pool, or shall */
enum kmem_found kmem_pool_probe(struct dev_dax *dev_dax, int *error);
bool kmem_pool_remove(struct dev_dax *dev_dax);
bool kmem_pool_plain_on_node(int nid);
void kmem_pool_plain_gone(struct dev_dax *dev_dax);

/* device.c: what a device is */
int kmem_device_describe(struct dev_dax *dev_dax, struct kmemp_device *device,
			 struct kmemp_verdict *verdict);
int kmem_device_check(struct dev_dax *dev_dax,
		      const struct kmemp_device *device,
		      struct kmemp_verdict *verdict);
void kmem_device_release(struct kmemp_device *device);

/* params.c */
bool kmem_params_format_wanted(void);
const struct kmemp_format_ops *kmem_params_format(char *name, size_t size);
bool kmem_params_forced(const char *device);
bool kmem_params_rescue(const char *device);
void kmem_params_bound(const char *device);
const struct kmemp_format_ops *kmem_format_load(u32 type);

/* refusals.c: what was refused and why, kept for people and the tool */
void kmem_refusal_say(struct device *dev, const struct kmemp_verdict *verdict);
void kmem_refusal_forget(const char *device);
enum kmemp_refusal kmem_refusal_code(const char *device);
int kmem_refusals_init(struct device_driver *drv);
void kmem_refusals_exit(struct device_driver *drv);
void kmem_refusals_forget_all(void);

/* retry.c */
void kmem_retry_init(struct device_driver *drv);
void kmem_retry_exit(void);

#endif /* KMEMP_KMEM_H */
