/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Repair of a pool that nobody else uses.
 */
#ifndef KMEMP_TOOLS_MEND_H
#define KMEMP_TOOLS_MEND_H

#include <kmem_persist/media.h>

int mend_pool(struct kmemp_media *media, bool orphans);

#endif /* KMEMP_TOOLS_MEND_H */
