#include "shim/component.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/serve_wire.h"
#include "shim/component_init.h"

#define GIB ((rlim_t)1 << 30)

const struct component_kind component_kinds[COMPONENT_COUNT] = {
	[COMPONENT_GATE] =
		{
			.name = "gate",
			.program = "bottle-gate",
			.helper = "bottle-lfs",
			.uid_offset = 0,
			.with_proc = true,
			.with_git = true,
			.with_network = true,
			.door = SERVE_DOOR_OUTSIDE,
			.files = 1024,
			.processes = 256,
			.file_size = 64 * GIB,
		},
	[COMPONENT_EGRESS] =
		{
			.name = "egress",
			.program = "bottle-egress",
			.uid_offset = 1,
			.with_rules = true,
			.chained_log = true,
			.with_network = true,
			.files = 4096,
			.processes = COMPONENT_PROCESSES,
			.file_size = 1 * GIB,
		},
	[COMPONENT_SCAN] =
		{
			.name = "scanner",
			.program = "bottle-scan",
			.uid_offset = 2,
			.with_rules = true,
			.bare = true,
			.door = SERVE_DOOR_INSIDE,
			.files = 64,
			.processes = COMPONENT_PROCESSES,
			.file_size = 1 * GIB,
		},
};

int component_spawn(const struct component_start *s, struct component *ret, struct err *e)
{
	const uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
			       (s->kind->with_network ? 0 : CLONE_NEWNET);
	cleanup_fd int ours = -1, theirs = -1, monitor = -1;
	int pair[2], r;
	struct component c = COMPONENT_NONE;
	pid_t pid;

	r = msg_pair(pair, e);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	monitor = proc_pidfd_open(getpid());
	if (monitor < 0)
		return err_set(e, -monitor, "pidfd of the monitor");
	pid = proc_fork(flags, -1, &c.init.pidfd);
	if (pid < 0)
		return err_set(e, -pid, "clone for the %s", s->kind->name);
	if (pid == 0)
		component_init(s, theirs, monitor);
	c.init.pid = pid;
	c.control = steal_fd(&ours);
	*ret = c;
	return 0;
}

void component_kill(struct component *c)
{
	proc_kill(&c->init);
	fd_close(&c->control);
}

pid_t component_pid_of(int pidfd, struct err *e)
{
	cleanup_free char *text = NULL;
	char path[64];
	const char *line;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	r = fd_read_file(AT_FDCWD, path, 4096, &text, NULL, e);
	if (r < 0)
		return r;
	line = strstr(text, "\nPid:");
	if (!line)
		return err_say(e, EINVAL, "descriptor %d is no pidfd", pidfd);
	r = (int)strtol(line + 5, NULL, 10);
	return r > 0 ? r : err_say(e, ESRCH, "the process has ended");
}

/* ---- what the kernel says of it */

/* Every number of the line must be `want`; there must be one unless `may_be_empty`. */
static bool all_are(const char *p, int base, unsigned long long want, bool may_be_empty)
{
	bool any = false;

	for (;;) {
		char *end;
		unsigned long long v;

		while (*p == ' ' || *p == '\t')
			p++;
		if (*p == '\n' || *p == '\0')
			return any || may_be_empty;
		v = strtoull(p, &end, base);
		if (end == p || v != want)
			return false;
		any = true;
		p = end;
	}
}

struct status_line {
	const char *key;
	int base;
	unsigned long long want;
	bool may_be_empty;
};

static int check_line(const char *status, const struct status_line *l, pid_t pid, struct err *e)
{
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), "\n%s:", l->key);
	p = strstr(status, key);
	if (!p)
		return err_say(e, EPERM, "the kernel does not tell '%s' of pid %d", l->key, pid);
	p += strlen(key);
	if (!all_are(p, l->base, l->want, l->may_be_empty))
		return err_say(e, EPERM, "pid %d is not confined: '%s:%.*s', not %llx", pid, l->key,
			(int)strcspn(p, "\n"), p, l->want);
	return 0;
}

int component_verify(pid_t pid, uint32_t uid, struct err *e)
{
	const struct status_line lines[] = {
		{"Seccomp", 10, 2, false},
		{"NoNewPrivs", 10, 1, false},
		{"CapInh", 16, 0, false},
		{"CapPrm", 16, 0, false},
		{"CapEff", 16, 0, false},
		{"CapBnd", 16, 0, false},
		{"CapAmb", 16, 0, false},
		{"Uid", 10, uid, false},
		{"Gid", 10, uid, false},
		/* None, or (as a kernel of old prints it) our own. */
		{"Groups", 10, uid, true},
	};
	cleanup_free char *status = NULL;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	r = fd_read_file(AT_FDCWD, path, 16384, &status, NULL, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(lines); i++)
		r = check_line(status, &lines[i], pid, e);
	return r < 0 ? r : 0;
}

/* pid 1 passes the component's end on as a shell does: 128 + signal. */
const char *component_end_text(int wait_status, char *buf, size_t size)
{
	int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
	int sig = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status)
		  : status > 128	   ? status - 128
					   : 0;
	const char *name = sig ? sigabbrev_np(sig) : NULL;

	if (sig == SIGSYS)
		snprintf(buf, size, "SIGSYS: a system call outside its seccomp allow-list");
	else if (sig)
		snprintf(buf, size, "SIG%s", name ? name : "?");
	else
		snprintf(buf, size, "status %d", status);
	return buf;
}
