#include "shim/monitor_token.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/login.h"
#include "shim/monitor_part.h"

#define RETRY_MS 100   /* while another has the lock */
#define HOLD_MS	 60000 /* an egress that does not come back */

/* ---- the file */

static int open_dir(const char *path, struct err *e)
{
	cleanup_free char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!copy)
		errno = ENOMEM;
	return fd < 0 ? err_set(e, errno, "open the directory of '%s'", path) : fd;
}

/* The path is real since create: a symlink there now is another's doing. */
int monitor_token_read(const char *path, struct secret *ret, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text;
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "'%s' is not a regular file", path);
	text = malloc(COMPONENT_TOKEN_MAX + 1);
	if (!text)
		return err_set(e, ENOMEM, "read '%s'", path);
	n = fd_read_full(fd, text, COMPONENT_TOKEN_MAX + 1);
	if (n > COMPONENT_TOKEN_MAX)
		n = -EFBIG;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	r = n < 0    ? err_set(e, (int)-n, "read '%s'", path)
	    : n == 0 ? err_say(e, ENODATA, "'%s' is empty", path)
		     : secret_set(ret, text, (size_t)n, e);
	secret_wipe(text, COMPONENT_TOKEN_MAX + 1);
	free(text);
	return r;
}

/* A new file with the mode and the owner of the old one. */
static int fill(int fd, const struct stat *like, const struct secret *value)
{
	static const char end = '\n';
	int r = fd_write_all(fd, value->bytes, value->len);

	if (r == 0)
		r = fd_write_all(fd, &end, 1);
	if (r < 0)
		return r;
	if (fchown(fd, like->st_uid, like->st_gid) < 0 || fchmod(fd, like->st_mode & 07777) < 0 ||
		fsync(fd) < 0)
		return -errno;
	return 0;
}

int monitor_token_write(const char *path, const struct secret *value, struct err *e)
{
	cleanup_fd int dir = open_dir(path, e), fd = -1;
	const char *name = strrchr(path, '/') + 1;
	char tmp[NAME_MAX + 1];
	struct stat st;
	int r;

	if (dir < 0)
		return dir;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "'%s' is not a regular file", path);
	if ((size_t)snprintf(tmp, sizeof(tmp), ".%.200s.bottle-%d", name, (int)getpid()) >=
		sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "write '%s'", path);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* One of that pid, dead long ago. */
	if (fd < 0 && errno == EEXIST && unlinkat(dir, tmp, 0) == 0)
		fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "write a new '%s'", path);
	r = fill(fd, &st, value);
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dir, tmp, 0);
	return err_set(e, -r, "write '%s'", path);
}

/* ---- who may renew */

static struct monitor_secret *find(struct monitor *m, const char *slot, size_t len)
{
	for (size_t i = 0; i < m->plan.n_secrets; i++) {
		struct monitor_secret *s = &m->plan.secrets[i];

		if (s->to_egress && strlen(s->slot) == len && memcmp(s->slot, slot, len) == 0)
			return s;
	}
	return NULL;
}

static void let_go(struct monitor_secret *s)
{
	fd_close(&s->lock_fd);
	s->turn = TOKEN_NOBODY;
	s->turn_due = INT64_MAX;
}

/* The newest, into s->value. What cannot be read any more stays as it was. */
static void reread(struct monitor_secret *s)
{
	cleanup_secret struct secret now = {0};
	struct err e;

	if (!s->place)
		return;
	if (monitor_token_read(s->place, &now, &e) < 0) {
		log_warning("a renewal goes on with what was read before: %s", e.msg);
		return;
	}
	secret_done(&s->value);
	s->value = now;
	now = (struct secret){0};
	secret_hide_from_children(&s->value);
}

static int answer(struct monitor_part *p, struct monitor_secret *s, struct err *e)
{
	size_t name = strlen(s->slot) + 1;
	char *body = malloc(name + s->value.len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "hand over '%s'", s->slot);
	memcpy(body, s->slot, name);
	memcpy(body + name, s->value.bytes, s->value.len);
	r = msg_send(p->c.control, COMPONENT_TOKEN_NOW, body, name + s->value.len, NULL, 0, e);
	secret_wipe(body, name + s->value.len);
	free(body);
	return r;
}

