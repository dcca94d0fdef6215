#include "shim/revoke.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "forge/key_record.h"
#include "forge/revoker.h"
#include "forge/wire.h"
#include "shim/forge_job.h"
#include "shim/monitor_boot.h"
#include "shim/uids.h"
#include "shim/userns.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000

struct entry {
	struct key_record record;
	struct secret token;
	bool done;
	int64_t due; /* proc_now_ms: of the next try */
	int backoff_ms;
	struct err why; /* of the last failure */
};

struct revoke {
	int sock;
	char *state_home, *uids_dir;
	bool once;
	int64_t until;
	struct uids uids;
	struct entry *entries;
	size_t n;
};

/* ---- receive */

static int take_place(struct revoke *v, const struct msg *msg, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int r = v->state_home ? err_say(e, EPROTO, "a second place")
			      : json_parse(msg->body, msg->len, "the place of deploy keys", &j, e);

	if (r < 0)
		return r;
	root = json_root(j, "the place of deploy keys");
	if (json_need_str(&root, "state_home", &v->state_home, e) < 0 ||
		json_get_str(&root, "uids_dir", &v->uids_dir, e) < 0 ||
		json_get_bool(&root, "once", &v->once, e) < 0)
		return -e->code;
	return 0;
}

static void send_result(const struct revoke *v, const char *name, const struct err *why)
{
	struct revoker_result result = {.why = *why};
	struct err gone;

	snprintf(result.name, sizeof(result.name), "%s", name);
	/* As a rule nobody reads it. */
	if (msg_send(v->sock, REVOKER_RESULT, &result, sizeof(result), NULL, 0, &gone) < 0)
		log_debug("%s", gone.msg);
}

/* One that somebody else revokes, or has, is no concern of ours. */
static int take_key(struct revoke *v, struct msg *msg, struct err *e)
{
	size_t name_len = strnlen(msg->body, msg->len);
	struct entry *n = &v->entries[v->n];
	int r;

	if (!v->state_home || v->n >= REVOKER_KEYS_MAX || name_len == 0 || name_len >= msg->len)
		return err_say(e, EPROTO, "a key that was not to come");
	*n = (struct entry){.record = KEY_RECORD_NONE, .backoff_ms = BACKOFF_MIN_MS};
	r = key_record_open(v->state_home, msg->body, msg->n_fds == 1 ? steal_fd(&msg->fds[0]) : -1,
		&n->record, e);
	if (r < 0) {
		struct err why = r == -ENOENT ? (struct err){0} : *e;

		send_result(v, msg->body, &why);
		return 0;
	}
	v->n++;
	r = secret_set(&n->token, msg->body + name_len + 1, msg->len - name_len - 1, e);
	secret_hide_from_children(&n->token);
	return r;
}

static int receive(struct revoke *v, struct err *e)
{
	int r;

	v->entries = calloc(REVOKER_KEYS_MAX, sizeof(*v->entries));
	if (!v->entries)
		return err_set(e, ENOMEM, "revoke deploy keys");
	for (;;) {
		cleanup_msg struct msg msg = {0};

		r = msg_recv(v->sock, &msg, e);
		if (r == 0)
			return err_say(e, EPIPE, "who asked is gone");
		if (r > 0 && msg.type == REVOKER_BEGIN)
			return v->state_home ? 0 : err_say(e, EPROTO, "no place");
		if (r > 0 && msg.type == REVOKER_PLACE)
			r = take_place(v, &msg, e);
		else if (r > 0 && msg.type == REVOKER_KEY)
			r = take_key(v, &msg, e);
		else if (r > 0)
			r = err_say(e, EPROTO, "unexpected message %u", msg.type);
		if (r < 0)
			return r;
	}
}

/* ---- one try */

