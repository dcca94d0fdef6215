#include "gate/http.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "gate/channel.h"
#include "gate/http_git.h"
#include "gate/http_relay.h"
#include "gate/lfs.h"
#include "gate/mirror.h"
#include "gate/serve.h"
#include "gate/session.h"

/*
 * An exchange of git's over HTTP is a GET of the refs and one POST or several: what the GET has
 * made fresh is fresh for those.
 */
#define FRESH_NS (10LL * 1000000000)

struct connection {
	const struct gate *gate;
	struct http_wire wire;
	struct session session; /* of the repository that was asked for last; repo NULL: none */
};

static void refuse(struct connection *c, struct http_request *q, int status, const char *sentence)
{
	if (q->path.repo && q->path.ask == HTTP_ASK_LFS)
		http_answer_lfs(&c->wire, &q->manner, status, sentence);
	else if (q->path.repo && q->status == 0)
		http_git_refuse(&c->wire, q, status, sentence);
	else
		http_answer_text(&c->wire, &q->manner, status, q->allow, sentence);
	/* A body that nobody reads. */
	q->manner.keep = q->manner.keep && http_body_is_whole(&q->body);
}

/* Its address is looked up once for as long as the connection stays with it. */
static int open_session(struct connection *c, const struct http_request *q, struct err *e)
{
	int r;

	if (c->session.repo == q->path.repo)
		return 0;
	c->session.repo = NULL;
	r = session_open(c->gate, q->path.repo, &c->session, e);
	if (r < 0)
		c->session.repo = NULL;
	return r;
}

static int start_helper(const struct http_git_job *job, struct http_relay *r, struct err *e)
{
	const struct http_request *q = job->request;
	const struct lfs_job lfs = {.session = job->session,
		.method = q->head.method,
		.path = q->path.rest,
		.length = http_body_length(&q->body)};
	cleanup_fd int in = -1, out = -1;
	int rc = http_relay_open(r, &in, &out, e);

	if (rc < 0)
		return rc;
	return q->path.ask == HTTP_ASK_LFS ? lfs_start(&lfs, in, out, &r->helper, e)
					   : http_git_start(job, in, out, &r->helper, e);
}

static bool publishes(const struct http_request *q)
{
	return q->path.ask == HTTP_ASK_LFS ||
	       (q->path.ask == HTTP_ASK_SERVICE && q->path.service == REQUEST_RECEIVE_PACK);
}

/* What may have been published is so, or not; and the agent has its answer. */
static void end_push(const struct http_request *q)
{
	struct err e;

	if (!publishes(q))
		return;
	/* The hook's lock is on our descriptor, too. */
	if (q->path.ask == HTTP_ASK_SERVICE && mirror_unlock(GATE_FD_LOCK, &e) < 0)
		log_warning("%s", e.msg);
	if (channel_tell(CHANNEL_DONE, &e) < 0)
		log_debug("the gate does not listen: %s", e.msg);
}

static int relay(
	struct connection *c, const struct http_git_job *job, struct http_request *q, struct err *e)
{
	struct http_relay r = {.wire = &c->wire,
		.body = &q->body,
		.manner = &q->manner,
		.to_the_end = publishes(q),
		.helper = PROC_NONE,
		.up = -1,
		.down = -1};
	int rc = start_helper(job, &r, e);

	if (rc < 0) {
		fd_close(&r.up);
		fd_close(&r.down);
		log_warning("refused: %s", e->msg);
		refuse(c, q, 503, e->msg);
		return 0;
	}
	http_request_continue(q, &c->wire);
	rc = http_relay_run(&r, e);
	end_push(q);
	if (rc == 0)
		return 0;
	/* Half an answer cannot be taken back; that its end is missing tells that it is half a one.
	 */
	if (r.begun || e->code == EPIPE) {
		buf_done(&c->wire.out);
		return rc;
	}
	log_warning("refused: a request for '%s': %s", q->path.repo->name, e->msg);
	q->manner.keep = false;
	q->status = e->code == EINVAL	   ? 400
		    : e->code == EFBIG	   ? 413
		    : e->code == ETIMEDOUT ? 408
					   : 500;
	refuse(c, q, q->status, e->msg);
	return 0;
}

static void log_request(const struct http_request *q)
{
	if (q->path.ask == HTTP_ASK_REFS)
		log_info("%s of '%s' by HTTP",
			q->path.service == REQUEST_UPLOAD_PACK ? "fetch" : "push",
			q->path.repo->name);
}

/* Whether another request may follow. */
static bool serve(struct connection *c, struct http_request *q)
{
	int64_t now = mirror_now_ns();
	const struct http_git_job job = {.session = &c->session,
		.request = q,
		.asked_ns = q->path.ask == HTTP_ASK_REFS ? now : now - FRESH_NS};
	struct err e = {0};
	int r = open_session(c, q, &e);

	if (r == 0 && q->path.ask != HTTP_ASK_LFS)
		r = http_git_freshen(&job, &e);
	if (r < 0) {
		log_warning("refused: %s", e.msg);
		refuse(c, q, e.code == ENOMEM || e.code == ENOSPC || e.code == EMFILE ? 503 : 502,
			e.msg);
		return http_wire_send(&c->wire, &e) == 0 && q->manner.keep;
	}
	log_request(q);
	r = relay(c, &job, q, &e);
	if (r < 0)
		log_warning("a request for '%s' was broken off: %s", q->path.repo->name, e.msg);
	return r == 0 && http_wire_send(&c->wire, &e) == 0 && q->manner.keep;
}

static bool serve_next(struct connection *c)
{
	struct http_request q;
	struct err e = {0};
	int r = http_request_read(c->gate, &c->wire, &q, &e);
	bool more = false;

	if (r > 0)
		more = serve(c, &q);
	else if (r < 0) {
		/* A request that names nothing is how the monitor asks whether the gate answers. */
		log_line(e.code == ENODATA ? LOG_DEBUG : LOG_WARNING, "refused: %s", e.msg);
		refuse(c, &q, q.status, e.msg);
		more = http_wire_send(&c->wire, &e) == 0 && q.manner.keep;
	}
	http_request_done(&q);
	return more;
}

void http_connection(const struct gate *g, int sock, int channel)
{
	struct connection c = {.gate = g};
	struct err e = {0};

	sock = serve_begin(sock, channel, &e);
	if (sock < 0 || fd_set_nonblock(sock, 1) < 0) {
		log_error("a connection was dropped: %s", e.msg);
		_exit(1);
	}
	http_wire_init(&c.wire, sock, g->policy.agent_timeout_s * 1000);
	while (serve_next(&c))
		;
	http_wire_linger(&c.wire);
	http_wire_done(&c.wire);
	_exit(0);
}
