#include "gate/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/gate.h"

#define SSH	   "/usr/bin/ssh"
#define PIECE	   (1U << 20)
#define SSH_FAILED 255

/* One direction of the stream, pipe to pipe, so that a slow side never holds up the other way. */
struct pump {
	int from, to;
	bool open;
	bool full; /* the target's pipe is: wait for room there */
};

/*
 * A connection is kept open for the next operation (a handshake costs most of a small one). It is
 * for this repository, so this key, and this address; whoever finds no such connection, or a dead
 * one, makes it. Short: the path of a socket has 107 bytes, of which ssh wants 17.
 */
static char *control_path(const struct gate *g, const struct policy_repo *repo)
{
	return str_format("-oControlPath=%s/.gate/ctl/%zu-%s", g->git_dir,
		(size_t)(repo - g->policy.repos), getenv(GATE_ENV_ADDRESS));
}

static int add_options(char ***argv, const struct gate *g, const struct policy_repo *repo)
{
	static const char *const fixed[] = {"-T", "-x", "-F", "none", "-o", "IdentitiesOnly=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o",
		"GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no", "-o", "ForwardAgent=no",
		"-o", "PreferredAuthentications=publickey", "-o", "ClearAllForwardings=yes", "-o",
		"IdentityAgent=none", "-o", "ServerAliveInterval=5", "-o", "ControlMaster=auto",
		"-o", "ControlPersist=60", "-o", "LogLevel=ERROR", "-o", "SendEnv=GIT_PROTOCOL"};
	char *more[] = {
		control_path(g, repo),
		str_format("-i%s/%s-key", g->creds_dir, repo->name),
		str_format("-oUserKnownHostsFile=%s/%s-known_hosts", g->creds_dir, repo->name),
		str_format("-oConnectTimeout=%d", g->policy.connect_timeout_s),
		str_format("-oHostName=%s", getenv(GATE_ENV_ADDRESS)),
		/* As known_hosts has it: with the port when that is not 22. */
		repo->port == 22 ? str_format("-oHostKeyAlias=%s", repo->host)
				 : str_format("-oHostKeyAlias=[%s]:%u", repo->host, repo->port),
		str_format("-p%u", repo->port),
		repo->user ? str_format("-l%s", repo->user) : str_format("-lgit"),
	};
	int r = strv_add(argv, "ssh");

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fixed); i++)
		r = strv_add(argv, fixed[i]);
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		if (r == 0)
			r = more[i] ? strv_add(argv, more[i]) : -ENOMEM;
		free(more[i]);
	}
	return r;
}

static char **make_argv(const struct gate *g, const struct policy_repo *repo, const char *command)
{
	cleanup_strv char **argv = NULL;
	int r = add_options(&argv, g, repo);

	if (r == 0)
		r = strv_add(&argv, "--");
	if (r == 0)
		r = strv_add(&argv, repo->host);
	if (r == 0)
		r = strv_add(&argv, command);
	return r == 0 ? steal_ptr(&argv) : NULL;
}

static int die_with_caller(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return 0;
}

static int start_ssh(
	char **argv, struct pump *up, struct pump *down, struct proc *ret, struct err *e)
{
	int in[2], out[2], r;
	struct proc_fd fds[3] = {{.to = 0}, {.to = 1}, {.from = STDERR_FILENO, .to = 2}};
	struct proc_spec spec = {.path = SSH,
		.argv = argv,
		.envp = environ,
		.fds = fds,
		.n_fds = 3,
		.in_child = die_with_caller};

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	fds[0].from = in[0];
	fds[1].from = out[1];
	r = proc_spawn(&spec, ret, e);
	close(in[0]);
	close(out[1]);
	*up = (struct pump){.from = STDIN_FILENO, .to = in[1], .open = true};
	*down = (struct pump){.from = out[0], .to = STDOUT_FILENO, .open = true};
	return r;
}

static void end(struct pump *p)
{
	close(p->from);
	close(p->to);
	p->open = false;
}

