#include "gate/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/etc.h"
#include "gate/heard.h"
#include "gate/https.h"
#include "gate/sanitize.h"
#include "gate/veil.h"
#include "gate/store.h"

#define OUTPUT_MAX (256U << 20)
#define ENDING_MS  1000
#define GIT	   "/usr/bin/git"

#define ALTERNATES "GIT_ALTERNATE_OBJECT_DIRECTORIES"

/* What receive-pack tells its hooks of the quarantine; nothing else of its environment goes on. */
static const char *const quarantine[] = {"GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", ALTERNATES};

static const struct {
	const char *name, *value, *why;
} fixed[] = {
	{"PATH", "/usr/bin:/bin", "git finds its helpers, and gzip"},
	{"HOME", "/tmp", "nothing of anybody's"},
	{"LC_ALL", "C", "messages as we read them"},
	{"GIT_IMPLICIT_WORK_TREE", "0", "with a common directory core.bare alone does not count"},
	{"GIT_CONFIG_NOSYSTEM", "1", "the mirror's configuration only"},
	{"GIT_CONFIG_GLOBAL", "/dev/null", "the mirror's configuration only"},
	{"GIT_NO_REPLACE_OBJECTS", "1", "refs/replace must not show the scanner other objects"},
	{"GIT_GRAFT_FILE", "/nonexistent", "nor must grafts"},
	{"GIT_ATTR_NOSYSTEM", "1", "attributes never matter"},
	{"GIT_TERMINAL_PROMPT", "0", "there is nobody to ask"},
	{"GIT_SSH_VARIANT", "ssh", "-p and -o SendEnv are understood"},
};

void git_result_done(struct git_result *r)
{
	str_done(&r->out);
	str_done(&r->err);
}

/* Where git finds what is ours, and its helpers find the gate. */
static int add_places(char ***env, const struct git_job *job)
{
	cleanup_free char *ssh = str_format("%s/bin/ssh", job->gate->etc_dir);
	cleanup_free char *common = etc_common_dir(job->gate, job->repo);
	bool https = job->repo->transport == POLICY_HTTPS;
	const struct {
		const char *name, *value;
	} places[] = {
		/* No ext::, no file::, and of the two that there are the upstream's. */
		{"GIT_ALLOW_PROTOCOL", https ? "https" : "ssh"},
		{"GIT_SSH", ssh},
		{"GIT_COMMON_DIR", common},
		{GATE_ENV_GIT_DIR, job->gate->git_dir},
		{GATE_ENV_CREDS, job->gate->creds_dir},
		{GATE_ENV_ETC, job->gate->etc_dir},
		{GATE_ENV_STORE, job->gate->store_dir},
		{GATE_ENV_REPO, job->repo->name},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(places); i++)
		r = places[i].value ? env_set(env, places[i].name, places[i].value) : -ENOMEM;
	if (r == 0 && job->upstream)
		r = env_set(env, GATE_ENV_ADDRESS, job->upstream->address);
	return r == 0 && job->upstream && https ? https_configure(env, job->upstream) : r;
}

/* The mirror borrows from the store, in a quarantine, too. */
static int add_alternates(char ***env, const struct git_job *job)
{
	cleanup_free char *store = store_objects(job->gate, job->repo), *both = NULL;
	const char *inherited = getenv(ALTERNATES);

	if (!store)
		return 0;
	if (!inherited || strstr(inherited, store))
		return env_set(env, ALTERNATES, inherited ? inherited : store);
	both = str_format("%s:%s", store, inherited);
	return both ? env_set(env, ALTERNATES, both) : -ENOMEM;
}

char **git_env(const struct git_job *job)
{
	cleanup_strv char **env = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fixed); i++)
		r = env_set(&env, fixed[i].name, fixed[i].value);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(quarantine); i++)
		if (getenv(quarantine[i]))
			r = env_set(&env, quarantine[i], getenv(quarantine[i]));
	if (r == 0 && job->sees == GIT_SEES_QUARANTINE)
		env_unset(env, ALTERNATES);
	else if (r == 0)
		r = add_alternates(&env, job);
	if (r == 0)
		r = add_places(&env, job);
	if (r == 0 && job->protocol && *job->protocol)
		r = env_set(&env, "GIT_PROTOCOL", job->protocol);
	return r == 0 ? steal_ptr(&env) : NULL;
}

int git_env_receive(const struct gate *g, char ***env)
{
	cleanup_free char *dir = str_format("%s/exec", g->etc_dir);

	return dir ? env_set(env, "GIT_EXEC_PATH", dir) : -ENOMEM;
}

static int die_with_caller(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return 0;
}

