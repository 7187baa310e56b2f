// SPDX-License-Identifier: GPL-2.0
/*
 * kmemp_blk: thin block volumes in pools. This file knows the pools.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blk.h"

static DEFINE_MUTEX(kmemp_pools_lock);
static LIST_HEAD(kmemp_pools);

static void release_pool(struct device *dev)
{
	kfree(container_of(dev, struct kmemp_blk_pool, dev));
}

static struct class kmemp_blk_class = {
	.name		= "kmemp_blk",
	.dev_groups	= kmemp_blk_pool_groups,
	.dev_release	= release_pool,
};

static struct kmemp_blk_pool *find_pool(struct kmemp_host *host)
{
	struct kmemp_blk_pool *pool;

	lockdep_assert_held(&kmemp_pools_lock);
	list_for_each_entry(pool, &kmemp_pools, list)
		if (pool->host == host)
			return pool;
	return NULL;
}

/*
 * Visible as soon as it is registered: everything else is set before. Whether
 * it succeeds or not, the pool is the device's from here on.
 */
static int register_pool(struct kmemp_blk_pool *pool)
{
	int ret;

	pool->dev.class = &kmemp_blk_class;
	device_initialize(&pool->dev);
	ret = dev_set_name(&pool->dev, "%pU", kmemp_host_uuid(pool->host));
	return ret ?: device_add(&pool->dev);
}

static void appear(struct kmemp_host *host)
{
	struct kmemp_blk_pool *pool;
	int ret = -ENOMEM;

	mutex_lock(&kmemp_pools_lock);
	if (find_pool(host))
		goto out;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (pool) {
		pool->host = host;
		mutex_init(&pool->lock);
		spin_lock_init(&pool->open_lock);
		INIT_LIST_HEAD(&pool->volumes);
		ret = register_pool(pool);
		if (ret) {
			put_device(&pool->dev);
		} else {
			list_add_tail(&pool->list, &kmemp_pools);
			mutex_lock(&pool->lock);
			WRITE_ONCE(pool->added, true);
			kmemp_volumes_load(pool);
			mutex_unlock(&pool->lock);
		}
	}
	if (ret)
		pr_err("kmem %s: no volumes: error %d; try: rmmod kmemp_blk; modprobe kmemp_blk\n",
		       kmemp_host_name(host), ret);
out:
	mutex_unlock(&kmemp_pools_lock);
}

static bool leave(struct kmemp_host *host)
{
	struct kmemp_blk_pool *pool;
	bool left = true;

	mutex_lock(&kmemp_pools_lock);
	pool = find_pool(host);
	if (pool)
		left = kmemp_volumes_close(pool);
	if (pool && left) {
		list_del(&pool->list);
		kmemp_volumes_free(pool);
		/* Waits for who is in one of its files. */
		device_unregister(&pool->dev);
	}
	mutex_unlock(&kmemp_pools_lock);
	return left;
}

static struct kmemp_front kmemp_blk_front = {
	.appear	= appear,
	.leave	= leave,
};

static int __init kmemp_blk_init(void)
{
	int ret;

	ret = kmemp_write_init();
	if (ret)
		return ret;
	ret = class_register(&kmemp_blk_class);
	if (ret) {
		kmemp_write_exit();
		return ret;
	}
	kmemp_front_register(&kmemp_blk_front);
	return 0;
}
module_init(kmemp_blk_init);

static void __exit kmemp_blk_exit(void)
{
	kmemp_front_unregister(&kmemp_blk_front);
	class_unregister(&kmemp_blk_class);
	kmemp_write_exit();
}
module_exit(kmemp_blk_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kmem-persist: thin block volumes");
/* 2: KMEMP_ROOT_VOLUME, the kind of its records */
MODULE_ALIAS("kmemp-front-2");
