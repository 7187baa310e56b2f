/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the kmem module know of each other. */
#ifndef KMEMP_KMEM_H
#define KMEMP_KMEM_H

struct dev_dax;

/* plain.c: a device without a pool, treated as the kernel's own kmem does */
int kmem_plain_init(void);
void kmem_plain_exit(void);
int kmem_plain_probe(struct dev_dax *dev_dax);
void kmem_plain_remove(struct dev_dax *dev_dax);

#endif /* KMEMP_KMEM_H */
