/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#define xchg(p, new)	__atomic_exchange_n(p, new, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, new)	({					\
	typeof(*(p)) old_ = (old);					\
	__atomic_compare_exchange_n(p, &old_, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	old_;								\
})

#endif
