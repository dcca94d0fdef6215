#include "bundle/secret_command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/user.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SAID_MAX    200 /* bytes of standard error that an error shows */

extern char **environ;

/* ---- who runs it */

struct runner {
	uid_t uid;
	struct user user;
	bool known;   /* user is somebody */
	bool changes; /* root becomes the owner of the settings */
};

static int become_runner(void *arg, struct err *e)
{
	const struct runner *r = arg;
	gid_t gid = r->user.gid;

	if (!r->changes)
		return 0;
	if (setgroups(r->user.n_groups, r->user.groups) < 0 || setresgid(gid, gid, gid) < 0 ||
		setresuid(r->uid, r->uid, r->uid) < 0)
		return err_set(e, errno, "become user %u", (unsigned int)r->uid);
	return 0;
}

/* Root's settings are root's; what another user wrote into his is not run as root. */
static int find_runner(uid_t owner, struct runner *ret, struct err *e)
{
	int r = user_find(owner, &ret->user);

	ret->uid = owner;
	ret->known = r == 0;
	ret->changes = geteuid() == 0 && owner != 0;
	if (r == -ENOMEM || (r < 0 && ret->changes))
		return err_set(e, -r, "user %u, who owns the settings, in /etc/passwd",
			(unsigned int)owner);
	return 0;
}

static int make_env(const struct runner *by, bool with_env, char ***ret, struct err *e)
{
	cleanup_strv char **env = NULL;
	cleanup_free char *home = NULL, *user = NULL;

	if (with_env) {
		*ret = strv_copy(environ);
		return *ret ? 0 : err_set(e, ENOMEM, "an environment");
	}
	home = str_format("HOME=%s", by->known ? by->user.home : "/");
	user = str_format("USER=%s", by->known ? by->user.name : "");
	if (!home || !user || strv_add(&env, "PATH=" SYSTEM_PATH) < 0 ||
		strv_push(&env, steal_ptr(&home)) < 0 || strv_push(&env, steal_ptr(&user)) < 0)
		return err_set(e, ENOMEM, "an environment");
	*ret = steal_ptr(&env);
	return 0;
}

/* ---- which program */

static int find_program(const char *name, char *const *env, char **ret, struct err *e)
{
	const char *path = env_get(env, "PATH");

	if (strchr(name, '/')) {
		*ret = strdup(name);
		return *ret ? 0 : err_set(e, ENOMEM, "'%s'", name);
	}
	for (const char *dir = path ? path : SYSTEM_PATH; dir;) {
		const char *end = strchrnul(dir, ':');
		cleanup_free char *full = str_format("%.*s/%s", (int)(end - dir), dir, name);

		if (!full)
			return err_set(e, ENOMEM, "'%s'", name);
		/* An empty entry would be the current directory, which may be a workspace. */
		if (*dir == '/' && access(full, X_OK) == 0) {
			*ret = steal_ptr(&full);
			return 0;
		}
		dir = *end ? end + 1 : NULL;
	}
	return err_say(
		e, ENOENT, "'%s' is in no directory of PATH (%s)", name, path ? path : SYSTEM_PATH);
}

/* ---- what it says */

struct stream {
	int fd; /* owned; -1: it ended */
	char *to;
	size_t len, size;
	bool over; /* there was more than fits */
};

