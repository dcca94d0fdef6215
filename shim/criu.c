#include "shim/criu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "shim/protobuf.h"

#define ANSWER_MAX  (64U << 10)
#define OLDEST	    3 /* the first major version with the request VERSION */
#define EXTRA_FDS   8
#define SOCKET_FD   3
#define WANTED_HELP "install Debian's package criu, or name the program with --criu"

/* Fields of criu_req and criu_resp. */
enum { REQ_TYPE = 1, REQ_OPTS, REQ_NOTIFY_SUCCESS, REQ_KEEP_OPEN, REQ_FEATURES };
enum {
	RESP_TYPE = 1,
	RESP_SUCCESS,
	RESP_NOTIFY = 5,
	RESP_ERRNO = 7,
	RESP_FEATURES,
	RESP_MESSAGE,
	RESP_VERSION
};

/* One message of criu's, as far as we look at it. */
struct answer {
	uint64_t type;
	bool success;
	int code;      /* errno, 0: not told */
	char *message; /* criu's words, or NULL */
	char *note;    /* a notification's name, or NULL */
	pid_t note_pid;
	int note_fd;		  /* owned, or -1 */
	uint64_t features, major; /* features: a bit each */
};

static void answer_done(struct answer *a)
{
	free(a->message);
	free(a->note);
	fd_close(&a->note_fd);
}

/* ---- the program */

