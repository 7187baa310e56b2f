/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's header of the same name. */
#ifndef SHIM_LINUX_RWSEM_H
#define SHIM_LINUX_RWSEM_H

#include <pthread.h>

struct rw_semaphore {
	pthread_rwlock_t lock;
};

#define init_rwsem(s)		pthread_rwlock_init(&(s)->lock, NULL)
#define down_read(s)		pthread_rwlock_rdlock(&(s)->lock)
#define up_read(s)		pthread_rwlock_unlock(&(s)->lock)
#define down_write(s)		pthread_rwlock_wrlock(&(s)->lock)
#define up_write(s)		pthread_rwlock_unlock(&(s)->lock)

#endif
