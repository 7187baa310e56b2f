// SPDX-License-Identifier: GPL-2.0
/*
 * trybind DAX: binds a dax device to kmem by daxctl, and once more by sysfs,
 *	and tells what was said of it, a line for each:
 *
 *	daxctl: ERROR		what daxctl says is wrong
 *	log: TEXT		a refusal in the kernel's log while daxctl ran
 *	sysfs: [ERROR]		what the write to sysfs returns
 *	file: TEXT		the device's line in the file refusals
 *
 * One process but daxctl, where a shell takes ten. Runs in the guest.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRIVER	"/sys/bus/dax/drivers/kmem"

/* Behind @prefix, if @line begins with it. */
static const char *behind(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

static void by_daxctl(const char *dax)
{
	char command[128], line[1024];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "exec daxctl reconfigure-device --mode=system-ram %s 2>&1", dax);
	pipe = popen(command, "r");
	if (!pipe)
		err(2, "daxctl");
	while (fgets(line, sizeof(line), pipe)) {
		const char *said = behind(line, "error reconfiguring devices: ");

		if (said)
			printf("daxctl: %s", said);
	}
	/* that it failed is told by what it said */
	pclose(pipe);
}

/* What was logged since @fd was set to the end of the log. */
static void from_log(int fd, const char *dax)
{
	char record[8192], prefix[128];
	ssize_t len;

	snprintf(prefix, sizeof(prefix), "kmem %s: refused: ", dax);
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		const char *text, *said;

		if (len < 0)
			errx(2, "the kernel's log was overwritten");
		record[len] = '\0';
		/* "priority,number,time,flags;text", a newline, more of it */
		text = strchr(record, ';');
		said = text ? behind(text + 1, prefix) : NULL;
		if (said)
			printf("log: %.*s\n", (int)strcspn(said, "\n"), said);
	}
	if (len < 0 && errno != EAGAIN)
		err(2, "/dev/kmsg");
}

static void by_sysfs(const char *dax)
{
	size_t len = strlen(dax);
	int fd = open(DRIVER "/bind", O_WRONLY);

	if (fd < 0)
		err(2, DRIVER "/bind");
	printf("sysfs: %s\n", write(fd, dax, len) == (ssize_t)len ?
	       "" : strerror(errno));
	close(fd);
}

static void from_refusals(const char *dax)
{
	char line[4096], prefix[128];
	FILE *file = fopen(DRIVER "/refusals", "r");

	if (!file)
		err(2, DRIVER "/refusals");
	snprintf(prefix, sizeof(prefix), "%s ", dax);
	while (fgets(line, sizeof(line), file)) {
		const char *said = behind(line, prefix);

		if (said)
			printf("file: %s", said);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	int log;

	if (argc != 2)
		errx(2, "usage: trybind DAX");
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		err(2, "/dev/kmsg");
	by_daxctl(argv[1]);
	from_log(log, argv[1]);
	by_sysfs(argv[1]);
	from_refusals(argv[1]);
	return 0;
}