/* Whether it is this bottle's turn; without a place there is nobody to wait for. */
static bool lock(struct monitor_secret *s)
{
	struct err e;

	if (!s->place)
		return true;
	if (s->lock_fd < 0)
		s->lock_fd = open_dir(s->place, &e);
	if (s->lock_fd < 0) {
		log_warning("%s: it is renewed without a lock", e.msg);
		s->lock_fd = -1;
		return true;
	}
	return flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static int try_turn(struct monitor_part *p, struct monitor_secret *s, struct err *e)
{
	if (!lock(s)) {
		s->turn = TOKEN_WAITS;
		s->turn_due = proc_now_ms() + RETRY_MS;
		return 0;
	}
	s->turn = TOKEN_RENEWS;
	s->turn_due = proc_now_ms() + HOLD_MS;
	reread(s);
	return answer(p, s, e);
}

int monitor_token_ask(
	struct monitor *m, struct monitor_part *p, const struct msg *msg, struct err *e)
{
	struct monitor_secret *s = find(m, msg->body, msg->len);

	if (!s || monitor_part_id(p) != COMPONENT_EGRESS || msg->n_fds > 0)
		return err_say(e, EPROTO, "it asked to renew what it does not have");
	if (s->turn == TOKEN_WAITS || s->turn == TOKEN_RENEWS)
		return err_say(e, EPROTO, "it asked to renew '%s' twice", s->slot);
	return try_turn(p, s, e);
}

/* ---- what was renewed */

static int merge_login(
	struct monitor_secret *s, const char *text, size_t len, struct secret *ret, struct err *e)
{
	cleanup_login_tokens struct login_tokens t = {0};
	int r = login_tokens_decode(text, len, &t, e);

	return r < 0 ? r
		     : login_write(
			       login_provider_find(s->provider), &s->value, &t, time(NULL), ret, e);
}

static int keep(struct monitor_secret *s, const char *text, size_t len, struct err *e)
{
	cleanup_secret struct secret fresh = {0};
	struct err why;
	int r;

	if (s->provider) {
		r = merge_login(s, text, len, &fresh, e);
	} else {
		r = login_token_check("renewed token", text, len, e);
		if (r == 0)
			r = secret_set(&fresh, text, len, e);
	}
	if (r == 0 && fresh.len > COMPONENT_TOKEN_MAX)
		r = err_say(e, EFBIG, "a login of more than %d bytes", COMPONENT_TOKEN_MAX);
	if (r < 0)
		return r;
	secret_done(&s->value);
	s->value = fresh;
	fresh = (struct secret){0};
	secret_hide_from_children(&s->value);
	if (!s->place)
		log_warning("'%s' was renewed and came from no file: the bottle knows the new one, "
			    "nobody else does",
			s->slot);
	else if (monitor_token_write(s->place, &s->value, &why) < 0)
		log_error("%s: the renewed token is this bottle's alone, others must log in anew",
			why.msg);
	return 0;
}

int monitor_token_take(
	struct monitor *m, struct monitor_part *p, const struct msg *msg, struct err *e)
{
	size_t name = strnlen(msg->body, msg->len);
	struct monitor_secret *s = find(m, msg->body, name);
	int r = 0;

	if (!s || monitor_part_id(p) != COMPONENT_EGRESS || msg->n_fds > 0 || name == msg->len ||
		msg->len - name - 1 > COMPONENT_TOKEN_MAX)
		return err_say(e, EPROTO, "a malformed renewal");
	/* Late is better than never: what it used before is worth nothing now. */
	if (s->turn != TOKEN_RENEWS && s->turn != TOKEN_LATE)
		return err_say(e, EPROTO, "it renewed '%s' without asking", s->slot);
	if (msg->len - name > 1) {
		/* What else stands there may have changed meanwhile. */
		reread(s);
		r = keep(s, msg->body + name + 1, msg->len - name - 1, e);
	}
	let_go(s);
	return r;
}

/* ---- time */

void monitor_token_forget(struct monitor *m)
{
	for (size_t i = 0; i < m->plan.n_secrets; i++)
		let_go(&m->plan.secrets[i]);
}

void monitor_token_tick(struct monitor *m, int64_t now)
{
	struct monitor_part *p = &m->parts[COMPONENT_EGRESS];
	struct err e;

	for (size_t i = 0; i < m->plan.n_secrets; i++) {
		struct monitor_secret *s = &m->plan.secrets[i];

		if (s->turn_due > now)
			continue;
		if (s->turn == TOKEN_WAITS && p->state == PART_UP) {
			if (try_turn(p, s, &e) < 0)
				log_warning("%s", e.msg);
			continue;
		}
		log_warning("'%s' was not renewed in time: others may", s->slot);
		let_go(s);
		s->turn = TOKEN_LATE;
	}
}

int64_t monitor_token_due(const struct monitor *m)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (m->plan.secrets[i].turn_due < due)
			due = m->plan.secrets[i].turn_due;
	return due;
}