static char **make_argv(const struct git_job *job)
{
	cleanup_strv char **argv = NULL;
	cleanup_free char *dir =
		str_format("--git-dir=%s/%s.git", job->gate->git_dir, job->repo->name);
	int r = dir ? strv_add(&argv, "git") : -ENOMEM;

	if (r == 0)
		r = strv_add(&argv, dir);
	for (size_t i = 0; r == 0 && job->args[i]; i++)
		r = strv_add(&argv, job->args[i]);
	return r == 0 ? steal_ptr(&argv) : NULL;
}

int git_start(const struct git_job *job, const int stdio[3], struct proc *ret, struct err *e)
{
	cleanup_strv char **argv = make_argv(job);
	cleanup_strv char **env = git_env(job);
	struct proc_fd fds[5];
	struct proc_spec spec = {
		.path = GIT, .argv = argv, .envp = env, .fds = fds, .in_child = die_with_caller};

	if (!argv || !env)
		return err_set(e, ENOMEM, "run git");
	for (int i = 0; i < 3; i++)
		if (stdio[i] >= 0)
			fds[spec.n_fds++] = (struct proc_fd){stdio[i], i};
	/* ssh below it is this program. */
	fds[spec.n_fds++] = (struct proc_fd){GATE_FD_SELF, GATE_FD_SELF};
	fds[spec.n_fds++] = (struct proc_fd){GATE_FD_CONFIG, GATE_FD_CONFIG};
	return proc_spawn(&spec, ret, e);
}

int git_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* Where what git prints goes. */
struct sink {
	struct str *into;
	const struct git_watch *watch; /* or NULL */
	struct veil *veil;	       /* or NULL */
};

/* len 0: no more comes. */
static int fill(const struct sink *s, const char *bytes, size_t len, struct err *e)
{
	size_t before = s->into->len;

	if (s->veil)
		veil_pass(s->veil, bytes, len, s->into);
	else
		str_add_bytes(s->into, bytes, len);
	if (s->into->failed || s->into->len > OUTPUT_MAX)
		return err_say(e, EFBIG, "git printed too much");
	if (s->watch && s->into->len > before)
		s->watch->show(s->watch->arg, s->into->s + before, s->into->len - before);
	return 0;
}

/* 1: read something; 0: end of file, or nothing there now; or -errno. */
static int drain(int fd, const struct sink *s, struct err *e)
{
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));
	int r;

	if (n < 0)
		return errno == EINTR	 ? 1
		       : errno == EAGAIN ? 0
					 : err_set(e, errno, "read what git prints");
	r = n > 0 ? fill(s, buf, (size_t)n, e) : 0;
	return r < 0 ? r : n > 0;
}

/*
 * Who accepts a connection and then says nothing is given up: libcurl, as git uses it, would wait
 * five minutes for TLS. Once something was said, its own limit on silence holds.
 */
struct patience {
	const struct upstream *u; /* NULL: there is no need to look (any more) */
	int64_t until_ms;
	bool suspected; /* a connection may just have been made: looked at twice */
};

static int time_left(const struct patience *p)
{
	int64_t left = p->until_ms - proc_now_ms();

	return !p->u ? -1 : left > 0 ? (int)left : 0;
}

static int lose(struct patience *p, int pidfd, struct err *e)
{
	const struct policy_repo *repo = p->u->repo;
	struct pollfd ending = {.fd = pidfd, .events = POLLIN};

	if (heard_from(p->u->address, repo->port) != 0) {
		p->u = NULL;
		return 0;
	}
	if (!p->suspected) {
		p->suspected = true;
		p->until_ms += 1000;
		return 0;
	}
	/* git ends its helper; by SIGKILL, which comes if it is slow, it could not. */
	proc_pidfd_signal(pidfd, SIGTERM);
	poll(&ending, 1, ENDING_MS);
	return err_say(e, ETIMEDOUT, "%s (%s) takes connections at port %u and says nothing",
		repo->host, p->u->address, repo->port);
}

/*
 * Until git has ended, not until the pipes have: the ssh that keeps a connection open holds the
 * standard error of a session for as long as the upstream does not end that one.
 */
static int collect(struct patience *patience, const int from[2], int pidfd,
	const struct sink sinks[2], struct err *e)
{
	struct pollfd p[3] = {{.fd = from[0], .events = POLLIN}, {.fd = from[1], .events = POLLIN},
		{.fd = pidfd, .events = POLLIN}};
	bool ended = false;
	int r = 0;

	while (!ended) {
		int n = poll(p, 3, time_left(patience));

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "poll");
		if (n == 0 && (r = lose(patience, pidfd, e)) < 0)
			return r;
		if (n <= 0)
			continue;
		ended = p[2].revents;
		for (int i = 0; i < 2; i++) {
			do {
				r = p[i].fd >= 0 && (p[i].revents || ended)
					    ? drain(p[i].fd, &sinks[i], e)
					    : 0;
			} while (r > 0);
			if (r < 0)
				return r;
			if (p[i].revents & POLLHUP)
				p[i].fd = -1;
		}
	}
	return fill(&sinks[1], "", 0, e);
}

