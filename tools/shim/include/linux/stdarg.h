/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#include <stdarg.h>