/* Two entries a pump: what to wait for now. A pump waits for its source, or, full, for its target.
 */
static void watch(const struct pump *p, struct pollfd pfd[2])
{
	pfd[0] = (struct pollfd){.fd = p->open && !p->full ? p->from : -1, .events = POLLIN};
	/* Without a full target: only to hear that its reader is gone. */
	pfd[1] = (struct pollfd){.fd = p->open ? p->to : -1, .events = p->full ? POLLOUT : 0};
}

/* Whether bytes went through. */
static bool move(struct pump *p, const struct pollfd pfd[2])
{
	ssize_t n;

	if (!p->open || (!pfd[0].revents && !pfd[1].revents))
		return false;
	if (!p->full && !pfd[0].revents) {
		end(p);
		return false;
	}
	n = splice(p->from, NULL, p->to, NULL, PIECE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	p->full = n < 0 && errno == EAGAIN && !p->full;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(p);
	return n > 0;
}

/*
 * How long nothing may move, milliseconds. Whether the line is dead ServerAliveInterval watches;
 * this is about an upstream that lives and does nothing. It answers a question at once; but what it
 * was sent it may be long about: its receive-pack says nothing, and reads nothing, while
 * unpack-objects compresses a large file and sees it to the disk (receive.keepAlive of
 * git-config(1) is for index-pack and hooks). Our own git is silent while it packs, and does not
 * read while it unpacks; which of both is at work cannot be seen from here.
 */
static int patience(const struct pump *down, bool is_at_work, int idle_ms)
{
	return down->full || is_at_work ? GATE_WORK_FACTOR * idle_ms : idle_ms;
}

/* 0 at the stream's end; the seconds in which nothing moved, when the upstream is given up. */
static int run(struct pump *up, struct pump *down, bool is_push, int idle_ms)
{
	bool is_at_work = false; /* a push: it has told its refs */

	while (down->open) {
		struct pollfd pfd[4];
		int limit_ms = patience(down, is_at_work, idle_ms), n;

		watch(up, pfd);
		watch(down, pfd + 2);
		n = poll(pfd, 4, limit_ms);
		if (n == 0)
			return limit_ms / 1000;
		if (n < 0)
			continue;
		if (move(down, pfd + 2))
			is_at_work = is_push;
		move(up, pfd);
	}
	return 0;
}

static int give_up(const struct err *e)
{
	fprintf(stderr, "ssh: %s\n", e->msg);
	return SSH_FAILED;
}

int ssh_main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[argc - 1] : "";
	struct gate g = {0};
	struct err e = {0};
	struct pump up, down;
	cleanup_proc struct proc ssh = PROC_NONE;
	cleanup_strv char **ssh_argv = NULL;
	const struct policy_repo *repo;
	int status, r;

	signal(SIGPIPE, SIG_IGN);
	if (gate_inherit(&g, &e) < 0)
		return give_up(&e);
	repo = gate_repo(&g, getenv(GATE_ENV_REPO));
	if (!repo || !getenv(GATE_ENV_ADDRESS)) {
		err_say(&e, EINVAL, "no repository was named");
		return give_up(&e);
	}
	ssh_argv = make_argv(&g, repo, command);
	if (!ssh_argv || start_ssh(ssh_argv, &up, &down, &ssh, &e) < 0)
		return give_up(&e);
	r = run(&up, &down, str_starts(command, "git-receive-pack"),
		g.policy.idle_timeout_s * 1000);
	if (r > 0) {
		err_say(&e, ETIMEDOUT, "the upstream was silent for %d seconds", r);
		return give_up(&e);
	}
	/* It has closed its output: all that is left to come is its status. */
	r = proc_wait(&ssh, g.policy.idle_timeout_s * 1000, &status, &e);
	if (r == 0)
		r = err_say(&e, ETIMEDOUT, "the upstream does not end");
	if (r < 0)
		return give_up(&e);
	gate_done(&g);
	return WIFEXITED(status) ? WEXITSTATUS(status) : SSH_FAILED;
}
