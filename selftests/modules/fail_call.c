// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a function of the kernel return a chosen value instead of running, when
 * one of our modules calls it. The distributions' kernels have no fault
 * injection of their own.
 */
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "the function");

static char *caller;
module_param(caller, charp, 0444);
MODULE_PARM_DESC(caller, "the one function of ours whose call of it fails; for what cannot be probed itself");

static long value;
module_param(value, long, 0444);
MODULE_PARM_DESC(value, "what it returns");

static int skip;
module_param(skip, int, 0444);
MODULE_PARM_DESC(skip, "calls that run as ever before the first that fails");

static int times = INT_MAX;
module_param(times, int, 0444);
MODULE_PARM_DESC(times, "calls that fail; default: all");

static unsigned long phys[2];
static int nr_phys;
module_param_array(phys, ulong, &nr_phys, 0444);
MODULE_PARM_DESC(phys, "only calls that are to copy from one of these pages");

static atomic_t calls;

/* Where the call continues: straight back to its caller. */
static noinline notrace void just_return(void)
{
	barrier();
}

/* kmem, kmemp_core and the formats */
static bool is_ours(unsigned long address)
{
	char text[KSYM_SYMBOL_LEN];

	sprint_symbol(text, address);
	return strstr(text, "[kmem");
}
NOKPROBE_SYMBOL(is_ours);

/* Does dst, src, len reach a chosen page? What is mapped stays so meanwhile. */
static bool is_chosen(const struct pt_regs *regs)
{
	unsigned long first, last;
	int i;

	if (!nr_phys)
		return true;
	first = slow_virt_to_phys((void *)regs->si) & PAGE_MASK;
	last = slow_virt_to_phys((void *)regs->si + regs->dx - 1) & PAGE_MASK;
	for (i = 0; i < nr_phys; i++)
		if (first == phys[i] || last == phys[i])
			return true;
	return false;
}
NOKPROBE_SYMBOL(is_chosen);

static int at_entry(struct kprobe *probe, struct pt_regs *regs)
{
	int nr;

	if (!is_ours(*(unsigned long *)kernel_stack_pointer(regs)) ||
	    !is_chosen(regs))
		return 0;
	nr = atomic_inc_return(&calls) - 1;
	if (nr < skip || nr - skip >= times)
		return 0;
	regs->ax = value;
	regs->ip = (unsigned long)just_return;
	return 1;
}
NOKPROBE_SYMBOL(at_entry);

/* Its presence keeps the probe from being optimised, which loses regs->ip. */
static void after_entry(struct kprobe *probe, struct pt_regs *regs,
			unsigned long flags)
{
}

static struct kprobe probe = {
	.pre_handler = at_entry,
	.post_handler = after_entry,
};

/* call rel32 */
#define CALL		0xe8
#define CALL_BYTES	5

static int at_call(struct kprobe *probe, struct pt_regs *regs)
{
	regs->ax = value;
	regs->ip = (unsigned long)probe->addr + CALL_BYTES;
	return 1;
}
NOKPROBE_SYMBOL(at_call);

/*
 * Some functions (noinstr) cannot be probed. Where one of ours calls such a
 * one can.
 */
static int __init probe_call(void)
{
	unsigned long target = (unsigned long)__symbol_get(symbol);
	struct kprobe look = { .symbol_name = caller };
	char text[KSYM_SYMBOL_LEN];
	unsigned int i, size;
	int ret;

	if (!target)
		return -ENOENT;
	__symbol_put(symbol);
	ret = register_kprobe(&look);
	if (ret)
		return ret;
	unregister_kprobe(&look);
	/* name+offset/size [module] */
	sprint_symbol(text, (unsigned long)look.addr);
	if (sscanf(strchrnul(text, '/'), "/%x", &size) != 1)
		return -ESRCH;

	probe.pre_handler = at_call;
	for (i = 0; i + CALL_BYTES <= size; i++) {
		u8 *at = (u8 *)look.addr + i;
		s32 distance;

		if (*at != CALL)
			continue;
		memcpy(&distance, at + 1, sizeof(distance));
		if ((unsigned long)at + CALL_BYTES + distance != target)
			continue;
		probe.addr = (kprobe_opcode_t *)at;
		return register_kprobe(&probe);
	}
	return -ESRCH;
}

static int __init fail_call_init(void)
{
	if (!symbol)
		return -EINVAL;
	if (caller)
		return probe_call();
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}

static void __exit fail_call_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(fail_call_init);
module_exit(fail_call_exit);

MODULE_DESCRIPTION("Test: lets a function fail");
MODULE_LICENSE("GPL");
