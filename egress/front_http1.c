#include <errno.h>
#include <string.h>
#include <strings.h>

#include "egress/conn.h"
#include "egress/front.h"

/* An agent that speaks HTTP/1: one exchange at a time, in the order in which they were asked for.
 */

/* ---- the request */

static enum take take_trailers(struct exchange *x)
{
	const struct buf *lines = &x->trailer_lines[0];
	const char *what;

	if (lines->len == 0)
		return TAKE_END;
	return http1_parse_trailers(buf_data(lines), lines->len, &x->request_trailers, &what) == 0
		       ? TAKE_END
		       : TAKE_BROKEN;
}

static enum take take(struct exchange *x, size_t max, struct http1_piece *ret)
{
	struct conn *c = x->conn;
	struct http1_body *b = &c->http1.body;
	struct buf *in = &c->client.in;

	ret->len = 0;
	while (!http1_body_is_done(b) && in->len > 0 && ret->len == 0) {
		long n = http1_body_take(b, buf_data(in), in->len < max ? in->len : max, ret);

		if (n < 0)
			return TAKE_BROKEN;
		buf_consume(in, (size_t)n);
	}
	if (ret->len > 0)
		return TAKE_DATA;
	if (http1_body_is_done(b))
		return take_trailers(x);
	if (!c->client.eof || in->len > 0)
		return TAKE_NOTHING;
	c->client.dead = true;
	return TAKE_GONE;
}

static void go_on(struct exchange *x)
{
	struct conn *c = x->conn;

	if (c->client.in.len == 0 && buf_adds(&c->client.out, "HTTP/1.1 100 Continue\r\n\r\n") < 0)
		c->client.dead = true;
}

/* ---- the response */

static bool is_head(const struct exchange *x)
{
	return x->request.method && strcmp(x->request.method, "HEAD") == 0;
}

/* The framing towards the agent, who may be too old for chunks. */
static void choose_framing(struct exchange *x)
{
	struct conn_http1 *h = &x->conn->http1;

	h->framing = x->response_length.framing;
	if (x->response.status != 101 &&
		(h->framing == HTTP1_CHUNKED || h->framing == HTTP1_UNTIL_CLOSE))
		h->framing = x->request.minor > 0 ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE;
	/* An answer before the end of the question: where the next one begins is not worth knowing.
	 */
	if (h->framing == HTTP1_UNTIL_CLOSE || !x->up_ended)
		h->keeps = false;
}

static int write_fields(const struct exchange *x, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; i < x->response.n_fields; i++) {
		const struct http1_field *f = &x->response.fields[i];

		if (http1_is_hop(&x->response, f->name) ||
			strcasecmp(f->name, "Content-Length") == 0)
			continue;
		r |= buf_adds(out, f->name);
		r |= buf_add(out, ": ", 2);
		r |= buf_adds(out, f->value);
		r |= buf_add(out, "\r\n", 2);
	}
	return r;
}

static const char *reason_of(const struct http1_head *h)
{
	return h->reason && *h->reason ? h->reason : "-";
}

static int write_head(const struct exchange *x, struct buf *out)
{
	const struct conn_http1 *h = &x->conn->http1;
	const struct http1_length *length = &x->response_length;
	bool no_length = x->response.status < 200 || x->response.status == 204;
	int r = buf_addf(out, "HTTP/1.1 %d ", x->response.status);

	r |= buf_adds(out, reason_of(&x->response));
	r |= buf_add(out, "\r\n", 2);
	r |= write_fields(x, out);
	if (x->response.status == 101)
		return r | buf_adds(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	if (h->framing == HTTP1_CHUNKED)
		r |= buf_adds(out, "Transfer-Encoding: chunked\r\n");
	else if (length->announced && !no_length)
		r |= buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)length->length);
	if (!h->keeps)
		r |= buf_adds(out, "Connection: close\r\n");
	else if (x->request.minor == 0)
		r |= buf_adds(out, "Connection: keep-alive\r\n");
	return r | buf_add(out, "\r\n", 2);
}

static void send_head(struct exchange *x)
{
	choose_framing(x);
	if (write_head(x, &x->conn->client.out) != 0)
		x->conn->client.dead = true;
	/* From here on it sends frames. */
	if (x->response.status == 101)
		http1_body_start(&x->conn->http1.body, &x->response_length, false);
}

static size_t room(const struct exchange *x)
{
	size_t len = x->conn->client.out.len;

	return len < WIRE_OUT_MAX ? WIRE_OUT_MAX - len : 0;
}

static void send_data(struct exchange *x, const struct http1_piece *piece)
{
	struct conn *c = x->conn;

	if (http1_body_put(c->http1.framing, &c->client.out, piece) < 0)
		c->client.dead = true;
}

