// SPDX-License-Identifier: GPL-2.0
/*
 * guestctl - the host's end of a guest's control channels
 *
 *	guestctl run SOCKET SECONDS <SCRIPT	runs a script by the agent
 *	guestctl qmp SOCKET JSON [EVENT]	one QMP command, waits for EVENT
 *
 * run exits with the script's status; 124 when it timed out, 125 when the
 * guest is gone (or was when we came).
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TIMED_OUT = 124, GONE = 125 };

/* the agent's own time limit comes first; this is for a guest that hangs */
#define GRACE_SECONDS 15

static int sock;
static time_t deadline;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void leave(int status, const char *why)
{
	fprintf(stderr, "guestctl: %s\n", why);
	exit(status);
}

static void open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		leave(2, "socket path too long");
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0 || connect(sock, (void *)&addr, sizeof(addr)))
		leave(GONE, "no guest there");
}

static void get(void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		struct pollfd pfd = { .fd = sock, .events = POLLIN };
		time_t left = deadline - now();
		ssize_t n;

		if (left <= 0)
			leave(TIMED_OUT, "the guest does not answer");
		if (poll(&pfd, 1, left * 1000) <= 0)
			continue;
		n = read(sock, p, len);
		if (n == 0 || (n < 0 && errno != EINTR))
			leave(GONE, "the guest is gone");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void put(const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(sock, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			leave(GONE, "the guest is gone");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static char *read_script(size_t *len)
{
	size_t size = 1 << 16;
	char *buf = malloc(size), *bigger;
	ssize_t n;

	*len = 0;
	while (buf && (n = read(0, buf + *len, size - *len)) > 0) {
		*len += n;
		if (*len < size)
			continue;
		bigger = realloc(buf, size *= 2);
		if (!bigger)
			free(buf);
		buf = bigger;
	}
	if (!buf)
		leave(2, "out of memory");
	return buf;
}

/* skips what an earlier, killed client did not read */
static void await(const char *mark)
{
	size_t n = 0, len = strlen(mark);
	char c;

	while (n < len) {
		get(&c, 1);
		if (c == mark[n])
			n++;
		else
			n = c == mark[0];	/* no other '\n' but its last */
	}
}

static void write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			exit(2);	/* our reader left */
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static int run(int seconds)
{
	static char buf[65536];
	char head[128], mark[64];
	struct timespec ts;
	size_t len;
	char *script = read_script(&len);

	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(mark, sizeof(mark), "%d.%lx", getpid(), ts.tv_nsec);
	snprintf(head, sizeof(head), "RUN %s %d %zu\n", mark, seconds, len);
	deadline = now() + seconds + GRACE_SECONDS;
	put(head, strlen(head));
	put(script, len);
	snprintf(head, sizeof(head), "\nSYNC %s\n", mark);
	await(head);
	for (;;) {
		uint32_t n;

		get(buf, 5);
		memcpy(&n, buf + 1, 4);
		if (buf[0] == 'x') {
			get(&n, 4);
			return n;
		}
		if ((buf[0] != '1' && buf[0] != '2') || n > sizeof(buf))
			leave(2, "the guest sends nonsense");
		int fd = buf[0] - '0';

		get(buf, n);
		write_all(fd, buf, n);
	}
}

static void get_line(char *line, size_t size)
{
	size_t n = 0;

	do {
		get(line + n, 1);
	} while (line[n] != '\n' && ++n < size - 1);
	line[n] = 0;
}

static int qmp(const char *command, const char *event)
{
	static char line[1 << 20];
	char want[64];
	int commands = 0;

	deadline = now() + 120;
	snprintf(want, sizeof(want), "\"event\": \"%s\"", event ? event : "");
	get_line(line, sizeof(line));	/* the greeting */
	put("{\"execute\":\"qmp_capabilities\"}\n", 31);
	while (commands < 2 || event) {
		get_line(line, sizeof(line));
		if (event && commands >= 1 && strstr(line, want)) {
			event = NULL;
		} else if (!strncmp(line, "{\"return\"", 9) ||
			   !strncmp(line, "{\"error\"", 8)) {
			if (++commands == 1) {
				put(command, strlen(command));
				put("\n", 1);
				continue;
			}
			puts(line);
			fflush(stdout);	/* who waits for it sees that we listen */
			if (line[2] == 'e')
				return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "run")) {
		open_socket(argv[2]);
		return run(atoi(argv[3]));
	}
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "qmp")) {
		open_socket(argv[2]);
		return qmp(argv[3], argv[4]);
	}
	fprintf(stderr, "usage: guestctl run SOCKET SECONDS <SCRIPT\n"
			"       guestctl qmp SOCKET JSON [EVENT]\n");
	return 2;
}
