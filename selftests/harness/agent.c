// SPDX-License-Identifier: GPL-2.0
/*
 * agent - the guest's init: mounts what everybody expects, then runs the
 * scripts that come over a virtio-serial port, one at a time.
 *
 * Host to guest:  "RUN <nonce> <seconds> <bytes>\n", then the script.
 * Guest to host:  "\nSYNC <nonce>\n", then frames of one type byte ('1' stdout,
 * '2' stderr, 'x' exit status), a length (u32, host order) and that many bytes.
 * The nonce lets a client skip what an earlier one that was killed left over.
 *
 * It is process 1 so that no out-of-memory killer can take it, and reaps
 * orphans.  The host closing the port kills what runs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* the first two ports of the only controller: guest.sh adds them so */
#define PORT "/dev/vport0p1"
#define ORACLE_PORT "../vport0p2"
#define SCRIPT "/run/kmemp-script"

static int port;

struct job {
	pid_t pid;
	int out[2];		/* read ends of its stdout and stderr, or -1 */
	int status;		/* as from waitpid() */
	int reaped;
	time_t deadline;
};

static void die(const char *what)
{
	dprintf(2, "agent: %s: %s\n", what, strerror(errno));
	sync();
	exit(1);		/* of process 1: a panic, which the host sees */
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * Has the host closed its end? It connects anew for each script, and that it
 * closed the connection before may become known here only after the first bytes
 * of the next one: so only if it stays closed.
 */
static int hung_up(void)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		struct pollfd pfd = { .fd = port };

		poll(&pfd, 1, 0);
		if (!(pfd.revents & POLLHUP))
			return 0;
		usleep(1000);
	}
	return 1;
}

/* all of it, or -1 when the host has closed its end */
static int port_write(const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(port, p, len);

		if (n > 0) {
			p += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = port, .events = POLLOUT };

			poll(&pfd, 1, -1);
			if (pfd.revents & POLLHUP && hung_up())
				return -1;
		} else if (n < 0 && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int port_read(void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = read(port, p, len);

		if (n > 0) {
			p += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = port, .events = POLLIN };

			poll(&pfd, 1, -1);
		} else if (n == 0) {
			if (hung_up())
				return -1;
		} else if (errno != EINTR) {
			die("read");
		}
	}
	return 0;
}

static int frame(char type, const void *buf, uint32_t len)
{
	char head[5] = { type };

	memcpy(head + 1, &len, 4);
	return port_write(head, 5) || port_write(buf, len) ? -1 : 0;
}

static void job_start(struct job *job, int seconds)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (!job->pid) {
		sigset_t none;
		int in = open("/dev/null", O_RDONLY);

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		dup2(in, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execl("/bin/bash", "bash", SCRIPT, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	job->out[0] = out[0];
	job->out[1] = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	job->reaped = 0;
	job->deadline = now() + seconds;
}

static void reap(struct job *job)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (job && pid == job->pid) {
			job->status = status;
			job->reaped = 1;
		}
	}
}

/* forwards what there is; 0 when nothing more is there now */
static int forward(struct job *job, int i)
{
	static char buf[65536];
	ssize_t n = read(job->out[i], buf, sizeof(buf));

	if (n > 0)
		return frame(i ? '2' : '1', buf, n) ? -1 : 1;
	if (n == 0) {
		close(job->out[i]);
		job->out[i] = -1;
	}
	return 0;
}