/* As execvp(3) looks, but the descriptor table and the environment are proc_spawn's. */
static int find_program(const char *name, char **ret, struct err *e)
{
	const char *path = getenv("PATH");
	cleanup_free char *copy = strdup(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	char *save = NULL;

	if (strchr(name, '/')) {
		*ret = strdup(name);
		return *ret ? 0 : err_set(e, ENOMEM, "criu");
	}
	for (char *d = copy ? strtok_r(copy, ":", &save) : NULL; d;
		d = strtok_r(NULL, ":", &save)) {
		cleanup_free char *file = str_format("%s/%s", d, name);

		if (file && access(file, X_OK) == 0) {
			*ret = steal_ptr(&file);
			return 0;
		}
	}
	return err_say(e, ENOENT,
		"checkpoint and restore need the program criu, and '%s' is not in "
		"$PATH: " WANTED_HELP,
		name);
}

static int spawn(const struct proc_spec *spec, int sock, struct criu *ret, struct err *e)
{
	static char name[] = "criu", mode[] = "swrk", number[] = "3";
	char *const argv[] = {name, mode, number, NULL};
	struct proc_fd fds[EXTRA_FDS + 1] = {{sock, SOCKET_FD}};
	cleanup_free char *path = NULL;
	struct proc_spec own = *spec;
	int r = find_program(spec->path, &path, e);

	if (r < 0)
		return r;
	if (spec->n_fds > EXTRA_FDS)
		return err_say(
			e, EINVAL, "criu can be given no more than %d descriptors", EXTRA_FDS);
	for (size_t i = 0; i < spec->n_fds; i++)
		fds[i + 1] = spec->fds[i];
	own.path = path;
	own.argv = argv;
	own.envp = environ;
	own.fds = fds;
	own.n_fds = spec->n_fds + 1;
	r = proc_spawn(&own, &ret->proc, e);
	if (r == -ENOENT)
		return err_say(e, ENOENT, "criu: there is no program '%s': " WANTED_HELP, path);
	return r < 0 ? err_wrap(e, "criu") : 0;
}

int criu_start(const struct proc_spec *spec, struct criu *ret, struct err *e)
{
	cleanup_fd int ours = -1, theirs = -1;
	int pair[2], r;

	*ret = CRIU_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	r = spawn(spec, theirs, ret, e);
	if (r == 0)
		ret->sock = steal_fd(&ours);
	return r;
}

void criu_end(struct criu *c)
{
	fd_close(&c->sock);
	proc_kill(&c->proc);
}

/* ---- messages */

static int add_text(const struct protobuf_field *f, char **ret)
{
	size_t len = f->len;

	free(*ret);
	/* criu's words are lines of its log. */
	while (f->data && len > 0 && f->data[len - 1] == '\n')
		len--;
	*ret = f->data ? strndup(f->data, len) : NULL;
	return *ret ? 0 : -EBADMSG;
}

static int read_note(const struct protobuf_field *outer, struct answer *a)
{
	struct protobuf p = protobuf_inside(outer);
	struct protobuf_field f;
	int r;

	while ((r = protobuf_next(&p, &f)) > 0) {
		if (f.number == 1)
			r = add_text(&f, &a->note);
		else if (f.number == 2)
			a->note_pid = (pid_t)f.value;
		if (r < 0)
			return r;
	}
	return r;
}

/* Booleans, a bit each, and the first number by itself. */
static int read_numbers(const struct protobuf_field *outer, uint64_t *bits, uint64_t *first)
{
	struct protobuf p = protobuf_inside(outer);
	struct protobuf_field f;
	int r;

	while ((r = protobuf_next(&p, &f)) > 0) {
		if (f.number < 64 && f.value)
			*bits |= UINT64_C(1) << f.number;
		if (f.number == 1)
			*first = f.value;
	}
	return r;
}

static int read_field(const struct protobuf_field *f, struct answer *a)
{
	uint64_t unused = 0;

	switch (f->number) {
	case RESP_TYPE:
		a->type = f->value;
		return 0;
	case RESP_SUCCESS:
		a->success = f->value;
		return 0;
	case RESP_ERRNO:
		a->code = (int)f->value;
		return 0;
	case RESP_MESSAGE:
		return add_text(f, &a->message);
	case RESP_NOTIFY:
		return read_note(f, a);
	case RESP_FEATURES:
		return read_numbers(f, &a->features, &unused);
	case RESP_VERSION:
		return read_numbers(f, &unused, &a->major);
	default:
		return 0;
	}
}

static int take_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int receive(struct criu *c, struct answer *ret, struct err *e)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	cleanup_free unsigned char *buf = malloc(ANSWER_MAX);
	struct iovec iov = {.iov_base = buf, .iov_len = ANSWER_MAX};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	struct protobuf_field f;
	struct protobuf p;
	ssize_t n;
	int r;

	*ret = (struct answer){.note_fd = -1};
	if (!buf)
		return err_set(e, ENOMEM, "criu");
	do {
		n = recvmsg(c->sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "hear from criu");
	if (n == 0)
		return err_say(e, EPIPE, "criu has ended without an answer");
	ret->note_fd = take_fd(&m);
	p = (struct protobuf){buf, buf + n};
	while ((r = protobuf_next(&p, &f)) > 0)
		if ((r = read_field(&f, ret)) < 0)
			break;
	if (r < 0 || (m.msg_flags & MSG_TRUNC))
		return err_say(e, EBADMSG, "criu's answer is none of its protocol");
	return 0;
}

static int send_request(struct criu *c, const struct str *request, struct err *e)
{
	if (request->failed)
		return err_set(e, ENOMEM, "criu");
	if (send(c->sock, request->s, request->len, MSG_NOSIGNAL) < 0)
		return err_set(e, errno, "ask criu");
	return 0;
}

static const char *name_of(enum criu_request type)
{
	switch (type) {
	case CRIU_DUMP:
		return "DUMP";
	case CRIU_RESTORE:
		return "RESTORE";
	case CRIU_PRE_DUMP:
		return "PRE_DUMP";
	case CRIU_NOTIFY:
		return "NOTIFY";
	case CRIU_FEATURE_CHECK:
		return "FEATURE_CHECK";
	case CRIU_VERSION:
		return "VERSION";
	}
	return "?";
}

static int refused(enum criu_request type, const struct answer *a, struct err *e)
{
	int code = a->code > 0 ? a->code : EIO;

	if (a->message)
		return err_say(e, code, "criu failed: type %s errno %d: %s", name_of(type), a->code,
			a->message);
	return err_say(e, code, "criu failed: type %s errno %d", name_of(type), a->code);
}

/* ---- questions */

/* A request that criu goes on after; `features`: encoded, or NULL. */
static int ask(struct criu *c, enum criu_request type, const struct str *features,
	struct answer *ret, struct err *e)
{
	cleanup_str struct str request = {0};
	int r;

	*ret = (struct answer){.note_fd = -1};
	protobuf_add_int(&request, REQ_TYPE, type);
	protobuf_add_bool(&request, REQ_KEEP_OPEN, true);
	if (features)
		protobuf_add_message(&request, REQ_FEATURES, features);
	r = send_request(c, &request, e);
	if (r == 0)
		r = receive(c, ret, e);
	return r == 0 && !ret->success ? refused(type, ret, e) : r;
}

int criu_check_version(struct criu *c, struct err *e)
{
	struct answer a;
	int r = ask(c, CRIU_VERSION, NULL, &a, e);

	if (r == 0 && a.major < OLDEST)
		r = err_say(e, ENOTSUP, "criu is of version %llu, and %d is needed",
			(unsigned long long)a.major, OLDEST);
	answer_done(&a);
	return r;
}

int criu_check_feature(struct criu *c, enum criu_feature feature, struct err *e)
{
	cleanup_str struct str wanted = {0};
	struct answer a;
	int r;

	protobuf_add_bool(&wanted, feature, true);
	r = ask(c, CRIU_FEATURE_CHECK, &wanted, &a, e);
	if (r == 0 && !(a.features & UINT64_C(1) << feature))
		r = err_say(e, ENOTSUP, "criu is missing features: %s",
			feature == CRIU_MEM_TRACK ? "mem_track" : "lazy_pages");
	answer_done(&a);
	return r;
}

/* ---- work */

/*
 * A failure of the listener's is told to criu, too, which undoes its work (it thaws what it dumps,
 * kills what it restores) and answers that it has failed: killed it could not. *failed: the reason.
 */
static int answer_note(struct criu *c, const struct criu_listener *l, struct answer *a,
	struct err *failed, struct err *e)
{
	cleanup_str struct str request = {0};
	struct criu_note note = {a->note, a->note_pid, steal_fd(&a->note_fd)};
	int r;

	if (!a->note)
		return err_say(e, EBADMSG, "criu told of something without its name");
	log_debug("criu: %s", a->note);
	r = failed->code ? -failed->code : l->hear(l->arg, &note, failed);
	fd_close(&note.fd);
	protobuf_add_int(&request, REQ_TYPE, CRIU_NOTIFY);
	protobuf_add_bool(&request, REQ_NOTIFY_SUCCESS, r == 0);
	return send_request(c, &request, e);
}

/* 1: go on listening. */
static int step(struct criu *c, enum criu_request type, const struct criu_listener *l,
	struct err *failed, struct err *e)
{
	struct answer a;
	int r = receive(c, &a, e);

	if (r == 0 && !a.success)
		r = refused(type, &a, e);
	else if (r == 0 && a.type == CRIU_NOTIFY)
		r = answer_note(c, l, &a, failed, e) < 0 ? -e->code : 1;
	else if (r == 0 && a.type != type)
		r = err_say(e, EBADMSG, "criu answered %llu where %s was asked",
			(unsigned long long)a.type, name_of(type));
	answer_done(&a);
	return r;
}

/* It has answered, so it only cleans up; after a pre-dump it would wait for the next one. */
static int end_well(struct criu *c, enum criu_request type, struct err *e)
{
	int status = 0, r;

	fd_close(&c->sock);
	r = proc_wait(&c->proc, -1, &status, e);
	if (r > 0 && status != 0 && type != CRIU_PRE_DUMP)
		return err_say(e, EIO, "criu failed: %s %d",
			WIFSIGNALED(status) ? "signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return r < 0 ? r : 0;
}

int criu_work(struct criu *c, enum criu_request type, const struct str *opts,
	const struct criu_listener *listener, struct err *e)
{
	cleanup_str struct str request = {0};
	struct err failed = {0};
	int r;

	protobuf_add_int(&request, REQ_TYPE, type);
	protobuf_add_message(&request, REQ_OPTS, opts);
	r = send_request(c, &request, e);
	if (r == 0)
		do {
			r = step(c, type, listener, &failed, e);
		} while (r > 0);
	if (r == 0)
		r = end_well(c, type, e);
	if (!failed.code)
		return r;
	*e = failed;
	return -e->code;
}
