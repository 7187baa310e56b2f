/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device and the pool that is bound on it, as JSON.
 */
#ifndef KMEMP_TOOLS_POOL_REPORT_H
#define KMEMP_TOOLS_POOL_REPORT_H

#include "target.h"

struct json_object;

void pool_report_device(struct json_object *object, struct daxctl_dev *dev,
			enum target_mode mode);
void pool_report_bound(struct json_object *object, const char *dev);
void pool_report_dram(struct json_object *object, struct daxctl_dev *dev);

#endif /* KMEMP_TOOLS_POOL_REPORT_H */