static int wait_for(struct forge_job *job, struct msg *ret, struct err *e)
{
	struct pollfd pfd = {.fd = job->sock, .events = POLLIN};
	int64_t left;
	int n, r;

	do {
		left = job->due - proc_now_ms();
		n = left > 0 ? poll(&pfd, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_say(e, ETIMEDOUT, "no answer for %d s", FORGE_JOB_MS / 1000);
	r = n < 0 ? err_set(e, errno, "poll") : msg_recv(job->sock, ret, e);
	return r == 0 ? err_say(e, EPIPE, FORGE_PROGRAM " ended without an answer") : r;
}

/* 0: the forge has confirmed that it is gone. *ret_again_s: -1: no further try will do better. */
static int judge(
	const struct key_record *rec, const struct msg *msg, int32_t *ret_again_s, struct err *e)
{
	int64_t age = (int64_t)time(NULL) - rec->made_at;
	struct forge_failure f;
	struct forge_done done;

	if (msg->type == FORGE_FAILED && msg->len == sizeof(f)) {
		memcpy(&f, msg->body, sizeof(f));
		f.why.msg[sizeof(f.why.msg) - 1] = '\0';
		*ret_again_s = f.again_s;
		return err_say(e, f.why.code > 0 ? f.why.code : EIO, "%s", f.why.msg);
	}
	if (msg->type != FORGE_DONE || msg->len != sizeof(done))
		return err_say(e, EPROTO, "unexpected message %u", msg->type);
	memcpy(&done, msg->body, sizeof(done));
	if (rec->id || !done.was_gone || age < 0 || age >= REVOKE_SETTLE_S)
		return 0;
	*ret_again_s = (int32_t)(REVOKE_SETTLE_S - age);
	return err_say(e, EAGAIN,
		"the forge has no such key, but may be making it still; it is looked for again in "
		"%d s",
		*ret_again_s);
}

static int try_once(struct revoke *v, struct entry *n, int32_t *ret_again_s, struct err *e)
{
	const struct order o = {.what = FORGE_REVOKE,
		.key = n->record.key,
		.token = n->token,
		.public_line = n->record.public_line,
		.id = n->record.id};
	cleanup_forge_job struct forge_job job = FORGE_JOB_NONE;
	cleanup_msg struct msg msg = {0};
	int r = forge_job_start(v->uids.first + UIDS_FORGE, &o, &job, e);

	*ret_again_s = 1;
	if (r == 0)
		r = wait_for(&job, &msg, e);
	return r < 0 ? r : judge(&n->record, &msg, ret_again_s, e);
}

/* ---- all of them */

/* The bottle's own log, while it is there. */
static void log_to(const struct revoke *v, const struct entry *n)
{
	cleanup_free char *path =
		str_format("%s/%s/logs/monitor.log", v->state_home, n->record.slug);
	int fd = path && !strchr(n->record.slug, '/')
			 ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
			 : -1;

	log_setup(fd, LOG_TEXT, LOG_INFO);
}

static void finish(struct revoke *v, struct entry *n)
{
	char name[600];
	struct err e;

	log_to(v, n);
	key_record_say(&n->record, name, sizeof(name));
	n->done = true;
	if (!n->why.code && key_record_remove(&n->record, &n->why) == 0)
		log_info("revoked %s", name);
	if (n->why.code) {
		log_error("%s is not revoked: %s; the next command of this operator's tries again, "
			  "and so does `bottle cleanup`",
			name, n->why.msg);
		if (key_record_failed(&n->record, n->why.msg, &e) < 0)
			log_error("%s", e.msg);
	}
	snprintf(name, sizeof(name), "%s", n->record.name);
	key_record_done(&n->record);
	secret_done(&n->token);
	/* Its lock is free when that is heard. */
	send_result(v, name, &n->why);
}

static void attempt(struct revoke *v, struct entry *n)
{
	int32_t again_s = -1;
	int64_t wait_ms;

	n->why = (struct err){0};
	if (try_once(v, n, &again_s, &n->why) == 0 || again_s < 0 || v->once) {
		finish(v, n);
		return;
	}
	wait_ms = (int64_t)again_s * 1000;
	if (wait_ms < n->backoff_ms)
		wait_ms = n->backoff_ms;
	n->due = proc_now_ms() + wait_ms;
	n->backoff_ms = n->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : n->backoff_ms * 2;
	if (n->due > v->until)
		finish(v, n);
}

/* The next one by time; NULL: all are done. */
static struct entry *next_of(struct revoke *v)
{
	struct entry *next = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (!v->entries[i].done && (!next || v->entries[i].due < next->due))
			next = &v->entries[i];
	return next;
}

static void revoke_all(struct revoke *v)
{
	struct entry *n;

	while ((n = next_of(v))) {
		int64_t wait_ms = n->due - proc_now_ms();

		if (wait_ms > 0)
			poll(NULL, 0, (int)wait_ms);
		attempt(v, n);
	}
}

/* An ordinary user's runs as root of a user namespace, as his monitors do. */
static int settle(struct revoke *v, struct err *e)
{
	struct userns_ids ids;
	uint32_t first = 0, n = 0;
	int r = userns_enter(e);

	if (r == 0)
		r = monitor_boot_harden(e);
	if (r == 0 && !v->uids_dir && !(v->uids_dir = uids_directory()))
		r = err_set(e, ENOMEM, "revoke deploy keys");
	if (r == 0)
		r = userns_ids_read(&ids, e);
	if (r == 0)
		r = userns_sidecar_ids(&ids, &first, &n, e);
	return r == 0 ? uids_take(v->uids_dir, first, n, &v->uids, e) : r;
}

/* What kept us from trying at all is told of each. */
static void give_up(struct revoke *v, const struct err *why)
{
	for (size_t i = 0; i < v->n; i++) {
		v->entries[i].why = *why;
		finish(v, &v->entries[i]);
	}
}

int revoke_serve(int sock, struct err *e)
{
	struct revoke v = {
		.sock = sock, .until = proc_now_ms() + REVOKE_MAX_MS, .uids = {.lock_fd = -1}};
	int r;

	signal(SIGPIPE, SIG_IGN);
	log_to_stderr(0);
	r = receive(&v, e);
	if (r == 0) {
		r = settle(&v, e);
		if (r == 0)
			revoke_all(&v);
		else
			give_up(&v, e);
	}
	for (size_t i = 0; i < v.n; i++) {
		key_record_done(&v.entries[i].record);
		secret_done(&v.entries[i].token);
	}
	free(v.entries);
	free(v.state_home);
	free(v.uids_dir);
	uids_release(&v.uids);
	return r;
}
