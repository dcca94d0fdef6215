#include "gate/http_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"

/*
 * Theory of operation. Everything is non-blocking, and one poll waits for whatever can go on:
 *
 *	the agent sends	     while the body is not whole and there is room for it
 *	the helper reads     while there is payload; its input is closed behind the last byte
 *	the helper writes    while there is room in the wire
 *	the agent takes	     while the wire holds anything
 *	the helper has ended then what it wrote is read, whoever else holds its pipe
 *
 * Only the agent has a time limit, and only while it is its turn: helpers have limits of their own.
 */
#define PIECE	    (64U << 10)
#define PAYLOAD_MAX (256U << 10) /* that waits for the helper */
#define ANSWER_HEAD (16U << 10)
#define SIZE_LINE   10	  /* "0001f000\r\n" */
#define REST_MS	    30000 /* for a body that its reader did not want to the end */
#define END_MS	    10000 /* for a helper that has closed its output */

struct state {
	struct http_relay *r;
	struct http_wire *wire;
	struct buf payload, head;
	struct http1_length answer; /* its body, once begun; of LENGTH: what is left of it */
	int64_t deadline_ms;	    /* of the agent */
	bool helper_ended, output_ended, gone;
};

int http_relay_open(struct http_relay *r, int *ret_in, int *ret_out, struct err *e)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		int saved = errno;

		close(in[0]);
		close(in[1]);
		return err_set(e, saved, "pipe");
	}
	*ret_in = in[0];
	r->up = in[1];
	r->down = out[0];
	*ret_out = out[1];
	/* Our ends only: the helper's block. */
	if (fd_set_nonblock(r->up, 1) < 0 || fd_set_nonblock(r->down, 1) < 0)
		return err_set(e, EIO, "pipe");
	return 0;
}

/*
 * What may go to the helper: all but the last byte, until the body is known to be whole. A pack
 * ends by itself, so git would act on a body that is without its last chunk.
 */
static size_t due(const struct state *s)
{
	bool whole = http_body_is_whole(s->r->body);

	return s->payload.len - (whole || s->payload.len == 0 ? 0 : 1);
}

/* How much went to the helper; one that reads no more is no failure: its answer tells. */
static size_t feed(struct state *s)
{
	size_t len = due(s);
	ssize_t n = len ? write(s->r->up, buf_data(&s->payload), len) : 0;

	if (n < 0 && errno == EPIPE) {
		fd_close(&s->r->up);
		buf_done(&s->payload);
	}
	if (n <= 0)
		return 0;
	buf_consume(&s->payload, (size_t)n);
	return (size_t)n;
}

/* Of a body that is not whole, all that has come was taken. */
static bool wants_more(const struct state *s)
{
	return !http_body_is_whole(s->r->body) && s->payload.len < PAYLOAD_MAX;
}

static int move_body(struct state *s, struct err *e)
{
	struct http_body *body = s->r->body;
	size_t fed;
	int r;

	do {
		if (s->r->up < 0)
			return http_body_skip(body, &s->wire->in, e);
		r = http_body_take(body, &s->wire->in, &s->payload, PAYLOAD_MAX, e);
		if (r < 0)
			return r;
		fed = feed(s);
	} while (fed > 0);
	if (http_body_is_whole(body) && s->payload.len == 0)
		fd_close(&s->r->up);
	else if (s->wire->eof && s->r->up >= 0 && wants_more(s))
		return err_say(e, EINVAL, "the request's body ended in its middle");
	return 0;
}

/* The answer's bytes, framed as its head has announced. */
static int put_answer(struct state *s, const unsigned char *p, size_t len, struct err *e)
{
	const struct http1_piece piece = {.data = p, .len = len};

	if (s->answer.framing == HTTP1_LENGTH || s->answer.framing == HTTP1_NO_BODY) {
		if (len > s->answer.length)
			return err_say(e, EPROTO, "a helper's answer is longer than it says");
		s->answer.length -= len;
	}
	if (s->r->manner->head_only || s->gone)
		return 0;
	return http1_body_put(s->answer.framing, &s->wire->out, &piece) < 0
		       ? err_set(e, ENOMEM, "answer")
		       : 0;
}