static void take(struct stream *s)
{
	char rest[512];
	bool full = s->len == s->size;
	ssize_t n = full ? read(s->fd, rest, sizeof(rest))
			 : read(s->fd, s->to + s->len, s->size - s->len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		fd_close(&s->fd);
	else if (full)
		s->over = true;
	else
		s->len += (size_t)n;
	secret_wipe(rest, sizeof(rest));
}

/* Until both ended, or the time is up. */
static int collect(struct stream *out, struct stream *said, int64_t deadline, struct err *e)
{
	while (out->fd >= 0 || said->fd >= 0) {
		struct pollfd p[] = {{out->fd, POLLIN, 0}, {said->fd, POLLIN, 0}};
		int64_t left = deadline - proc_now_ms();

		if (left <= 0)
			return err_say(e, ETIMEDOUT, "it did not end in time");
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for it");
		if (p[0].revents)
			take(out);
		if (p[1].revents)
			take(said);
		if (out->over)
			return err_say(e, EFBIG, "it wrote more than %d bytes", SECRET_COMMAND_MAX);
	}
	return 0;
}

/* One line that cannot play with a terminal. */
static void plain(struct stream *said)
{
	while (said->len > 0 && said->to[said->len - 1] <= ' ')
		said->len--;
	for (size_t i = 0; i < said->len; i++)
		if ((unsigned char)said->to[i] < 0x20 || said->to[i] == 0x7f)
			said->to[i] = ' ';
	said->to[said->len] = '\0';
}

static int judge(int status, const struct stream *said, struct err *e)
{
	const char *colon = said->len > 0 ? ": " : "";

	if (WIFSIGNALED(status))
		return err_say(
			e, EIO, "it was ended by signal %d%s%s", WTERMSIG(status), colon, said->to);
	if (WEXITSTATUS(status) != 0)
		return err_say(e, EIO, "it ended with status %d%s%s", WEXITSTATUS(status), colon,
			said->to);
	return 0;
}

static int finish(struct proc *p, int64_t deadline, const struct stream *said, struct err *e)
{
	int64_t left = deadline - proc_now_ms();
	int status, r = proc_wait(p, left > 0 ? (int)left : 0, &status, e);

	if (r == 0)
		return err_say(e, ETIMEDOUT, "it did not end in time");
	return r < 0 ? r : judge(status, said, e);
}

static int listen_to(
	struct proc *p, struct stream *out, struct stream *said, int limit_ms, struct err *e)
{
	int64_t deadline = proc_now_ms() + limit_ms;
	pid_t session = p->pid;
	int r = collect(out, said, deadline, e);

	plain(said);
	if (r == 0)
		r = finish(p, deadline, said, e);
	if (r == -ETIMEDOUT)
		err_say(e, ETIMEDOUT, "it did not end within %d ms%s%s", limit_ms,
			said->len > 0 ? "; it said: " : "", said->to);
	/* Its children, too: it leads a session of its own, and is not reaped yet. */
	if (r < 0 && p->pid > 0)
		kill(-session, SIGKILL);
	return r;
}

static int spawn(const struct proc_spec *like, struct stream *out, struct stream *said,
	struct proc *ret, struct err *e)
{
	cleanup_fd int out_end = -1, said_end = -1;
	struct proc_spec spec = *like;
	struct proc_fd fds[2];
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	out->fd = pair[0];
	out_end = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	said->fd = pair[0];
	said_end = pair[1];
	fds[0] = (struct proc_fd){out_end, STDOUT_FILENO};
	fds[1] = (struct proc_fd){said_end, STDERR_FILENO};
	spec.fds = fds;
	spec.n_fds = 2;
	return proc_spawn(&spec, ret, e);
}

static int run(
	const struct proc_spec *spec, int limit_ms, char *to, struct secret *ret, struct err *e)
{
	char text[SAID_MAX + 1];
	struct stream out = {.fd = -1, .to = to, .size = SECRET_COMMAND_MAX};
	struct stream said = {.fd = -1, .to = text, .size = SAID_MAX};
	cleanup_proc struct proc p = PROC_NONE;
	int r = spawn(spec, &out, &said, &p, e);

	if (r == 0)
		r = listen_to(&p, &out, &said, limit_ms, e);
	fd_close(&out.fd);
	fd_close(&said.fd);
	while (out.len > 0 && (to[out.len - 1] == '\n' || to[out.len - 1] == '\r'))
		out.len--;
	if (r == 0 && out.len == 0)
		r = err_say(e, ENODATA, "it wrote nothing");
	return r < 0 ? r : secret_set(ret, to, out.len, e);
}

static int run_as(
	const struct secret_command *c, struct runner *by, struct secret *ret, struct err *e)
{
	cleanup_strv char **env = NULL;
	cleanup_free char *path = NULL, *to = NULL;
	struct proc_spec spec = {
		.argv = c->argv, .new_session = 1, .in_child = become_runner, .arg = by};
	int r = make_env(by, c->with_env, &env, e);

	if (r == 0)
		r = find_program(c->argv[0], env, &path, e);
	if (r == 0)
		r = path_check_strict(path, c->owner, e);
	if (r < 0)
		return r;
	to = malloc(SECRET_COMMAND_MAX);
	if (!to)
		return err_set(e, ENOMEM, "a secret");
	spec.path = path;
	spec.envp = env;
	r = run(&spec, c->limit_ms, to, ret, e);
	secret_wipe(to, SECRET_COMMAND_MAX);
	return r;
}

int secret_command_run(const struct secret_command *c, struct secret *ret, struct err *e)
{
	struct runner by = {0};
	int r = find_runner(c->owner, &by, e);

	if (r == 0)
		r = run_as(c, &by, ret, e);
	user_done(&by.user);
	return r;
}
