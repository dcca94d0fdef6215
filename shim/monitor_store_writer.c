#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/monitor_store_impl.h"
#include "shim/store_commit.h"
#include "shim/store_trim.h"
#include "shim/store_view.h"

/* Until another bottle's writer in the same store has ended, and how often that is looked for. */
#define RETRY_MS  2000
#define TRIES_MAX 60
/* After an offer that came to nothing, doubled each time. */
#define REFUSED_MS     1000
#define REFUSED_MS_MAX 300000

static const struct component_kind kind = {
	.name = "store",
	.program = "bottle-store",
	.uid_offset = 3,
	.files = 256,
	.processes = COMPONENT_PROCESSES,
	.file_size = STORE_BYTES_MAX,
};

static const char *name_of(const struct monitor *m, const struct monitor_store_repo *r)
{
	return m->gate.repos[r - m->store->repos].name;
}

/* ---- offers */

static int check_fd(int fd, const char *what, int64_t max, struct err *e)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "the %s of an offer", what);
	if (!S_ISREG(st.st_mode) || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH))
		return err_say(e, EPROTO, "the %s of an offer is no file to be read", what);
	if (st.st_size > max)
		return err_say(e, EFBIG, "the %s of an offer has %lld bytes; %lld are the most",
			what, (long long)st.st_size, (long long)max);
	return 0;
}

static struct monitor_store_repo *find(const struct monitor *m, const char *name)
{
	for (size_t i = 0; i < m->gate.n_repos; i++)
		if (str_eq(m->gate.repos[i].name, name) && monitor_store_has(&m->store->repos[i]))
			return &m->store->repos[i];
	return NULL;
}

/* A newer offer takes the place of one that waits: it has all that the other has, and more. */
int monitor_store_offer(struct monitor *m, struct msg *msg, struct err *e)
{
	struct monitor_store_repo *r = m->store ? find(m, msg->body) : NULL;
	int n;

	if (!r || msg->n_fds != 2)
		return err_say(e, EPROTO, "an offer for no store, or without its descriptors");
	n = check_fd(msg->fds[0], "pack", STORE_BYTES_MAX, e);
	if (n == 0)
		n = check_fd(msg->fds[1], "refs", STORE_REFS_MAX, e);
	if (n == -EFBIG) {
		log_warning("nothing is kept of '%s': %s", name_of(m, r), e->msg);
		return 0;
	}
	if (n < 0 || m->store->stopping)
		return n;
	fd_close(&r->pack_fd);
	fd_close(&r->refs_fd);
	r->pack_fd = steal_fd(&msg->fds[0]);
	r->refs_fd = steal_fd(&msg->fds[1]);
	r->tries = 0;
	return 0;
}

static void close_offer(struct monitor_store_repo *r)
{
	fd_close(&r->pack_fd);
	fd_close(&r->refs_fd);
}

static void drop_offer(struct monitor_store_repo *r)
{
	close_offer(r);
	r->tidy = false;
	r->tries = 0;
}

/* ---- a writer's life */

struct component *monitor_store_writer(const struct monitor *m)
{
	return m->store && m->store->at ? &m->store->c : NULL;
}

static void forget(struct monitor_store *s)
{
	component_kill(&s->c);
	fd_close(&s->pidfd);
	fd_close(&s->lock_fd);
	s->at = NULL;
	s->ready = s->failed = false;
	s->due = INT64_MAX;
}

void monitor_store_end_writer(struct monitor_store *s)
{
	struct err e;

	if (!s->at)
		return;
	component_kill(&s->c);
	if (path_remove_tree(s->at->store.dirfd, STORE_NEW, &e) < 0)
		log_warning("%s", e.msg);
	forget(s);
}

