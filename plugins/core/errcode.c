// SPDX-License-Identifier: GPL-2.0
/*
 * The texts of errcode.h, and verdicts made of them.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include <kmem_persist/pool.h>

static const struct kmemp_refusal_info kmemp_refusal_infos[] = {
	[KMEMP_REFUSE_NOTHING] = { "nothing", 0, "not refused", "" },
#define KMEMP_REFUSAL_INFO(upper, name, err, what, help) \
	[KMEMP_REFUSE_##upper] = { #name, -(err), what, help },
	KMEMP_REFUSALS(KMEMP_REFUSAL_INFO)
#undef KMEMP_REFUSAL_INFO
};

/**
 * kmemp_refusal_info - name, errno and texts of a refusal
 * @code: the refusal
 *
 * Return: its line of the list, never NULL.
 */
const struct kmemp_refusal_info *kmemp_refusal_info(enum kmemp_refusal code)
{
	if ((unsigned int)code >= KMEMP_NR_REFUSALS)
		code = KMEMP_REFUSE_NOTHING;
	return &kmemp_refusal_infos[code];
}
EXPORT_SYMBOL_GPL(kmemp_refusal_info);

static __printf(3, 0)
int kmemp_vrefuse(struct kmemp_verdict *verdict, enum kmemp_refusal code,
		  const char *fmt, va_list args)
{
	if (verdict->code == KMEMP_REFUSE_NOTHING) {
		verdict->code = code;
		vsnprintf(verdict->particulars, sizeof(verdict->particulars),
			  fmt, args);
	}
	return kmemp_refusal_info(code)->err;
}

/**
 * kmemp_refuse - say why something is refused
 * @verdict: where to; the first refusal stays
 * @code: what is wrong
 * @fmt: particulars: object, place, expected and found; "" for none
 *
 * Return: the refusal's negative errno.
 */
int kmemp_refuse(struct kmemp_verdict *verdict, enum kmemp_refusal code,
		 const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = kmemp_vrefuse(verdict, code, fmt, args);
	va_end(args);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_refuse);

/**
 * kmemp_complain - say what a format found wrong with its pool
 * @pool: the pool
 * @code: what is wrong, mostly KMEMP_REFUSE_STRUCTURE or KMEMP_REFUSE_READ
 * @fmt: particulars: object, place, expected and found
 *
 * Return: the refusal's negative errno, for the caller to return.
 */
int kmemp_complain(struct kmemp_pool *pool, enum kmemp_refusal code,
		   const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = kmemp_vrefuse(&pool->verdict, code, fmt, args);
	va_end(args);
	return ret;
}
EXPORT_SYMBOL_GPL(kmemp_complain);

/* Append @help to @buf, with @device for each %s, @particulars for each %p. */
static size_t append_help(char *buf, size_t size, size_t len, const char *help,
			  const char *device, const char *particulars)
{
	for (; *help; help++) {
		if (help[0] == '%' && (help[1] == 's' || help[1] == 'p')) {
			help++;
			len += scnprintf(buf + len, size - len, "%s",
					 *help == 's' ? device : particulars);
		} else {
			len += scnprintf(buf + len, size - len, "%c", *help);
		}
	}
	return len;
}

/**
 * kmemp_verdict_text - the line that an operator reads
 * @verdict: a refusal
 * @device: name of the device or image
 * @buf: where to
 * @size: its bytes; KMEMP_VERDICT_TEXT is enough for every device name
 *
 * "<what is wrong> (<particulars>); <what helps>", without the device's name
 * in front and without a newline.
 *
 * Return: length of the text.
 */
size_t kmemp_verdict_text(const struct kmemp_verdict *verdict,
			  const char *device, char *buf, size_t size)
{
	const struct kmemp_refusal_info *info;
	size_t len;

	info = kmemp_refusal_info(verdict->code);
	len = scnprintf(buf, size, "%s", info->what);
	if (verdict->particulars[0])
		len += scnprintf(buf + len, size - len, " (%s)",
				 verdict->particulars);
	if (info->help[0]) {
		len += scnprintf(buf + len, size - len, "; ");
		len = append_help(buf, size, len, info->help, device,
				  verdict->particulars);
	}
	return len;
}
EXPORT_SYMBOL_GPL(kmemp_verdict_text);