/* The next request, or the end of the connection. */
static void finish(struct conn *c, bool keeps)
{
	c->http1.x = NULL;
	if (!keeps) {
		conn_drain(c);
		return;
	}
	conn_set_deadline(c, conn_limit(c, LIMIT_NEXT_REQUEST_MS));
	buf_shrink(&c->client.in);
}

static void end(struct exchange *x)
{
	struct conn *c = x->conn;
	struct buf *out = &c->client.out;
	/* RFC 9110 section 6.5.1: who does not ask for them may drop them, or trip over them. */
	bool trailers =
		c->http1.framing == HTTP1_CHUNKED && http1_lists(&x->request, "TE", "trailers");
	int r = trailers ? http1_body_put_trailers(out, &x->response_trailers)
			 : http1_body_put_end(c->http1.framing, out);

	if (r < 0)
		c->client.dead = true;
	finish(c, c->http1.keeps);
}

/* ---- answers of ours */

static int write_answer(
	const struct exchange *x, const struct answer *a, bool keeps, struct buf *out)
{
	int r = buf_addf(out, "HTTP/1.1 %d %s\r\n", a->status, a->reason);

	if (a->type)
		r |= buf_addf(out, "Content-Type: %s\r\n", a->type);
	if (a->location) {
		r |= buf_adds(out, "Location: ");
		r |= buf_adds(out, a->location);
		r |= buf_adds(out, "\r\n");
	}
	if (a->retry_after_s)
		r |= buf_addf(out, "Retry-After: %d\r\n", a->retry_after_s);
	r |= buf_addf(out,
		"Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: %s\r\n\r\n", a->len,
		keeps ? "keep-alive" : "close");
	return r < 0 || a->len == 0 || is_head(x) ? r : buf_add(out, a->body, a->len);
}

static void send_answer(struct exchange *x, const struct answer *a)
{
	struct conn *c = x->conn;
	/* Whether the next request surely begins where this one's head ended. */
	bool keeps = c->http1.keeps && !a->last && http1_body_is_done(&c->http1.body);

	if (write_answer(x, a, keeps, &c->client.out) < 0)
		c->client.dead = true;
	finish(c, keeps);
}

/* Length or chunks show that it was not all; where the end of the connection is the end of the
 * answer, only a reset does. */
static void cut(struct exchange *x, bool now)
{
	struct conn *c = x->conn;

	c->http1.x = NULL;
	if (!now && c->http1.framing != HTTP1_UNTIL_CLOSE) {
		conn_drain(c);
		return;
	}
	wire_reset(&c->client);
	c->client.dead = true;
}

const struct front front_http1 = {
	.take = take,
	.go_on = go_on,
	.head = send_head,
	.room = room,
	.data = send_data,
	.end = end,
	.answer = send_answer,
	.cut = cut,
};

/* ---- the next head */

static void refuse_head(struct exchange *x, int r, const char *what)
{
	exchange_refuse_head(x, r, 505, "HTTP/1.1, read strictly", what);
}

/* 0: not all there; else its length, or -errno. */
static long await_head(struct conn *c, const char **what)
{
	struct buf *in = &c->client.in;
	long n = in->len ? http1_head_length(buf_data(in), in->len, &c->http1.scanned, what) : 0;

	if (n != 0)
		return n;
	if (c->client.eof && c->client.out.len == 0)
		conn_end(c);
	else if (in->len > 0 && !c->http1.head_begun) {
		/* From here on its clock runs, however slowly it comes. */
		conn_set_deadline(c, conn_limit(c, LIMIT_HEAD_MS));
		c->http1.head_begun = true;
	}
	return 0;
}

static void begin(struct exchange *x, long n, const char *what)
{
	struct conn *c = x->conn;
	int r = n < 0 ? (int)n
		      : http1_parse_request(buf_data(&c->client.in), (size_t)n, &x->request, &what);

	if (n > 0)
		buf_consume(&c->client.in, (size_t)n);
	if (r == 0)
		r = http1_request_length(&x->request, &x->length, &what);
	if (r < 0) {
		refuse_head(x, r, what);
		return;
	}
	c->http1.keeps = http1_keeps_alive(&x->request);
	http1_body_start(&c->http1.body, &x->length, true);
	c->http1.body.trailers = &x->trailer_lines[0];
	exchange_begin(x);
}

bool conn_step_http1(struct conn *c)
{
	const char *what = "";
	struct exchange *x;
	long n;

	/* Pipelined requests wait until the answers before them are on their way. */
	if (c->http1.x || c->client.out.len >= WIRE_OUT_MAX)
		return false;
	n = await_head(c, &what);
	if (n == 0)
		return false;
	x = exchange_new(c, &front_http1);
	if (!x) {
		conn_end(c);
		return false;
	}
	c->http1 = (struct conn_http1){.x = x};
	conn_no_deadline(c);
	begin(x, n, what);
	return true;
}