/* Our end does not block, git's does. */
static int open_pipe(int *ours, int *theirs, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	*ours = fds[0];
	*theirs = fds[1];
	return fd_set_nonblock(fds[0], 1) < 0 ? err_set(e, errno, "pipe") : 0;
}

int git_run(const struct git_job *job, struct git_result *ret, struct err *e)
{
	cleanup_fd int in = -1, out_r = -1, out_w = -1, err_r = -1, err_w = -1;
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_veil struct veil veil = {0};
	const struct sink sinks[2] = {{&ret->out, NULL, NULL}, {&ret->err, job->watch, &veil}};
	bool https = job->upstream && job->repo->transport == POLICY_HTTPS;
	struct patience patience = {.u = https ? job->upstream : NULL};
	int status, r = https ? veil_init(&veil, job->gate, job->repo, e) : 0;

	if (r == 0 && job->input)
		r = in = fd_memfd("input", job->input, job->input_len, e);
	if (r < 0 || (r = open_pipe(&out_r, &out_w, e)) < 0 ||
		(r = open_pipe(&err_r, &err_w, e)) < 0)
		return r;
	r = git_start(job, (int[]){in, out_w, err_w}, &p, e);
	fd_close(&out_w);
	fd_close(&err_w);
	patience.until_ms = proc_now_ms() + job->gate->policy.connect_timeout_s * 1000;
	if (r == 0)
		r = collect(&patience, (int[]){out_r, err_r}, p.pidfd, sinks, e);
	if (r == 0)
		r = proc_wait(&p, -1, &status, e);
	if (r < 0)
		return r;
	ret->status = git_status(status);
	return 0;
}

static bool is_closing(const char *line)
{
	static const char *const closing[] = {"fatal: Could not read from remote",
		"fatal: the remote end hung up", "Please make sure you have",
		/* index-pack has told why. */
		"fatal: fetch-pack: invalid index-pack output", "fatal: index-pack failed",
		"error: index-pack died"};

	for (size_t i = 0; i < ARRAY_LEN(closing); i++)
		if (str_starts(line, closing[i]))
			return true;
	return false;
}

/*
 * ssh tells the cause, then git that the remote end hung up; git alone tells it in its own last
 * "fatal:" or "error:" line. So: the last line before the first of git's closing words.
 */
static char *complaint(const struct git_result *r)
{
	const char *text = r->err.s ? r->err.s : "", *best = NULL;
	size_t best_len = 0;

	for (const char *line = text, *end, *shown; *line; line = *end ? end + 1 : end) {
		size_t len;

		end = strchrnul(line, '\n');
		len = (size_t)(end - line);
		/* ssh ends its lines for a terminal in raw mode. */
		while (len > 0 && line[len - 1] == '\r')
			len--;
		/* How far it was stands in front, on the same line. */
		shown = memrchr(line, '\r', len);
		if (shown) {
			len -= (size_t)(shown + 1 - line);
			line = shown + 1;
		}
		if (len == 0)
			continue;
		if (best && is_closing(line))
			break;
		/* Of a push: what the upstream said was shown, and how far it was. */
		if (str_starts(line, "remote: ") || memmem(line, len, "% (", 3) ||
			memmem(line, len, ", done", 6) || str_starts(line, "Total "))
			continue;
		best = line;
		best_len = len;
	}
	if (!best)
		return str_format("git ended with status %d", r->status);
	return sanitize_line(best, best_len);
}

char *git_cause(const struct upstream *u, const struct git_result *r)
{
	const char *text = r->err.s ? r->err.s : "";
	char *why = NULL;

	/* ssh's own words are a page about the files of whoever is behind it. */
	if (u && strstr(text, "Host key verification failed"))
		why = str_format("the host key of '%s' is not the one that the bottle's manifest "
				 "declares (git-gate.repos.%s.host_key): it has changed, or "
				 "somebody else answers; only the operator can say which",
			u->repo->host, u->repo->name);
	else if (u && u->repo->transport == POLICY_HTTPS)
		why = https_explain(u->gate, u->repo, r->err.s);
	return why ? why : complaint(r);
}

int git_must(const struct git_job *job, struct git_result *ret, struct err *e)
{
	cleanup_git_result struct git_result own = {0};
	struct git_result *res = ret ? ret : &own;
	cleanup_free char *why = NULL;
	int r = git_run(job, res, e);

	if (r < 0 || res->status == 0)
		return r;
	why = git_cause(job->upstream, res);
	return err_say(e, EIO, "%s", why ? why : "git failed");
}