/* -1 when the host went away */
static int job_run(struct job *job, int sigfd)
{
	int timed_out = 0, i;
	uint32_t status;

	while (!job->reaped) {
		struct pollfd pfd[4] = {
			{ .fd = job->out[0], .events = POLLIN },
			{ .fd = job->out[1], .events = POLLIN },
			{ .fd = sigfd, .events = POLLIN },
			{ .fd = port },
		};
		struct signalfd_siginfo info;

		poll(pfd, 4, 1000);
		if (pfd[3].revents & POLLHUP && hung_up())
			return -1;
		for (i = 0; i < 2; i++)
			if (pfd[i].revents && forward(job, i) < 0)
				return -1;
		if (pfd[2].revents)
			while (read(sigfd, &info, sizeof(info)) > 0)
				;
		reap(job);
		if (!timed_out && now() >= job->deadline) {
			timed_out = 1;
			kill(-job->pid, SIGKILL);
		}
	}
	/*
	 * What it wrote is in the pipes by now.  A child that it left in the
	 * background may hold them open: do not wait for their end.
	 */
	for (i = 0; i < 2; i++) {
		int more = 1;

		while (job->out[i] >= 0 && more > 0)
			more = forward(job, i);
		if (more < 0)
			return -1;
	}
	if (timed_out)
		status = 124;
	else if (WIFSIGNALED(job->status))
		status = 128 + WTERMSIG(job->status);
	else
		status = WEXITSTATUS(job->status);
	return frame('x', &status, sizeof(status));
}

static void serve(int sigfd)
{
	char line[128], nonce[64], sync[80], *script;
	struct job job = { 0 };
	int seconds, fd, i;
	size_t len, n = 0;

	for (;;) {
		if (port_read(line + n, 1))
			return;
		if (line[n] == '\n')
			break;
		if (++n == sizeof(line) - 1)
			return;
	}
	line[n] = 0;
	if (sscanf(line, "RUN %63s %d %zu", nonce, &seconds, &len) != 3)
		return;
	script = malloc(len + 1);
	if (!script)
		die("malloc");
	if (!port_read(script, len)) {
		fd = open(SCRIPT, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || write(fd, script, len) != (ssize_t)len || close(fd))
			die(SCRIPT);
		snprintf(sync, sizeof(sync), "\nSYNC %s\n", nonce);
		if (!port_write(sync, strlen(sync))) {
			job_start(&job, seconds);
			if (job_run(&job, sigfd)) {
				kill(-job.pid, SIGKILL);
				while (!job.reaped) {
					usleep(1000);
					reap(&job);
				}
			}
			for (i = 0; i < 2; i++)
				if (job.out[i] >= 0)
					close(job.out[i]);
		}
	}
	free(script);
}

/*
 * In C, because each mount(8) would take some 50 ms of emulated time.  /dev is
 * there already.
 */
static void set_up(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
		{ "tmpfs", "/run" },
		{ "tmpfs", "/tmp" },
		{ "tmpfs", "/dev/shm" },
		{ "devpts", "/dev/pts" },
		{ NULL, NULL }
	}, *m;

	mkdir("/dev/shm", 01777);
	mkdir("/dev/pts", 0755);
	for (m = mounts; m->type; m++)
		if (mount(m->type, m->where, m->type, 0, NULL))
			die(m->where);
	mkdir("/run/job", 0755);
	mkdir("/run/lock", 01777);
	mkdir("/dev/virtio-ports", 0755);
	if (symlink(ORACLE_PORT, "/dev/virtio-ports/oracle"))
		die("oracle");
	if (chdir("/root"))
		die("/root");

	clearenv();
	setenv("PATH", "/kmemp/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("BASH_ENV", "/kmemp/lib.sh", 1);
}

int main(void)
{
	int sigfd, idle_ms = 1;
	sigset_t chld;

	set_up();
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigfd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	port = open(PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (sigfd < 0 || port < 0)
		die(PORT);
	for (;;) {
		struct pollfd pfd = { .fd = port, .events = POLLIN };

		reap(NULL);
		/*
		 * A closed port polls as hung up at once, all the time. Each
		 * look costs the host a processor's time that an idle guest
		 * should not take.
		 */
		if (poll(&pfd, 1, 1000) > 0 && (pfd.revents & POLLHUP)) {
			usleep(idle_ms * 1000);
			if (idle_ms < 16)
				idle_ms *= 2;
		} else if (pfd.revents & POLLIN) {
			serve(sigfd);
			idle_ms = 1;
		}
	}
}
