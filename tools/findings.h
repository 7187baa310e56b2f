/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Findings of a check, gathered as JSON.
 */
#ifndef KMEMP_TOOLS_FINDINGS_H
#define KMEMP_TOOLS_FINDINGS_H

#include <kmem_persist/pool.h>

struct json_object;

/**
 * struct findings - what a check found so far
 * @list: the findings as JSON
 * @worst: the severest of them
 * @nr_wrong: those worse than notes
 * @nr_mendable: of these, those that a repair mends
 * @orphans: objects wait for their removal
 */
struct findings {
	struct json_object *list;
	enum kmemp_severity worst;
	u64 nr_wrong;
	u64 nr_mendable;
	bool orphans;
};

void findings_init(struct findings *found);
int findings_check(struct findings *found, struct kmemp_pool *pool);
int findings_parse(struct findings *found, char *text, u64 *not_listed);

#endif /* KMEMP_TOOLS_FINDINGS_H */
