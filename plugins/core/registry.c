// SPDX-License-Identifier: GPL-2.0
/*
 * The formats that are loaded.
 *
 * Locking: kmemp_formats_lock (mutex) -> kmemp_formats, kmemp_formats_listener,
 * and the rule that a format found under it cannot unregister before its module
 * reference is taken. The listener is called under it.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kmem_persist/pool.h>

struct kmemp_format_entry {
	struct list_head list;
	const struct kmemp_format_ops *ops;
};

static LIST_HEAD(kmemp_formats);
static void (*kmemp_formats_listener)(void);
static DEFINE_MUTEX(kmemp_formats_lock);

static bool ops_complete(const struct kmemp_format_ops *ops)
{
	bool objects = ops->commit;

	if (!ops->name || !ops->format || !ops->open || !ops->close ||
	    !ops->for_each_used || !ops->check || !ops->describe)
		return false;
	return objects == !!ops->reserve && objects == !!ops->retire &&
	       objects == !!ops->next_object && objects == !!ops->next_record &&
	       objects == !!ops->next_extent && objects == !ops->mark_bad;
}

static struct kmemp_format_entry *find(u32 type, const char *name)
{
	struct kmemp_format_entry *entry;

	lockdep_assert_held(&kmemp_formats_lock);
	list_for_each_entry(entry, &kmemp_formats, list)
		if (name ? !strcmp(entry->ops->name, name) :
			   entry->ops->type == type)
			return entry;
	return NULL;
}

/**
 * kmemp_format_register - make a format known
 * @ops: the format; must stay where it is until unregistered
 *
 * Context: may sleep; a module calls it in its init function.
 *
 * Return: 0; -EINVAL for an incomplete set of ops; -EEXIST where the type or
 * the name is taken; -ENOMEM.
 */
int kmemp_format_register(const struct kmemp_format_ops *ops)
{
	struct kmemp_format_entry *entry;

	if (!ops_complete(ops))
		return -EINVAL;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->ops = ops;

	mutex_lock(&kmemp_formats_lock);
	if (find(ops->type, NULL) || find(0, ops->name)) {
		mutex_unlock(&kmemp_formats_lock);
		kfree(entry);
		return -EEXIST;
	}
	list_add_tail(&entry->list, &kmemp_formats);
	if (kmemp_formats_listener)
		kmemp_formats_listener();
	mutex_unlock(&kmemp_formats_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(kmemp_format_register);

/**
 * kmemp_format_unregister - forget a format
 * @ops: as registered
 *
 * A module calls it in its exit function: no pool of this format is open then,
 * since each holds a reference to the module.
 */
void kmemp_format_unregister(const struct kmemp_format_ops *ops)
{
	struct kmemp_format_entry *entry;

	mutex_lock(&kmemp_formats_lock);
	entry = find(ops->type, NULL);
	if (entry)
		list_del(&entry->list);
	mutex_unlock(&kmemp_formats_lock);
	kfree(entry);
}
EXPORT_SYMBOL_GPL(kmemp_format_unregister);

/**
 * kmemp_format_set_listener - be told when a format is registered
 * @fn: called under a mutex, must not call back into the registry; NULL: stop
 *
 * After it returns the former listener is not running and never will again.
 * There is one: the driver, whose refused binds may succeed now.
 */
void kmemp_format_set_listener(void (*fn)(void))
{
	mutex_lock(&kmemp_formats_lock);
	kmemp_formats_listener = fn;
	mutex_unlock(&kmemp_formats_lock);
}
EXPORT_SYMBOL_GPL(kmemp_format_set_listener);

static const struct kmemp_format_ops *get(u32 type, const char *name)
{
	const struct kmemp_format_ops *ops = NULL;
	struct kmemp_format_entry *entry;

	mutex_lock(&kmemp_formats_lock);
	entry = find(type, name);
	if (entry && try_module_get(entry->ops->owner))
		ops = entry->ops;
	mutex_unlock(&kmemp_formats_lock);
	return ops;
}

/**
 * kmemp_format_get - find a format by its number
 * @type: see enum kmemp_type
 *
 * Return: the format, with a reference to its module, or NULL.
 */
const struct kmemp_format_ops *kmemp_format_get(u32 type)
{
	return get(type, NULL);
}
EXPORT_SYMBOL_GPL(kmemp_format_get);

/**
 * kmemp_format_get_by_name - find a format by its name
 * @name: as in `--type`
 *
 * Return: the format, with a reference to its module, or NULL.
 */
const struct kmemp_format_ops *kmemp_format_get_by_name(const char *name)
{
	return get(0, name);
}
EXPORT_SYMBOL_GPL(kmemp_format_get_by_name);

/**
 * kmemp_format_next - go through the formats in order of their numbers
 * @type: the first number that will do
 *
 * Return: the format with the lowest number from there on, with a reference to
 * its module, or NULL.
 */
const struct kmemp_format_ops *kmemp_format_next(u32 type)
{
	const struct kmemp_format_ops *ops = NULL;
	struct kmemp_format_entry *entry;

	mutex_lock(&kmemp_formats_lock);
	list_for_each_entry(entry, &kmemp_formats, list)
		if (entry->ops->type >= type &&
		    (!ops || entry->ops->type < ops->type))
			ops = entry->ops;
	if (ops && !try_module_get(ops->owner))
		ops = NULL;
	mutex_unlock(&kmemp_formats_lock);
	return ops;
}
EXPORT_SYMBOL_GPL(kmemp_format_next);

/**
 * kmemp_format_put - let go of a format
 * @ops: as got; NULL is ignored
 */
void kmemp_format_put(const struct kmemp_format_ops *ops)
{
	if (ops)
		module_put(ops->owner);
}
EXPORT_SYMBOL_GPL(kmemp_format_put);