static int begin_answer(struct state *s, struct err *e)
{
	const char *why = "";
	size_t scanned = 0;
	long n = http1_head_length(buf_data(&s->head), s->head.len, &scanned, &why);
	int r;

	if (n == 0 && s->head.len < ANSWER_HEAD)
		return 0;
	if (n <= 0)
		return err_say(e, EPROTO, "a helper's answer: %s", n < 0 ? why : "a long head");
	r = http_answer_begin(s->wire, s->r->manner, buf_data(&s->head), (size_t)n, &s->answer, e);
	if (r < 0)
		return r;
	s->r->begun = true;
	return put_answer(s, buf_data(&s->head) + n, s->head.len - (size_t)n, e);
}

/* Straight into the wire: the size's line in front of it is written when it is known. */
static ssize_t read_chunk(struct state *s)
{
	struct buf *out = &s->wire->out;
	unsigned char *room = buf_room(out, SIZE_LINE + PIECE + 2);
	char line[SIZE_LINE + 1];
	ssize_t n;

	if (!room) {
		errno = ENOMEM;
		return -1;
	}
	n = read(s->r->down, room + SIZE_LINE, PIECE);
	if (n <= 0)
		return n;
	snprintf(line, sizeof(line), "%08x\r\n", (unsigned int)n);
	memcpy(room, line, SIZE_LINE);
	memcpy(room + SIZE_LINE + n, "\r\n", 2);
	buf_filled(out, SIZE_LINE + (size_t)n + 2);
	return n;
}

static ssize_t read_plain(struct state *s, struct err *e)
{
	unsigned char piece[PIECE];
	ssize_t n = read(s->r->down, piece, sizeof(piece));

	if (n <= 0)
		return n;
	if (s->r->begun)
		return put_answer(s, piece, (size_t)n, e) < 0 ? -2 : n;
	if (buf_add(&s->head, piece, (size_t)n) < 0) {
		errno = ENOMEM;
		return -1;
	}
	return begin_answer(s, e) < 0 ? -2 : n;
}

static int end_answer(struct state *s, struct err *e)
{
	s->output_ended = true;
	if (!s->r->begun)
		return err_say(e, EPROTO, "a helper ended without an answer");
	if (s->answer.framing == HTTP1_LENGTH && s->answer.length > 0)
		return err_say(e, EPROTO, "a helper's answer is shorter than it says");
	if (s->r->manner->head_only || s->gone)
		return 0;
	return http1_body_put_end(s->answer.framing, &s->wire->out) < 0
		       ? err_set(e, ENOMEM, "answer")
		       : 0;
}

static int hear(struct state *s, struct err *e)
{
	bool direct = s->r->begun && s->answer.framing == HTTP1_CHUNKED &&
		      !s->r->manner->head_only && !s->gone;
	ssize_t n;

	if (s->output_ended || s->wire->out.len >= HTTP_WIRE_MAX)
		return 0;
	n = direct ? read_chunk(s) : read_plain(s, e);
	if (n > 0)
		return 0;
	if (n == -2)
		return -e->code;
	if (n < 0 && errno == EAGAIN && !s->helper_ended)
		return 0;
	if (n < 0 && errno != EAGAIN)
		return errno == EINTR ? 0 : err_set(e, errno, "hear a helper");
	return end_answer(s, e);
}

/* The agent went away. Whether that is the end. */
static int lose_agent(struct state *s, int errnum, struct err *e)
{
	if (!s->r->to_the_end || !http_body_is_whole(s->r->body))
		return err_set(e, errnum, "the agent");
	s->gone = true;
	s->r->manner->keep = false;
	buf_done(&s->wire->out);
	return 0;
}

/* The agent was silent for too long. A push that is whole does not depend on who hears of it. */
static int give_up(struct state *s, struct err *e)
{
	int r = lose_agent(s, ETIMEDOUT, e);

	return r < 0 ? err_say(e, ETIMEDOUT, "the agent was silent for %d seconds",
			       s->wire->idle_ms / 1000)
		     : 0;
}

static bool wants_body(const struct state *s)
{
	return !s->gone && !s->wire->eof && wants_more(s);
}

