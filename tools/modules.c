// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel modules, found as modprobe finds them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libkmod.h>

#include <linux/kernel.h>

#include "modules.h"

/* The tag that our kmem.ko has and the kernel's own has not. */
#define MODULES_TAG	"kmem_persist"

static bool has_tag(struct kmod_module *module)
{
	struct kmod_list *infos = NULL, *entry;
	bool found = false;

	if (kmod_module_get_info(module, &infos) < 0)
		return false;
	kmod_list_foreach(entry, infos)
		found |= !strcmp(kmod_module_info_get_key(entry), MODULES_TAG);
	kmod_module_info_free_list(infos);
	return found;
}

/* Look @alias up; @ours tells of the last module that it finds. */
static bool lookup(const char *alias, bool *ours)
{
	struct kmod_list *modules = NULL, *entry;
	struct kmod_ctx *ctx;
	bool found = false;

	/* No configuration: an install rule is no module. */
	ctx = kmod_new(NULL, (const char *const []){ NULL });
	if (!ctx)
		return false;
	if (kmod_module_new_from_lookup(ctx, alias, &modules) >= 0)
		kmod_list_foreach(entry, modules) {
			struct kmod_module *module;

			module = kmod_module_get_module(entry);
			if (kmod_module_get_path(module)) {
				found = true;
				if (ours)
					*ours = has_tag(module);
			}
			kmod_module_unref(module);
		}
	kmod_module_unref_list(modules);
	kmod_unref(ctx);
	return found;
}

/**
 * modules_kmem - whose kmem would this kernel load?
 *
 * Return: "kmem-persist", "stock" or "none".
 */
const char *modules_kmem(void)
{
	bool ours = false;

	if (!lookup("kmem", &ours))
		return "none";
	return ours ? "kmem-persist" : "stock";
}

/**
 * modules_have_format - is there a module for this format?
 * @name: "none", "bitmap", "log"
 *
 * Return: true if there is.
 */
bool modules_have_format(const char *name)
{
	char alias[64];

	snprintf(alias, sizeof(alias), "kmemp-format-%.32s", name);
	return lookup(alias, NULL);
}

/**
 * modules_load - load a module and those it needs
 * @name: of the module
 *
 * The configuration counts, as for modprobe.
 *
 * Return: 0 also if it was loaded already, -ENOENT if there is none, or
 * another negative errno.
 */
int modules_load(const char *name)
{
	struct kmod_list *modules = NULL, *entry;
	struct kmod_ctx *ctx;
	int ret;

	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	ret = kmod_module_new_from_lookup(ctx, name, &modules);
	if (!ret && !modules)
		ret = -ENOENT;
	kmod_list_foreach(entry, modules) {
		struct kmod_module *module = kmod_module_get_module(entry);

		if (!ret)
			ret = kmod_module_probe_insert_module(module, 0, NULL,
							      NULL, NULL, NULL);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(modules);
	kmod_unref(ctx);
	return ret;
}