static int make_place(const struct monitor *m, const struct store *s, struct err *e)
{
	uid_t uid = m->uids.first + kind.uid_offset;
	int r = path_remove_tree(s->dirfd, STORE_NEW, e);

	if (r < 0)
		return r;
	if (mkdirat(s->dirfd, STORE_NEW, 0700) < 0 ||
		fchownat(s->dirfd, STORE_NEW, uid, uid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "make a writer's place");
	return 0;
}

static int spawn(struct monitor *m, struct monitor_store_repo *r, struct err *e)
{
	cleanup_free char *now = NULL, *place = str_format("%s/" STORE_NEW, r->path);
	cleanup_free char *view = str_format("%s/%s.git", m->store->views, name_of(m, r));
	struct component_bind binds[3] = {
		{place, MONITOR_STORE_PLACE, true}, {view, MONITOR_STORE_VIEW, false}};
	struct component_start start = {.kind = &kind,
		.program_fd = m->store->program_fd,
		.netns_fd = -1,
		.log_fd = m->store->log_fd,
		.creds_fd = -1,
		.uid = m->uids.first + kind.uid_offset,
		.binds = binds,
		.n_binds = 2};
	unsigned int newest;
	int n = store_newest(r->store.dirfd, &newest, e);

	if (n < 0)
		return n;
	now = str_format("%s/%u", r->path, newest);
	if (!now || !place || !view)
		return err_set(e, ENOMEM, "start a writer");
	if (newest > 0)
		binds[start.n_binds++] = (struct component_bind){now, MONITOR_STORE_NOW, false};
	return component_spawn(&start, &m->store->c, e);
}

static int tell_fd(const struct monitor_store *s, const char *name, int fd, struct err *e)
{
	return msg_send(s->c.control, COMPONENT_LISTENER, name, strlen(name), &fd, 1, e);
}

static int tell(struct monitor_store *s, const struct monitor_store_repo *r, struct err *e)
{
	const char *text = s->tidying ? "{\"tidy\":true}" : "{\"tidy\":false}";
	int n = msg_send(s->c.control, COMPONENT_CONFIG, text, strlen(text), NULL, 0, e);

	if (n == 0 && !s->tidying)
		n = tell_fd(s, MONITOR_STORE_PACK, r->pack_fd, e);
	if (n == 0 && !s->tidying)
		n = tell_fd(s, MONITOR_STORE_REFS, r->refs_fd, e);
	return n == 0 ? msg_send(s->c.control, COMPONENT_BEGIN, NULL, 0, NULL, 0, e) : n;
}

static int begin(struct monitor *m, struct monitor_store_repo *r, struct err *e)
{
	struct monitor_store *s = m->store;
	int n;

	s->lock_fd = store_lock(&r->store, STORE_WRITER, LOCK_EX, 0, e);
	if (s->lock_fd < 0)
		return s->lock_fd;
	s->at = r;
	s->tidying = r->pack_fd < 0;
	s->due = proc_now_ms() + MONITOR_STORE_MAX_MS;
	n = make_place(m, &r->store, e);
	if (n == 0)
		n = spawn(m, r, e);
	if (n == 0)
		n = tell(s, r, e);
	/* What is offered from now on comes after it. */
	if (n == 0)
		close_offer(r);
	return n;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Not again at once: what was refused now will be the next time, too. */
static void come_to_nothing(struct monitor *m, struct monitor_store_repo *r, const struct err *why)
{
	int64_t wait = REFUSED_MS << (r->refused < 10 ? r->refused : 10);

	log_warning("nothing new is kept of '%s': %s", name_of(m, r), why->msg);
	r->refused++;
	r->due = proc_now_ms() + earlier(wait, REFUSED_MS_MAX);
	drop_offer(r);
}

static void start(struct monitor *m, struct monitor_store_repo *r, int64_t now)
{
	struct err e;
	int n = begin(m, r, &e);

	if (n == 0)
		return;
	if (n == -EAGAIN && !m->store->at && ++r->tries < TRIES_MAX) {
		r->due = now + RETRY_MS;
		return;
	}
	monitor_store_end_writer(m->store);
	come_to_nothing(m, r, &e);
}

/* ---- what it says */

static int take_started(struct monitor *m, struct msg *msg, struct err *e)
{
	if (msg->n_fds != 1 || m->store->pidfd >= 0)
		return err_say(e, EPROTO, "started twice, or without a pidfd");
	m->store->pidfd = steal_fd(&msg->fds[0]);
	return 0;
}

/* READY is believed when the kernel says that it is confined; only then the pack is opened. */
static int take_ready(struct monitor *m, struct err *e)
{
	pid_t pid = m->store->pidfd < 0 ? err_say(e, EPROTO, "ready before it was started")
					: component_pid_of(m->store->pidfd, e);

	m->store->ready = true;
	if (pid < 0)
		return pid;
	if (component_verify(pid, m->uids.first + kind.uid_offset, e) < 0)
		return -e->code;
	return msg_send(m->store->c.control, COMPONENT_BEGIN, NULL, 0, NULL, 0, e);
}

static int take_failed(const struct msg *msg, struct err *e)
{
	if (msg->len != sizeof(*e))
		return err_say(e, EPROTO, "a malformed failure");
	memcpy(e, msg->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	return -EIO;
}

static void condemn(struct monitor_store *s, const struct err *why)
{
	if (!s->failed)
		s->why = *why;
	s->failed = true;
	fd_close(&s->c.control);
	(void)proc_pidfd_signal(s->c.init.pidfd, SIGKILL);
}

void monitor_store_hear(struct monitor *m)
{
	cleanup_msg struct msg msg = {0};
	struct err e = {0};
	int r = msg_recv(m->store->c.control, &msg, &e);

	if (r == 0) {
		fd_close(&m->store->c.control);
		return;
	}
	if (r > 0 && msg.type == COMPONENT_STARTED)
		r = take_started(m, &msg, &e);
	else if (r > 0 && msg.type == COMPONENT_READY && !m->store->ready)
		r = take_ready(m, &e);
	else if (r > 0 && msg.type == COMPONENT_FAILED)
		r = take_failed(&msg, &e);
	else if (r > 0)
		r = err_say(&e, EPROTO, "unknown control message %u", msg.type);
	if (r < 0)
		condemn(m->store, &e);
}

/* ---- its end */

/* The many packs of a store, and what its upstream took back a day ago. */
#define KEPT_S 86400

struct state {
	size_t packs;
	time_t oldest;
};

static int look_at(int dirfd, const char *base, void *arg, struct err *e)
{
	cleanup_free char *name = str_format("%s.pack", base);
	struct state *s = arg;
	struct stat st;

	if (!name || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, name ? errno : ENOMEM, "look at a store");
	s->packs++;
	if (s->oldest == 0 || st.st_mtime < s->oldest)
		s->oldest = st.st_mtime;
	return 0;
}

static bool wants_tidying(int version_fd)
{
	cleanup_fd int dir = openat(version_fd, STORE_PACK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct state s = {0};
	struct err e;

	if (dir < 0 || store_each_pack(dir, look_at, &s, &e) < 0)
		return false;
	return s.packs >= STORE_PACKS_TIDY ||
	       (s.packs > 1 && time(NULL) - s.oldest > KEPT_S && store_has_kept(version_fd));
}

static int commit(struct monitor *m, struct err *e)
{
	struct monitor_store *s = m->store;
	const struct store_result w = {.store = &s->at->store,
		.writer = m->uids.first + kind.uid_offset,
		.keep_old = !s->tidying};
	cleanup_fd int version = -1, out = openat(s->at->store.dirfd, STORE_NEW "/" STORE_OUT,
					     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = out < 0 ? err_set(e, errno, "open what the writer left")
			: store_commit(&w, out, &version, e);

	if (r < 0)
		return r;
	s->at->tidy = !s->tidying && wants_tidying(version);
	if (!s->tidying)
		r = store_view_grow(s->at->view_fd, version, out, STORE_OUT_VIEW, e);
	return r == 0 ? store_trim(s->root_fd, MONITOR_STORE_BYTES_MAX, e) : r;
}

static int judge(struct monitor *m, int status, struct err *e)
{
	struct monitor_store *s = m->store;
	char how[80];

	if (s->failed)
		*e = s->why;
	else if (status != 0 || !s->ready)
		err_say(e, EIO, "the writer ended (%s)",
			component_end_text(status, how, sizeof(how)));
	else
		return commit(m, e);
	return -EIO;
}

void monitor_store_ended(struct monitor *m)
{
	struct monitor_store *s = m->store;
	struct monitor_store_repo *r = s->at;
	bool tidied = s->tidying;
	struct err e;
	int status = 0;

	/* Its last words may still be on the way. */
	while (s->c.control >= 0)
		monitor_store_hear(m);
	if (proc_wait(&s->c.init, 0, &status, &e) < 0)
		log_error("%s", e.msg);
	if (judge(m, status, &e) < 0) {
		monitor_store_end_writer(s);
		come_to_nothing(m, r, &e);
		return;
	}
	monitor_store_end_writer(s);
	log_info("what '%s' has is kept%s", name_of(m, r), tidied ? ", tidied" : "");
	r->refused = 0;
}

/* ---- the clock */

static bool waits(const struct monitor_store_repo *r)
{
	return r->pack_fd >= 0 || r->tidy;
}

int64_t monitor_store_due(const struct monitor *m)
{
	const struct monitor_store *s = m->store;
	int64_t due = INT64_MAX;

	if (!s)
		return due;
	if (s->at)
		return s->due;
	for (size_t i = 0; i < s->n_repos; i++)
		if (waits(&s->repos[i]))
			due = earlier(due, s->repos[i].due);
	return due;
}

void monitor_store_tick(struct monitor *m, int64_t now)
{
	struct monitor_store *s = m->store;
	struct err e;

	if (!s || monitor_store_due(m) > now)
		return;
	if (s->at) {
		err_say(&e, ETIMEDOUT, "the writer was not done in time");
		condemn(s, &e);
		s->due = INT64_MAX;
		return;
	}
	for (size_t i = 0; i < s->n_repos && !s->at; i++)
		if (waits(&s->repos[i]) && s->repos[i].due <= now)
			start(m, &s->repos[i], now);
}

void monitor_store_stop(struct monitor *m, bool hurry)
{
	struct monitor_store *s = m->store;

	if (!s)
		return;
	for (size_t i = 0; i < s->n_repos; i++)
		drop_offer(&s->repos[i]);
	if (s->at && !s->stopping)
		s->due = earlier(s->due, proc_now_ms() + MONITOR_GRACE_MS);
	if (s->at && hurry)
		s->due = 0;
	s->stopping = true;
}
