#include "egress/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/http1.h"
#include "base/http1_body.h"
#include "base/secret.h"
#include "base/str.h"
#include "egress/upstream.h"

#define INTERIM_MAX 8

struct fetch {
	struct upstream up;
	struct service *service;
	struct loop_task task; /* runs it, or frees it */
	struct fetch_done done;
	int64_t deadline_ms;
	struct buf request; /* until the upstream is ready */
	struct http1_head head;
	size_t scanned;
	unsigned int interim;
	bool have_head;
	struct http1_body body;
	struct buf answer;
	bool over;
};

/* ---- where to */

int fetch_url_parse(const char *url, struct fetch_url *ret, struct err *e)
{
	const char *authority = url + strlen("https://"), *path, *why = "";

	if (!str_starts(url, "https://"))
		return err_say(e, EINVAL, "'%s' does not begin with https://", url);
	path = authority + strcspn(authority, "/?#");
	if (host_parse_authority(
		    authority, (size_t)(path - authority), ret->host, &ret->port, &why) < 0)
		return err_say(e, EINVAL, "'%s': %s", url, why);
	if (ret->port == 0)
		ret->port = 443;
	if (*path != '/' && *path)
		return err_say(e, EINVAL, "'%s' has no path", url);
	if (strlen(path) >= sizeof(ret->path))
		return err_say(e, EINVAL, "the path of '%.64s…' is longer than %zu bytes", url,
			sizeof(ret->path) - 1);
	for (const char *c = path; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f || *c == '#')
			return err_say(e, EINVAL,
				"'%s' holds a blank, a fragment, or something other than ASCII",
				url);
	memcpy(ret->path, *path ? path : "/", *path ? strlen(path) + 1 : 2);
	return 0;
}

/* ---- the end */

static void wipe(struct buf *b)
{
	if (b->p)
		secret_wipe(b->p, b->cap);
	buf_done(b);
}

static void free_task(struct loop_task *t)
{
	free((char *)t - offsetof(struct fetch, task));
}

/* An event of this round may still name it: the memory goes after the round. */
static void end(struct fetch *f)
{
	f->over = true;
	wipe(&f->request);
	wipe(&f->answer);
	wipe(&f->up.wire.in);
	wipe(&f->up.wire.out);
	upstream_close(&f->up);
	http1_head_done(&f->head);
	f->task.fn = free_task;
	loop_later(f->service->loop, &f->task);
}

void fetch_cancel(struct fetch *f)
{
	if (f && !f->over)
		end(f);
}

static void finish(struct fetch *f, const struct fetch_answer *a)
{
	const struct fetch_done done = f->done;

	/* What is called may begin another one, but nothing with this one. */
	f->over = true;
	done.fn(done.arg, a);
	end(f);
}

static void fail(struct fetch *f, const char *why)
{
	finish(f, &(struct fetch_answer){.why = why});
}

/* ---- the answer */

static void take_head(struct fetch *f)
{
	struct buf *in = &f->up.wire.in;
	struct http1_length length;
	const char *why = "", *coding;
	long n = in->len ? http1_head_length(buf_data(in), in->len, &f->scanned, &why) : 0;

	if (n == 0)
		return;
	f->scanned = 0;
	if (n < 0 || http1_parse_response(buf_data(in), (size_t)n, &f->head, &why) < 0) {
		fail(f, "it answered with something that is no HTTP");
		return;
	}
	buf_consume(in, (size_t)n);
	if (f->head.status < 200) {
		http1_head_done(&f->head);
		f->head = (struct http1_head){0};
		if (++f->interim > INTERIM_MAX)
			fail(f, "it sent too many interim answers");
		return;
	}
	coding = http1_field(&f->head, "Content-Encoding", NULL);
	if (http1_response_length(&f->head, "POST", &length, &why) < 0)
		fail(f, "it answered with something that is no HTTP");
	else if (coding && strcasecmp(coding, "identity") != 0)
		fail(f, "it answered in a coding that was not asked for");
	else
		f->have_head = true;
	http1_body_start(&f->body, &length, false);
}

