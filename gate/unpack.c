#include "gate/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/brought.h"
#include "gate/gate.h"
#include "gate/git.h"

#define GIT    "/usr/bin/git"
#define FAILED 128

/* index-pack's words for a pack that is larger than --max-input-size. */
static const char too_large[] = "fatal: pack exceeds maximum allowed size";

static int die_with_caller(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return 0;
}

static int start(char **argv, int errors, struct proc *ret, struct err *e)
{
	const struct proc_fd fds[] = {
		{STDIN_FILENO, STDIN_FILENO}, {STDOUT_FILENO, STDOUT_FILENO}, {errors, 2}};
	struct proc_spec spec = {.path = GIT,
		.argv = argv,
		.envp = environ,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		.in_child = die_with_caller};

	return proc_spawn(&spec, ret, e);
}

static void tell_limit(void)
{
	struct gate g = {0};
	struct err e;
	const struct policy_repo *repo =
		gate_inherit(&g, &e) < 0 ? NULL : gate_repo(&g, getenv(GATE_ENV_REPO));

	if (repo)
		fprintf(stderr,
			"\nPush refused: its pack is larger than this bottle's rules allow for "
			"'%s' "
			"(max_pack: %lld bytes).\nNothing was sent upstream. Push fewer commits at "
			"a time (git push origin COMMIT:BRANCH), or ask\nthe operator of this "
			"bottle to raise git-gate.repos.%s.push.max_pack in its manifest.\n\n",
			repo->name, (long long)repo->push.max_pack, repo->name);
	gate_done(&g);
}

/* Everything goes on as it comes, but for the one line. */
static void pass_on(int from)
{
	cleanup_str struct str line = {0};
	char piece[4096];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < n; i++) {
			bool ends = piece[i] == '\n' || piece[i] == '\r';

			str_add_char(&line, piece[i]);
			if (!ends && line.len < sizeof(piece))
				continue;
			if (line.s && str_starts(line.s, too_large))
				tell_limit();
			else if (line.s && fd_write_all(STDERR_FILENO, line.s, line.len) < 0)
				return;
			line.len = 0;
		}
	}
	if (line.len > 0)
		(void)fd_write_all(STDERR_FILENO, line.s, line.len);
}

static int take_in(char **argv)
{
	cleanup_proc struct proc git = PROC_NONE;
	cleanup_fd int from = -1, to = -1;
	struct err e = {0};
	int pair[2], status = 0, r;

	if (brought_note(argv, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return FAILED;
	}
	if (pipe2(pair, O_CLOEXEC) < 0)
		return FAILED;
	from = pair[0];
	to = pair[1];
	r = start(argv, to, &git, &e);
	fd_close(&to);
	if (r == 0) {
		pass_on(from);
		r = proc_wait(&git, -1, &status, &e);
	}
	if (r < 0)
		fprintf(stderr, "%s\n", e.msg);
	return r < 0 ? FAILED : git_status(status);
}

/* receive-pack runs it behind one option, if at all: that of a push from a shallow clone. */
static const char *command_of(int argc, char **argv)
{
	int at = argc > 1 && str_eq(argv[1], "--shallow-file") ? 3 : 1;

	return at < argc ? argv[at] : "";
}

int unpack_main(int argc, char **argv)
{
	const char *command = command_of(argc, argv);

	/*
	 * git's own helpers stand where git itself looks for them. Behind HTTP there is one more
	 * git between the gate and what takes in a pack.
	 */
	if (!str_eq(command, "receive-pack"))
		unsetenv("GIT_EXEC_PATH");
	signal(SIGPIPE, SIG_IGN);
	if (str_eq(command, "index-pack") || str_eq(command, "unpack-objects"))
		return take_in(argv);
	signal(SIGPIPE, SIG_DFL);
	execve(GIT, argv, environ);
	return FAILED;
}
