// SPDX-License-Identifier: GPL-2.0-only
/* Must be refused everywhere: shows that an absent function is noticed. */
#include <linux/module.h>

int control_fail(void);
int control_fail(void)
{
	return kmemp_there_is_no_such_function();
}