static void take_body(struct fetch *f)
{
	struct buf *in = &f->up.wire.in;

	while (!f->over && in->len > 0 && !http1_body_is_done(&f->body)) {
		struct http1_piece piece = {0};
		long n = http1_body_take(&f->body, buf_data(in), in->len, &piece);

		if (n < 0) {
			fail(f, "its answer is not framed as announced");
			return;
		}
		if (f->answer.len + piece.len > FETCH_ANSWER_MAX) {
			fail(f, "its answer is longer than 65536 bytes");
			return;
		}
		if (piece.len > 0 && buf_add(&f->answer, piece.data, piece.len) < 0) {
			fail(f, "memory ran out");
			return;
		}
		buf_consume(in, (size_t)n);
		if (n == 0)
			break;
	}
}

static void give(struct fetch *f)
{
	const struct fetch_answer a = {.status = f->head.status,
		.body = f->answer.len ? (const char *)buf_data(&f->answer) : "",
		.len = f->answer.len};

	finish(f, &a);
}

static void take_answer(struct fetch *f)
{
	const struct wire *w = &f->up.wire;
	bool ended;

	while (!f->over && !f->have_head && w->in.len > 0) {
		size_t before = w->in.len;

		take_head(f);
		if (!f->over && w->in.len == before)
			break;
	}
	if (!f->over && f->have_head)
		take_body(f);
	if (f->over)
		return;
	ended = w->dead || (w->eof && w->in.len == 0);
	if (f->have_head && (http1_body_is_done(&f->body) ||
				    (ended && !w->dead && http1_body_at_eof(&f->body) == 0)))
		give(f);
	else if (ended)
		fail(f, "it closed the connection without a whole answer");
}

/* ---- its steps */

static bool move(struct fetch *f)
{
	struct upstream *u = &f->up;
	bool moved;

	if (u->state == UPSTREAM_FAILED) {
		fail(f, u->why.reason);
		return false;
	}
	if (u->state != UPSTREAM_READY)
		return upstream_step(u);
	if (f->request.len > 0) {
		if (buf_add(&u->wire.out, buf_data(&f->request), f->request.len) < 0) {
			fail(f, "memory ran out");
			return false;
		}
		wipe(&f->request);
	}
	moved = wire_write(&u->wire);
	moved |= wire_read(&u->wire);
	take_answer(f);
	return moved;
}

static void run(struct loop_task *t)
{
	struct fetch *f = (struct fetch *)((char *)t - offsetof(struct fetch, task));

	while (!f->over && move(f))
		;
}

/* Called from within what the upstream does: it is stepped when that is over. */
static void wake(void *arg)
{
	struct fetch *f = arg;

	if (!f->over)
		loop_later(f->service->loop, &f->task);
}

void fetch_tick(struct fetch *f)
{
	if (f->over)
		return;
	upstream_tick(&f->up);
	if (!f->over && loop_now_ms(f->service->loop) >= f->deadline_ms)
		fail(f, "it did not answer within 30 seconds");
}

static int write_request(const struct fetch_request *q, struct buf *out)
{
	int r = buf_adds(out, "POST ");

	r |= buf_adds(out, q->to.path);
	r |= buf_addf(out, " HTTP/1.1\r\nHost: %s", q->to.host);
	if (q->to.port != 443)
		r |= buf_addf(out, ":%u", q->to.port);
	r |= buf_addf(out,
		"\r\nContent-Type: %s\r\nContent-Length: %zu\r\nAccept: application/json\r\n"
		"Accept-Encoding: identity\r\nConnection: close\r\n",
		q->type, q->len);
	r |= buf_adds(out, q->fields);
	r |= buf_adds(out, "\r\n");
	return r | buf_add(out, q->body, q->len);
}

struct fetch *fetch_start(
	struct service *s, const struct fetch_request *q, const struct fetch_done *done)
{
	struct fetch *f = calloc(1, sizeof(*f));
	const struct upstream_to to = {.host = q->to.host,
		.port = q->to.port,
		.tls = true,
		.rules = q->rules,
		.rule = q->rule};

	if (!f)
		return NULL;
	f->service = s;
	f->done = *done;
	f->task.fn = run;
	f->deadline_ms = loop_now_ms(s->loop) + FETCH_MS;
	/* In one piece: growing would leave a copy of what is secret behind. */
	if (!buf_room(&f->request, q->len + strlen(q->fields) + 2048) ||
		write_request(q, &f->request) < 0) {
		wipe(&f->request);
		free(f);
		return NULL;
	}
	upstream_init(&f->up, s, wake, f);
	upstream_open(&f->up, &to);
	loop_later(s->loop, &f->task);
	loop_want_ticks(s->loop);
	return f;
}