static int talk(struct state *s, short revents, struct err *e)
{
	size_t before = s->wire->out.len;
	int r = 0, moved = 0;

	if (revents & POLLIN)
		r = moved = http_wire_fill(s->wire);
	/* What it sent before it went comes first: that may be all of the body. */
	if ((revents & (POLLERR | POLLHUP)) && moved == 0)
		return lose_agent(s, EPIPE, e);
	if (r >= 0)
		r = http_wire_flush(s->wire);
	if (r < 0)
		return lose_agent(s, -r, e);
	if (moved > 0 || s->wire->out.len < before)
		s->deadline_ms = proc_now_ms() + s->wire->idle_ms;
	return 0;
}

/* Whether the agent is to do something, or everybody waits for the helper. */
static bool agents_turn(const struct state *s)
{
	return !s->gone && (s->wire->out.len > 0 || (wants_body(s) && due(s) == 0));
}

static int time_left(struct state *s, int64_t now)
{
	if (s->helper_ended && !s->output_ended && s->wire->out.len < HTTP_WIRE_MAX)
		return 0;
	if (!agents_turn(s)) {
		s->deadline_ms = now + s->wire->idle_ms;
		return -1;
	}
	return s->deadline_ms > now ? (int)(s->deadline_ms - now) : 0;
}

static int turn(struct state *s, struct err *e)
{
	struct http_relay *r = s->r;
	short agent = (short)((wants_body(s) ? POLLIN : 0) | (s->wire->out.len ? POLLOUT : 0));
	bool room = !s->output_ended && s->wire->out.len < HTTP_WIRE_MAX;
	struct pollfd p[4] = {
		{.fd = s->gone ? -1 : s->wire->sock, .events = agent},
		{.fd = due(s) ? r->up : -1, .events = POLLOUT},
		{.fd = room ? r->down : -1, .events = POLLIN},
		{.fd = s->helper_ended ? -1 : r->helper.pidfd, .events = POLLIN},
	};
	int rc = poll(p, ARRAY_LEN(p), time_left(s, proc_now_ms()));

	if (rc < 0 && errno != EINTR)
		return err_set(e, errno, "poll");
	if (rc == 0 && agents_turn(s) && proc_now_ms() >= s->deadline_ms)
		return give_up(s, e);
	s->helper_ended = s->helper_ended || p[3].revents;
	rc = s->gone ? 0 : talk(s, p[0].revents, e);
	if (rc == 0)
		rc = move_body(s, e);
	if (rc == 0)
		rc = hear(s, e);
	return rc;
}

/* A body that its reader left is read to its end, so that the next request can be found. */
static void skip_rest(struct state *s)
{
	int64_t deadline = proc_now_ms() + REST_MS;
	struct err e = {0};

	fd_close(&s->r->up);
	while (http_body_skip(s->r->body, &s->wire->in, &e) == 0 &&
		!http_body_is_whole(s->r->body) && !s->wire->eof) {
		struct pollfd p = {.fd = s->wire->sock, .events = POLLIN};
		int64_t left = deadline - proc_now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0 || http_wire_fill(s->wire) < 0)
			break;
	}
	if (!http_body_is_whole(s->r->body))
		s->r->manner->keep = false;
}

static void end_helper(struct http_relay *r, int rc)
{
	struct err e = {0};
	int status = 0;

	/* Of a request that failed it must not see the end as if that were all. */
	if (rc < 0)
		proc_kill(&r->helper);
	fd_close(&r->up);
	fd_close(&r->down);
	if (rc == 0 && proc_wait(&r->helper, END_MS, &status, &e) <= 0)
		log_warning("a helper was ended: it had answered and went on");
	proc_kill(&r->helper);
}

int http_relay_run(struct http_relay *r, struct err *e)
{
	struct state s = {.r = r, .wire = r->wire};
	int rc;

	/* What came with the head goes at once, and an empty body is closed. */
	rc = move_body(&s, e);
	s.deadline_ms = proc_now_ms() + r->wire->idle_ms;
	while (rc == 0 && !(s.output_ended && (s.gone || r->wire->out.len == 0)))
		rc = turn(&s, e);
	end_helper(r, rc);
	if (rc == 0 && !s.gone)
		skip_rest(&s);
	buf_done(&s.payload);
	buf_done(&s.head);
	return rc;
}
