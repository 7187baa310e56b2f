/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of a pool's life: events/kmem_persist in tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmem_persist

#if !defined(KMEMP_POOL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KMEMP_POOL_TRACE_H

#include <linux/tracepoint.h>

/* __string() takes one or two arguments, depending on the kernel. */
#define KMEMP_TRACE_NAME	32

TRACE_EVENT(kmemp_open,
	TP_PROTO(const char *name, u32 type, u64 pool_pages, u64 nr_used),
	TP_ARGS(name, type, pool_pages, nr_used),
	TP_STRUCT__entry(
		__array(char, name, KMEMP_TRACE_NAME)
		__field(u32, type)
		__field(u64, pool_pages)
		__field(u64, nr_used)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, KMEMP_TRACE_NAME);
		__entry->type = type;
		__entry->pool_pages = pool_pages;
		__entry->nr_used = nr_used;
	),
	TP_printk("%s: type %u, %llu pages, %llu used", __entry->name,
		  __entry->type, __entry->pool_pages, __entry->nr_used)
);

TRACE_EVENT(kmemp_balance,
	TP_PROTO(const char *name, u64 nr_used, u64 nr_withheld, int ret),
	TP_ARGS(name, nr_used, nr_withheld, ret),
	TP_STRUCT__entry(
		__array(char, name, KMEMP_TRACE_NAME)
		__field(u64, nr_used)
		__field(u64, nr_withheld)
		__field(int, ret)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, KMEMP_TRACE_NAME);
		__entry->nr_used = nr_used;
		__entry->nr_withheld = nr_withheld;
		__entry->ret = ret;
	),
	TP_printk("%s: %llu used, %llu withheld, result %d", __entry->name,
		  __entry->nr_used, __entry->nr_withheld, __entry->ret)
);

TRACE_EVENT(kmemp_block,
	TP_PROTO(const char *name, unsigned long action, unsigned long pfn,
		 unsigned long nr_pages, int ret),
	TP_ARGS(name, action, pfn, nr_pages, ret),
	TP_STRUCT__entry(
		__array(char, name, KMEMP_TRACE_NAME)
		__field(unsigned long, action)
		__field(unsigned long, pfn)
		__field(unsigned long, nr_pages)
		__field(int, ret)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, KMEMP_TRACE_NAME);
		__entry->action = action;
		__entry->pfn = pfn;
		__entry->nr_pages = nr_pages;
		__entry->ret = ret;
	),
	TP_printk("%s: action %#lx, pfn %#lx + %lu, result %d",
		  __entry->name, __entry->action, __entry->pfn,
		  __entry->nr_pages, __entry->ret)
);

TRACE_EVENT(kmemp_poison,
	TP_PROTO(const char *name, u64 page, int ret),
	TP_ARGS(name, page, ret),
	TP_STRUCT__entry(
		__array(char, name, KMEMP_TRACE_NAME)
		__field(u64, page)
		__field(int, ret)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, KMEMP_TRACE_NAME);
		__entry->page = page;
		__entry->ret = ret;
	),
	TP_printk("%s: page %llu, result %d", __entry->name, __entry->page,
		  __entry->ret)
);

#endif /* KMEMP_POOL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../drivers/pool
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
